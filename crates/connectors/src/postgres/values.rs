//! One value's binary form into its column, without a detour: what fits is appended, what does not
//! is a misfit with its code. Whatever happens, exactly one value or null is appended.

use crate::family::calendar::{DAY_MICROS, FIRST_DAY, FIRST_MICROS, LAST_DAY, LAST_MICROS};
use crate::family::charset::{self, Charset};
use crate::family::column_builder::{ColumnBuilder, ListColumn, MapColumn, StructColumn};

use super::numeric;
use super::print;

/// How values arrive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wire {
    Boolean,
    Int2,
    Int4,
    Int8,
    Oid,
    Float4,
    Float8,
    /// Into a decimal of this precision and scale.
    Numeric(u8, u8),
    Text,
    /// Text that is filled up with blanks; they stay.
    PaddedText,
    /// The same; they go.
    TrimmedText,
    /// Bytes of text in this character set.
    Encoded(Charset),
    /// The integer that money is stored as, so many places behind the point, into a decimal.
    Money {
        places: u8,
        precision: u8,
        scale: u8,
    },
    /// The same, printed.
    MoneyText(u8),
    /// Months, days and microseconds.
    IntervalParts,
    /// Text behind a version byte: jsonb, ltree.
    VersionedText,
    Bytes,
    Date,
    Time,
    Timestamp,
    Uuid,
    OneBit,
    Bits,
    /// An instant, printed in UTC.
    InstantText,
    /// An array of instants, printed in UTC.
    InstantArray,
    /// A range of instants, printed in UTC.
    InstantRange,
    /// A multirange of instants, printed in UTC.
    InstantMultirange,
    /// A point, printed.
    Point,
    Hstore,
    /// An array of so many dimensions.
    List(usize, Box<Wire>),
    Struct(Vec<Wire>),
}

/// Why a value was not appended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Misfit {
    /// The row cannot go on: code and reason.
    Rejected(&'static str, &'static str),
    /// The bytes are not what the type's binary form looks like: the read cannot go on.
    Malformed,
}

const INVALID_UTF8: Misfit = Misfit::Rejected("INVALID_UTF8", "the bytes are not UTF-8");
const ARRAY_SHAPE: Misfit = Misfit::Rejected(
    "ARRAY_SHAPE",
    "the array has other dimensions than its column, or does not start at 1",
);
/// Days and microseconds from 1970-01-01 to 2000-01-01, where PostgreSQL starts counting.
const EPOCH_DAYS: i32 = 10_957;
const EPOCH_MICROS: i64 = EPOCH_DAYS as i64 * DAY_MICROS;

impl Wire {
    /// The same without the blanks that fill up text, however deep it lies.
    pub(super) fn without_padding(self) -> Self {
        match self {
            Self::PaddedText => Self::TrimmedText,
            Self::List(dimensions, element) => {
                Self::List(dimensions, Box::new(element.without_padding()))
            }
            Self::Struct(parts) => {
                Self::Struct(parts.into_iter().map(Self::without_padding).collect())
            }
            other => other,
        }
    }

    /// Appends the value, `None` being null.
    pub(super) fn append(
        &self,
        bytes: Option<&[u8]>,
        column: &mut ColumnBuilder,
    ) -> Result<(), Misfit> {
        let Some(bytes) = bytes else {
            column.append_null();
            return Ok(());
        };
        match (self, &mut *column) {
            (Self::List(dimensions, element), ColumnBuilder::List(list)) => {
                append_list(*dimensions, element, bytes, list)
            }
            (Self::Struct(parts), ColumnBuilder::Struct(structure)) => {
                append_struct(parts, bytes, structure)
            }
            (Self::IntervalParts, ColumnBuilder::Struct(structure)) => {
                append_interval(bytes, structure)
            }
            (Self::Hstore, ColumnBuilder::Map(map)) => append_hstore(bytes, map),
            _ => {
                let appended = self.append_scalar(bytes, column);
                if appended.is_err() {
                    column.append_null();
                }
                appended
            }
        }
    }

