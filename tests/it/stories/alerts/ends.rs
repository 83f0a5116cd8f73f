//! Ends that are no recovery: nobody watches any more, or nothing can be said. A channel that was notified of the beginning is notified of that,
//! and not of a recovery.

use heartbeat::model::{EndedBecause, Message, NotificationKind, ProjectSpec};
use serde_json::json;

use super::is;
use crate::stories::World;

/// Capture rejects, a channel is notified, and then this changes: what is notified of the end.
async fn ends(because: EndedBecause, change: impl FnOnce(&mut ProjectSpec)) -> Message {
    let world = World::alerting("heartbeat", &[]).await;
    world.minutes(3).await;
    world.faults(&json!({"capture": {"status": 401}}));
    world.until_told("that capture fails", 10, is(NotificationKind::Opened)).await;
    let mut spec = world.project().await.spec;
    change(&mut spec);
    world.apply(spec).await;
    world.minutes(3).await;
    assert_eq!(world.kinds().await, "opened resolved");
    let over = world.ops.messages().pop().unwrap();
    let incident = world.incidents().await.pop().unwrap();
    assert_eq!(incident.ended_because, Some(because), "{incident:?}");
    let facts = over.incident.clone().unwrap();
    assert_eq!(facts.ended_because.as_deref(), Some(because.name()));
    assert!(!over.title.contains("works again") && !over.title.starts_with("[resolved]"), "{}", over.title);
    assert!(over.text.contains("Whether the problem is resolved is unknown."), "{}", over.text);
    let why = incident.why_ended().unwrap();
    let timeline = world.store.entries(incident.id.unwrap()).await.unwrap();
    assert!(timeline.last().unwrap().words.starts_with(&why), "{timeline:?}");
    assert!(over.title.contains(&why), "{}", over.title);
    over
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_that_is_switched_off_is_no_recovery() {
    let over = ends(EndedBecause::RuleOff, |spec| spec.ingestion_alert.as_mut().unwrap().set("capture", "off").unwrap()).await;
    assert!(over.title.starts_with("[closed] story: no longer watched: rule capture was switched off (after "), "{}", over.title);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_is_switched_off_or_removed_is_no_recovery() {
    ends(EndedBecause::AlertOff, |spec| spec.ingestion_alert.as_mut().unwrap().enabled = false).await;
    ends(EndedBecause::AlertRemoved, |spec| spec.ingestion_alert = None).await;
    ends(EndedBecause::HeartbeatOff, |spec| spec.heartbeat.as_mut().unwrap().enabled = false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_that_is_removed_is_no_recovery() {
    let world = World::alerting("heartbeat", &[]).await;
    world.minutes(3).await;
    world.faults(&json!({"capture": {"status": 401}}));
    world.until_told("that capture fails", 10, is(NotificationKind::Opened)).await;
    let name = world.project().await.spec.name;
    world.store.apply(&[], &[name], world.clock.now()).await.unwrap();
    world.seconds_until("the end is told", async |world: &World| world.ops.kinds() == "opened resolved").await;
    let over = world.ops.messages().pop().unwrap();
    assert!(over.title.starts_with("[closed] story: no longer watched: the project was removed (after "), "{}", over.title);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_that_is_raised_is_no_recovery() {
    let world = World::alerting("heartbeat", &[]).await;
    world.minutes(6).await;
    world.faults(&json!({"queue": {"stopped": true}}));
    world.until_told("that beats are late", 20, is(NotificationKind::Opened)).await;
    let mut spec = world.project().await.spec;
    spec.ingestion_alert.as_mut().unwrap().set("lag_above", "12h").unwrap();
    world.apply(spec).await;
    let (_, over) = world.until_told("that it ended", 10, is(NotificationKind::Resolved)).await;
    let why = "limit changed: the settings of rule lag_above were changed";
    assert!(over.title.starts_with(&format!("[closed] story: {why} (after ")), "{}", over.title);
    assert_eq!(world.incidents().await[0].ended_because, Some(EndedBecause::LimitChanged));
}
