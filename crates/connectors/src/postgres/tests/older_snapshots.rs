//! What others see of a load who look at an older moment, or change the table while its commit waits.

use std::time::Duration;

use contract::CommitOutcome;
use model::LoadId;
use model::migration::LoadingPolicy::{self, Overwrite};
use tokio_postgres::Client;

use super::loads::{ALL, NEW, NOBODY, with_tables};
use super::support::{client, options};
use super::writing::{Load, World, destination_as};

const OLD_ID: &str = "SELECT 'there.t'::regclass::oid";
const LOOK: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM there.u";

async fn another(world: &World) -> Client {
    let database = world.rows("SELECT current_database()").await.remove(0);
    client(&database).await
}

async fn count(reader: &Client, table: &str) -> i64 {
    let query = format!("SELECT count(*) FROM {table}");
    reader.query_one(&query, &[]).await.unwrap().get(0)
}

/// A load of three rows in two parts, between which `look` happens.
async fn staged(
    world: &World,
    to: &str,
    policy: LoadingPolicy,
    load: &str,
    look: impl Future<Output = ()>,
) -> Load {
    let plan = world.plan("t", to, policy).await;
    let staging = world
        .destination
        .stage(&plan.write, &LoadId::new(load))
        .unwrap();
    world.destination.prepare(&staging).await.unwrap();
    let rows = world.read(&plan.scan).await;
    let (first, others) = (rows[0].slice(0, 1), rows[0].slice(1, 2));
    let first = world.part(&staging, "00000", 1, vec![first]).await.unwrap();
    look.await;
    let others = world
        .part(&staging, "00001", 1, vec![others])
        .await
        .unwrap();
    Load {
        staging,
        manifests: vec![first, others],
        unfit: Vec::new(),
    }
}

#[tokio::test]
async fn an_older_moment_holds_the_old_rows_or_none_and_never_some() {
    with_tables("older", "CREATE TABLE there.u ();", async |world| {
        let reader = another(&world).await;
        let look = async { reader.batch_execute(LOOK).await.unwrap() };
        let load = staged(&world, "t", Overwrite, "held", look).await;
        let identity = world.rows(OLD_ID).await;
        world.commit(&load).await.unwrap();
        assert_eq!(count(&reader, "there.t").await, 2, "the old table");
        assert_eq!(world.rows(ALL).await, NEW);
        assert_eq!(world.rows(OLD_ID).await, identity, "its rows were copied");
        // A new table, while the same reader looks: it is not waited for a second time.
        let started = std::time::Instant::now();
        let load = staged(&world, "T new", Overwrite, "new", async {}).await;
        world.commit(&load).await.unwrap();
        assert!(
            started.elapsed() < Duration::from_secs(4),
            "{:?}",
            started.elapsed()
        );
        assert_eq!(count(&reader, "there.\"T new\"").await, 0, "none of it");
        reader.batch_execute("COMMIT").await.unwrap();
        assert_eq!(count(&reader, "there.\"T new\"").await, 3);
        let key = "SELECT indexdef FROM pg_indexes WHERE tablename = 'T new'";
        assert_eq!(
            world.rows(key).await,
            ["CREATE UNIQUE INDEX \"T new_pkey\" ON there.\"T new\" USING btree (id)"]
        );
        assert_eq!(world.leftovers().await, NOBODY);
    })
    .await;
}

#[tokio::test]
async fn an_exchange_waits_for_those_who_look_at_an_older_moment() {
    with_tables("older_wait", "CREATE TABLE there.u ();", async |world| {
        let reader = another(&world).await;
        let look = async { reader.batch_execute(LOOK).await.unwrap() };
        let load = staged(&world, "t", Overwrite, "waits", look).await;
        let identity = world.rows(OLD_ID).await;
        let ends = async {
            tokio::time::sleep(Duration::from_millis(700)).await;
            assert_eq!(count(&reader, "there.t").await, 2);
            reader.batch_execute("COMMIT").await.unwrap();
        };
        let (committed, ()) = tokio::join!(world.commit(&load), ends);
        committed.unwrap();
        assert_ne!(world.rows(OLD_ID).await, identity, "it was exchanged");
        // Somebody who looks at the moment after the last part hinders nothing, and sees all of it.
        let load = staged(&world, "t", Overwrite, "after", async {}).await;
        reader.batch_execute(LOOK).await.unwrap();
        let identity = world.rows(OLD_ID).await;
        world.commit(&load).await.unwrap();
        assert_ne!(world.rows(OLD_ID).await, identity);
        assert_eq!(count(&reader, "there.t").await, 3);
        assert_eq!(world.rows(ALL).await, NEW);
    })
    .await;
}

