//! Loads into tables that are there: what is exchanged, what is written in place, what is refused, and
//! what a commit leaves when something goes wrong.

use contract::CommitOutcome;
use model::Error;
use model::migration::LoadingPolicy::{Append, Overwrite, Update};

use super::support::{options, variable, with_database};
use super::writing::{Load, World, destination_as};

pub(super) const NOBODY: [&str; 0] = [];

/// Three rows at the source; two at the destination, one with the same key.
const TWO_TABLES: &str = "
    CREATE SCHEMA there;
    CREATE TABLE t (id int PRIMARY KEY, name text);
    INSERT INTO t VALUES (2, 'new two'), (3, 'three'), (4, NULL);
    CREATE TABLE there.t (id int PRIMARY KEY, name text);
    INSERT INTO there.t VALUES (1, 'one'), (2, 'two');";

pub(super) const ALL: &str = "SELECT * FROM there.t ORDER BY 1";
pub(super) const NEW: [&str; 3] = ["2|new two", "3|three", "4|∅"];
pub(super) const OLD: [&str; 2] = ["1|one", "2|two"];

pub(super) async fn with_tables(name: &str, sql: &str, test: impl AsyncFnOnce(World)) {
    let sql = format!("{TWO_TABLES}{sql}");
    with_database(name, &sql, async |database| {
        test(World::of(&database).await).await;
    })
    .await;
}

pub(super) fn code<T>(result: Result<T, Error>) -> &'static str {
    result.err().expect("refused").code
}

#[tokio::test]
async fn r9_02_statements_last_with_the_rows_or_not_at_all() {
    let sql = "CREATE TABLE there.log (what text);";
    with_tables("load_statements", sql, async |world| {
        let mut plan = world.plan("t", "t", Append).await;
        let log =
            |what: &str| format!("INSERT INTO there.log SELECT '{what} ' || count(*) FROM there.t");
        plan.write.statements.before =
            vec!["DELETE FROM there.t WHERE id < 3".to_owned(), log("before")];
        plan.write.statements.after = vec![log("after"), "SELECT 1 / 0".to_owned()];
        let refused = world.load(&plan, "first").await;
        assert_eq!(code(refused), "STATEMENT_FAILED");
        assert_eq!(world.rows(ALL).await, OLD);
        assert_eq!(world.rows("SELECT * FROM there.log").await, NOBODY);

        // What a parser of ours would not see, the server's transaction tells.
        for hidden in ["COMMIT", "SELECT 1; COMMIT"] {
            let mut ending = world.plan("t", "t", Append).await;
            ending.write.statements.before = vec![hidden.to_owned()];
            let refused = world.load(&ending, &format!("l{}", hidden.len())).await;
            let refused = code(refused);
            assert!(
                ["STATEMENT_OF_TRANSACTION", "STATEMENT_FAILED"].contains(&refused),
                "{refused}"
            );
            assert_eq!(world.rows(ALL).await, OLD);
        }

        plan.write.statements.after.pop();
        world.load(&plan, "second").await.unwrap();
        assert_eq!(world.rows(ALL).await, NEW);
        let told = world
            .rows("SELECT * FROM there.log ORDER BY what DESC")
            .await;
        assert_eq!(told, ["before 0", "after 3"]);
        // Published once, its statements are not carried out again.
        let again = world
            .destination
            .stage(&plan.write, &model::LoadId::new("second"))
            .unwrap();
        assert!(matches!(
            world.destination.commit(&again, &[]).await,
            CommitOutcome::Done(_)
        ));
        assert_eq!(world.rows("SELECT count(*) FROM there.log").await, ["2"]);
        assert_eq!(world.leftovers().await, NOBODY);
    })
    .await;
}

