//! A loop's copy of what people set up.

use std::time::Duration;

use heartbeat::model::{ProjectFilter, When, Window};
use heartbeat::store::ConfigSnapshot;

use super::bed::Bed;
use super::samples::{START, at, name, set_up, set_up_channel, spec, webhook};

over_both!(
    a_config_snapshot_reads_again_what_was_changed,
    a_config_snapshot_asks_once_a_second_or_at_once,
    while_changes_are_noticed_a_config_snapshot_asks_only_after_one,
    a_loop_that_sends_nothing_reads_no_channels,
);

async fn a_config_snapshot_reads_again_what_was_changed(bed: Bed) {
    let store = bed.open().await;
    let mut config_snapshot = ConfigSnapshot::new(store.clone(), "it goes on").with_channels();
    assert!(config_snapshot.refresh().await.unwrap());
    assert!(!config_snapshot.refresh().await.unwrap());
    let project = set_up(&store, spec("one")).await;
    assert!(config_snapshot.refresh().await.unwrap());
    let channel = set_up_channel(&store, webhook("ops")).await;
    assert!(config_snapshot.refresh().await.unwrap());
    let window = Window { name: name("night"), projects: ProjectFilter::default(), when: When::Once(at(START, 0), at(START, 1)) };
    store.apply_windows(std::slice::from_ref(&window), &[]).await.unwrap();
    assert!(config_snapshot.refresh().await.unwrap());
    assert_eq!(
        (&*config_snapshot.projects()[0], config_snapshot.channels(), config_snapshot.windows()),
        (&project, &[channel][..], &[window][..])
    );
}

async fn a_config_snapshot_asks_once_a_second_or_at_once(bed: Bed) {
    let (store, other) = (bed.open().await, bed.open().await);
    let mut config_snapshot = ConfigSnapshot::new(store.clone(), "it goes on");
    let after = Duration::from_millis;
    assert_eq!(config_snapshot.refresh_when_due(after(500), false).await, Some(true), "it has not read anything yet");
    set_up(&other, spec("one")).await;
    assert_eq!(config_snapshot.refresh_when_due(after(1499), false).await, None);
    assert_eq!(config_snapshot.projects().len(), 0);
    assert_eq!(config_snapshot.refresh_when_due(after(1500), false).await, Some(true));
    assert_eq!(config_snapshot.refresh_when_due(after(1501), true).await, Some(false));
    bed.execute("UPDATE heartbeat_meta SET name = 'lost' WHERE name = 'revision'").await;
    assert_eq!(config_snapshot.refresh_when_due(after(1502), true).await, None);
    assert_eq!(config_snapshot.projects().len(), 1, "it goes on with what it knows");
    assert!(config_snapshot.refresh().await.is_err());
}

async fn while_changes_are_noticed_a_config_snapshot_asks_only_after_one(bed: Bed) {
    let (store, other) = (bed.open().await, bed.open().await);
    let mut config_snapshot = ConfigSnapshot::new(store.clone(), "it goes on");
    let after = Duration::from_secs;
    store.notice_changes().await.unwrap();
    store.set_watched(true);
    assert_eq!(config_snapshot.refresh_when_due(after(1), false).await, Some(true));
    set_up(&other, spec("one")).await;
    assert_eq!(config_snapshot.refresh_when_due(after(100), false).await, None, "nothing was noticed");
    store.notice_changes().await.unwrap();
    assert_eq!(config_snapshot.refresh_when_due(after(100), false).await, Some(true));
    set_up(&store, spec("two")).await;
    assert_eq!(config_snapshot.refresh_when_due(after(100), false).await, Some(true), "its own process made it");
    assert_eq!(config_snapshot.projects().len(), 2);
    // A reading that fails is repeated without news.
    bed.execute("UPDATE heartbeat_meta SET name = 'lost' WHERE name = 'revision'").await;
    store.notice_changes().await.unwrap();
    assert_eq!(config_snapshot.refresh_when_due(after(200), false).await, None);
    bed.execute("UPDATE heartbeat_meta SET name = 'revision' WHERE name = 'lost'").await;
    assert!(config_snapshot.is_failing() && config_snapshot.is_due(after(201)));
    assert_eq!(config_snapshot.refresh_when_due(after(201), false).await, Some(false));
    store.set_watched(false);
    set_up(&other, spec("three")).await;
    assert_eq!(config_snapshot.refresh_when_due(after(300), false).await, Some(true), "nothing notices changes for it any more");
}

async fn a_loop_that_sends_nothing_reads_no_channels(bed: Bed) {
    let store = bed.open().await;
    set_up_channel(&store, webhook("ops")).await;
    bed.execute("UPDATE channels SET kind = 'pigeon'").await;
    let mut config_snapshot = ConfigSnapshot::new(store.clone(), "it goes on");
    assert!(config_snapshot.refresh().await.unwrap());
    assert_eq!(config_snapshot.channels(), []);
    assert!(ConfigSnapshot::new(store, "it goes on").with_channels().refresh().await.is_err());
}
