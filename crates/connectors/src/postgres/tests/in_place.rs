//! Tables that keep their identity: rows that a trigger holds back, columns that the server computes,
//! keys with null, keys that look alike, and the sequences behind them.

use model::migration::LoadingPolicy::{Append, Overwrite, Update};

use super::loads::{ALL, NEW, NOBODY, OLD, code, with_tables};
use super::support::{options, with_database};
use super::writing::{World, destination_as};
use crate::postgres::destination::matching::Keys;

#[tokio::test]
async fn a_trigger_that_keeps_old_rows_is_noticed() {
    let keeps = "CREATE FUNCTION there.keep() RETURNS trigger LANGUAGE plpgsql AS
          'BEGIN IF OLD.id = 1 THEN RETURN NULL; END IF; RETURN OLD; END';
        CREATE TRIGGER keep BEFORE DELETE ON there.t FOR EACH ROW EXECUTE FUNCTION there.keep();";
    let referenced = "CREATE TABLE there.child (t_id int REFERENCES there.t);";
    for (name, more) in [("keep", ""), ("keep_referenced", referenced)] {
        with_tables(name, &format!("{keeps}{more}"), async |world| {
            let plan = world.plan("t", "t", Overwrite).await;
            let refused = world.load(&plan, "kept").await.err().unwrap();
            assert_eq!(refused.code, "COUNTS_DIFFER");
            assert!(refused.message.contains("stand there still"), "{refused}");
            assert_eq!(world.rows(ALL).await, OLD);
            assert_eq!(world.leftovers().await, NOBODY);
        })
        .await;
    }
}

#[tokio::test]
async fn a_column_that_the_server_computes_is_never_null() {
    let more =
        "ALTER TABLE there.t ADD COLUMN twice int GENERATED ALWAYS AS (id * 2) STORED NOT NULL;";
    let view = "CREATE VIEW there.v AS SELECT 1 FROM there.t;";
    let policies = [
        ("computed_append", "DELETE FROM there.t;", Append),
        (
            "computed_update",
            "DELETE FROM there.t WHERE id = 1;",
            Update,
        ),
        ("computed_in_place", view, Overwrite),
        ("computed_swap", "", Overwrite),
    ];
    for (name, how, policy) in policies {
        with_tables(name, &format!("{more}{how}"), async |world| {
            let plan = world.plan("t", "t", policy).await;
            world.load(&plan, "computed").await.unwrap();
            assert_eq!(
                world.rows(ALL).await,
                ["2|new two|4", "3|three|6", "4|∅|8"],
                "{policy:?}"
            );
            assert_eq!(world.leftovers().await, NOBODY);
        })
        .await;
    }
}

const KEYS: &str = "
    CREATE SCHEMA there;
    CREATE TABLE t (a int, b int, v text);
    INSERT INTO t SELECT n, CASE WHEN n % 2 = 0 THEN n END, 'new' FROM generate_series(1, 30000) n;
    CREATE TABLE there.t (a int, b int, v text);
    INSERT INTO there.t SELECT n, CASE WHEN n % 2 = 0 THEN n END, 'old' FROM generate_series(1, 29990) n;
    INSERT INTO there.t VALUES (30001, NULL, 'stays');
    ANALYZE t; ANALYZE there.t;";

#[tokio::test]
async fn keys_that_may_be_null_are_found_by_hash_or_index() {
    with_database("null_keys", KEYS, async |database| {
        let world = World::of(&database).await;
        let mut plan = world.plan("t", "t", Update).await;
        plan.write.update_key = vec!["a".to_owned(), "b".to_owned()];
        let started = std::time::Instant::now();
        world.load(&plan, "null").await.unwrap();
        // Row by row with each other, it takes minutes.
        let taken = started.elapsed();
        assert!(taken.as_secs() < 30, "{taken:?}");
        let found = "SELECT v, count(*) FROM there.t GROUP BY v ORDER BY v";
        assert_eq!(world.rows(found).await, ["new|30000", "stays|1"]);
        assert_eq!(world.leftovers().await, NOBODY);
        for nulls in [&[][..], &["b"]] {
            let keys = Keys::of(&plan.write.update_key, &plan.write.table.columns, nulls);
            for query in [
                format!("SELECT 1 FROM there.t t JOIN public.t s ON {}", keys.meet()),
                format!("SELECT 1 FROM public.t s WHERE {}", keys.absent("there.t")),
            ] {
                let lines = world.rows(&format!("EXPLAIN {query}")).await;
                let explained = lines.join("\n");
                assert!(
                    explained.contains("Hash") && !explained.contains("Nested Loop"),
                    "{explained}"
                );
            }
        }
    })
    .await;
}

