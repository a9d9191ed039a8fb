//! One column of one row group: cuts its rows into pages, and decides how long a dictionary is kept.

use std::ops::Range;

use ::parquet::basic::Encoding;
use ::parquet::column::writer::ColumnCloseResult;
use ::parquet::errors::{ParquetError, Result};
use arrow::array::Array;

use super::bit_pack::{WIDEST, width_of};
use super::chunk::{Chunk, EncodedPages, PageFacts};
use super::compress::Workspace;
use super::levels::Levels;
use super::page::Header;
use super::statistics::{Bound, Extent};

/// A dictionary is judged when it has grown to this part of what it may become.
const TRIAL_PART: usize = 4;
/// One of numbers is judged from so many on, but then it has to be so much too large.
const EARLY_TRIAL: usize = 4_096;
const EARLY_MARGIN: usize = 8;

/// When a page ends, and when a dictionary is too large.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) page_rows: usize,
    pub(super) page_bytes: usize,
    pub(super) dictionary_bytes: usize,
}

/// The dictionary that a chunk's values have so far.
pub(super) struct DictionarySize {
    pub(super) entries: usize,
    pub(super) bytes: usize,
    /// How many entries there will be at most if values come from where they came so far. Numbers know;
    /// of texts, many may come in their order before the first comes again.
    pub(super) most_entries: Option<usize>,
    /// Looking values up is slow.
    pub(super) crowded: bool,
}

/// The values of a page that has just ended.
pub(super) struct PageValues<B> {
    pub(super) encoding: Encoding,
    pub(super) extent: Option<Extent<B>>,
    /// Bytes of the values, where they are byte arrays.
    pub(super) text_bytes: Option<usize>,
}

/// The values of one physical type: the current page's, and the chunk's dictionary. Nulls are none of
/// its business but to leave them out.
pub(super) trait Values: Send {
    type Bound: Bound;

    /// How many of these rows may be appended before somebody asks again, at least one.
    fn fitting(&self, array: &dyn Array, rows: Range<usize>, page_bytes: usize) -> usize;

    /// By how many bytes these rows may make the dictionary grow.
    fn growth(&self, array: &dyn Array, rows: &Range<usize>) -> usize;

    /// Adds the values of these rows to the page.
    fn append(&mut self, array: &dyn Array, rows: Range<usize>);

    /// The dictionary, while there is one.
    fn dictionary(&self) -> Option<DictionarySize>;

    /// Bytes of the page without a dictionary.
    fn plain_bytes(&self) -> usize;

    /// Bytes of the page as it is.
    fn page_bytes(&self) -> usize;

    /// Ends the page: appends levels and values to `page`.
    fn take_page(&mut self, levels: &[u8], page: &mut Vec<u8>) -> PageValues<Self::Bound>;

    /// Writes the page without its dictionary, which is gone. No page was taken before.
    fn spell_out(&mut self);

    /// Appends the dictionary's entries, which is gone afterwards, and says how many they are. No value
    /// is in the page.
    fn take_dictionary(&mut self, page: &mut Vec<u8>) -> Option<usize>;

    /// Bytes of memory.
    fn memory(&self) -> usize;
}

/// A column that is encoded here, whatever its type.
pub(super) trait ColumnEncoder: Send {
    /// Adds an array of the column's type.
    fn write(&mut self, array: &dyn Array, workspace: &mut Workspace) -> Result<()>;
    /// Ends the last page.
    fn close(
        self: Box<Self>,
        workspace: &mut Workspace,
    ) -> Result<(EncodedPages, ColumnCloseResult)>;
    /// Bytes of memory.
    fn memory(&self) -> usize;
    /// Bytes that it will take in the file by now, roughly.
    fn estimated_bytes(&self) -> usize;
}

/// One column of one row group.
pub(super) struct Column<V: Values> {
    values: V,
    nullable: bool,
    levels: Levels,
    /// The levels of the page that is just being ended.
    encoded_levels: Vec<u8>,
    chunk: Chunk<V::Bound>,
    limits: Limits,
    /// Values that came, and how many it takes to judge the dictionary again.
    seen: usize,
    next_trial: usize,
}

impl<V: Values> Column<V> {
    pub(super) fn new(values: V, chunk: Chunk<V::Bound>, limits: Limits) -> Self {
        Self {
            values,
            nullable: chunk.column().max_def_level() > 0,
            levels: Levels::new(),
            encoded_levels: Vec::new(),
            chunk,
            limits,
            seen: 0,
            next_trial: EARLY_TRIAL,
        }
    }

    fn end_page(&mut self, workspace: &mut Workspace) -> Result<()> {
        let (rows, nulls) = (self.levels.rows(), self.levels.nulls());
        self.encoded_levels.clear();
        if self.nullable {
            self.levels.take(&mut self.encoded_levels);
        } else {
            self.levels.clear();
        }
        let page = self
            .values
            .take_page(&self.encoded_levels, &mut workspace.page);
        let sealed = workspace.seal(Header::Data {
            values: rows,
            encoding: page.encoding,
        })?;
        let facts = PageFacts {
            encoding: page.encoding,
            rows,
            nulls,
            extent: page.extent,
            text_bytes: page.text_bytes,
        };
        self.chunk.push(sealed, facts);
        Ok(())
    }

