//! Days: what the last 90 of them held.

use std::sync::Arc;
use std::time::Duration;

use heartbeat::model::{
    HeartbeatApp, Hour, Incident, IncidentKind, Minute, Outcome, Project, ProjectSpec, Retention, RouteId, Settled, Timestamp,
};
use heartbeat::report::{DAYS, Days, days};
use heartbeat::retention::aggregate_due;
use heartbeat::store::{RouteSpan, Store};
use proptest::prelude::*;

use super::world::{START, World, after};
use crate::store::samples::{incident, open_incident, readback, spec, spec_with_routes};
use crate::support::examples::examples;

async fn read(world: &World, projects: &[Arc<Project>], now: Timestamp) -> Days {
    days(&world.store, projects, now).await.unwrap()
}

#[tokio::test]
async fn a_day_counts_what_arrived_and_what_did_not_and_leaves_out_what_is_ours() {
    let world = World::new().await;
    world.store.apply(&[spec("shop")], &[], START.start()).await.unwrap();
    let project = world.project("shop").await;
    // A day and a half: on the first, 6 lost, 4 rejected, 10 late, 20 of which nothing is on record, 5 unverified.
    let first = format!("{}{}{}{}{}{}", "X".repeat(6), "R".repeat(4), "L".repeat(10), "_".repeat(20), "?".repeat(5), "A".repeat(1395));
    world.record(project.routes[0].id, START, &(first + &"A".repeat(719) + ".")).await;
    let now = after(START.plus(1440 + 719), 30);
    let told = read(&world, &[Arc::clone(&project)], now).await;
    assert_eq!((told.days.len(), told.days[DAYS - 1].start, told.days[0].start), (DAYS, START.plus(1440), START.plus(1440 - 89 * 1440)));
    let (yesterday, today) = (told.days[DAYS - 2].ends, told.days[DAYS - 1].ends);
    let of = |outcome| yesterday.of(outcome);
    assert_eq!(
        (of(Outcome::Lost), of(Outcome::Rejected), of(Outcome::Late), of(Outcome::NotSent), of(Outcome::Unverified)),
        (6, 4, 10, 20, 5)
    );
    assert_eq!(yesterday.share(), Some(1405.0 / 1415.0));
    assert_eq!((today.of(Outcome::Arrived), today.of(Outcome::Awaiting), today.of(Outcome::NotSent)), (719, 1, 0));
    assert_eq!(told.days[DAYS - 3].ends.share(), None, "nothing was due");
    assert_eq!(told.uptime.last_24_hours, Some(1.0), "what failed yesterday is older than 24 hours");
    assert_eq!(told.last_24_hours.sent(), 1440);
    assert_eq!((told.since_within_days(DAYS), told.since_within_days(2), told.since_within_24_hours()), (Some(START), None, None));
    for share in [told.uptime.last_7_days, told.uptime.last_30_days, told.uptime.last_90_days] {
        assert_eq!(share, Some(2124.0 / 2134.0));
    }
}

#[tokio::test]
async fn an_incident_is_shown_on_each_day_on_which_it_was_open() {
    let world = World::new().await;
    world.store.apply(&[spec("shop")], &[], START.start()).await.unwrap();
    let project = world.project("shop").await;
    let midnight = |day: i64| START.plus(day * 1440).start();
    let hours = |count| Duration::from_hours(count);
    // `incident` counts minutes from the samples' own beginning: these are set by hand.
    let from = |opened, closed| Incident { opened, closed, ..incident(&project, IncidentKind::Ingestion, 0) };
    open_incident(&world.store, from(midnight(2).minus(hours(3)), Some(midnight(3).plus(hours(1))))).await;
    let blind = Incident { incident_kind: IncidentKind::Monitoring, ..from(midnight(4).plus(hours(2)), None) };
    open_incident(&world.store, blind).await;
    let told = read(&world, &[project], midnight(4).plus(hours(5))).await;
    let open: Vec<Duration> = told.days[DAYS - 5..].iter().map(|day| day.incident(IncidentKind::Ingestion)).collect();
    assert_eq!(open, [Duration::ZERO, hours(3), hours(24), hours(1), Duration::ZERO]);
    assert_eq!(told.days[DAYS - 1].incident(IncidentKind::Monitoring), hours(3));
    assert_eq!(told.days.iter().filter(|day| day.had_incident()).count(), 4);
}

