//! Target tables, made with their pipelines: empty, ahead of the first load.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures::StreamExt;
use model::migration::ExistingTables;
use model::plan::{Plan, Write};
use model::{Error, Finding, LoadId, PipelineId, Result, RunId, TableName};

use super::{Row, RowState, Work};
use crate::work::Teller;

/// So many tables are made at once.
const AT_ONCE: usize = 4;

/// Tables that are not there, by name, each with what is to be made.
pub(super) type NewTables = BTreeMap<TableName, (PipelineId, Write)>;

impl Work {
    /// The tables that are to be made. `existing-tables: fail` would find them, and refuse their first load.
    pub(super) fn new_tables(&self, plans: &[Plan]) -> NewTables {
        if self.destination.is_none() || self.spec.existing_tables == ExistingTables::Fail {
            return NewTables::new();
        }
        let pipelines = plans.iter().flat_map(|plan| &plan.pipelines);
        // Both parts of a method may write to one table.
        pipelines
            .filter(|pipeline| !pipeline.write.exists)
            .map(|pipeline| {
                let write = &pipeline.write;
                (
                    write.table.name.clone(),
                    (pipeline.id.clone(), write.clone()),
                )
            })
            .collect()
    }

    /// Makes those tables whose rows have pipelines; a row whose table could not be made has failed.
    pub(super) async fn make_tables(
        &self,
        mut new: NewTables,
        rows: &mut [Row],
        (teller, done, total): (&mut Teller, usize, usize),
    ) -> Result<()> {
        let Some(destination) = &self.destination else {
            return Ok(());
        };
        let with_pipeline: BTreeSet<TableName> = rows
            .iter()
            .filter(|row| row.pipeline.is_some())
            .filter_map(target)
            .collect();
        new.retain(|name, _| with_pipeline.contains(name));
        let run = RunId::generate();
        let making = new.into_iter().map(|(name, (pipeline, write))| {
            let (destination, load) = (Arc::clone(destination), LoadId::of(&run, &pipeline, 1));
            async move {
                let made = engine::make_table(&*destination, &write, &load).await;
                (name, made)
            }
        });
        let making: Vec<_> = making.collect();
        let mut making = futures::stream::iter(making).buffer_unordered(AT_ONCE);
        let mut made: BTreeMap<TableName, Result<(), Error>> = BTreeMap::new();
        while let Some((name, result)) = making.next().await {
            made.insert(name, result);
            teller.tell(done + made.len(), total).await?;
        }
        for row in rows {
            let Some(name) = target(row) else { continue };
            match made.get(&name) {
                Some(Ok(())) => {
                    let message = "the table was made, empty";
                    let note = Finding::note("TABLE_MADE", name.to_string(), message);
                    row.remarks.push(note);
                }
                Some(Err(error)) => {
                    let finding = Finding::of_error(error, name.to_string());
                    row.remarks.insert(0, finding);
                    row.state = RowState::Failed;
                }
                None => {}
            }
        }
        Ok(())
    }
}

fn target(row: &Row) -> Option<TableName> {
    row.target.as_ref().map(TableName::from)
}
