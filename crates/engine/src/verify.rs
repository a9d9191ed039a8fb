//! No proof, no commit: the account of every split, the number of rows where they stand, the limits
//! that a person set.

use std::collections::BTreeSet;

use contract::{Evidence, Manifest, Split};
use model::migration::{EmptyOverwrite, LoadingPolicy, ShrunkenLoad};
use model::plan::{Pipeline, Policy, TableChange};
use model::{Error, ErrorKind, Finding, Result, Side};

/// What a table's manifests amount to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    pub(crate) read: u64,
    pub(crate) written: u64,
    pub(crate) rejected: u64,
    pub(crate) filtered: u64,
    pub(crate) bytes: u64,
}

impl Totals {
    pub(crate) fn of(manifests: &[Manifest]) -> Self {
        manifests
            .iter()
            .fold(Self::default(), |sum, manifest| Self {
                read: sum.read + manifest.read,
                written: sum.written + manifest.part.written,
                rejected: sum.rejected + manifest.rejected,
                filtered: sum.filtered + manifest.filtered,
                bytes: sum.bytes + manifest.part.bytes,
            })
    }
}

/// Every split reported once, and each adds up.
pub(crate) fn account(splits: &[Split], manifests: &[Manifest]) -> Result<Totals> {
    let wanted: BTreeSet<_> = splits.iter().map(|split| &split.id).collect();
    let reported: BTreeSet<_> = manifests.iter().map(|manifest| &manifest.split).collect();
    if wanted != reported || manifests.len() != splits.len() {
        let message = format!("{} of {} splits reported", manifests.len(), splits.len());
        return Err(Error::new(ErrorKind::Internal, "ACCOUNT", message));
    }
    for manifest in manifests {
        if manifest.read != manifest.part.written + manifest.rejected + manifest.filtered {
            let message = format!("split {} does not add up", manifest.split);
            return Err(Error::new(ErrorKind::Internal, "ACCOUNT", message));
        }
    }
    Ok(Totals::of(manifests))
}

/// The rejected rows are within what a person allows.
pub(crate) fn rejected_within(policy: &Policy, totals: Totals) -> Result<()> {
    if policy.rejected_rows.allows(totals.rejected, totals.read) {
        return Ok(());
    }
    let limit = policy.rejected_rows.limit;
    Err(Error::new(
        ErrorKind::Data,
        "TOO_MANY_REJECTED",
        format!("{} of {} rows were rejected, {limit} are allowed", totals.rejected, totals.read),
    )
    .on(Side::Source)
    .hint("look at them with their reasons; choose another type for the column under `each`, or raise `rejected-rows`"))
}

/// What stands staged agrees with the account.
pub(crate) fn evidence_agrees(totals: Totals, evidence: Evidence) -> Result<()> {
    if evidence.rows == totals.written {
        return Ok(());
    }
    let message = format!(
        "{} rows were written, {} stand staged",
        totals.written, evidence.rows
    );
    Err(Error::new(ErrorKind::Data, "COUNTS_DIFFER", message).on(Side::Destination))
}

/// A load of the whole table that has half the rows of the last one, or fewer: a warning, or an error
/// where a person wants it so.
pub(crate) fn shrunk(
    policy: &Policy,
    pipeline: &Pipeline,
    totals: Totals,
) -> Result<Option<Finding>> {
    let table = &pipeline.scan.table;
    let Some(before) = pipeline
        .rows_before
        .filter(|before| *before > 0 && totals.read <= before / 2)
    else {
        return Ok(None);
    };
    let message = format!(
        "{table} has {} rows, the last load read {before}",
        totals.read
    );
    match policy.shrunken_load {
        ShrunkenLoad::Warn => Ok(Some(
            Finding::warning("SHRUNK", table.to_string(), message)
                .hint("to refuse such loads, say `shrunken-load: refuse`"),
        )),
        ShrunkenLoad::Refuse => Err(Error::new(ErrorKind::Data, "SHRUNK", message)
            .on(Side::Source)
            .hint("if the source really has so few rows, say `shrunken-load: warn`")),
    }
}

/// Rows are not overwritten by nothing unless a person says so. `replaced` is how many rows the commit
/// would remove, unknown counts as some.
pub(crate) fn empty_overwrite(
    policy: &Policy,
    pipeline: &Pipeline,
    totals: Totals,
    replaced: Option<u64>,
) -> Result<()> {
    let write = &pipeline.write;
    let anew = write.change == TableChange::Recreate;
    let refused = (anew || write.policy == LoadingPolicy::Overwrite)
        && policy.empty_overwrite == EmptyOverwrite::Refuse
        && write.exists
        && totals.written == 0
        && replaced != Some(0);
    if !refused {
        return Ok(());
    }
    let message = format!("{} would be overwritten by nothing", write.table.name);
    Err(Error::new(ErrorKind::Data, "EMPTY_OVERWRITE", message)
        .on(Side::Source)
        .hint("if the source really is empty, say `empty-overwrite: allow`"))
}