#[tokio::test]
async fn a_new_table_gets_its_key_its_indexes_and_its_comments() {
    let sql = "CREATE TABLE t (id int PRIMARY KEY, a text NOT NULL, b int);
        CREATE UNIQUE INDEX ON t (a); CREATE INDEX t_b ON t (b, a);
        COMMENT ON TABLE t IS 'it''s'; COMMENT ON COLUMN t.a IS 'a \\ b';
        INSERT INTO t VALUES (1, 'x', 1), (2, 'y', 1);";
    with_database("load_new", sql, async |database| {
        let world = World::of(&database).await;
        let plan = world.plan("t", "T new", Overwrite).await;
        world.load(&plan, "first").await.unwrap();
        let indexes = "SELECT indexdef FROM pg_indexes WHERE schemaname = 'there' AND tablename = 'T new' ORDER BY 1";
        assert_eq!(
            world.rows(indexes).await,
            [
                "CREATE INDEX \"T new_b_a_idx\" ON there.\"T new\" USING btree (b, a)",
                "CREATE UNIQUE INDEX \"T new_a_idx\" ON there.\"T new\" USING btree (a)",
                "CREATE UNIQUE INDEX \"T new_pkey\" ON there.\"T new\" USING btree (id)",
            ]
        );
        let comments = "SELECT obj_description(c.oid, 'pg_class'), col_description(c.oid, 2), a.attnotnull \
                        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'a' WHERE relname = 'T new'";
        assert_eq!(world.rows(comments).await, ["it's|a \\ b|t"]);
        // The same load again changes nothing; a table that somebody made meanwhile is not touched.
        let again = world.destination.stage(&plan.write, &model::LoadId::new("first")).unwrap();
        let outcome = world.destination.commit(&again, &[]).await;
        assert!(matches!(outcome, CommitOutcome::Done(_)), "{outcome:?}");
        assert_eq!(code(world.load(&plan, "second").await), "TABLE_APPEARED");
        assert_eq!(world.rows("SELECT count(*) FROM there.\"T new\"").await, ["2"]);
        assert_eq!(world.leftovers().await, NOBODY);
    })
    .await;
}

#[tokio::test]
async fn a_key_that_is_none_is_refused_and_nothing_is_seen() {
    let sql = "CREATE TABLE t (id int, name text); INSERT INTO t VALUES (1, 'a'), (1, 'b');";
    with_database("load_key", sql, async |database| {
        let world = World::of(&database).await;
        let mut plan = world.plan("t", "t", Overwrite).await;
        plan.write.table.primary_key = vec!["id".to_owned()];
        plan.write.table.columns[0].nullable = false;
        assert_eq!(code(world.load(&plan, "twice").await), "UNIQUE_VIOLATED");
        assert_eq!(world.rows("SELECT to_regclass('there.t')").await, ["∅"]);
        assert_eq!(world.leftovers().await, NOBODY);
    })
    .await;
}

/// All that an exchange must carry over.
const RICH: &str = "
    DROP TABLE there.t;
    CREATE TABLE there.t (id int GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, name text DEFAULT 'none' CHECK (name <> 'bad'), no serial);
    ALTER TABLE there.t DROP COLUMN no; ALTER TABLE there.t ADD COLUMN no serial;
    CREATE UNIQUE INDEX odd_name ON there.t (name) WHERE id > 0;
    CREATE INDEX also_odd ON there.t (lower(name));
    COMMENT ON TABLE there.t IS 'mine'; COMMENT ON COLUMN there.t.name IS 'a name'; COMMENT ON INDEX there.odd_name IS 'an index';
    SELECT setval('there.t_id_seq', 41);
    ALTER TABLE t ADD COLUMN no int NOT NULL DEFAULT 7;";

const SHAPE: &str = "
    SELECT 'index ' || indexdef FROM pg_indexes WHERE schemaname = 'there' AND tablename = 't'
    UNION ALL SELECT 'acl ' || coalesce(array_to_string(ARRAY(SELECT x::text FROM unnest(relacl) x ORDER BY 1), ','), 'default') || ' owner ' || relowner::regrole FROM pg_class WHERE oid = 'there.t'::regclass
    UNION ALL SELECT 'comment ' || obj_description('there.t'::regclass, 'pg_class') || col_description('there.t'::regclass, 2) || obj_description('there.odd_name'::regclass, 'pg_class')
    UNION ALL SELECT 'column ' || column_name || data_type || coalesce(column_default, '') || is_identity || is_nullable FROM information_schema.columns WHERE table_schema = 'there' AND table_name = 't'
    UNION ALL SELECT 'check ' || pg_get_constraintdef(oid) || conname FROM pg_constraint WHERE conrelid = 'there.t'::regclass
    UNION ALL SELECT 'sequence ' || relname || ' ' || pg_get_serial_sequence('there.t', 'id') || pg_get_serial_sequence('there.t', 'no') FROM pg_class WHERE relkind = 'S'
    ORDER BY 1";

