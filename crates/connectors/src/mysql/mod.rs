//! MySQL 5.7 and 8, MariaDB 10 and later. As a source: one held moment for all tables, rows by the
//! binary protocol, decoded here down to the byte. As a destination: see [`destination`].

mod bisect;
mod catalog;
mod choice;
mod column;
mod connect;
mod ddl;
mod decode;
mod destination;
mod errors;
mod figures;
mod keys;
mod lock;
mod options;
mod pool;
mod probe;
pub(crate) mod read;
mod snapshot;
mod source;
mod split;
mod statement;
mod temporal;
mod types;
pub(crate) mod wire;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use async_trait::async_trait;
use contract::{
    About, Capabilities, Connector, DefaultSchema, Destination, Dialect, Guarantee, NameLimits,
    NamespaceWord, Opening, ReadCapabilities, SnapshotKind, Source, TypeMapping, Visibility,
    WriteCapabilities,
};
use model::{Result, Side, TimeZone};

pub use options::{HiddenColumns, MysqlConnection, MysqlRead, MysqlWrite};

/// MySQL and MariaDB.
pub struct Mysql;

#[async_trait]
impl Connector for Mysql {
    type Connection = MysqlConnection;
    type Read = MysqlRead;
    type Write = MysqlWrite;
    const ID: &'static str = "mysql";

    fn about(&self) -> About {
        About {
            title: "MySQL",
            summary: "MySQL 5.7 and 8, MariaDB 10 and later",
            verified_against: "MariaDB 10.11",
            lineage: "mysql",
            manual: include_str!("README.md"),
        }
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            read: Some(ReadCapabilities {
                filter: true,
                splits: true,
                schemas: true,
                snapshot: SnapshotKind::Fixed,
                default_schema: Some(DefaultSchema {
                    option: Some("database"),
                    otherwise: None,
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
                statements: false,
                visibility: Visibility::Atomic,
                guarantee: Guarantee::ExactlyOnce,
                names: NameLimits {
                    longest: 64,
                    lower_case: false,
                },
                namespace: NamespaceWord::Database,
            }),
        }
    }

    fn types(&self) -> &'static dyn TypeMapping {
        &types::MysqlTypes
    }

    fn dialect(&self) -> &'static dyn Dialect {
        &ddl::MysqlDialect
    }

    async fn source(
        &self,
        at: MysqlConnection,
        how: MysqlRead,
        opening: &Opening,
    ) -> Result<Arc<dyn Source>> {
        let server = connect::Server::new(&at, opening, &opening.time_zone)?;
        Ok(Arc::new(source::MysqlSource {
            server: Arc::new(server),
            database: at.database,
            connections: at.connections,
            hidden_columns: how.hidden_columns,
        }))
    }

    async fn destination(
        &self,
        at: MysqlConnection,
        how: MysqlWrite,
        opening: &Opening,
    ) -> Result<Arc<dyn Destination>> {
        let server = connect::Server::new(&at, opening, &TimeZone::utc())
            .map_err(|error| error.on(Side::Destination))?;
        Ok(Arc::new(destination::MysqlDestination::new(
            server,
            at.connections,
            opening.namespace.clone(),
            &how,
        )))
    }
}

/// The driver keeps up to 128 buffers for the whole process, each as large as the largest packet that
/// it held, up to 4 MiB: half a gigabyte after a table of large values. They can be kept smaller by the
/// environment alone, which is read once.
#[allow(
    unsafe_code,
    reason = "sound where no other thread runs yet, as the caller promises"
)]
pub(crate) fn bound_buffers() {
    const LARGEST_KEPT: &str = "MYSQL_ASYNC_BUFFER_SIZE_CAP";
    if std::env::var_os(LARGEST_KEPT).is_none() {
        // SAFETY: called first in `main`, before any thread is started.
        unsafe { std::env::set_var(LARGEST_KEPT, "65536") };
    }
}
