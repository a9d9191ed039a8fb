//! One value of the binary protocol, its bytes where they arrived.

use mysql_async::Value;
use mysql_async::consts::{ColumnFlags, ColumnType};
use mysql_async::{Column, DriverError, Error as Failure};

/// A value. The words are those of [`Value`], the bytes are borrowed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Cell<'a> {
    Null,
    Bytes(&'a [u8]),
    Int(i64),
    /// Numbers that no `Int` holds.
    UInt(u64),
    Float(f32),
    Double(f64),
    Date(Date),
    Span(Span),
}

/// A date with its time of day, as the server has it: zeros where it has none.
// Aligned, so that what every kind of cell holds begins at the same place: cells are moved in whole words.
#[repr(align(8))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Date {
    pub(crate) year: u16,
    pub(crate) month: u8,
    pub(crate) day: u8,
    pub(crate) hour: u8,
    pub(crate) minute: u8,
    pub(crate) second: u8,
    pub(crate) micro: u32,
}

/// A TIME, which is a span.
#[repr(align(8))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Span {
    pub(crate) negative: bool,
    pub(crate) days: u32,
    pub(crate) hours: u8,
    pub(crate) minutes: u8,
    pub(crate) seconds: u8,
    pub(crate) micros: u32,
}

impl<'a> Cell<'a> {
    /// The same value.
    pub(crate) fn of(value: &'a Value) -> Self {
        match value {
            Value::NULL => Self::Null,
            Value::Bytes(bytes) => Self::Bytes(bytes),
            Value::Int(number) => Self::Int(*number),
            Value::UInt(number) => Self::UInt(*number),
            Value::Float(number) => Self::Float(*number),
            Value::Double(number) => Self::Double(*number),
            &Value::Date(year, month, day, hour, minute, second, micro) => Self::Date(Date {
                year,
                month,
                day,
                hour,
                minute,
                second,
                micro,
            }),
            &Value::Time(negative, days, hours, minutes, seconds, micros) => Self::Span(Span {
                negative,
                days,
                hours,
                minutes,
                seconds,
                micros,
            }),
        }
    }

    /// The same value, its bytes copied.
    pub(crate) fn to_value(self) -> Value {
        match self {
            Self::Null => Value::NULL,
            Self::Bytes(bytes) => Value::Bytes(bytes.to_vec()),
            Self::Int(number) => Value::Int(number),
            Self::UInt(number) => Value::UInt(number),
            Self::Float(number) => Value::Float(number),
            Self::Double(number) => Value::Double(number),
            Self::Date(at) => Value::Date(
                at.year, at.month, at.day, at.hour, at.minute, at.second, at.micro,
            ),
            Self::Span(span) => Value::Time(
                span.negative,
                span.days,
                span.hours,
                span.minutes,
                span.seconds,
                span.micros,
            ),
        }
    }
}

/// How the values of a column lie in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Bytes,
    Int1,
    UInt1,
    Int2,
    UInt2,
    Int4,
    UInt4,
    Int8,
    UInt8,
    Float,
    Double,
    Date,
    Time,
    Null,
}