#[tokio::test]
async fn an_exchange_keeps_all_that_a_table_is() {
    with_tables("load_swap", RICH, async |world| {
        let role = format!("godwit_test_{}_reader", std::process::id());
        world
            .run(&format!(
                "CREATE ROLE {role}; GRANT SELECT, UPDATE ON there.t TO {role} WITH GRANT OPTION; GRANT SELECT ON there.t TO PUBLIC;
                 ALTER DEFAULT PRIVILEGES IN SCHEMA there GRANT DELETE ON TABLES TO {role}"
            ))
            .await;
        let before = world.rows(SHAPE).await;
        let old = world.rows("SELECT 'there.t'::regclass::oid").await;
        let plan = world.plan("t", "t", Overwrite).await;
        let result = world.load(&plan, "swap").await;
        let (after, new) = (world.rows(SHAPE).await, world.rows("SELECT 'there.t'::regclass::oid").await);
        world.run("INSERT INTO there.t (name) VALUES ('next')").await;
        let next = world.rows("SELECT id, no FROM there.t WHERE name = 'next'").await;
        world.run(&format!("DROP OWNED BY {role}; DROP ROLE {role}")).await;
        result.unwrap();
        assert_ne!(old, new, "it was to be exchanged");
        assert_eq!(after, before);
        assert_eq!(next, ["42|1"], "sequences go on where they stood");
        assert_eq!(world.rows("SELECT id, name, no FROM there.t WHERE id < 42 ORDER BY 1").await,
            ["2|new two|7", "3|three|7", "4|∅|7"]);
        assert_eq!(world.leftovers().await, NOBODY);
    })
    .await;
}

#[tokio::test]
async fn an_exchange_keeps_how_many_dimensions_arrays_have() {
    let sql =
        "CREATE TABLE t (id int PRIMARY KEY, a int[][], b varchar(5)[], c numeric(9,2)[][][]);
        INSERT INTO t VALUES (1, '{{1,2},{3,4}}', '{x}', '{{{1.10}}}');";
    with_database("load_dimensions", sql, async |database| {
        let world = World::of(&database).await;
        let dimensions = "SELECT string_agg(attndims::text, ' ' ORDER BY attnum) FROM pg_attribute \
                          WHERE attrelid = 'there.t'::regclass AND attndims > 1";
        for load in ["first", "second", "third"] {
            let plan = world.plan("t", "t", Overwrite).await;
            world.load(&plan, load).await.unwrap();
            assert_eq!(world.rows(dimensions).await, ["2 3"], "{load}");
        }
        let types = "SELECT format_type(atttypid, atttypmod) FROM pg_attribute \
                     WHERE attrelid = 'there.t'::regclass AND attname = 'c'";
        assert_eq!(world.rows(types).await, ["numeric(9,2)[]"]);
        // A domain over an array stays one.
        world
            .run("CREATE DOMAIN there.grid AS int[][]; ALTER TABLE there.t ALTER COLUMN a TYPE there.grid")
            .await;
        let plan = world.plan("t", "t", Overwrite).await;
        world.load(&plan, "domain").await.unwrap();
        let of_a = types.replace("'c'", "'a'");
        assert_eq!(world.rows(&of_a).await, ["there.grid"]);
        assert_eq!(
            world.rows("SELECT a, b, c FROM there.t").await,
            ["{{1,2},{3,4}}|{x}|{{{1.10}}}"]
        );
    })
    .await;
}

