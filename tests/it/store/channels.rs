//! Channels: encrypted, replaced by name, stopped and let go again.

use heartbeat::model::{ChannelKind, ChannelSpec, IncidentKind, NotificationKind, NotificationState, Stopped, Takes, Values};
use heartbeat::store::{ChannelNews, NotificationFilter, StoreError};

use super::bed::{Bed, cipher};
use super::samples::{START, at, channel, incident, name, notification, queues, set_up, set_up_channel, spec, webhook};

over_both!(
    every_kind_comes_back_as_it_was,
    channels_come_by_name_and_the_later_of_two_counts,
    a_channel_keeps_its_number_while_its_name_stays,
    what_a_channel_took_and_why_it_stopped_is_known,
    what_is_still_tried_delivers_again_once_it_takes_one_and_can_come_to_a_full_stop,
    a_change_lets_a_channel_deliver_again_and_the_same_again_does_not,
    a_removed_channel_takes_its_notifications,
    what_a_removed_channel_was_notified_of_stays_until_it_is_old,
    the_revision_grows_with_channels,
    another_key_does_not_open_channels,
    no_field_stands_in_clear,
    damaged_channels_are_named,
);

fn full(kind: ChannelKind) -> ChannelSpec {
    let mut spec = ChannelSpec {
        enabled: false,
        projects: [name("shop"), name("mill")].into_iter().collect(),
        least: heartbeat::model::Severity::Warning,
        at_once: u16::MAX,
        title: Some("{{ title }} ü".into()),
        body: Some(String::new()),
        ..ChannelSpec::new(name(kind.name()), kind)
    };
    for field in kind.fields() {
        let value = match field.takes {
            Takes::Addresses => "a@example.com, B <b@example.com>",
            Takes::CommandLine => "/bin/say \"hello\" \\ 'ü'",
            _ => "https://example.com/?a=\"b\"&c={}",
        };
        spec.values.set(field.key, value);
    }
    spec
}

async fn every_kind_comes_back_as_it_was(bed: Bed) {
    let store = bed.open().await;
    assert_eq!(store.channels().await.unwrap(), []);
    let mut specs: Vec<ChannelSpec> = ChannelKind::ALL.into_iter().map(full).collect();
    specs.push(ChannelSpec::new(name("bare"), ChannelKind::Slack));
    store.apply_channels(&specs, &[]).await.unwrap();
    specs.sort_by(|one, other| one.name.cmp(&other.name));
    let channels = store.channels().await.unwrap();
    assert_eq!(channels.iter().map(|channel| channel.spec.clone()).collect::<Vec<_>>(), specs);
    for channel in channels {
        assert_eq!((channel.of_app, channel.stopped, channel.last_accepted), (None, None, None));
    }
}

async fn channels_come_by_name_and_the_later_of_two_counts(bed: Bed) {
    let store = bed.open().await;
    let later = ChannelSpec { at_once: 9, ..webhook("a") };
    store.apply_channels(&[webhook("b"), webhook("a"), webhook("B"), later.clone()], &[]).await.unwrap();
    let specs: Vec<ChannelSpec> = store.channels().await.unwrap().into_iter().map(|channel| channel.spec).collect();
    assert_eq!(specs, [webhook("B"), later, webhook("b")]);
}

async fn a_channel_keeps_its_number_while_its_name_stays(bed: Bed) {
    let store = bed.open().await;
    let before = set_up_channel(&store, webhook("ops")).await;
    let other = set_up_channel(&store, webhook("other")).await;
    assert_ne!(before.id, other.id);
    let changed = ChannelSpec { name: name("ops"), ..full(ChannelKind::PagerDuty) };
    assert_eq!(set_up_channel(&store, changed.clone()).await.id, before.id);
    assert_eq!(channel(&store, &name("ops")).await.spec, changed);
    store.apply_channels(&[changed], &[name("ops"), name("nobody")]).await.unwrap();
    let anew = channel(&store, &name("ops")).await;
    assert!(![before.id, other.id].contains(&anew.id), "no number is used twice");
}

