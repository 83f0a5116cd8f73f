//! What a channel was notified of, and channels that close their alerts before they go.

use heartbeat::model::{
    ChannelId, ChannelKind, ChannelSpec, Incident, IncidentKind, Notification, NotificationKind, NotificationState, Stopped,
};
use heartbeat::store::{ChannelNews, NotificationFilter, Notified, Store};

use super::bed::{Bed, cipher};
use super::samples::{
    START, at, channel, incident, name, notification, notification_alone, open_incident, queues, set_up, set_up_channel, spec, webhook,
};

over_both!(
    what_a_channel_was_notified_of_is_known,
    a_pager_stays_until_its_alerts_are_closed,
    a_pager_without_an_alert_goes_at_once,
    one_that_comes_back_as_it_was_is_the_same,
    one_that_is_disabled_with_other_settings_is_another,
    one_that_is_led_elsewhere_with_an_open_alert_is_another,
    its_last_word_is_tried_before_the_next_one_of_its_name_hears_anything,
    a_closing_channel_that_cannot_be_opened_holds_up_nobody,
);

fn pager(called: &str) -> ChannelSpec {
    let mut spec = ChannelSpec::new(name(called), ChannelKind::PagerDuty);
    spec.values.set("routing_key", "first");
    spec
}

/// A pager that was notified of an open incident, which is given too.
async fn paged(store: &Store) -> (ChannelId, Incident) {
    let project = set_up(store, spec("one")).await;
    let pager = set_up_channel(store, pager("pager")).await.id;
    let open = open_incident(store, incident(&project, IncidentKind::Ingestion, 0)).await;
    owe(store, &open, pager, NotificationKind::Opened).await;
    (pager, open)
}

async fn owe(store: &Store, open: &Incident, channel: ChannelId, kind: NotificationKind) {
    let notification = notification(channel, open, kind, 0);
    store.write_incident(open, &[], &queues(&[notification])).await.unwrap().unwrap();
}

async fn closing(store: &Store) -> Vec<ChannelId> {
    store.closing_channels().await.unwrap().into_iter().map(|channel| channel.id).collect()
}

async fn what_a_channel_was_notified_of_is_known(bed: Bed) {
    let store = bed.open().await;
    let (pager, first) = paged(&store).await;
    let other = set_up_channel(&store, webhook("other")).await.id;
    let second = open_incident(&store, incident(&super::samples::find(&store, &name("one")).await, IncidentKind::Monitoring, 5)).await;
    let ids = [first.id.unwrap(), second.id.unwrap()];
    let known = |incident: &Incident, channel, is_open, ended| Notified { incident: incident.id.unwrap(), channel, is_open, ended };
    let all = async || {
        let mut all = store.notified(&ids).await.unwrap();
        all.sort_by_key(|known| (known.incident, known.channel));
        all
    };
    assert_eq!(all().await, [known(&first, pager, true, 0)]);
    owe(&store, &first, other, NotificationKind::Reminder).await;
    owe(&store, &first, pager, NotificationKind::Resolved).await;
    owe(&store, &second, pager, NotificationKind::Opened).await;
    assert_eq!(all().await, [known(&first, pager, false, 1), known(&first, other, true, 0), known(&second, pager, true, 0)]);
    assert_eq!(store.notified(&ids[1..]).await.unwrap().len(), 1);
    let mut of_pager = store.channel_notified(pager).await.unwrap();
    of_pager.sort_by_key(|known| known.incident);
    assert_eq!(of_pager, [known(&first, pager, false, 1), known(&second, pager, true, 0)]);
    assert_eq!(store.notified(&[]).await.unwrap(), []);
}

