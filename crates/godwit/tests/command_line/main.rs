//! The command line as scripts and people meet it: exit codes, JSON, messages for bad input, runs
//! from SQLite to files, taking up what was left.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "all of it is tests, helpers too"
)]

mod bad_input;
mod changes;
mod probing;
mod replays;
mod runs;
mod world;
