//! One value as the binary protocol gives it, appended to its column exactly, or a misfit that names
//! the reason. Knows the words that [`super::types`] writes into `decode`.

use arrow::datatypes::DataType;
use model::plan::ScanColumn;
use model::{Error, Result};

use super::temporal;
use super::wire::Cell;
use crate::family::charset::{Charset, CharsetMisfit, utf8};
use crate::family::column_builder::ColumnBuilder;
use crate::family::decimal;

/// How one column's values are decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decoder {
    Integer,
    Bit,
    Decimal {
        precision: u8,
        scale: u8,
    },
    Float,
    Date,
    DateTime,
    Instant,
    TimeMicros,
    TimeOfDay,
    DateText,
    DateTimeText {
        digits: u8,
    },
    InstantText {
        digits: u8,
    },
    TimeText {
        digits: u8,
    },
    Text(Charset),
    /// A label of an enumeration that has no empty one: empty text is its error value.
    Label(Charset),
    /// The label's number, a colon, and the label: of an enumeration that has an empty one.
    NumberedLabel(Charset),
    /// Labels with commas between.
    Members(Charset),
    Bytes,
    /// A shape without the number of its reference system in front.
    Wkb,
    Print,
}

/// Why a value cannot go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Misfit {
    pub(crate) code: &'static str,
    pub(crate) reason: &'static str,
}

/// A misfit of this code.
pub(crate) const fn misfit(code: &'static str, reason: &'static str) -> Misfit {
    Misfit { code, reason }
}

const TOO_LARGE: Misfit = misfit(
    "VALUE_TOO_LARGE",
    "the value is larger than one value may be",
);
const OVERFLOW: Misfit = misfit(
    "INT_OVERFLOW",
    "the number does not fit the type that was asked for",
);
const NOT_BOOLEAN: Misfit = misfit("NOT_A_BOOLEAN", "the number is neither 0 nor 1");
const LOOKS_LIKE_UTF8: Misfit = misfit(
    "LOOKS_LIKE_UTF8",
    "the bytes are UTF-8, and the column says that they are in another character set, which they were read in; \
     `charset: utf8mb4` reads them as UTF-8",
);
const ENUM_ERROR_VALUE: Misfit = misfit(
    "ENUM_ERROR_VALUE",
    "the value is none of the labels: the server keeps it as number 0, which reads as empty text",
);
/// The server sent another kind of value than the column's description promises.
pub(crate) const UNEXPECTED: Misfit = misfit(
    "UNEXPECTED_VALUE",
    "the server sent another kind of value than the column has",
);

impl Decoder {
    /// The decoder for a planned column.
    pub(crate) fn new(column: &ScanColumn) -> Result<Self> {
        let (word, argument) = column
            .decode
            .split_once(':')
            .unwrap_or((&column.decode, ""));
        let digits = argument.parse().unwrap_or(0);
        Ok(match word {
            "integer" => Self::Integer,
            "bit" => Self::Bit,
            "decimal" => match column.logical.arrow() {
                DataType::Decimal128(precision, scale) => Self::Decimal {
                    precision,
                    scale: u8::try_from(scale).unwrap_or(0),
                },
                _ => Self::Decimal {
                    precision: 38,
                    scale: 0,
                },
            },
            "float" => Self::Float,
            "date" => Self::Date,
            "datetime" => Self::DateTime,
            "instant" => Self::Instant,
            "time-micros" => Self::TimeMicros,
            "time-of-day" => Self::TimeOfDay,
            "date-text" => Self::DateText,
            "datetime-text" => Self::DateTimeText { digits },
            "instant-text" => Self::InstantText { digits },
            "time-text" => Self::TimeText { digits },
            "text" | "label" | "numbered-label" | "members" => {
                let Some(charset) = Charset::named(argument) else {
                    return Err(unplanned(column));
                };
                match word {
                    "label" => Self::Label(charset),
                    "numbered-label" => Self::NumberedLabel(charset),
                    "members" => Self::Members(charset),
                    _ => Self::Text(charset),
                }
            }
            "bytes" => Self::Bytes,
            "wkb" => Self::Wkb,
            "print" => Self::Print,
            _ => return Err(unplanned(column)),
        })
    }

