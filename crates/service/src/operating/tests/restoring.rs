//! A store that is put back from a backup loads nothing twice.

use super::support::{Setting, clock};
use super::{DONE, seconds};
use crate::instances::Act;
use crate::restoring::{Mark, check};

#[tokio::test]
async fn what_was_loaded_since_the_backup_is_held_and_days_to_come_run() {
    let mut setting = Setting::new(clock!("2024-05-02T00:00:30Z")).await;
    let task = setting.publish("a", &[], |_| {}).await;
    let mut server = setting.server("one").await;
    server.settle(seconds(1)).await;
    setting.back_up();
    setting.pass_hours(24);
    server.settle(seconds(2)).await;
    server.settle(seconds(2)).await;
    assert_eq!(setting.rows("a"), 6);
    drop(server);
    setting.put_back().await;
    let mark = Mark::new(setting.store.folder(), "store");
    let clock = setting.service.clock();
    let refused = check(&setting.store, &mark, clock, false).await;
    assert_eq!(refused.unwrap_err().code, "STORE_RESTORED");
    check(&setting.store, &mark, clock, true).await.unwrap();
    let mut server = setting.server("one").await;
    for at in [100, 120, 121] {
        server.settle(seconds(at)).await;
    }
    assert_eq!(
        setting.rows("a"),
        6,
        "the day that the backup does not know was loaded twice"
    );
    let held = setting.of_task(&task).await.remove(0);
    assert!(held.paused && held.made.bizdate == "20240502");
    setting.act(held.id, Act::SetSuccess).await.unwrap();
    setting.pass_hours(24);
    for at in [122, 123] {
        server.settle(seconds(at)).await;
    }
    assert_eq!(setting.rows("a"), 9);
    assert_eq!(setting.of_task(&task).await.remove(0).state, DONE);
}
