//! One beat's story.

use std::time::Duration;

use heartbeat::model::{
    Beat, Evidence, EvidenceOf, HeartbeatApp, Outcome, Readback, ReadbackError, ReadbackErrorKind, RejectionReason, ResponseExcerpt,
    Retention, Timestamp,
};
use heartbeat::report::{BeatRecord, BeatStory, ReadbackFinding, beat_story};
use heartbeat::retention::aggregate_due;

use super::world::{START, World, after};
use crate::store::samples::{readback, spec};

async fn story(world: &World, minute: i64, now: Timestamp) -> BeatStory {
    let project = world.project("shop").await;
    beat_story(&world.store, &project, "heartbeat", START.plus(minute), now).await.unwrap().expect("there is such a route")
}

#[tokio::test]
async fn a_beat_is_shown_from_its_sending_to_the_readback_that_found_it() {
    let world = World::new().await;
    world.store.apply(&[spec("shop")], &[], START.start()).await.unwrap();
    let project = world.project("shop").await;
    world.record(project.routes[0].id, START, "LR_A").await;
    let excerpt = ResponseExcerpt { status: 503, headers: vec![], words: "down".into(), ..ResponseExcerpt::default() };
    let of = EvidenceOf::Rejected { why: RejectionReason::Broken, excerpt };
    let evidence = Evidence { route: project.routes[0].id, minute: START.plus(1), at: after(START.plus(1), 6), of };
    world.store.record(&[], std::slice::from_ref(&evidence)).await.unwrap();
    // The late beat was missed until 180 s, and seen by the read-back of 239 s, whose answer came at 240 s.
    for second in [30, 90, 150, 239, 299] {
        let made = readback(&project, after(START, second));
        let failure =
            ReadbackError { kind: ReadbackErrorKind::Throttled, excerpt: ResponseExcerpt::default(), retry_after: None, note: None };
        let made = if second == 90 { Readback { result: Err(failure), ..made } } else { made };
        world.store.settle(&made, &[], &[]).await.unwrap();
    }
    let now = after(START.plus(6), 0);
    let late = story(&world, 0, now).await;
    assert_eq!(late.beat, Beat::derive(&project.spec.token, &project.routes[0].spec, START));
    assert_eq!((late.host.as_str(), late.kept.outcome()), ("eu", Some(Outcome::Late)));
    let readbacks: Vec<(u64, ReadbackFinding)> = late.readbacks.iter().map(|readback| (readback.after.as_secs(), readback.saw)).collect();
    assert_eq!(
        readbacks,
        [
            (25, ReadbackFinding::Missing),
            (85, ReadbackFinding::Failed(ReadbackErrorKind::Throttled)),
            (145, ReadbackFinding::Missing),
            (234, ReadbackFinding::Found)
        ]
    );
    assert!(late.evidence.is_empty());
    let rejected = story(&world, 1, now).await;
    assert_eq!((rejected.kept.outcome(), &rejected.evidence), (Some(Outcome::Rejected), &vec![evidence]));
    assert_eq!(story(&world, 2, now).await.kept, BeatRecord::Missing);
    assert_eq!(story(&world, 6, now).await.kept, BeatRecord::NotDue, "this minute is not over");
    assert_eq!(story(&world, -1, now).await.kept, BeatRecord::NotDue, "there was no such route yet");
    assert!(beat_story(&world.store, &project, "proxy", START, now).await.unwrap().is_none());
}

#[tokio::test]
async fn the_look_that_saw_a_beat_hours_later_is_shown() {
    let world = World::new().await;
    world.store.apply(&[spec("shop")], &[], START.start()).await.unwrap();
    let project = world.project("shop").await;
    let route = project.routes[0].id;
    let seen = after(START, 5 * 3600);
    let sent = super::world::beat(route, START, 'L').unwrap();
    let late = heartbeat::model::Recorded { missed: Some(seen.minus(Duration::from_mins(1))), seen: Some(seen), ..sent };
    world.store.record(&[late], &[]).await.unwrap();
    for minute in 0..320 {
        world.store.settle(&readback(&project, after(START.plus(minute), 0)), &[], &[]).await.unwrap();
    }
    let readbacks = story(&world, 0, after(START.plus(400), 0)).await.readbacks;
    assert!(readbacks.len() < 70, "{}", readbacks.len());
    assert_eq!(
        readbacks.iter().filter(|readback| readback.saw == ReadbackFinding::Found).map(|readback| readback.at).collect::<Vec<_>>(),
        [seen]
    );
    assert_eq!(readbacks.last().map(|readback| readback.saw), Some(ReadbackFinding::Found));
}

#[tokio::test]
async fn of_an_aggregated_beat_its_end_is_left() {
    let world = World::new().await;
    let spec = spec("shop");
    world.store.apply(std::slice::from_ref(&spec), &[], START.start()).await.unwrap();
    let project = world.project("shop").await;
    world.record(project.routes[0].id, START, "AX_").await;
    let app = HeartbeatApp { enabled: false, ..HeartbeatApp::default() };
    let off = heartbeat::model::ProjectSpec { heartbeat: Some(app), ..spec };
    world.store.apply(&[off], &[], START.plus(5).start()).await.unwrap();
    let now = after(START.plus(20 * 1440), 0);
    aggregate_due(&world.store, now, Retention::default()).await.unwrap();
    assert_eq!(story(&world, 0, now).await.kept, BeatRecord::Aggregated(Outcome::Arrived));
    assert_eq!(story(&world, 1, now).await.kept, BeatRecord::Aggregated(Outcome::Lost));
    assert_eq!(story(&world, 2, now).await.kept, BeatRecord::Missing);
    assert_eq!(story(&world, 6, now).await.kept, BeatRecord::NotDue, "it was off");
    assert!(story(&world, 0, now).await.readbacks.is_empty());
}
