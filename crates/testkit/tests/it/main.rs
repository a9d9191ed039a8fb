//! The workspace's one integration-test binary: engine, connectors and service together.

mod engine_flights;
mod lakes;
mod memory;