#[tokio::test]
async fn hours_say_what_is_older_than_every_beat_whichever_node_aggregated_them() {
    let world = World::new().await;
    world.store.apply(&[spec("shop")], &[], START.start()).await.unwrap();
    let project = world.project("shop").await;
    world.record(project.routes[0].id, START, &"A".repeat(90)).await;
    let beats = world.store.beats(&[project.routes[0].id], START, START.plus(60)).await.unwrap();
    let hour = Hour::fold(project.routes[0].id, START, &beats);
    world.store.fold(START, RouteSpan::default(), &[hour]).await.unwrap();
    assert_eq!(world.store.summed_up().await.unwrap(), None);
    let told = read(&world, &[project], START.plus(90).start()).await;
    assert_eq!(told.last_24_hours.of(Outcome::Arrived), 90);
}

#[tokio::test]
async fn several_projects_are_counted_together_each_from_its_own_beginning() {
    let world = World::new().await;
    world.store.apply(&[spec("one")], &[], START.start()).await.unwrap();
    world.store.apply(&[spec_with_routes("two", &[])], &[], START.plus(600).start()).await.unwrap();
    let both = [world.project("one").await, world.project("two").await];
    let told = read(&world, &both, START.plus(1440).start()).await;
    assert_eq!(told.days[DAYS - 2].ends.of(Outcome::NotSent), 1440 + 3 * 840);
    assert_eq!(told.last_24_hours.of(Outcome::NotSent), 1439 + 3 * 840);
    assert_eq!(told.uptime.last_90_days, None, "nothing was sent: that is ours");
}

/// Sums up the hour that starts at `start`, and leaves its beats where they are, as long as they are kept.
async fn sum_up(world: &World, project: &Project, start: Minute) {
    let routes: Vec<_> = project.routes.iter().map(|route| route.id).collect();
    let beats = world.store.beats(&routes, start, start.plus(60)).await.unwrap();
    let hours: Vec<Hour> = routes.iter().map(|route| Hour::fold(*route, start, &beats)).collect();
    world.store.sum_up(&hours, Some(start.plus(60))).await.unwrap();
}

proptest! {
    #![proptest_config(examples(8))]

    #[test]
    fn days_are_the_same_from_beats_from_hours_and_from_both(
        runs in prop::collection::vec((prop::sample::select(vec!['A', 'L', 'X', 'R', '?', '_']), 1_usize..400), 1..20), summed_up in 0_i64..60, late in 0_i64..3,
    ) {
        let letters: String = runs.iter().map(|(letter, length)| letter.to_string().repeat(*length)).collect();
        let letters: String = letters.chars().take(3 * 1440).collect();
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
            let (world, project) = World::with_shop(&letters).await;
            let now = after(START.plus(3 * 1440 + 17), 20);
            let from_beats = read(&world, &[Arc::clone(&project)], now).await;
            for hour in 0..summed_up {
                sum_up(&world, &project, START.plus(hour * 60)).await;
            }
            let from_both = read(&world, &[Arc::clone(&project)], now).await;
            prop_assert_eq!(&from_both, &from_beats);
            // One that is summed up before it is over says nothing yet.
            world.store.sum_up(&[Hour::fold(project.routes[0].id, START.plus(71 * 60), &[])], None).await.unwrap();
            prop_assert_eq!(&read(&world, &[Arc::clone(&project)], now).await, &from_beats);
            // Weeks later beats are gone, and the days are what they were.
            let retention = Retention::default();
            let later = now.plus(retention.beats).plus(Duration::from_hours(26 + late as u64));
            aggregate_due(&world.store, later, retention).await.unwrap();
            let routes: Vec<_> = project.routes.iter().map(|route| route.id).collect();
            prop_assert!(world.store.beats(&routes, START, START.plus(2 * 1440)).await.unwrap().is_empty());
            let from_hours = read(&world, &[Arc::clone(&project)], now).await;
            prop_assert_eq!(&from_hours, &from_beats);
            Ok(())
        })?;
    }
}

/// Applies the same changes to a store that aggregates and to one that does not.
struct Both {
    aggregating: World,
    plain: World,
}

impl Both {
    async fn new() -> Self {
        Self { aggregating: World::new().await, plain: World::new().await }
    }

    fn each(&self) -> [&World; 2] {
        [&self.aggregating, &self.plain]
    }

    async fn apply(&self, spec: &ProjectSpec, at: Timestamp) {
        for world in self.each() {
            world.store.apply(std::slice::from_ref(spec), &[], at).await.unwrap();
        }
    }

