//! The outbox: what is queued is leased to one at a time, in order, and marked.

use std::collections::HashSet;
use std::sync::Arc;

use heartbeat::model::{
    ChannelId, ChannelSpec, Incident, IncidentId, IncidentKind, Notification, NotificationKind, NotificationState, Stopped, Timestamp,
};
use heartbeat::store::{ChannelNews, ChannelQueue, NotificationFilter, Store};
use uuid::Uuid;

use super::bed::Bed;
use super::samples::{
    START, at, incident, message, notification, notification_alone, open_incident, queues, set_up, set_up_channel, spec, webhook,
};

over_both!(
    what_is_due_is_leased_in_the_order_in_which_it_was_written,
    a_lease_ends_by_time_or_by_a_mark,
    two_that_lease_at_once_never_get_the_same,
    the_notifications_of_an_incident_keep_their_order_on_each_channel,
    a_channel_that_does_not_deliver_is_given_nothing,
    what_came_of_a_try_is_on_record,
    what_was_taken_stays_taken,
    what_is_queued_already_stays_as_it_is,
    dead_notifications_are_queued_anew,
    notifications_are_found_newest_first_and_by_what_is_asked,
    notifications_come_page_by_page,
    what_each_channel_owes_is_counted,
    many_are_leased_and_marked_at_once,
    the_last_sign_of_life_is_remembered,
    news_of_an_incident_and_a_receiver_that_is_back_end_long_waits,
    damaged_notifications_are_named,
);

fn now(after_ms: i64) -> Timestamp {
    at(START, after_ms)
}

fn ids(notifications: &[Notification]) -> Vec<Uuid> {
    notifications.iter().map(|notification| notification.id).collect()
}

async fn all(store: &Store) -> Vec<Notification> {
    store.notifications(&NotificationFilter::default()).await.unwrap()
}

/// A channel, and as many notifications about Heartbeat itself as `due`, each due so many milliseconds after [`START`].
async fn queued(store: &Store, due: &[i64]) -> (ChannelId, Vec<Notification>) {
    let channel = set_up_channel(store, webhook("ops")).await.id;
    let notifications: Vec<Notification> =
        (0..).zip(due).map(|(number, due)| notification_alone(channel, &format!("return {number}"), *due)).collect();
    store.owe(&notifications).await.unwrap();
    (channel, notifications)
}

async fn what_is_due_is_leased_in_the_order_in_which_it_was_written(bed: Bed) {
    let store = bed.open().await;
    assert_eq!(store.lease(now(0), now(9), 9).await.unwrap(), []);
    assert_eq!(store.next_due().await.unwrap(), None);
    let (_, notifications) = queued(&store, &[5, 3, 0, 4]).await;
    assert_eq!(store.next_due().await.unwrap(), Some(now(0)));
    assert_eq!(store.lease(now(3), now(9), 9).await.unwrap(), notifications[1..3], "whole, and none before its time");
    assert_eq!(ids(&store.lease(now(5), now(9), 1).await.unwrap()), ids(&notifications[..1]), "so many at most");
    assert_eq!(store.lease(now(5), now(9), 0).await.unwrap(), []);
    assert_eq!(ids(&store.lease(now(5), now(9), u32::MAX).await.unwrap()), ids(&notifications[3..]));
}

async fn a_lease_ends_by_time_or_by_a_mark(bed: Bed) {
    let store = bed.open().await;
    let (_, notifications) = queued(&store, &[0]).await;
    assert_eq!(store.lease(now(1), now(10), 9).await.unwrap(), notifications);
    assert_eq!(store.lease(now(9), now(99), 9).await.unwrap(), []);
    assert_eq!(store.next_due().await.unwrap(), Some(now(10)), "the end of the lease");
    // The node that had it is gone: it is another's from now on.
    assert_eq!(bed.open().await.lease(now(10), now(99), 9).await.unwrap(), notifications);
    let again = Notification { tries: 1, due: now(20), said: Some("503".into()), ..notifications[0].clone() };
    store.mark(std::slice::from_ref(&again), &[], &[]).await.unwrap();
    assert_eq!(store.lease(now(19), now(99), 9).await.unwrap(), []);
    assert_eq!(store.lease(now(20), now(99), 9).await.unwrap(), [again]);
}

