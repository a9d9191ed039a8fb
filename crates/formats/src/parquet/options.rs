//! How a Parquet file is encoded: codec, sizes, statistics.

use ::parquet::basic::{Compression, GzipLevel, ZstdLevel};
use ::parquet::file::properties::{EnabledStatistics, WriterProperties};
use model::{Error, ErrorKind, Result};

/// How pages are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Codec {
    /// Not at all.
    None,
    /// Fast, and read by everything.
    #[default]
    Snappy,
    /// Level 0 to 9.
    Gzip(u32),
    /// Level 1 to 22.
    Zstd(i32),
}

impl Codec {
    /// Gzip at its usual level.
    pub const GZIP: Self = Self::Gzip(6);
    /// Zstandard at its usual level.
    pub const ZSTD: Self = Self::Zstd(3);

    pub(super) fn compression(self) -> Result<Compression> {
        let bad = |what: &str, level: String| {
            let message = format!("{what} has no level {level}");
            Error::new(ErrorKind::Config, "BAD_COMPRESSION_LEVEL", message)
        };
        Ok(match self {
            Self::None => Compression::UNCOMPRESSED,
            Self::Snappy => Compression::SNAPPY,
            Self::Gzip(level) => Compression::GZIP(
                GzipLevel::try_new(level).map_err(|_| bad("gzip", level.to_string()))?,
            ),
            Self::Zstd(level) => Compression::ZSTD(
                ZstdLevel::try_new(level).map_err(|_| bad("zstd", level.to_string()))?,
            ),
        })
    }
}

/// How a Parquet file is encoded. Statistics are kept per page and column chunk, the smallest and
/// largest value shortened to 64 bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParquetOptions {
    /// How pages are compressed.
    pub codec: Codec,
    /// A row group ends when its encoded size is estimated to reach this.
    pub row_group_bytes: usize,
    /// A page ends when its size is estimated to reach this.
    pub page_bytes: usize,
    /// Whether repeated values are kept once.
    pub dictionary: bool,
    /// Who wrote it, in the form that readers parse: `name version 1.2.3`.
    pub created_by: String,
}

impl Default for ParquetOptions {
    fn default() -> Self {
        Self {
            codec: Codec::default(),
            row_group_bytes: 128 << 20,
            page_bytes: 1 << 20,
            dictionary: true,
            created_by: concat!("godwit version ", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }
}

impl ParquetOptions {
    pub(super) fn properties(&self) -> Result<WriterProperties> {
        Ok(WriterProperties::builder()
            .set_compression(self.codec.compression()?)
            .set_max_row_group_row_count(None)
            .set_max_row_group_bytes(Some(self.row_group_bytes.max(1)))
            .set_data_page_size_limit(self.page_bytes.max(1))
            .set_dictionary_enabled(self.dictionary)
            .set_statistics_enabled(EnabledStatistics::Page)
            .set_created_by(self.created_by.clone())
            .build())
    }
}
