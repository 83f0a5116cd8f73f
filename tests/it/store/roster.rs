//! A loop's copy of what people set up.

use std::time::Duration;

use heartbeat::model::{When, Window};
use heartbeat::store::Roster;

use super::bed::Bed;
use super::samples::{START, at, name, set_up, set_up_channel, spec, webhook};

over_both!(a_roster_reads_again_what_was_changed, a_roster_asks_once_a_second_or_at_once, a_loop_that_tells_nothing_reads_no_channels);

async fn a_roster_reads_again_what_was_changed(bed: Bed) {
    let store = bed.open().await;
    let mut roster = Roster::new(store.clone(), "it goes on").with_channels();
    assert!(roster.refresh().await.unwrap());
    assert!(!roster.refresh().await.unwrap());
    let project = set_up(&store, spec("one")).await;
    assert!(roster.refresh().await.unwrap());
    let channel = set_up_channel(&store, webhook("ops")).await;
    assert!(roster.refresh().await.unwrap());
    let window = Window { name: name("night"), projects: Vec::new(), when: When::Once(at(START, 0), at(START, 1)) };
    store.apply_windows(std::slice::from_ref(&window), &[]).await.unwrap();
    assert!(roster.refresh().await.unwrap());
    assert_eq!((&*roster.projects()[0], roster.channels(), roster.windows()), (&project, &[channel][..], &[window][..]));
}

async fn a_roster_asks_once_a_second_or_at_once(bed: Bed) {
    let store = bed.open().await;
    let mut roster = Roster::new(store.clone(), "it goes on");
    let after = Duration::from_millis;
    assert_eq!(roster.refresh_when_due(after(500), false).await, Some(true), "it has not read anything yet");
    set_up(&store, spec("one")).await;
    assert_eq!(roster.refresh_when_due(after(1499), false).await, None);
    assert_eq!(roster.projects().len(), 0);
    assert_eq!(roster.refresh_when_due(after(1500), false).await, Some(true));
    assert_eq!(roster.refresh_when_due(after(1501), true).await, Some(false));
    bed.execute("UPDATE heartbeat_meta SET name = 'lost' WHERE name = 'revision'").await;
    assert_eq!(roster.refresh_when_due(after(1502), true).await, None);
    assert_eq!(roster.projects().len(), 1, "it goes on with what it knows");
    assert!(roster.refresh().await.is_err());
}

async fn a_loop_that_tells_nothing_reads_no_channels(bed: Bed) {
    let store = bed.open().await;
    set_up_channel(&store, webhook("ops")).await;
    bed.execute("UPDATE channels SET kind = 'pigeon'").await;
    let mut roster = Roster::new(store.clone(), "it goes on");
    assert!(roster.refresh().await.unwrap());
    assert_eq!(roster.channels(), []);
    assert!(Roster::new(store, "it goes on").with_channels().refresh().await.is_err());
}
