//! When, and in which order? Calendar, dependencies, quota, attempts. All of it is pure: what time it is,
//! and what there is, is handed in; so that years pass in a test.
#![warn(missing_docs)]

pub mod attempts;
pub mod backfill;
pub mod board;
pub mod calendar;
mod decide;
pub mod dependencies;

pub use decide::decide;
