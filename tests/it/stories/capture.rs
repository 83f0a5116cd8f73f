//! What capture does to beats: takes, rejects, cuts, delays, and takes without saying so.

use std::time::Duration;

use heartbeat::judge::Health;
use heartbeat::liveness::Loop;
use heartbeat::model::{Evidence, EvidenceOf, Phase};
use serde_json::json;

use super::World;

#[tokio::test(flavor = "multi_thread")]
async fn without_faults_every_beat_arrives() {
    let world = World::new("heartbeat + heartbeat_buffer + heartbeat_api").await;
    world.minutes(30).await;
    let report = world.report().await;
    assert_eq!(world.outcomes().await, "A".repeat(world.beats().await.len()));
    assert_eq!(report.verdict.health, Health::Up, "{}", report.verdict);
    assert_eq!(report.complete_through, Some(world.clock.now().minute()));
    let minutes = world.uuids_per_minute().await;
    assert!(minutes.values().all(|uuids| uuids.len() == 3), "{minutes:?}");
    assert!(world.received().await.iter().all(|event| event["copies"] == 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_three_events_share_one_timestamp_and_keep_their_distinct_ids() {
    let world = World::new("heartbeat + heartbeat_buffer + heartbeat_api").await;
    world.minutes(2).await;
    let events = world.received().await;
    for event in &events {
        let (name, id) = (event["event"].as_str().unwrap(), event["distinct_id"].as_str().unwrap());
        match name {
            "heartbeat" | "heartbeat_api" => assert_eq!(id, "PostHog Heartbeat Plugin"),
            "heartbeat_buffer" => {
                let ms: i64 = id.strip_prefix("PostHog Heartbeat Plugin / Buffer ").unwrap().parse().unwrap();
                assert_eq!(ms, World::slot(heartbeat::model::Timestamp::from_ms(ms).minute()).ms());
            }
            other => panic!("{other}"),
        }
    }
    let buffers: std::collections::BTreeSet<&str> =
        events.iter().filter(|event| event["event"] == "heartbeat_buffer").map(|event| event["distinct_id"].as_str().unwrap()).collect();
    assert_eq!(buffers.len(), events.len() / 3, "a new distinct id each minute");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejecting_capture_is_quoted_and_its_beats_are_not_lost() {
    let world = World::new("heartbeat").await;
    world.minutes(3).await;
    world.faults(&json!({"capture": {"status": 401, "body": "API key is not valid"}}));
    world.minutes(4).await;
    assert_eq!(world.outcomes().await, "AAARRRR");
    let verdict = world.verdict().await;
    assert!(verdict.contains("401 “API key is not valid”"), "{verdict}");
    world.sandbox.clear_faults();
    world.minutes(2).await;
    assert_eq!(world.outcomes().await, "AAARRRRAA");
    assert_eq!(world.report().await.verdict.health, Health::Up);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_short_refusal_is_mended_by_a_try_within_the_minute() {
    let world = World::new("heartbeat").await;
    world.minutes(2).await;
    world.faults(&json!({"capture": {"status": 503, "body": "transient error, please retry"}}));
    let slot = World::slot(world.clock.now().minute().plus(1));
    world.hand.advance_to(slot);
    world.seconds_until("the first refusal shows", async |world: &World| world.outcomes().await.ends_with('R')).await;
    assert!(world.verdict().await.contains("503 “transient error, please retry”"), "shown while it is still being tried again");
    world.sandbox.clear_faults();
    world.seconds_until("a later try is accepted", async |world: &World| !world.outcomes().await.ends_with('R')).await;
    assert!(world.clock.now() < slot.minute().end(), "the minute is not over");
    world.minutes(1).await;
    assert_eq!(world.outcomes().await, "AAAA");
    let tried = world.beats().await[2].clone();
    assert!(tried.tries > 1, "{tried:?}");
    assert!(world.received().await.iter().all(|event| event["copies"] == 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_gets_lost_costs_no_second_event_and_the_beat_arrives() {
    let world = World::new("heartbeat").await;
    world.minutes(2).await;
    world.faults(&json!({"capture": {"lose_answer_rate": 1}}));
    let slot = World::slot(world.clock.now().minute().plus(1));
    world.hand.advance_to(slot);
    world.seconds_until("the minute is over", async |world: &World| world.clock.now() >= slot.minute().end()).await;
    world.sandbox.clear_faults();
    world.pulse_reached(slot.minute().end()).await;
    world.minutes(2).await;
    assert_eq!(world.outcomes().await, "AAAAA");
    assert!(world.uuids_per_minute().await.values().all(|uuids| uuids.len() == 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_connection_names_the_phase() {
    let world = World::new("heartbeat").await;
    world.minutes(2).await;
    world.faults(&json!({"capture": {"reset_rate": 1}}));
    let slot = World::slot(world.clock.now().minute().plus(1));
    world.hand.advance_to(slot);
    world.seconds_until("the first failure shows", async |world: &World| world.outcomes().await.ends_with('U')).await;
    let verdict = world.verdict().await;
    assert!(verdict.contains("accepts the connection but sends no complete response"), "{verdict}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_slower_than_the_minute_ends_the_wait_and_not_the_schedule() {
    let world = World::new("heartbeat").await;
    world.minutes(2).await;
    // Nobody can look meanwhile: what is seen has arrived, whatever capture did not say.
    world.faults(&json!({"capture": {"delay_ms": 300_000}, "query": {"status": 500}}));
    let slot = World::slot(world.clock.now().minute().plus(1));
    world.hand.advance_to(slot);
    world.seconds_until("four minutes have passed", async |world: &World| world.clock.now() >= slot.plus(Duration::from_mins(4))).await;
    world.sandbox.clear_faults();
    // The last one is still waited for.
    let due = world.clock.now();
    world
        .seconds_until("the last try is over", async |world: &World| world.liveness.last(Loop::Pulse).is_some_and(|done| done >= due))
        .await;
    world.minutes(2).await;
    let outcomes = world.outcomes().await;
    let waited =
        |evidence: &Evidence| matches!(&evidence.of, EvidenceOf::Unreachable { at: Phase::Answer, words, .. } if words.contains("20s"));
    assert!(world.report().await.evidence.iter().filter(|evidence| waited(evidence)).count() >= 4);
    // Every minute had its beat, and capture had accepted those that it did not answer.
    assert!(outcomes.len() >= 9 && outcomes.chars().all(|outcome| outcome == 'A'), "{outcomes}");
    assert!(world.uuids_per_minute().await.values().all(|uuids| uuids.len() == 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_try_takes_no_longer_than_the_time_out_of_the_project() {
    let world = World::with("heartbeat", |spec| spec.timing.timeout = Duration::from_secs(4)).await;
    world.minutes(2).await;
    world.faults(&json!({"capture": {"delay_ms": 10_000}}));
    let slot = World::slot(world.clock.now().minute().plus(1));
    world.hand.advance_to(slot);
    world.seconds_until("the first try shows", async |world: &World| world.outcomes().await.ends_with('U')).await;
    let timed_out =
        |evidence: &Evidence| matches!(&evidence.of, EvidenceOf::Unreachable { at: Phase::Answer, words, .. } if words.contains("4s"));
    let report = world.report().await;
    assert!(report.evidence.iter().any(timed_out), "{:?}", report.evidence);
    assert!(world.clock.now() < slot.plus(Duration::from_secs(10)), "capture had not answered yet");
}

#[tokio::test(flavor = "multi_thread")]
async fn words_that_the_store_rejects_hold_nothing_up() {
    let world = World::new("heartbeat").await;
    world.minutes(2).await;
    world.execute("CREATE TRIGGER refuses BEFORE INSERT ON evidence BEGIN SELECT RAISE(ABORT, 'no such words here'); END").await;
    world.faults(&json!({"capture": {"status": 401, "body": "API key is not valid"}}));
    world.minutes(2).await;
    world.sandbox.clear_faults();
    world.minutes(2).await;
    assert_eq!(world.outcomes().await, "AARRAA", "the receipts are on record, and those after them");
}

#[tokio::test(flavor = "multi_thread")]
async fn duplicates_are_counted_and_are_one_beat() {
    let world = World::new("heartbeat").await;
    world.faults(&json!({"queue": {"duplicate_rate": 1}}));
    world.minutes(5).await;
    let beats = world.beats().await;
    assert!(beats[1..].iter().all(|beat| beat.copies == 2), "{beats:?}");
    assert!(world.report().await.ends.duplicates >= 4);
    assert!(world.outcomes().await.chars().all(|letter| letter == 'A'));
}
