//! The command line as scripts and people meet it: exit codes, JSON, messages for bad input, runs
//! from SQLite to files, taking up what was left.

mod bad_input;
mod runs;
mod world;
