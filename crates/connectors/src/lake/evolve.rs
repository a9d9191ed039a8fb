//! A table that the commit of a load changes: its metadata gets columns, or is made anew. The same load
//! upon the same metadata gives the same field ids each time, so that its files, written before, fit.
//!
//! A table made anew is Iceberg's own replacement of a table: it keeps its identity, its log and its
//! earlier snapshots, which stay readable with the columns that they had; its columns, partitioning and
//! rows are those of the load alone. So a reader that began before is not disturbed, and a load of
//! before is still recognised.

use iceberg::spec::{
    NestedFieldRef, Schema, SortOrder, TableMetadata, TableMetadataBuilder, Transform, Type,
    UnboundPartitionSpec,
};
use model::Result;
use model::plan::{Column, TableChange, Write};

use super::table::{self, COMMENT_PROPERTY, Table, bad_metadata};
use super::types;

/// The table's metadata as the load changes it, without the load's snapshot.
pub(super) fn changed(table: &Table, write: &Write) -> Result<TableMetadata> {
    if write.change.is_keep() {
        return Ok(table.metadata.clone());
    }
    let builder = table.metadata.clone().into_builder(None);
    let built = evolved(builder, &table.metadata, write)?.build();
    let built = built.map_err(|error| bad_metadata(&table.name, &error))?;
    Ok(built.metadata)
}

/// `builder`, made of `before`, with what the load changes.
pub(super) fn evolved(
    builder: TableMetadataBuilder,
    before: &TableMetadata,
    write: &Write,
) -> Result<TableMetadataBuilder> {
    let evolved = match &write.change {
        TableChange::Keep => return Ok(builder),
        TableChange::AddColumns(names) => with_columns(builder, before, write, names),
        TableChange::Recreate => anew(builder, before, write),
    };
    evolved.map_err(|error| bad_metadata(&write.table.name, &error))
}

/// With these columns; one that somebody has added meanwhile is there already.
fn with_columns(
    builder: TableMetadataBuilder,
    before: &TableMetadata,
    write: &Write,
    names: &[String],
) -> iceberg::Result<TableMetadataBuilder> {
    let schema = before.current_schema();
    let mut last_id = before.last_column_id();
    let columns = write.table.columns.iter();
    let missing = columns
        .filter(|column| names.contains(&column.name))
        .filter(|column| schema.as_struct().field_by_name(&column.name).is_none());
    let fields: Vec<NestedFieldRef> = missing
        .map(|column| new_field(column, &mut last_id))
        .collect();
    if fields.is_empty() {
        return Ok(builder);
    }
    let schema = Schema::clone(schema).into_builder().with_fields(fields);
    builder.add_current_schema(schema.build()?)
}

/// With the load's columns, partitioning and properties alone. A column of the same name and type keeps
/// its id, so that a table made anew each day does not collect schemas; any other gets a new one.
fn anew(
    builder: TableMetadataBuilder,
    before: &TableMetadata,
    write: &Write,
) -> iceberg::Result<TableMetadataBuilder> {
    let current = before.current_schema().as_struct();
    let mut last_id = before.last_column_id();
    let fields = write.table.columns.iter().map(|column| {
        let before = current.field_by_name(&column.name);
        match before.filter(|before| has_type(column, &before.field_type)) {
            Some(before) => table::field(column, before.id, (*before.field_type).clone()),
            None => new_field(column, &mut last_id),
        }
    });
    let fields: Vec<NestedFieldRef> = fields.collect();
    let mut spec = UnboundPartitionSpec::builder();
    if let Some(partition) = &write.partition
        && let Some(field) = fields.iter().find(|field| field.name == partition.column)
    {
        spec = spec.add_partition_field(field.id, &partition.column, Transform::Identity)?;
    }
    let schema = Schema::builder().with_fields(fields).build()?;
    let mut builder = builder
        .add_current_schema(schema)?
        .add_default_partition_spec(spec.build())?
        .add_sort_order(SortOrder::unsorted_order())?
        .set_default_sort_order(i64::from(TableMetadataBuilder::LAST_ADDED))?
        .set_properties(table::properties(write))?;
    if write.table.comment.is_none() {
        builder = builder.remove_properties(&[COMMENT_PROPERTY.to_owned()])?;
    }
    Ok(builder)
}

fn new_field(column: &Column, last_id: &mut i32) -> NestedFieldRef {
    *last_id += 1;
    let id = *last_id;
    let native = types::iceberg_type(&types::held(&column.holds), last_id);
    table::field(column, id, native)
}

fn has_type(column: &Column, native: &Type) -> bool {
    let wanted = types::iceberg_type(&types::held(&column.holds), &mut 0);
    types::spelled(native) == types::spelled(&wanted)
}
