//! MariaDB is held to the same list as the destination in memory. Read back by its own client; skipped
//! aloud where there is no server.

use std::process::Command;
use std::sync::Arc;

use contract::{AnyConnector, Destination, Opening};
use model::migration::LoadingPolicy;
use model::{TableName, TimeZone};
use serde_json::json;
use testkit::conformance::{
    Subject, a_key_that_comes_twice_is_refused, first_load_is_all_or_nothing, survives_every_fault,
    what_stands_staged_is_read_back,
};
use testkit::memory_destination::Rows;

/// A database of the test's own.
struct Database {
    name: String,
    host: String,
    port: String,
    user: String,
    password: String,
}

impl Database {
    fn new(name: &str) -> Option<Self> {
        let read = |word: &str| std::env::var(format!("GODWIT_TEST_MYSQL_{word}")).ok();
        let found = read("HOST").and_then(|host| {
            Some(Self {
                name: format!("godwit_conformance_{name}_{}", std::process::id()),
                host,
                port: read("PORT")?,
                user: read("USER")?,
                password: read("PASSWORD")?,
            })
        });
        if found.is_none() {
            let required = std::env::var_os("GODWIT_REQUIRE_SERVERS").is_some();
            assert!(!required, "GODWIT_TEST_MYSQL_* is not set");
            eprintln!("skipped: GODWIT_TEST_MYSQL_* is not set");
        }
        found
    }

    /// What the client prints, tabs between cells.
    fn client(&self, sql: &str) -> Result<String, String> {
        let output = Command::new("mariadb")
            .args([
                "--no-defaults",
                "--protocol=tcp",
                "--batch",
                "--skip-column-names",
            ])
            .args(["--default-character-set=utf8mb4", "--execute", sql])
            .arg(format!("--host={}", self.host))
            .arg(format!("--port={}", self.port))
            .arg(format!("--user={}", self.user))
            .env("MYSQL_PWD", &self.password)
            .output()
            .expect("the client runs");
        match output.status.success() {
            true => Ok(String::from_utf8(output.stdout).expect("UTF-8")),
            false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        }
    }

    fn drop(&self) {
        let dropped = self.client(&format!("DROP DATABASE IF EXISTS {}", self.name));
        dropped.expect("the database can be dropped");
    }
}

#[async_trait::async_trait]
impl Subject for Database {
    fn connector(&self) -> &'static dyn AnyConnector {
        connectors::connector("mysql").expect("registered")
    }

    fn hangs_up(&self) -> bool {
        true
    }

    fn stride(&self) -> u64 {
        5
    }

    fn target(&self) -> TableName {
        TableName::new(&self.name, "t")
    }

    async fn open(&self) -> Arc<dyn Destination> {
        let connection = json!({
            "host": self.host, "port": self.port.parse::<u16>().expect("a port"),
            "database": "mysql", "user": self.user,
            "password": "${env:GODWIT_TEST_MYSQL_PASSWORD}", "connections": 3,
        });
        let opening = Opening::new("/", TimeZone::utc(), &self.name);
        let opened = self
            .connector()
            .destination(&connection, &json!({}), &opening)
            .await;
        opened.expect("opened")
    }

    async fn read(&self, table: &TableName) -> Option<Rows> {
        let sql = format!(
            "SELECT id, name FROM {}.{} ORDER BY id, name",
            table.schema, table.table
        );
        let printed = match self.client(&sql) {
            Ok(printed) => printed,
            Err(error) if error.contains("doesn't exist") || error.contains("Unknown database") => {
                return None;
            }
            Err(error) => panic!("{error}"),
        };
        let rows = printed.lines().map(|line| {
            let (id, name) = line.split_once('\t').expect("two cells");
            (id.parse().expect("a number"), name.to_owned())
        });
        Some(rows.collect())
    }

    async fn leftovers(&self, table: &TableName) -> Vec<String> {
        let sql = format!(
            "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = '{}' \
             AND TABLE_NAME NOT IN ('{}', 'godwit_loads')",
            self.name, table.table
        );
        let printed = self.client(&sql).expect("the tables are listed");
        printed.lines().map(str::to_owned).collect()
    }

    async fn reset(&self) {
        self.drop();
    }

    async fn restore(&self, rows: &Rows) -> bool {
        let rows: Vec<String> = rows
            .iter()
            .map(|(id, name)| format!("({id}, '{name}')"))
            .collect();
        let restored = self.client(&format!(
            "USE {}; BEGIN; DELETE FROM godwit_loads; DELETE FROM t; INSERT INTO t VALUES {}; COMMIT",
            self.name,
            rows.join(", ")
        ));
        restored.expect("the rows are put back");
        true
    }
}

async fn survives(policy: LoadingPolicy) {
    let Some(database) = Database::new(&format!("{policy:?}").to_lowercase()) else {
        return;
    };
    let cases = survives_every_fault(&database, policy).await;
    assert!(cases > 40, "{cases} cases");
    database.drop();
}

#[tokio::test]
async fn every_fault_of_an_overwrite_leaves_old_or_new() {
    survives(LoadingPolicy::Overwrite).await;
}

#[tokio::test]
async fn every_fault_of_an_append_leaves_old_or_new() {
    survives(LoadingPolicy::Append).await;
}

#[tokio::test]
async fn every_fault_of_an_update_leaves_old_or_new() {
    survives(LoadingPolicy::Update).await;
}

#[tokio::test]
async fn a_first_load_is_all_or_nothing() {
    let Some(database) = Database::new("first") else {
        return;
    };
    first_load_is_all_or_nothing(&database).await;
    database.drop();
}

#[tokio::test]
async fn staged_rows_are_read_back() {
    let Some(database) = Database::new("staged") else {
        return;
    };
    what_stands_staged_is_read_back(&database).await;
    database.drop();
}

#[tokio::test]
async fn a_key_twice_is_refused() {
    let Some(database) = Database::new("twice") else {
        return;
    };
    a_key_that_comes_twice_is_refused(&database).await;
    database.drop();
}
