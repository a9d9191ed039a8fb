//! One value of SQLite to one value of a column: exactly, or a reason why not. Nothing is cast,
//! rounded or guessed; numbers and texts go from SQLite's memory into the builder at once.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::Write as _;

use arrow::array::StringBuilder;
use model::plan::ScanColumn;
use model::{Error, LogicalType, Result};
use rusqlite::types::ValueRef;
use serde::de::IgnoredAny;

use super::temporal;
use crate::family::charset;
use crate::family::column_builder::ColumnBuilder;
use crate::family::decimal::{self, DecimalMisfit};

/// How a column is decoded; its word stands in the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decode {
    Integer,
    Boolean,
    Decimal,
    Real,
    Text,
    /// Text, and numbers in digits.
    AnyText,
    Blob,
    /// Blobs, and the bytes of texts.
    AnyBytes,
    Date,
    Time,
    Timestamp,
    Instant,
    Uuid,
    Json,
}

const WORDS: [(&str, Decode); 14] = [
    ("integer", Decode::Integer),
    ("boolean", Decode::Boolean),
    ("decimal", Decode::Decimal),
    ("real", Decode::Real),
    ("text", Decode::Text),
    ("any-text", Decode::AnyText),
    ("blob", Decode::Blob),
    ("any-bytes", Decode::AnyBytes),
    ("date", Decode::Date),
    ("time", Decode::Time),
    ("timestamp", Decode::Timestamp),
    ("instant", Decode::Instant),
    ("uuid", Decode::Uuid),
    ("json", Decode::Json),
];

impl Decode {
    /// Its word in the plan.
    pub(super) fn word(self) -> &'static str {
        WORDS
            .iter()
            .find(|(_, decode)| *decode == self)
            .map_or("", |(word, _)| word)
    }

    fn of_word(word: &str) -> Option<Self> {
        WORDS
            .iter()
            .find(|(known, _)| *known == word)
            .map(|(_, decode)| *decode)
    }

    /// What it takes, for people.
    fn takes(self) -> &'static str {
        match self {
            Self::Integer => "INTEGER",
            Self::Boolean => "INTEGER 0 or 1",
            Self::Decimal | Self::Real => "a number",
            Self::Text => "TEXT",
            Self::AnyText => "TEXT or a number",
            Self::Blob => "BLOB",
            Self::AnyBytes => "BLOB or TEXT",
            Self::Date | Self::Time | Self::Timestamp | Self::Instant => "TEXT in ISO 8601",
            Self::Uuid => "TEXT, or a BLOB of 16 bytes",
            Self::Json => "TEXT that is JSON",
        }
    }
}

/// Why a value does not fit its column.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Misfit {
    pub(super) code: &'static str,
    pub(super) reason: String,
}

impl Misfit {
    pub(super) fn new(code: &'static str, reason: impl Into<String>) -> Self {
        Self {
            code,
            reason: reason.into(),
        }
    }
}

/// One column's decoder.
pub(super) struct ColumnDecoder {
    decode: Decode,
    precision: u8,
    scale: u8,
    limits: ValueLimits,
}

/// What holds for the values of all columns.
#[derive(Debug, Clone, Copy)]
pub(super) struct ValueLimits {
    /// A longer text or blob is rejected.
    pub(super) bytes: usize,
}

/// The largest distance from 0 up to which every integer is a double.
const EXACT_IN_DOUBLE: u64 = 1 << 53;
/// The double as a decimal, where it is the one nearest to such a number of at most 15 digits: those
/// survive the way to a double and back, so that no other has the same one, and the shortest digits that
/// read back are its own. `None` for the others, and where nothing is known without looking at digits.
fn plain_decimal(value: f64, precision: u8, scale: u8) -> Option<i64> {
    /// Powers of ten that a double holds exactly.
    const POWERS: [f64; 16] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
    ];
    let power = POWERS.get(usize::from(scale))?;
    let limit = POWERS[usize::from(precision).min(DIGITS_OF_DOUBLE)];
    let unscaled = (value * power).round();
    // A quotient of two exact numbers is the double nearest to the true one.
    let is_it = unscaled.abs() < limit && unscaled / power == value;
    #[allow(
        clippy::cast_possible_truncation,
        reason = "a whole number below 10^15"
    )]
    is_it.then_some(unscaled as i64)
}

