//! Text that is not UTF-8, decoded by us, who can name the row: a byte sequence without a character
//! is an error, never a replacement character. Names are those that MySQL gives its character sets.

use encoding_rs::{DecoderResult, Encoding};

use super::charset_exceptions::{self, Exceptions};

/// The bytes as text; `None` where they are not UTF-8. Most values are short and ASCII, which is told
/// in a fraction of the time that looking for sequences takes.
#[inline]
#[allow(
    unsafe_code,
    reason = "the only way to text that does not look at each byte again"
)]
pub(crate) fn utf8(bytes: &[u8]) -> Option<&str> {
    if bytes.is_ascii() {
        // SAFETY: ASCII is UTF-8.
        return Some(unsafe { std::str::from_utf8_unchecked(bytes) });
    }
    std::str::from_utf8(bytes).ok()
}

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
    /// By a table of the Encoding Standard, and where the databases' own differ.
    Table(&'static Table),
}

/// A table, what is different about it, and how its bytes make sequences.
pub(crate) struct Table {
    name: &'static str,
    encoding: &'static Encoding,
    exceptions: &'static Exceptions,
    shape: Shape,
}

/// Which bytes from 0x80 on begin a sequence of two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// None.
    Single,
    /// All.
    Double,
    /// All but those of half-width katakana.
    ShiftJis,
    /// All; 0x8F begins one of three, which is not verified and therefore refused.
    Euc,
    /// Of two or of four, without exceptions.
    Gb18030,
}

