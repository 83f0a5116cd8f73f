//! What looking finds, and what it means when we cannot look.

use std::time::Duration;

use heartbeat::judge::Health;
use heartbeat::model::{Outcome, ReadbackErrorKind};
use serde_json::json;

use super::World;

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_queue_is_noticed_by_the_next_look_then_late_then_lost_then_filled_in() {
    let world = World::new("heartbeat").await;
    world.minutes(5).await;
    world.faults(&json!({"queue": {"stopped": true}}));
    world.minutes(1).await;
    let verdict = world.verdict().await;
    assert!(verdict.contains("and cannot be queried after 20s"), "{verdict}");
    let complete = world.report().await.complete_through;
    world.minutes(3).await;
    assert_eq!(world.report().await.verdict.health, Health::Degraded);
    world.minutes(16).await;
    let report = world.report().await;
    assert_eq!(report.verdict.health, Health::Down, "{}", report.verdict);
    assert_eq!(report.complete_through, complete, "nothing is complete while the queue stands");
    assert!(world.outcomes().await.starts_with("AAAAAXXXX"), "{}", world.outcomes().await);
    world.sandbox.clear_faults();
    world.minutes(2).await;
    let outcomes = world.outcomes().await;
    assert!(!outcomes.contains('X') && !outcomes.contains('w') && outcomes.contains('L'), "{outcomes}");
    let report = world.report().await;
    assert_eq!(report.complete_through, Some(world.clock.now().minute()));
    let first_late = world.beats().await.into_iter().find(|beat| beat.outcome == Outcome::Late).unwrap();
    let lag = first_late.ingested_lag().unwrap();
    assert!((Duration::from_mins(19)..Duration::from_mins(22)).contains(&lag), "its true lag, not that of the first read-back: {lag:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn events_dropped_in_silence_are_lost_and_stay_lost() {
    let world = World::new("heartbeat").await;
    world.minutes(3).await;
    world.faults(&json!({"capture": {"drop_rate": 1}}));
    world.minutes(3).await;
    world.sandbox.clear_faults();
    world.minutes(20).await;
    assert_eq!(world.outcomes().await, format!("AAAXXX{}", "A".repeat(20)));
    assert_eq!(world.report().await.verdict.health, Health::Up, "the newest beats arrive");
    assert_eq!(world.report().await.ends.of(Outcome::Lost), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_failing_look_has_its_own_words_and_no_beat_is_called_lost() {
    for (status, kind, says) in [
        (401, ReadbackErrorKind::KeyWrong, "rejects the personal API key: 401"),
        (403, ReadbackErrorKind::KeyForbidden, "may not query this project: 403"),
        (429, ReadbackErrorKind::Throttled, "limits the rate of queries: 429"),
        (500, ReadbackErrorKind::Broken, "query API is failing"),
    ] {
        let world = World::new("heartbeat").await;
        world.minutes(2).await;
        world.faults(&json!({"query": {"status": status}}));
        world.minutes(40).await;
        let report = world.report().await;
        assert_eq!(report.verdict.health, Health::Unknown, "{status}: {}", report.verdict);
        assert!(report.verdict.to_string().contains(says), "{status}: {}", report.verdict);
        assert_eq!(report.readback.unwrap().result.unwrap_err().kind, kind);
        let outcomes = world.outcomes().await;
        assert!(!outcomes.contains('X') && outcomes.contains('?'), "{status}: {outcomes}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn twelve_hours_of_throttled_queries_cost_few_queries_and_lose_nothing() {
    let world = World::new("heartbeat").await;
    world.minutes(3).await;
    world.faults(&json!({"query": {"status": 429}}));
    world.minutes(12 * 60).await;
    assert!(!world.outcomes().await.contains('X'));
    world.sandbox.clear_faults();
    world.minutes(20).await;
    let outcomes = world.outcomes().await;
    assert!(outcomes.chars().all(|letter| letter == 'A'), "{outcomes}");
    assert_eq!(outcomes.len(), world.uuids_per_minute().await.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_without_a_key_is_unchecked_and_never_lost() {
    let mut world = World::asleep("heartbeat").await;
    let spec = world.spec("heartbeat");
    world.apply(heartbeat::model::ProjectSpec { personal_key: None, ..spec }).await;
    world.wake_up().await;
    world.minutes(20).await;
    let report = world.report().await;
    assert_eq!(report.verdict.health, Health::Unverified, "{}", report.verdict);
    assert!(!world.outcomes().await.contains('X'));
    assert!(report.evidence.is_empty(), "nobody asked us to look");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_some_partitions_is_distinguished_from_a_stopped_queue() {
    let world = World::new("heartbeat + heartbeat_buffer").await;
    world.minutes(2).await;
    // All partitions but that of the fixed distinct id: found by stopping one after the other.
    let fixed = fixed_partition(&world).await;
    let others: Vec<u32> = (0..8).filter(|partition| *partition != fixed).collect();
    world.faults(&json!({"queue": {"stopped_partitions": others}}));
    world.minutes(8).await;
    let verdict = world.verdict().await;
    assert!(verdict.contains("Only some partitions of the queue are broken: events with new distinct ids are missing"), "{verdict}");
}

async fn fixed_partition(world: &World) -> u32 {
    for partition in 0..8 {
        world.faults(&json!({"queue": {"stopped_partitions": [partition]}}));
        world.minutes(1).await;
        let stuck = world.received().await.into_iter().any(|event| event["event"] == "heartbeat" && event["created_at"].is_null());
        world.sandbox.clear_faults();
        world.minutes(1).await;
        if stuck {
            return partition;
        }
    }
    panic!("no partition holds the fixed distinct id");
}