/// The same for a whole number.
fn plain_integer(value: i64, precision: u8, scale: u8) -> Option<i64> {
    const MOST_DIGITS: u32 = 18;
    let unscaled = value.checked_mul(10_i64.checked_pow(u32::from(scale))?)?;
    let limit = 10_u64.pow(u32::from(precision).min(MOST_DIGITS));
    (unscaled.unsigned_abs() < limit).then_some(unscaled)
}

/// So many digits survive decimal to double and back, whatever they are.
const DIGITS_OF_DOUBLE: usize = 15;

impl ColumnDecoder {
    /// For a column of a scan.
    pub(super) fn new(column: &ScanColumn, limits: ValueLimits) -> Result<Self> {
        let decode = Decode::of_word(&column.decode)
            .ok_or_else(|| Error::internal(format!("no decoder is called {:?}", column.decode)))?;
        let (precision, scale) = match column.logical {
            LogicalType::Decimal { precision, scale } => (precision, scale),
            _ => (0, 0),
        };
        Ok(Self {
            decode,
            precision,
            scale,
            limits,
        })
    }

    /// Whether text is taken as the bytes that it is stored in.
    pub(super) fn takes_bytes(&self) -> bool {
        self.decode == Decode::AnyBytes
    }

    /// Appends one value or null, and says how many bytes it took; appends nothing where it does not
    /// fit.
    pub(super) fn append(
        &self,
        value: ValueRef<'_>,
        column: &mut ColumnBuilder,
    ) -> Result<usize, Misfit> {
        use ColumnBuilder as Column;
        match (value, self.decode, column) {
            (ValueRef::Null, _, column) => {
                column.append_null();
                Ok(0)
            }
            (ValueRef::Integer(value), Decode::Integer, Column::Int64(builder)) => {
                builder.append_value(value);
                Ok(8)
            }
            (ValueRef::Integer(value), Decode::Boolean, Column::Boolean(builder)) => {
                if !(0..=1).contains(&value) {
                    return Err(Misfit::new(
                        "NOT_A_BOOLEAN",
                        "an INTEGER other than 0 and 1",
                    ));
                }
                builder.append_value(value == 1);
                Ok(1)
            }
            (value, Decode::Decimal, Column::Decimal(builder)) => {
                builder.append_value(self.decimal(value)?);
                Ok(16)
            }
            (value, Decode::Real, Column::Float64(builder)) => {
                builder.append_value(self.real(value)?);
                Ok(8)
            }
            (ValueRef::Text(bytes), decode, column) => self.append_text(bytes, decode, column),
            (ValueRef::Blob(bytes), Decode::Blob | Decode::AnyBytes, Column::Binary(builder)) => {
                self.check_size(bytes)?;
                builder.append_value(bytes);
                Ok(bytes.len())
            }
            (ValueRef::Blob(bytes), Decode::Uuid, Column::Text(builder)) if bytes.len() == 16 => {
                for (index, byte) in bytes.iter().enumerate() {
                    let dash = matches!(index, 4 | 6 | 8 | 10);
                    put(
                        builder,
                        format_args!("{}{byte:02x}", if dash { "-" } else { "" }),
                    );
                }
                builder.append_value("");
                Ok(36)
            }
            (ValueRef::Integer(value), Decode::AnyText | Decode::Json, Column::Text(builder)) => {
                put(builder, format_args!("{value}"));
                builder.append_value("");
                Ok(20)
            }
            (ValueRef::Real(value), Decode::AnyText, Column::Text(builder)) => {
                match value {
                    f64::INFINITY => put(builder, format_args!("Inf")),
                    f64::NEG_INFINITY => put(builder, format_args!("-Inf")),
                    value => put(builder, format_args!("{value:?}")),
                }
                builder.append_value("");
                Ok(24)
            }
            (ValueRef::Real(value), Decode::Json, Column::Text(builder)) if value.is_finite() => {
                put(builder, format_args!("{value:?}"));
                builder.append_value("");
                Ok(24)
            }
            (value, ..) => Err(self.storage_class(value)),
        }
    }

