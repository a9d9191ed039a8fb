//! Parquet files in a folder on the local disk, one folder per table: the plainest target. Written
//! only.

mod ddl;
mod destination;
mod existing;
mod layout;
mod lock;
mod manifest;
mod options;
mod publish;
mod sweep;
#[cfg(test)]
mod tests;
mod types;
mod writer;

use std::path::absolute;
use std::sync::Arc;

use async_trait::async_trait;
use contract::{
    About, Capabilities, Connector, Destination, Dialect, Guarantee, NameLimits, NamespaceWord,
    NoOptions, Opening, TypeMapping, Visibility, WriteCapabilities,
};
use formats::disk::io_error;
use model::Result;

pub use options::{Compression, FilesConnection, FilesWrite};

/// The connector.
pub struct Files;

#[async_trait]
impl Connector for Files {
    type Connection = FilesConnection;
    type Read = NoOptions;
    type Write = FilesWrite;
    const ID: &'static str = "files";

    fn about(&self) -> About {
        About {
            title: "Parquet files",
            summary: "Parquet in a folder on the local disk, one folder per table.",
            verified_against: "ext4 on Linux; read back by PyArrow",
            lineage: "file",
            manual: include_str!("README.md"),
        }
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            read: None,
            write: Some(WriteCapabilities {
                append: true,
                overwrite: true,
                update: false,
                partitions: true,
                add_columns: true,
                recreate: Some("the folders replaced stay in .staging/.replaced for grace-minutes"),
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
                namespace: NamespaceWord::Folder,
            }),
        }
    }

    fn types(&self) -> &'static dyn TypeMapping {
        &types::FilesTypes
    }

    fn dialect(&self) -> &'static dyn Dialect {
        &ddl::FilesDialect
    }

    async fn destination(
        &self,
        at: FilesConnection,
        how: FilesWrite,
        opening: &Opening,
    ) -> Result<Arc<dyn Destination>> {
        let path = opening.base.join(&at.path);
        let path = absolute(&path).map_err(|error| io_error("resolve", &path, error))?;
        Ok(Arc::new(destination::FilesDestination {
            root: layout::Root(path),
            namespace: opening.namespace.clone(),
            how,
            now: || jiff::Timestamp::now().as_second(),
            able: Arc::default(),
        }))
    }
}
