//! PostgreSQL: whole databases read under one held snapshot, by binary COPY, in parallel.

mod binary_types;
mod catalog;
mod catalog_types;
mod connect;
mod copy_decode;
mod ddl;
mod errors;
mod filters;
mod numeric;
mod options;
mod print;
mod reader;
mod snapshot;
mod source;
mod split;
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

/// PostgreSQL.
pub struct Postgres;

#[async_trait]
impl Connector for Postgres {
    type Connection = ConnectionOptions;
    type Read = NoOptions;
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
        _how: NoOptions,
        opening: &Opening,
    ) -> Result<Arc<dyn Source>> {
        let connector = connect::Connector::new(at, opening);
        Ok(Arc::new(source::PostgresSource::new(connector)))
    }
}