    fn append_text(
        &self,
        bytes: &[u8],
        decode: Decode,
        column: &mut ColumnBuilder,
    ) -> Result<usize, Misfit> {
        self.check_size(bytes)?;
        match (decode, column) {
            (Decode::Text | Decode::AnyText, ColumnBuilder::Text(builder)) => {
                builder.append_value(utf8(bytes)?);
            }
            (Decode::Json, ColumnBuilder::Text(builder)) => {
                let text = utf8(bytes)?;
                serde_json::from_str::<IgnoredAny>(text).map_err(|_| {
                    Misfit::new(
                        "NOT_JSON",
                        "the text is not JSON, or is nested too deep to tell",
                    )
                })?;
                builder.append_value(text);
            }
            (Decode::Uuid, ColumnBuilder::Text(builder)) => append_uuid(bytes, builder)?,
            (Decode::AnyBytes, ColumnBuilder::Binary(builder)) => builder.append_value(bytes),
            (Decode::Date, ColumnBuilder::Date(builder)) => {
                builder.append_value(temporal::date(bytes)?);
            }
            (Decode::Time, ColumnBuilder::Time(builder)) => {
                builder.append_value(temporal::time(bytes)?);
            }
            (Decode::Timestamp, ColumnBuilder::Timestamp(builder)) => {
                builder.append_value(temporal::timestamp(bytes)?);
            }
            (Decode::Instant, ColumnBuilder::Timestamp(builder)) => {
                builder.append_value(temporal::instant(bytes)?);
            }
            _ => return Err(self.storage_class(ValueRef::Text(bytes))),
        }
        Ok(bytes.len())
    }

    /// A REAL is its shortest digits that read back as the same double, where these are few enough
    /// to be the only ones meant.
    fn decimal(&self, value: ValueRef<'_>) -> Result<i128, Misfit> {
        let plain = match value {
            ValueRef::Real(value) => plain_decimal(value, self.precision, self.scale),
            ValueRef::Integer(value) => plain_integer(value, self.precision, self.scale),
            _ => None,
        };
        if let Some(unscaled) = plain {
            return Ok(i128::from(unscaled));
        }
        let mut buffer = [0_u8; 40];
        let digits = match value {
            ValueRef::Integer(value) => printed(&mut buffer, format_args!("{value}")),
            ValueRef::Real(value) if value.is_finite() => {
                let digits = printed(&mut buffer, format_args!("{value:e}"));
                if !is_meant(digits) {
                    let reason = "storage class REAL with more than 15 digits, so that which \
                                  decimal was meant cannot be told";
                    return Err(Misfit::new("STORAGE_CLASS", reason));
                }
                digits
            }
            ValueRef::Text(text) => text,
            other => return Err(self.storage_class(other)),
        };
        decimal::parse(digits, self.precision, self.scale).map_err(|misfit| match misfit {
            DecimalMisfit::NotANumber => self.storage_class(value),
            DecimalMisfit::Precision | DecimalMisfit::Scale => Misfit::new(
                misfit.code(),
                format!(
                    "storage class {}, does not fit decimal({},{})",
                    class(value),
                    self.precision,
                    self.scale
                ),
            ),
        })
    }

    #[allow(clippy::cast_precision_loss, reason = "only integers that are doubles")]
    fn real(&self, value: ValueRef<'_>) -> Result<f64, Misfit> {
        match value {
            ValueRef::Real(value) => Ok(value),
            ValueRef::Integer(value) if value.unsigned_abs() <= EXACT_IN_DOUBLE => Ok(value as f64),
            other => Err(self.storage_class(other)),
        }
    }

    fn check_size(&self, bytes: &[u8]) -> Result<(), Misfit> {
        if bytes.len() > self.limits.bytes {
            let reason = format!(
                "{} bytes, at most {} are moved",
                bytes.len(),
                self.limits.bytes
            );
            return Err(Misfit::new("VALUE_TOO_LARGE", reason));
        }
        Ok(())
    }

    fn storage_class(&self, value: ValueRef<'_>) -> Misfit {
        let reason = format!(
            "storage class {}, expected is {}",
            class(value),
            self.decode.takes()
        );
        Misfit::new("STORAGE_CLASS", reason)
    }
}

fn utf8(bytes: &[u8]) -> Result<&str, Misfit> {
    charset::utf8(bytes).ok_or_else(|| Misfit::new("INVALID_UTF8", "the text is not UTF-8"))
}