fn stopped(words: &str) -> Stopped {
    Stopped { at: START.start(), words: words.into(), retried: false }
}

async fn what_a_channel_took_and_why_it_stopped_is_known(bed: Bed) {
    let store = bed.open().await;
    let (ops, other) = (set_up_channel(&store, webhook("ops")).await, set_up_channel(&store, webhook("other")).await);
    let news = [ChannelNews::Accepted(ops.id, at(START, 7)), ChannelNews::Stopped(ops.id, stopped("410 `gone\u{0}`"))];
    store.mark(&[], &news, &[]).await.unwrap();
    store.mark(&[], &[ChannelNews::Stopped(ops.id, stopped("401"))], &[]).await.unwrap();
    let ops = channel(&store, &name("ops")).await;
    assert_eq!((ops.stopped, ops.last_accepted), (Some(stopped("410 `gone\u{fffd}`")), Some(at(START, 7))), "the first reason stays");
    assert_eq!(channel(&store, &name("other")).await, other);
}

async fn what_is_still_tried_delivers_again_once_it_takes_one_and_can_come_to_a_full_stop(bed: Bed) {
    let store = bed.open().await;
    let ops = set_up_channel(&store, webhook("ops")).await;
    let retried = |words: &str| Stopped { retried: true, ..stopped(words) };
    let is = async || channel(&store, &name("ops")).await.stopped;
    let note = async |news: ChannelNews| store.mark(&[], &[news], &[]).await.unwrap();
    note(ChannelNews::Stopped(ops.id, retried("400"))).await;
    note(ChannelNews::Stopped(ops.id, retried("422"))).await;
    assert_eq!(is().await, Some(retried("400")), "the first reason stays");
    note(ChannelNews::Accepted(ops.id, at(START, 7))).await;
    assert_eq!(is().await, None);
    note(ChannelNews::Stopped(ops.id, retried("400"))).await;
    note(ChannelNews::Stopped(ops.id, stopped("410"))).await;
    assert_eq!(is().await, Some(stopped("410")));
    note(ChannelNews::Stopped(ops.id, retried("400"))).await;
    note(ChannelNews::Accepted(ops.id, at(START, 8))).await;
    assert_eq!(is().await, Some(stopped("410")), "what was sent before it stopped proves nothing");
}

async fn a_change_lets_a_channel_deliver_again_and_the_same_again_does_not(bed: Bed) {
    let store = bed.open().await;
    let ops = set_up_channel(&store, webhook("ops")).await;
    store.mark(&[], &[ChannelNews::Accepted(ops.id, at(START, 7)), ChannelNews::Stopped(ops.id, stopped("410"))], &[]).await.unwrap();
    let same = set_up_channel(&store, webhook("ops")).await;
    assert_eq!(same.stopped, Some(stopped("410")));
    let mut changed = webhook("ops");
    changed.values.set("url", "https://hooks.example.com/new");
    let changed = set_up_channel(&store, changed).await;
    assert_eq!((changed.id, changed.stopped, changed.last_accepted), (ops.id, None, Some(at(START, 7))));
}

async fn a_removed_channel_takes_its_notifications(bed: Bed) {
    let store = bed.open().await;
    let project = set_up(&store, spec("one")).await;
    let (gone, stays) = (set_up_channel(&store, webhook("gone")).await, set_up_channel(&store, webhook("stays")).await);
    let incident = incident(&project, IncidentKind::Ingestion, 0);
    let notifications = [gone.id, stays.id].map(|channel| notification(channel, &incident, NotificationKind::Opened, 0));
    store.write_incident(&incident, &[], &queues(&notifications)).await.unwrap();
    let leased = store.lease(START.start(), at(START, 9), 9).await.unwrap();
    assert_eq!(leased.len(), 2);
    store.apply_channels(&[], &[name("gone")]).await.unwrap();
    let left = store.notifications(&NotificationFilter::default()).await.unwrap();
    assert_eq!(left.iter().map(|notification| notification.channel).collect::<Vec<_>>(), [stays.id]);
    // The node that was sending it then marks it, or queues more for it: there is no channel to queue for.
    store.mark(&leased, &[ChannelNews::Accepted(gone.id, START.start())], &notifications[..1]).await.unwrap();
    store.owe(&notifications[..1]).await.unwrap();
    assert_eq!(store.notifications(&NotificationFilter::default()).await.unwrap().len(), 1);
    assert_eq!(store.channels().await.unwrap().len(), 1);
}

