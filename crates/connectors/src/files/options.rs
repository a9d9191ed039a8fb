//! What a person fills in: the folder, and how files are made.

use contract::Options;
use formats::parquet::{Codec, ParquetOptions};
use model::Finding;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where the tables are.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct FilesConnection {
    /// # Folder
    /// The folder that holds one folder per table. Relative to the migration file. Made when the first
    /// table is loaded.
    pub path: String,
}

impl Options for FilesConnection {
    fn findings(&self) -> Vec<Finding> {
        if self.path.is_empty() || self.path.contains('\0') {
            let message = format!("{:?} is no folder", self.path);
            return vec![Finding::blocker("BAD_PATH", "path", message)];
        }
        Vec::new()
    }
}

/// How files are made.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct FilesWrite {
    /// # Compression
    /// How pages of the files are compressed.
    pub compression: Compression,
    /// # Row group size
    /// In bytes: a row group ends when its encoded size reaches this.
    pub row_group_size: u64,
    /// # File size
    /// In bytes: a new file begins when one has reached this.
    pub file_size: u64,
    /// # Grace
    /// In minutes: so long the files of an overwritten table stay for readers that hold them open.
    pub grace_minutes: u32,
}

/// How pages are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Compression {
    /// Fast, and read by everything.
    Snappy,
    /// Smaller, slower.
    Gzip,
    /// Small and fast; readers need to be newer.
    Zstd,
}

impl Default for FilesWrite {
    fn default() -> Self {
        Self {
            compression: Compression::Snappy,
            row_group_size: 128 << 20,
            file_size: 512 << 20,
            grace_minutes: 10,
        }
    }
}

impl Options for FilesWrite {
    fn findings(&self) -> Vec<Finding> {
        let sizes = [
            ("row-group-size", self.row_group_size),
            ("file-size", self.file_size),
        ];
        sizes
            .into_iter()
            .filter(|(_, bytes)| *bytes < SMALLEST || usize::try_from(*bytes).is_err())
            .map(|(at, bytes)| {
                let message = format!("{bytes} bytes is too small or too large");
                Finding::blocker("BAD_SIZE", at, message).hint(format!(
                    "give bytes, at least {SMALLEST}; 134217728 is 128 MiB"
                ))
            })
            .collect()
    }
}

const SMALLEST: u64 = 64 << 10;

impl FilesWrite {
    pub(super) fn parquet(&self) -> ParquetOptions {
        ParquetOptions {
            codec: match self.compression {
                Compression::Snappy => Codec::Snappy,
                Compression::Gzip => Codec::GZIP,
                Compression::Zstd => Codec::ZSTD,
            },
            row_group_bytes: usize::try_from(self.row_group_size).unwrap_or(usize::MAX),
            ..ParquetOptions::default()
        }
    }
}
