//! `verify: checksums`. Rows are summed as they are handed to the writers, and once more as they stand
//! staged; what the source computes of its columns by itself is compared with the rows handed on.

mod canonical;
mod compare;
mod figures;
mod prove;
mod sums;

pub(crate) use prove::{Proving, specs};
pub(crate) use sums::{ColumnSpec, Handed, HandedRows};
