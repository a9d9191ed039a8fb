//! One load's room: a staging table beside its target. Its name follows from the load alone.

use std::collections::HashMap;

use contract::{Dialect, Evidence, Manifest, Staging};
use model::migration::LoadingPolicy;
use model::plan::{Column, TableSchema, Write};
use model::{Error, ErrorKind, LoadId, Result, Side, TableName};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::facts::Facts;
use super::marker;
use super::sessions::{conflict, here};
use crate::postgres::connect::Session;
use crate::postgres::ddl::{PostgresDialect, literal, quote, quote_table};
use crate::postgres::errors::error_of;

/// The longest name that the server does not cut.
pub(super) const LONGEST_NAME: usize = 63;
const PREFIX: &str = "godwit_";
/// The comment of a staging table that was made to take its target's place.
pub(super) const TAKES_PLACE: &str = "made by Godwit to take the place of another table";

/// A load's staging table and its target.
pub(super) struct Staged<'a> {
    pub(super) staging: &'a Staging,
    /// The staging table.
    pub(super) table: TableName,
}

/// Where the load's rows will land.
pub(super) fn stage(write: &Write, load: &LoadId) -> Result<Staging> {
    let target = &write.table.name;
    if target.table == marker::NAME {
        let message = format!("{target} is the name of Godwit's own table");
        return Err(Error::new(ErrorKind::Config, "NAME_RESERVED", message)
            .on(Side::Destination)
            .hint("rename it by a rule under names"));
    }
    Ok(Staging {
        load: load.clone(),
        write: write.clone(),
        payload: json!({ "table": staging_name(load) }),
    })
}

/// At most as long as a name may be.
fn staging_name(load: &LoadId) -> String {
    let name = format!("{PREFIX}{load}");
    if name.len() <= LONGEST_NAME {
        return name;
    }
    let digest = Sha256::digest(load.as_str().as_bytes());
    let digits: String = digest
        .iter()
        .take(24)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("{PREFIX}{digits}")
}

impl<'a> Staged<'a> {
    pub(super) fn of(staging: &'a Staging) -> Result<Self> {
        let name = staging.payload["table"].as_str();
        let name = name.ok_or_else(|| Error::internal("a load without a staging table"))?;
        Ok(Self {
            staging,
            table: TableName::new(&staging.write.table.name.schema, name),
        })
    }