#[tokio::test]
async fn what_depends_on_a_table_stays_with_it() {
    let more = "CREATE VIEW there.v AS SELECT * FROM there.t;
        CREATE TABLE there.log (what text);
        CREATE FUNCTION there.note() RETURNS trigger LANGUAGE plpgsql AS
          'BEGIN INSERT INTO there.log VALUES (TG_OP); RETURN coalesce(NEW, OLD); END';
        CREATE TRIGGER note AFTER INSERT OR DELETE ON there.t FOR EACH ROW EXECUTE FUNCTION there.note();";
    with_tables("load_in_place", more, async |world| {
        let old = world.rows("SELECT 'there.t'::regclass::oid").await;
        let name = model::TableName::new("there", "t");
        let described = world
            .destination
            .describe(&[name])
            .await
            .unwrap()
            .remove(0)
            .unwrap();
        let codes: Vec<&str> = described.findings.iter().map(|f| f.code.as_str()).collect();
        assert_eq!(codes, ["TRIGGERS_FIRE", "OVERWRITTEN_IN_PLACE"]);
        let plan = world.plan("t", "t", Overwrite).await;
        world.load(&plan, "in_place").await.unwrap();
        assert_eq!(world.rows("SELECT 'there.t'::regclass::oid").await, old);
        assert_eq!(world.rows("SELECT * FROM there.v ORDER BY 1").await, NEW);
        let log = "SELECT what, count(*) FROM there.log GROUP BY 1 ORDER BY 1";
        assert_eq!(world.rows(log).await, ["DELETE|2", "INSERT|3"]);
        assert_eq!(world.leftovers().await, NOBODY);
    })
    .await;
}

#[tokio::test]
async fn a_trigger_that_keeps_rows_out_is_noticed() {
    let more = "CREATE FUNCTION there.drop_three() RETURNS trigger LANGUAGE plpgsql AS
          'BEGIN IF NEW.id = 3 THEN RETURN NULL; END IF; RETURN NEW; END';
        CREATE TRIGGER sieve BEFORE INSERT ON there.t FOR EACH ROW EXECUTE FUNCTION there.drop_three();";
    with_tables("load_sieve", more, async |world| {
        for (policy, load) in [(Overwrite, "a"), (Update, "b")] {
            let plan = world.plan("t", "t", policy).await;
            assert_eq!(
                code(world.load(&plan, load).await),
                "COUNTS_DIFFER",
                "{policy:?}"
            );
            assert_eq!(world.rows(ALL).await, OLD);
        }
        assert_eq!(world.leftovers().await, NOBODY);
    })
    .await;
}

#[tokio::test]
async fn rows_of_other_tables_are_not_taken_along() {
    let more = "CREATE TABLE there.child (t_id int REFERENCES there.t ON DELETE CASCADE);
        INSERT INTO there.child VALUES (1), (2);";
    with_tables("load_cascade", more, async |world| {
        let plan = world.plan("t", "t", Overwrite).await;
        assert_eq!(code(world.load(&plan, "overwrite").await), "WOULD_CASCADE");
        let plan = world.plan("t", "t", Update).await;
        world.load(&plan, "update").await.unwrap();
        assert_eq!(
            world.rows(ALL).await,
            ["1|one", "2|new two", "3|three", "4|∅"]
        );
        assert_eq!(
            world.rows("SELECT * FROM there.child ORDER BY 1").await,
            ["1", "2"]
        );
        assert_eq!(world.leftovers().await, NOBODY);
    })
    .await;
}

#[tokio::test]
async fn a_row_that_is_referred_to_may_come_again_and_may_not_go() {
    let more = "CREATE TABLE there.child (t_id int REFERENCES there.t); INSERT INTO there.child VALUES (2);";
    with_tables("load_referenced", more, async |world| {
        let plan = world.plan("t", "t", Overwrite).await;
        world.load(&plan, "kept").await.unwrap();
        assert_eq!(world.rows(ALL).await, NEW);
        world.run("DELETE FROM public.t WHERE id = 2").await;
        let plan = world.plan("t", "t", Overwrite).await;
        assert_eq!(
            code(world.load(&plan, "gone").await),
            "FOREIGN_KEY_VIOLATED"
        );
        assert_eq!(world.rows(ALL).await, NEW);
    })
    .await;
}