async fn two_that_lease_at_once_never_get_the_same(bed: Bed) {
    let store = bed.open().await;
    let (_, notifications) = queued(&store, &[0; 60]).await;
    let lease_all = |store: Arc<Store>| async move {
        let mut got = Vec::new();
        loop {
            let leased = store.lease(now(1), now(999), 4).await.unwrap();
            if leased.is_empty() {
                return got;
            }
            got.extend(ids(&leased));
            tokio::task::yield_now().await;
        }
    };
    let (one, other, third) = (bed.open().await, bed.open().await, bed.open().await);
    let got = tokio::join!(tokio::spawn(lease_all(one)), tokio::spawn(lease_all(other)), tokio::spawn(lease_all(third)));
    let got = [got.0.unwrap(), got.1.unwrap(), got.2.unwrap()].concat();
    assert_eq!(got.len(), 60, "none is given twice");
    assert_eq!(got.into_iter().collect::<HashSet<_>>(), ids(&notifications).into_iter().collect(), "and each is given");
}

/// An incident with an opened, a reminder and a resolved notification to each of two channels, in this order.
async fn three_to_each(store: &Store) -> (Incident, [ChannelId; 2], Vec<Notification>) {
    let project = set_up(store, spec("one")).await;
    let open = open_incident(store, incident(&project, IncidentKind::Ingestion, 0)).await;
    let channels = [set_up_channel(store, webhook("a")).await.id, set_up_channel(store, webhook("b")).await.id];
    let kinds = [NotificationKind::Opened, NotificationKind::Reminder, NotificationKind::Resolved];
    let notifications: Vec<Notification> =
        kinds.into_iter().flat_map(|kind| channels.map(|channel| notification(channel, &open, kind, 0))).collect();
    store.write_incident(&open, &[], &queues(&notifications)).await.unwrap();
    (open, channels, notifications)
}

async fn the_notifications_of_an_incident_keep_their_order_on_each_channel(bed: Bed) {
    let store = bed.open().await;
    let (open, [a, b], notifications) = three_to_each(&store).await;
    // 1. Together they are given, in order; of those that a limit cuts off, the first come first.
    let leased = store.lease(now(0), now(10), 5).await.unwrap();
    assert_eq!(ids(&leased), ids(&notifications[..5]));
    // 2. While the earlier are another's, the last waits.
    assert_eq!(store.lease(now(0), now(10), 9).await.unwrap(), []);
    // 3. On `a` the first is to be tried again later: whatever follows it waits too. On `b` all goes on.
    let of = |channel: ChannelId| leased.iter().filter(move |notification| notification.channel == channel);
    let mut marked: Vec<Notification> =
        of(a).map(|notification| Notification { due: now(50), tries: 1, ..notification.clone() }).take(1).collect();
    marked.extend(of(a).skip(1).cloned());
    marked.extend(of(b).map(|notification| Notification { state: NotificationState::Sent, ended: Some(now(1)), ..notification.clone() }));
    store.mark(&marked, &[], &[]).await.unwrap();
    assert_eq!(ids(&store.lease(now(1), now(10), 9).await.unwrap()), [notifications[5].id], "the last one of `b`");
    // 4. Another incident, and what belongs to none, waits for nothing of this one.
    let beside = Incident { incident_kind: IncidentKind::Monitoring, id: None, ..open };
    let others = [notification(a, &beside, NotificationKind::Opened, 0), notification_alone(a, "return", 0)];
    store.write_incident(&beside, &[], &queues(&others[..1])).await.unwrap();
    store.owe(&others[1..]).await.unwrap();
    assert_eq!(ids(&store.lease(now(1), now(10), 9).await.unwrap()), ids(&others));
    // 5. Given up is not queued: the rest of `a` goes.
    let failed = Notification { state: NotificationState::Failed, ended: Some(now(2)), ..marked[0].clone() };
    store.mark(&[failed], &[], &[]).await.unwrap();
    assert_eq!(ids(&store.lease(now(2), now(10), 9).await.unwrap()), [notifications[2].id, notifications[4].id]);
}

