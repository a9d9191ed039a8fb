//! SQLite, as a source: one file, opened read-only, read in place by its own library.

mod catalog;
mod ddl;
mod decode;
mod errors;
mod figures;
mod filter;
mod keys;
mod options;
mod probe;
mod read;
mod session;
mod snapshot;
mod source;
mod split;
mod temporal;
mod types;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use async_trait::async_trait;
use contract::{
    About, Capabilities, Connector, DefaultSchema, Dialect, NoOptions, Opening, ReadCapabilities,
    SnapshotKind, Source, TypeMapping,
};
use model::Result;

pub use options::SqliteConnection;

/// The connector.
pub struct Sqlite;

#[async_trait]
impl Connector for Sqlite {
    type Connection = SqliteConnection;
    type Read = NoOptions;
    type Write = NoOptions;
    const ID: &'static str = "sqlite";

    fn about(&self) -> About {
        About {
            title: "SQLite",
            summary: "a database file of SQLite 3",
            verified_against: "SQLite 3.51 (built in)",
            lineage: "file",
            manual: include_str!("README.md"),
        }
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            read: Some(ReadCapabilities {
                filter: true,
                splits: true,
                schemas: false,
                snapshot: SnapshotKind::Fixed,
                default_schema: Some(DefaultSchema::always(catalog::SCHEMA)),
            }),
            write: None,
        }
    }

    fn types(&self) -> &'static dyn TypeMapping {
        &types::SqliteTypes
    }

    fn dialect(&self) -> &'static dyn Dialect {
        &ddl::SqliteDialect
    }

    async fn source(
        &self,
        at: SqliteConnection,
        _how: NoOptions,
        opening: &Opening,
    ) -> Result<Arc<dyn Source>> {
        let file = session::DatabaseFile::new(&at, &opening.base)?;
        Ok(Arc::new(source::SqliteSource::new(file)))
    }
}
