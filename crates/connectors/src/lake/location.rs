//! Where things lie in a warehouse, as a path for us and as an address for everybody. Refuses what
//! other tools cannot open; never escapes anything, for readers differ in what they undo.

use std::path::{Component, Path, PathBuf};

use model::{Error, ErrorKind, LoadId, Result, TableName};

/// The code of a path that other tools cannot open.
pub(super) const PATH_UNSUPPORTED: &str = "PATH_UNSUPPORTED";

const CATALOG: &str = "catalog.db";
const SCHEME: &str = "file://";
const LONGEST_NAME_BYTES: usize = 255;

/// A warehouse's folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Warehouse {
    root: PathBuf,
    address: String,
}

impl Warehouse {
    /// The warehouse at `path`, seen from `base`. Touches nothing.
    pub(super) fn new(path: &str, base: &Path) -> Result<Self> {
        let joined = std::path::absolute(base.join(path)).map_err(|error| {
            Error::new(
                ErrorKind::Config,
                "BAD_PATH",
                "could not resolve the lake's path",
            )
            .caused_by(error)
        })?;
        let root = resolved(&joined);
        let Some(text) = root.to_str() else {
            return Err(unsupported(&root.to_string_lossy(), "is not UTF-8"));
        };
        if let Some(forbidden) = forbidden_character(text) {
            return Err(unsupported(text, &format!("has {forbidden:?} in it")));
        }
        let address = format!("{SCHEME}{text}");
        Ok(Self { root, address })
    }

    /// Its address: two paths to the same folder have the same.
    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// Its folder.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Its catalog.
    pub(super) fn catalog(&self) -> PathBuf {
        self.root.join(CATALOG)
    }

    /// The address of the table's folder.
    pub(super) fn table(&self, table: &TableName) -> Result<String> {
        for name in [&table.schema, &table.table] {
            check_name(name)?;
        }
        if table.schema == CATALOG {
            return Err(illegal_name(&table.schema, "is the catalog's own"));
        }
        Ok(format!("{}/{}/{}", self.address, table.schema, table.table))
    }
}

/// The folder of a load's data files within its table's folder.
pub(super) fn data_folder(table: &str, load: &LoadId) -> String {
    format!("{table}/data/{load}")
}

/// The folder of metadata within a table's folder.
pub(super) fn metadata_folder(table: &str) -> String {
    format!("{table}/metadata")
}

/// The local path behind an address: `file:///a`, `file:/a` and `/a` are the same.
pub(super) fn local_path(address: &str) -> Result<PathBuf> {
    let path = address
        .strip_prefix(SCHEME)
        .or_else(|| address.strip_prefix("file:"))
        .unwrap_or(address);
    if path.starts_with('/') {
        Ok(PathBuf::from(path))
    } else {
        Err(Error::new(
            ErrorKind::Unsupported,
            PATH_UNSUPPORTED,
            format!("{address:?} is not on the local disk"),
        ))
    }
}

/// The first character that an address cannot hold: others read `#` and `?` as the path's end, undo
/// `%20` (in a catalog's address, not in a file's), and drop control characters.
pub(super) fn forbidden_character(path: &str) -> Option<char> {
    path.chars()
        .find(|c| matches!(c, '#' | '?' | '%') || c.is_control())
}

fn check_name(name: &str) -> Result<()> {
    if name.is_empty() || name == "." || name == ".." {
        return Err(illegal_name(name, "cannot be a folder"));
    }
    if let Some(forbidden) = forbidden_character(name) {
        return Err(illegal_name(name, &format!("has {forbidden:?} in it")));
    }
    if let Some(forbidden) = name.chars().find(|c| matches!(c, '/' | '\\')) {
        return Err(illegal_name(name, &format!("has {forbidden:?} in it")));
    }
    if name.len() > LONGEST_NAME_BYTES {
        return Err(illegal_name(name, "is longer than a folder's name may be"));
    }
    Ok(())
}

fn illegal_name(name: &str, why: &str) -> Error {
    let name = model::table::escape_controls(name);
    Error::new(
        ErrorKind::Config,
        PATH_UNSUPPORTED,
        format!("the name \"{name}\" {why}"),
    )
    .hint("rename it by a rule under names")
}

fn unsupported(path: &str, why: &str) -> Error {
    let path = model::table::escape_controls(path);
    Error::new(
        ErrorKind::Config,
        PATH_UNSUPPORTED,
        format!("the lake's path \"{path}\" {why}: other tools could not open its files"),
    )
    .hint("choose a folder without #, ?, % and control characters in its path")
}

/// The path with links, `.` and `..` resolved as far as it exists, and by its text from there on.
fn resolved(path: &Path) -> PathBuf {
    if let Ok(real) = path.canonicalize() {
        return real;
    }
    match (path.parent(), path.components().next_back()) {
        (Some(parent), Some(Component::Normal(name))) => resolved(parent).join(name),
        (Some(parent), Some(Component::ParentDir)) => {
            let mut above = resolved(parent);
            above.pop();
            above
        }
        (Some(parent), _) => resolved(parent),
        (None, _) => path.to_path_buf(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, expected: &str) {
        let outcome = Warehouse::new(path, Path::new("/nowhere/base"));
        let shown = match outcome {
            Ok(warehouse) => warehouse.address,
            Err(error) => error.code.to_owned(),
        };
        assert_eq!(shown, expected);
    }

    #[test]
    fn a_path_becomes_absolute_and_plain() {
        check("./lake", "file:///nowhere/base/lake");
        check("../a/./b/../c", "file:///nowhere/a/c");
        check("/nowhere/lake", "file:///nowhere/lake");
        check("a b ü", "file:///nowhere/base/a b ü");
    }

    #[test]
    fn a_path_that_others_cannot_open_is_refused() {
        for path in ["a#b", "a?b", "a%20b", "a\tb", "a\nb"] {
            check(path, PATH_UNSUPPORTED);
        }
    }

    #[test]
    fn a_table_stays_in_its_folder() {
        let warehouse = Warehouse::new("/nowhere", Path::new("/")).unwrap();
        let address = |schema: &str, table: &str| warehouse.table(&TableName::new(schema, table));
        assert_eq!(address("s", "t").unwrap(), "file:///nowhere/s/t");
        for (schema, table) in [
            ("..", "t"),
            ("s", ".."),
            ("s", ""),
            ("s", "a/b"),
            ("s", "a#b"),
            ("catalog.db", "t"),
        ] {
            assert_eq!(address(schema, table).unwrap_err().code, PATH_UNSUPPORTED);
        }
    }

    #[test]
    fn addresses_of_any_form_become_paths() {
        for address in ["file:///a/b c", "file:/a/b c", "/a/b c"] {
            assert_eq!(local_path(address).unwrap(), Path::new("/a/b c"));
        }
        assert!(local_path("s3://bucket/a").is_err());
    }
}
