//! What an attempt rejected, row by row: the file is in the folder of the server that ran it.

use model::run::RejectedRow;
use model::{Error, ErrorKind, ObjectId, Result, RunId};

use super::{find, log};
use crate::access::rights::{Caller, Right};
use crate::installation::Service;
use crate::journal::StoreJournal;
use crate::runs;

/// A part of what an attempt rejected.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rejected {
    /// How many rows were rejected.
    pub rejected: u64,
    /// How many of them were kept: fewer only where so many were rejected that the table failed.
    pub kept: u64,
    /// The rows from the place that was asked for, at most as many as were asked for.
    pub rows: Vec<RejectedRow>,
}

/// What an attempt rejected, from the row `skip` (from 0) on, at most `limit`; of the last attempt where none is
/// named. Holds values of the source's rows.
pub async fn rejected(
    service: &Service,
    caller: &Caller,
    (project, id): (&ObjectId, i64),
    attempt: Option<i64>,
    (skip, limit): (u64, u32),
) -> Result<Rejected> {
    caller.may(Some(project.as_str()), Right::ViewProject)?;
    caller.may(Some(project.as_str()), Right::SeeRejectedRows)?;
    let instance = find(service, project, id).await?;
    let store = service.store();
    let wanted = attempt.unwrap_or(instance.attempts);
    let attempts = store.attempts(id).await?;
    let attempt = attempts.into_iter().find(|one| one.number == wanted);
    let Some((run, server)) = attempt.and_then(|one| Some((one.run?, one.server))) else {
        return Ok(Rejected::default());
    };
    let run = RunId::new(run);
    let Some(record) = store.run(&run).await? else {
        return Ok(Rejected::default());
    };
    let mut kept = runs::kept(&StoreJournal(store.clone()), &run).await?;
    // A run may carry several instances: each has its own table.
    if let (Some(plan), Some(table)) = (&record.plan, log::table_of(service, &instance).await?) {
        kept.retain(|kept| {
            let mut of_plan = plan.pipelines.iter();
            of_plan.any(|one| one.id == kept.pipeline && one.scan.table.to_string() == table)
        });
    }
    let told = (
        kept.iter().map(|table| table.rejected).sum(),
        kept.iter().map(engine::KeptTable::kept).sum(),
    );
    let folder = store.rejected_folder(&run);
    let is_elsewhere = told.1 > 0 && !folder.exists();
    if is_elsewhere {
        let message = format!("the rows are in the data folder of the server {server}");
        return Err(
            Error::new(ErrorKind::NotFound, "ON_ANOTHER_SERVER", message).hint("ask that server"),
        );
    }
    let limit = u64::from(limit);
    let rows = tokio::task::spawn_blocking(move || runs::rows_of(&folder, &kept, skip, limit));
    Ok(Rejected {
        rejected: told.0,
        kept: told.1,
        rows: rows.await.map_err(runs::not_read)??,
    })
}
