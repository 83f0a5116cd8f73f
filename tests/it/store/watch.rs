//! A change of settings or of the outbox wakes a task that waits for it, also when another process made it.

use std::time::Duration;

use heartbeat::clock::Clock;

use super::bed::Bed;
use super::samples::{START, at, notification_alone, set_up, set_up_channel, spec, webhook};

over_both!(a_change_by_another_process_is_noticed, a_change_by_this_process_is_noticed_without_a_question);

/// Real time, for what is reported at once.
const AT_MOST: Duration = Duration::from_secs(30);

async fn a_change_by_another_process_is_noticed(bed: Bed) {
    let (store, other) = (bed.open().await, bed.open().await);
    let channel = set_up_channel(&store, webhook("ops")).await.id;
    store.notice_changes().await.unwrap();
    let (mut changes, log) = (store.changes(), store.commit_log());
    for what in ["a project", "a notification"] {
        match what {
            "a project" => drop(set_up(&other, spec("two")).await),
            _ => other.owe(&[notification_alone(channel, "return", 0)]).await.unwrap(),
        }
        if let Some(log) = &log {
            Clock::real_timeout(AT_MOST, log.changed()).await.unwrap().unwrap();
        }
        assert!(!changes.has_changed().unwrap());
        store.notice_changes().await.unwrap();
        assert!(changes.has_changed().unwrap(), "{what} was not noticed");
        changes.mark_unchanged();
        store.notice_changes().await.unwrap();
        assert!(!changes.has_changed().unwrap(), "{what} is no news any more");
    }
    assert_eq!(log.is_some(), cfg!(target_os = "linux") && bed.is_sqlite());
}

async fn a_change_by_this_process_is_noticed_without_a_question(bed: Bed) {
    let store = bed.open().await;
    store.notice_changes().await.unwrap();
    let mut changes = store.changes();
    let channel = set_up_channel(&store, webhook("ops")).await.id;
    assert!(changes.has_changed().unwrap(), "a channel");
    changes.mark_unchanged();
    store.owe(&[notification_alone(channel, "return", 0)]).await.unwrap();
    assert!(changes.has_changed().unwrap(), "a notification");
    changes.mark_unchanged();
    // It is written every half minute, and no loop reads it.
    store.sign_of_life(at(START, 0)).await.unwrap();
    store.notice_changes().await.unwrap();
    assert!(!changes.has_changed().unwrap());
}