async fn news_of_an_incident_and_a_receiver_that_is_back_end_long_waits(bed: Bed) {
    let store = bed.open().await;
    let (open, [a, b], notifications) = three_to_each(&store).await;
    // All were tried in vain, and wait for half a day.
    let leased = store.lease(now(0), now(1), 9).await.unwrap();
    let later: Vec<Notification> =
        leased.into_iter().map(|notification| Notification { due: now(720), tries: 9, ..notification }).collect();
    store.mark(&later, &[], &[]).await.unwrap();
    assert_eq!(store.lease(now(1), now(2), 9).await.unwrap(), []);
    // 1. `a` takes a message about something else.
    store.mark(&[], &[ChannelNews::Accepted(a, now(2))], &[]).await.unwrap();
    assert_eq!(
        ids(&store.lease(now(2), now(3), 9).await.unwrap()),
        [0, 2, 4].map(|at| notifications[at].id),
        "those of `a`, and not of `b`"
    );
    // 2. There is news of the incident.
    let worse = Notification { due: now(5), ..notification(b, &open, NotificationKind::Escalated, 1) };
    let open = Incident { reminders: 1, ..open };
    store.write_incident(&open, &[], &queues(std::slice::from_ref(&worse))).await.unwrap();
    assert_eq!(ids(&store.lease(now(5), now(6), 9).await.unwrap()).len(), 7, "whatever is owed of it goes with that");
}

async fn a_channel_that_does_not_deliver_is_given_nothing(bed: Bed) {
    let store = bed.open().await;
    let (channel, notifications) = queued(&store, &[0]).await;
    store.apply_channels(&[ChannelSpec { enabled: false, ..webhook("ops") }], &[]).await.unwrap();
    assert_eq!(store.lease(now(0), now(9), 9).await.unwrap(), []);
    store.apply_channels(&[webhook("ops")], &[]).await.unwrap();
    let stopped = Stopped { at: now(0), words: "410".into(), retried: false };
    store.mark(&[], &[ChannelNews::Stopped(channel, stopped)], &[]).await.unwrap();
    assert_eq!(store.lease(now(0), now(9), 9).await.unwrap(), []);
    assert_eq!(store.revive(channel, now(0)).await.unwrap(), Some(0));
    assert_eq!(store.lease(now(0), now(9), 9).await.unwrap(), notifications, "nothing was lost by it");
    store.mark(&notifications, &[], &[]).await.unwrap();
    let retried = Stopped { at: now(0), words: "400".into(), retried: true };
    store.mark(&[], &[ChannelNews::Stopped(channel, retried)], &[]).await.unwrap();
    assert_eq!(store.lease(now(0), now(9), 9).await.unwrap(), notifications, "messages were rejected, and others may not be");
}

async fn what_came_of_a_try_is_on_record(bed: Bed) {
    let store = bed.open().await;
    let (_, notifications) = queued(&store, &[0, 0, 0, 0]).await;
    let marked: Vec<Notification> = notifications
        .iter()
        .zip(NotificationState::ALL)
        .map(|(notification, state)| Notification {
            state,
            due: now(77),
            tries: u16::MAX,
            ended: (state != NotificationState::Queued).then(|| now(78)),
            said: Some("503 `busy\u{fffd}`".into()),
            ..notification.clone()
        })
        .collect();
    let to_mark: Vec<Notification> =
        marked.iter().map(|notification| Notification { said: Some("503 `busy\u{0}`".into()), ..notification.clone() }).collect();
    let told = notification_alone(notifications[0].channel, "another channel stopped", 5);
    store.mark(&to_mark, &[], std::slice::from_ref(&told)).await.unwrap();
    let mut expected: Vec<Notification> = marked.into_iter().chain([told]).collect();
    expected.reverse();
    assert_eq!(all(&store).await, expected);
}

async fn what_was_taken_stays_taken(bed: Bed) {
    let store = bed.open().await;
    let (_, notifications) = queued(&store, &[0]).await;
    let sent = Notification { state: NotificationState::Sent, tries: 1, ended: Some(now(5)), ..notifications[0].clone() };
    store.mark(std::slice::from_ref(&sent), &[], &[]).await.unwrap();
    // A node whose lease had expired comes back and says that it failed.
    let late = Notification { tries: 2, due: now(9), said: Some("timeout".into()), ..notifications[0].clone() };
    store.mark(&[late], &[], &[]).await.unwrap();
    assert_eq!(all(&store).await, [sent]);
    assert_eq!(store.lease(now(99), now(100), 9).await.unwrap(), []);
}

