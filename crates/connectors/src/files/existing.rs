//! What stands at a table's place already: read from the newest file's footer and the manifest.

use std::fs;
use std::path::{Path, PathBuf};

use contract::ExistingTable;
use formats::parquet::read_footer;
use model::plan::Column;
use model::{Finding, LogicalType, Result, TableName};

use super::layout::{MANIFEST, Root, Target, check_name, partition_column};
use super::manifest::{LiveManifest, names, strangers};
use super::publish::{foreign, refuse_other_than_folder};
use super::types::{logical, native};

/// What is there, none where there is no folder or an empty one. Blocking.
pub(super) fn describe(root: &Root, table: &TableName) -> Result<Option<ExistingTable>> {
    check_name(&table.table)?;
    let target = Target {
        table: table.table.clone(),
        partition: None,
    };
    let folder = root.table(&target);
    refuse_other_than_folder(&folder)?;
    let entries = names(&folder)?;
    if entries.is_empty() {
        return Ok(None);
    }
    let mut found = Found::default();
    let units = Units::of(&folder)?;
    for unit in &units.folders {
        found.unit(unit)?;
    }
    if !units.others.is_empty() {
        found.foreign(&folder, &units.others);
    }
    if units.columns.len() > 1 {
        found.foreign(&folder, &units.columns);
    }
    let column = units.columns.into_iter().next();
    found.describe(table, column).map(Some)
}

/// What a table's folder is made of.
#[derive(Debug, Default)]
pub(super) struct Units {
    /// The folders that each have a manifest: the table's own, or those of its partitions.
    pub(super) folders: Vec<PathBuf>,
    /// The partition columns in their names.
    columns: Vec<String>,
    /// Whatever else stands in a partitioned table's folder.
    others: Vec<String>,
}

impl Units {
    /// Of a table's folder; none where it is not there. Blocking.
    pub(super) fn of(folder: &Path) -> Result<Self> {
        let mut units = Self::default();
        let entries = names(folder)?;
        if entries.contains(MANIFEST) {
            units.folders.push(folder.to_owned());
            return Ok(units);
        }
        for name in entries {
            match partition_column(&name) {
                Some(column) if folder.join(&name).is_dir() => {
                    units.folders.push(folder.join(&name));
                    units.columns.push(column);
                }
                _ => units.others.push(name),
            }
        }
        units.columns.dedup();
        Ok(units)
    }

    /// Where something stands that no manifest of ours names, and what; none where all of it is ours.
    pub(super) fn foreign(&self, folder: &Path) -> Result<Option<(PathBuf, Vec<String>)>> {
        if !self.others.is_empty() {
            return Ok(Some((folder.to_owned(), self.others.clone())));
        }
        for unit in &self.folders {
            let strange = strangers(unit, LiveManifest::read(unit)?.as_ref())?;
            if !strange.is_empty() {
                return Ok(Some((unit.clone(), strange)));
            }
        }
        Ok(None)
    }
}

#[derive(Default)]
struct Found {
    newest: Option<(std::time::SystemTime, PathBuf, LiveManifest)>,
    findings: Vec<Finding>,
}

impl Found {
    /// A folder with a manifest, or with nothing but strangers.
    fn unit(&mut self, folder: &Path) -> Result<()> {
        let manifest = LiveManifest::read(folder)?;
        let strange = strangers(folder, manifest.as_ref())?;
        if !strange.is_empty() {
            self.foreign(folder, &strange);
        }
        let Some(manifest) = manifest else {
            return Ok(());
        };
        let made_at = fs::metadata(folder.join(MANIFEST))
            .and_then(|metadata| metadata.modified())
            .map_err(|error| formats::disk::io_error("look at", folder, error))?;
        if self
            .newest
            .as_ref()
            .is_none_or(|(before, _, _)| *before < made_at)
        {
            self.newest = Some((made_at, folder.to_owned(), manifest));
        }
        Ok(())
    }

    fn foreign(&mut self, folder: &Path, names: &[String]) {
        let error = foreign(folder, names);
        self.findings.push(Finding::of_error(&error, String::new()));
    }

    fn describe(mut self, table: &TableName, partition: Option<String>) -> Result<ExistingTable> {
        let at = table.to_string();
        let mut columns = Vec::new();
        if let Some((_, folder, manifest)) = self.newest.take()
            && let Some(file) = manifest.files.last()
        {
            let columns_of_file = self.columns(&folder.join(&file.name), &manifest);
            columns = columns_of_file.map_err(|error| match error.code {
                "NOT_FOUND" => error.hint(
                    "bring the file back, or move the table's folder away and load the whole table",
                ),
                _ => error,
            })?;
        }
        columns.extend(partition.as_ref().map(|name| Column {
            name: name.clone(),
            native: native(&LogicalType::TEXT),
            holds: LogicalType::TEXT,
            nullable: false,
            comment: None,
        }));
        for finding in &mut self.findings {
            finding.at.clone_from(&at);
        }
        Ok(ExistingTable {
            columns,
            partition_column: partition,
            findings: self.findings,
        })
    }

    fn columns(&mut self, file: &Path, manifest: &LiveManifest) -> Result<Vec<Column>> {
        let schema = read_footer(file)?.schema()?;
        let mut columns = Vec::with_capacity(schema.fields().len());
        for field in schema.fields() {
            let Some(holds) = logical(field.data_type()) else {
                let message = format!("column {:?} is {}", field.name(), field.data_type());
                self.findings
                    .push(Finding::blocker("UNKNOWN_TYPE", "", message));
                continue;
            };
            let declared = manifest
                .table
                .columns
                .iter()
                .find(|c| c.name == *field.name());
            columns.push(Column {
                name: field.name().clone(),
                native: native(&holds),
                holds,
                nullable: field.is_nullable(),
                comment: declared.and_then(|column| column.comment.clone()),
            });
        }
        Ok(columns)
    }
}
