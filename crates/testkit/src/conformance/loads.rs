//! Single loads without faults: what stands staged, and keys that come twice.

use contract::{
    BatchLimits, CancellationToken, Destination, Manifest, Meter, Rejected, Staging, TaskContext,
    WriteBudget,
};
use futures::StreamExt;
use model::migration::LoadingPolicy;
use model::{LoadId, PipelineId, Result, RunId, SplitId, TableName};

use super::{Load, Subject, load, new_rows, old_rows, prepare_old, source};
use crate::faults::FaultPlan;
use crate::memory_destination::{Rows, batch_of, rows_of};
use crate::plans::pipeline;

/// Two rows of one key in one load: with `update` nobody can say which one counts, so the load is
/// refused and what is there stays.
pub async fn a_key_that_comes_twice_is_refused(subject: &dyn Subject) {
    if let Err(wrong) = prepare_old(subject).await {
        panic!("{wrong}");
    }
    let policy = LoadingPolicy::Update;
    let mut rows = new_rows(policy);
    let (key, _) = rows[0];
    rows.push((key, format!("another {key}")));
    let twice = Load {
        rows,
        rejects: false,
        policy,
        run: "twice",
        notes: &subject.notes().await,
        faults: &FaultPlan::none(),
    };
    let report = load(subject, twice).await;
    let report = report.unwrap_or_else(|wrong| panic!("{wrong}"));
    let code = report.tables[0].code.as_deref();
    assert_eq!(code, Some("UPDATE_KEY_TWICE"), "{report:?}");
    let table = subject.target();
    assert_eq!(subject.read(&table).await, Some(old_rows()));
    let leftovers = subject.leftovers(&table).await;
    assert!(leftovers.is_empty(), "{leftovers:?} left over");
}

/// What stands staged is read back as it was handed to the writers: each row once, from as many
/// writers as there were, and nothing of it once the load is given up.
pub async fn what_stands_staged_is_read_back(subject: &dyn Subject) {
    subject.reset().await;
    let (source, table) = (source(), subject.target());
    let policy = LoadingPolicy::Append;
    let write = pipeline(&source, &table, policy, subject.connector()).write;
    let destination = subject.open().await;
    let load = LoadId::of(&RunId::new("staged"), &PipelineId::new("t"), 1);
    let staging = must(destination.stage(&write, &load));
    must(destination.prepare(&staging).await);
    let mut manifests = Vec::new();
    let new = new_rows(policy);
    for (index, rows) in new.chunks(20).enumerate() {
        let task = task(index, &source);
        let mut writer = must(destination.writer(&staging, &task).await);
        for rows in rows.chunks(7) {
            must(writer.write(batch_of(rows)).await);
        }
        let part = must(writer.finish().await);
        manifests.push(Manifest {
            split: task.split,
            attempt: 1,
            read: part.written,
            rejected: 0,
            filtered: 0,
            part,
        });
    }
    let staged = staged_rows(destination.as_ref(), &staging, &manifests).await;
    assert_eq!(must(staged), new);
    // Where all parts stand in one table, others than those asked for are refused, not read along.
    match staged_rows(destination.as_ref(), &staging, &manifests[..1]).await {
        Ok(one) => assert_eq!(one, new[..20], "rows of another manifest"),
        Err(error) => assert_eq!(error.code, "COUNTS_DIFFER", "{error}"),
    }
    must(destination.abort(&staging).await);
    assert_eq!(subject.read(&table).await, None);
}

fn task(index: usize, table: &TableName) -> TaskContext {
    let split = SplitId::new(format!("{index:05}"));
    TaskContext {
        rejected: Rejected::new(table, &split),
        split,
        attempt: 1,
        cancel: CancellationToken::new(),
        meter: Meter::default(),
        budget: WriteBudget::new(1 << 30),
        limits: BatchLimits::default(),
    }
}

async fn staged_rows(
    destination: &dyn Destination,
    staging: &Staging,
    manifests: &[Manifest],
) -> Result<Rows> {
    let mut rows = Rows::new();
    for mut stream in destination.read_staged(staging, manifests).await? {
        while let Some(batch) = stream.next().await {
            rows.extend(rows_of(&batch?));
        }
    }
    rows.sort();
    Ok(rows)
}

fn must<T>(result: Result<T>) -> T {
    result.unwrap_or_else(|error| panic!("a destination without faults fails: {error}"))
}
