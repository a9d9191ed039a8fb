//! The blocking writer inside an async shell: it moves to a blocking thread and back, with as many rows as make that worth
//! while.

use std::path::PathBuf;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use model::{Error, Result};

use super::options::ParquetOptions;
use super::writer::{FileSummary, ParquetFileWriter};

/// Fewer rows, of fewer bytes, wait for more: each way to another thread wakes two.
const FEW_ROWS: usize = 8_192;
const FEW_BYTES: usize = 1 << 20;

/// Writes one new file without blocking the caller's thread. Dropped unfinished (also in the middle of
/// a call), it removes the file; after an error it can only be discarded.
pub struct AsyncParquetWriter {
    writer: Option<ParquetFileWriter>,
    waiting: Vec<RecordBatch>,
    waiting_rows: usize,
    waiting_bytes: usize,
    buffered_bytes: usize,
    estimated_bytes: u64,
}

impl AsyncParquetWriter {
    /// Makes the file, which must not be there yet; its folder must.
    pub async fn create(path: PathBuf, schema: SchemaRef, options: ParquetOptions) -> Result<Self> {
        let writer = blocking(move || ParquetFileWriter::create(&path, schema, &options)).await??;
        Ok(Self {
            writer: Some(writer),
            waiting: Vec::new(),
            waiting_rows: 0,
            waiting_bytes: 0,
            buffered_bytes: 0,
            estimated_bytes: 0,
        })
    }

    /// Adds rows. Afterwards [`Self::buffered_bytes`] says whether it is time to flush. What is wrong with them may be told
    /// by a later call.
    pub async fn write(&mut self, batch: RecordBatch) -> Result<()> {
        self.waiting_rows += batch.num_rows();
        self.waiting_bytes += batch.get_array_memory_size();
        self.waiting.push(batch);
        if self.waiting_rows < FEW_ROWS && self.waiting_bytes < FEW_BYTES {
            return Ok(());
        }
        self.with(|_| Ok(())).await
    }

    /// Ends the row group, which frees its memory.
    pub async fn flush_row_group(&mut self) -> Result<()> {
        self.with(ParquetFileWriter::flush_row_group).await
    }

    /// Bytes of memory that rows not yet in the file take.
    pub fn buffered_bytes(&self) -> usize {
        self.buffered_bytes + self.waiting_bytes
    }

    /// Bytes that the file will have by now, roughly.
    pub fn estimated_bytes(&self) -> u64 {
        self.estimated_bytes
    }

    /// Ends the file and makes it and its name durable.
    pub async fn finish(mut self) -> Result<FileSummary> {
        let waiting = self.all_waiting();
        let mut writer = self.writer.take().ok_or_else(broken)?;
        blocking(move || {
            write_all(&mut writer, &waiting)?;
            writer.finish()
        })
        .await?
    }

    /// Removes the file, if it is still there.
    pub async fn discard(self) -> Result<()> {
        match self.writer {
            Some(writer) => blocking(move || writer.discard()).await?,
            None => Ok(()),
        }
    }

    fn all_waiting(&mut self) -> Vec<RecordBatch> {
        (self.waiting_rows, self.waiting_bytes) = (0, 0);
        std::mem::take(&mut self.waiting)
    }

    /// Writes what waits, then does this.
    async fn with<F>(&mut self, act: F) -> Result<()>
    where
        F: FnOnce(&mut ParquetFileWriter) -> Result<()> + Send + 'static,
    {
        let waiting = self.all_waiting();
        let mut writer = self.writer.take().ok_or_else(broken)?;
        let written = blocking(move || {
            write_all(&mut writer, &waiting)?;
            act(&mut writer)?;
            Ok::<_, Error>(writer)
        });
        let writer = written.await??;
        self.buffered_bytes = writer.buffered_bytes();
        self.estimated_bytes = writer.estimated_bytes();
        self.writer = Some(writer);
        Ok(())
    }
}

fn write_all(writer: &mut ParquetFileWriter, batches: &[RecordBatch]) -> Result<()> {
    batches.iter().try_for_each(|batch| writer.write(batch))
}

fn broken() -> Error {
    Error::internal("a parquet writer was used again after an error")
}

async fn blocking<T: Send + 'static>(act: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(act)
        .await
        .map_err(|error| Error::internal("a parquet writer's thread broke down").caused_by(error))
}