#[tokio::test]
async fn keys_that_a_collation_takes_for_the_same_are_refused() {
    let sql = "CREATE SCHEMA there;
        CREATE COLLATION there.lenient (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
        CREATE TABLE t (k text PRIMARY KEY, v int); INSERT INTO t VALUES ('ABC', 2), ('d', 2);
        CREATE TABLE there.t (k text COLLATE there.lenient PRIMARY KEY, v int); INSERT INTO there.t VALUES ('abc', 1), ('d', 1);";
    with_database("alike", sql, async |database| {
        let world = World::of(&database).await;
        let plan = world.plan("t", "t", Update).await;
        assert_eq!(code(world.load(&plan, "alike").await), "UPDATE_KEY_ALIKE");
        assert_eq!(world.rows(ALL).await, ["abc|1", "d|1"]);
        world
            .run("UPDATE public.t SET k = 'abc' WHERE k = 'ABC'")
            .await;
        world.load(&plan, "same").await.unwrap();
        assert_eq!(world.rows(ALL).await, ["abc|2", "d|2"]);
        assert_eq!(world.leftovers().await, NOBODY);
    })
    .await;
}

const NUMBERED: &str = "DROP TABLE there.t; CREATE TABLE there.t (id int GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, name text);";

#[tokio::test]
async fn the_next_number_is_one_that_is_not_there() {
    let serial = "DROP TABLE there.t; CREATE TABLE there.t (id serial PRIMARY KEY, name text);";
    let down = "DROP TABLE there.t; CREATE TABLE there.t (id int GENERATED ALWAYS AS IDENTITY (INCREMENT BY -1 START WITH 10 MINVALUE 1 MAXVALUE 10) PRIMARY KEY, name text);";
    let view = "CREATE VIEW there.v AS SELECT 1 FROM there.t;";
    for (name, sql, policy, next) in [
        ("next_swap", NUMBERED.to_owned(), Overwrite, "5"),
        ("next_serial", serial.to_owned(), Overwrite, "5"),
        ("next_in_place", format!("{serial}{view}"), Overwrite, "5"),
        ("next_append", NUMBERED.to_owned(), Append, "5"),
        ("next_update", NUMBERED.to_owned(), Update, "5"),
        ("next_down", down.to_owned(), Append, "1"),
        (
            "next_far",
            format!("{NUMBERED} SELECT setval('there.t_id_seq', 41);"),
            Append,
            "42",
        ),
    ] {
        with_tables(name, &sql, async |world| {
            let plan = world.plan("t", "t", policy).await;
            world.load(&plan, "numbered").await.unwrap();
            world
                .run("INSERT INTO there.t (name) VALUES ('next')")
                .await;
            let found = world
                .rows("SELECT id FROM there.t WHERE name = 'next'")
                .await;
            assert_eq!(found, [next], "{name}");
        })
        .await;
    }
}

#[tokio::test]
async fn a_sequence_that_stays_behind_is_told_by_the_plan() {
    let sql = format!("{NUMBERED} CREATE TABLE there.u (id serial);");
    with_tables("behind", &sql, async |world| {
        let names = ["t", "u"].map(|name| model::TableName::new("there", name));
        let told = async |world: &World| -> Vec<String> {
            let described = world.destination.describe(&names).await.unwrap();
            let findings = described.into_iter().flatten().flat_map(|table| table.findings);
            let behind = findings.filter(|finding| finding.code == "SEQUENCE_BEHIND");
            behind.map(|finding| format!("{}: {}", finding.message, finding.hint.unwrap())).collect()
        };
        let no_index = told(&world).await;
        assert_eq!(no_index.len(), 1, "{no_index:?}");
        assert!(no_index[0].contains("there.u.id") && no_index[0].contains("setval("), "{no_index:?}");
        let role = format!("godwit_test_{}_behind", std::process::id());
        let database = world.rows("SELECT current_database()").await.remove(0);
        world.run(&format!("CREATE ROLE {role} LOGIN PASSWORD 'godwit'; GRANT ALL ON SCHEMA there TO {role}; GRANT ALL ON there.t, there.u TO {role}")).await;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("password");
        std::fs::write(&path, "godwit").unwrap();
        let mut as_role = options(&database);
        as_role["user"] = role.clone().into();
        as_role["password"] = format!("${{file:{}}}", path.display()).into();
        let limited = World {
            destination: destination_as(&as_role, "there").await,
            ..World::of(&database).await
        };
        let no_right = told(&limited).await;
        let plan = limited.plan("t", "t", Append).await;
        let loaded = limited.load(&plan, "behind").await;
        drop(limited);
        world.run(&format!("REASSIGN OWNED BY {role} TO current_user; DROP OWNED BY {role}; DROP ROLE {role}")).await;
        assert_eq!(no_right.len(), 2, "{no_right:?}");
        loaded.unwrap();
        assert_eq!(world.rows(ALL).await, NEW);
    })
    .await;
}
