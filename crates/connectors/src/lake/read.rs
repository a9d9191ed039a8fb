//! Data files to batches: columns found by field id, converted to the types that travel. A value that
//! is not there as the table says is an error or, where the table says so, null.

use std::collections::HashMap;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, ListArray, MapArray, RecordBatch, RecordBatchOptions, StringBuilder,
    StructArray, new_null_array,
};
use arrow::compute::cast_with_options;
use arrow::datatypes::{DataType, Field, FieldRef, Fields, Schema, SchemaRef};
use contract::BatchLimits;
use formats::parquet::rows_within;
use iceberg::spec::{NestedField, PrimitiveType, Type};
use model::plan::ScanColumn;
use model::{Error, ErrorKind, LogicalType, Result};
use parquet::arrow::arrow_reader::{
    ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use parquet::arrow::{PARQUET_FIELD_ID_META_KEY, ProjectionMask};
use serde::{Deserialize, Serialize};

use super::{location, types};

/// A piece of what a split reads: a data file, or some of its row groups.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FilePart {
    /// The snapshot that named it.
    pub(super) snapshot: i64,
    /// The file.
    pub(super) address: String,
    /// Its row groups from here …
    pub(super) first_group: usize,
    /// … up to but not with this one; `None` up to the last.
    pub(super) end_group: Option<usize>,
    /// Rows of the whole file, as its manifest says.
    pub(super) file_rows: u64,
    /// Ids of fields whose value stands in the partition and may be missing in the file.
    pub(super) partition_fields: Vec<i32>,
}

/// Reads one part, batch by batch. Blocks.
pub(super) struct PartReader {
    reader: ParquetRecordBatchReader,
    columns: Vec<Wanted>,
    schema: SchemaRef,
}

/// One column that travels.
struct Wanted {
    /// Where the file has it; `None` where it was added to the table later.
    position: Option<usize>,
    native: Type,
    logical: LogicalType,
}

impl PartReader {
    /// Opens the file.
    pub(super) fn open(
        wanted: &[ScanColumn],
        part: &FilePart,
        limits: BatchLimits,
    ) -> Result<Self> {
        let path = location::local_path(&part.address)?;
        let file =
            File::open(&path).map_err(|error| formats::disk::io_error("open", &path, error))?;
        let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
        let builder = ParquetRecordBatchReaderBuilder::try_new_with_options(file, options)
            .map_err(|error| bad_file(&path, &error))?;
        let (positions, roots) = positions(wanted, part, builder.schema(), &path)?;
        let mask = ProjectionMask::roots(builder.parquet_schema(), roots);
        let rows = builder.metadata().file_metadata().num_rows();
        if u64::try_from(rows).ok() != Some(part.file_rows) {
            let (shown, said) = (path.display(), part.file_rows);
            return Err(Error::new(
                ErrorKind::Data,
                "BAD_PARQUET",
                format!("data file {shown:?} has {rows} rows, and its manifest says {said}"),
            ));
        }
        let groups = builder.metadata().num_row_groups();
        let end = part.end_group.map_or(groups, |end| end.min(groups));
        let groups = part.first_group..end;
        let rows = rows_within(builder.metadata(), groups, limits.bytes, limits.rows);
        let reader = builder
            .with_projection(mask)
            .with_row_groups((part.first_group..end).collect())
            .with_batch_size(rows)
            .build()
            .map_err(|error| bad_file(&path, &error))?;
        let columns = wanted
            .iter()
            .zip(positions)
            .map(|(column, position)| {
                let native = types::native_type(&column.native)
                    .ok_or_else(|| Error::internal("a column of another kind"))?;
                Ok(Wanted {
                    position,
                    native,
                    logical: column.logical.clone(),
                })
            })
            .collect::<Result<Vec<_>>>()?;
        let fields = wanted
            .iter()
            .map(|column| Field::new(&column.native.name, column.logical.arrow(), true));
        let schema = Arc::new(Schema::new(fields.collect::<Fields>()));
        Ok(Self {
            reader,
            columns,
            schema,
        })
    }