    /// Appends the value, or nothing where it does not fit.
    fn append_scalar(&self, bytes: &[u8], column: &mut ColumnBuilder) -> Result<(), Misfit> {
        match (self, column) {
            (Self::Int4, ColumnBuilder::Int32(column)) => {
                column.append_value(i32::from_be_bytes(fixed(bytes)?));
            }
            (Self::Int8, ColumnBuilder::Int64(column)) => {
                column.append_value(i64::from_be_bytes(fixed(bytes)?));
            }
            (Self::Int2, ColumnBuilder::Int16(column)) => {
                column.append_value(i16::from_be_bytes(fixed(bytes)?));
            }
            (Self::Oid, ColumnBuilder::Int64(column)) => {
                column.append_value(i64::from(u32::from_be_bytes(fixed(bytes)?)));
            }
            (Self::Boolean, ColumnBuilder::Boolean(column)) => {
                column.append_value(fixed::<1>(bytes)? != [0]);
            }
            (Self::Float4, ColumnBuilder::Float32(column)) => {
                column.append_value(f32::from_be_bytes(fixed(bytes)?));
            }
            (Self::Float8, ColumnBuilder::Float64(column)) => {
                column.append_value(f64::from_be_bytes(fixed(bytes)?));
            }
            (Self::Numeric(precision, scale), ColumnBuilder::Decimal(column)) => {
                column.append_value(numeric::unscaled(bytes, *precision, *scale)?);
            }
            (
                Self::Money {
                    places,
                    precision,
                    scale,
                },
                ColumnBuilder::Decimal(column),
            ) => {
                let stored = i64::from_be_bytes(fixed(bytes)?);
                column.append_value(numeric::rescaled(stored, *places, *precision, *scale)?);
            }
            (Self::Bytes, ColumnBuilder::Binary(column)) => column.append_value(bytes),
            (Self::Date, ColumnBuilder::Date(column)) => column.append_value(date(bytes)?),
            (Self::Time, ColumnBuilder::Time(column)) => column.append_value(time(bytes)?),
            (Self::Timestamp, ColumnBuilder::Timestamp(column)) => {
                column.append_value(timestamp(bytes)?);
            }
            (Self::OneBit, ColumnBuilder::Boolean(column)) => {
                let (count, bits) = split_count(bytes)?;
                if count != 1 || bits.len() != 1 {
                    return Err(Misfit::Malformed);
                }
                column.append_value(bits[0] & 0x80 != 0);
            }
            (text, ColumnBuilder::Text(column)) => match text {
                Self::Text | Self::PaddedText => column.append_value(utf8(bytes)?),
                Self::TrimmedText => column.append_value(utf8(bytes)?.trim_end_matches(' ')),
                Self::VersionedText => {
                    let (_, text) = bytes.split_first().ok_or(Misfit::Malformed)?;
                    column.append_value(utf8(text)?);
                }
                Self::Uuid => {
                    let digits = print::uuid(&fixed(bytes)?);
                    column.append_value(utf8(&digits)?);
                }
                _ => column.append_value(text.print(bytes)?),
            },
            _ => return Err(Misfit::Malformed),
        }
        Ok(())
    }

    /// The value as PostgreSQL prints it, in UTC where it is an instant.
    fn print(&self, bytes: &[u8]) -> Result<String, Misfit> {
        match self {
            Self::Bits => {
                let (count, bits) = split_count(bytes)?;
                print::bits(count, bits).ok_or(Misfit::Malformed)
            }
            Self::Encoded(charset) => {
                let mut text = String::new();
                let decoded = charset.decode(bytes, &mut text);
                let undecodable = "the bytes are not text of the character set chosen";
                decoded.map_err(|misfit| Misfit::Rejected(misfit.code(), undecodable))?;
                Ok(text)
            }
            Self::MoneyText(places) => Ok(print::money(i64::from_be_bytes(fixed(bytes)?), *places)),
            Self::InstantArray => print::instant_array(bytes).ok_or(Misfit::Malformed),
            Self::InstantText => Ok(print::instant(i64::from_be_bytes(fixed(bytes)?))),
            Self::InstantRange => print::instant_range(bytes).ok_or(Misfit::Malformed),
            Self::InstantMultirange => print::instant_multirange(bytes).ok_or(Misfit::Malformed),
            Self::Point => {
                let (x, y) = bytes.split_at_checked(8).ok_or(Misfit::Malformed)?;
                let (x, y) = (f64::from_be_bytes(fixed(x)?), f64::from_be_bytes(fixed(y)?));
                Ok(format!("({},{})", print::float(x), print::float(y)))
            }
            _ => Err(Misfit::Malformed),
        }
    }
}

