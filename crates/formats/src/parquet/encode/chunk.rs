//! One column of one row group while it is being made: its pages as they will stand in the file, and what
//! the footer and the indexes will say of them.

use std::io::{self, Read};

use ::parquet::basic::{BoundaryOrder, Compression, Encoding, EncodingMask, PageType};
use ::parquet::column::writer::ColumnCloseResult;
use ::parquet::errors::{ParquetError, Result};
use ::parquet::file::metadata::{
    ColumnChunkMetaData, ColumnIndexBuilder, LevelHistogram, OffsetIndexBuilder, PageEncodingStats,
};
use ::parquet::file::reader::{ChunkReader, Length};
use ::parquet::schema::types::ColumnDescPtr;
use bytes::{Buf, Bytes};

use super::compress::Sealed;
use super::statistics::{Bound, Extent};

/// What a data page holds.
pub(super) struct PageFacts<B> {
    pub(super) encoding: Encoding,
    pub(super) rows: usize,
    pub(super) nulls: usize,
    pub(super) extent: Option<Extent<B>>,
    /// Bytes of its values, where they are byte arrays.
    pub(super) text_bytes: Option<usize>,
}

/// Whether the pages' bounds rise or fall.
struct Boundaries<B> {
    rising: bool,
    falling: bool,
    last: Option<Extent<B>>,
}

impl<B: Bound> Boundaries<B> {
    fn follow(&mut self, next: &Extent<B>) {
        if let Some(last) = &self.last {
            self.rising &= !(last.min > next.min || last.max > next.max);
            self.falling &= !(next.min > last.min || next.max > last.max);
        }
        self.last = Some(next.clone());
    }

    fn order(&self) -> BoundaryOrder {
        match (self.rising, self.falling) {
            (true, _) => BoundaryOrder::ASCENDING,
            (false, true) => BoundaryOrder::DESCENDING,
            (false, false) => BoundaryOrder::UNORDERED,
        }
    }
}

/// Collects pages.
pub(super) struct Chunk<B> {
    column: ColumnDescPtr,
    compression: Compression,
    dictionary: Option<Sealed>,
    pages: Vec<Bytes>,
    sizes: Vec<usize>,
    bytes: usize,
    uncompressed_bytes: usize,
    rows: usize,
    nulls: usize,
    text_bytes: Option<usize>,
    extent: Option<Extent<B>>,
    boundaries: Boundaries<B>,
    column_index: ColumnIndexBuilder,
    offset_index: OffsetIndexBuilder,
    encodings: Vec<PageEncodingStats>,
}

impl<B: Bound> Chunk<B> {
    pub(super) fn new(column: ColumnDescPtr, compression: Compression) -> Self {
        Self {
            column_index: ColumnIndexBuilder::new(column.physical_type()),
            column,
            compression,
            dictionary: None,
            pages: Vec::new(),
            sizes: Vec::new(),
            bytes: 0,
            uncompressed_bytes: 0,
            rows: 0,
            nulls: 0,
            text_bytes: None,
            extent: None,
            boundaries: Boundaries {
                rising: true,
                falling: true,
                last: None,
            },
            offset_index: OffsetIndexBuilder::new(),
            encodings: Vec::new(),
        }
    }

    pub(super) fn column(&self) -> &ColumnDescPtr {
        &self.column
    }

    /// Bytes that its pages take in the file, the dictionary among them once it is there.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Bytes of memory.
    pub(super) fn memory(&self) -> usize {
        let of_extent = |extent: &Extent<B>| extent.min.memory() + extent.max.memory();
        // Two bounds, a place and a count in the indexes.
        let indexes = self.sizes.len() * 160;
        self.bytes
            + self.pages.capacity() * size_of::<Bytes>()
            + self.sizes.capacity() * size_of::<usize>()
            + indexes
            + self.extent.as_ref().map_or(0, of_extent)
            + self.boundaries.last.as_ref().map_or(0, of_extent)
    }

    /// Takes the dictionary, once, after which only plain pages come.
    pub(super) fn set_dictionary(&mut self, sealed: Sealed) {
        self.bytes += sealed.bytes;
        self.uncompressed_bytes += sealed.uncompressed_bytes;
        self.dictionary = Some(sealed);
    }

    /// Whether any page of data is there.
    pub(super) fn has_pages(&self) -> bool {
        !self.sizes.is_empty()
    }

    pub(super) fn push(&mut self, sealed: Sealed, facts: PageFacts<B>) {
        self.bytes += sealed.bytes;
        self.uncompressed_bytes += sealed.uncompressed_bytes;
        self.sizes.push(sealed.bytes);
        self.pages
            .extend(sealed.pieces.into_iter().filter(|piece| !piece.is_empty()));
        match self.encodings.last_mut() {
            Some(last) if last.encoding == facts.encoding => last.count += 1,
            _ => self.encodings.push(PageEncodingStats {
                page_type: PageType::DATA_PAGE,
                encoding: facts.encoding,
                count: 1,
            }),
        }
        self.index(&facts);
        self.rows += facts.rows;
        self.nulls += facts.nulls;
        if let Some(bytes) = facts.text_bytes {
            *self.text_bytes.get_or_insert(0) += bytes;
        }
        if let Some(extent) = facts.extent {
            Extent::include(&mut self.extent, extent);
        }
    }