    pub(super) fn write(&self) -> &'a Write {
        &self.staging.write
    }

    /// The target.
    pub(super) fn target(&self) -> &'a TableName {
        &self.write().table.name
    }

    /// Columns that rows come with, in the order of the batches.
    pub(super) fn columns(&self) -> &'a [Column] {
        &self.write().table.columns
    }

    /// The same, as a list for statements; `of` stands in front of each.
    pub(super) fn column_list(&self, of: &str) -> String {
        let names = self
            .columns()
            .iter()
            .map(|column| format!("{of}{}", quote(&column.name)));
        names.collect::<Vec<_>>().join(", ")
    }

    /// Makes the schema, the marker table and the staging table.
    pub(super) async fn prepare(&self, session: &Session) -> Result<()> {
        marker::make(session, &self.table.schema).await?;
        let facts = Facts::of_one(session, self.target()).await?;
        let statements = match (facts, self.write().exists) {
            (None, false) => self.new_table(&self.table).join("; "),
            (Some(facts), true) => {
                self.refuse_cascade(&facts)?;
                self.like(&facts)
            }
            (Some(_), false) => return Err(self.appeared()),
            (None, true) => return Err(self.gone()),
        };
        session.run(&statements).await.map_err(here)
    }

    /// A new table without its key, which is made after the rows.
    pub(super) fn new_table(&self, name: &TableName) -> Vec<String> {
        let table = TableSchema {
            name: name.clone(),
            primary_key: Vec::new(),
            ..self.write().table.clone()
        };
        PostgresDialect.create_table(&table, None)
    }

    /// As the target is: in full where it may take its place, else its columns alone. Never with indexes:
    /// they are made after the rows, and a repeated part must not meet its own first attempt in one.
    fn like(&self, facts: &Facts) -> String {
        let (staging, target) = (quote_table(&self.table), quote_table(self.target()));
        let shaped = self.with_dimensions(facts);
        let swaps = self.write().policy == LoadingPolicy::Overwrite && facts.can_be_swapped();
        if swaps {
            format!(
                "CREATE TABLE {staging} (LIKE {target} INCLUDING ALL EXCLUDING INDEXES); \
                 COMMENT ON TABLE {staging} IS {}{shaped}",
                literal(TAKES_PLACE)
            )
        } else {
            // What the server computes there stays away: here it would be null, which it may not be.
            let drop = facts.generated.iter().map(|name| {
                let column = quote(name);
                format!("; ALTER TABLE {staging} DROP COLUMN {column}")
            });
            let drop: String = drop.collect();
            format!("CREATE TABLE {staging} (LIKE {target}){drop}")
        }
    }

    /// LIKE forgets how many dimensions an array was declared with, and so would the target: the next load
    /// could not tell it from one of a single dimension. A domain over an array keeps them itself.
    fn with_dimensions(&self, facts: &Facts) -> String {
        let table = quote_table(&self.table);
        let columns = facts.dimensions.iter();
        columns
            .map(|column| format!("; ALTER TABLE {table} ALTER COLUMN {column}"))
            .collect()
    }

    /// An overwrite must not take rows of other tables along.
    pub(super) fn refuse_cascade(&self, facts: &Facts) -> Result<()> {
        if self.write().policy != LoadingPolicy::Overwrite || facts.cascades.is_empty() {
            return Ok(());
        }
        let message = format!(
            "overwriting {} would remove or change rows of {}",
            self.target(),
            facts.cascades.join(", ")
        );
        Err(conflict("WOULD_CASCADE", message)
            .hint("load it with loading-policy append or update, or change the foreign key"))
    }

    pub(super) fn appeared(&self) -> Error {
        let message = format!("{} was made by somebody since the plan", self.target());
        conflict("TABLE_APPEARED", message).hint("run again: the next plan sees it as it is now")
    }

    pub(super) fn gone(&self) -> Error {
        let message = format!("{} is no longer there", self.target());
        conflict("TABLE_MISSING", message).hint("run again: the next plan makes it")
    }

    /// What stands staged of the parts named, counted there. The transaction that brought a row is its
    /// part: rows of an attempt that counted as failed and was committed all the same are not counted.
    pub(super) async fn evidence(
        &self,
        session: &Session,
        manifests: &[Manifest],
    ) -> Result<Evidence> {
        let counts = self.counts(session).await?;
        let named = parts(manifests)?;
        let rows = named.iter().filter_map(|part| counts.get(*part)).sum();
        let size = "SELECT pg_catalog.pg_table_size(pg_catalog.to_regclass($1))";
        let row = session
            .client
            .query_one(size, &[&quote_table(&self.table)])
            .await
            .map_err(|cause| here(error_of(cause)))?;
        let bytes: Option<i64> = row.get(0);
        Ok(Evidence {
            rows,
            bytes: u64::try_from(bytes.unwrap_or_default()).unwrap_or_default(),
        })
    }

    /// Rows by the transaction that brought them.
    async fn counts(&self, session: &Session) -> Result<HashMap<String, u64>> {
        let table = quote_table(&self.table);
        let query =
            format!("SELECT xmin::text, pg_catalog.count(*) FROM {table} GROUP BY xmin::text");
        let rows = session
            .client
            .query(&query, &[])
            .await
            .map_err(|cause| here(error_of(cause)))?;
        let counts = rows.iter().map(|row| {
            let count: i64 = row.get(1);
            (row.get(0), u64::try_from(count).unwrap_or_default())
        });
        Ok(counts.collect())
    }

    /// How many rows an overwrite removes.
    pub(super) async fn replaces(&self, session: &Session) -> Result<u64> {
        if !self.write().exists {
            return Ok(0);
        }
        let Some(facts) = Facts::of_one(session, self.target()).await? else {
            return Ok(0);
        };
        let (only, target) = (facts.only(), quote_table(self.target()));
        let row = session
            .client
            .query_one(
                &format!("SELECT pg_catalog.count(*) FROM {only}{target}"),
                &[],
            )
            .await
            .map_err(|cause| here(error_of(cause)))?;
        let rows: i64 = row.get(0);
        Ok(u64::try_from(rows).unwrap_or_default())
    }

    /// Removes the staging table, if it is there.
    pub(super) async fn drop(&self, session: &Session) -> Result<()> {
        let statement = format!("DROP TABLE IF EXISTS {}", quote_table(&self.table));
        session.run(&statement).await.map_err(here)
    }

    pub(super) async fn analyze(&self, session: &Session) -> Result<()> {
        let statement = format!("ANALYZE {}", quote_table(self.target()));
        session.run(&statement).await.map_err(here)
    }
}

/// The transactions that brought the parts named.
pub(super) fn parts(manifests: &[Manifest]) -> Result<Vec<&str>> {
    let parts = manifests.iter().map(|manifest| {
        let transaction = manifest.part.payload["transaction"].as_str();
        transaction.ok_or_else(|| Error::internal("a part without its transaction"))
    });
    parts.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_staging_tables_are_never_cut() {
        for (load, expected) in [
            ("new", "godwit_new"),
            (&"x".repeat(56), &format!("godwit_{}", "x".repeat(56))),
        ] {
            assert_eq!(staging_name(&LoadId::new(load)), expected);
        }
        let (long, other) = ("y".repeat(63), format!("{}z", "y".repeat(62)));
        let (long, other) = (
            staging_name(&LoadId::new(long)),
            staging_name(&LoadId::new(other)),
        );
        assert!(
            long.len() <= LONGEST_NAME && long != other,
            "{long} {other}"
        );
    }
}
