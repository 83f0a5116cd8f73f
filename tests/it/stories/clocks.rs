//! Clocks that step and machines that sleep; processes that die and come back.

use std::time::Duration;

use heartbeat::liveness::Loop;
use serde_json::json;

use super::World;

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_steps_back_sends_nothing_twice() {
    let world = World::new("heartbeat").await;
    world.minutes(10).await;
    let back = World::slot(world.clock.now().minute().plus(-6)).plus(Duration::from_secs(25));
    world.hand.step_to(back);
    world.minutes(12).await;
    let minutes = world.uuids_per_minute().await;
    assert!(minutes.values().all(|uuids| uuids.len() == 1), "{minutes:?}");
    assert!(world.received().await.iter().all(|event| event["copies"] == 1), "no beat was sent a second time");
    let outcomes = world.outcomes().await;
    assert!(outcomes.chars().all(|letter| letter == 'A'), "{outcomes}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_jumps_ahead_leaves_minutes_not_sent_and_no_burst() {
    let world = World::new("heartbeat").await;
    world.minutes(3).await;
    let woken = world.clock.now().minute().plus(41);
    world.hand.step_to(World::slot(woken).minus(Duration::from_secs(1)));
    world.minutes(20).await;
    let minutes = world.uuids_per_minute().await;
    assert_eq!(minutes.len(), 3 + 20, "{minutes:?}");
    let outcomes = world.outcomes().await;
    assert_eq!(outcomes, format!("AAA{}{}", "_".repeat(40), "A".repeat(20)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_jumps_ahead_and_back_beats_in_minutes_that_were_called_not_sent() {
    let world = World::new("heartbeat").await;
    world.minutes(3).await;
    let skipped = world.clock.now().minute().plus(10);
    world.hand.step_to(World::slot(skipped.plus(31)).minus(Duration::from_secs(1)));
    world.minutes(20).await;
    assert_eq!(world.outcomes().await, format!("AAA{}{}", "_".repeat(40), "A".repeat(20)));
    world.hand.step_to(World::slot(skipped).minus(Duration::from_secs(1)));
    let back = |of: Loop, world: &World| world.liveness.last(of).is_some_and(|last| last < skipped.end());
    world.seconds_until("both loops know", async |world: &World| back(Loop::Pulse, world) && back(Loop::Verify, world)).await;
    world.minutes(5).await;
    let outcomes = world.outcomes().await;
    assert_eq!(outcomes, format!("AAA{}AAAAAA{}{}", "_".repeat(9), "_".repeat(25), "A".repeat(20)));
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_long_stop_minutes_are_ours_and_beats_go_on() {
    let mut world = World::new("heartbeat").await;
    world.minutes(3).await;
    world.crash().await;
    world.hand.advance(Duration::from_mins(30));
    world.wake_up().await;
    world.minutes(20).await;
    let outcomes = world.outcomes().await;
    assert!(outcomes.starts_with(&format!("AAA{}", "_".repeat(29))), "{outcomes}");
    assert!(!outcomes.contains(' ') && !outcomes.contains('X'), "{outcomes}");
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_between_send_and_record_and_started_in_the_same_minute_one_event_results() {
    let mut world = World::new("heartbeat").await;
    world.minutes(2).await;
    // The answer is held: the event is in, the capture result is not.
    world.faults(&json!({"capture": {"delay_ms": 5_000}}));
    let slot = World::slot(world.clock.now().minute().plus(1));
    world.hand.advance_to(slot);
    let before = world.received().await.len();
    world.crash().await;
    world.sandbox.clear_faults();
    world.wake_up().await;
    world.minutes(2).await;
    let minutes = world.uuids_per_minute().await;
    assert!(minutes.values().all(|uuids| uuids.len() == 1), "{minutes:?}");
    assert!(world.received().await.len() > before);
    assert_eq!(world.outcomes().await, "AAAAA");
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_between_send_and_record_and_started_later_the_beat_is_found_without_a_record() {
    let mut world = World::new("heartbeat").await;
    world.minutes(2).await;
    let slot = World::slot(world.clock.now().minute().plus(1));
    // The event is in; its answer never comes, so no capture result is recorded before the crash.
    world.faults(&json!({"capture": {"lose_answer_rate": 1}}));
    world.hand.advance_to(slot);
    super::world::within("the event is in", async {
        while world.received().await.len() < 3 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    world.crash().await;
    world.sandbox.clear_faults();
    world.hand.advance_to(slot.plus(Duration::from_mins(5)));
    world.wake_up().await;
    world.minutes(18).await;
    let outcomes = world.outcomes().await;
    assert!(outcomes.starts_with("AAA____A"), "found, then ours, then beating: {outcomes}");
    assert!(world.uuids_per_minute().await.values().all(|uuids| uuids.len() == 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_between_record_and_settle_the_next_life_settles() {
    let mut world = World::new("heartbeat").await;
    world.minutes(2).await;
    let slot = World::slot(world.clock.now().minute().plus(1));
    world.hand.advance_to(slot);
    world.pulse_reached(slot).await;
    world.crash().await;
    let outcomes = world.outcomes().await;
    assert!(outcomes.len() == 3 && outcomes.ends_with('w'), "recorded, and not settled: {outcomes}");
    world.hand.advance(Duration::from_mins(3));
    world.wake_up().await;
    world.minutes(17).await;
    let outcomes = world.outcomes().await;
    assert!(outcomes.starts_with("AAA__"), "{outcomes}");
    assert!(!outcomes.contains('X') && !outcomes.contains('L'), "a read-back that came late proves no lateness: {outcomes}");
}
