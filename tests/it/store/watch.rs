//! A change of settings or of the outbox wakes a task that waits for it, also when another process made it.

use std::time::Duration;

use heartbeat::clock::Clock;

use super::bed::Bed;
use super::samples::{notification_alone, set_up, set_up_channel, spec, webhook};

over_both!(a_change_is_noticed_whichever_process_made_it);

/// Real time, for what is reported at once.
const AT_MOST: Duration = Duration::from_secs(30);

async fn a_change_is_noticed_whichever_process_made_it(bed: Bed) {
    let (store, other) = (bed.open().await, bed.open().await);
    let channel = set_up_channel(&store, webhook("ops")).await.id;
    store.notice_changes().await.unwrap();
    let (mut changes, log) = (store.changes(), store.commit_log());
    for what in ["a project", "another's project", "a notification"] {
        match what {
            "a project" => drop(set_up(&store, spec("one")).await),
            "another's project" => drop(set_up(&other, spec("two")).await),
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
