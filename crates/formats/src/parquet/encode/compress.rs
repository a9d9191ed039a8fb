//! From a page's bytes to those in the file. One workspace serves all columns of a file, one page after
//! the other; what a huge page made grow is let go.

use ::parquet::basic::Compression;
use ::parquet::errors::{ParquetError, Result};
use bytes::Bytes;

use super::page::Header;

/// A buffer that is larger is not kept for the next page.
pub(super) const KEPT_BYTES: usize = 4 << 20;

/// The page that is just being made, and its codec.
pub(in crate::parquet) struct Workspace {
    /// The page, not compressed.
    pub(super) page: Vec<u8>,
    codec: Codec,
    compressed: Vec<u8>,
}

enum Codec {
    None,
    Snappy(Box<snap::raw::Encoder>),
    Gzip(u32),
    Zstd(Box<zstd::bulk::Compressor<'static>>),
}

/// A page as it stands in the file.
pub(super) struct Sealed {
    /// Header and body, in one piece or two.
    pub(super) pieces: [Bytes; 2],
    /// Bytes of header and body.
    pub(super) bytes: usize,
    /// What they would be without compression.
    pub(super) uncompressed_bytes: usize,
}

impl Workspace {
    pub(in crate::parquet) fn new(compression: Compression) -> Result<Self> {
        let codec = match compression {
            Compression::UNCOMPRESSED => Codec::None,
            Compression::SNAPPY => Codec::Snappy(Box::new(snap::raw::Encoder::new())),
            Compression::GZIP(level) => Codec::Gzip(level.compression_level()),
            Compression::ZSTD(level) => Codec::Zstd(Box::new(
                zstd::bulk::Compressor::new(level.compression_level()).map_err(external)?,
            )),
            other => return Err(ParquetError::NYI(format!("pages compressed by {other}"))),
        };
        Ok(Self {
            page: Vec::new(),
            codec,
            compressed: Vec::new(),
        })
    }

    /// Compresses [`Self::page`], which is empty afterwards.
    pub(super) fn seal(&mut self, header: Header) -> Result<Sealed> {
        let length = self.compress()?;
        let plain = matches!(self.codec, Codec::None);
        let head = header.encode(self.page.len(), length)?;
        let sealed = Sealed {
            bytes: head.len() + length,
            uncompressed_bytes: head.len() + self.page.len(),
            pieces: if length > KEPT_BYTES {
                // A second copy of what is huge would be dear.
                let source = if plain {
                    &mut self.page
                } else {
                    &mut self.compressed
                };
                let mut body = std::mem::take(source);
                if !plain {
                    self.page = Vec::new();
                }
                body.truncate(length);
                body.shrink_to_fit();
                [head.into(), body.into()]
            } else {
                let body = if plain { &self.page } else { &self.compressed };
                let mut whole = Vec::with_capacity(head.len() + length);
                whole.extend_from_slice(&head);
                whole.extend_from_slice(&body[..length]);
                [whole.into(), Bytes::new()]
            },
        };
        self.page.clear();
        for buffer in [&mut self.page, &mut self.compressed] {
            if buffer.capacity() > KEPT_BYTES {
                *buffer = Vec::new();
            }
        }
        Ok(sealed)
    }

    /// Bytes of memory that it holds between two pages.
    pub(in crate::parquet) fn memory(&self) -> usize {
        self.page.capacity() + self.compressed.capacity()
    }

    /// Lets all buffers go.
    pub(in crate::parquet) fn release(&mut self) {
        self.page = Vec::new();
        self.compressed = Vec::new();
    }

    fn compress(&mut self) -> Result<usize> {
        let (page, out) = (&self.page[..], &mut self.compressed);
        match &mut self.codec {
            Codec::None => Ok(page.len()),
            Codec::Snappy(encoder) => {
                room(out, snap::raw::max_compress_len(page.len()));
                encoder.compress(page, out).map_err(external)
            }
            Codec::Gzip(level) => {
                use std::io::Write;
                out.clear();
                let level = flate2::Compression::new(*level);
                let mut encoder = flate2::write::GzEncoder::new(out, level);
                encoder.write_all(page)?;
                Ok(encoder.finish()?.len())
            }
            Codec::Zstd(compressor) => {
                room(out, zstd::zstd_safe::compress_bound(page.len()));
                compressor
                    .compress_to_buffer(page, &mut out[..])
                    .map_err(external)
            }
        }
    }
}

/// It only ever grows, so that no byte is zeroed for each page.
fn room(out: &mut Vec<u8>, length: usize) {
    if out.len() < length {
        out.clear();
        out.resize(length, 0);
    }
}

fn external<E: std::error::Error + Send + Sync + 'static>(error: E) -> ParquetError {
    ParquetError::External(Box::new(error))
}
