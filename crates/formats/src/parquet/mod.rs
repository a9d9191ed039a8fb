//! Parquet in the modern profile: one file, written by a blocking writer with an async shell around
//! it, its footer and its rows read back. It never writes INT96, unsigned types or legacy decimals.

mod asynchronous;
mod encode;
mod footer;
mod options;
mod reader;
mod rewrite;
mod schema;
mod writer;

#[cfg(test)]
mod tests;

pub use asynchronous::AsyncParquetWriter;
pub use footer::{FooterFacts, read_footer};
pub use options::{Codec, ParquetOptions};
pub use reader::{ParquetFileReader, check_layout, rows_within, typed};
pub use rewrite::{rewrite, same_rows};
pub use schema::schema;
pub use writer::{FileSummary, ParquetFileWriter};

use std::io;
use std::path::Path;

use ::parquet::errors::ParquetError;
use model::{Error, ErrorKind, Side};

/// The error that a Parquet error on `path` amounts to; an I/O error inside it comes out.
fn parquet_error(doing: &str, path: &Path, cause: ParquetError) -> Error {
    let cause = match cause {
        ParquetError::External(inner) => match inner.downcast::<io::Error>() {
            Ok(inner) => return crate::disk::io_error(doing, path, *inner),
            Err(inner) => ParquetError::External(inner),
        },
        other => other,
    };
    let message = format!("could not {doing} {:?}: {cause}", path.display());
    Error::new(ErrorKind::Data, "BAD_PARQUET", message)
        .on(Side::Destination)
        .caused_by(cause)
}
