//! Switching on and off.

use std::time::Duration;

use heartbeat::judge::Health;
use heartbeat::model::{HeartbeatApp, ProjectSpec};

use super::World;

fn switched(spec: &ProjectSpec, enabled: bool) -> ProjectSpec {
    let app = spec.heartbeat.clone().unwrap();
    ProjectSpec { heartbeat: Some(HeartbeatApp { enabled, ..app }), ..spec.clone() }
}

#[tokio::test(flavor = "multi_thread")]
async fn enabled_it_beats_at_once_disabled_it_rests() {
    let mut world = World::asleep("heartbeat").await;
    let spec = world.spec("heartbeat");
    world.apply(switched(&spec, false)).await;
    world.wake_up().await;
    world.minutes(3).await;
    assert_eq!(world.received().await.len(), 0, "nothing is sent while it is off");
    assert_eq!(world.report().await.verdict.health, Health::Disabled);

    // Past this minute's slot, so that only "at once" can send in it.
    let minute = world.clock.now().minute();
    world.apply(switched(&spec, true)).await;
    world.hand.advance(Duration::from_secs(2));
    world.pulse_reached(world.clock.now()).await;
    assert_eq!(world.received().await.len(), 1, "the first beat goes at once");
    assert_eq!(world.beats().await[0].minute, minute);

    world.minutes(3).await;
    world.apply(switched(&spec, false)).await;
    world.hand.advance(Duration::from_secs(2));
    world.pulse_reached(world.clock.now()).await;
    let sent = world.received().await.len();
    world.minutes(20).await;
    assert_eq!(world.received().await.len(), sent);
    // On for a moment before Heartbeat ran, off, on for as many minutes as there were beats, off: its first minute is ours, the rest rests.
    assert_eq!(world.outcomes().await, format!("_ {}", "A".repeat(sent)), "minutes in which it was off are not even asked for");

    world.apply(switched(&spec, true)).await;
    world.minutes(2).await;
    let minutes = world.uuids_per_minute().await;
    assert!(minutes.values().all(|uuids| uuids.len() == 1), "{minutes:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn off_and_on_within_a_minute_sends_no_second_event() {
    let world = World::new("heartbeat").await;
    world.minutes(2).await;
    let spec = world.spec("heartbeat");
    for _ in 0..3 {
        for enabled in [false, true] {
            world.apply(switched(&spec, enabled)).await;
            world.hand.advance(Duration::from_secs(2));
            world.pulse_reached(world.clock.now()).await;
        }
    }
    assert!(world.received().await.iter().all(|event| event["copies"] == 1));
    assert!(world.uuids_per_minute().await.values().all(|uuids| uuids.len() == 1));
}
