//! A table as its metadata says: loaded from the catalog's pointer, or thought up for a table that is
//! to be made. Knows how Iceberg's metadata holds a plan's words; moves no pointer.

use std::collections::HashMap;
use std::fmt::Display;
use std::io;
use std::path::PathBuf;

use formats::disk::io_error;
use futures::FutureExt;
use iceberg::io::FileIO;
use iceberg::spec::{
    FormatVersion, NestedField, NestedFieldRef, PartitionSpec, Schema, SnapshotRef, SortOrder,
    TableMetadata, TableMetadataBuilder, Transform, Type,
};
use model::plan::{Column, TableChange, Write};
use model::{Error, ErrorKind, Finding, LoadId, Result, TableName};

use super::types;

/// The table property that holds the last loads: `load=snapshot`, blanks between, newest last.
const LOADS_PROPERTY: &str = "godwit.loads";
/// The entry of a snapshot's summary that names its load.
pub(super) const LOAD_SUMMARY: &str = "godwit.load-id";
/// The entry that says how many rows a load by key replaced.
pub(super) const REPLACED_SUMMARY: &str = "godwit.replaced-records";
/// How many loads a table remembers, whichever snapshots are kept.
const LOADS_KEPT: usize = 1_000;
pub(super) const COMMENT_PROPERTY: &str = "comment";
const FORMAT_VERSION: &str = "FORMAT_VERSION";
/// How many earlier metadata files a table of ours keeps.
const METADATA_FILES_KEPT: &str = "10";

/// A table that is there.
#[derive(Debug, Clone)]
pub(super) struct Table {
    /// Its name.
    pub(super) name: TableName,
    /// Its metadata file: what the catalog points to.
    pub(super) pointer: String,
    /// What the file says.
    pub(super) metadata: TableMetadata,
}

/// Reads and writes metadata on the local disk.
pub(super) fn file_io() -> FileIO {
    FileIO::new_with_fs()
}

impl Table {
    /// Reads what the catalog points to.
    pub(super) async fn load(name: &TableName, pointer: String) -> Result<Self> {
        let metadata = TableMetadata::read_from(&file_io(), &pointer)
            .await
            .map_err(|error| bad_metadata(name, &error))?;
        Ok(Self {
            name: name.clone(),
            pointer,
            metadata,
        })
    }

    /// The same, for a caller that cannot wait: nothing on a local disk waits for anything.
    pub(super) fn load_now(name: &TableName, pointer: String) -> Result<Self> {
        Self::load(name, pointer)
            .now_or_never()
            .ok_or_else(|| Error::internal("a local file was not read at once"))?
    }

    /// The snapshot by which `load` was published, if it was.
    pub(super) fn snapshot_of(&self, load: &LoadId) -> Option<i64> {
        loads(&self.metadata)
            .find_map(|(known, snapshot)| (known == load.as_str()).then_some(snapshot))
            .or_else(|| {
                self.metadata
                    .snapshots()
                    .find(|snapshot| load_of(snapshot) == Some(load.as_str()))
                    .map(|snapshot| snapshot.snapshot_id())
            })
    }

    /// Its columns in the plan's words, in order.
    pub(super) fn columns(&self) -> Result<Vec<Column>, Finding> {
        self.fields()
            .map(|field| {
                let holds = types::logical(&field.field_type).map_err(|refusal| {
                    let at = format!("{}.{}", self.name, field.name);
                    Finding::blocker(refusal.code, at, refusal.reason)
                })?;
                Ok(Column {
                    name: field.name.clone(),
                    holds,
                    native: types::spelled(&field.field_type),
                    nullable: !field.required,
                    comment: field.doc.clone(),
                })
            })
            .collect()
    }

    /// Its fields, in order.
    pub(super) fn fields(&self) -> impl Iterator<Item = &NestedFieldRef> {
        self.metadata.current_schema().as_struct().fields().iter()
    }

    /// Its comment.
    pub(super) fn comment(&self) -> Option<String> {
        self.metadata.properties().get(COMMENT_PROPERTY).cloned()
    }

    /// The partition column, where it is partitioned as we write: by one text column as it is.
    pub(super) fn partition_column(&self) -> Result<Option<&str>, Finding> {
        let refused = |why: &str| {
            Finding::blocker(
                "PARTITION_UNSUPPORTED",
                self.name.to_string(),
                format!("the table is partitioned {why}"),
            )
            .hint("choose a table partitioned by one text column, or another name")
        };
        match self.metadata.default_partition_spec().fields() {
            [] => Ok(None),
            [field] if field.transform == Transform::Identity => {
                let source = self.metadata.current_schema().field_by_id(field.source_id);
                match source {
                    Some(source) if is_text(source) => Ok(Some(&source.name)),
                    _ => Err(refused("by a column that is not text")),
                }
            }
            [field] => Err(refused(&format!("by {}", field.transform))),
            _ => Err(refused("by several columns")),
        }
    }