fn fixed<const LENGTH: usize>(bytes: &[u8]) -> Result<[u8; LENGTH], Misfit> {
    bytes.try_into().map_err(|_| Misfit::Malformed)
}

fn utf8(bytes: &[u8]) -> Result<&str, Misfit> {
    charset::utf8(bytes).ok_or(INVALID_UTF8)
}

fn split_count(bytes: &[u8]) -> Result<(usize, &[u8]), Misfit> {
    let (count, rest) = bytes.split_first_chunk().ok_or(Misfit::Malformed)?;
    let count = usize::try_from(i32::from_be_bytes(*count)).map_err(|_| Misfit::Malformed)?;
    Ok((count, rest))
}

fn date(bytes: &[u8]) -> Result<i32, Misfit> {
    let days = i32::from_be_bytes(fixed(bytes)?);
    if days == i32::MAX || days == i32::MIN {
        return Err(Misfit::Rejected("DATE_INFINITY", "the date is infinity"));
    }
    days.checked_add(EPOCH_DAYS)
        .filter(|days| (FIRST_DAY..=LAST_DAY).contains(days))
        .ok_or(Misfit::Rejected(
            "DATE_OUT_OF_RANGE",
            "the date is not in the years 0001 to 9999",
        ))
}

fn time(bytes: &[u8]) -> Result<i64, Misfit> {
    let micros = i64::from_be_bytes(fixed(bytes)?);
    if micros >= DAY_MICROS {
        return Err(Misfit::Rejected("TIME_24_00", "the time is 24:00:00"));
    }
    Ok(micros)
}

fn timestamp(bytes: &[u8]) -> Result<i64, Misfit> {
    let micros = i64::from_be_bytes(fixed(bytes)?);
    if micros == i64::MAX || micros == i64::MIN {
        return Err(Misfit::Rejected(
            "TIMESTAMP_INFINITY",
            "the timestamp is infinity",
        ));
    }
    micros
        .checked_add(EPOCH_MICROS)
        .filter(|micros| (FIRST_MICROS..=LAST_MICROS).contains(micros))
        .ok_or(Misfit::Rejected(
            "TIMESTAMP_OUT_OF_RANGE",
            "the timestamp is not in the years 0001 to 9999",
        ))
}

/// Takes length-prefixed values off its front.
struct Values<'a>(&'a [u8]);

impl<'a> Values<'a> {
    fn int(&mut self) -> Result<i32, Misfit> {
        let (int, rest) = self.0.split_first_chunk().ok_or(Misfit::Malformed)?;
        self.0 = rest;
        Ok(i32::from_be_bytes(*int))
    }

    fn value(&mut self) -> Result<Option<&'a [u8]>, Misfit> {
        let length = self.int()?;
        if length == -1 {
            return Ok(None);
        }
        let length = usize::try_from(length).map_err(|_| Misfit::Malformed)?;
        let (value, rest) = self.0.split_at_checked(length).ok_or(Misfit::Malformed)?;
        self.0 = rest;
        Ok(Some(value))
    }
}

fn append_list(
    dimensions: usize,
    element: &Wire,
    bytes: &[u8],
    list: &mut ListColumn,
) -> Result<(), Misfit> {
    let mut values = Values(bytes);
    let appended = array_lengths(&mut values, dimensions).and_then(|lengths| {
        if lengths.is_empty() {
            return Ok(());
        }
        append_elements(&lengths, element, &mut values, list)
    });
    list.end(true);
    appended
}