    fn convert(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        let rows = batch.num_rows();
        let columns = self
            .columns
            .iter()
            .map(|wanted| match wanted.position {
                Some(position) => {
                    converted(batch.column(position), &wanted.native, &wanted.logical)
                }
                None => Ok(new_null_array(&wanted.logical.arrow(), rows)),
            })
            .collect::<Result<Vec<_>>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)
            .map_err(|error| Error::internal(format!("rows that do not fit together: {error}")))
    }
}

impl Iterator for PartReader {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        let batch = self.reader.next()?;
        Some(
            batch
                .map_err(|error| {
                    Error::new(
                        ErrorKind::Data,
                        "BAD_PARQUET",
                        format!("could not read rows: {error}"),
                    )
                })
                .and_then(|batch| self.convert(&batch)),
        )
    }
}

/// Where each column stands among those read, and which of the file's are read.
fn positions(
    wanted: &[ScanColumn],
    part: &FilePart,
    schema: &Schema,
    path: &Path,
) -> Result<(Vec<Option<usize>>, Vec<usize>)> {
    let by_id: HashMap<i32, usize> = schema
        .fields()
        .iter()
        .enumerate()
        .filter_map(|(root, field)| Some((field_id(field)?, root)))
        .collect();
    if by_id.len() < schema.fields().len() {
        let shown = path.display();
        return Err(Error::new(
            ErrorKind::Unsupported,
            "FIELD_IDS_MISSING",
            format!("data file {shown:?} has columns without field ids"),
        )
        .hint("rewrite the table with a tool that writes field ids"));
    }
    let roots_wanted = wanted
        .iter()
        .map(|column| {
            let id = column
                .native
                .private
                .get("id")
                .and_then(serde_json::Value::as_i64);
            let id = id
                .and_then(|id| i32::try_from(id).ok())
                .ok_or_else(|| Error::internal("a column of another kind"))?;
            let root = by_id.get(&id).copied();
            if root.is_none() && part.partition_fields.contains(&id) {
                let (name, shown) = (&column.native.name, path.display());
                return Err(Error::new(
                    ErrorKind::Unsupported,
                    "PARTITION_VALUE_NOT_IN_FILE",
                    format!("data file {shown:?} leaves partition column {name:?} out"),
                )
                .hint("rewrite the table, or leave the column out"));
            }
            if root.is_none() && !column.native.nullable {
                let (name, shown) = (&column.native.name, path.display());
                return Err(Error::new(
                    ErrorKind::Data,
                    "BAD_PARQUET",
                    format!("data file {shown:?} has no required column {name:?}"),
                ));
            }
            Ok(root)
        })
        .collect::<Result<Vec<_>>>()?;
    let mut roots: Vec<usize> = roots_wanted.iter().flatten().copied().collect();
    roots.sort_unstable();
    roots.dedup();
    let positions = roots_wanted
        .into_iter()
        .map(|root| root.and_then(|root| roots.binary_search(&root).ok()))
        .collect();
    Ok((positions, roots))
}

fn field_id(field: &Field) -> Option<i32> {
    field
        .metadata()
        .get(PARQUET_FIELD_ID_META_KEY)?
        .parse()
        .ok()
}

