//! A file's footer, read back from the disk as evidence.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use ::parquet::arrow::arrow_reader::ArrowReaderMetadata;
use ::parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader, RowGroupMetaData};
use arrow::datatypes::SchemaRef;
use model::{Error, ErrorKind, Result, Side};

use super::parquet_error;
use crate::disk::io_error;

/// What stands in a file, by its own footer.
#[derive(Debug, Clone)]
pub struct FooterFacts {
    /// Rows, checked against the sum over its row groups.
    pub rows: u64,
    /// Bytes on the disk.
    pub bytes: u64,
    /// The footer.
    pub metadata: ParquetMetaData,
}

impl FooterFacts {
    /// The schema that stands in the file, without anything that an Arrow writer may have added.
    pub fn schema(&self) -> Result<SchemaRef> {
        let read = || -> Result<SchemaRef, ::parquet::errors::ParquetError> {
            let metadata = Arc::new(self.metadata.clone());
            Ok(ArrowReaderMetadata::try_new(metadata, Default::default())?
                .schema()
                .clone())
        };
        read().map_err(|error| parquet_error("read the schema of", Path::new("footer"), error))
    }
}

/// Opens `path` again and reads its footer. Blocking. A file that does not begin and end as a Parquet
/// file does, or whose row groups do not add up, is an error.
pub fn read_footer(path: &Path) -> Result<FooterFacts> {
    let mut file = File::open(path).map_err(|error| io_error("open", path, error))?;
    let mut magic = [0; 4];
    file.read_exact(&mut magic)
        .map_err(|error| io_error("read", path, error))?;
    if &magic != b"PAR1" {
        return Err(damaged(path, "it does not begin as a parquet file does"));
    }
    let bytes = file
        .metadata()
        .map_err(|error| io_error("read", path, error))?
        .len();
    let metadata = ParquetMetaDataReader::new()
        .parse_and_finish(&file)
        .map_err(|error| parquet_error("read the footer of", path, error))?;
    let rows = metadata.file_metadata().num_rows();
    let in_groups: i64 = metadata
        .row_groups()
        .iter()
        .map(RowGroupMetaData::num_rows)
        .sum();
    if rows != in_groups {
        let reason = format!("its footer says {rows} rows, its row groups {in_groups}");
        return Err(damaged(path, &reason));
    }
    let rows = u64::try_from(rows).map_err(|_| damaged(path, "its number of rows is negative"))?;
    Ok(FooterFacts {
        rows,
        bytes,
        metadata,
    })
}

fn damaged(path: &Path, reason: &str) -> Error {
    let message = format!("could not read {:?}: {reason}", path.display());
    Error::new(ErrorKind::Data, "BAD_PARQUET", message).on(Side::Destination)
}