async fn what_is_queued_already_stays_as_it_is(bed: Bed) {
    let store = bed.open().await;
    let (_, notifications) = queued(&store, &[0]).await;
    let sent = Notification { state: NotificationState::Sent, ended: Some(now(5)), ..notifications[0].clone() };
    store.mark(std::slice::from_ref(&sent), &[], &[]).await.unwrap();
    store.owe(&notifications).await.unwrap();
    store.mark(&[], &[], &notifications).await.unwrap();
    // In one statement twice, and from two processes at once.
    let next = notification_alone(notifications[0].channel, "next", 0);
    let (one, other) = (bed.open().await, bed.open().await);
    let twice = [next.clone(), next.clone()];
    let (first, second) = tokio::join!(one.owe(&twice), other.owe(&twice));
    first.and(second).unwrap();
    assert_eq!(all(&store).await, [next, sent]);
}

async fn dead_notifications_are_queued_anew(bed: Bed) {
    let store = bed.open().await;
    let (channel, notifications) = queued(&store, &[0, 0, 0]).await;
    assert_eq!(store.revive(ChannelId(999), now(0)).await.unwrap(), None);
    let other = set_up_channel(&store, webhook("other")).await.id;
    let elsewhere = notification_alone(other, "elsewhere", 0);
    store.owe(std::slice::from_ref(&elsewhere)).await.unwrap();
    let ended = |notification: &Notification, state| Notification {
        state,
        tries: 40,
        ended: Some(now(9)),
        said: Some("500".into()),
        ..notification.clone()
    };
    let failed = [&notifications[0], &elsewhere].map(|notification| ended(notification, NotificationState::Failed));
    let sent = ended(&notifications[1], NotificationState::Sent);
    let stopped = Stopped { at: now(9), words: "410".into(), retried: false };
    let news = [ChannelNews::Stopped(channel, stopped)];
    store.mark(&[failed[0].clone(), failed[1].clone(), sent.clone()], &news, &[]).await.unwrap();
    assert_eq!(store.revive(channel, now(100)).await.unwrap(), Some(1));
    let anew = Notification { due: now(100), said: Some("500".into()), ..notifications[0].clone() };
    assert_eq!(all(&store).await, [failed[1].clone(), notifications[2].clone(), sent, anew.clone()]);
    assert_eq!(store.lease(now(100), now(999), 9).await.unwrap(), [anew, notifications[2].clone()]);
    assert!(store.channels().await.unwrap().iter().all(|channel| channel.stopped.is_none()));
}

async fn notifications_are_found_newest_first_and_by_what_is_asked(bed: Bed) {
    let store = bed.open().await;
    let (open, [a, b], notifications) = three_to_each(&store).await;
    let alone = notification_alone(a, "return", 0);
    store.owe(std::slice::from_ref(&alone)).await.unwrap();
    store.mark(&[Notification { state: NotificationState::Sent, ..notifications[0].clone() }], &[], &[]).await.unwrap();
    let expected: Vec<Uuid> = ids(&notifications).into_iter().chain([alone.id]).collect();
    let usual = NotificationFilter::default();
    for (which, places) in [
        (usual, vec![6, 5, 4, 3, 2, 1, 0]),
        (NotificationFilter { at_most: 2, ..usual }, vec![6, 5]),
        (NotificationFilter { channel: Some(a), ..usual }, vec![6, 4, 2, 0]),
        (NotificationFilter { channel: Some(b), incident: open.id, ..usual }, vec![5, 3, 1]),
        (NotificationFilter { incident: Some(IncidentId(999)), ..usual }, vec![]),
        (NotificationFilter { state: Some(NotificationState::Sent), ..usual }, vec![0]),
        (NotificationFilter { state: Some(NotificationState::Queued), channel: Some(a), ..usual }, vec![6, 4, 2]),
    ] {
        let found = ids(&store.notifications(&which).await.unwrap());
        assert_eq!(found, places.iter().map(|place: &usize| expected[*place]).collect::<Vec<_>>(), "{which:?}");
    }
}

async fn notifications_come_page_by_page(bed: Bed) {
    let store = bed.open().await;
    let (_, notifications) = queued(&store, &[0; 5]).await;
    let newest_first: Vec<Uuid> = ids(&notifications).into_iter().rev().collect();
    let page = |before, at_most| NotificationFilter { before, at_most, ..NotificationFilter::default() };
    assert_eq!(ids(&store.notifications(&page(None, 2)).await.unwrap()), newest_first[..2]);
    assert_eq!(ids(&store.notifications(&page(Some(newest_first[1]), 2)).await.unwrap()), newest_first[2..4]);
    let queued = NotificationFilter { state: Some(NotificationState::Queued), ..page(Some(newest_first[3]), 2) };
    assert_eq!(ids(&store.notifications(&queued).await.unwrap()), newest_first[4..]);
    assert_eq!(store.notifications(&page(Some(newest_first[4]), 2)).await.unwrap(), []);
    assert_eq!(store.notifications(&page(Some(Uuid::nil()), 2)).await.unwrap(), [], "behind one that is gone");
}

