//! `rows`: which numbered requirements have a test that begins with their id (`r2_07_…`).

use std::collections::BTreeMap;
use std::path::Path;

use crate::Outcome;
use crate::tree;

pub(crate) fn run(root: &Path) -> Outcome {
    let path = root.join("docs/requirements.md");
    let text = std::fs::read_to_string(&path)
        .map_err(|cause| vec![format!("{}: {cause}", path.display())])?;
    let ids = ids(&text);
    if ids.is_empty() {
        return Err(vec![format!("{}: no numbered rows", path.display())]);
    }
    let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut python = Vec::new();
    tree::walk(&root.join("testbed"), "py", &mut python);
    let python = python.into_iter().filter_map(|path| {
        let text = std::fs::read_to_string(&path).ok()?;
        Some((path.strip_prefix(root).ok()?.display().to_string(), text))
    });
    let rust = tree::sources(root)
        .into_iter()
        .map(|file| (file.path, file.text));
    for (path, text) in rust.chain(python) {
        for id in tested(&text) {
            places.entry(id).or_default().push(path.clone());
        }
    }
    Ok(report(&ids, &places))
}

fn report(ids: &[String], places: &BTreeMap<String, Vec<String>>) -> String {
    let mut out = String::new();
    let mut done = 0;
    for id in ids {
        let found = places.get(id);
        done += usize::from(found.is_some());
        let shown = found.map_or("-".to_owned(), |paths| {
            let mut paths = paths.clone();
            paths.dedup();
            paths.join(", ")
        });
        out.push_str(&format!("{id}  {shown}\n"));
    }
    out.push_str(&format!("{done} of {} rows have a test\n", ids.len()));
    out
}

/// `R2.07` of each table row that begins with an id.
fn ids(text: &str) -> Vec<String> {
    let first_cells = text
        .lines()
        .filter_map(|line| line.strip_prefix("| R")?.split(' ').next());
    first_cells
        .filter(|id| id.chars().all(|c| c.is_ascii_digit() || c == '.'))
        .map(|id| format!("R{id}"))
        .collect()
}

/// The ids that functions of this text are named after.
fn tested(text: &str) -> Vec<String> {
    let names = text.lines().filter_map(|line| {
        let line = line.trim_start().trim_start_matches("async ");
        let name = line
            .strip_prefix("fn ")
            .or_else(|| line.strip_prefix("def "))?;
        Some(name.trim_start_matches("test_"))
    });
    names.filter_map(id_of).collect()
}

fn id_of(name: &str) -> Option<String> {
    let mut parts = name.strip_prefix('r')?.splitn(3, '_');
    let (chapter, row, rest) = (parts.next()?, parts.next()?, parts.next()?);
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (digits(chapter) && digits(row) && !rest.is_empty()).then(|| format!("R{chapter}.{row}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_and_tests_find_each_other() {
        assert_eq!(
            ids("| id | requirement |\n| R2.07 | zones |\nR9.99\n"),
            ["R2.07"]
        );
        let tests = "    fn r2_07_all_zones() {}\nasync fn r10_1_b() {}\nfn read_me() {}\ndef test_r3_02_a():\n";
        assert_eq!(tested(tests), ["R2.07", "R10.1", "R3.02"]);
        let places = BTreeMap::from([("R2.07".to_owned(), vec!["a.rs".to_owned(); 2])]);
        let report = report(&["R2.07".to_owned(), "R2.08".to_owned()], &places);
        assert_eq!(report, "R2.07  a.rs\nR2.08  -\n1 of 2 rows have a test\n");
    }
}