async fn a_pager_stays_until_its_alerts_are_closed(bed: Bed) {
    let store = bed.open().await;
    let (id, open) = paged(&store).await;
    let stopped = Stopped { at: START.start(), words: "410".into(), retried: false };
    store.mark(&[], &[ChannelNews::Stopped(id, stopped)], &[notification_alone(id, "down", 0)]).await.unwrap();
    store.apply_channels(&[], &[name("pager")]).await.unwrap();
    assert_eq!((store.channels().await.unwrap(), store.channel(&name("pager")).await.unwrap()), (vec![], None));
    let left = store.closing_channels().await.unwrap().remove(0);
    assert_eq!((left.id, left.spec.values.get("routing_key"), left.spec.enabled, left.stopped), (id, Some("first"), false, None));
    // What is about the incident goes out, and nothing else.
    let leased = store.lease(at(START, 9), at(START, 99), 9).await.unwrap();
    assert_eq!(leased.iter().map(|notification| notification.incident).collect::<Vec<_>>(), [open.id]);
    // The name is free at once.
    let anew = set_up_channel(&store, webhook("pager")).await;
    assert_ne!(anew.id, id);
    assert_eq!(closing(&store).await, [id]);
    let revision = store.revision().await.unwrap();
    store.channel_closed(id).await.unwrap();
    assert_eq!((closing(&store).await, store.notifications(&NotificationFilter::default()).await.unwrap()), (vec![], vec![]));
    assert_ne!(store.revision().await.unwrap(), revision, "the loops forget it");
    assert_eq!(store.channels().await.unwrap(), [anew]);
}

async fn a_pager_without_an_alert_goes_at_once(bed: Bed) {
    let store = bed.open().await;
    let (id, open) = paged(&store).await;
    // 1. It is over, and the end was delivered.
    deliver_all(&store).await;
    let closed = Incident { closed: Some(at(START, 50)), ..open };
    store.write_incident(&closed, &[], &queues(&[])).await.unwrap().unwrap();
    store.apply_channels(&[], &[name("pager")]).await.unwrap();
    assert_eq!((closing(&store).await, store.notifications(&NotificationFilter::default()).await.unwrap().len()), (vec![], 1), "{id:?}");
    let left = store.channels_on_record().await.unwrap();
    assert_eq!(left.iter().map(|left| (left.id, left.removed, left.spec.name.as_str())).collect::<Vec<_>>(), [(id, true, "pager")]);
    // 2. It was never notified of anything; and what keeps no alert goes at once in any case.
    store.apply_channels(&[pager("pager"), webhook("ops")], &[]).await.unwrap();
    let ops = channel(&store, &name("ops")).await.id;
    let open = open_incident(&store, incident(&super::samples::find(&store, &name("one")).await, IncidentKind::Monitoring, 5)).await;
    owe(&store, &open, ops, NotificationKind::Opened).await;
    store.apply_channels(&[], &[name("pager"), name("ops")]).await.unwrap();
    assert_eq!(closing(&store).await, []);
}

async fn one_that_comes_back_as_it_was_is_the_same(bed: Bed) {
    let store = bed.open().await;
    let (id, _) = paged(&store).await;
    store.apply_channels(&[], &[name("pager")]).await.unwrap();
    assert_eq!(set_up_channel(&store, ChannelSpec { at_once: 7, ..pager("pager") }).await.id, id);
    assert_eq!(closing(&store).await, []);
    // Disabled and enabled again, as well; and what is changed meanwhile ends nothing.
    store.apply_channels(&[ChannelSpec { enabled: false, ..pager("pager") }], &[]).await.unwrap();
    assert_eq!(closing(&store).await, [id]);
    store.apply_channels(&[ChannelSpec { enabled: false, at_once: 8, ..pager("pager") }], &[]).await.unwrap();
    assert_eq!(closing(&store).await, [id]);
    store.channel_closed(id).await.unwrap();
    assert_eq!((closing(&store).await, channel(&store, &name("pager")).await.spec.at_once), (vec![], 8));
    assert_eq!(store.notifications(&NotificationFilter::default()).await.unwrap().len(), 1, "its history stays");
    assert_eq!(set_up_channel(&store, pager("pager")).await.id, id);
}

