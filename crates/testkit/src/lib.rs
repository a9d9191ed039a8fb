//! Fakes with failure switches, fault decorators, conformance suites, data makers: for tests, never
//! in the product.

pub mod conformance;
pub mod faults;
pub mod memory_destination;
pub mod memory_journal;
pub mod memory_source;
pub mod plans;