async fn what_a_removed_channel_was_notified_of_stays_until_it_is_old(bed: Bed) {
    let store = bed.open().await;
    let project = set_up(&store, spec("one")).await;
    let gone = set_up_channel(&store, webhook("gone")).await;
    let open = super::samples::open_incident(&store, incident(&project, IncidentKind::Ingestion, 0)).await;
    let kinds = [NotificationKind::Opened, NotificationKind::Escalated, NotificationKind::Reminder];
    store.write_incident(&open, &[], &queues(&kinds.map(|kind| notification(gone.id, &open, kind, 0)))).await.unwrap().unwrap();
    let mut leased = store.lease(START.start(), at(START, 9), 9).await.unwrap();
    leased[0].state = NotificationState::Sent;
    leased[1].state = NotificationState::Failed;
    store.mark(&leased, &[], &[]).await.unwrap();
    store.apply_channels(&[], &[name("gone")]).await.unwrap();
    let left = store.notifications(&NotificationFilter { channel: Some(gone.id), ..NotificationFilter::default() }).await.unwrap();
    assert_eq!(
        left.iter().map(|left| left.state).collect::<Vec<_>>(),
        [NotificationState::Failed, NotificationState::Sent],
        "what is owed goes"
    );
    let record = store.channels_on_record().await.unwrap();
    assert_eq!(record.iter().map(|one| (one.id, one.spec.name.as_str(), one.removed)).collect::<Vec<_>>(), [(gone.id, "gone", true)]);
    assert!((store.channels().await.unwrap(), store.queues().await.unwrap()) == (vec![], vec![]), "there is nobody to owe to");
    assert!(!bed.holds("hooks.example.com").await);
    // Its name is free, and nothing that was encrypted is left.
    assert_ne!(set_up_channel(&store, webhook("gone")).await.id, gone.id);
    store.apply_channels(&[], &[name("gone")]).await.unwrap();
    assert_eq!(store.channels_on_record().await.unwrap().len(), 1, "of the other one there is nothing to tell");
    let closed = heartbeat::model::Incident { closed: Some(at(START, 50)), ..open };
    store.write_incident(&closed, &[], &queues(&[])).await.unwrap().unwrap();
    store.drop_old_incidents(START, at(START, 60)).await.unwrap();
    assert_eq!(
        (store.channels_on_record().await.unwrap(), store.notifications(&NotificationFilter::default()).await.unwrap()),
        (vec![], vec![])
    );
}

async fn the_revision_grows_with_channels(bed: Bed) {
    let (one, other) = (bed.open().await, bed.open().await);
    one.apply_channels(&[webhook("ops")], &[]).await.unwrap();
    other.apply_channels(&[], &[name("ops")]).await.unwrap();
    assert_eq!((one.revision().await.unwrap(), other.revision().await.unwrap()), (2, 2));
    // At once with projects and windows: none is lost, and none hinders another.
    let channels = async {
        for at in 0..10 {
            one.apply_channels(&[webhook(&format!("channel-{at}"))], &[]).await.unwrap();
        }
    };
    let projects = async {
        for at in 0..10 {
            other.apply(&[spec(&format!("project-{at}"))], &[], START.start()).await.unwrap();
        }
    };
    tokio::join!(channels, projects);
    assert_eq!(one.revision().await.unwrap(), 22);
    let mut ids: Vec<i64> = one.channels().await.unwrap().iter().map(|channel| channel.id.0).collect();
    ids.extend(one.projects().await.unwrap().iter().map(|project| project.id.0));
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 20, "no number is given twice");
}

