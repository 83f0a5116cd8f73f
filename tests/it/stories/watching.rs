//! What Ingestion Alert watches, asked for in the one read-back a minute.

use std::time::Duration;

use heartbeat::model::{Host, IngestionAlertApp, PersonalKey, ProjectSpec, ReadbackErrorKind, Timestamp, Traffic};
use serde_json::json;

use super::World;

/// Sends an event of another program with this timestamp.
async fn send(world: &World, event: &str, at: Timestamp) {
    let event = json!({"api_key": heartbeat::sandbox::TOKEN, "event": event, "distinct_id": "someone", "timestamp": at.to_string()});
    let sent = reqwest::Client::new().post(format!("{}/e/", world.address)).json(&event).send().await.unwrap();
    assert_eq!(sent.status(), 200);
}

async fn traffic(world: &World) -> Traffic {
    world.report().await.readback.unwrap().result.unwrap()
}

/// Starts Heartbeat, and waits for the first read-back.
async fn first_readback(world: &mut World) {
    world.start();
    world.seconds_until("the first read-back is on record", async |world: &World| world.report().await.readback.is_some()).await;
}

/// Installs Ingestion Alert, and watches this.
fn watch(spec: &mut ProjectSpec, watch: &str) {
    let app = spec.ingestion_alert.get_or_insert_with(IngestionAlertApp::default);
    app.set("watch", watch).unwrap();
    app.set("timeRange", "10").unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_without_heartbeat_is_looked_at_for_what_is_watched() {
    let mut world = World::asleep("heartbeat").await;
    let mut spec = world.spec("heartbeat");
    spec.heartbeat = None;
    watch(&mut spec, "signup, purchase");
    world.apply(spec).await;
    let signup = world.clock.now();
    send(&world, "signup", signup).await;
    send(&world, "$pageview", world.clock.now().plus(Duration::from_secs(1))).await;
    // A client whose clock is an hour ahead: it must not hide that nothing arrives.
    send(&world, "purchase", world.clock.now().plus(Duration::from_hours(1))).await;
    first_readback(&mut world).await;
    let readback_of = |minute| World::slot(signup.minute().plus(minute)).plus(Duration::from_secs(20));
    for minute in 1..9 {
        world.readback_passes(readback_of(minute)).await;
        let seen = traffic(&world).await;
        assert_eq!((seen.watched, seen.watched_newest, seen.others), (1, Some(signup), 2), "{minute}");
    }
    world.readback_passes(readback_of(10)).await;
    let seen = traffic(&world).await;
    assert_eq!((seen.watched, seen.watched_newest, seen.others), (0, None, 2), "its range is over, that of traffic is not");
}

#[tokio::test(flavor = "multi_thread")]
async fn heartbeats_alone_or_everything_may_be_watched() {
    let world = World::with("heartbeat", |spec| watch(spec, "heartbeats")).await;
    world.minutes(3).await;
    send(&world, "$pageview", world.clock.now()).await;
    world.minutes(1).await;
    let seen = traffic(&world).await;
    assert_eq!((seen.watched, seen.others), (4, 1));
    let mut spec = world.project().await.spec;
    watch(&mut spec, "any");
    world.apply(spec).await;
    world.minutes(2).await;
    let seen = traffic(&world).await;
    assert_eq!((seen.watched, seen.others), (7, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn heartbeats_of_another_program_are_watched_by_their_usual_names() {
    let mut world = World::asleep("heartbeat").await;
    let mut spec = world.spec("heartbeat");
    spec.heartbeat = None;
    watch(&mut spec, "heartbeats");
    world.apply(spec).await;
    send(&world, "heartbeat_buffer", world.clock.now()).await;
    send(&world, "$pageview", world.clock.now()).await;
    first_readback(&mut world).await;
    assert_eq!(traffic(&world).await.watched, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_apps_own_key_and_host_read_in_place_of_the_projects() {
    let world = World::with("heartbeat", |spec| {
        let app = spec.ingestion_alert.get_or_insert_with(IngestionAlertApp::default);
        app.posthog_host = Some(spec.host.clone());
        app.posthog_api_key = spec.personal_key.take();
        spec.api_host = Some(Host::parse("http://posthog.invalid").unwrap());
    })
    .await;
    world.minutes(3).await;
    assert!(world.outcomes().await.starts_with("AAA"));
    let mut spec = world.project().await.spec;
    spec.ingestion_alert.as_mut().unwrap().posthog_api_key = Some(PersonalKey::parse("phx_of_nobody").unwrap());
    world.apply(spec).await;
    world.minutes(2).await;
    assert_eq!(world.report().await.readback.unwrap().result.unwrap_err().kind, ReadbackErrorKind::KeyWrong);
}
