//! The blocking writer inside an async shell: it moves to a blocking thread for each call and back.

use std::path::PathBuf;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use model::{Error, Result};

use super::options::ParquetOptions;
use super::writer::{FileSummary, ParquetFileWriter};

/// Writes one new file without blocking the caller's thread. Dropped unfinished (also in the middle of
/// a call), it removes the file; after an error it can only be discarded.
pub struct AsyncParquetWriter {
    writer: Option<ParquetFileWriter>,
    buffered_bytes: usize,
    estimated_bytes: u64,
}

impl AsyncParquetWriter {
    /// Makes the file, which must not be there yet; its folder must.
    pub async fn create(path: PathBuf, schema: SchemaRef, options: ParquetOptions) -> Result<Self> {
        let writer = blocking(move || ParquetFileWriter::create(&path, schema, &options)).await??;
        Ok(Self {
            writer: Some(writer),
            buffered_bytes: 0,
            estimated_bytes: 0,
        })
    }

    /// Adds rows. Afterwards [`Self::buffered_bytes`] says whether it is time to flush.
    pub async fn write(&mut self, batch: RecordBatch) -> Result<()> {
        self.with(move |writer| writer.write(&batch)).await
    }

    /// Ends the row group, which frees its memory.
    pub async fn flush_row_group(&mut self) -> Result<()> {
        self.with(ParquetFileWriter::flush_row_group).await
    }

    /// Bytes of memory that rows not yet in the file take.
    pub fn buffered_bytes(&self) -> usize {
        self.buffered_bytes
    }

    /// Bytes that the file will have by now, roughly.
    pub fn estimated_bytes(&self) -> u64 {
        self.estimated_bytes
    }

    /// Ends the file and makes it and its name durable.
    pub async fn finish(self) -> Result<FileSummary> {
        let writer = self.writer.ok_or_else(broken)?;
        blocking(move || writer.finish()).await?
    }

    /// Removes the file, if it is still there.
    pub async fn discard(self) -> Result<()> {
        match self.writer {
            Some(writer) => blocking(move || writer.discard()).await?,
            None => Ok(()),
        }
    }

    async fn with<F>(&mut self, act: F) -> Result<()>
    where
        F: FnOnce(&mut ParquetFileWriter) -> Result<()> + Send + 'static,
    {
        let mut writer = self.writer.take().ok_or_else(broken)?;
        let writer = blocking(move || act(&mut writer).map(|()| writer)).await??;
        self.buffered_bytes = writer.buffered_bytes();
        self.estimated_bytes = writer.estimated_bytes();
        self.writer = Some(writer);
        Ok(())
    }
}

fn broken() -> Error {
    Error::internal("a parquet writer was used again after an error")
}

async fn blocking<T: Send + 'static>(act: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(act)
        .await
        .map_err(|error| Error::internal("a parquet writer's thread broke down").caused_by(error))
}