#[tokio::test]
async fn rows_are_added_or_updated() {
    let more = "ALTER TABLE there.t ADD COLUMN seen date; UPDATE there.t SET seen = '2024-01-01';";
    with_tables("load_update", more, async |world| {
        let mut plan = world.plan("t", "t", Update).await;
        plan.write.without_source = vec!["seen".to_owned()];
        plan.write
            .table
            .columns
            .retain(|column| column.name != "seen");
        // A batch has every column of the table: what nothing comes for is left out here, and null there.
        world.load(&plan, "once").await.unwrap();
        let after = [
            "1|one|2024-01-01",
            "2|new two|2024-01-01",
            "3|three|∅",
            "4|∅|∅",
        ];
        assert_eq!(world.rows(ALL).await, after);
        world.load(&plan, "again").await.unwrap();
        assert_eq!(
            world.rows(ALL).await,
            after,
            "the same rows again change nothing"
        );
        let mut append = world.plan("t", "t", Append).await;
        append
            .write
            .table
            .columns
            .retain(|column| column.name != "seen");
        assert_eq!(code(world.load(&append, "append").await), "UNIQUE_VIOLATED");
        world
            .run("DELETE FROM public.t WHERE id < 4; UPDATE public.t SET id = 5")
            .await;
        world.load(&append, "append2").await.unwrap();
        assert_eq!(world.rows("SELECT count(*) FROM there.t").await, ["5"]);
    })
    .await;
}

#[tokio::test]
async fn keys_that_do_not_tell_rows_apart_are_refused_and_null_meets_null() {
    let more = "ALTER TABLE t DROP CONSTRAINT t_pkey; ALTER TABLE t ALTER id DROP NOT NULL;
        ALTER TABLE there.t DROP CONSTRAINT t_pkey; ALTER TABLE there.t ALTER id DROP NOT NULL;
        UPDATE t SET id = NULL WHERE id = 3; UPDATE there.t SET id = NULL WHERE id = 1;";
    with_tables("load_null_key", more, async |world| {
        let mut plan = world.plan("t", "t", Update).await;
        plan.write.update_key = vec!["id".to_owned()];
        world.load(&plan, "null").await.unwrap();
        assert_eq!(world.rows(ALL).await, ["2|new two", "4|∅", "∅|three"]);
        world.run("INSERT INTO public.t VALUES (2, 'a second two')").await;
        assert_eq!(code(world.load(&plan, "twice").await), "UPDATE_KEY_TWICE");
        world.run("DELETE FROM public.t WHERE name LIKE 'a second%'; INSERT INTO there.t VALUES (2, 'double')").await;
        assert_eq!(code(world.load(&plan, "double").await), "UPDATE_KEY_TWICE");
        assert_eq!(world.rows("SELECT count(*) FROM there.t").await, ["4"]);
        assert_eq!(world.leftovers().await, NOBODY);
    })
    .await;
}

/// A part that was repeated although its first attempt had been committed after all.
#[tokio::test]
async fn rows_of_a_repeated_part_count_once() {
    with_tables("load_stray", "", async |world| {
        let plan = world.plan("t", "t", Overwrite).await;
        let Load {
            staging, manifests, ..
        } = world.staged(&plan, "stray").await.unwrap();
        assert_eq!(manifests.len(), 1);
        let batches = world.read(&plan.scan).await;
        let second = world.part(&staging, "00000", 2, batches).await.unwrap();
        let load = Load {
            staging,
            manifests: vec![second],
            unfit: Vec::new(),
        };
        world.commit(&load).await.unwrap();
        assert_eq!(world.rows(ALL).await, NEW);
    })
    .await;
}

/// The process that asked for the commit is gone, and the server is still at it.
#[tokio::test]
async fn a_commit_in_flight_is_waited_for() {
    with_tables("load_settle", "", async |world| {
        let plan = world.plan("t", "t", Overwrite).await;
        let load = world.staged(&plan, "flight").await.unwrap();
        let marker = "INSERT INTO there.godwit_loads (load, state, target) VALUES ('flight', 'committed', 't')";
        world.run(&format!("BEGIN; {marker}")).await;
        let late = async {
            tokio::time::sleep(std::time::Duration::from_millis(300)).await;
            world.run("COMMIT").await;
        };
        let (settled, ()) = tokio::join!(world.destination.settle(&load.staging), late);
        assert!(settled.unwrap().is_some(), "it was published after all");

        let load = world.staged(&plan, "dead").await.unwrap();
        world.run(&format!("BEGIN; {}", marker.replace("flight", "dead"))).await;
        let late = async {
            tokio::time::sleep(std::time::Duration::from_millis(300)).await;
            world.run("ROLLBACK").await;
        };
        let (settled, ()) = tokio::join!(world.destination.settle(&load.staging), late);
        assert!(settled.unwrap().is_none());
        let outcome = world.destination.commit(&load.staging, &load.manifests).await;
        match outcome {
            CommitOutcome::NotDone(error) => assert_eq!(error.code, "LOAD_ABORTED"),
            other => panic!("{other:?}"),
        }
        assert_eq!(world.rows(ALL).await, OLD);
    })
    .await;
}

