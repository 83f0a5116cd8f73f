//! Who becomes responsible while an incident is open, and who stops: what each channel was notified of is on record, for each incident.

use std::time::Duration;

use heartbeat::model::{ChannelKind, ChannelSpec, NotificationState, ProjectFilter, ProjectName, ProjectSpec, Severity, Tag};
use heartbeat::report::channel_name;
use heartbeat::store::NotificationFilter;
use serde_json::{Value, json};

use super::World;
use super::alerts_telling::{QUICK, capture_accepts, capture_rejects, named, opened, over, window};
use super::receiver::Receiver;

fn name(text: &str) -> ProjectName {
    ProjectName::parse(text).unwrap()
}

/// A webhook that leads to a receiver of its own, with what `change` makes of it.
async fn webhook(world: &World, called: &str, change: impl FnOnce(&mut ChannelSpec)) -> Receiver {
    let receiver = Receiver::new(world.clock.clone()).await;
    let mut spec = ChannelSpec::new(name(called), ChannelKind::Webhook);
    spec.values.set("url", &receiver.at("/"));
    change(&mut spec);
    world.store.apply_channels(&[spec], &[]).await.unwrap();
    receiver
}

/// Changes a channel that there is.
async fn change(world: &World, called: &str, change: impl FnOnce(&mut ChannelSpec)) {
    let mut spec = named(world, called).await.spec;
    change(&mut spec);
    world.store.apply_channels(&[spec], &[]).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_that_is_added_while_an_incident_is_open_is_notified_of_it_once_and_of_its_end() {
    let mut world = opened(QUICK).await;
    let before = world.ops.messages().remove(0).incident.unwrap();
    world.minutes(3).await;
    let late = webhook(&world, "late", |_| ()).await;
    world.minutes(2).await;
    world.second_passes().await;
    assert_eq!(late.kinds(), "opened");
    let facts = late.messages().remove(0).incident.unwrap();
    assert_eq!((facts.key, facts.opened), (before.key, before.opened));
    assert!(facts.beats_rejected >= before.beats_rejected + 3, "as it stands now: {facts:?}");
    world.crash().await;
    world.start();
    world.minutes(2).await;
    world.second_passes().await;
    assert_eq!((late.kinds().as_str(), world.ops.kinds().as_str()), ("opened", "opened"), "each is told once");
    over(&world).await;
    world.second_passes().await;
    assert_eq!((late.kinds().as_str(), world.kinds().await.as_str()), ("opened resolved", "opened resolved"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_that_is_enabled_or_widened_while_an_incident_is_open_is_notified_of_it() {
    let world = World::alerting("heartbeat", QUICK).await;
    let off = webhook(&world, "off", |spec| spec.enabled = false).await;
    let narrow = webhook(&world, "narrow", |spec| spec.projects = [name("other")].into_iter().collect()).await;
    world.minutes(2).await;
    capture_rejects(&world);
    world.minutes(3).await;
    assert_eq!((world.kinds().await.as_str(), off.all().len(), narrow.all().len()), ("opened", 0, 0));
    change(&world, "off", |spec| spec.enabled = true).await;
    change(&world, "narrow", |spec| spec.projects = ProjectFilter::default()).await;
    world.minutes(2).await;
    world.second_passes().await;
    assert_eq!((off.kinds().as_str(), narrow.kinds().as_str()), ("opened", "opened"));
    // A channel that was notified of the beginning is notified of the end, also once it is narrowed again.
    change(&world, "narrow", |spec| spec.projects = [name("other")].into_iter().collect()).await;
    over(&world).await;
    world.second_passes().await;
    assert_eq!((off.kinds().as_str(), narrow.kinds().as_str()), ("opened resolved", "opened resolved"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_of_a_tag_is_notified_about_the_projects_that_have_it() {
    let world = World::alerting("heartbeat", QUICK).await;
    let of = |filter: &'static str| move |spec: &mut ChannelSpec| spec.projects = ProjectFilter::parse(filter).unwrap();
    let (eu, us) = (webhook(&world, "eu", of("tag:eu")).await, webhook(&world, "us", of("tag:us")).await);
    let tagged = async |tags: &[&str]| {
        let tags = tags.iter().map(|tag| Tag::parse(tag).unwrap()).collect();
        world.apply(ProjectSpec { tags, ..world.project().await.spec }).await;
    };
    tagged(&["eu"]).await;
    world.minutes(2).await;
    capture_rejects(&world);
    world.minutes(3).await;
    world.second_passes().await;
    assert_eq!((eu.kinds().as_str(), us.all().len()), ("opened", 0));
    tagged(&["checkout", "us"]).await;
    world.minutes(2).await;
    world.second_passes().await;
    assert_eq!((eu.kinds().as_str(), us.kinds().as_str()), ("opened", "opened"));
    over(&world).await;
    world.second_passes().await;
    assert_eq!((eu.kinds().as_str(), us.kinds().as_str()), ("opened resolved", "opened resolved"), "also without the tag of then");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_that_never_heard_of_an_incident_hears_nothing_of_its_end() {
    let world = opened(QUICK).await;
    capture_accepts(&world);
    let late = webhook(&world, "late", |_| ()).await;
    over(&world).await;
    world.second_passes().await;
    assert_eq!((world.kinds().await.as_str(), late.all().len()), ("opened resolved", 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_that_an_incident_concerns_only_once_it_is_more_severe_is_notified_that_it_opened() {
    let world = World::alerting("heartbeat", &[]).await;
    let grave = webhook(&world, "grave", |spec| spec.least = Severity::Critical).await;
    world.minutes(2).await;
    world.faults(&json!({"capture": {"drop_rate": 1}}));
    world.minutes(30).await;
    assert_eq!((world.kinds().await.as_str(), grave.kinds().as_str()), ("opened escalated", "opened"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_that_is_added_in_a_maintenance_window_is_notified_when_it_ends() {
    let world = opened(QUICK).await;
    window(&world, 10).await;
    let late = webhook(&world, "late", |_| ()).await;
    world.minutes(8).await;
    world.second_passes().await;
    assert_eq!(late.all().len(), 0);
    world.minutes(4).await;
    world.second_passes().await;
    assert!(late.kinds().starts_with("opened"), "{}", late.kinds());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_repeated_to_an_alertmanager_counts_the_beats_of_now() {
    let world = World::alerting("heartbeat", &[("capture_open_after", "1")]).await;
    let alertmanager = Receiver::new(world.clock.clone()).await;
    world.channel("am", ChannelKind::Alertmanager, &[("url", &alertmanager.at(""))]).await;
    world.minutes(2).await;
    capture_rejects(&world);
    world.minutes(2).await;
    let rejected = || {
        let bodies = alertmanager.taken().into_iter().map(|told| serde_json::from_slice::<Value>(&told.body).unwrap());
        let number = |alert: &Value| alert["annotations"]["beats_rejected"].as_str().unwrap().parse::<u32>().unwrap();
        bodies.map(|body| number(&body[0])).collect::<Vec<_>>()
    };
    let opened = *rejected().first().unwrap();
    world.minutes(7).await;
    world.seconds_until("it is repeated", async |_: &World| rejected().last().unwrap() >= &(opened + 6)).await;
    let all = rejected();
    assert!(all.is_sorted(), "{all:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alertmanager_is_notified_again_of_a_channel_that_does_not_deliver_and_of_its_end() {
    let world = World::alerting("heartbeat", QUICK).await;
    let alertmanager = Receiver::new(world.clock.clone()).await;
    world.channel("am", ChannelKind::Alertmanager, &[("url", &alertmanager.at(""))]).await;
    world.ops.answers(410);
    world.minutes(2).await;
    capture_rejects(&world);
    let alerts = || {
        let bodies = alertmanager.taken().into_iter().map(|told| serde_json::from_slice::<Value>(&told.body).unwrap());
        bodies.map(|body| body[0].clone()).filter(|alert| alert["labels"]["channel"] == "ops").collect::<Vec<_>>()
    };
    world.minutes(8).await;
    world.seconds_until("it is repeated", async |_: &World| alerts().len() >= 3).await;
    world.ops.answers(200);
    world.store.revive(named(&world, "ops").await.id, world.clock.now()).await.unwrap().unwrap();
    let is_over = |alert: &Value| alert["annotations"]["kind"] == "channel_resolved";
    world.seconds_until("it is resolved", async |_: &World| alerts().iter().any(is_over)).await;
    let labels: std::collections::BTreeSet<String> = alerts().iter().map(|alert| alert["labels"].to_string()).collect();
    assert_eq!(labels.len(), 1, "one alert: {labels:?}");
}

/// A PagerDuty that leads to a receiver of its own, and an incident that is open there.
async fn paged() -> (World, Receiver) {
    let world = World::alerting("heartbeat", &[("capture_open_after", "1"), ("capture_close_after", "1")]).await;
    let pager = Receiver::new(world.clock.clone()).await;
    world.channel("pager", ChannelKind::PagerDuty, &[("url", &pager.at("")), ("routing_key", "first")]).await;
    world.minutes(2).await;
    capture_rejects(&world);
    world.minutes(2).await;
    world.second_passes().await;
    assert_eq!(events(&pager), ["trigger first"]);
    (world, pager)
}

/// What the pager took: `trigger first`, with the routing key. All of it is of one incident.
fn events(pager: &Receiver) -> Vec<String> {
    let bodies: Vec<Value> = pager.taken().iter().map(|told| serde_json::from_slice(&told.body).unwrap()).collect();
    assert!(bodies.iter().all(|body| body["dedup_key"] == bodies[0]["dedup_key"]), "{bodies:?}");
    bodies.iter().map(|body| format!("{} {}", body["event_action"], body["routing_key"]).replace('"', "")).collect()
}

async fn until_closed(world: &World) {
    world.seconds_until("the alert is closed", async |world: &World| world.store.closing_channels().await.unwrap().is_empty()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pager_that_is_removed_is_resolved_first_also_after_a_restart() {
    let (mut world, pager) = paged().await;
    world.crash().await;
    world.store.apply_channels(&[], &[name("pager")]).await.unwrap();
    assert!(world.channels().await.iter().all(|channel| channel.spec.name.as_str() != "pager"), "it is gone at once");
    world.start();
    until_closed(&world).await;
    assert_eq!(events(&pager), ["trigger first", "resolve first"]);
    let said: Value = serde_json::from_slice(&pager.taken().pop().unwrap().body).unwrap();
    let summary = said["payload"]["summary"].as_str().unwrap();
    assert!(summary.starts_with("[closed] story: ") && summary.ends_with("(channel pager was removed, disabled or changed)"), "{summary}");
    over(&world).await;
    world.second_passes().await;
    assert_eq!((events(&pager).len(), world.kinds().await.as_str()), (2, "opened resolved"));
    assert_eq!(world.notifications(NotificationState::Queued).await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pager_that_is_away_while_it_is_removed_is_resolved_when_it_is_back() {
    let (world, pager) = paged().await;
    pager.answers(503);
    world.store.apply_channels(&[], &[name("pager")]).await.unwrap();
    // Its name is free, for one with another key.
    world.channel("pager", ChannelKind::PagerDuty, &[("url", &pager.at("")), ("routing_key", "second")]).await;
    world.minutes(3).await;
    assert_eq!(world.store.closing_channels().await.unwrap().len(), 1);
    pager.answers(200);
    until_closed(&world).await;
    world.minutes(12).await;
    let mut said = events(&pager);
    said.sort();
    assert_eq!(said, ["resolve first", "trigger first", "trigger second"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pager_that_is_given_another_key_or_address_resolves_at_the_old_one_first() {
    let (world, pager) = paged().await;
    let other = Receiver::new(world.clock.clone()).await;
    // 1. Another routing key: the old service hears the end, then the new one hears what is open.
    world.channel("pager", ChannelKind::PagerDuty, &[("url", &pager.at("")), ("routing_key", "second")]).await;
    world.minutes(2).await;
    world.seconds_until("the new one is notified", async |_: &World| events(&pager).len() > 2).await;
    assert_eq!(events(&pager), ["trigger first", "resolve first", "trigger second"]);
    // 2. Another address.
    world.channel("pager", ChannelKind::PagerDuty, &[("url", &other.at("")), ("routing_key", "second")]).await;
    world.minutes(2).await;
    world.seconds_until("the new one is notified", async |_: &World| !events(&other).is_empty() && events(&pager).len() > 3).await;
    assert_eq!((events(&pager).pop().unwrap().as_str(), events(&other)), ("resolve second", vec!["trigger second".to_owned()]));
    over(&world).await;
    world.seconds_until("it is resolved", async |_: &World| events(&other).len() > 1).await;
    assert_eq!((events(&pager).len(), events(&other)), (4, vec!["trigger second".to_owned(), "resolve second".to_owned()]));
    // What they were notified of is on record, by their name.
    let channels = world.store.channels_on_record().await.unwrap();
    let notifications = world.store.notifications(&NotificationFilter::default()).await.unwrap();
    let to_pager = notifications.iter().map(|notification| channel_name(notification, &channels)).filter(|name| name.starts_with("pager"));
    assert_eq!(to_pager.filter(|name| name == "pager (removed)").count(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pager_that_rejects_its_last_message_does_not_stay_for_ever() {
    let (world, pager) = paged().await;
    pager.answers(401);
    world.store.apply_channels(&[], &[name("pager")]).await.unwrap();
    until_closed(&world).await;
    world.minutes(2).await;
    assert_eq!(world.kinds().await, "opened", "nobody is to mend what was removed");
    assert_eq!(
        world.store.notifications(&NotificationFilter::default()).await.unwrap().len(),
        2,
        "what it was notified of stays on record"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pager_that_is_disabled_is_resolved_and_triggered_again_once_it_is_enabled() {
    let (world, pager) = paged().await;
    let id = named(&world, "pager").await.id;
    change(&world, "pager", |spec| spec.enabled = false).await;
    until_closed(&world).await;
    assert_eq!(events(&pager), ["trigger first", "resolve first"]);
    world.minutes(3).await;
    assert_eq!(events(&pager).len(), 2);
    change(&world, "pager", |spec| spec.enabled = true).await;
    assert_eq!(named(&world, "pager").await.id, id, "it is the same channel, with its history");
    world.minutes(2).await;
    world.second_passes().await;
    assert_eq!(events(&pager)[2..], ["trigger first"]);
    over(&world).await;
    world.second_passes().await;
    assert_eq!(events(&pager)[3..], ["resolve first"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pager_that_is_disabled_and_enabled_while_it_is_away_hears_in_order_what_is_open() {
    let (world, pager) = paged().await;
    pager.answers(503);
    change(&world, "pager", |spec| spec.enabled = false).await;
    world.seconds_until("its last word is tried", async |_: &World| pager.all().len() > 1).await;
    change(&world, "pager", |spec| spec.enabled = true).await;
    world.minutes(2).await;
    pager.answers(200);
    world.seconds_until("it is told", async |_: &World| pager.taken().len() > 1).await;
    assert_eq!(events(&pager).last().unwrap(), "trigger first", "what it ends with is what is");
    over(&world).await;
    world.second_passes().await;
    assert_eq!(events(&pager).last().unwrap(), "resolve first");
    assert!(world.clock.now().since(named(&world, "pager").await.last_accepted.unwrap()) < Duration::from_mins(3));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pager_that_is_disabled_with_another_key_is_resolved_with_its_own() {
    let (world, pager) = paged().await;
    change(&world, "pager", |spec| {
        spec.enabled = false;
        spec.values.set("routing_key", "second");
    })
    .await;
    until_closed(&world).await;
    assert_eq!(events(&pager), ["trigger first", "resolve first"]);
    assert_eq!(named(&world, "pager").await.spec.value("routing_key"), "second");
}
