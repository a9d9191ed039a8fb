//! Turns batches into the pages of a Parquet file; footer and indexes stay parquet-rs's work. A newcomer
//! reads downward, in the order in which a value walks:
//!
//! * `row_group`: a batch's columns go to their encoders. What is nested, or of a type that is rare, goes
//!   to parquet-rs's own. At the end of a row group every chunk goes into the file, in their order.
//! * `column`: rows are cut into pages, and a dictionary is judged: it is kept as long as its values come
//!   again. A page that refers to it stays; later pages are plain. All of it is the same for every type.
//! * `fixed`, `bytes`, `boolean`, `decimal`: the values of one physical type, the current page's and the
//!   dictionary's (`fixed_dictionary`, `byte_dictionary`). These are the hot loops: each runs over a slice
//!   of one type, and none calls anything that it does not know when it is compiled.
//! * `levels`, `rle`, `bit_pack`: nulls and indices as the file has them.
//! * `compress`, `page`: one workspace for all columns makes a page's bytes of that, header and all.
//! * `chunk`, `statistics`: what is said of pages: sizes, places, bounds. Readers leave out pages and whole
//!   files by bounds, so that a wrong one is loss of rows; they are compared with parquet-rs's in tests.
//!
//! What no reader would notice differs from parquet-rs: where pages end, and when a dictionary is left.
//! Nothing here fails but for the memory's or the format's limits: what a file cannot hold is refused
//! before, by the writer.

mod bit_pack;
mod boolean;
mod byte_dictionary;
mod bytes;
mod chunk;
mod column;
mod compress;
mod decimal;
mod fixed;
mod fixed_dictionary;
mod levels;
mod page;
mod rle;
mod row_group;
mod statistics;

#[cfg(test)]
mod tests;

pub(super) use compress::Workspace;
pub(super) use row_group::RowGroupEncoder;