    /// The days of the aggregating store are the same with and without counted days.
    async fn days(&self, now: Timestamp) -> Days {
        let (store, project) = (&self.aggregating.store, self.aggregating.project("shop").await);
        let days = read(&self.aggregating, &[Arc::clone(&project)], now).await;
        let without = without_counted_days(store, async || read(&self.aggregating, &[Arc::clone(&project)], now).await).await;
        assert_eq!(days, without, "from days and from hours");
        days
    }

    async fn days_of_beats(&self, now: Timestamp) -> Days {
        read(&self.plain, &[self.plain.project("shop").await], now).await
    }
}

async fn without_counted_days<T>(store: &Store, then: impl AsyncFnOnce() -> T) -> T {
    let to = store.aggregated().await.unwrap().days_to;
    store.set_days_to(Minute::from_index(0)).await.unwrap();
    let result = then().await;
    store.set_days_to(to).await.unwrap();
    result
}

/// A beat that was not seen by then arrives after all.
fn seen_late(route: RouteId, minute: Minute) -> Settled {
    let at = |seconds| Some(after(minute, seconds));
    Settled { route, minute, outcome: Outcome::Late, missed: None, seen: at(80_000), ingested: at(79_000), copies: 3 }
}

proptest! {
    #![proptest_config(examples(3))]

    #[test]
    fn counted_days_say_what_hours_and_beats_say(
        runs in prop::collection::vec((prop::sample::select(vec!['A', 'A', 'A', 'A', 'L', 'X', 'R', '?', '_', 's']), 1_usize..700), 3..24),
        begins in 0_i64..1440, off in 0_i64..4000, off_for in 0_i64..700, added in 0_i64..3000, late in 0_i64..1440,
        changed in prop::collection::vec(0_i64..5760, 0..12), cut in 0_u64..100,
    ) {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
            let both = Both::new().await;
            let shop = spec_with_routes("shop", &[]);
            let begin = START.plus(begins);
            both.apply(&shop, after(begin, 11)).await;
            let disabled = HeartbeatApp { enabled: false, ..shop.heartbeat.clone().unwrap() };
            both.apply(&ProjectSpec { heartbeat: Some(disabled), ..shop.clone() }, after(begin.plus(off), 7)).await;
            both.apply(&shop, after(begin.plus(off + off_for), 9)).await;
            both.apply(&spec_with_routes("shop", &["own"]), after(begin.plus(added), 30)).await;
            for world in both.each() {
                // The same letters at another place on each route.
                let letters: String = runs.iter().map(|(letter, length)| letter.to_string().repeat(*length)).collect();
                for (at, route) in world.project("shop").await.routes.iter().enumerate() {
                    let from = route.since.minute();
                    let letters: String = letters.chars().cycle().skip(at * 500).take((START.plus(5760).index() - from.index()) as usize).collect();
                    world.record(route.id, from, &letters).await;
                }
            }
            let now = after(START.plus(5760 + late), 20);
            let hours = |count| Duration::from_hours(count);
            let store = &both.aggregating.store;
            let from_beats = both.days_of_beats(now).await;
            prop_assert_eq!(&both.days(now).await, &from_beats, "from beats alone");
            for age in [60, 30, 1, 0] {
                aggregate_due(store, now.minus(hours(age)), Retention::default()).await.unwrap();
                prop_assert_eq!(&both.days(now).await, &from_beats, "aggregated {} hours ago", age);
            }
            // Old beats change, and their hours are aggregated again when the beats are deleted.
            for world in both.each() {
                let project = world.project("shop").await;
                let route = project.routes[0].id;
                let minutes = changed.iter().map(|at| START.plus(*at)).filter(|minute| *minute > begin);
                let settled: Vec<Settled> = minutes.map(|minute| seen_late(route, minute)).collect();
                world.store.settle(&readback(&project, now), &settled, &[]).await.unwrap();
            }
            both.days(now).await;
            let retention = Retention::default();
            aggregate_due(store, now.plus(retention.beats).plus(hours(26)), retention).await.unwrap();
            prop_assert_eq!(store.oldest_beat().await.unwrap(), None);
            prop_assert_eq!(&both.days(now).await, &both.days_of_beats(now).await, "from days alone");
            // Hours are deleted, also in the middle of a day.
            let short = Retention { hours: hours(cut), ..retention };
            aggregate_due(store, now, short).await.unwrap();
            let rest = both.days(now).await;
            let cut = now.minus(short.hours).minute();
            prop_assert_eq!(rest.days.iter().filter(|day| day.start.plus(1440) <= cut).map(|day| day.ends.sent()).sum::<u32>(), 0);
            Ok(())
        })?;
    }
}