    /// Appends `value`, or appends nothing and says why. `room` is the largest value allowed, in
    /// bytes; `scratch` is a buffer to decode text in.
    pub(crate) fn append(
        self,
        value: Cell<'_>,
        to: &mut ColumnBuilder,
        room: usize,
        scratch: &mut String,
    ) -> Result<(), Misfit> {
        if let Cell::Null = value {
            to.append_null();
            return Ok(());
        }
        match self {
            Self::Integer => append_integer(integer(value)?, to),
            Self::Bit => append_integer(bits(value)?, to),
            Self::Decimal { precision, scale } => append_decimal(value, precision, scale, to),
            Self::Float => append_float(value, to),
            Self::Bytes => append_bytes(value, to, room),
            Self::Wkb => append_wkb(value, to, room),
            Self::Date => append_i32(temporal::days(value)?, to),
            Self::DateTime => append_i64(temporal::wall_micros(value)?, to),
            Self::Instant => append_i64(temporal::instant_micros(value)?, to),
            Self::TimeMicros => append_integer(i128::from(temporal::span_micros(value)?), to),
            Self::TimeOfDay => append_i64(temporal::time_of_day(value)?, to),
            Self::Text(charset) | Self::Label(charset) => {
                append_text(charset, value, to, (room, scratch))
            }
            Self::NumberedLabel(charset) => append_label(charset, value, to, (room, scratch)),
            Self::Members(charset) => append_members(charset, value, to, scratch),
            Self::DateText
            | Self::DateTimeText { .. }
            | Self::InstantText { .. }
            | Self::TimeText { .. }
            | Self::Print => {
                scratch.clear();
                self.print(value, scratch)?;
                append_str(scratch, to)
            }
        }
    }

    /// Whether [`Self::noticed`] may say something.
    pub(crate) fn notices(self) -> bool {
        match self {
            Self::Text(charset) => charset != Charset::Utf8,
            Self::Label(_) | Self::NumberedLabel(_) => true,
            _ => false,
        }
    }

    /// What a person should know of a value that goes on as it is.
    #[inline]
    pub(crate) fn noticed(self, value: Cell<'_>) -> Option<Misfit> {
        let Cell::Bytes(bytes) = value else {
            return None;
        };
        match self {
            Self::Text(charset) if charset.looks_like_utf8(bytes) => Some(LOOKS_LIKE_UTF8),
            Self::Label(_) if bytes.is_empty() => Some(ENUM_ERROR_VALUE),
            // Character sets of several bytes put zeros in front of the digit.
            Self::NumberedLabel(_) => {
                (bytes.iter().find(|byte| **byte != 0) == Some(&b'0')).then_some(ENUM_ERROR_VALUE)
            }
            _ => None,
        }
    }

    fn print(self, value: Cell<'_>, out: &mut String) -> Result<(), Misfit> {
        match self {
            Self::DateText => temporal::print_date(value, out),
            Self::DateTimeText { digits } => temporal::print_wall(value, digits, out),
            Self::InstantText { digits } => temporal::print_instant(value, digits, out),
            Self::TimeText { digits } => temporal::print_span(value, digits, out),
            _ => print(value, out),
        }
    }
}

fn unplanned(column: &ScanColumn) -> Error {
    Error::internal(format!(
        "unknown decoder {:?} for column {:?}",
        column.decode, column.native.name
    ))
}

/// The value as text, digits only where it is a number.
fn print(value: Cell<'_>, out: &mut String) -> Result<(), Misfit> {
    use std::fmt::Write as _;
    let written = match value {
        Cell::Int(number) => write!(out, "{number}"),
        Cell::UInt(number) => write!(out, "{number}"),
        Cell::Float(number) => write!(out, "{number:?}"),
        Cell::Double(number) => write!(out, "{number:?}"),
        Cell::Bytes(bytes) => return Charset::Utf8.decode(bytes, out).map_err(of_charset),
        _ => return Err(UNEXPECTED),
    };
    written.map_err(|_| UNEXPECTED)
}

