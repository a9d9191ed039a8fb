//! Runs a test on each database that a store may stand in.

use sqlx::{AnyConnection, Connection, Executor};

use crate::open::Store;

/// A store in a fresh SQLite file, and in a fresh PostgreSQL database where a server is named.
pub(crate) async fn on_each_database(test: impl AsyncFn(Store)) {
    let folder = tempfile::tempdir().unwrap();
    test(Store::open(folder.path()).await.unwrap()).await;
    let Some(server) = server() else {
        let required = std::env::var("GODWIT_REQUIRE_SERVERS").is_ok_and(|value| value == "1");
        assert!(!required, "there is no PostgreSQL server");
        eprintln!("skipped on PostgreSQL: no server");
        return;
    };
    let name = format!("store_{}", uuid::Uuid::now_v7().simple());
    run(&server, format!("CREATE DATABASE {name}")).await;
    let url = format!("{server}/{name}");
    let shared = Store::open_shared(&url, 5, folder.path()).await.unwrap();
    test(shared.clone()).await;
    shared.close().await;
    run(&server, format!("DROP DATABASE {name} WITH (FORCE)")).await;
}

async fn run(server: &str, statement: String) {
    sqlx::any::install_default_drivers();
    let url = format!("{server}/postgres");
    let mut connection = AnyConnection::connect(&url).await.unwrap();
    let statement = sqlx::AssertSqlSafe(statement);
    connection.execute(sqlx::raw_sql(statement)).await.unwrap();
}

fn server() -> Option<String> {
    let read = |word: &str| std::env::var(format!("GODWIT_TEST_POSTGRES_{word}")).ok();
    let (host, port) = (read("HOST")?, read("PORT")?);
    let (user, password) = (read("USER")?, read("PASSWORD")?);
    Some(format!("postgres://{user}:{password}@{host}:{port}"))
}