/// Whether a double's shortest digits (`1.5e3`) are few enough to be the only ones meant.
pub(super) fn is_meant(digits: &[u8]) -> bool {
    let mantissa = digits.split(|byte| *byte == b'e').next().unwrap_or(digits);
    let significant = mantissa.iter().filter(|byte| byte.is_ascii_digit());
    significant.count() <= DIGITS_OF_DOUBLE
}

/// The value's bytes as they are shown with a rejected row.
pub(super) fn shown(value: ValueRef<'_>) -> Cow<'_, [u8]> {
    match value {
        ValueRef::Null => Cow::default(),
        ValueRef::Integer(value) => Cow::Owned(value.to_string().into_bytes()),
        ValueRef::Real(value) => Cow::Owned(format!("{value:?}").into_bytes()),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Cow::Borrowed(bytes),
    }
}

fn class(value: ValueRef<'_>) -> &'static str {
    match value {
        ValueRef::Null => "NULL",
        ValueRef::Integer(_) => "INTEGER",
        ValueRef::Real(_) => "REAL",
        ValueRef::Text(_) => "TEXT",
        ValueRef::Blob(_) => "BLOB",
    }
}

fn append_uuid(bytes: &[u8], builder: &mut StringBuilder) -> Result<(), Misfit> {
    let fits = bytes.len() == 36
        && bytes.iter().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        });
    if !fits {
        let reason = "the text is no UUID of 32 hexadecimal digits in five groups";
        return Err(Misfit::new("INVALID_UUID", reason));
    }
    for byte in bytes {
        put(
            builder,
            format_args!("{}", char::from(byte.to_ascii_lowercase())),
        );
    }
    builder.append_value("");
    Ok(())
}

/// Writes a part of the text that the next `append_value` ends.
fn put(builder: &mut StringBuilder, text: std::fmt::Arguments<'_>) {
    if builder.write_fmt(text).is_err() {
        unreachable!("a string builder takes every text");
    }
}

/// The text, written into `buffer`, which is long enough for any number.
fn printed<'a>(buffer: &'a mut [u8], text: std::fmt::Arguments<'_>) -> &'a [u8] {
    let room = buffer.len();
    let mut rest = &mut buffer[..];
    if rest.write_fmt(text).is_err() {
        unreachable!("a number has at most 40 characters");
    }
    let left = rest.len();
    &buffer[..room - left]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// By way of the digits.
    fn printed_and_read(value: f64, precision: u8, scale: u8) -> Option<i128> {
        let mut buffer = [0_u8; 40];
        let digits = printed(&mut buffer, format_args!("{value:e}"));
        let meant = value.is_finite() && is_meant(digits);
        meant.then(|| decimal::parse(digits, precision, scale).ok())?
    }

    #[test]
    fn what_is_no_number_has_no_digits() {
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300, 0.1 + 0.2] {
            assert_eq!(plain_decimal(value, 15, 2), None, "{value}");
        }
        assert_eq!(plain_decimal(-0.0, 15, 2), Some(0));
        assert_eq!(plain_integer(i64::MAX, 38, 1), None);
    }

    proptest! {
        #[test]
        fn digits_and_arithmetic_agree_on_decimals(unscaled in -(10_i64.pow(15))..10_i64.pow(15), scale in 0_u8..9) {
            let digits = decimal::print(i128::from(unscaled), scale);
            let value: f64 = digits.parse().unwrap();
            prop_assert_eq!(plain_decimal(value, 15, scale), Some(unscaled));
            prop_assert_eq!(printed_and_read(value, 15, scale), Some(i128::from(unscaled)));
        }

        #[test]
        fn digits_and_arithmetic_agree_on_any_double(bits: u64, precision in 1_u8..=38, scale in 0_u8..20) {
            let value = f64::from_bits(bits);
            if let Some(unscaled) = plain_decimal(value, precision, scale) {
                prop_assert_eq!(printed_and_read(value, precision, scale), Some(i128::from(unscaled)));
            }
        }

        #[test]
        fn digits_and_arithmetic_agree_on_integers(value: i64, precision in 1_u8..=38, scale in 0_u8..20) {
            if let Some(unscaled) = plain_integer(value, precision, scale) {
                let digits = value.to_string();
                let read = decimal::parse(digits.as_bytes(), precision, scale);
                prop_assert_eq!(read, Ok(i128::from(unscaled)));
            }
        }
    }
}
