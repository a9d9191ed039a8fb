//! How results read on a terminal: findings, tables of text, numbers, plans, reports. Names are
//! shown with control characters escaped, so that each stays on its line.

pub(crate) mod columns;
pub(crate) mod findings;
pub(crate) mod numbers;
pub(crate) mod plan;
pub(crate) mod probe;
pub(crate) mod report;
