//! The command line of Godwit. It decides nothing: it parses arguments, calls `service`, and prints.

pub mod cli;
pub mod demo;
mod progress;
mod render;
pub mod terminal;
