//! One transaction makes a load visible: its row in the marker table, and the rows. A new table is
//! renamed; one on which nothing depends is exchanged; any other is written to row by row. So is each of
//! them while somebody holds a snapshot in which not all rows have landed.

use contract::{CommitOutcome, Manifest};
use model::migration::LoadingPolicy;
use model::{Error, ErrorKind, Result, Side};
use tokio_postgres::error::Severity;

use super::facts::Facts;
use super::in_place::InPlace;
use super::marker::{self, State};
use super::older_snapshots;
use super::sequences;
use super::sessions::{Sessions, conflict, here};
use super::staged::{Staged, parts};
use super::swap;
use crate::postgres::connect::Session;
use crate::postgres::ddl::{quote, quote_table};
use crate::postgres::errors::error_of;

/// Publishes the rows of `manifests`, or finds that it was done. The session is used up.
pub(super) async fn commit(
    sessions: &Sessions,
    session: Session,
    staged: &Staged<'_>,
    manifests: &[Manifest],
) -> CommitOutcome {
    let receipt = marker::receipt(&staged.staging.load);
    let outcome = match transaction(sessions, &session, staged, manifests).await {
        Ok(Some(State::Committed)) => CommitOutcome::Done(receipt),
        Ok(Some(State::Aborted)) => {
            let message = format!("load {} was declared as never to be", staged.staging.load);
            CommitOutcome::NotDone(conflict("LOAD_ABORTED", message))
        }
        Ok(None) => match session.client.batch_execute("COMMIT").await {
            Ok(()) => CommitOutcome::Done(receipt),
            // A refusal by the server, such as a deferred constraint, has rolled back. One that ends the
            // session may come after the transaction was made durable.
            Err(cause) if is_refusal(&cause) => CommitOutcome::NotDone(here(error_of(cause))),
            Err(cause) => CommitOutcome::Unknown(here(error_of(cause))),
        },
        // Nothing was asked to last: hanging up rolls back.
        Err(error) => {
            CommitOutcome::NotDone(error.context(format!("could not publish {}", staged.target())))
        }
    };
    session.close().await;
    outcome
}

fn is_refusal(cause: &tokio_postgres::Error) -> bool {
    cause.as_db_error().is_some_and(|server| {
        server.parsed_severity() == Some(Severity::Error) && !server.code().code().starts_with("57")
    })
}

/// Everything but the COMMIT. Says what the marker table said before, if it knew the load.
async fn transaction(
    sessions: &Sessions,
    session: &Session,
    staged: &Staged<'_>,
    manifests: &[Manifest],
) -> Result<Option<State>> {
    let seen_by_all = seen_by_all(sessions, session, staged, manifests).await?;
    run(session, "BEGIN ISOLATION LEVEL READ COMMITTED").await?;
    if let Some(state) = marker::enter(session, staged.staging, State::Committed).await? {
        return Ok(Some(state));
    }
    // Waits for parts that are still being written by somebody who is thought dead.
    let staging = quote_table(&staged.table);
    run(
        session,
        &format!("LOCK TABLE {staging} IN ACCESS EXCLUSIVE MODE"),
    )
    .await?;
    // Removed by this transaction: older snapshots see them still.
    let strays = remove_strays(session, staged, manifests).await?;
    let may_exchange = seen_by_all && strays == 0;
    if staged.write().policy == LoadingPolicy::Update {
        refuse_key_twice(session, staged).await?;
    }
    let own = &staged.write().statements;
    statements(session, &own.before, "before").await?;
    let rows = manifests.iter().map(|manifest| manifest.part.written).sum();
    let facts = Facts::of_one(session, staged.target()).await?;
    match (facts, staged.write().exists) {
        (None, false) if may_exchange => renamed(session, staged).await?,
        (None, false) => copied(session, staged, rows).await?,
        (Some(facts), true) => {
            let may_exchange = may_exchange && facts.can_be_swapped();
            existing(session, staged, may_exchange, rows).await?;
        }
        (Some(_), false) => return Err(staged.appeared()),
        (None, true) => return Err(staged.gone()),
    }
    statements(session, &own.after, "after").await?;
    Ok(None)
}

/// A person's own statements, each by itself: they last with the rows, or not at all. None may end the
/// transaction that they stand in.
async fn statements(session: &Session, statements: &[String], key: &str) -> Result<()> {
    if statements.is_empty() {
        return Ok(());
    }
    let transaction = "SELECT pg_catalog.txid_current()::text";
    let current = async || {
        let row = session.client.query_one(transaction, &[]).await;
        let row = row.map_err(|cause| here(error_of(cause)))?;
        Ok::<String, Error>(row.get(0))
    };
    let ours = current().await?;
    for (index, statement) in statements.iter().enumerate() {
        let place = format!("statements.{key}[{index}]");
        // As a prepared one: several in one text are refused by the server.
        let done = session.client.execute(statement.as_str(), &[]).await;
        done.map_err(|cause| {
            let cause = here(error_of(cause));
            let message = format!("{place}: {}", cause.message);
            Error::new(cause.kind, "STATEMENT_FAILED", message)
                .on(Side::Destination)
                .retry(cause.retry)
                .hint("nothing of this load was published; mend the statement, or the table that it is about")
        })?;
        if current().await? != ours {
            let message = format!("{place} ended the transaction that publishes the rows");
            return Err(conflict("STATEMENT_OF_TRANSACTION", message));
        }
    }
    Ok(())
}