    /// What stands against writing into it.
    pub(super) fn write_findings(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        let version = self.metadata.format_version();
        if version != FormatVersion::V2 {
            let message =
                format!("the table has Iceberg's format {version}, and only v2 is written");
            findings.push(Finding::blocker(
                FORMAT_VERSION,
                self.name.to_string(),
                message,
            ));
        }
        if let Err(finding) = self.partition_column() {
            findings.push(finding);
        }
        findings
    }
}

/// The load that made a snapshot.
fn load_of(snapshot: &SnapshotRef) -> Option<&str> {
    let entries = &snapshot.summary().additional_properties;
    entries.get(LOAD_SUMMARY).map(String::as_str)
}

fn loads(metadata: &TableMetadata) -> impl Iterator<Item = (&str, i64)> {
    let text = metadata.properties().get(LOADS_PROPERTY);
    text.into_iter()
        .flat_map(|text| text.split(' '))
        .filter_map(|entry| {
            let (load, snapshot) = entry.rsplit_once('=')?;
            Some((load, snapshot.parse().ok()?))
        })
}

/// The property that remembers `load` beside those that `metadata` remembers.
pub(super) fn remembering(
    metadata: &TableMetadata,
    load: &LoadId,
    snapshot: i64,
) -> HashMap<String, String> {
    let mut entries: Vec<String> = loads(metadata)
        .map(|(load, snapshot)| format!("{load}={snapshot}"))
        .collect();
    entries.push(format!("{load}={snapshot}"));
    let surplus = entries.len().saturating_sub(LOADS_KEPT);
    HashMap::from([(LOADS_PROPERTY.to_owned(), entries[surplus..].join(" "))])
}

/// The metadata of a table that is not there yet, without a snapshot. The same `write` gives the same
/// field ids each time.
pub(super) fn new_metadata(write: &Write, location: &str) -> Result<TableMetadata> {
    let name = &write.table.name;
    let failed = |error: iceberg::Error| bad_metadata(name, &error);
    let count = i32::try_from(write.table.columns.len())
        .map_err(|_| Error::internal("more columns than field ids"))?;
    let mut last_id = count;
    let fields = (1..).zip(&write.table.columns).map(|(id, column)| {
        let native = types::iceberg_type(&types::held(&column.holds), &mut last_id);
        field(column, id, native)
    });
    let schema = Schema::builder()
        .with_fields(fields.collect::<Vec<NestedFieldRef>>())
        .build()
        .map_err(failed)?;
    let mut spec = PartitionSpec::builder(schema.clone());
    if let Some(partition) = &write.partition {
        spec = spec
            .add_partition_field(&partition.column, &partition.column, Transform::Identity)
            .map_err(failed)?;
    }
    let built = TableMetadataBuilder::new(
        schema,
        spec.build().map_err(failed)?,
        SortOrder::unsorted_order(),
        location.to_owned(),
        FormatVersion::V2,
        properties(write),
    );
    Ok(built
        .and_then(TableMetadataBuilder::build)
        .map_err(failed)?
        .metadata)
}

/// The field of a column.
pub(super) fn field(column: &Column, id: i32, native: Type) -> NestedFieldRef {
    let field = NestedField::new(id, &column.name, native, !column.nullable);
    match &column.comment {
        Some(comment) => field.with_doc(comment).into(),
        None => field.into(),
    }
}

/// What a table of ours is set to.
pub(super) fn properties(write: &Write) -> HashMap<String, String> {
    let mut properties = HashMap::from([
        ("write.format.default".to_owned(), "parquet".to_owned()),
        (
            "write.metadata.previous-versions-max".to_owned(),
            METADATA_FILES_KEPT.to_owned(),
        ),
        (
            "write.metadata.delete-after-commit.enabled".to_owned(),
            "true".to_owned(),
        ),
    ]);
    if let Some(comment) = &write.table.comment {
        properties.insert(COMMENT_PROPERTY.to_owned(), comment.clone());
    }
    properties
}

