//! One split's rows as Parquet files in a folder: `{split}-{attempt uuid}.parquet`, then `…-2.parquet`
//! and so on as files reach their size. Memory is drawn from the run's one budget.

use std::path::PathBuf;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use contract::{TaskContext, WriterShare};
use formats::parquet::{AsyncParquetWriter, FileSummary, ParquetOptions};
use model::Result;

/// A batch of more is not kept beside the next one: it is a row group of its own, or ends one.
const HUGE_BATCH_BYTES: usize = 16 << 20;

/// Where files go and what they are like.
#[derive(Debug, Clone)]
pub(crate) struct SplitFiles {
    /// The folder; it must be there.
    pub(crate) folder: PathBuf,
    /// The schema of the batches and of the files.
    pub(crate) schema: SchemaRef,
    /// How files are encoded.
    pub(crate) options: ParquetOptions,
    /// A new file begins when one is estimated to have reached this.
    pub(crate) file_bytes: u64,
}

/// Writes one attempt at one split. No rows, no file. Dropped unfinished, it leaves no half-written
/// file, but those that it had finished.
pub(crate) struct ParquetSplitWriter {
    files: SplitFiles,
    stem: String,
    share: WriterShare,
    current: Option<AsyncParquetWriter>,
    finished: Vec<FileSummary>,
}

impl ParquetSplitWriter {
    /// A writer for this attempt; nothing is made before the first rows come.
    pub(crate) fn new(files: SplitFiles, task: &TaskContext) -> Self {
        let attempt = uuid::Uuid::new_v4().simple();
        Self {
            files,
            stem: format!("{}-{attempt}", task.split),
            share: task.budget.share(),
            current: None,
            finished: Vec::new(),
        }
    }

    /// Adds rows.
    pub(crate) async fn write(&mut self, batch: RecordBatch) -> Result<()> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        if self.current.is_none() {
            let (schema, options) = (self.files.schema.clone(), self.files.options.clone());
            let file = AsyncParquetWriter::create(self.next_path(), schema, options);
            self.current = Some(file.await?);
        }
        let Some(writer) = self.current.as_mut() else {
            return Ok(());
        };
        let is_huge = batch.get_array_memory_size() >= HUGE_BATCH_BYTES;
        writer.write(batch).await?;
        if self.share.holds(writer.buffered_bytes()) || is_huge {
            writer.flush_row_group().await?;
            self.let_go();
        } else if writer.estimated_bytes() >= self.files.file_bytes {
            self.end_file().await?;
        }
        Ok(())
    }

    /// Ends the last file; all are durable then, with their names.
    pub(crate) async fn finish(mut self) -> Result<Vec<FileSummary>> {
        if let Err(error) = self.end_file().await {
            self.discard().await?;
            return Err(error);
        }
        Ok(self.finished)
    }

    /// Removes every file of this attempt.
    pub(crate) async fn discard(self) -> Result<()> {
        if let Some(writer) = self.current {
            writer.discard().await?;
        }
        for file in self.finished {
            let removed = tokio::fs::remove_file(&file.path).await;
            removed.map_err(|error| formats::disk::io_error("remove", &file.path, error))?;
        }
        Ok(())
    }

    fn next_path(&self) -> PathBuf {
        let name = match self.finished.len() {
            0 => format!("{}.parquet", self.stem),
            before => format!("{}-{}.parquet", self.stem, before + 1),
        };
        self.files.folder.join(name)
    }

    async fn end_file(&mut self) -> Result<()> {
        if let Some(writer) = self.current.take() {
            self.finished.push(writer.finish().await?);
            self.let_go();
        }
        Ok(())
    }

    /// Tells the budget that nothing is buffered now; being asked to flush is answered by that.
    fn let_go(&self) {
        let _asked = self.share.holds(0);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Int64Array, StringArray};
    use contract::{BatchLimits, CancellationToken, Meter, Rejected, WriteBudget};
    use formats::parquet::read_footer;
    use model::{SplitId, TableName};

    use super::*;

    fn task(budget: usize) -> TaskContext {
        let split = SplitId::new("3");
        TaskContext {
            rejected: Rejected::new(&TableName::new("s", "t"), &split),
            split,
            attempt: 1,
            cancel: CancellationToken::new(),
            meter: Meter::default(),
            budget: WriteBudget::new(budget),
            limits: BatchLimits::default(),
        }
    }

    fn batch() -> RecordBatch {
        let numbers = Int64Array::from_iter_values((0..5_000).map(|n| n * 7_919));
        RecordBatch::try_from_iter([("n", Arc::new(numbers) as _)]).unwrap()
    }

    fn writer(folder: &std::path::Path, budget: usize, file_bytes: u64) -> ParquetSplitWriter {
        let files = SplitFiles {
            folder: folder.to_owned(),
            schema: batch().schema(),
            options: ParquetOptions::default(),
            file_bytes,
        };
        ParquetSplitWriter::new(files, &task(budget))
    }

    fn names(folder: &std::path::Path) -> usize {
        std::fs::read_dir(folder).unwrap().count()
    }

    #[tokio::test]
    async fn a_new_file_begins_at_the_size_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = writer(folder.path(), 1 << 30, 30_000);
        for _ in 0..6 {
            writer.write(batch()).await.unwrap();
        }
        let files = writer.finish().await.unwrap();
        assert!(files.len() > 1);
        assert_eq!(files.iter().map(|file| file.rows).sum::<u64>(), 30_000);
        let name = files[1].path.file_name().unwrap().to_str().unwrap();
        assert!(
            name.starts_with("3-") && name.ends_with("-2.parquet"),
            "{name}"
        );
        assert_eq!(names(folder.path()), files.len());
    }

    #[tokio::test]
    async fn a_spent_budget_ends_row_groups_and_not_files() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = writer(folder.path(), 1_000, 1 << 30);
        for _ in 0..3 {
            writer.write(batch()).await.unwrap();
        }
        let files = writer.finish().await.unwrap();
        assert_eq!(files.len(), 1);
        let footer = read_footer(&files[0].path).unwrap();
        assert_eq!(footer.metadata.num_row_groups(), 3);
    }

    #[tokio::test]
    async fn a_fault_in_the_last_rows_leaves_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let mut full = writer(folder.path(), 1 << 30, 1);
        for _ in 0..2 {
            full.write(batch()).await.unwrap();
        }
        assert_eq!(names(folder.path()), 1);
        let texts = StringArray::from(vec!["a"]);
        let other = RecordBatch::try_from_iter([("n", Arc::new(texts) as _)]).unwrap();
        full.write(other).await.unwrap();
        full.finish().await.unwrap_err();
        assert_eq!(names(folder.path()), 0);
    }

    #[tokio::test]
    async fn no_rows_make_no_file_and_discard_leaves_none() {
        let folder = tempfile::tempdir().unwrap();
        let empty = writer(folder.path(), 1 << 30, 1 << 30);
        assert!(empty.finish().await.unwrap().is_empty());
        let mut full = writer(folder.path(), 1 << 30, 1);
        for _ in 0..4 {
            full.write(batch()).await.unwrap();
        }
        assert_eq!(names(folder.path()), 2);
        full.discard().await.unwrap();
        assert_eq!(names(folder.path()), 0);
    }
}