impl PartialEq for Table {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Table {}

impl std::fmt::Debug for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

macro_rules! tables {
    ($($name:literal $encoding:ident $exceptions:ident $shape:ident,)*) => {
        static TABLES: &[Table] = &[$(Table {
            name: $name,
            encoding: encoding_rs::$encoding,
            exceptions: &charset_exceptions::$exceptions,
            shape: Shape::$shape,
        },)*];
    };
}

tables! {
    "latin1" WINDOWS_1252 NO_EXCEPTIONS Single,
    "latin2" ISO_8859_2 NO_EXCEPTIONS Single,
    "latin5" WINDOWS_1254 LATIN5 Single,
    "latin7" ISO_8859_13 NO_EXCEPTIONS Single,
    "greek" ISO_8859_7 GREEK Single,
    "hebrew" ISO_8859_8 HEBREW Single,
    "cp1250" WINDOWS_1250 CP1250 Single,
    "cp1251" WINDOWS_1251 CP1251 Single,
    "cp1256" WINDOWS_1256 CP1256 Single,
    "cp1257" WINDOWS_1257 CP1257 Single,
    "cp866" IBM866 CP866 Single,
    "koi8r" KOI8_R NO_EXCEPTIONS Single,
    "koi8u" KOI8_U KOI8U Single,
    "tis620" WINDOWS_874 TIS620 Single,
    "gbk" GBK GBK Double,
    "gb2312" GBK GB2312 Double,
    "gb18030" GB18030 NO_EXCEPTIONS Gb18030,
    "big5" BIG5 BIG5 Double,
    "euckr" EUC_KR NO_EXCEPTIONS Double,
    "sjis" SHIFT_JIS SJIS ShiftJis,
    "cp932" SHIFT_JIS CP932 ShiftJis,
    "ujis" EUC_JP UJIS Euc,
    "eucjpms" EUC_JP EUCJPMS Euc,
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
            _ => {
                let name = if name == "cp1252" { "latin1" } else { name };
                TABLES
                    .iter()
                    .find(|table| table.name == name)
                    .map(Self::Table)
            }
        }
    }

    /// Whether bytes of a character set of one byte each are, beyond ASCII, UTF-8 throughout: hardly any text
    /// of such a set is.
    pub(crate) fn looks_like_utf8(self, bytes: &[u8]) -> bool {
        let single = matches!(self, Self::Table(table) if table.shape == Shape::Single);
        single && !bytes.is_ascii() && std::str::from_utf8(bytes).is_ok()
    }

    /// Appends the characters of `bytes` to `out`. What was appended before a misfit stays.
    pub(crate) fn decode(self, bytes: &[u8], out: &mut String) -> Result<(), CharsetMisfit> {
        match self {
            Self::Utf8 => {
                let text = utf8(bytes).ok_or(CharsetMisfit::InvalidUtf8)?;
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
            Self::Table(table) => table.decode(bytes, out),
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

impl Table {
    fn decode(&self, bytes: &[u8], out: &mut String) -> Result<(), CharsetMisfit> {
        if bytes.is_ascii() {
            return Charset::Utf8.decode(bytes, out);
        }
        if self.shape == Shape::Gb18030 {
            return self.whole(bytes, out);
        }
        // Stretches without a sequence of another character go through the table at once.
        let (mut start, mut at) = (0, 0);
        while at < bytes.len() {
            let (code, width) = self.sequence(&bytes[at..])?;
            if self
                .exceptions
                .none
                .iter()
                .any(|(first, last)| (*first..=*last).contains(&code))
            {
                return Err(CharsetMisfit::Unmappable);
            }
            let other = self
                .exceptions
                .other
                .binary_search_by_key(&code, |(code, _)| *code);
            if let Ok(found) = other {
                self.whole(&bytes[start..at], out)?;
                out.push(self.exceptions.other[found].1);
                start = at + width;
            }
            at += width;
        }
        self.whole(&bytes[start..], out)
    }

    /// The first sequence as a number, and its width.
    fn sequence(&self, bytes: &[u8]) -> Result<(u16, usize), CharsetMisfit> {
        let lead = bytes[0];
        let single = match self.shape {
            Shape::Single => true,
            Shape::ShiftJis => matches!(lead, 0..=0x80 | 0xA0..=0xDF),
            _ => lead <= 0x80,
        };
        match bytes.get(1) {
            _ if single => Ok((u16::from(lead), 1)),
            _ if self.shape == Shape::Euc && lead == 0x8F => Err(CharsetMisfit::Unmappable),
            // Of a sequence of four bytes in the Encoding Standard's GBK, which databases do not have.
            Some(b'0'..=b'9') | None => Err(CharsetMisfit::Unmappable),
            Some(trail) => Ok((u16::from_be_bytes([lead, *trail]), 2)),
        }
    }

    fn whole(&self, bytes: &[u8], out: &mut String) -> Result<(), CharsetMisfit> {
        let mut decoder = self.encoding.new_decoder_without_bom_handling();
        let room = decoder.max_utf8_buffer_length_without_replacement(bytes.len());
        out.reserve(room.ok_or(CharsetMisfit::Unmappable)?);
        match decoder.decode_to_string_without_replacement(bytes, out, true) {
            (DecoderResult::InputEmpty, _) => Ok(()),
            _ => Err(CharsetMisfit::Unmappable),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, bytes: &[u8], expected: Result<&str, CharsetMisfit>) {
        let mut out = String::new();
        let decoded = Charset::named(name).unwrap().decode(bytes, &mut out);
        assert_eq!(
            decoded.map(|()| out.as_str()),
            expected,
            "{name} {bytes:02x?}"
        );
    }

    #[test]
    fn characters_as_the_database_has_them_or_none() {
        let none = Err(CharsetMisfit::Unmappable);
        check("latin1", b"caf\xe9 \x80\x99\x92\x8e\x9f", Ok("café €™’ŽŸ"));
        check(
            "latin1",
            b"\x81\x8d\x8f\x90\x9d",
            Ok("\u{81}\u{8d}\u{8f}\u{90}\u{9d}"),
        );
        check("gbk", b"\xc4\xe3\xba\xc3", Ok("你好"));
        check("gbk", b"\x81\x40\xfe\xfe\x5c", none);
        check("gbk", b"\x81\x30\x81\x30", none);
        check("gbk", b"a\xc4", none);
        check("big5", b"\xa7\x41\xa6\x6e\xb3\x5c\xa5\x5c", Ok("你好許功"));
        check("sjis", b"\x93\xfa\x96\x7b\x83\x5c\x83\x5c", Ok("日本ソソ"));
        check("sjis", b"a\x81\x5fb", Ok("a\\b"));
        check("ucs2", b"\x4f\x60\x59\x7d", Ok("你好"));
        check("ucs2", b"\xd8\x3d\xde\x00", none);
        check("utf16", b"\xd8\x3d\xde\x00", Ok("😀"));
        check("utf16le", b"\x3d\xd8\x00\xde", Ok("😀"));
        check("utf32", b"\0\x01\xf6\0", Ok("😀"));
        check("utf32", b"\0\x01\xf6", none);
        check("utf8mb4", b"\xc3\x28", Err(CharsetMisfit::InvalidUtf8));
        check("ascii", b"\x80", none);
        assert!(Charset::named("dec8").is_none());
    }

    #[test]
    fn utf8_in_a_set_of_single_bytes_is_noticed() {
        for (name, bytes, expected) in [
            ("latin1", "你好".as_bytes(), true),
            ("latin1", b"caf\xe9".as_slice(), false),
            ("latin1", b"cafe".as_slice(), false),
            ("utf8mb4", "你好".as_bytes(), false),
            ("gbk", "你好".as_bytes(), false),
        ] {
            let charset = Charset::named(name).unwrap();
            assert_eq!(
                charset.looks_like_utf8(bytes),
                expected,
                "{name} {bytes:02x?}"
            );
        }
    }
}
