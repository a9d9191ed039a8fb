//! The HTTP door: one table of routes gives both the router and its document, so that neither can
//! differ from the other. It reads requests, calls a noun's function, writes answers and problems;
//! it decides nothing.

pub mod answer;
pub mod app;
pub mod cookie;
mod csrf;
pub mod events;
mod flaw;
pub mod front;
pub mod handler;
pub mod identity;
pub mod input;
mod layers;
pub mod metrics;
pub mod openapi;
pub mod problem;
pub mod route;
mod routes;
mod schemas;
pub mod server;
mod texts;
pub mod web;
pub mod wire;

#[cfg(test)]
mod tests;

pub use answer::{Accepted, Answer, Created};
pub use app::App;
pub use front::{Front, Settings};
pub use handler::public;
pub use identity::{Door, Identity, RequestId, Token};
pub use input::Input;
pub use problem::Problem;
pub use route::Route;
pub use routes::routes;
pub use server::{Listen, Server, Tls};

/// What stands in front of every path of the table.
pub const PREFIX: &str = "/api/v1";

/// The header by which the API tells the version that serves it; what has none is no server of ours.
pub const VERSION_HEADER: &str = "godwit-version";