#[tokio::test]
async fn what_changed_since_the_plan_is_not_written_over() {
    with_tables("load_changed", "", async |world| {
        let plan = world.plan("t", "t", Overwrite).await;
        let load = world.staged(&plan, "changed").await.unwrap();
        world.run("ALTER TABLE there.t ADD COLUMN more int").await;
        assert_eq!(code(world.commit(&load).await), "TABLE_CHANGED");
        let load = world.staged(&plan, "viewed").await.unwrap();
        // What came to depend on it meanwhile keeps it from being exchanged, and not from being loaded.
        world
            .run("CREATE VIEW there.v AS SELECT id, name FROM there.t")
            .await;
        world.commit(&load).await.unwrap();
        assert_eq!(world.rows("SELECT * FROM there.v ORDER BY 1").await, NEW);
        assert_eq!(world.leftovers().await, NOBODY);
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_written_to_is_told_before() {
    let more = "CREATE VIEW there.view AS SELECT 1 AS id; CREATE TABLE there.ruled (id int);
        CREATE RULE nothing AS ON INSERT TO there.ruled DO INSTEAD NOTHING;
        CREATE TABLE there.odd (id interval, c char(3), j jsonb, n numeric);";
    with_tables("load_describe", more, async |world| {
        let names =
            ["view", "ruled", "odd", "missing"].map(|name| model::TableName::new("there", name));
        let described = world.destination.describe(&names).await.unwrap();
        let codes = |place: usize| -> Vec<(String, bool)> {
            let table = described[place].as_ref().unwrap();
            let findings = table
                .findings
                .iter()
                .map(|f| (f.code.clone(), f.is_blocker()));
            findings
                .filter(|(code, _)| code != "OVERWRITTEN_IN_PLACE")
                .collect()
        };
        assert_eq!(codes(0), [("NOT_WRITABLE".to_owned(), true)]);
        assert_eq!(codes(1), [("NOT_WRITABLE".to_owned(), true)]);
        assert_eq!(codes(2), [("JSONB".to_owned(), false)]);
        assert!(described[3].is_none());
        let marker = world.plan("t", "godwit_loads", Overwrite).await;
        assert_eq!(code(world.staged(&marker, "x").await), "NAME_RESERVED");
    })
    .await;
}

#[tokio::test]
async fn rights_are_asked_for_before_anything_moves() {
    if variable("HOST").is_none() {
        return;
    }
    with_tables("load_rights", "", async |world| {
        let role = format!("godwit_test_{}_writer", std::process::id());
        let database = world.rows("SELECT current_database()").await.remove(0);
        world
            .run(&format!(
                "CREATE ROLE {role} LOGIN PASSWORD 'godwit'; GRANT USAGE ON SCHEMA there TO {role}"
            ))
            .await;
        let mut as_role = options(&database);
        as_role["user"] = role.clone().into();
        as_role["password"] = "${file:password}".into();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("password");
        std::fs::write(&path, "godwit").unwrap();
        as_role["password"] = format!("${{file:{}}}", path.display()).into();
        let check = async |schema: &str| -> Vec<String> {
            let destination = destination_as(&as_role, schema).await;
            let findings = destination.check().await.unwrap();
            let blockers = findings.iter().filter(|finding| finding.is_blocker());
            blockers.map(|finding| finding.message.clone()).collect()
        };
        let (there, new) = (check("there").await, check("elsewhere").await);
        let destination = destination_as(&as_role, "there").await;
        let name = model::TableName::new("there", "t");
        let described = destination
            .describe(&[name])
            .await
            .unwrap()
            .remove(0)
            .unwrap();
        world
            .run(&format!("DROP OWNED BY {role}; DROP ROLE {role}"))
            .await;
        assert_eq!(there, ["this user may not make tables in schema \"there\""]);
        assert_eq!(
            new,
            ["there is no schema \"elsewhere\", and this user may not make one"]
        );
        let finding = described
            .findings
            .iter()
            .find(|finding| finding.is_blocker())
            .unwrap();
        assert_eq!(finding.code, "NO_RIGHT");
    })
    .await;
}