    /// A page whose values have no order (all are NaN) leaves the chunk without a column index.
    fn index(&mut self, facts: &PageFacts<B>) {
        let nulls = facts.nulls as i64;
        match &facts.extent {
            _ if !self.column_index.valid() => {}
            _ if facts.nulls == facts.rows => {
                self.column_index
                    .append(true, Vec::new(), Vec::new(), nulls);
            }
            None => self.column_index.to_invalid(),
            Some(extent) => {
                self.boundaries.follow(extent);
                self.column_index.append(
                    false,
                    extent.min.index_bytes(&self.column, false),
                    extent.max.index_bytes(&self.column, true),
                    nulls,
                );
            }
        }
        let levels = self.histogram(facts.rows, facts.nulls);
        self.column_index.append_histograms(&None, &levels);
        self.offset_index.append_row_count(facts.rows as i64);
        self.offset_index
            .append_unencoded_byte_array_data_bytes(facts.text_bytes.map(|bytes| bytes as i64));
    }

    fn histogram(&self, rows: usize, nulls: usize) -> Option<LevelHistogram> {
        let mut levels = LevelHistogram::try_new(self.column.max_def_level())?;
        levels.increment_by(0, nulls as i64);
        levels.increment_by(1, (rows - nulls) as i64);
        Some(levels)
    }

    /// Everything that a row group needs to take it over.
    pub(super) fn close(mut self) -> Result<(EncodedPages, ColumnCloseResult)> {
        let dictionary_bytes = self.dictionary.as_ref().map(|sealed| sealed.bytes);
        let first = dictionary_bytes.unwrap_or(0);
        let mut offset = first;
        for size in &self.sizes {
            let too_large =
                |_| ParquetError::General(format!("a page of {size} bytes is too large"));
            let bytes = i32::try_from(*size).map_err(too_large)?;
            self.offset_index
                .append_offset_and_size(offset as i64, bytes);
            offset += size;
        }
        let metadata = self.metadata(dictionary_bytes.map(|_| 0), first as i64)?;
        self.column_index
            .set_boundary_order(self.boundaries.order());
        let column_index = if self.column_index.valid() {
            Some(self.column_index.build()?)
        } else {
            None
        };
        let result = ColumnCloseResult {
            bytes_written: self.bytes as u64,
            rows_written: self.rows as u64,
            metadata,
            bloom_filter: None,
            column_index,
            offset_index: Some(self.offset_index.build()),
        };
        let dictionary = self.dictionary.into_iter().flat_map(|sealed| sealed.pieces);
        let pages = dictionary.chain(self.pages).collect();
        let bytes = self.bytes as u64;
        Ok((EncodedPages { pages, bytes }, result))
    }

    fn metadata(&mut self, dictionary: Option<i64>, data: i64) -> Result<ColumnChunkMetaData> {
        let mut encodings = std::mem::take(&mut self.encodings);
        if dictionary.is_some() {
            let statistics = PageEncodingStats {
                page_type: PageType::DICTIONARY_PAGE,
                encoding: Encoding::PLAIN,
                count: 1,
            };
            encodings.insert(0, statistics);
        }
        let used = encodings.iter().map(|page| &page.encoding);
        let mask = EncodingMask::new_from_encodings(used.chain([&Encoding::RLE]));
        let statistics = B::statistics(self.extent.take(), self.nulls as u64, &self.column);
        ColumnChunkMetaData::builder(self.column.clone())
            .set_compression(self.compression)
            .set_encodings_mask(mask)
            .set_page_encoding_stats(encodings)
            .set_total_compressed_size(self.bytes as i64)
            .set_total_uncompressed_size(self.uncompressed_bytes as i64)
            .set_num_values(self.rows as i64)
            .set_data_page_offset(data)
            .set_dictionary_page_offset(dictionary)
            .set_statistics(statistics)
            .set_unencoded_byte_array_data_bytes(self.text_bytes.map(|bytes| bytes as i64))
            .set_repetition_level_histogram(None)
            .set_definition_level_histogram(self.histogram(self.rows, self.nulls))
            .build()
    }
}

/// A chunk's pages, one behind the other, as a row group takes them: once, from the first byte on.
pub(super) struct EncodedPages {
    pages: Vec<Bytes>,
    bytes: u64,
}

impl Length for EncodedPages {
    fn len(&self) -> u64 {
        self.bytes
    }
}

impl ChunkReader for EncodedPages {
    type T = PagesReader;

    fn get_read(&self, start: u64) -> Result<PagesReader> {
        if start != 0 {
            return Err(ParquetError::General(
                "pages are read from the first on".to_owned(),
            ));
        }
        let pages = self.pages.clone().into_iter();
        Ok(PagesReader {
            pages,
            current: Bytes::new(),
        })
    }

    fn get_bytes(&self, _: u64, _: usize) -> Result<Bytes> {
        Err(ParquetError::NYI("pages are read as a stream".to_owned()))
    }
}

/// Reads pages one behind the other.
pub(super) struct PagesReader {
    pages: std::vec::IntoIter<Bytes>,
    current: Bytes,
}

impl Read for PagesReader {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.current.is_empty() {
            match self.pages.next() {
                Some(page) => self.current = page,
                None => return Ok(0),
            }
        }
        let length = out.len().min(self.current.len());
        self.current.copy_to_slice(&mut out[..length]);
        Ok(length)
    }
}
