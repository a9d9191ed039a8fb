//! The tree as the rules see it: sources and manifests of the workspace, product code apart from
//! tests.

use std::path::{Path, PathBuf};

/// One file of Rust or of the web page.
pub(crate) struct SourceFile {
    /// From the repository's root on, with forward slashes.
    pub(crate) path: String,
    pub(crate) text: String,
}

impl SourceFile {
    /// The lines before an inline `mod tests`; none where the whole file is a test.
    pub(crate) fn product(&self) -> impl Iterator<Item = (usize, &str)> {
        let limit = if self.is_test() {
            0
        } else {
            self.end_of_product()
        };
        self.text
            .lines()
            .enumerate()
            .take(limit)
            .map(|(index, line)| (index + 1, line))
    }

    fn end_of_product(&self) -> usize {
        let lines: Vec<&str> = self.text.lines().collect();
        lines
            .windows(2)
            .position(|pair| {
                pair[0].trim() == "#[cfg(test)]"
                    && pair[1].trim_start().starts_with("mod ")
                    && pair[1].trim_end().ends_with('{')
            })
            .unwrap_or(lines.len())
    }

    /// Whether all of it is a test, by its name, its folder, or the crate that it belongs to.
    pub(crate) fn is_test(&self) -> bool {
        let parts: Vec<&str> = self.path.split('/').collect();
        let name = parts.last().copied().unwrap_or_default();
        name == "tests.rs"
            || name == "fake.rs"
            || name.ends_with("_tests.rs")
            || name.ends_with(".test.ts")
            || name.ends_with(".test.tsx")
            || parts.contains(&"tests")
            || self.path.starts_with("crates/testkit/")
    }

    /// Which crate it is of: `model`, `xtask`.
    pub(crate) fn room(&self) -> &str {
        let mut parts = self.path.split('/');
        match parts.next() {
            Some("crates") => parts.next().unwrap_or_default(),
            other => other.unwrap_or_default(),
        }
    }
}

/// Every file of Rust under `crates` and `xtask`.
pub(crate) fn sources(root: &Path) -> Vec<SourceFile> {
    let mut paths = Vec::new();
    for top in ["crates", "xtask"] {
        walk(&root.join(top), "rs", &mut paths);
    }
    paths.sort();
    read(root, paths)
}

/// Every file of the web page that is written by hand.
pub(crate) fn page(root: &Path) -> Vec<SourceFile> {
    let mut paths = Vec::new();
    for extension in ["ts", "tsx"] {
        walk(&root.join("web/src"), extension, &mut paths);
    }
    paths.retain(|path| !path.ends_with("api/schema.d.ts"));
    paths.sort();
    read(root, paths)
}

/// Every Cargo.toml of a crate.
pub(crate) fn manifests(root: &Path) -> Vec<SourceFile> {
    let mut paths = Vec::new();
    for top in ["crates", "xtask"] {
        walk(&root.join(top), "toml", &mut paths);
    }
    paths.retain(|path| path.file_name().is_some_and(|name| name == "Cargo.toml"));
    paths.sort();
    read(root, paths)
}

/// Every file under `folder` that ends so.
pub(crate) fn walk(folder: &Path, extension: &str, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            if !path.ends_with("target") {
                walk(&path, extension, found);
            }
        } else if path.extension().is_some_and(|found| found == extension) {
            found.push(path);
        }
    }
}

fn read(root: &Path, paths: Vec<PathBuf>) -> Vec<SourceFile> {
    let files = paths.into_iter().filter_map(|path| {
        let text = std::fs::read_to_string(&path).ok()?;
        let path = path.strip_prefix(root).ok()?;
        let path = path.to_string_lossy().replace('\\', "/");
        Some(SourceFile { path, text })
    });
    files.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn product_code_ends_where_tests_begin() {
        let file = |path: &str| SourceFile {
            path: path.to_owned(),
            text: "//! A.\nfn a() {}\n\n#[cfg(test)]\nmod tests {\n}\n".to_owned(),
        };
        assert_eq!(file("crates/model/src/a.rs").product().count(), 3);
        assert_eq!(file("crates/model/src/tests.rs").product().count(), 0);
        assert_eq!(file("crates/testkit/src/a.rs").product().count(), 0);
        assert_eq!(file("crates/model/src/a.rs").room(), "model");
    }
}
