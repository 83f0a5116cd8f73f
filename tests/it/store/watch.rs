//! A change of settings or of the outbox wakes whoever waits for it, also when another process made it.

use std::time::Duration;

use heartbeat::clock::Clock;

use super::bed::Bed;
use super::samples::{notification_alone, set_up, set_up_channel, spec, webhook};

over_both!(a_change_is_noticed_whoever_made_it);

/// Real time: a database that is asked each second needs no more than a few seconds.
const AT_MOST: Duration = Duration::from_secs(30);

async fn a_change_is_noticed_whoever_made_it(bed: Bed) {
    let (store, other) = (bed.open().await, bed.open().await);
    let channel = set_up_channel(&store, webhook("ops")).await.id;
    let mut changes = store.changes();
    tokio::spawn({
        let store = store.clone();
        async move { store.watch().await }
    });
    for (number, what) in ["what there was before", "a project", "another's project", "a notification"].into_iter().enumerate() {
        match number {
            1 => drop(set_up(&store, spec("one")).await),
            2 => drop(set_up(&other, spec("two")).await),
            3 => other.owe(&[notification_alone(channel, "return", 0)]).await.unwrap(),
            _ => {}
        }
        assert!(Clock::real_timeout(AT_MOST, changes.changed()).await.is_ok_and(|changed| changed.is_ok()), "{what} was not noticed");
    }
}
