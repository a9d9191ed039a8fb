//! Where things stand under the root, and which names may become folders. Every path below the root
//! is made here, from names that were checked here.

use std::fs;
use std::path::{Path, PathBuf};

use formats::disk::{io_error, sync_folder};
use model::plan::{Partition, Write};
use model::{Error, ErrorKind, LoadId, Result, Side};

/// The name of the manifest in a table's or partition's folder.
pub(super) const MANIFEST: &str = "_godwit.json";

/// The folder that holds one folder per table, and `.staging` for everything not yet or no longer
/// visible.
#[derive(Debug, Clone)]
pub(super) struct Root(pub(super) PathBuf);

impl Root {
    pub(super) fn table(&self, target: &Target) -> PathBuf {
        self.0.join(&target.table)
    }

    /// The folder that a load replaces: the table's, or the partition's.
    pub(super) fn unit(&self, target: &Target) -> PathBuf {
        match &target.partition {
            Some(partition) => self.table(target).join(partition),
            None => self.table(target),
        }
    }

    pub(super) fn staging(&self) -> PathBuf {
        self.0.join(".staging")
    }

    /// Everything of one load.
    pub(super) fn load(&self, load: &LoadId) -> PathBuf {
        self.staging().join(load.as_str())
    }

    /// Where a load's writers put their files.
    pub(super) fn written(&self, load: &LoadId) -> PathBuf {
        self.load(load).join("files")
    }

    /// The folder that is exchanged with the live one: complete before, the old rows after.
    pub(super) fn sibling(&self, load: &LoadId) -> PathBuf {
        self.load(load).join("sibling")
    }

    pub(super) fn lock(&self, target: &Target) -> PathBuf {
        self.staging().join(".locks").join(&target.table)
    }

    /// Says that a load may not be published any more.
    pub(super) fn tombstone(&self, load: &LoadId) -> PathBuf {
        self.staging().join(".aborted").join(load.as_str())
    }

    /// Where replaced folders wait for the end of their grace.
    pub(super) fn replaced(&self) -> PathBuf {
        self.staging().join(".replaced")
    }
}

/// What a load is published to; its parts are safe as names of folders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) table: String,
    /// `ds=20230330`, where the table is partitioned.
    pub(super) partition: Option<String>,
}

impl Target {
    pub(super) fn of(write: &Write) -> Result<Self> {
        let table = &write.table.name.table;
        check_name(table)?;
        let partition = write.partition.as_ref().map(folder_of).transpose()?;
        Ok(Self {
            table: table.clone(),
            partition,
        })
    }

    /// For people and receipts: `orders/ds=20230330`.
    pub(super) fn display(&self) -> String {
        match &self.partition {
            Some(partition) => format!("{}/{partition}", self.table),
            None => self.table.clone(),
        }
    }
}

/// A table's name must be the name of one visible folder, whatever a planner made of it.
pub(super) fn check_name(table: &str) -> Result<()> {
    let reason = if table.is_empty() {
        "it is empty"
    } else if table.starts_with('.') {
        "it begins with a dot"
    } else if table.contains(['/', '\\']) {
        "it holds a slash"
    } else if table.chars().any(char::is_control) {
        "it holds a control character"
    } else if table.len() > 255 {
        "it is longer than 255 bytes"
    } else {
        return Ok(());
    };
    let message = format!("table {table:?} cannot be a folder: {reason}");
    Err(illegal(message).hint("add a rule under migration.names"))
}

pub(super) fn check_load(load: &LoadId) -> Result<()> {
    let safe = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if load.as_str().is_empty() || !load.as_str().chars().all(safe) {
        return Err(Error::internal(format!(
            "load id {:?} is no name",
            load.as_str()
        )));
    }
    Ok(())
}

/// A file's name in a folder of ours.
pub(super) fn check_file(name: &str) -> Result<()> {
    if name.starts_with(['.', '_']) || name.contains('/') || !name.ends_with(".parquet") {
        return Err(Error::internal(format!("{name:?} is no file of a load")));
    }
    Ok(())
}

fn illegal(message: String) -> Error {
    Error::new(ErrorKind::Config, "ILLEGAL_NAME", message).on(Side::Destination)
}

/// The folder of a partition as Hive spells it: `column=value`, special characters as `%XX`.
fn folder_of(partition: &Partition) -> Result<String> {
    let Partition { column, value } = partition;
    let folder = format!("{}={}", escaped(column), escaped(value));
    if column.is_empty() || value.is_empty() || column.starts_with(['.', '_']) {
        let message = format!("partition {folder:?} cannot be a folder");
        return Err(illegal(message).hint("choose another partition"));
    }
    if folder.len() > 255 {
        let message = format!("partition {folder:?} is longer than 255 bytes");
        return Err(illegal(message).hint("choose another partition"));
    }
    Ok(folder)
}

fn escaped(text: &str) -> String {
    let special = |c: char| c.is_ascii_control() || "\"#%'*/:=?\\{}[]^".contains(c);
    text.chars().fold(String::new(), |mut out, c| {
        if special(c) {
            out.push_str(&format!("%{:02X}", u32::from(c)));
        } else {
            out.push(c);
        }
        out
    })
}

/// The column of a partition's folder, none where the name is not one.
pub(super) fn partition_column(folder: &str) -> Option<String> {
    let (column, value) = folder.split_once('=')?;
    (!column.is_empty() && !value.is_empty()).then(|| unescaped(column))
}

fn unescaped(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        let code = rest.get(at + 1..at + 3);
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(byte) => {
                out.push(char::from(byte));
                rest = &rest[at + 3..];
            }
            None => {
                out.push('%');
                rest = &rest[at + 1..];
            }
        }
    }
    out + rest
}

/// Makes a folder and those above it, each name durable. It may be there already.
pub(super) fn make_folder(folder: &Path) -> Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let above = folder
        .parent()
        .filter(|above| !above.as_os_str().is_empty());
    if let Some(above) = above {
        make_folder(above)?;
    }
    match fs::create_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists && folder.is_dir() => {}
        made => made.map_err(|error| io_error("make", folder, error))?,
    }
    above.map_or(Ok(()), sync_folder)
}

/// Removes a folder with all it holds; it may be gone already.
pub(super) fn remove_folder(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        removed => removed.map_err(|error| io_error("remove", folder, error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_never_leaves_the_root() {
        for name in [
            "../../outside/evil",
            "..",
            ".",
            "",
            ".staging",
            "a/b",
            "a\\b",
            "a\0b",
            "a\nb",
            &"x".repeat(256),
        ] {
            assert_eq!(
                check_name(name).unwrap_err().code,
                "ILLEGAL_NAME",
                "{name:?}"
            );
        }
        for name in [
            "orders",
            "_orders",
            "列表",
            "a b",
            "CON",
            "x'; DROP TABLE t; --",
        ] {
            check_name(name).unwrap();
        }
    }

    fn check_partition(column: &str, value: &str, expected: &str) {
        let partition = Partition {
            column: column.to_owned(),
            value: value.to_owned(),
        };
        let folder = folder_of(&partition).unwrap();
        assert_eq!(folder, expected);
        assert_eq!(partition_column(&folder).unwrap(), column);
    }

    #[test]
    fn partitions_are_spelt_as_hive_does() {
        check_partition("ds", "20230330", "ds=20230330");
        check_partition("ds", "../../x", "ds=..%2F..%2Fx");
        check_partition("a=b%", "2023-03-30 10:00", "a%3Db%25=2023-03-30 10%3A00");
        check_partition("日", "é", "日=é");
        assert_eq!(partition_column("orders"), None);
    }
}
