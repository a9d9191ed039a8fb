//! A page's header, as Thrift's compact protocol writes it.

use ::parquet::basic::Encoding;
use ::parquet::errors::{ParquetError, Result};

use super::rle::variable_length;

/// A field of type i32 that follows the one before it; a struct one and four numbers behind the last.
const NEXT_I32: u8 = 0x15;
const DATA_PAGE_HEADER: u8 = 0x2C;
const DICTIONARY_PAGE_HEADER: u8 = 0x4C;
const STOP: u8 = 0;

/// What a page is, and how many values it holds, nulls among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Header {
    /// Values of a dictionary, plain.
    Dictionary { values: usize },
    /// Levels by runs, then values.
    Data { values: usize, encoding: Encoding },
}

impl Header {
    /// The header of a page whose body has so many bytes. A body of more than 2 GiB is an error.
    pub(super) fn encode(
        self,
        uncompressed_bytes: usize,
        compressed_bytes: usize,
    ) -> Result<Vec<u8>> {
        let mut out = Vec::with_capacity(32);
        let kind = match self {
            Self::Data { .. } => 0,
            Self::Dictionary { .. } => 2,
        };
        field(kind, &mut out)?;
        field(uncompressed_bytes, &mut out)?;
        field(compressed_bytes, &mut out)?;
        match self {
            Self::Data { values, encoding } => {
                out.push(DATA_PAGE_HEADER);
                field(values, &mut out)?;
                field(encoding as usize, &mut out)?;
                field(Encoding::RLE as usize, &mut out)?;
                field(Encoding::RLE as usize, &mut out)?;
            }
            Self::Dictionary { values } => {
                out.push(DICTIONARY_PAGE_HEADER);
                field(values, &mut out)?;
                field(Encoding::PLAIN as usize, &mut out)?;
            }
        }
        out.extend_from_slice(&[STOP, STOP]);
        Ok(out)
    }
}

fn field(value: usize, out: &mut Vec<u8>) -> Result<()> {
    let value = i32::try_from(value).map_err(|_| {
        ParquetError::General(format!("a page of {value} bytes or values is too large"))
    })?;
    out.push(NEXT_I32);
    // Zigzag: none of these numbers is negative.
    variable_length(u64::from(value.unsigned_abs()) << 1, out);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_what_the_protocol_says() {
        let data = Header::Data {
            values: 100,
            encoding: Encoding::RLE_DICTIONARY,
        };
        assert_eq!(
            data.encode(64, 63).unwrap(),
            [
                0x15, 0, 0x15, 0x80, 1, 0x15, 0x7E, 0x2C, 0x15, 0xC8, 1, 0x15, 16, 0x15, 6, 0x15,
                6, 0, 0
            ]
        );
        let dictionary = Header::Dictionary { values: 3 };
        assert_eq!(
            dictionary.encode(1, 2).unwrap(),
            [0x15, 4, 0x15, 2, 0x15, 4, 0x4C, 0x15, 6, 0x15, 0, 0, 0]
        );
        assert!(dictionary.encode(1 << 31, 1).is_err());
    }
}
