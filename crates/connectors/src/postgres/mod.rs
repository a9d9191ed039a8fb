//! PostgreSQL: whole databases read under one held snapshot, by binary COPY, in parallel; and written to,
//! by binary COPY and one transaction for each table.

mod binary_types;
mod catalog;
mod catalog_types;
mod choices;
mod connect;
pub(crate) mod copy_decode;
mod copy_out;
mod data_tap;
mod ddl;
mod destination;
mod errors;
mod figures;
mod filters;
mod held;
mod key_split;
mod keys;
mod numeric;
mod options;
mod print;
mod probe;
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
mod write_options;

use std::sync::Arc;

use async_trait::async_trait;
use contract::{
    About, Capabilities, Connector, DefaultSchema, Destination, Dialect, Guarantee, NameLimits,
    NamespaceWord, Opening, ReadCapabilities, SnapshotKind, Source, TypeMapping, Visibility,
    WriteCapabilities,
};
use model::Result;

pub use self::options::ConnectionOptions;
pub use self::read_options::PostgresRead;
pub use self::write_options::WriteOptions;

/// PostgreSQL.
pub struct Postgres;

#[async_trait]
impl Connector for Postgres {
    type Connection = ConnectionOptions;
    type Read = PostgresRead;
    type Write = WriteOptions;
    const ID: &'static str = "postgresql";

    fn about(&self) -> About {
        About {
            title: "PostgreSQL",
            summary: "PostgreSQL from version 10 on; parallel splits from version 14 on.",
            verified_against: "PostgreSQL 15",
            lineage: "postgres",
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
                default_schema: Some(DefaultSchema {
                    option: Some("search-path"),
                    otherwise: Some(options::USUAL_SCHEMA),
                }),
            }),
            write: Some(WriteCapabilities {
                append: true,
                overwrite: true,
                update: true,
                add_columns: false,
                recreate: None,
                partitions: false,
                required_columns: true,
                checksums: true,
                indexes: true,
                statements: true,
                visibility: Visibility::Atomic,
                guarantee: Guarantee::ExactlyOnce,
                names: NameLimits {
                    longest: 63,
                    lower_case: false,
                },
                namespace: NamespaceWord::Schema,
            }),
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

    async fn destination(
        &self,
        at: ConnectionOptions,
        how: WriteOptions,
        opening: &Opening,
    ) -> Result<Arc<dyn Destination>> {
        let connector = connect::Connector::new(at, PostgresRead::default(), opening);
        let namespace = opening.namespace.clone();
        let destination = destination::PostgresDestination::new(connector, &how, namespace);
        Ok(Arc::new(destination))
    }
}
