//! Text that is not UTF-8, decoded by us, who can name the row: a byte sequence without a character
//! is an error, never a replacement character. Names are those that MySQL gives its character sets.

use encoding_rs::{DecoderResult, Encoding};

/// A character set that can be decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Charset {
    Utf8,
    Ascii,
    /// Two bytes each, high byte first; no surrogates.
    Ucs2,
    /// Two or four bytes each, high byte first.
    Utf16 {
        little_endian: bool,
    },
    /// Four bytes each, high byte first.
    Utf32,
    /// By a table of the Encoding Standard, where it agrees with the database's own.
    Table(&'static Encoding),
}

/// Why bytes are not text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CharsetMisfit {
    /// Not UTF-8 where UTF-8 is promised.
    InvalidUtf8,
    /// A sequence that has no character in Unicode.
    Unmappable,
}

impl CharsetMisfit {
    /// Its stable code.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::InvalidUtf8 => "INVALID_UTF8",
            Self::Unmappable => "UNMAPPABLE_CHAR",
        }
    }
}

impl Charset {
    /// The character set of that name, in lower case; `None` where it cannot be decoded.
    pub(crate) fn named(name: &str) -> Option<Self> {
        use encoding_rs as table;
        let whole = |encoding| Some(Self::Table(encoding));
        match name {
            "utf8mb4" | "utf8mb3" | "utf8" | "utf-8" => Some(Self::Utf8),
            "ascii" => Some(Self::Ascii),
            "ucs2" => Some(Self::Ucs2),
            "utf16" => Some(Self::Utf16 {
                little_endian: false,
            }),
            "utf16le" => Some(Self::Utf16 {
                little_endian: true,
            }),
            "utf32" => Some(Self::Utf32),
            "latin1" | "cp1252" => whole(table::WINDOWS_1252),
            "gbk" => whole(table::GBK),
            "gb2312" => whole(table::GBK),
            "gb18030" => whole(table::GB18030),
            "big5" => whole(table::BIG5),
            "sjis" | "cp932" => whole(table::SHIFT_JIS),
            "ujis" | "eucjpms" => whole(table::EUC_JP),
            "euckr" => whole(table::EUC_KR),
            "latin2" => whole(table::ISO_8859_2),
            "latin5" => whole(table::WINDOWS_1254),
            "latin7" => whole(table::ISO_8859_13),
            "greek" => whole(table::ISO_8859_7),
            "hebrew" => whole(table::ISO_8859_8),
            "cp1250" => whole(table::WINDOWS_1250),
            "cp1251" => whole(table::WINDOWS_1251),
            "cp1256" => whole(table::WINDOWS_1256),
            "cp1257" => whole(table::WINDOWS_1257),
            "cp866" => whole(table::IBM866),
            "koi8r" => whole(table::KOI8_R),
            "koi8u" => whole(table::KOI8_U),
            "macroman" => whole(table::MACINTOSH),
            "tis620" => whole(table::WINDOWS_874),
            _ => None,
        }
    }

    /// Appends the characters of `bytes` to `out`. What was appended before a misfit stays.
    pub(crate) fn decode(self, bytes: &[u8], out: &mut String) -> Result<(), CharsetMisfit> {
        match self {
            Self::Utf8 => {
                let text = std::str::from_utf8(bytes).map_err(|_| CharsetMisfit::InvalidUtf8)?;
                out.push_str(text);
                Ok(())
            }
            Self::Ascii if bytes.is_ascii() => Self::Utf8.decode(bytes, out),
            Self::Ascii => Err(CharsetMisfit::Unmappable),
            Self::Ucs2 => each::<2>(
                bytes,
                |unit| char::from_u32(u32::from(u16::from_be_bytes(unit))),
                out,
            ),
            Self::Utf32 => each::<4>(bytes, |unit| char::from_u32(u32::from_be_bytes(unit)), out),
            Self::Utf16 { little_endian } => utf16(bytes, little_endian, out),
            Self::Table(encoding) => by_table(encoding, bytes, out),
        }
    }
}

fn each<const WIDTH: usize>(
    bytes: &[u8],
    character: impl Fn([u8; WIDTH]) -> Option<char>,
    out: &mut String,
) -> Result<(), CharsetMisfit> {
    let (units, rest) = bytes.as_chunks::<WIDTH>();
    if !rest.is_empty() {
        return Err(CharsetMisfit::Unmappable);
    }
    for unit in units {
        out.push(character(*unit).ok_or(CharsetMisfit::Unmappable)?);
    }
    Ok(())
}

fn utf16(bytes: &[u8], little_endian: bool, out: &mut String) -> Result<(), CharsetMisfit> {
    let (units, rest) = bytes.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(CharsetMisfit::Unmappable);
    }
    let units = units.iter().map(|unit| match little_endian {
        true => u16::from_le_bytes(*unit),
        false => u16::from_be_bytes(*unit),
    });
    for character in char::decode_utf16(units) {
        out.push(character.map_err(|_| CharsetMisfit::Unmappable)?);
    }
    Ok(())
}

fn by_table(
    encoding: &'static Encoding,
    bytes: &[u8],
    out: &mut String,
) -> Result<(), CharsetMisfit> {
    if bytes.is_ascii() {
        return Charset::Utf8.decode(bytes, out);
    }
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let room = decoder.max_utf8_buffer_length_without_replacement(bytes.len());
    out.reserve(room.ok_or(CharsetMisfit::Unmappable)?);
    match decoder.decode_to_string_without_replacement(bytes, out, true) {
        (DecoderResult::InputEmpty, _) => Ok(()),
        _ => Err(CharsetMisfit::Unmappable),
    }
}
