//! Beats that are lost in part, and answers that are lost while the beats arrive.

use std::time::Duration;

use heartbeat::model::{NotificationKind, Outcome, RuleKind, span};
use serde_json::json;

use super::{Case, READBACK, TELLING, is, minutes};
use crate::stories::World;

/// Some beats are lost for half an hour: notified as loss within 20 minutes, no end while they are lost, and resolved at last.
async fn some_are_lost(rate: f64) {
    let world = World::alerting("heartbeat + heartbeat_buffer + heartbeat_api", &[]).await;
    world.minutes(6).await;
    assert_eq!(world.titles().await, Vec::<String>::new(), "no faults are no news");
    world.faults(&json!({"capture": {"drop_rate": rate}}));
    let begun = World::slot(world.clock.now().minute().plus(1));
    let (opened_at, opened) = world.until_told("that beats are lost", 25, is(NotificationKind::Opened)).await;
    assert!(opened.title.starts_with("[critical] story: beats are being lost: "), "{}", opened.title);
    assert!(opened.title.ends_with(" did not arrive"), "{}", opened.title);
    let facts = opened.incident.clone().unwrap();
    assert_eq!(facts.cause_code, "partial_loss", "{}", facts.cause);
    let detected = opened_at.since(begun);
    assert!(detected <= minutes(20), "told {} after the first lost beat could be", span(detected));

    world.bad_minutes(30).await;
    assert!(!world.kinds().await.contains("resolved"), "{:?}", world.titles().await);
    let incident = world.incidents().await.pop().unwrap();
    assert!(incident.rules.contains(&RuleKind::PartialLoss) && incident.tally.missing > 0, "{incident:?}");
    world.faults(&json!({"capture": {"drop_rate": 0}}));
    let over_from = world.clock.now();
    let (over_at, over) = world.until_told("that it is over", 60, is(NotificationKind::Resolved)).await;
    assert!(over.title.starts_with("[resolved] story: no more beats are lost (after "), "{}", over.title);
    assert!(over.text.contains(" lost") && !over.text.contains("nothing was lost"), "{}", over.text);
    assert!(world.titles().await.iter().all(|title| !title.contains("on time again")), "{:?}", world.titles().await);
    assert_eq!(world.incidents().await.len(), 1);
    let over_after = span(over_at.since(over_from));
    println!("| {:.0} % of beats lost, three routes | 20m 00s | {} | 30m 20s | {over_after} |", rate * 100.0, span(detected));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenth_that_is_lost_is_reported_as_loss() {
    some_are_lost(0.1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_third_that_is_lost_is_reported_as_loss() {
    some_are_lost(0.3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn half_that_is_lost_is_reported_as_loss() {
    some_are_lost(0.5).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn most_that_is_lost_is_reported_as_loss() {
    some_are_lost(0.7).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_lost_minute_notifies_nobody() {
    let world = World::alerting("heartbeat", &[]).await;
    world.minutes(6).await;
    world.faults(&json!({"capture": {"drop_rate": 1}}));
    world.minutes(1).await;
    world.faults(&json!({"capture": {"drop_rate": 0}}));
    world.minutes(40).await;
    assert_eq!(world.titles().await, Vec::<String>::new());
    assert_eq!(world.outcomes().await.matches('X').count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_are_lost_are_distinguished_from_a_capture_that_fails() {
    let case = Case {
        faults: json!({"capture": {"lose_answer_rate": 1}}),
        no_faults: json!({"capture": {"lose_answer_rate": 0}}),
        title: "[warning] story: capture accepts events but does not answer",
        code: "answers_lost",
        words: "but does not answer: they still arrive",
        // A beat counts once its minute is over.
        opens: minutes(3) + READBACK,
        closes: minutes(3) + READBACK,
        over: "[resolved] story: capture answers again",
        ..Case::default()
    };
    let world = case.run("answers lost").await;
    let beats = world.beats().await;
    assert!(beats.iter().all(|beat| beat.outcome == Outcome::Arrived), "{}", world.outcomes().await);
    assert!(beats.iter().any(|beat| beat.tries > 1), "each is tried again");
    assert!(beats.iter().all(|beat| beat.duplicates() == 0), "{beats:?}");
    assert_eq!(world.report().await.ends.duplicates, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn lag_above_holds_to_a_limit_beyond_the_time_when_beats_are_given_up() {
    let world = World::alerting("heartbeat", &[("lag_above", "1h"), ("lost", "off"), ("no_event", "off")]).await;
    world.minutes(6).await;
    world.faults(&json!({"queue": {"stopped": true}}));
    let begun = World::slot(world.clock.now().minute().plus(1));
    let (opened_at, opened) = world.until_told("that beats are late", 90, is(NotificationKind::Opened)).await;
    assert_eq!(opened.title, "[warning] story: ingestion is late");
    let detected = opened_at.since(begun);
    assert!(detected >= Duration::from_mins(62) && detected <= minutes(62) + READBACK + TELLING, "{}", span(detected));
}
