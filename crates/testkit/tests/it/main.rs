//! The workspace's one integration-test binary: engine, connectors and service together.
#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test ends where its setting cannot be made, and tells its figures"
)]

mod checksums;
mod engine_flights;
mod lakes;
mod memory;
mod mysql;
mod postgres;
mod proxy;
