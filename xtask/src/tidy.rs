//! `tidy`: every rule over the whole tree; each thing that is not as it should be is one line.

use std::path::Path;

use crate::Outcome;
use crate::codes;
use crate::rules;
use crate::tree;

pub(crate) fn run(root: &Path) -> Outcome {
    let sources = tree::sources(root);
    let manifests = tree::manifests(root);
    let lock = std::fs::read_to_string(root.join("Cargo.lock")).unwrap_or_default();
    let ids = rules::connector_ids(&sources);
    let mut wrong = Vec::new();
    for manifest in &manifests {
        wrong.extend(rules::arrows(manifest));
    }
    for source in &sources {
        wrong.extend(rules::opens_with_its_purpose(source));
        wrong.extend(rules::is_short(source));
        wrong.extend(rules::is_named_by_what_it_knows(source));
        wrong.extend(rules::promises_have_numbers(source));
        wrong.extend(rules::names_no_connector(source, &ids));
        wrong.extend(rules::leaves_the_engine_alone(source));
    }
    for source in &tree::page(root) {
        wrong.extend(rules::names_no_connector(source, &ids));
    }
    wrong.extend(rules::one_arrow(&lock));
    let text = |page: &str| std::fs::read_to_string(root.join(page)).unwrap_or_default();
    let page = text(codes::PAGE);
    wrong.extend(codes::differences(&sources, &page));
    wrong.extend(codes::translated(&page, &text(codes::CHINESE)));
    if sources.is_empty() || lock.is_empty() {
        wrong.push("the tree was not found".to_owned());
    }
    if wrong.is_empty() {
        Ok(format!(
            "tidy: {} files of {} crates",
            sources.len(),
            manifests.len()
        ))
    } else {
        Err(wrong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tree_is_tidy() {
        if let Err(wrong) = run(&crate::root()) {
            panic!("{}", wrong.join("\n"));
        }
    }
}
