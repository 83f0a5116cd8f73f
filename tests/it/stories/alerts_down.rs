//! Killed, down, and run twice: whatever happens to Heartbeat itself, users are notified.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use heartbeat::clock::Clock;
use heartbeat::judge::{self, History};
use heartbeat::model::{IncidentKind, NotificationKind, NotificationState, RouteId};

use serde_json::json;

use super::World;

/// A bad minute opens, and a good one closes.
const QUICK: &[(&str, &str)] = &[("capture_open_after", "1"), ("capture_close_after", "1")];

/// A moment of real time, in which the loops get some way: the crash then finds them there.
async fn a_moment(length: u64) {
    Clock::system().sleep(Duration::from_micros(length)).await;
}

async fn crash_and_wake(world: &mut World) {
    world.crash().await;
    world.start();
}

/// A node that held a lease when it was killed holds it no longer.
async fn leases_end(world: &World) {
    let until = world.clock.now().plus(Duration::from_secs(125));
    world.seconds_until("leases have ended", async |world: &World| world.clock.now() >= until).await;
}

/// What must hold however often it was killed: one incident, notified as opened and as resolved, each message always with one id.
async fn hold_to_one_incident(world: &World, what: &str) {
    let incidents = world.incidents().await;
    assert_eq!(incidents.len(), 1, "{what}: {incidents:#?}");
    assert!(!incidents[0].is_open(), "{what}");
    let mut ids: HashMap<NotificationKind, HashSet<String>> = HashMap::new();
    for told in world.ops.all() {
        let message = told.message();
        assert_eq!(message.incident.as_ref().map(|facts| facts.key), Some(incidents[0].key()), "{what}: {}", message.title);
        ids.entry(message.kind).or_default().insert(told.id);
    }
    let taken: HashSet<NotificationKind> = world.ops.messages().iter().map(|message| message.kind).collect();
    assert_eq!(taken, HashSet::from([NotificationKind::Opened, NotificationKind::Resolved]), "{what}: {}", world.ops.kinds());
    assert!(ids.values().all(|ids| ids.len() == 1), "{what}: {ids:?}");
    assert_eq!(world.ops.messages().last().unwrap().kind, NotificationKind::Resolved, "{what}: the end comes last");
    assert!(world.notifications(NotificationState::Queued).await.is_empty(), "{what}");
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_moment_each_notification_is_sent_with_its_one_id() {
    for length in [0, 100, 300, 600, 1_000, 1_500, 2_500, 4_000, 7_000, 12_000] {
        let mut world = World::alerting("heartbeat", QUICK).await;
        world.minutes(2).await;
        for status in [json!(401), json!(null)] {
            world.faults(&json!({"capture": {"status": status}}));
            // The slot, the read-back, and each second after it: killed a moment after the time has come.
            for _ in 0..2 {
                let minute = world.clock.now().minute().plus(1);
                let slot = World::slot(minute);
                for second in [0, 20, 21, 22, 23, 24] {
                    world.hand.advance_to(slot.plus(Duration::from_secs(second)));
                    a_moment(length).await;
                    crash_and_wake(&mut world).await;
                }
            }
            leases_end(&world).await;
            world.minutes(4).await;
        }
        world.second_passes().await;
        hold_to_one_incident(&world, &format!("killed after {length} µs")).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_between_sending_and_marking_it_is_sent_again_with_the_same_id() {
    let mut world = World::alerting("heartbeat", QUICK).await;
    world.minutes(2).await;
    for (status, count) in [(json!(401), 1), (json!(null), 2)] {
        world.ops.is_silent();
        world.faults(&json!({"capture": {"status": status}}));
        let slot = World::slot(world.clock.now().minute().plus(1));
        let before = world.ops.all().len();
        world.hand.advance_to(slot);
        world.pulse_reached(slot).await;
        let ops = world.ops.clone();
        world.seconds_until("it was sent", async |_: &World| ops.all().len() > before).await;
        world.crash().await;
        world.ops.answers(200);
        world.start();
        leases_end(&world).await;
        world.minutes(3).await;
        assert!(world.ops.taken().len() >= count);
    }
    hold_to_one_incident(&world, "killed before the mark").await;
    assert!(world.ops.all().len() >= 4, "both of them twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_long_stop_the_first_message_says_from_when_to_when() {
    let mut world = World::alerting("heartbeat", &[]).await;
    world.minutes(10).await;
    world.second_passes().await;
    world.crash().await;
    let from = world.store.last_sign_of_life().await.unwrap().unwrap();
    assert!(world.clock.now().since(from) < Duration::from_mins(2));
    world.hand.advance(Duration::from_mins(40));
    let to = world.clock.now();
    world.wake_up().await;
    world.seconds_until("it is told that we are back", async |world: &World| world.kinds().await == "returned").await;
    let told = world.clock.now();
    world.minutes(45).await;
    assert_eq!(world.kinds().await, "returned", "minutes that nobody beat in are ours");
    let title = &world.ops.messages()[0].title;
    let time = |at: heartbeat::model::Timestamp| at.to_string()[11..16].to_owned();
    assert!(title.starts_with("[warning] Heartbeat itself was down from "), "{title}");
    // It was found between the two.
    let mut ends = to.minute().until(told.minute().plus(1)).map(|minute| format!("{} UTC to {} UTC", time(from), time(minute.start())));
    assert!(ends.any(|span| title.contains(&span)), "{title}: {from} {to} {told}");
    assert!(world.incidents().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_healed_while_nothing_ran_is_notified_on_return() {
    let mut world = World::alerting("heartbeat", QUICK).await;
    world.minutes(2).await;
    world.faults(&json!({"capture": {"status": 401}}));
    world.minutes(3).await;
    assert_eq!(world.kinds().await, "opened");
    world.crash().await;
    world.hand.advance(Duration::from_mins(40));
    world.faults(&json!({"capture": {"status": null}}));
    world.wake_up().await;
    world.second_passes().await;
    world.minutes(5).await;
    assert_eq!(world.kinds().await, "opened returned resolved");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_stepped_back_while_it_is_open_notifies_in_turn_and_ends_resolved() {
    let world = World::alerting("heartbeat", QUICK).await;
    world.minutes(70).await;
    world.faults(&json!({"capture": {"status": 401}}));
    world.minutes(3).await;
    assert_eq!(world.kinds().await, "opened");
    let back = World::slot(world.clock.now().minute().plus(-60)).plus(Duration::from_secs(25));
    world.hand.step_to(back);
    world.second_passes().await;
    world.minutes(5).await;
    world.faults(&json!({"capture": {"status": null}}));
    world.minutes(70).await;
    // The minutes that come a second time have their beats already: first the good ones of before the failure, then the bad ones.
    assert_eq!(world.kinds().await, "opened resolved opened resolved");
    assert!(world.incidents().await.iter().all(|incident| !incident.is_open()));
    let ids: HashSet<String> = world.ops.all().into_iter().map(|told| told.id).collect();
    assert_eq!(ids.len(), 4, "they are not taken for one another");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_jumps_ahead_while_it_is_open_closes_nothing_by_itself() {
    let world = World::alerting("heartbeat", QUICK).await;
    world.minutes(3).await;
    world.faults(&json!({"capture": {"status": 401}}));
    world.minutes(3).await;
    assert_eq!(world.kinds().await, "opened");
    world.hand.step_to(World::slot(world.clock.now().minute().plus(24 * 60)).minus(Duration::from_secs(2)));
    world.second_passes().await;
    world.minutes(5).await;
    let kinds = world.kinds().await;
    assert!(kinds == "opened returned reminder" || kinds == "opened reminder returned", "{kinds}");
    assert_eq!(world.incidents().await.len(), 1);
    world.faults(&json!({"capture": {"status": null}}));
    world.minutes(5).await;
    assert_eq!(world.kinds().await, format!("{kinds} resolved"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_set_ahead_is_no_time_in_which_we_were_down_and_a_machine_that_slept_is() {
    for (slept, says) in [(false, "the clock of Heartbeat's machine jumped ahead by "), (true, "Heartbeat itself was down from ")] {
        let world = World::alerting("heartbeat", QUICK).await;
        world.minutes(3).await;
        let before = world.clock.now().minute();
        let then = World::slot(before.plus(180)).minus(Duration::from_secs(2));
        if slept {
            world.hand.sleep(then.since(world.clock.now()));
        } else {
            world.hand.step_to(then);
        }
        world.seconds_until("it is told", async |world: &World| world.kinds().await == "returned").await;
        let message = world.ops.messages().remove(0);
        assert!(message.title.contains(says), "{}", message.title);
        world.minutes(3).await;
        assert_eq!((world.kinds().await.as_str(), world.incidents().await.len()), ("returned", 0), "once, and no incident");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_services_on_one_store_are_one_voice() {
    let mut world = World::alerting("heartbeat", QUICK).await;
    world.start_second();
    world.minutes(3).await;
    for _ in 0..3 {
        world.faults(&json!({"capture": {"status": 401}}));
        world.minutes(3).await;
        world.faults(&json!({"capture": {"status": null}}));
        world.minutes(3).await;
    }
    assert_eq!(world.kinds().await, "opened resolved opened resolved opened resolved");
    let ids: HashSet<String> = world.ops.all().into_iter().map(|told| told.id).collect();
    assert_eq!((ids.len(), world.ops.all().len()), (6, 6), "each once");
    assert_eq!(world.incidents().await.len(), 3);
}

/// One incident, as far as a replay can know it.
type Seen = (IncidentKind, i64, Option<i64>);

#[tokio::test(flavor = "multi_thread")]
async fn what_was_recorded_is_what_a_replay_finds() {
    let world = World::alerting("heartbeat + heartbeat_buffer", &[]).await;
    let begun = world.clock.now();
    for (minutes, faults) in [
        (8, json!({})),
        (12, json!({"queue": {"stopped": true}})),
        (7, json!({})),
        (6, json!({"capture": {"status": 401}})),
        (9, json!({})),
        (20, json!({"query": {"status": 500}})),
        (10, json!({})),
        (25, json!({"capture": {"drop_rate": 1}})),
        (12, json!({})),
        (14, json!({"queue": {"lag_ms": 400_000}})),
        (30, json!({})),
    ] {
        world.sandbox.clear_faults();
        world.faults(&faults);
        world.minutes(minutes).await;
    }
    let (project, now) = (world.project().await, world.clock.now());
    let ids: Vec<RouteId> = project.routes.iter().map(|route| route.id).collect();
    let (from, to) = (begun.minute().plus(-60), now.minute().plus(1));
    let beats = world.store.beats(&ids, from, to).await.unwrap();
    let evidence = world.store.evidence(&ids, from, to).await.unwrap();
    let samples = world.store.samples(project.id, from, to).await.unwrap();
    let history = History { project: &project, hours: &[], beats: &beats, evidence: &evidence, samples: &samples, open: &[] };
    let app = project.spec.ingestion_alert.as_ref().unwrap();
    let replayed = judge::replay(&history, app, begun, now.plus(Duration::from_secs(1)));
    let seen = |incident: &heartbeat::model::Incident| -> Seen {
        (incident.incident_kind, incident.opened.minute().index(), incident.closed.map(|closed| closed.minute().index()))
    };
    let live: Vec<Seen> = world.incidents().await.iter().map(seen).collect();
    let again: Vec<Seen> = replayed.iter().map(|replayed| seen(&replayed.incident)).collect();
    assert!(live.len() >= 4, "{live:?}");
    assert_eq!(live.len(), again.len(), "recorded {live:?}\nreplayed {again:?}");
    for (live, again) in live.iter().zip(&again) {
        let near = |one: i64, other: i64| (one - other).abs() <= 1;
        let ends = match (live.2, again.2) {
            (Some(one), Some(other)) => near(one, other),
            (one, other) => one == other,
        };
        assert!(live.0 == again.0 && near(live.1, again.1) && ends, "recorded {live:?}, replayed {again:?}");
    }
}
