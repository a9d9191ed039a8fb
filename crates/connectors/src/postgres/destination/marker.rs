//! The marker table `godwit_loads`: one row for each load that was published, or that never will be.
//! Its key is what makes a commit happen once.

use contract::{Receipt, Staging};
use model::{LoadId, Result, TableName};
use serde_json::json;

use super::sessions::here;
use crate::postgres::connect::Session;
use crate::postgres::ddl::{literal, quote, quote_table};
use crate::postgres::errors::error_of;

/// The table's name; no table of a migration may have it.
pub(super) const NAME: &str = "godwit_loads";

/// What became of a load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Committed,
    Aborted,
}

impl State {
    fn word(self) -> &'static str {
        match self {
            Self::Committed => "committed",
            Self::Aborted => "aborted",
        }
    }
}

/// Makes the schema and the marker table where they are missing. Those who come at the same time wait
/// for one another: `IF NOT EXISTS` alone fails in a race.
pub(super) async fn make(session: &Session, schema: &str) -> Result<()> {
    let table = quote_table(&TableName::new(schema, NAME));
    let missing = format!(
        "pg_catalog.to_regnamespace({}) IS NULL",
        literal(&quote(schema))
    );
    let row = session
        .client
        .query_one(
            &format!(
                "SELECT {missing}, pg_catalog.to_regclass({}) IS NULL",
                literal(&table)
            ),
            &[],
        )
        .await
        .map_err(|cause| here(error_of(cause)))?;
    let (no_schema, no_table): (bool, bool) = (row.get(0), row.get(1));
    if !no_table {
        return Ok(());
    }
    let schema = if no_schema {
        format!("CREATE SCHEMA IF NOT EXISTS {}; ", quote(schema))
    } else {
        String::new()
    };
    let statements = format!(
        "BEGIN; SELECT pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtext('godwit')); {schema}\
         CREATE TABLE IF NOT EXISTS {table} (load text PRIMARY KEY, state text NOT NULL, \
         target text NOT NULL, at timestamptz NOT NULL DEFAULT pg_catalog.now()); \
         COMMENT ON TABLE {table} IS 'Loads by Godwit: published ones, and ones that never will be.'; \
         COMMIT"
    );
    session.run(&statements).await.map_err(here)
}

/// Enters the load; waits for somebody who is just entering it. Says what stood there already, and
/// stays. Within the caller's transaction, if there is one.
pub(super) async fn enter(
    session: &Session,
    staging: &Staging,
    state: State,
) -> Result<Option<State>> {
    let table = quote_table(&table_of(staging));
    let insert = format!(
        "INSERT INTO {table} (load, state, target) VALUES ($1, $2, $3) ON CONFLICT (load) DO NOTHING"
    );
    let target = staging.write.table.name.table.as_str();
    let entered = session
        .client
        .execute(&insert, &[&staging.load.as_str(), &state.word(), &target])
        .await
        .map_err(|cause| here(error_of(cause)))?;
    if entered == 1 {
        return Ok(None);
    }
    let found = format!("SELECT state FROM {table} WHERE load = $1");
    let row = session
        .client
        .query_one(&found, &[&staging.load.as_str()])
        .await
        .map_err(|cause| here(error_of(cause)))?;
    Ok(Some(match row.get::<_, &str>(0) {
        "committed" => State::Committed,
        _ => State::Aborted,
    }))
}

fn table_of(staging: &Staging) -> TableName {
    TableName::new(&staging.write.table.name.schema, NAME)
}

/// Whether the load was published. Where not, it never will be.
pub(super) async fn settle(session: &Session, staging: &Staging) -> Result<Option<Receipt>> {
    let there = format!(
        "SELECT pg_catalog.to_regclass({}) IS NOT NULL",
        literal(&quote_table(&table_of(staging)))
    );
    let row = session
        .client
        .query_one(&there, &[])
        .await
        .map_err(|cause| here(error_of(cause)))?;
    if !row.get::<_, bool>(0) {
        // Nothing is published without its row in the table.
        return Ok(None);
    }
    Ok(match enter(session, staging, State::Aborted).await? {
        Some(State::Committed) => Some(receipt(&staging.load)),
        Some(State::Aborted) | None => None,
    })
}

/// The proof of a publication.
pub(super) fn receipt(load: &LoadId) -> Receipt {
    Receipt {
        load: load.clone(),
        payload: json!({ "marker": NAME }),
    }
}