fn integer(value: Cell<'_>) -> Result<i128, Misfit> {
    match value {
        Cell::Int(number) => Ok(i128::from(number)),
        Cell::UInt(number) => Ok(i128::from(number)),
        Cell::Bytes(bytes) => decimal::parse(bytes, 38, 0).map_err(|_| UNEXPECTED),
        _ => Err(UNEXPECTED),
    }
}

/// A bit field: its bytes, highest first.
fn bits(value: Cell<'_>) -> Result<i128, Misfit> {
    match value {
        Cell::Bytes(bytes) if bytes.len() <= 8 => Ok(bytes
            .iter()
            .fold(0, |number, byte| number << 8 | i128::from(*byte))),
        other => integer(other),
    }
}

fn append_integer(number: i128, to: &mut ColumnBuilder) -> Result<(), Misfit> {
    match to {
        ColumnBuilder::Boolean(builder) => match number {
            0 | 1 => builder.append_value(number == 1),
            _ => return Err(NOT_BOOLEAN),
        },
        ColumnBuilder::Int8(builder) => {
            builder.append_value(i8::try_from(number).map_err(|_| OVERFLOW)?);
        }
        ColumnBuilder::Int16(builder) => {
            builder.append_value(i16::try_from(number).map_err(|_| OVERFLOW)?);
        }
        ColumnBuilder::Int32(builder) => {
            builder.append_value(i32::try_from(number).map_err(|_| OVERFLOW)?);
        }
        ColumnBuilder::Int64(builder) => {
            builder.append_value(i64::try_from(number).map_err(|_| OVERFLOW)?);
        }
        // Unsigned numbers of 64 bits, whose 20 digits the column has room for.
        ColumnBuilder::Decimal(builder) => builder.append_value(number),
        ColumnBuilder::Text(builder) => builder.append_value(number.to_string()),
        _ => return Err(UNEXPECTED),
    }
    Ok(())
}

fn append_decimal(
    value: Cell<'_>,
    precision: u8,
    scale: u8,
    to: &mut ColumnBuilder,
) -> Result<(), Misfit> {
    let printed;
    let text: &[u8] = match value {
        Cell::Bytes(bytes) => bytes,
        Cell::Int(number) => {
            printed = number.to_string();
            printed.as_bytes()
        }
        Cell::UInt(number) => {
            printed = number.to_string();
            printed.as_bytes()
        }
        _ => return Err(UNEXPECTED),
    };
    match to {
        ColumnBuilder::Decimal(builder) => {
            builder.append_value(decimal::parse(text, precision, scale).map_err(of_decimal)?);
            Ok(())
        }
        _ => append_integer(decimal::parse(text, 38, 0).map_err(of_decimal)?, to),
    }
}

fn append_float(value: Cell<'_>, to: &mut ColumnBuilder) -> Result<(), Misfit> {
    match (to, value) {
        (ColumnBuilder::Float32(builder), Cell::Float(number)) => builder.append_value(number),
        (ColumnBuilder::Float64(builder), Cell::Double(number)) => builder.append_value(number),
        (ColumnBuilder::Float64(builder), Cell::Float(number)) => {
            builder.append_value(f64::from(number));
        }
        _ => return Err(UNEXPECTED),
    }
    Ok(())
}

fn append_bytes(value: Cell<'_>, to: &mut ColumnBuilder, room: usize) -> Result<(), Misfit> {
    match (to, value) {
        (ColumnBuilder::Binary(_), Cell::Bytes(bytes)) if bytes.len() > room => Err(TOO_LARGE),
        (ColumnBuilder::Binary(builder), Cell::Bytes(bytes)) => {
            builder.append_value(bytes);
            Ok(())
        }
        _ => Err(UNEXPECTED),
    }
}