async fn what_each_channel_owes_is_counted(bed: Bed) {
    let store = bed.open().await;
    assert_eq!(store.queues().await.unwrap(), []);
    let (ops, notifications) = queued(&store, &[0; 5]).await;
    let other = set_up_channel(&store, webhook("other")).await.id;
    set_up_channel(&store, webhook("idle")).await;
    let alone = notification_alone(other, "alone", 0);
    store.owe(std::slice::from_ref(&alone)).await.unwrap();
    let states = [NotificationState::Sent, NotificationState::Failed, NotificationState::Superseded, NotificationState::Failed];
    let ended =
        |(notification, state): (&Notification, NotificationState)| Notification { state, ended: Some(now(1)), ..notification.clone() };
    let mut marked: Vec<Notification> = notifications.iter().zip(states).map(ended).collect();
    store.mark(&marked, &[], &[]).await.unwrap();
    assert_eq!(
        store.queues().await.unwrap(),
        [(ops, ChannelQueue { queued: 1, failed: 2 }), (other, ChannelQueue { queued: 1, failed: 0 })]
    );
    marked = vec![ended((&alone, NotificationState::Failed))];
    store.mark(&marked, &[], &[]).await.unwrap();
    store.revive(ops, now(2)).await.unwrap();
    assert_eq!(
        store.queues().await.unwrap(),
        [(ops, ChannelQueue { queued: 3, failed: 0 }), (other, ChannelQueue { queued: 0, failed: 1 })]
    );
}

async fn many_are_leased_and_marked_at_once(bed: Bed) {
    let store = bed.open().await;
    let (_, notifications) = queued(&store, &[0; 1201]).await;
    let leased = store.lease(now(0), now(9), u32::MAX).await.unwrap();
    assert_eq!(ids(&leased), ids(&notifications));
    assert_eq!(store.lease(now(0), now(9), u32::MAX).await.unwrap(), []);
    let sent: Vec<Notification> =
        leased.into_iter().map(|notification| Notification { state: NotificationState::Sent, ..notification }).collect();
    store.mark(&sent, &[], &[]).await.unwrap();
    assert_eq!(store.lease(now(99), now(100), u32::MAX).await.unwrap(), []);
}

async fn the_last_sign_of_life_is_remembered(bed: Bed) {
    let store = bed.open().await;
    assert_eq!(store.last_sign_of_life().await.unwrap(), None);
    for minute in [1, 5, 3] {
        store.sign_of_life(now(minute)).await.unwrap();
        assert_eq!(bed.open().await.last_sign_of_life().await.unwrap(), Some(now(minute)), "a clock may be stepped back");
    }
}

async fn damaged_notifications_are_named(bed: Bed) {
    let store = bed.open().await;
    let (_, notifications) = queued(&store, &[0]).await;
    assert_eq!(notifications[0].message, message(NotificationKind::Returned, 0));
    for (damage, mend, says) in [
        ("message = '{'", "message = message", "message"),
        ("message = '{\"version\":1}'", "message = message", "message"),
        ("state = 0, tries = -1", "tries = 0", "message"),
    ] {
        bed.execute(&format!("UPDATE notifications SET {damage}")).await;
        let said = store.lease(now(0), now(9), 9).await.unwrap_err().to_string();
        assert_eq!(said, format!("notification {}: its {says} in the database cannot be read", notifications[0].id), "{damage}");
        bed.execute(&format!("UPDATE notifications SET {mend}")).await;
    }
    bed.execute("DELETE FROM notifications").await;
    store.owe(&notifications).await.unwrap();
    for (damage, says) in [("tries = -1", "tries"), ("tries = 0, state = 9", "state")] {
        bed.execute(&format!("UPDATE notifications SET {damage}")).await;
        let said = store.notifications(&NotificationFilter::default()).await.unwrap_err().to_string();
        assert_eq!(said, format!("notification {}: its {says} in the database cannot be read", notifications[0].id), "{damage}");
    }
}
