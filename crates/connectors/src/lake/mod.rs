//! The embedded lake: an Apache Iceberg v2 warehouse in a local folder that other tools open as it is.
//! Metadata by the iceberg crate; the catalog in SQLite and the commit are our own.

mod catalog;
mod data_file;
mod ddl;
mod destination;
mod durable;
mod evolve;
mod expire;
mod figures;
mod fill;
mod keys;
mod location;
mod options;
mod read;
mod snapshot_commit;
mod source;
mod splits;
mod table;
mod touched;
mod types;
mod update;
mod writer;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use async_trait::async_trait;
use contract::{
    About, Capabilities, Connector, Destination, Dialect, Guarantee, NameLimits, NamespaceWord,
    Opening, ReadCapabilities, SnapshotKind, Source, TypeMapping, Visibility, WriteCapabilities,
};
use model::{Error, Result, Side};
use tokio::runtime::Handle;

use self::location::Warehouse;

/// The embedded lake.
pub struct Lake;

#[async_trait]
impl Connector for Lake {
    type Connection = options::Connection;
    type Read = options::Read;
    type Write = options::Write;
    const ID: &'static str = "lake";

    fn about(&self) -> About {
        About {
            title: "Lake (Apache Iceberg)",
            summary: "an embedded Apache Iceberg v2 warehouse in a local folder, with its catalog in SQLite",
            verified_against: "PyIceberg 0.12",
            lineage: "file",
            manual: include_str!("README.md"),
        }
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            read: Some(ReadCapabilities {
                filter: false,
                splits: true,
                schemas: true,
                snapshot: SnapshotKind::Durable,
                default_schema: None,
            }),
            write: Some(WriteCapabilities {
                append: true,
                overwrite: true,
                update: true,
                partitions: true,
                add_columns: true,
                recreate: Some(
                    "earlier snapshots stay readable with their own columns, as many as keep-snapshots says",
                ),
                required_columns: true,
                checksums: true,
                indexes: false,
                statements: false,
                visibility: Visibility::Atomic,
                guarantee: Guarantee::ExactlyOnce,
                names: NameLimits {
                    longest: 127,
                    lower_case: false,
                },
                namespace: NamespaceWord::Namespace,
            }),
        }
    }

    fn types(&self) -> &'static dyn TypeMapping {
        &types::Types
    }

    fn dialect(&self) -> &'static dyn Dialect {
        &ddl::IcebergDialect
    }

    async fn source(
        &self,
        at: Self::Connection,
        how: Self::Read,
        opening: &Opening,
    ) -> Result<Arc<dyn Source>> {
        let warehouse =
            Warehouse::new(&at.path, &opening.base).map_err(|error| error.on(Side::Source))?;
        let source = source::LakeSource::open(&warehouse, &how, &opening.namespace).await?;
        Ok(Arc::new(source))
    }

    async fn destination(
        &self,
        at: Self::Connection,
        how: Self::Write,
        opening: &Opening,
    ) -> Result<Arc<dyn Destination>> {
        let warehouse =
            Warehouse::new(&at.path, &opening.base).map_err(|error| error.on(Side::Destination))?;
        Ok(Arc::new(destination::LakeDestination::new(
            warehouse,
            how,
            opening.namespace.clone(),
        )))
    }
}

/// Runs on a thread that may block, async calls included: the metadata library's are async in name.
async fn off_thread<T, F>(work: F) -> Result<T>
where
    T: Send + 'static,
    F: AsyncFnOnce() -> Result<T> + Send + 'static,
{
    let handle = Handle::current();
    tokio::task::spawn_blocking(move || handle.block_on(work()))
        .await
        .map_err(|error| Error::internal("a thread of the lake broke down").caused_by(error))?
}
