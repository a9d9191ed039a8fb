//! A plan that reads rejected rows again, and nothing else: each table by the keys of its rows.

use std::collections::BTreeMap;

use model::plan::{Plan, Refused};
use model::{Finding, TableName};

use crate::{plan, table};

/// The rows of one table that are read again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Again {
    /// Holds for these rows alone, in the source's own language.
    pub condition: String,
    /// How many they are.
    pub rows: u64,
}

/// Narrows `whole` to the tables of `wanted`, each to its rows; those that cannot be read again are
/// refused, others are left out. Where nothing is left to be read, the plan is blocked.
pub fn replay(whole: Plan, wanted: &BTreeMap<TableName, Result<Again, Finding>>) -> Plan {
    let mut narrowed = Plan {
        pipelines: Vec::new(),
        refused: whole.refused,
        ..whole
    };
    narrowed
        .refused
        .retain(|refused| wanted.contains_key(&refused.source));
    for mut pipeline in whole.pipelines {
        let source = &pipeline.scan.table;
        match wanted.get(source) {
            None => {}
            Some(Err(finding)) => narrowed.refused.push(Refused {
                source: source.clone(),
                destination: Some(pipeline.write.table.name),
                findings: vec![finding.clone()],
            }),
            Some(Ok(_)) if !pipeline.write.exists => {
                let there = pipeline.write.table.name;
                let message =
                    format!("{there} is not there any more: its rejected rows alone would be");
                let gone = Finding::blocker("REPLAY_STALE", source.to_string(), message)
                    .hint("run the migration again for this table");
                narrowed.refused.push(Refused {
                    source: source.clone(),
                    destination: Some(there),
                    findings: vec![gone],
                });
            }
            Some(Ok(again)) => {
                let message = format!("{} rejected rows are read again, by their keys", again.rows);
                let note = Finding::note("REPLAY", source.to_string(), message);
                pipeline.findings.push(note);
                pipeline.scan.filter = Some(again.condition.clone());
                pipeline.scan.split_by.clear();
                pipeline.scan.estimated_rows = Some(again.rows);
                pipeline.scan.estimated_bytes = None;
                pipeline.rows_before = None;
                let (scan, write) = (&pipeline.scan, &pipeline.write);
                pipeline.digest = table::digest_of(scan, &pipeline.columns, write);
                narrowed.pipelines.push(pipeline);
            }
        }
    }
    if wanted.is_empty() {
        let message = "no row is left that was rejected from a table that stands";
        let blocker = Finding::blocker("NOTHING_TO_REPLAY", "", message)
            .hint("godwit runs rejected ID tells which rows were read again, and by which run");
        narrowed.findings.push(blocker);
    }
    narrowed.digest = plan::digest_of(&narrowed);
    narrowed
}
