//! Our own types: finer than Arrow's (character limits, zoned time, JSON), coarser than any
//! database's. Each says how its values travel.

use std::fmt;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field as ArrowField, Fields, TimeUnit};
use serde::{Deserialize, Serialize};

/// The largest precision of a decimal that travels as a number.
pub const MAX_DECIMAL_PRECISION: u8 = 38;

/// What a column holds, whichever system it lives in.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogicalType {
    /// True or false.
    Boolean,
    /// 8, 16, 32 or 64 bits.
    Integer {
        /// 8, 16, 32 or 64.
        bits: u8,
        /// Whether negative numbers exist.
        signed: bool,
    },
    /// Exact decimal; `0 ≤ scale ≤ precision ≤ 38`.
    Decimal {
        /// Digits in all.
        precision: u8,
        /// Digits behind the point.
        scale: u8,
    },
    /// IEEE 754 binary32.
    Float32,
    /// IEEE 754 binary64.
    Float64,
    /// Unicode text.
    Text {
        /// Limit in characters, where the system states one.
        max_chars: Option<u32>,
    },
    /// Bytes.
    Binary,
    /// Proleptic Gregorian date, years 0001 to 9999.
    Date,
    /// Time of day, 00:00:00 up to but not with 24:00:00.
    Time {
        /// Digits of the second's fraction, 0 to 6.
        precision: u8,
    },
    /// Date and time of day, years 0001 to 9999.
    Timestamp {
        /// Digits of the second's fraction, 0 to 6.
        precision: u8,
        /// An instant (true), or a wall clock's reading without zone (false).
        zoned: bool,
    },
    /// A UUID; travels as its canonical lower-case text.
    Uuid,
    /// A JSON document; travels as the text that the source gave.
    Json,
    /// Values of one type, in order; elements may be null.
    List(Box<LogicalType>),
    /// Named parts.
    Struct(Vec<Field>),
    /// Text keys to values of one type; values may be null.
    Map(Box<LogicalType>),
}

/// One part of a [`LogicalType::Struct`]; always nullable.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Its type.
    pub logical: LogicalType,
}

impl LogicalType {
    /// Text without a limit.
    pub const TEXT: Self = Self::Text { max_chars: None };

    /// A signed integer of so many bits.
    pub const fn int(bits: u8) -> Self {
        Self::Integer { bits, signed: true }
    }

    /// How values of this type travel through the engine. Unsigned integers travel in the next
    /// larger signed type, those of 64 bits as `decimal(20,0)`; timestamps always in microseconds.
    pub fn arrow(&self) -> DataType {
        match self {
            Self::Boolean => DataType::Boolean,
            Self::Integer {
                bits: 8,
                signed: true,
            } => DataType::Int8,
            Self::Integer {
                bits: 16,
                signed: true,
            }
            | Self::Integer { bits: 8, .. } => DataType::Int16,
            Self::Integer {
                bits: 32,
                signed: true,
            }
            | Self::Integer { bits: 16, .. } => DataType::Int32,
            Self::Integer { signed: true, .. } | Self::Integer { bits: 32, .. } => DataType::Int64,
            Self::Integer { .. } => DataType::Decimal128(20, 0),
            Self::Decimal { precision, scale } => {
                DataType::Decimal128(*precision, i8::try_from(*scale).unwrap_or(i8::MAX))
            }
            Self::Float32 => DataType::Float32,
            Self::Float64 => DataType::Float64,
            Self::Text { .. } | Self::Uuid | Self::Json => DataType::Utf8,
            Self::Binary => DataType::Binary,
            Self::Date => DataType::Date32,
            Self::Time { .. } => DataType::Time64(TimeUnit::Microsecond),
            Self::Timestamp { zoned, .. } => {
                DataType::Timestamp(TimeUnit::Microsecond, zoned.then(|| "UTC".into()))
            }
            Self::List(element) => {
                DataType::List(Arc::new(ArrowField::new("element", element.arrow(), true)))
            }
            Self::Struct(fields) => DataType::Struct(
                fields
                    .iter()
                    .map(|field| ArrowField::new(&field.name, field.logical.arrow(), true))
                    .collect::<Fields>(),
            ),
            Self::Map(value) => {
                let entries = Fields::from(vec![
                    ArrowField::new("key", DataType::Utf8, false),
                    ArrowField::new("value", value.arrow(), true),
                ]);
                let entries = ArrowField::new("key_value", DataType::Struct(entries), false);
                DataType::Map(Arc::new(entries), false)
            }
        }
    }
}

impl fmt::Display for LogicalType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boolean => f.write_str("boolean"),
            Self::Integer { bits, signed } => {
                write!(f, "{}int{bits}", if *signed { "" } else { "u" })
            }
            Self::Decimal { precision, scale } => write!(f, "decimal({precision},{scale})"),
            Self::Float32 => f.write_str("float32"),
            Self::Float64 => f.write_str("float64"),
            Self::Text {
                max_chars: Some(limit),
            } => write!(f, "text({limit})"),
            Self::Text { max_chars: None } => f.write_str("text"),
            Self::Binary => f.write_str("binary"),
            Self::Date => f.write_str("date"),
            Self::Time { precision } => write!(f, "time({precision})"),
            Self::Timestamp {
                precision,
                zoned: false,
            } => write!(f, "timestamp({precision})"),
            Self::Timestamp {
                precision,
                zoned: true,
            } => write!(f, "instant({precision})"),
            Self::Uuid => f.write_str("uuid"),
            Self::Json => f.write_str("json"),
            Self::List(element) => write!(f, "list<{element}>"),
            Self::Map(value) => write!(f, "map<text,{value}>"),
            Self::Struct(fields) => {
                f.write_str("struct<")?;
                for (index, field) in fields.iter().enumerate() {
                    let comma = if index == 0 { "" } else { "," };
                    write!(f, "{comma}{}:{}", field.name, field.logical)?;
                }
                f.write_str(">")
            }
        }
    }
}
