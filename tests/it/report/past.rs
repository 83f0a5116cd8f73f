//! What is said from one reading is what the separate readings say.

use std::sync::Arc;
use std::time::Duration;

use heartbeat::model::{IncidentKind, Project, Retention, Timestamp};
use heartbeat::report::{DAYS, Past, briefs, briefs_with_days, days, lag_series, report, routes};
use heartbeat::retention::aggregate_due;
use proptest::prelude::*;

use super::world::{START, World, after};
use crate::store::samples::{incident, open_incident, readback, spec, spec_with_routes};
use crate::support::examples::examples;

/// How far back the page shows lags: an hour, a day, a week, a month, 90 days.
const RANGES: [i64; 5] = [60, 1440, 7 * 1440, 30 * 1440, 90 * 1440];

async fn says_the_same(world: &World, project: &Arc<Project>, now: Timestamp) {
    let readback = readback(project, now);
    let whole = report(&world.store, Arc::clone(project), Some(readback.clone()), now).await.unwrap();
    let each = routes(&world.store, project, Some(&readback), now).await.unwrap();
    let days = days(&world.store, std::slice::from_ref(project), now).await.unwrap();
    let to = now.minute().plus(1);
    for minutes in RANGES {
        let past = Past::read(&world.store, Arc::clone(project), now, minutes).await.unwrap();
        assert_eq!(format!("{:?}", past.report(Some(readback.clone()))), format!("{whole:?}"));
        assert_eq!(format!("{:?}", past.routes(Some(&readback))), format!("{each:?}"));
        assert_eq!(past.days(), days, "with the lags of {minutes} minutes");
        let alone = lag_series(&world.store, project, to.plus(-minutes), to, now).await.unwrap();
        assert_eq!(past.lags(), alone, "{minutes} minutes");
    }
}

proptest! {
    #![proptest_config(examples(6))]

    #[test]
    fn one_reading_says_what_many_say(
        runs in prop::collection::vec((prop::sample::select(vec!['A', 'L', 'X', 'R', '?', '_', 'W']), 1_usize..300), 1..20), late in 0_i64..300,
    ) {
        let letters: String = runs.iter().map(|(letter, length)| letter.to_string().repeat(*length)).collect();
        let letters: String = letters.chars().cycle().take(3 * 1440).collect();
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
            let (world, project) = World::with_shop(&letters).await;
            let now = after(START.plus(3 * 1440 + late), 20);
            says_the_same(&world, &project, now).await;
            // Half of it summed up; then all but the last day in hours alone.
            aggregate_due(&world.store, now, Retention::default()).await.unwrap();
            says_the_same(&world, &project, now).await;
            let short = Retention { beats: Duration::from_hours(30), ..Retention::default() };
            aggregate_due(&world.store, now, short).await.unwrap();
            says_the_same(&world, &project, now).await;
            says_the_same(&world, &project, now.plus(Duration::from_hours(80 * 24))).await;
        });
    }
}

#[tokio::test]
async fn summaries_with_days_are_those_of_each_alone() {
    let world = World::new().await;
    world.store.apply(&[spec("one"), spec_with_routes("two", &[])], &[], START.start()).await.unwrap();
    let both = [world.project("two").await, world.project("one").await];
    for (project, letters) in both.iter().zip(["A".repeat(2000), "X".repeat(700) + &"L".repeat(1500)]) {
        for route in &project.routes {
            world.record(route.id, START, &letters).await;
        }
        open_incident(&world.store, incident(project, IncidentKind::Ingestion, 3)).await;
    }
    let now = after(START.plus(2100), 5);
    for round in 0..2 {
        let each = briefs_with_days(&world.store, &both, &[], now).await.unwrap();
        let alone = briefs(&world.store, &both, &[], now).await.unwrap();
        for ((project, alone), (brief, told)) in both.iter().zip(alone).zip(&each) {
            assert_eq!(format!("{brief:?}"), format!("{alone:?}"));
            assert_eq!(told, &days(&world.store, std::slice::from_ref(project), now).await.unwrap());
        }
        assert_ne!(each[0].1, each[1].1);
        assert_eq!(each[0].1.days[DAYS - 1].ends.seen() + each[0].1.days[DAYS - 2].ends.seen(), 3 * 2000, "{round}");
        aggregate_due(&world.store, now, Retention::default()).await.unwrap();
    }
}
