//! Lag over time.

use std::time::Duration;

use heartbeat::model::{Minute, Outcome, Project, Recorded, Retention, Timestamp};
use heartbeat::report::{LagSeries, MAX_POINTS, lag_series};
use heartbeat::retention::aggregate_due;

use super::world::{START, World, after, beat};
use crate::store::samples::{spec, spec_with_routes};

async fn read(world: &World, project: &Project, from: Minute, to: Minute, now: Timestamp) -> LagSeries {
    lag_series(&world.store, project, from, to, now).await.unwrap()
}

#[tokio::test]
async fn an_hour_is_shown_minute_by_minute_as_it_was_measured() {
    let world = World::new().await;
    world.store.apply(&[spec_with_routes("shop", &[])], &[], START.start()).await.unwrap();
    let project = world.project("shop").await;
    world.record(project.routes[0].id, START, &("A".repeat(30) + "X" + &"A".repeat(29))).await;
    world.record(project.routes[1].id, START, &("L".repeat(20) + &"A".repeat(40))).await;
    let now = after(START.plus(60), 10);
    let series = read(&world, &project, START, START.plus(60), now).await;
    assert_eq!((series.step, series.all.len(), series.routes.len()), (1, 60, 3));
    let seconds = |index: usize, route: Option<usize>| {
        let points = route.map_or(&series.all, |route| &series.routes[route].points);
        let lags = points[index].lags;
        (lags.p50.map(|lag| lag.as_secs()), lags.p99.map(|lag| lag.as_secs()), lags.count, points[index].worst)
    };
    assert_eq!(seconds(0, Some(0)), (Some(2), Some(2), 1, Some(Outcome::Arrived)));
    assert_eq!(seconds(0, Some(1)), (Some(200), Some(200), 1, Some(Outcome::Late)));
    assert_eq!(seconds(0, Some(2)), (None, None, 0, Some(Outcome::NotSent)));
    assert_eq!(seconds(0, None), (Some(2), Some(200), 2, Some(Outcome::Late)));
    assert_eq!(seconds(30, Some(0)), (None, None, 0, Some(Outcome::Lost)));
    assert_eq!(seconds(30, None).3, Some(Outcome::Lost));
    let zoomed = read(&world, &project, START.plus(29), START.plus(32), now).await;
    assert_eq!(zoomed.all, series.all[29..32], "looked at more closely it is the same");
}

#[tokio::test]
async fn however_long_the_time_the_points_are_few_and_begin_at_whole_ones() {
    let world = World::new().await;
    world.store.apply(&[spec("shop")], &[], START.start()).await.unwrap();
    let project = world.project("shop").await;
    let now = after(START.plus(500 * 1440 + 7), 10);
    let to = now.minute().plus(1);
    for (minutes, step) in
        [(1, 1), (60, 1), (290, 1), (360, 2), (1440, 5), (26 * 60, 10), (7 * 1440, 60), (30 * 1440, 180), (90 * 1440, 480)]
    {
        let series = read(&world, &project, to.plus(-minutes), to, now).await;
        assert_eq!(series.step, step, "{minutes}");
        assert!(series.all.len() as i64 <= MAX_POINTS + 1, "{minutes}: {}", series.all.len());
        assert_eq!(series.from.index() % step, 0);
        assert!(series.all.windows(2).all(|two| two[1].start == two[0].start.plus(step)));
        assert!(series.all.last().unwrap().start < to && series.all[0].start <= to.plus(-minutes));
    }
    let never = read(&world, &project, to.plus(-5000 * 1440), to.plus(90), now).await;
    assert_eq!((never.step, never.to), (2880, to), "nobody sees further than now, nor further back than anything is kept");
}

#[tokio::test]
async fn weeks_come_from_hours_and_from_the_beats_behind_them() {
    let world = World::new().await;
    world.store.apply(&[spec("shop")], &[], START.start()).await.unwrap();
    let project = world.project("shop").await;
    let route = project.routes[0].id;
    let minutes = 16 * 1440;
    let beats: Vec<Recorded> = (0..minutes)
        .filter_map(|at| {
            let late = Duration::from_secs(if at < 8 * 1440 { 2 } else { 40 });
            beat(route, START.plus(at), if at == 100 { 'X' } else { 'A' })
                .map(|beat| Recorded { ingested: beat.ingested.and(beat.sent).map(|sent| sent.plus(late)), ..beat })
        })
        .collect();
    world.store.record(&beats, &[]).await.unwrap();
    let now = after(START.plus(minutes), 10);
    let before = read(&world, &project, START, START.plus(minutes), now).await;
    aggregate_due(&world.store, now, Retention::default()).await.unwrap();
    assert!(world.store.next_beat(START).await.unwrap() >= Some(START.plus(2 * 1440)), "two weeks of beats are left");
    assert!(world.store.summed_up().await.unwrap() > Some(START.plus(14 * 1440)));
    let series = read(&world, &project, START, START.plus(minutes), now).await;
    assert_eq!((series.step, series.all.len()), (120, 192));
    assert_eq!(series.all.iter().map(|point| point.lags.count).sum::<u64>(), minutes as u64 - 1, "each is counted once");
    assert_eq!(series.all[0].worst, Some(Outcome::Lost));
    assert_eq!(series.all.iter().filter(|point| point.worst == Some(Outcome::Arrived)).count(), 191);
    for (point, measured) in series.all.iter().zip(&before.all) {
        let (told, true_one) = (point.lags.p95.unwrap().as_secs_f64(), measured.lags.p95.unwrap().as_secs_f64());
        assert!((told / true_one - 1.0).abs() < 0.041, "{told} for {true_one}");
    }
    // An hour of which no minute is left is shown as an hour.
    let old = read(&world, &project, START.plus(90), START.plus(150), now).await;
    assert_eq!((old.step, old.from, old.all[0].lags.count), (60, START.plus(60), 59));
}