/// The length of each dimension, outermost first; none for an empty array.
fn array_lengths(values: &mut Values<'_>, dimensions: usize) -> Result<Vec<usize>, Misfit> {
    let count = usize::try_from(values.int()?).map_err(|_| Misfit::Malformed)?;
    let (_has_nulls, _element_type) = (values.int()?, values.int()?);
    if count == 0 {
        return Ok(Vec::new());
    }
    if count != dimensions {
        return Err(ARRAY_SHAPE);
    }
    let mut lengths = Vec::with_capacity(count);
    for _ in 0..count {
        let length = values.int()?;
        if values.int()? != 1 {
            return Err(ARRAY_SHAPE);
        }
        lengths.push(usize::try_from(length).map_err(|_| Misfit::Malformed)?);
    }
    Ok(lengths)
}

fn append_elements(
    lengths: &[usize],
    element: &Wire,
    values: &mut Values<'_>,
    list: &mut ListColumn,
) -> Result<(), Misfit> {
    let Some((length, inner)) = lengths.split_first() else {
        return Err(Misfit::Malformed);
    };
    let mut outcome = Ok(());
    for _ in 0..*length {
        let appended = if inner.is_empty() {
            let value = values.value()?;
            element.append(value, &mut list.elements)
        } else if let ColumnBuilder::List(nested) = &mut list.elements {
            let appended = append_elements(inner, element, values, nested);
            nested.end(true);
            appended
        } else {
            return Err(Misfit::Malformed);
        };
        list.length += 1;
        outcome = outcome.and(appended);
        if outcome == Err(Misfit::Malformed) {
            break;
        }
    }
    outcome
}

fn append_struct(parts: &[Wire], bytes: &[u8], column: &mut StructColumn) -> Result<(), Misfit> {
    let mut values = Values(bytes);
    let counted = match values.int() {
        Ok(count) if usize::try_from(count) == Ok(parts.len()) => Ok(()),
        _ => Err(Misfit::Malformed),
    };
    let mut outcome = counted;
    for (part, column) in parts.iter().zip(&mut column.parts) {
        let value = match outcome {
            Err(Misfit::Malformed) => Err(Misfit::Malformed),
            _ => values.int().and_then(|_type| values.value()),
        };
        let appended = match value {
            Ok(value) => part.append(value, column),
            Err(misfit) => {
                column.append_null();
                Err(misfit)
            }
        };
        outcome = outcome.and(appended);
    }
    column.end();
    outcome
}

/// Microseconds, days and months, as the server sends them; months, days and microseconds, as they
/// are held.
fn append_interval(bytes: &[u8], column: &mut StructColumn) -> Result<(), Misfit> {
    let parts = bytes.split_at_checked(8).and_then(|(micros, rest)| {
        let (days, months) = rest.split_at_checked(4)?;
        (months.len() == 4).then_some((months, days, micros))
    });
    let parts = match parts {
        Some((months, days, micros)) => [
            (Wire::Int4, Some(months)),
            (Wire::Int4, Some(days)),
            (Wire::Int8, Some(micros)),
        ],
        None => [(Wire::Int4, None), (Wire::Int4, None), (Wire::Int8, None)],
    };
    let mut outcome = match parts[0].1 {
        Some(_) => Ok(()),
        None => Err(Misfit::Malformed),
    };
    for ((wire, value), column) in parts.iter().zip(&mut column.parts) {
        outcome = outcome.and(wire.append(*value, column));
    }
    column.end();
    outcome
}

fn append_hstore(bytes: &[u8], map: &mut MapColumn) -> Result<(), Misfit> {
    let mut values = Values(bytes);
    let appended = append_pairs(&mut values, map);
    map.end(true);
    appended
}

fn append_pairs(values: &mut Values<'_>, map: &mut MapColumn) -> Result<(), Misfit> {
    for _ in 0..values.int()? {
        let key = utf8(values.value()?.ok_or(Misfit::Malformed)?)?;
        let value = values.value()?;
        map.keys.append_value(key);
        map.length += 1;
        Wire::Text.append(value, &mut map.values)?;
    }
    Ok(())
}
