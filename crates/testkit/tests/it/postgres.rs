//! PostgreSQL is held to the same list as the destination in memory, on the real server.

use std::sync::Arc;

use contract::{AnyConnector, Destination, Opening};
use model::migration::LoadingPolicy;
use model::{TableName, TimeZone};
use testkit::conformance::{
    Subject, a_key_that_comes_twice_is_refused, first_load_is_all_or_nothing, survives_every_fault,
    what_stands_staged_is_read_back,
};
use testkit::memory_destination::Rows;
use tokio_postgres::{Client, Config, NoTls};

/// A database of its own; a session of the driver's own looks into it.
struct Database {
    name: String,
    client: Client,
}

fn variable(name: &str) -> Option<String> {
    let full = format!("GODWIT_TEST_POSTGRES_{name}");
    let value = std::env::var(&full).ok();
    let required = std::env::var_os("GODWIT_REQUIRE_SERVERS").is_some();
    assert!(value.is_some() || !required, "{full} is not set");
    value
}

async fn client(database: &str) -> Client {
    let value = |name: &str| variable(name).expect("set");
    let mut config = Config::new();
    config
        .host(value("HOST"))
        .port(value("PORT").parse().expect("a number"))
        .user(value("USER"))
        .password(value("PASSWORD"))
        .dbname(database);
    let (client, connection) = config.connect(NoTls).await.expect("connects");
    #[allow(clippy::disallowed_methods, reason = "ends with the test's client")]
    tokio::spawn(connection);
    client
}

impl Database {
    async fn make(suffix: &str) -> Self {
        let name = format!("godwit_test_{}_conformance_{suffix}", std::process::id());
        let server = client("postgres").await;
        let create = format!("CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0");
        server.batch_execute(&create).await.expect("made");
        Self {
            client: client(&name).await,
            name,
        }
    }

    async fn drop(self) {
        let drop = format!("DROP DATABASE {} WITH (FORCE)", self.name);
        let server = client("postgres").await;
        server.batch_execute(&drop).await.expect("dropped");
    }
}

#[async_trait::async_trait]
impl Subject for Database {
    fn connector(&self) -> &'static dyn AnyConnector {
        connectors::connector("postgresql").expect("registered")
    }

    fn hangs_up(&self) -> bool {
        true
    }

    fn stride(&self) -> u64 {
        5
    }

    async fn open(&self) -> Arc<dyn Destination> {
        let opening = Opening::new(std::env::temp_dir(), TimeZone::utc(), "conformance");
        let connection = serde_json::json!({
            "host": variable("HOST"), "port": variable("PORT").and_then(|port| port.parse::<u16>().ok()),
            "database": self.name, "user": variable("USER"), "password": "${env:GODWIT_TEST_POSTGRES_PASSWORD}",
        });
        let write = serde_json::json!({});
        let connector = self.connector();
        let opened = connector.destination(&connection, &write, &opening).await;
        opened.expect("opens")
    }

    async fn read(&self, table: &TableName) -> Option<Rows> {
        let there = "SELECT to_regclass($1) IS NOT NULL";
        let row = self.client.query_one(there, &[&table.to_string()]).await;
        if !row.expect("asked").get::<_, bool>(0) {
            return None;
        }
        let query = format!("SELECT id, name FROM {table} ORDER BY 1, 2");
        let rows = self.client.query(&query, &[]).await.expect("read");
        Some(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
    }

    async fn leftovers(&self, _table: &TableName) -> Vec<String> {
        let query = "SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
                     WHERE n.nspname = 'conformance' AND relkind IN ('r', 'S') AND relname NOT IN ('t', 'godwit_loads')";
        let rows = self.client.query(query, &[]).await.expect("asked");
        rows.iter().map(|row| row.get(0)).collect()
    }

    async fn reset(&self) {
        let drop = "DROP SCHEMA IF EXISTS conformance CASCADE";
        self.client.batch_execute(drop).await.expect("dropped");
    }
}

async fn survives(policy: LoadingPolicy) {
    if variable("HOST").is_none() {
        return;
    }
    let database = Database::make(&format!("{policy:?}").to_lowercase()).await;
    let cases = survives_every_fault(&database, policy).await;
    println!("postgresql, {policy:?}: {cases} cases");
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn overwrite_survives_every_fault() {
    survives(LoadingPolicy::Overwrite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn append_survives_every_fault() {
    survives(LoadingPolicy::Append).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn update_survives_every_fault() {
    survives(LoadingPolicy::Update).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_load_is_all_or_nothing_and_a_key_comes_once() {
    if variable("HOST").is_none() {
        return;
    }
    let database = Database::make("first").await;
    first_load_is_all_or_nothing(&database).await;
    a_key_that_comes_twice_is_refused(&database).await;
    what_stands_staged_is_read_back(&database).await;
    database.drop().await;
}
