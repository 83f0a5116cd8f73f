//! What beats came to, counted: once for each end, for ever.

use heartbeat::model::{Evidence, Minute, Outcome, Project, Recorded, Retention, RouteCounts, Settled};
use heartbeat::retention::aggregate_due;
use heartbeat::store::Store;

use super::bed::Bed;
use super::samples::{START, at, awaiting, name, readback, seen, set_up, spec, spec_with_routes, unverified};

over_both!(
    a_beat_counts_once_for_each_end_that_it_comes_to,
    what_failed_at_capture_counts_once_its_minute_is_over,
    lags_are_counted_by_size,
    what_is_dropped_makes_no_count_less_and_another_process_goes_on,
    two_services_that_settle_the_same_beat_count_it_once,
    a_route_that_is_gone_takes_its_counts_along,
    a_clock_that_was_ahead_counts_again_when_it_is_right,
);

async fn settle(store: &Store, project: &Project, settled: &[Settled]) {
    store.settle(&readback(project, at(START, 30_000)), settled, &[]).await.unwrap();
}

/// The counts of the project's first route.
async fn counts(store: &Store, project: &Project) -> RouteCounts {
    store.counts(&[project.id]).await.unwrap().into_iter().find(|counts| counts.route == project.routes[0].spec.name).unwrap()
}

/// How many came to each outcome: not sent, arrived, late, awaiting, lost, rejected, unreachable, unverified.
async fn outcomes(store: &Store, project: &Project) -> [u64; 8] {
    counts(store, project).await.outcomes
}

async fn a_beat_counts_once_for_each_end_that_it_comes_to(bed: Bed) {
    let store = bed.open().await;
    let project = set_up(&store, spec("one")).await;
    let beats: Vec<Recorded> = (0..4).map(|minute| awaiting(project.routes[0].id, START.plus(minute))).collect();
    assert_eq!(counts(&store, &project).await, RouteCounts::none(project.id, "heartbeat".into()), "every route has its counts");
    store.record(&beats, &[]).await.unwrap();
    assert_eq!(outcomes(&store, &project).await, [0; 8], "an accepted beat has come to no end");
    // Missed, then seen, then seen again with a copy.
    settle(&store, &project, &[unverified(&beats[0], Outcome::Awaiting, Some(40_000))]).await;
    for _ in 0..2 {
        settle(&store, &project, &[seen(&beats[0], Outcome::Arrived, 90_000)]).await;
    }
    assert_eq!(outcomes(&store, &project).await, [0, 1, 0, 0, 0, 0, 0, 0]);
    // Lost, which each read-back says again, and seen after all; unverified, then lost; never sent.
    for _ in 0..3 {
        settle(&store, &project, &[unverified(&beats[1], Outcome::Lost, Some(900_000)), unverified(&beats[2], Outcome::Unverified, None)])
            .await;
    }
    let gap = Recorded::blank(project.routes[0].id, START.plus(9));
    let late = [
        seen(&beats[1], Outcome::Late, 990_000),
        unverified(&beats[2], Outcome::Lost, Some(990_000)),
        unverified(&gap, Outcome::NotSent, None),
    ];
    settle(&store, &project, &late).await;
    settle(&store, &project, &late).await;
    assert_eq!(outcomes(&store, &project).await, [1, 1, 1, 0, 2, 0, 0, 1]);
}

async fn what_failed_at_capture_counts_once_its_minute_is_over(bed: Bed) {
    let store = bed.open().await;
    let project = set_up(&store, spec("one")).await;
    let route = project.routes[0].id;
    let failed = |minute: i64, outcome| Recorded { outcome, status: None, ..awaiting(route, START.plus(minute)) };
    // The first try fails and the second does not: nothing failed.
    store.record(&[failed(0, Outcome::Unreachable)], &[]).await.unwrap();
    store.record(&[awaiting(route, START)], &[]).await.unwrap();
    store.record(&[failed(1, Outcome::Rejected)], &[]).await.unwrap();
    store.record(&[failed(2, Outcome::Unreachable)], &[]).await.unwrap();
    assert_eq!(outcomes(&store, &project).await, [0; 8]);
    store.record(&[awaiting(route, START.plus(3)), awaiting(route, START.plus(4))], &[]).await.unwrap();
    assert_eq!(outcomes(&store, &project).await, [0, 0, 0, 0, 0, 1, 1, 0]);
    // Again, as after a restart, it counts no more; and a refusal whose beat is there all the same counts for both.
    store.record(&[awaiting(route, START.plus(4))], &[]).await.unwrap();
    bed.open().await.record(&[awaiting(route, START.plus(4))], &[]).await.unwrap();
    settle(&store, &project, &[seen(&failed(1, Outcome::Rejected), Outcome::Arrived, 90_000)]).await;
    assert_eq!(outcomes(&store, &project).await, [0, 1, 0, 0, 0, 1, 1, 0]);
    // What waited for the store is counted when it comes.
    let held: Vec<Recorded> = (5..20).map(|minute| failed(minute, Outcome::Unreachable)).collect();
    store.record(&held, &[] as &[Evidence]).await.unwrap();
    assert_eq!(outcomes(&store, &project).await, [0, 1, 0, 0, 0, 1, 14, 0]);
}

