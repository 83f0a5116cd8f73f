//! Whatever the faults: hours in which it changes every few minutes, at random but the same each time, and what must hold after them.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use heartbeat::model::{Beat, Outcome, Recorded, Route};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use super::World;
use crate::support::examples::examples;

/// One stretch of a stormy day.
#[derive(Debug, Clone)]
enum Spell {
    /// So many minutes of this faults.
    Faults(u64, Value),
    /// The process dies, and is started again after so many seconds.
    Crash(u64),
}

fn spell() -> impl Strategy<Value = Spell> {
    let faults = prop_oneof![
        3 => Just(json!({})),
        2 => Just(json!({"queue": {"stopped": true}})),
        1 => (1_u64..400_000).prop_map(|lag| json!({"queue": {"lag_ms": lag}})),
        1 => Just(json!({"queue": {"duplicate_rate": 0.5}})),
        1 => (0_u32..8).prop_map(|partition| json!({"queue": {"stopped_partitions": [partition]}})),
        1 => Just(json!({"capture": {"status": 503}})),
        1 => Just(json!({"capture": {"status": 401}})),
        1 => Just(json!({"capture": {"drop_rate": 0.5}})),
        1 => Just(json!({"capture": {"reset_rate": 0.7}})),
        1 => Just(json!({"capture": {"reset_rate": 1}})),
        1 => Just(json!({"capture": {"lose_answer_rate": 0.7}})),
        1 => (1_u64..90_000).prop_map(|delay| json!({"capture": {"delay_ms": delay}})),
        1 => Just(json!({"capture": {"unknown_token": true}})),
        1 => Just(json!({"query": {"status": 429}})),
        1 => Just(json!({"query": {"status": 500}})),
        1 => (1_u64..100_000).prop_map(|delay| json!({"query": {"delay_ms": delay}})),
    ];
    prop_oneof![
        12 => (1_u64..12, faults).prop_map(|(minutes, faults)| Spell::Faults(minutes, faults)),
        1 => (1_u64..200).prop_map(Spell::Crash),
    ]
}

/// A day of about so many spells. The same in each run: what fails once fails again.
fn day(spells: usize) -> Vec<Spell> {
    let mut runner = TestRunner::deterministic();
    prop::collection::vec(spell(), spells).new_tree(&mut runner).unwrap().current()
}

async fn pass(world: &World, time: Duration) {
    let until = world.clock.now().plus(time);
    world.seconds_until("a stretch of the day has passed", async |world: &World| world.clock.now() >= until).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_any_faults_every_beat_is_called_what_it_is() {
    let mut world = World::new("heartbeat + heartbeat_buffer").await;
    for spell in day(examples(25).cases as usize) {
        match spell {
            Spell::Faults(minutes, faults) => {
                world.sandbox.clear_faults();
                world.faults(&faults);
                pass(&world, Duration::from_mins(minutes)).await;
            }
            Spell::Crash(seconds) => {
                world.sandbox.clear_faults();
                world.crash().await;
                world.hand.advance(Duration::from_secs(seconds));
                world.wake_up().await;
            }
        }
    }
    world.sandbox.clear_faults();
    // Tries that began in the last spell come to their end, and a queue that was behind catches up.
    pass(&world, Duration::from_mins(8)).await;
    world.minutes(18).await;
    hold_to_the_truth(&world).await;
}

/// What Heartbeat says of its beats, against what the sandbox has.
async fn hold_to_the_truth(world: &World) {
    let project = world.project().await;
    let routes: HashMap<_, &Route> = project.routes.iter().map(|route| (route.id, route)).collect();
    let received = world.received().await;
    let uuids =
        |events: &mut dyn Iterator<Item = &Value>| events.map(|event| event["uuid"].as_str().unwrap().to_owned()).collect::<HashSet<_>>();
    let (taken, queryable) = (uuids(&mut received.iter()), uuids(&mut received.iter().filter(|event| event["rows"].as_u64() > Some(0))));

    let per_minute = world.uuids_per_minute().await;
    assert!(per_minute.values().all(|uuids| uuids.len() <= routes.len()), "one event a minute and route: {per_minute:?}");

    let beats = world.beats().await;
    let identity = |beat: &Recorded| Beat::derive(&project.spec.token, &routes[&beat.route].spec, beat.minute).uuid.to_string();
    let ours: HashSet<String> = beats.iter().map(identity).collect();
    assert!(taken.is_subset(&ours), "every event that was taken is a beat on record");
    let of = |outcome: Outcome| beats.iter().filter(|beat| beat.outcome == outcome).count();
    for beat in &beats {
        let (arrived, told) = (queryable.contains(&identity(beat)), format!("{} of {beat:?}", beat.outcome));
        match beat.outcome {
            Outcome::Arrived | Outcome::Late => {
                assert!(arrived, "no event is there: {told}");
                assert!(beat.seen >= beat.ingested, "seen before it was ingested: {told}");
                assert!(beat.missed < beat.seen, "missing after it was seen: {told}");
            }
            Outcome::Lost | Outcome::Rejected | Outcome::Unreachable => assert!(!arrived, "it is there: {told}"),
            Outcome::NotSent => assert!(beat.sent.is_none() && !arrived, "it was sent: {told}"),
            Outcome::Awaiting | Outcome::Unverified => {
                assert!(world.clock.now().since(beat.minute.start()) < Duration::from_mins(2), "undecided without faults: {told}");
            }
        }
    }
    let silent = beats.iter().filter(|beat| beat.outcome == Outcome::Lost);
    assert!(silent.clone().all(|beat| beat.sent.is_some()), "what was never sent is not lost");
    // A day in which nothing happened would prove nothing.
    for outcome in [Outcome::Arrived, Outcome::Late, Outcome::Lost, Outcome::Rejected, Outcome::Unreachable] {
        assert!(of(outcome) > 0, "the day had no {outcome} beat");
    }
}