impl Kind {
    /// What the server says of a column.
    pub(crate) fn of(column: &Column) -> Result<Self, Failure> {
        use ColumnType as T;
        let unsigned = column.flags().contains(ColumnFlags::UNSIGNED_FLAG);
        let signed_or = |signed, other| if unsigned { other } else { signed };
        Ok(match column.column_type() {
            T::MYSQL_TYPE_STRING
            | T::MYSQL_TYPE_VAR_STRING
            | T::MYSQL_TYPE_BLOB
            | T::MYSQL_TYPE_TINY_BLOB
            | T::MYSQL_TYPE_MEDIUM_BLOB
            | T::MYSQL_TYPE_LONG_BLOB
            | T::MYSQL_TYPE_SET
            | T::MYSQL_TYPE_ENUM
            | T::MYSQL_TYPE_DECIMAL
            | T::MYSQL_TYPE_VARCHAR
            | T::MYSQL_TYPE_BIT
            | T::MYSQL_TYPE_NEWDECIMAL
            | T::MYSQL_TYPE_GEOMETRY
            | T::MYSQL_TYPE_VECTOR
            | T::MYSQL_TYPE_JSON => Self::Bytes,
            T::MYSQL_TYPE_TINY => signed_or(Self::Int1, Self::UInt1),
            T::MYSQL_TYPE_SHORT | T::MYSQL_TYPE_YEAR => signed_or(Self::Int2, Self::UInt2),
            T::MYSQL_TYPE_LONG | T::MYSQL_TYPE_INT24 => signed_or(Self::Int4, Self::UInt4),
            T::MYSQL_TYPE_LONGLONG => signed_or(Self::Int8, Self::UInt8),
            T::MYSQL_TYPE_FLOAT => Self::Float,
            T::MYSQL_TYPE_DOUBLE => Self::Double,
            T::MYSQL_TYPE_TIMESTAMP
            | T::MYSQL_TYPE_DATE
            | T::MYSQL_TYPE_NEWDATE
            | T::MYSQL_TYPE_DATETIME => Self::Date,
            T::MYSQL_TYPE_TIME => Self::Time,
            T::MYSQL_TYPE_NULL => Self::Null,
            _ => return Err(malformed(&[])),
        })
    }

    /// Takes one value off the front of `bytes`; `None` where they are too few.
    #[inline]
    fn read<'a>(self, bytes: &mut &'a [u8]) -> Option<Cell<'a>> {
        Some(match self {
            Self::Bytes => Cell::Bytes(counted(bytes)?),
            Self::Int4 => Cell::Int(i64::from(i32::from_le_bytes(array(bytes)?))),
            Self::UInt4 => Cell::Int(i64::from(u32::from_le_bytes(array(bytes)?))),
            Self::Int8 => Cell::Int(i64::from_le_bytes(array(bytes)?)),
            Self::UInt8 => {
                let number = u64::from_le_bytes(array(bytes)?);
                i64::try_from(number).map_or(Cell::UInt(number), Cell::Int)
            }
            Self::Int2 => Cell::Int(i64::from(i16::from_le_bytes(array(bytes)?))),
            Self::UInt2 => Cell::Int(i64::from(u16::from_le_bytes(array(bytes)?))),
            Self::Int1 => Cell::Int(i64::from(i8::from_le_bytes(array(bytes)?))),
            Self::UInt1 => Cell::Int(i64::from(u8::from_le_bytes(array(bytes)?))),
            Self::Float => Cell::Float(f32::from_le_bytes(array(bytes)?)),
            Self::Double => Cell::Double(f64::from_le_bytes(array(bytes)?)),
            Self::Date => Cell::Date(date(short(bytes)?)?),
            Self::Time => Cell::Span(span(short(bytes)?)?),
            Self::Null => Cell::Null,
        })
    }
}

/// The values of one row, in order.
pub(crate) struct Cells<'a> {
    /// Bit 2 is the first column's.
    nulls: &'a [u8],
    rest: &'a [u8],
    next: usize,
}

impl<'a> Cells<'a> {
    /// Of a row of so many columns, as its packet holds it.
    pub(crate) fn new(row: &'a [u8], columns: usize) -> Result<Self, Failure> {
        let bitmap = (columns + 2).div_ceil(8);
        let body = row.strip_prefix(&[0]);
        let split = body.and_then(|body| body.split_at_checked(bitmap));
        let (nulls, rest) = split.ok_or_else(|| malformed(row))?;
        Ok(Self {
            nulls,
            rest,
            next: 2,
        })
    }

    /// The next value, which lies as `kind` says; `None` where the row is too short for it.
    #[inline]
    pub(crate) fn next(&mut self, kind: Kind) -> Option<Cell<'a>> {
        let at = self.next;
        self.next += 1;
        if self.nulls[at / 8] & (1 << (at % 8)) != 0 {
            return Some(Cell::Null);
        }
        kind.read(&mut self.rest)
    }

    /// Call behind the last value: whether the row ends there.
    pub(crate) fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }
}

