//! PostgreSQL: whole databases read under one held snapshot, by binary COPY, in parallel.

mod binary_types;
mod catalog;
mod catalog_types;
mod choices;
mod connect;
mod copy_decode;
mod ddl;
mod errors;
mod filters;
mod key_split;
mod numeric;
mod options;
mod print;
mod read_options;
mod reader;
mod snapshot;
mod source;
mod split;
mod table_findings;
#[cfg(test)]
mod tests;
mod tls_stream;
mod types;
mod values;

use std::sync::Arc;

use async_trait::async_trait;
use contract::{
    About, Capabilities, Connector, Dialect, NoOptions, Opening, ReadCapabilities, SnapshotKind,
    Source, TypeMapping,
};
use model::Result;

pub use self::options::ConnectionOptions;
pub use self::read_options::PostgresRead;

/// PostgreSQL.
pub struct Postgres;

#[async_trait]
impl Connector for Postgres {
    type Connection = ConnectionOptions;
    type Read = PostgresRead;
    type Write = NoOptions;
    const ID: &'static str = "postgresql";

    fn about(&self) -> About {
        About {
            title: "PostgreSQL",
            summary: "PostgreSQL from version 10 on; parallel splits from version 14 on.",
            verified_against: "PostgreSQL 15",
            manual: include_str!("README.md"),
        }
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            read: Some(ReadCapabilities {
                filter: true,
                splits: true,
                schemas: true,
                snapshot: SnapshotKind::Joinable,
            }),
            write: None,
        }
    }

    fn types(&self) -> &'static dyn TypeMapping {
        &types::PostgresTypes
    }

    fn dialect(&self) -> &'static dyn Dialect {
        &ddl::PostgresDialect
    }

    async fn source(
        &self,
        at: ConnectionOptions,
        how: PostgresRead,
        opening: &Opening,
    ) -> Result<Arc<dyn Source>> {
        let connector = connect::Connector::new(at, how, opening);
        Ok(Arc::new(source::PostgresSource::new(connector)))
    }
}