/// Sessions of others, to a user who may not see what they do.
#[tokio::test]
async fn a_user_without_rights_sees_who_looks_at_an_older_moment() {
    with_tables("older_rights", "CREATE TABLE there.u ();", async |mut world| {
        let role = format!("godwit_test_{}_older", std::process::id());
        let database = world.rows("SELECT current_database()").await.remove(0);
        world
            .run(&format!(
                "CREATE ROLE {role} LOGIN PASSWORD 'godwit'; ALTER SCHEMA there OWNER TO {role}; ALTER TABLE there.t OWNER TO {role}"
            ))
            .await;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("password");
        std::fs::write(&path, "godwit").unwrap();
        let mut as_role = options(&database);
        as_role["user"] = role.clone().into();
        as_role["password"] = format!("${{file:{}}}", path.display()).into();
        world.destination = destination_as(&as_role, "there").await;
        let reader = another(&world).await;
        let look = async { reader.batch_execute(LOOK).await.unwrap() };
        let load = staged(&world, "t", Overwrite, "held", look).await;
        let outcome = world.destination.commit(&load.staging, &load.manifests).await;
        let seen = count(&reader, "there.t").await;
        reader.batch_execute("COMMIT").await.unwrap();
        let new = world.rows(ALL).await;
        world.run(&format!("REASSIGN OWNED BY {role} TO current_user; DROP OWNED BY {role}; DROP ROLE {role}")).await;
        assert!(matches!(outcome, CommitOutcome::Done(_)), "{outcome:?}");
        assert_eq!(seen, 2, "the old table");
        assert_eq!(new, NEW);
    })
    .await;
}

/// Rows of an attempt that counted as failed are removed by the commit: an older moment has them.
#[tokio::test]
async fn rows_of_a_repeated_part_are_not_seen_by_anybody() {
    with_tables("older_stray", "CREATE TABLE there.u ();", async |world| {
        let Load { staging, .. } = staged(&world, "t", Overwrite, "stray", async {}).await;
        let plan = world.plan("t", "t", Overwrite).await;
        let batches = world.read(&plan.scan).await;
        let second = world.part(&staging, "00000", 2, batches).await.unwrap();
        let reader = another(&world).await;
        reader.batch_execute(LOOK).await.unwrap();
        let load = Load {
            staging,
            manifests: vec![second],
            unfit: Vec::new(),
        };
        world.commit(&load).await.unwrap();
        assert_eq!(count(&reader, "there.t").await, 2, "the old table");
        assert_eq!(world.rows(ALL).await, NEW);
    })
    .await;
}

/// Another session changes the table; the commit waits for it, and must not go by what it saw before.
async fn changed_while_it_waits(name: &str, change: &str, remains: &str) {
    with_tables(name, "CREATE TABLE there.p (id int PRIMARY KEY); INSERT INTO there.p VALUES (2), (3), (4); DELETE FROM there.t WHERE id = 1;", async |world| {
        let plan = world.plan("t", "t", Overwrite).await;
        let load = world.staged(&plan, "waits").await.unwrap();
        let other = another(&world).await;
        other.batch_execute(&format!("BEGIN; {change}")).await.unwrap();
        let late = async {
            tokio::time::sleep(Duration::from_millis(700)).await;
            other.batch_execute("COMMIT").await.unwrap();
        };
        let (committed, ()) = tokio::join!(world.commit(&load), late);
        committed.unwrap();
        assert_eq!(world.rows(remains).await, ["t"]);
        assert_eq!(world.rows(ALL).await, NEW);
        assert_eq!(world.leftovers().await, NOBODY);
    })
    .await;
}

#[tokio::test]
async fn a_policy_made_meanwhile_stays() {
    let change = "CREATE POLICY own ON there.t USING (name = current_user); ALTER TABLE there.t ENABLE ROW LEVEL SECURITY";
    let remains = "SELECT relrowsecurity AND EXISTS (SELECT 1 FROM pg_policy WHERE polrelid = c.oid) FROM pg_class c WHERE oid = 'there.t'::regclass";
    changed_while_it_waits("meanwhile_policy", change, remains).await;
}

#[tokio::test]
async fn a_trigger_made_meanwhile_stays() {
    let change = "CREATE FUNCTION there.nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
        CREATE TRIGGER nothing BEFORE INSERT ON there.t FOR EACH ROW EXECUTE FUNCTION there.nothing()";
    let remains = "SELECT count(*) = 1 FROM pg_trigger WHERE tgrelid = 'there.t'::regclass";
    changed_while_it_waits("meanwhile_trigger", change, remains).await;
}

#[tokio::test]
async fn a_foreign_key_made_meanwhile_stays() {
    let change = "ALTER TABLE there.t ADD FOREIGN KEY (id) REFERENCES there.p";
    let remains = "SELECT count(*) = 1 FROM pg_constraint WHERE conrelid = 'there.t'::regclass AND contype = 'f'";
    changed_while_it_waits("meanwhile_key", change, remains).await;
}