async fn another_key_does_not_open_channels(bed: Bed) {
    let store = bed.open().await;
    let ops = set_up_channel(&store, webhook("ops")).await;
    let stranger = bed.try_open_with(cipher('B')).await.unwrap();
    let error = stranger.channels().await.unwrap_err();
    assert!(matches!(error, StoreError::Seal(_)), "{error:?}");
    let said = error.to_string();
    assert!(said.starts_with("the fields of channel ops cannot be decrypted with this encryption key"), "{said}");
    // What cannot be opened can still be replaced, or removed.
    assert_eq!(set_up_channel(&stranger, webhook("ops")).await.id, ops.id);
    store.apply_channels(&[], &[name("ops")]).await.unwrap();
    assert_eq!(stranger.channels().await.unwrap(), []);
    // Nothing is encrypted beside it with another key, and nothing of the change is written.
    store.apply_channels(&[webhook("ops")], &[]).await.unwrap();
    let said = stranger.apply_channels(&[webhook("other")], &[name("ops2")]).await.unwrap_err().to_string();
    assert!(said.starts_with("nothing is encrypted with this encryption key, because the fields of channel ops"), "{said}");
    let said = stranger.apply(&[spec("one")], &[], START.start()).await.unwrap_err().to_string();
    assert!(said.contains("channel ops cannot be decrypted with it") && said.contains("`heartbeat channels remove ops` first"), "{said}");
    assert!(stranger.project_names().await.unwrap().is_empty());
    let bare = stranger.channel_without_secrets(&name("ops")).await.unwrap().unwrap();
    assert_eq!((bare.spec.kind, bare.spec.values), (webhook("ops").kind, Values::default()));
    stranger.apply_channels(&[webhook("other")], &[name("ops")]).await.unwrap();
    store.apply_channels(&[], &[name("other")]).await.unwrap();
    // Fields that were moved to another channel do not open there.
    store.apply_channels(&[webhook("ops"), webhook("other")], &[]).await.unwrap();
    let moved = "(SELECT field_values FROM channels WHERE name = 'other')";
    bed.execute(&format!("UPDATE channels SET field_values = {moved} WHERE name = 'ops'")).await;
    assert!(store.channels().await.unwrap_err().to_string().contains("of channel ops"));
}

async fn no_field_stands_in_clear(bed: Bed) {
    let store = bed.open().await;
    set_up_channel(&store, webhook("never-in-clear")).await;
    assert!(bed.holds("never-in-clear").await, "this reads what is stored");
    assert!(!bed.holds("hooks.example.com").await);
    assert!(!format!("{:?}", store.channels().await.unwrap()).contains("hooks.example.com"));
}

async fn damaged_channels_are_named(bed: Bed) {
    let store = bed.open().await;
    set_up_channel(&store, webhook("ops")).await;
    for (damage, mend, says) in [
        ("kind = 'pigeon'", "kind = 'webhook'", "its kind in the database cannot be read: `pigeon` is not a kind"),
        ("projects = '{'", "projects = '[]'", "its list of projects in the database cannot be read"),
        ("least = 9", "least = 0", "its severity in the database cannot be read"),
        ("at_once = -1", "at_once = 5", "its at_once in the database cannot be read"),
        ("field_values = ''", "kind = 'webhook'", "cannot be decrypted"),
    ] {
        bed.execute(&format!("UPDATE channels SET {damage}")).await;
        let said = store.channels().await.unwrap_err().to_string();
        assert!(said.contains("channel ops") && said.contains(says), "{damage}: {said}");
        bed.execute(&format!("UPDATE channels SET {mend}")).await;
    }
    assert_eq!(set_up_channel(&store, webhook("ops")).await.spec, webhook("ops"), "it is mended by being put again");
}
