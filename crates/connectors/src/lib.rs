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

#[cfg(test)]
mod tests {
    use contract::Opening;
    use model::TimeZone;
    use serde_json::{Value as Json, json};

    use super::connector;

    /// As a form reads it.
    fn told(id: &str, options: &Json) -> Option<String> {
        let read = connector(id).unwrap().capabilities().read.unwrap();
        let default = read.default_schema.unwrap();
        let named = default.option.map(|option| &options[option]);
        let first = named.and_then(|value| value.as_str().or_else(|| value[0].as_str()));
        first.or(default.otherwise).map(ToOwned::to_owned)
    }

    #[tokio::test]
    async fn the_default_schema_is_the_one_that_the_source_has() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::File::create(folder.path().join("shop.db")).unwrap();
        let opening = Opening::new(folder.path(), TimeZone::utc(), "");
        let server = json!({"host": "127.0.0.1", "user": "u", "database": "shop"});
        let mut elsewhere = server.clone();
        elsewhere["search-path"] = json!(["sales", "public"]);
        let file = json!({"path": "shop.db"});
        for (id, options, expected) in [
            ("postgresql", &server, "public"),
            ("postgresql", &elsewhere, "sales"),
            ("mysql", &server, "shop"),
            ("sqlite", &file, "main"),
        ] {
            let how = json!({});
            let source = connector(id).unwrap().source(options, &how, &opening);
            assert_eq!(source.await.unwrap().default_schema(), expected, "{id}");
            assert_eq!(told(id, options).as_deref(), Some(expected), "{id}");
        }
    }
}
