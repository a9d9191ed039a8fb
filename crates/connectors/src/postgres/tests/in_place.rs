//! Tables that keep their identity: rows that a trigger holds back, columns that the server computes,
//! keys with null, keys that look alike, and the sequences behind them.

use model::migration::LoadingPolicy::Overwrite;

use super::loads::{ALL, NOBODY, OLD, code, with_tables};

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
