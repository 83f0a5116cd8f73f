//! What read-backs have to ask for, for many projects in one trip.

use std::sync::Arc;

use futures_util::future::join_all;
use heartbeat::model::{Outcome, Recorded, RouteId};

use super::bed::Bed;
use super::samples::{START, at, awaiting, readback, spec_with_routes};

over_both!(many_that_ask_at_once_get_their_own_beats_and_gaps);

/// Each project asks for another range: short ones side by side, the same long one, and one that is empty.
async fn many_that_ask_at_once_get_their_own_beats_and_gaps(bed: Bed) {
    let store = bed.open().await;
    let specs: Vec<_> = (0..40).map(|number| spec_with_routes(&format!("p{number:02}"), &["proxy"])).collect();
    store.apply(&specs, &[], START.plus(3).start()).await.unwrap();
    let projects = store.projects().await.unwrap();
    let mut beats = Vec::new();
    for (place, project) in (0_i64..).zip(&projects) {
        for route in &project.routes {
            for minute in (0..60).filter(|minute| (minute * 7 + place * 3 + route.id.0) % 5 < 3) {
                let outcome = if (minute + place) % 3 == 0 { Outcome::Arrived } else { Outcome::Awaiting };
                let minute = START.plus(minute);
                beats.push(Recorded { outcome, sent: Some(at(minute, 1)), ..awaiting(route.id, minute) });
            }
        }
    }
    store.record(&beats, &[]).await.unwrap();
    for (place, project) in (0..).zip(&projects).filter(|(place, _)| place % 3 > 0) {
        store.settle(&readback(project, at(START.plus(60), place)), &[], &[]).await.unwrap();
    }
    let ranges = [(0, 60), (58, 60), (57, 59), (0, 60), (30, 33), (20, 20), (-2000, 60), (59, 60)];
    let asked = |place: usize| {
        let (from, to) = ranges[place % ranges.len()];
        let routes: Vec<RouteId> = projects[place].routes.iter().map(|route| route.id).collect();
        (routes, START.plus(place as i64 % 50), START.plus(from), START.plus(to))
    };
    let together = (0..projects.len()).map(|place| {
        let (store, (routes, since, from, to)) = (Arc::clone(&store), asked(place));
        let project = projects[place].id;
        async move { store.unsettled(project, &routes, since, from, to).await.unwrap() }
    });
    for (place, found) in join_all(together).await.into_iter().enumerate() {
        let (routes, since, from, to) = asked(place);
        assert_eq!(found.last, store.readback(projects[place].id).await.unwrap(), "{place}");
        assert_eq!(found.beats, store.open_beats(&routes, since).await.unwrap(), "{place}");
        assert_eq!(found.gaps, store.gaps(&routes, from, to).await.unwrap(), "{place}");
        assert!(!found.beats.is_empty() && found.gaps.is_empty() == (from == to) && found.last.is_some() == (place % 3 > 0), "{place}");
    }
}
