//! One column under construction: one variant for each way that values travel, so that decoders
//! append without boxing and without a second look at the type.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BinaryBuilder, BooleanBuilder, Date32Builder, Decimal128Builder,
    Float32Builder, Float64Builder, Int8Builder, Int16Builder, Int32Builder, Int64Builder,
    ListArray, MapArray, NullBufferBuilder, StringBuilder, StructArray, Time64MicrosecondBuilder,
    TimestampMicrosecondBuilder,
};
use arrow::buffer::{OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{DataType, Fields};
use model::LogicalType;

/// One column under construction. Lists, structs and maps: append the children first, then end the
/// value with [`ColumnBuilder::end_list`], [`ColumnBuilder::end_struct`].
pub(crate) enum ColumnBuilder {
    Boolean(BooleanBuilder),
    Int8(Int8Builder),
    Int16(Int16Builder),
    Int32(Int32Builder),
    Int64(Int64Builder),
    Decimal(Decimal128Builder),
    Float32(Float32Builder),
    Float64(Float64Builder),
    Text(StringBuilder),
    Binary(BinaryBuilder),
    Date(Date32Builder),
    Time(Time64MicrosecondBuilder),
    Timestamp(TimestampMicrosecondBuilder),
    List(Box<ListColumn>),
    Struct(Box<StructColumn>),
    Map(Box<MapColumn>),
}

/// Elements of all lists so far, and where each list ends.
pub(crate) struct ListColumn {
    data_type: DataType,
    offsets: Vec<i32>,
    nulls: NullBufferBuilder,
    pub(crate) elements: ColumnBuilder,
    pub(crate) length: usize,
}

/// The parts of all structs so far.
pub(crate) struct StructColumn {
    fields: Fields,
    nulls: NullBufferBuilder,
    pub(crate) parts: Vec<ColumnBuilder>,
}

/// Keys and values of all maps so far, and where each map ends.
pub(crate) struct MapColumn {
    data_type: DataType,
    offsets: Vec<i32>,
    nulls: NullBufferBuilder,
    pub(crate) keys: StringBuilder,
    pub(crate) values: ColumnBuilder,
    pub(crate) length: usize,
}

const TEXT_BYTES_PER_ROW: usize = 32;
/// More is reserved when it is needed: the next batch may hold no large values.
const MOST_BYTES_RESERVED: usize = 1 << 20;

impl ColumnBuilder {
    /// For values of this type, with room for so many rows.
    pub(crate) fn new(logical: &LogicalType, rows: usize) -> Self {
        match logical.arrow() {
            DataType::Boolean => Self::Boolean(BooleanBuilder::with_capacity(rows)),
            DataType::Int8 => Self::Int8(Int8Builder::with_capacity(rows)),
            DataType::Int16 => Self::Int16(Int16Builder::with_capacity(rows)),
            DataType::Int32 => Self::Int32(Int32Builder::with_capacity(rows)),
            DataType::Int64 => Self::Int64(Int64Builder::with_capacity(rows)),
            decimal @ DataType::Decimal128(..) => {
                Self::Decimal(Decimal128Builder::with_capacity(rows).with_data_type(decimal))
            }
            DataType::Float32 => Self::Float32(Float32Builder::with_capacity(rows)),
            DataType::Float64 => Self::Float64(Float64Builder::with_capacity(rows)),
            DataType::Binary => Self::Binary(BinaryBuilder::with_capacity(
                rows,
                rows * TEXT_BYTES_PER_ROW,
            )),
            DataType::Date32 => Self::Date(Date32Builder::with_capacity(rows)),
            DataType::Time64(_) => Self::Time(Time64MicrosecondBuilder::with_capacity(rows)),
            timestamp @ DataType::Timestamp(..) => Self::Timestamp(
                TimestampMicrosecondBuilder::with_capacity(rows).with_data_type(timestamp),
            ),
            nested => Self::nested(logical, nested, rows),
        }
    }

    fn nested(logical: &LogicalType, data_type: DataType, rows: usize) -> Self {
        let nulls = NullBufferBuilder::new(rows);
        match (logical, data_type) {
            (LogicalType::List(element), data_type) => Self::List(Box::new(ListColumn {
                data_type,
                offsets: vec![0],
                nulls,
                elements: Self::new(element, rows),
                length: 0,
            })),
            (LogicalType::Map(value), data_type) => Self::Map(Box::new(MapColumn {
                data_type,
                offsets: vec![0],
                nulls,
                keys: StringBuilder::new(),
                values: Self::new(value, rows),
                length: 0,
            })),
            (LogicalType::Struct(parts), DataType::Struct(fields)) => {
                let parts = parts
                    .iter()
                    .map(|part| Self::new(&part.logical, rows))
                    .collect();
                Self::Struct(Box::new(StructColumn {
                    fields,
                    nulls,
                    parts,
                }))
            }
            _ => Self::Text(StringBuilder::with_capacity(
                rows,
                rows * TEXT_BYTES_PER_ROW,
            )),
        }
    }

    /// One null.
    pub(crate) fn append_null(&mut self) {
        match self {
            Self::Boolean(builder) => builder.append_null(),
            Self::Int8(builder) => builder.append_null(),
            Self::Int16(builder) => builder.append_null(),
            Self::Int32(builder) => builder.append_null(),
            Self::Int64(builder) => builder.append_null(),
            Self::Decimal(builder) => builder.append_null(),
            Self::Float32(builder) => builder.append_null(),
            Self::Float64(builder) => builder.append_null(),
            Self::Text(builder) => builder.append_null(),
            Self::Binary(builder) => builder.append_null(),
            Self::Date(builder) => builder.append_null(),
            Self::Time(builder) => builder.append_null(),
            Self::Timestamp(builder) => builder.append_null(),
            Self::List(list) => list.end(false),
            Self::Map(map) => map.end(false),
            Self::Struct(parts) => {
                parts.parts.iter_mut().for_each(Self::append_null);
                parts.nulls.append_null();
            }
        }
    }

    /// The column so far; starts the next one, with room for as much again.
    pub(crate) fn finish(&mut self) -> ArrayRef {
        /// The builder's array; in its place one with as much room.
        macro_rules! renewed {
            ($builder:ident, $kind:ident) => {{
                let array = $builder.finish();
                *$builder = $kind::with_capacity(array.len());
                Arc::new(array)
            }};
            ($builder:ident, $kind:ident, typed) => {{
                let array = $builder.finish();
                let typed = $kind::with_capacity(array.len());
                *$builder = typed.with_data_type(array.data_type().clone());
                Arc::new(array)
            }};
            ($builder:ident, $kind:ident, bytes) => {{
                let array = $builder.finish();
                let bytes = array.value_data().len();
                let room = (bytes + bytes / 8).min(MOST_BYTES_RESERVED);
                *$builder = $kind::with_capacity(array.len(), room);
                Arc::new(array)
            }};
        }
        match self {
            Self::Boolean(builder) => renewed!(builder, BooleanBuilder),
            Self::Int8(builder) => renewed!(builder, Int8Builder),
            Self::Int16(builder) => renewed!(builder, Int16Builder),
            Self::Int32(builder) => renewed!(builder, Int32Builder),
            Self::Int64(builder) => renewed!(builder, Int64Builder),
            Self::Decimal(builder) => renewed!(builder, Decimal128Builder, typed),
            Self::Float32(builder) => renewed!(builder, Float32Builder),
            Self::Float64(builder) => renewed!(builder, Float64Builder),
            Self::Text(builder) => renewed!(builder, StringBuilder, bytes),
            Self::Binary(builder) => renewed!(builder, BinaryBuilder, bytes),
            Self::Date(builder) => renewed!(builder, Date32Builder),
            Self::Time(builder) => renewed!(builder, Time64MicrosecondBuilder),
            Self::Timestamp(builder) => renewed!(builder, TimestampMicrosecondBuilder, typed),
            Self::List(list) => list.finish(),
            Self::Map(map) => map.finish(),
            Self::Struct(parts) => parts.finish(),
        }
    }
}

impl ListColumn {
    /// Ends a list whose elements were appended since the last end; a null list drops none, so append
    /// none for it. `length` counts the elements appended: keep it.
    pub(crate) fn end(&mut self, valid: bool) {
        self.offsets
            .push(i32::try_from(self.length).unwrap_or(i32::MAX));
        self.nulls.append(valid);
    }

    fn finish(&mut self) -> ArrayRef {
        let DataType::List(element) = &self.data_type else {
            unreachable!("a list column is made for a list type")
        };
        let offsets = std::mem::replace(&mut self.offsets, vec![0]);
        self.length = 0;
        Arc::new(ListArray::new(
            Arc::clone(element),
            OffsetBuffer::new(ScalarBuffer::from(offsets)),
            self.elements.finish(),
            self.nulls.finish(),
        ))
    }
}

impl MapColumn {
    /// Ends a map whose keys and values were appended since the last end; `length` counts them.
    pub(crate) fn end(&mut self, valid: bool) {
        self.offsets
            .push(i32::try_from(self.length).unwrap_or(i32::MAX));
        self.nulls.append(valid);
    }

    fn finish(&mut self) -> ArrayRef {
        let DataType::Map(entries, _) = &self.data_type else {
            unreachable!("a map column is made for a map type")
        };
        let DataType::Struct(fields) = entries.data_type() else {
            unreachable!("a map's entries are a struct")
        };
        let offsets = std::mem::replace(&mut self.offsets, vec![0]);
        self.length = 0;
        let pairs: Vec<ArrayRef> = vec![Arc::new(self.keys.finish()), self.values.finish()];
        Arc::new(MapArray::new(
            Arc::clone(entries),
            OffsetBuffer::new(ScalarBuffer::from(offsets)),
            StructArray::new(fields.clone(), pairs, None),
            self.nulls.finish(),
            false,
        ))
    }
}

impl StructColumn {
    /// Ends a struct whose parts were appended, one value or null each.
    pub(crate) fn end(&mut self) {
        self.nulls.append_non_null();
    }

    fn finish(&mut self) -> ArrayRef {
        let parts: Vec<ArrayRef> = self.parts.iter_mut().map(ColumnBuilder::finish).collect();
        let nulls = self.nulls.finish();
        Arc::new(StructArray::new(self.fields.clone(), parts, nulls))
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{Array, AsArray};
    use model::logical_type::Field;

    use super::*;

    #[test]
    fn lists_keep_null_apart_from_empty() {
        let mut column = ColumnBuilder::new(&LogicalType::List(Box::new(LogicalType::TEXT)), 4);
        if let ColumnBuilder::List(list) = &mut column {
            if let ColumnBuilder::Text(elements) = &mut list.elements {
                elements.append_value("a");
                elements.append_null();
            }
            list.length += 2;
            list.end(true);
            list.end(true);
        }
        column.append_null();
        let array = column.finish();
        let lists = array.as_list::<i32>();
        assert_eq!((lists.value(0).len(), lists.value(1).len()), (2, 0));
        assert!(lists.is_null(2) && lists.is_valid(1));
    }

    #[test]
    fn structs_of_nulls_are_not_null() {
        let part = Field {
            name: "zip".to_owned(),
            logical: LogicalType::TEXT,
        };
        let mut column = ColumnBuilder::new(&LogicalType::Struct(vec![part]), 2);
        if let ColumnBuilder::Struct(parts) = &mut column {
            parts.parts[0].append_null();
            parts.end();
        }
        column.append_null();
        let array = column.finish();
        assert!(array.is_valid(0) && array.is_null(1));
    }
}
