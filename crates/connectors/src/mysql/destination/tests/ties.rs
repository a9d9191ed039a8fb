//! Foreign keys of tables that the user may not see.

use super::*;

/// A user with these rights, and how to come in as it. It ends with the test's database.
struct Guest {
    name: String,
    connection: serde_json::Value,
    _folder: tempfile::TempDir,
}

impl Guest {
    fn new(place: &Place, grants: &str) -> Self {
        let [host, port, ..] = &place.variables;
        let name = format!("guest_{}", place.database.replace("godwit_dest_", ""));
        place.sql(&format!(
            "CREATE OR REPLACE USER {name} IDENTIFIED BY 'x'; GRANT {grants} ON {}.* TO {name}",
            place.database
        ));
        let folder = tempfile::tempdir().unwrap();
        let secret = folder.path().join("password");
        std::fs::write(&secret, "x").unwrap();
        let connection = json!({
            "host": host, "port": port.parse::<u16>().unwrap(), "database": place.database,
            "user": name, "password": format!("${{file:{}}}", secret.display()),
        });
        Self {
            name,
            connection,
            _folder: folder,
        }
    }
}

const BASIC: &str = "SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, ALTER, INDEX";

async fn codes(destination: &dyn Destination, place: &Place) -> Vec<String> {
    let name = TableName::new(&place.database, "t");
    let described = destination.describe(&[name]).await.unwrap().remove(0);
    let findings = described.unwrap().findings;
    findings.into_iter().map(|finding| finding.code).collect()
}

/// The server hides foreign keys of tables on which the user has no right, and minds them all the same.
async fn keys_of_other_databases(name: &str, grants: &str) {
    let Some(place) = Place::new(name) else {
        return;
    };
    let other = format!("{}_other", place.database);
    place.sql(&format!(
        "CREATE TABLE {0}.t (id bigint PRIMARY KEY, name longtext); \
         INSERT INTO {0}.t VALUES (1, 'old'), (2, 'old'); \
         DROP DATABASE IF EXISTS {other}; CREATE DATABASE {other}; \
         CREATE TABLE {other}.child (t bigint, \
         FOREIGN KEY (t) REFERENCES {0}.t (id) ON DELETE CASCADE); \
         INSERT INTO {other}.child VALUES (1), (2)",
        place.database
    ));
    let guest = Guest::new(&place, grants);
    let destination = place.open_by(&guest.connection, json!({})).await;
    assert_eq!(codes(&*destination, &place).await, ["FOREIGN_KEYS_UNSEEN"]);
    let write = place.write(&*destination, LoadingPolicy::Overwrite).await;
    let staging = destination.stage(&write, &LoadId::new("l1")).unwrap();
    let refused = destination.prepare(&staging).await.unwrap_err();
    assert_eq!(refused.code, "FOREIGN_KEYS_UNSEEN");
    destination.abort(&staging).await.unwrap();
    let update = place.write(&*destination, LoadingPolicy::Update).await;
    loaded(&*destination, &update, "l2", batch(&update, &[2, 3])).await;
    assert_eq!(place.of_t("id, name"), ["1\told", "2\tnew 2", "3\tnew 3"]);
    let children = place.sql(&format!("SELECT t FROM {other}.child ORDER BY t"));
    assert_eq!(children, "1\n2\n");

    // Made while a load ran.
    place.sql(&format!("DROP TABLE {other}.child"));
    let (staging, manifests) = staged(&*destination, &write, "l3", vec![batch(&write, &[9])]).await;
    place.sql(&format!(
        "CREATE TABLE {other}.child (t bigint, \
         FOREIGN KEY (t) REFERENCES {}.t (id) ON DELETE CASCADE)",
        place.database
    ));
    let outcome = destination.commit(&staging, &manifests).await;
    not_done(outcome, "FOREIGN_KEYS_UNSEEN");
    destination.abort(&staging).await.unwrap();
    assert_eq!(place.of_t("id"), ["1", "2", "3"]);

    // With the right to see them, they are seen.
    place.sql(&format!("GRANT REFERENCES ON *.* TO {}", guest.name));
    let destination = place.open_by(&guest.connection, json!({})).await;
    assert!(
        codes(&*destination, &place)
            .await
            .contains(&"WOULD_CASCADE".to_owned())
    );

    // And where there are none, nothing is in the way.
    place.sql(&format!(
        "DROP DATABASE {other}; REVOKE REFERENCES ON *.* FROM {}",
        guest.name
    ));
    let destination = place.open_by(&guest.connection, json!({})).await;
    loaded(&*destination, &write, "l4", batch(&write, &[9])).await;
    assert_eq!(place.of_t("id, name"), ["9\tnew 9"]);
    assert_eq!(place.leftovers(), Vec::<String>::new());
    place.sql(&format!("DROP USER {}", guest.name));
    place.end();
}

#[tokio::test]
async fn rows_of_databases_that_the_user_cannot_see_are_not_deleted_along() {
    keys_of_other_databases("unseen", BASIC).await;
}

#[tokio::test]
async fn keys_of_databases_that_the_user_cannot_see_do_not_follow_the_old_table() {
    keys_of_other_databases("unseent", &format!("{BASIC}, TRIGGER")).await;
}
