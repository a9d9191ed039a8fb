//! The doors of Godwit: its command line, and HTTP. They decide nothing: they parse, call `service`,
//! and print or answer.

pub mod cli;
pub mod demo;
pub mod http;
mod progress;
mod render;
pub mod terminal;