async fn lags_are_counted_by_size(bed: Bed) {
    let store = bed.open().await;
    let project = set_up(&store, spec("one")).await;
    let beats: Vec<Recorded> = (0..5).map(|minute| awaiting(project.routes[0].id, START.plus(minute))).collect();
    store.record(&beats, &[]).await.unwrap();
    // Sent 12.345 s behind the minute. A server's clock may say that it was ingested before.
    let ingested =
        |beat: &Recorded, after_ms| Settled { ingested: Some(at(beat.minute, after_ms)), ..seen(beat, Outcome::Arrived, 60_000) };
    let settled = [ingested(&beats[0], 13_345), ingested(&beats[1], 13_346), ingested(&beats[2], 9_000), ingested(&beats[3], 99_912_345)];
    settle(&store, &project, &settled).await;
    let counts = counts(&store, &project).await;
    assert_eq!((counts.lags[0], counts.lags[1], counts.lags[13], counts.lags.iter().sum::<u64>()), (2, 1, 1, 4));
    assert_eq!((counts.lag_ms, counts.newest), (1_000 + 1_001 + 99_900_000, Some(at(beats[3].minute, 99_912_345))));
}

async fn what_is_dropped_makes_no_count_less_and_another_process_goes_on(bed: Bed) {
    let store = bed.open().await;
    let project = set_up(&store, spec("one")).await;
    let beats: Vec<Recorded> = (0..130).map(|minute| awaiting(project.routes[0].id, START.plus(minute))).collect();
    store.record(&beats, &[]).await.unwrap();
    let settled: Vec<Settled> = beats.iter().map(|beat| seen(beat, Outcome::Arrived, 90_000)).collect();
    settle(&store, &project, &settled).await;
    let before = counts(&store, &project).await;
    assert_eq!(before.of(Outcome::Arrived), 130);
    let later = START.plus(500 * 24 * 60).start();
    aggregate_due(&store, later, Retention::default()).await.unwrap();
    assert_eq!(store.next_beat(Minute::from_index(0)).await.unwrap(), None, "nothing is left of the beats");
    assert_eq!(counts(&store, &project).await, before);
    let again = bed.open().await;
    let beat = awaiting(project.routes[0].id, later.minute());
    settle(&again, &project, &[seen(&beat, Outcome::Late, 90_000)]).await;
    assert_eq!(outcomes(&store, &project).await, [0, 130, 1, 0, 0, 0, 0, 0]);
}

async fn two_services_that_settle_the_same_beat_count_it_once(bed: Bed) {
    let (one, other) = (bed.open().await, bed.open().await);
    let project = set_up(&one, spec("one")).await;
    let beats: Vec<Recorded> = (0..20).map(|minute| awaiting(project.routes[0].id, START.plus(minute))).collect();
    one.record(&beats, &[]).await.unwrap();
    for beat in &beats {
        let settled = [seen(beat, Outcome::Arrived, 90_000)];
        tokio::join!(settle(&one, &project, &settled), settle(&other, &project, &settled));
    }
    assert_eq!(outcomes(&one, &project).await, [0, 20, 0, 0, 0, 0, 0, 0]);
}

async fn a_route_that_is_gone_takes_its_counts_along(bed: Bed) {
    let store = bed.open().await;
    let both = spec_with_routes("one", &["proxy"]);
    let project = set_up(&store, both.clone()).await;
    let settled: Vec<Settled> = project.routes.iter().map(|route| seen(&awaiting(route.id, START), Outcome::Arrived, 90_000)).collect();
    settle(&store, &project, &settled).await;
    let sum = async |project: &Project| -> Vec<(String, u64)> {
        store.counts(&[project.id]).await.unwrap().into_iter().map(|counts| (counts.route.clone(), counts.of(Outcome::Arrived))).collect()
    };
    let of = |counted: &[(&str, u64)]| counted.iter().map(|(route, count)| ((*route).to_owned(), *count)).collect::<Vec<_>>();
    assert_eq!(sum(&project).await, of(&[("heartbeat", 1), ("heartbeat_api", 1), ("heartbeat_buffer", 1), ("proxy", 1)]));
    let less = set_up(&store, spec_with_routes("one", &[])).await;
    assert_eq!(sum(&less).await, of(&[("heartbeat", 1), ("heartbeat_api", 1), ("heartbeat_buffer", 1)]));
    // A new route of the same name begins at nothing.
    let again = set_up(&store, both).await;
    assert_eq!(sum(&again).await.pop(), Some(("proxy".to_owned(), 0)));
    store.apply(&[], &[name("one")], at(START, 0)).await.unwrap();
    assert_eq!(sum(&again).await, []);
}

async fn a_clock_that_was_ahead_counts_again_when_it_is_right(bed: Bed) {
    let store = bed.open().await;
    let project = set_up(&store, spec("one")).await;
    let route = project.routes[0].id;
    store.record(&[awaiting(route, START.plus(100_000))], &[]).await.unwrap();
    for minute in 0..6 {
        store.record(&[Recorded { outcome: Outcome::Rejected, ..awaiting(route, START.plus(minute)) }], &[]).await.unwrap();
    }
    // The newest two are not over for good.
    assert_eq!(outcomes(&store, &project).await[5], 4);
}