/// The table's own fields for the columns of a load, in the load's order; an error where the table is
/// not one that takes these columns.
pub(super) fn fields_for(metadata: &TableMetadata, write: &Write) -> Result<Vec<NestedFieldRef>> {
    let name = &write.table.name;
    let schema = metadata.current_schema();
    let fields = write.table.columns.iter().map(|column| {
        let field = schema
            .as_struct()
            .field_by_name(&column.name)
            .ok_or_else(|| changed(name, format!("has no column {:?}", column.name)))?;
        let holds = types::logical(&field.field_type).ok();
        let written = types::iceberg_type(&types::held(&column.holds), &mut 0);
        if holds.as_ref() != Some(&types::held(&column.holds))
            || types::spelled(&field.field_type) != types::spelled(&written)
        {
            let is = types::spelled(&field.field_type);
            return Err(changed(
                name,
                format!("has column {:?} as {is}", column.name),
            ));
        }
        Ok(field.clone())
    });
    let fields = fields.collect::<Result<Vec<_>>>()?;
    let missing = schema
        .as_struct()
        .fields()
        .iter()
        .find(|field| field.required && !fields.iter().any(|written| written.id == field.id));
    match missing {
        Some(field) => Err(changed(
            name,
            format!(
                "wants a value in column {:?}, which this load does not write",
                field.name
            ),
        )),
        None => Ok(fields),
    }
}

/// Checks that the table is partitioned as the load writes.
pub(super) fn check_partition(table: &Table, write: &Write) -> Result<()> {
    let anew = write.change == TableChange::Recreate;
    // However it is partitioned, that goes with the table.
    let mut against = table.write_findings().into_iter();
    let against = against.find(|finding| !anew || finding.code == FORMAT_VERSION);
    if let Some(finding) = against {
        return Err(changed(&table.name, finding.message));
    }
    if anew {
        return Ok(());
    }
    let has = table.partition_column().ok().flatten();
    let wants = write
        .partition
        .as_ref()
        .map(|partition| partition.column.as_str());
    if has == wants {
        return Ok(());
    }
    let words = |column: Option<&str>| column.map_or("no column".to_owned(), |c| format!("{c:?}"));
    Err(changed(
        &table.name,
        format!(
            "is partitioned by {}, the load by {}",
            words(has),
            words(wants)
        ),
    ))
}

/// A table that is not, or no longer, what the plan says.
pub(super) fn changed(table: &TableName, how: impl Display) -> Error {
    Error::new(
        ErrorKind::Conflict,
        "TABLE_CHANGED",
        format!("table {table} is not as planned: it {how}"),
    )
    .hint("plan again and compare")
}

/// Metadata that the library does not take, or could not write.
pub(super) fn bad_metadata(table: &TableName, error: &iceberg::Error) -> Error {
    if let Some(cause) = disk_failure(error.message()) {
        let place = PathBuf::from(table.to_string());
        return io_error("write the metadata of", &place, cause);
    }
    Error::new(
        ErrorKind::Data,
        "BAD_METADATA",
        format!(
            "could not use the metadata of table {table}: {}",
            error.message()
        ),
    )
}

/// The library tells a failure of the disk in words alone: `… No space left on device (os error 28)`.
fn disk_failure(message: &str) -> Option<io::Error> {
    let (_, code) = message.strip_suffix(')')?.rsplit_once("(os error ")?;
    let cause = io::Error::from_raw_os_error(code.parse().ok()?);
    let of_the_disk = matches!(
        cause.kind(),
        io::ErrorKind::StorageFull
            | io::ErrorKind::QuotaExceeded
            | io::ErrorKind::FileTooLarge
            | io::ErrorKind::ReadOnlyFilesystem
    );
    of_the_disk.then_some(cause)
}

fn is_text(field: &NestedField) -> bool {
    *field.field_type == Type::Primitive(iceberg::spec::PrimitiveType::String)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_named_though_the_library_tells_it_in_words() {
        let code_of = |words: String| {
            let error = iceberg::Error::new(iceberg::ErrorKind::Unexpected, words);
            bad_metadata(&TableName::new("shop", "orders"), &error).code
        };
        let full = io::Error::from_raw_os_error(28);
        assert_eq!(
            code_of(format!("Failed to write to file: {full}")),
            "DISK_FULL"
        );
        let missing = io::Error::from_raw_os_error(2);
        assert_eq!(
            code_of(format!("Failed to read file: {missing}")),
            "BAD_METADATA"
        );
        assert_eq!(
            code_of("no such schema (os error x)".to_owned()),
            "BAD_METADATA"
        );
    }
}
