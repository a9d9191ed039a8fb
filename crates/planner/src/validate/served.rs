//! What the file may say and this version does not do yet: refused, never ignored.

use model::Finding;
use model::migration::{MigrationSpec, OnLostSnapshot};

pub(super) fn check(spec: &MigrationSpec, findings: &mut Vec<Finding>) {
    let mut refuse = |at: String, what: &str, instead: &str| {
        let message = format!("{what} is not served by this version yet");
        let finding = Finding::blocker("NOT_SERVED_YET", format!("migration.{at}"), message);
        findings.push(finding.hint(instead));
    };
    for (unserved, at, what, instead) in words(spec) {
        if unserved {
            refuse(at.to_owned(), what, instead);
        }
    }
}

type Word = (bool, &'static str, &'static str, &'static str);

fn words(spec: &MigrationSpec) -> Vec<Word> {
    vec![(
        spec.on_lost_snapshot == OnLostSnapshot::RestartAll,
        "on-lost-snapshot",
        "restart-all",
        "write restart-unfinished or fail",
    )]
}