    /// Goes on without a dictionary. If no page refers to it yet, it was never there.
    fn leave_dictionary(&mut self, workspace: &mut Workspace) -> Result<()> {
        if !self.chunk.has_pages() && self.values.plain_bytes() <= 2 * self.limits.page_bytes {
            self.values.spell_out();
            return Ok(());
        }
        if self.levels.rows() > 0 {
            self.end_page(workspace)?;
        }
        self.seal_dictionary(workspace)
    }

    fn seal_dictionary(&mut self, workspace: &mut Workspace) -> Result<()> {
        if let Some(values) = self.values.take_dictionary(&mut workspace.page) {
            let sealed = workspace.seal(Header::Dictionary { values })?;
            self.chunk.set_dictionary(sealed);
        }
        Ok(())
    }

    /// Whether the dictionary is too large, or will be: by how often values came again it is estimated
    /// how many there are.
    fn is_dictionary_hopeless(&mut self) -> bool {
        let Some(size) = self.values.dictionary() else {
            return false;
        };
        let limit = self.limits.dictionary_bytes;
        if size.bytes >= limit || size.entries >= 1 << (WIDEST - 1) || size.crowded {
            return true;
        }
        let early = size.bytes * TRIAL_PART < limit;
        if self.seen < self.next_trial || early && size.most_entries.is_none() {
            return false;
        }
        self.next_trial = self.seen * 2;
        let repeated = self.seen - size.entries;
        let expected = self.seen as u128 * self.seen as u128 / (2 * repeated.max(1)) as u128;
        let expected = expected.min(size.most_entries.unwrap_or(usize::MAX) as u128);
        let entry_bytes = size.bytes.div_ceil(size.entries.max(1)) as u128;
        let margin = if early { EARLY_MARGIN } else { 1 };
        // Where most values came before, the estimate says nothing.
        repeated * 4 < self.seen && expected * entry_bytes > limit as u128 * margin as u128
    }

    /// What one page of few values does not need.
    fn is_dictionary_useless(&self) -> bool {
        self.values.dictionary().is_some_and(|size| {
            let indices = self.seen * width_of(size.entries) as usize / 8;
            !self.chunk.has_pages() && size.bytes + indices >= self.values.plain_bytes()
        })
    }

    fn append(&mut self, array: &dyn Array, rows: Range<usize>) {
        let before = self.levels.nulls();
        self.levels.append(array.nulls(), rows.clone());
        self.seen += rows.len() - (self.levels.nulls() - before);
        self.values.append(array, rows);
    }
}

impl<V: Values> ColumnEncoder for Column<V> {
    fn write(&mut self, array: &dyn Array, workspace: &mut Workspace) -> Result<()> {
        if !self.nullable && array.null_count() > 0 {
            let name = self.chunk.column().name();
            return Err(ParquetError::General(format!(
                "null in required column {name:?}"
            )));
        }
        let limits = self.limits;
        let mut start = 0;
        while start < array.len() {
            let most = limits.page_rows.saturating_sub(self.levels.rows()).max(1);
            let rows = start..array.len().min(start + most);
            let fitting = self.values.fitting(array, rows, limits.page_bytes);
            let rows = start..start + fitting;
            start = rows.end;
            if let Some(size) = self.values.dictionary()
                && size.bytes + self.values.growth(array, &rows) > 2 * limits.dictionary_bytes
            {
                self.leave_dictionary(workspace)?;
            }
            self.append(array, rows);
            if self.is_dictionary_hopeless() {
                self.leave_dictionary(workspace)?;
            }
            let rows = self.levels.rows();
            let is_full = self.values.page_bytes() >= limits.page_bytes;
            if rows >= limits.page_rows || rows > 0 && is_full {
                self.end_page(workspace)?;
            }
        }
        Ok(())
    }

    fn close(
        mut self: Box<Self>,
        workspace: &mut Workspace,
    ) -> Result<(EncodedPages, ColumnCloseResult)> {
        if self.is_dictionary_useless() {
            self.values.spell_out();
        }
        if self.levels.rows() > 0 {
            self.end_page(workspace)?;
        }
        self.seal_dictionary(workspace)?;
        self.chunk.close()
    }

    fn memory(&self) -> usize {
        self.values.memory()
            + self.levels.memory()
            + self.encoded_levels.capacity()
            + self.chunk.memory()
    }

    fn estimated_bytes(&self) -> usize {
        let dictionary = self.values.dictionary().map_or(0, |size| size.bytes);
        self.chunk.bytes() + self.values.page_bytes() + dictionary
    }
}
