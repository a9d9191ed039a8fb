//! Fakes with failure switches, fault decorators, a proxy that makes trouble, the suite that every
//! destination must pass, data makers: for tests, never in the product.

pub mod batch_source;
pub mod conformance;
pub mod faults;
pub mod folder;
pub mod memory_destination;
pub mod memory_journal;
pub mod memory_source;
pub mod plans;
pub mod proxy;
pub mod reading;
pub mod saboteur;
pub mod splits;
