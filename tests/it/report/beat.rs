//! One beat's story.

use std::time::Duration;

use heartbeat::keep::fold_due;
use heartbeat::model::{
    Beat, Evidence, EvidenceOf, HeartbeatApp, Look, LookFailure, LookTrouble, Outcome, Quote, Refusal, Retention, Timestamp,
};
use heartbeat::report::{BeatStory, Kept, Saw, beat_story};

use super::world::{START, World, after};
use crate::store::samples::{look, spec};

async fn story(world: &World, minute: i64, now: Timestamp) -> BeatStory {
    let project = world.project("shop").await;
    beat_story(&world.store, &project, "heartbeat", START.plus(minute), now).await.unwrap().expect("there is such a route")
}

#[tokio::test]
async fn a_beat_is_told_from_its_sending_to_the_look_that_saw_it() {
    let world = World::new().await;
    world.store.apply(&[spec("shop")], &[], START.start()).await.unwrap();
    let project = world.project("shop").await;
    world.record(project.routes[0].id, START, "LR_A").await;
    let quote = Quote { status: 503, headers: vec![], words: "down".into(), ..Quote::default() };
    let of = EvidenceOf::Refused { why: Refusal::Broken, quote };
    let evidence = Evidence { route: project.routes[0].id, minute: START.plus(1), at: after(START.plus(1), 6), of };
    world.store.record(&[], std::slice::from_ref(&evidence)).await.unwrap();
    // The late beat was missed until 180 s, and seen by the look of 239 s, whose answer came at 240 s.
    for second in [30, 90, 150, 239, 299] {
        let made = look(&project, after(START, second));
        let failure = LookFailure { trouble: LookTrouble::Throttled, quote: Quote::default(), retry_after: None, note: None };
        let made = if second == 90 { Look { result: Err(failure), ..made } } else { made };
        world.store.settle(&made, &[], &[]).await.unwrap();
    }
    let now = after(START.plus(6), 0);
    let late = story(&world, 0, now).await;
    assert_eq!(late.beat, Beat::derive(&project.spec.token, &project.routes[0].spec, START));
    assert_eq!((late.host.as_str(), late.kept.outcome()), ("eu", Some(Outcome::Late)));
    let looks: Vec<(u64, Saw)> = late.looks.iter().map(|look| (look.after.as_secs(), look.saw)).collect();
    assert_eq!(looks, [(25, Saw::Nothing), (85, Saw::Trouble(LookTrouble::Throttled)), (145, Saw::Nothing), (234, Saw::It)]);
    assert!(late.evidence.is_empty());
    let refused = story(&world, 1, now).await;
    assert_eq!((refused.kept.outcome(), &refused.evidence), (Some(Outcome::Refused), &vec![evidence]));
    assert_eq!(story(&world, 2, now).await.kept, Kept::Missing);
    assert_eq!(story(&world, 6, now).await.kept, Kept::NotDue, "this minute is not over");
    assert_eq!(story(&world, -1, now).await.kept, Kept::NotDue, "there was no such route yet");
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
        world.store.settle(&look(&project, after(START.plus(minute), 0)), &[], &[]).await.unwrap();
    }
    let looks = story(&world, 0, after(START.plus(400), 0)).await.looks;
    assert!(looks.len() < 70, "{}", looks.len());
    assert_eq!(looks.iter().filter(|look| look.saw == Saw::It).map(|look| look.at).collect::<Vec<_>>(), [seen]);
    assert_eq!(looks.last().map(|look| look.saw), Some(Saw::It));
}

#[tokio::test]
async fn of_a_folded_beat_its_end_is_left() {
    let world = World::new().await;
    let spec = spec("shop");
    world.store.apply(std::slice::from_ref(&spec), &[], START.start()).await.unwrap();
    let project = world.project("shop").await;
    world.record(project.routes[0].id, START, "AX_").await;
    let app = HeartbeatApp { enabled: false, ..HeartbeatApp::default() };
    let off = heartbeat::model::ProjectSpec { heartbeat: Some(app), ..spec };
    world.store.apply(&[off], &[], START.plus(5).start()).await.unwrap();
    let now = after(START.plus(20 * 1440), 0);
    fold_due(&world.store, now, Retention::default()).await.unwrap();
    assert_eq!(story(&world, 0, now).await.kept, Kept::Folded(Outcome::Arrived));
    assert_eq!(story(&world, 1, now).await.kept, Kept::Folded(Outcome::Lost));
    assert_eq!(story(&world, 2, now).await.kept, Kept::Missing);
    assert_eq!(story(&world, 6, now).await.kept, Kept::NotDue, "it was off");
    assert!(story(&world, 0, now).await.looks.is_empty());
}