/// Whether a table whose rows were staged can be shown to everybody at once: an exchange needs it, rows
/// that this transaction brings do not.
async fn seen_by_all(
    sessions: &Sessions,
    session: &Session,
    staged: &Staged<'_>,
    manifests: &[Manifest],
) -> Result<bool> {
    let write = staged.write();
    if write.exists {
        if write.policy != LoadingPolicy::Overwrite {
            return Ok(false);
        }
        let facts = Facts::of_one(session, staged.target()).await?;
        if !facts.is_some_and(|facts| facts.can_be_swapped()) {
            return Ok(false);
        }
    }
    let parts = parts(manifests)?;
    older_snapshots::are_gone(session, &parts, sessions.patience, &sessions.in_vain).await
}

/// Rows of an attempt that counted as failed and was committed all the same. Without a second attempt
/// there are none.
async fn remove_strays(
    session: &Session,
    staged: &Staged<'_>,
    manifests: &[Manifest],
) -> Result<u64> {
    if manifests.iter().all(|manifest| manifest.attempt == 1) {
        return Ok(0);
    }
    let named = parts(manifests)?;
    let statement = format!(
        "DELETE FROM {} WHERE xmin::text <> ALL ($1::text[])",
        quote_table(&staged.table)
    );
    let removed = session.client.execute(&statement, &[&named]).await;
    let removed = removed.map_err(|cause| here(error_of(cause)))?;
    if removed > 0 {
        tracing::warn!(table = %staged.target(), removed, "rows of a repeated part removed");
    }
    Ok(removed)
}

/// Two rows of one key: nobody can say which one counts.
async fn refuse_key_twice(session: &Session, staged: &Staged<'_>) -> Result<()> {
    let key: Vec<String> = staged
        .write()
        .update_key
        .iter()
        .map(|name| quote(name))
        .collect();
    let key = key.join(", ");
    let query = format!(
        "SELECT 1 FROM {} GROUP BY {key} HAVING pg_catalog.count(*) > 1 LIMIT 1",
        quote_table(&staged.table)
    );
    let twice = session.client.query_opt(&query, &[]).await;
    if twice.map_err(|cause| here(error_of(cause)))?.is_none() {
        return Ok(());
    }
    let message = format!("a key of {} comes more than once: {key}", staged.target());
    Err(Error::new(ErrorKind::Data, "UPDATE_KEY_TWICE", message)
        .on(Side::Source)
        .hint("update by columns that tell the rows apart, or filter the rows"))
}

/// Renames the staging table, then makes its keys: nobody sees it before the COMMIT, and names are the
/// server's own, which are free.
async fn renamed(session: &Session, staged: &Staged<'_>) -> Result<()> {
    let (staging, name) = (quote_table(&staged.table), &staged.target().table);
    run(
        session,
        &format!("ALTER TABLE {staging} RENAME TO {}", quote(name)),
    )
    .await?;
    indexes(session, staged).await
}

/// Makes the table and copies the rows into it: who looks at an older moment finds it empty, and not with
/// some of its rows.
async fn copied(session: &Session, staged: &Staged<'_>, rows: u64) -> Result<()> {
    for statement in staged.new_table(staged.target()) {
        run(session, &statement).await?;
    }
    let (target, staging) = (quote_table(staged.target()), quote_table(&staged.table));
    let columns = staged.column_list("");
    let copy = format!("INSERT INTO {target} ({columns}) SELECT {columns} FROM {staging}");
    let copied = session.client.execute(&copy, &[]).await;
    let copied = copied.map_err(|cause| here(error_of(cause)))?;
    if copied != rows {
        let message = format!("{rows} rows were to come into {target}, the server took {copied}");
        return Err(Error::new(ErrorKind::Data, "COUNTS_DIFFER", message).on(Side::Destination));
    }
    run(session, &format!("DROP TABLE {staging}")).await?;
    indexes(session, staged).await
}

async fn indexes(session: &Session, staged: &Staged<'_>) -> Result<()> {
    for statement in super::indexes::statements(staged.write()) {
        run(session, &statement).await?;
    }
    Ok(())
}

async fn existing(
    session: &Session,
    staged: &Staged<'_>,
    may_exchange: bool,
    rows: u64,
) -> Result<()> {
    let target = quote_table(staged.target());
    if may_exchange {
        run(
            session,
            &format!("LOCK TABLE {target} IN ACCESS EXCLUSIVE MODE"),
        )
        .await?;
        // What was looked up before the lock may have changed until then.
        let facts = Facts::of_one(session, staged.target()).await?;
        if facts.is_some_and(|facts| facts.can_be_swapped())
            && let Some(swap) = swap::Swap::of(session, staged).await?
        {
            swap.carry_out(session).await?;
            return sequences::raise(session, staged.target()).await;
        }
    } else {
        let mode = if staged.write().policy == LoadingPolicy::Append {
            "ROW EXCLUSIVE"
        } else {
            "SHARE ROW EXCLUSIVE"
        };
        run(session, &format!("LOCK TABLE {target} IN {mode} MODE")).await?;
    }
    let facts = Facts::of_one(session, staged.target()).await?;
    let facts = facts.ok_or_else(|| staged.gone())?;
    InPlace {
        session,
        staged,
        facts: &facts,
        rows,
    }
    .carry_out()
    .await?;
    sequences::raise(session, staged.target()).await
}

async fn run(session: &Session, statement: &str) -> Result<()> {
    session.run(statement).await.map_err(here)
}