async fn one_that_is_disabled_with_other_settings_is_another(bed: Bed) {
    let store = bed.open().await;
    let (id, _) = paged(&store).await;
    let mut other = ChannelSpec { enabled: false, ..pager("pager") };
    other.values.set("routing_key", "second");
    let anew = set_up_channel(&store, other).await;
    assert_ne!(anew.id, id);
    let left = store.closing_channels().await.unwrap();
    assert_eq!(left.iter().map(|left| (left.id, left.spec.values.get("routing_key"))).collect::<Vec<_>>(), [(id, Some("first"))]);
}

/// Marks everything that is queued as delivered.
async fn deliver_all(store: &Store) {
    let sent = store.lease(at(START, 9), at(START, 99), 9).await.unwrap();
    let sent: Vec<_> = sent.into_iter().map(|notification| Notification { state: NotificationState::Sent, ..notification }).collect();
    store.mark(&sent, &[], &[]).await.unwrap();
}

/// The pager under another routing key.
fn moved() -> ChannelSpec {
    let mut moved = pager("pager");
    moved.values.set("routing_key", "second");
    moved
}

async fn one_that_is_led_elsewhere_with_an_open_alert_is_another(bed: Bed) {
    let store = bed.open().await;
    let (id, open) = paged(&store).await;
    // 1. Nothing was delivered there: a wrong key is mended, and what is queued goes by the right one.
    assert_eq!(set_up_channel(&store, moved()).await.id, id);
    store.apply_channels(&[pager("pager")], &[]).await.unwrap();
    // 2. An alert is open at the first one.
    deliver_all(&store).await;
    let anew = set_up_channel(&store, moved()).await;
    assert_ne!(anew.id, id);
    let left = store.closing_channels().await.unwrap();
    assert_eq!(left.iter().map(|left| (left.id, left.spec.values.get("routing_key"))).collect::<Vec<_>>(), [(id, Some("first"))]);
    store.channel_closed(id).await.unwrap();
    let record = store.channels_on_record().await.unwrap();
    assert_eq!(record.iter().map(|one| (one.id, one.removed)).collect::<Vec<_>>(), [(id, true), (anew.id, false)]);
    assert_eq!(store.notifications(&NotificationFilter::default()).await.unwrap().len(), 1, "what it was notified of stays");
    // 3. It is over everywhere: the channel is the same, wherever it leads.
    deliver_all(&store).await;
    store.write_incident(&Incident { closed: Some(at(START, 50)), ..open }, &[], &queues(&[])).await.unwrap().unwrap();
    assert_eq!(set_up_channel(&store, pager("pager")).await.id, anew.id);
}

async fn its_last_word_is_tried_before_the_next_one_of_its_name_hears_anything(bed: Bed) {
    let store = bed.open().await;
    let (id, open) = paged(&store).await;
    deliver_all(&store).await;
    let anew = set_up_channel(&store, moved()).await.id;
    owe(&store, &open, anew, NotificationKind::Opened).await;
    owe(&store, &open, id, NotificationKind::Resolved).await;
    let first = store.lease(at(START, 9), at(START, 10), 9).await.unwrap();
    assert_eq!(first.iter().map(|notification| notification.channel).collect::<Vec<_>>(), [id]);
    assert_eq!(store.lease(at(START, 9), at(START, 10), 9).await.unwrap(), []);
    // Whatever came of it: the next one waits no longer.
    let tried: Vec<_> = first.into_iter().map(|notification| Notification { tries: 1, due: at(START, 30), ..notification }).collect();
    store.mark(&tried, &[], &[]).await.unwrap();
    let next = store.lease(at(START, 9), at(START, 10), 9).await.unwrap();
    assert_eq!(next.iter().map(|notification| notification.channel).collect::<Vec<_>>(), [anew]);
}

async fn a_closing_channel_that_cannot_be_opened_holds_up_nobody(bed: Bed) {
    let store = bed.open().await;
    paged(&store).await;
    store.apply_channels(&[], &[name("pager")]).await.unwrap();
    let stranger = bed.try_open_with(cipher('B')).await.unwrap();
    assert_eq!(stranger.closing_channels().await.unwrap(), []);
}