/// The same values in the type that travels.
fn converted(array: &ArrayRef, native: &Type, logical: &LogicalType) -> Result<ArrayRef> {
    match (native, logical) {
        (Type::Primitive(primitive), _) => primitive_converted(array, primitive, logical),
        (Type::List(list), LogicalType::List(element)) => {
            let lists = cast(array, &list_of(array)?)?;
            let lists = lists.as_list::<i32>();
            let values = converted(lists.values(), &list.element_field.field_type, element)?;
            let DataType::List(field) = logical.arrow() else {
                return Err(unexpected(array, logical));
            };
            let (offsets, nulls) = (lists.offsets().clone(), lists.nulls().cloned());
            ListArray::try_new(field, offsets, values, nulls)
                .map(|lists| Arc::new(lists) as ArrayRef)
                .map_err(|_| unexpected(array, logical))
        }
        (Type::Map(map), LogicalType::Map(value)) => {
            let maps = array
                .as_map_opt()
                .ok_or_else(|| unexpected(array, logical))?;
            let keys = converted(maps.keys(), &map.key_field.field_type, &LogicalType::TEXT)?;
            let values = converted(maps.values(), &map.value_field.field_type, value)?;
            let DataType::Map(entries_field, _) = logical.arrow() else {
                return Err(unexpected(array, logical));
            };
            let DataType::Struct(parts) = entries_field.data_type() else {
                return Err(unexpected(array, logical));
            };
            StructArray::try_new(parts.clone(), vec![keys, values], None)
                .and_then(|entries| {
                    let (offsets, nulls) = (maps.offsets().clone(), maps.nulls().cloned());
                    MapArray::try_new(Arc::clone(&entries_field), offsets, entries, nulls, false)
                })
                .map(|maps| Arc::new(maps) as ArrayRef)
                .map_err(|_| unexpected(array, logical))
        }
        (Type::Struct(structure), LogicalType::Struct(parts)) => {
            let read = array
                .as_struct_opt()
                .ok_or_else(|| unexpected(array, logical))?;
            let wanted = structure.fields().iter().zip(parts);
            let columns = wanted
                .map(|(field, part)| part_of(read, field, &part.logical))
                .collect::<Result<Vec<_>>>()?;
            let DataType::Struct(fields) = logical.arrow() else {
                return Err(unexpected(array, logical));
            };
            StructArray::try_new_with_length(fields, columns, read.nulls().cloned(), read.len())
                .map(|parts| Arc::new(parts) as ArrayRef)
                .map_err(|_| unexpected(array, logical))
        }
        _ => Err(unexpected(array, logical)),
    }
}

fn part_of(read: &StructArray, field: &NestedField, logical: &LogicalType) -> Result<ArrayRef> {
    let position = read
        .fields()
        .iter()
        .position(|read: &FieldRef| field_id(read) == Some(field.id));
    match position {
        Some(position) => converted(read.column(position), &field.field_type, logical),
        None => Ok(new_null_array(&logical.arrow(), read.len())),
    }
}

fn primitive_converted(
    array: &ArrayRef,
    primitive: &PrimitiveType,
    logical: &LogicalType,
) -> Result<ArrayRef> {
    if *primitive == PrimitiveType::Uuid {
        let bytes = array
            .as_fixed_size_binary_opt()
            .ok_or_else(|| unexpected(array, logical))?;
        let mut text = StringBuilder::with_capacity(bytes.len(), bytes.len() * 36);
        for value in bytes {
            text.append_option(value.and_then(|value| {
                let uuid = uuid::Uuid::from_slice(value).ok()?;
                Some(uuid.hyphenated().to_string())
            }));
        }
        return Ok(Arc::new(text.finish()));
    }
    cast(array, &logical.arrow())
}

fn list_of(array: &ArrayRef) -> Result<DataType> {
    match array.data_type() {
        DataType::List(field) | DataType::LargeList(field) => Ok(DataType::List(Arc::clone(field))),
        other => Err(Error::internal(format!("a list read as {other}"))),
    }
}

/// Widens as Iceberg lets a column's type grow; what does not fit is an error.
fn cast(array: &ArrayRef, wanted: &DataType) -> Result<ArrayRef> {
    if array.data_type() == wanted {
        return Ok(Arc::clone(array));
    }
    let options = arrow::compute::CastOptions {
        safe: false,
        ..Default::default()
    };
    cast_with_options(array, wanted, &options).map_err(|_| {
        Error::new(
            ErrorKind::Data,
            "BAD_PARQUET",
            format!("could not read {} as {wanted}", array.data_type()),
        )
    })
}

fn unexpected(array: &ArrayRef, logical: &LogicalType) -> Error {
    Error::new(
        ErrorKind::Data,
        "BAD_PARQUET",
        format!("could not read {} as {logical}", array.data_type()),
    )
}

fn bad_file(path: &Path, error: &parquet::errors::ParquetError) -> Error {
    let shown = path.display();
    Error::new(
        ErrorKind::Data,
        "BAD_PARQUET",
        format!("could not read data file {shown:?}: {error}"),
    )
}
