//! What the migration asks of the two connectors, and what they can do.

use contract::{AnyConnector, WriteCapabilities};
use model::Finding;
use model::migration::{
    Drift, ExistingTables, IndexChoice, LoadingPolicy, MigrationSpec, TableFilter, Verify,
};

/// Whether the two connectors can do what the migration asks.
pub fn validate_against(
    spec: &MigrationSpec,
    source: &dyn AnyConnector,
    destination: &dyn AnyConnector,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    check_source(spec, source, &mut findings);
    check_destination(spec, destination, &mut findings);
    findings
}

fn unsupported(at: &str, message: String, hint: &str) -> Finding {
    Finding::blocker("UNSUPPORTED", format!("migration.{at}"), message).hint(hint)
}

fn check_source(spec: &MigrationSpec, source: &dyn AnyConnector, findings: &mut Vec<Finding>) {
    let title = source.about().title;
    let Some(read) = source.capabilities().read else {
        findings.push(unsupported(
            "source.data-source",
            format!("{title} cannot be read from"),
            "choose a data source of another type",
        ));
        return;
    };
    if !read.schemas && spec.source.schemas.len() > 1 {
        findings.push(unsupported(
            "source.schemas",
            format!("{title} has no schemas to choose several of"),
            "leave schemas out",
        ));
    }
    if read.filter {
        return;
    }
    let message = || format!("{title} takes no filter");
    if spec.filter.is_some() {
        findings.push(unsupported("filter", message(), "leave it out"));
    }
    for (index, exception) in spec.each.iter().enumerate() {
        if matches!(exception.filter, Some(TableFilter::Own(_))) {
            let at = format!("each[{index}].filter");
            findings.push(unsupported(&at, message(), "leave it out"));
        }
    }
}

fn check_destination(
    spec: &MigrationSpec,
    destination: &dyn AnyConnector,
    findings: &mut Vec<Finding>,
) {
    let title = destination.about().title;
    let Some(write) = destination.capabilities().write else {
        findings.push(unsupported(
            "destination.data-source",
            format!("{title} cannot be written to"),
            "choose a data source of another type",
        ));
        return;
    };
    let (served, policy) = match spec.destination.loading_policy {
        LoadingPolicy::Overwrite => (write.overwrite, "overwrite"),
        LoadingPolicy::Append => (write.append, "append"),
        LoadingPolicy::Update => (write.update, "update"),
    };
    if !served {
        let offered = [
            (write.overwrite, "overwrite"),
            (write.append, "append"),
            (write.update, "update"),
        ];
        let offered: Vec<&str> = offered
            .iter()
            .filter(|(can, _)| *can)
            .map(|(_, word)| *word)
            .collect();
        findings.push(unsupported(
            "destination.loading-policy",
            format!("{title} does not offer {policy}"),
            &format!("write {}", offered.join(" or ")),
        ));
    }
    if !spec.statements.is_none() && !write.statements {
        findings.push(unsupported(
            "statements",
            format!("{title} carries out no statements in the step that publishes rows"),
            "leave them out, or write to a destination that does",
        ));
    }
    if spec.destination.indexes != IndexChoice::None && !write.indexes {
        findings.push(unsupported(
            "destination.indexes",
            format!("{title} has no indexes"),
            "leave it out",
        ));
    }
    existing_tables(spec, title, write, findings);
    if spec.method.partition.is_some() && !write.partitions {
        findings.push(unsupported(
            "method.partition",
            format!("{title} has no partitioned tables"),
            "leave it out",
        ));
    }
    if spec.verify == Verify::Checksums && !write.checksums {
        findings.push(unsupported(
            "verify",
            format!("{title} does not give back what stands staged"),
            "write counts",
        ));
    }
}

/// What becomes of tables that are there is not served by every destination.
fn existing_tables(
    spec: &MigrationSpec,
    title: &str,
    write: WriteCapabilities,
    findings: &mut Vec<Finding>,
) {
    let adds = |at: &str, instead: &str| {
        let message = format!("{title} does not add columns to tables that are there");
        unsupported(at, message, instead)
    };
    if spec.existing_tables == ExistingTables::AddColumns && !write.add_columns {
        findings.push(adds("existing-tables", "write keep or fail"));
    }
    if spec.drift == Drift::AddColumns && !write.add_columns {
        findings.push(adds("drift", "write fail or ignore"));
    }
    if spec.existing_tables == ExistingTables::Recreate && write.recreate.is_none() {
        let message = format!("{title} does not make tables anew that are there");
        findings.push(unsupported(
            "existing-tables",
            message,
            "write keep or fail, or drop them at the destination",
        ));
    }
}