/// All values of a row, copied.
pub(crate) fn values(row: &[u8], kinds: &[Kind]) -> Result<Vec<Value>, Failure> {
    let mut cells = Cells::new(row, kinds.len())?;
    let values = kinds
        .iter()
        .map(|kind| cells.next(*kind).map(Cell::to_value));
    let values: Option<Vec<Value>> = values.collect();
    let values = values.filter(|_| cells.is_at_end());
    values.ok_or_else(|| malformed(row))
}

/// All values of a row of the text protocol, copied.
pub(super) fn text_values(row: &[u8], columns: usize) -> Result<Vec<Value>, Failure> {
    let mut rest = row;
    let mut values = Vec::with_capacity(columns);
    for _ in 0..columns {
        let value = match rest.split_first() {
            Some((0xfb, after)) => {
                rest = after;
                Some(Value::NULL)
            }
            _ => counted(&mut rest).map(|bytes| Value::Bytes(bytes.to_vec())),
        };
        values.push(value.ok_or_else(|| malformed(row))?);
    }
    Ok(values)
}

/// The error of a packet that is none of those that may come.
pub(crate) fn malformed(packet: &[u8]) -> Failure {
    let payload = packet.iter().copied().take(64).collect();
    DriverError::UnexpectedPacket { payload }.into()
}

#[inline]
fn array<const LENGTH: usize>(bytes: &mut &[u8]) -> Option<[u8; LENGTH]> {
    let (array, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*array)
}

#[inline]
fn take<'a>(bytes: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(taken)
}

/// Bytes behind their length of one byte.
#[inline]
fn short<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let [length] = array(bytes)?;
    take(bytes, usize::from(length))
}

/// Bytes behind their length of one to nine bytes.
#[inline]
fn counted<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let [first] = array(bytes)?;
    let length = match first {
        0..=0xfa => usize::from(first),
        0xfc => usize::from(u16::from_le_bytes(array(bytes)?)),
        0xfd => {
            let [low, middle, high] = array(bytes)?;
            u32::from_le_bytes([low, middle, high, 0]) as usize
        }
        0xfe => usize::try_from(u64::from_le_bytes(array(bytes)?)).ok()?,
        0xfb | 0xff => return None,
    };
    take(bytes, length)
}

/// No bytes are the zero date; four a date; seven one with a time of day; eleven with its fraction.
#[inline]
fn date(bytes: &[u8]) -> Option<Date> {
    let mut date = Date::default();
    if bytes.is_empty() {
        return Some(date);
    }
    let [low, high, month, day] = *bytes.first_chunk()?;
    (date.year, date.month, date.day) = (u16::from_le_bytes([low, high]), month, day);
    match bytes.get(4..)? {
        [] => {}
        [hour, minute, second] => {
            (date.hour, date.minute, date.second) = (*hour, *minute, *second);
        }
        [hour, minute, second, micro @ ..] => {
            (date.hour, date.minute, date.second) = (*hour, *minute, *second);
            date.micro = u32::from_le_bytes(micro.try_into().ok()?);
        }
        _ => return None,
    }
    Some(date)
}

/// No bytes are a span of nothing; eight one of seconds; twelve one with their fraction.
fn span(bytes: &[u8]) -> Option<Span> {
    let mut rest = bytes;
    if bytes.is_empty() {
        return Some(Span::default());
    }
    let [negative] = array(&mut rest)?;
    let days = u32::from_le_bytes(array(&mut rest)?);
    let [hours, minutes, seconds] = array(&mut rest)?;
    let micros = match rest {
        [] => 0,
        micros => u32::from_le_bytes(micros.try_into().ok()?),
    };
    Some(Span {
        negative: negative == 1,
        days,
        hours,
        minutes,
        seconds,
        micros,
    })
}
