//! What will we do? Select, name, map types, validate, plan, compare: pure functions, the same input
//! gives the same plan. Planning never fails: what cannot be done is a finding on its table, and the
//! others are planned all the same. No I/O, no clock.
//!
//! In order: [`validate_file`] (no connection needed), [`select`] on the source's listing, then, on
//! what was chosen, [`target_names`] for the destination to describe and [`filters`] for the source
//! to check, and [`plan`] with all the answers. Where rows are looked at before planning: [`probe_requests`] for the
//! source, and [`tell_probes`] with what it saw. [`diff`] compares two plans. [`task_names`] are those of
//! what is published.
#![warn(missing_docs)]

mod collisions;
mod ddl;
mod diff;
mod digest;
mod drift;
mod exceptions;
mod existing;
mod filters;
mod keys;
mod match_columns;
mod naming;
mod parameters;
mod partition;
mod plan;
mod probe;
mod recreate;
mod replay;
mod select;
mod slips;
mod table;
mod task_names;
mod validate;
mod yaml;

pub use diff::diff;
pub use filters::filters;
pub use naming::{column_name, table_name};
pub use parameters::Parameters;
pub use plan::{PlanInput, plan};
pub use probe::{Probed, probe_requests, tell_probes};
pub use replay::{Again, replay};
pub use select::{Selection, select};
pub use table::target_names;
pub use task_names::{
    Metadata, TASK_NAME_METADATA, TaskName, TaskNames, default_task_rule, preview_task_names,
    task_names,
};
pub use validate::{validate, validate_against, validate_file};

#[cfg(test)]
mod fake;
#[cfg(test)]
mod tests;