/// The server puts the number of the reference system in front, in four bytes.
fn append_wkb(value: Cell<'_>, to: &mut ColumnBuilder, room: usize) -> Result<(), Misfit> {
    const SRID_BYTES: usize = 4;
    match (to, value) {
        (ColumnBuilder::Binary(builder), Cell::Bytes(bytes)) => match bytes.get(SRID_BYTES..) {
            Some(wkb) if wkb.len() > room => Err(TOO_LARGE),
            Some(wkb) if !wkb.is_empty() => {
                builder.append_value(wkb);
                Ok(())
            }
            _ => Err(UNEXPECTED),
        },
        _ => Err(UNEXPECTED),
    }
}

fn append_text(
    charset: Charset,
    value: Cell<'_>,
    to: &mut ColumnBuilder,
    (room, scratch): (usize, &mut String),
) -> Result<(), Misfit> {
    let Cell::Bytes(bytes) = value else {
        return Err(UNEXPECTED);
    };
    if bytes.len() > room {
        return Err(TOO_LARGE);
    }
    if charset == Charset::Utf8 {
        let text = utf8(bytes).ok_or_else(|| of_charset(CharsetMisfit::InvalidUtf8))?;
        return append_str(text, to);
    }
    scratch.clear();
    charset.decode(bytes, scratch).map_err(of_charset)?;
    match scratch.len() > room {
        true => Err(TOO_LARGE),
        false => append_str(scratch, to),
    }
}

/// The label behind its number and a colon.
fn append_label(
    charset: Charset,
    value: Cell<'_>,
    to: &mut ColumnBuilder,
    (room, scratch): (usize, &mut String),
) -> Result<(), Misfit> {
    let Cell::Bytes(bytes) = value else {
        return Err(UNEXPECTED);
    };
    scratch.clear();
    charset.decode(bytes, scratch).map_err(of_charset)?;
    match scratch.split_once(':') {
        Some((_, label)) if label.len() > room => Err(TOO_LARGE),
        Some((_, label)) => append_str(label, to),
        None => Err(UNEXPECTED),
    }
}

/// Each member of a set; none of the empty set.
fn append_members(
    charset: Charset,
    value: Cell<'_>,
    to: &mut ColumnBuilder,
    scratch: &mut String,
) -> Result<(), Misfit> {
    let (Cell::Bytes(bytes), ColumnBuilder::List(list)) = (value, to) else {
        return Err(UNEXPECTED);
    };
    scratch.clear();
    charset.decode(bytes, scratch).map_err(of_charset)?;
    for member in scratch.split(',').filter(|member| !member.is_empty()) {
        append_str(member, &mut list.elements)?;
        list.length += 1;
    }
    list.end(true);
    Ok(())
}

fn append_str(text: &str, to: &mut ColumnBuilder) -> Result<(), Misfit> {
    match to {
        ColumnBuilder::Text(builder) => {
            builder.append_value(text);
            Ok(())
        }
        _ => Err(UNEXPECTED),
    }
}

fn append_i32(number: i32, to: &mut ColumnBuilder) -> Result<(), Misfit> {
    match to {
        ColumnBuilder::Date(builder) => {
            builder.append_value(number);
            Ok(())
        }
        _ => Err(UNEXPECTED),
    }
}

fn append_i64(number: i64, to: &mut ColumnBuilder) -> Result<(), Misfit> {
    match to {
        ColumnBuilder::Timestamp(builder) => builder.append_value(number),
        ColumnBuilder::Time(builder) => builder.append_value(number),
        _ => return Err(UNEXPECTED),
    }
    Ok(())
}

fn of_charset(cause: CharsetMisfit) -> Misfit {
    let reason = match cause {
        CharsetMisfit::InvalidUtf8 => "the bytes are not UTF-8",
        CharsetMisfit::Unmappable => "the bytes hold a sequence that has no character",
    };
    misfit(cause.code(), reason)
}

fn of_decimal(cause: decimal::DecimalMisfit) -> Misfit {
    use decimal::DecimalMisfit;
    let reason = match cause {
        DecimalMisfit::NotANumber => "the value is not a decimal number",
        DecimalMisfit::Precision => {
            "the number has more digits before the point than there is room"
        }
        DecimalMisfit::Scale => "the number has digits behind the last place",
    };
    misfit(cause.code(), reason)
}
