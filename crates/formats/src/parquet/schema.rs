//! From a table's columns to the schema that stands in the file. Decimals are INT32, INT64 or as few
//! bytes as their precision needs; timestamps are INT64 microseconds, instants adjusted to UTC.

use std::collections::HashMap;
use std::sync::Arc;

use ::parquet::arrow::{ArrowSchemaConverter, PARQUET_FIELD_ID_META_KEY};
use ::parquet::basic::{LogicalType as ParquetLogicalType, Type as PhysicalType};
use ::parquet::errors::ParquetError;
use ::parquet::file::metadata::ParquetMetaData;
use ::parquet::schema::types::{SchemaDescriptor, Type, TypePtr};
use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use model::plan::Column;
use model::{Error, Result};

/// The schema of a file of these columns, null or not as they say.
///
/// `field_ids`, where given, names every field, nested ones too, in the order in which one reads the
/// schema: each column, then what is inside of it (a list's element, a struct's fields, a map's key
/// and value) before the next column.
pub fn schema(columns: &[Column], field_ids: Option<&[i32]>) -> Result<SchemaRef> {
    let fields = columns
        .iter()
        .map(|column| Field::new(&column.name, column.holds.arrow(), column.nullable));
    let Some(field_ids) = field_ids else {
        return Ok(Arc::new(Schema::new(fields.collect::<Vec<_>>())));
    };
    let mut ids = field_ids.iter().copied();
    let fields = fields
        .map(|field| with_ids(&field, &mut ids))
        .collect::<Result<Vec<_>>>()?;
    match ids.next() {
        Some(_) => Err(Error::internal("more field ids than fields")),
        None => Ok(Arc::new(Schema::new(fields))),
    }
}

fn with_ids(field: &Field, ids: &mut impl Iterator<Item = i32>) -> Result<Field> {
    let id = ids
        .next()
        .ok_or_else(|| Error::internal("fewer field ids than fields"))?;
    let data_type = match field.data_type() {
        DataType::List(element) => DataType::List(Arc::new(with_ids(element, ids)?)),
        DataType::Struct(fields) => DataType::Struct(
            fields
                .iter()
                .map(|field| with_ids(field, ids).map(Arc::new))
                .collect::<Result<Vec<FieldRef>>>()?
                .into(),
        ),
        DataType::Map(entries, sorted) => {
            let DataType::Struct(parts) = entries.data_type() else {
                return Err(Error::internal("a map's entries are a struct"));
            };
            let parts = parts
                .iter()
                .map(|part| with_ids(part, ids).map(Arc::new))
                .collect::<Result<Vec<FieldRef>>>()?;
            let entries = entries
                .as_ref()
                .clone()
                .with_data_type(DataType::Struct(parts.into()));
            DataType::Map(Arc::new(entries), *sorted)
        }
        other => other.clone(),
    };
    let metadata = HashMap::from([(PARQUET_FIELD_ID_META_KEY.to_owned(), id.to_string())]);
    Ok(field
        .clone()
        .with_data_type(data_type)
        .with_metadata(metadata))
}

/// The physical schema of `schema`.
pub(super) fn physical(schema: &Schema) -> Result<SchemaDescriptor, ParquetError> {
    let converted = ArrowSchemaConverter::new()
        .schema_root("schema")
        .convert(schema)?;
    Ok(SchemaDescriptor::new(narrowed(
        &converted.root_schema_ptr(),
    )?))
}

/// The physical schema that stands in a file.
pub(super) fn of_file(metadata: &ParquetMetaData) -> SchemaDescriptor {
    metadata.file_metadata().schema_descr().clone()
}

/// The converter makes a decimal of one digit INT64; up to nine digits are INT32 here.
fn narrowed(node: &TypePtr) -> Result<TypePtr, ParquetError> {
    let info = node.get_basic_info();
    let id = info.has_id().then(|| info.id());
    if node.is_group() {
        let fields = node.get_fields().iter().map(narrowed);
        let group = Type::group_type_builder(node.name())
            .with_fields(fields.collect::<Result<Vec<_>, _>>()?)
            .with_converted_type(info.converted_type())
            .with_logical_type(info.logical_type_ref().cloned())
            .with_id(id);
        let group = if info.has_repetition() {
            group.with_repetition(info.repetition())
        } else {
            group
        };
        return Ok(Arc::new(group.build()?));
    }
    let Some(ParquetLogicalType::Decimal {
        precision: precision @ ..=9,
        scale,
    }) = info.logical_type_ref()
    else {
        return Ok(Arc::clone(node));
    };
    let decimal = Type::primitive_type_builder(node.name(), PhysicalType::INT32)
        .with_repetition(info.repetition())
        .with_logical_type(info.logical_type_ref().cloned())
        .with_precision(*precision)
        .with_scale(*scale)
        .with_id(id);
    Ok(Arc::new(decimal.build()?))
}
