//! How each system talks: one folder each, the same file names in each, what kin share in
//! [`family`]. A connector's id appears in its folder and in the registry below, nowhere else.

use contract::AnyConnector;

#[doc(hidden)]
pub mod decoders;
mod family;
pub mod files;
pub mod lake;
pub mod mysql;
pub mod postgres;
pub mod sqlite;

/// Every connector, in the order in which people see them.
pub static CONNECTORS: &[&dyn AnyConnector] = &[
    &postgres::Postgres,
    &mysql::Mysql,
    &sqlite::Sqlite,
    &lake::Lake,
    &files::Files,
];

/// The connector that the migration file calls `id`.
pub fn connector(id: &str) -> Option<&'static dyn AnyConnector> {
    CONNECTORS
        .iter()
        .copied()
        .find(|connector| connector.id() == id)
}

/// What must be set before the process has a second thread: call it first in `main`.
pub fn prepare_process() {
    mysql::bound_buffers();
}
