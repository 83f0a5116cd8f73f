//! Records that can make a rule hold: found by their own indexes, for many projects in one trip.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use heartbeat::model::{
    Findings, Incident, IncidentKind, Minute, Outcome, Project, QuotaLimit, Readback, ReadbackError, ReadbackErrorKind, ReadbackSample,
    Recorded, ResponseExcerpt, RouteId, Timestamp, Traffic,
};
use heartbeat::store::Store;

use super::bed::Bed;
use super::samples::{START, at, incident, open_incident, readback, set_up, spec, spec_with_routes};

over_both!(
    every_beat_is_either_ordinary_or_found,
    every_sample_is_either_ordinary_or_found,
    incidents_are_found_while_they_are_open_and_some_time_after,
    many_that_ask_at_once_get_what_each_gets_alone,
    a_damaged_record_of_one_project_hides_no_other,
);

async fn unusual_beats(store: &Store, project: &Project, from: Minute) -> Vec<Recorded> {
    let routes: Vec<RouteId> = project.routes.iter().map(|route| route.id).collect();
    store.unusual(project.id, &routes, from, START.start()).await.unwrap().beats
}

/// All outcomes with all statuses and lags on each side of the limits.
async fn every_beat_is_either_ordinary_or_found(bed: Bed) {
    let store = bed.open().await;
    let project = set_up(&store, spec("one")).await;
    let mut beats = Vec::new();
    for outcome in Outcome::ALL {
        for status in [None, Some(0), Some(199), Some(200), Some(204), Some(299), Some(300), Some(503)] {
            for sent in [None, Some(-5), Some(0), Some(44_999)] {
                for lag in [None, Some(-60_001), Some(-1), Some(0), Some(59_999), Some(60_000), Some(60_001), Some(86_400_000)] {
                    let minute = START.plus(beats.len() as i64);
                    let after = |after_ms: i64| at(minute, after_ms);
                    let ingested = lag.map(|lag| after(sent.unwrap_or(0) + lag));
                    let blank = Recorded::blank(project.routes[0].id, minute);
                    beats.push(Recorded { outcome, status, sent: sent.map(after), ingested, tries: 1, ..blank });
                }
            }
        }
    }
    store.record(&beats, &[]).await.unwrap();
    for from in [START, START.plus(700)] {
        let expected: Vec<Recorded> = beats.iter().filter(|beat| beat.minute >= from && !beat.is_ordinary()).cloned().collect();
        assert_eq!(unusual_beats(&store, &project, from).await, expected);
        assert!(expected.len() > 100 && expected.len() < beats.len() - 100, "{}", expected.len());
    }
}

async fn every_sample_is_either_ordinary_or_found(bed: Bed) {
    let store = bed.open().await;
    let project = set_up(&store, spec("one")).await;
    let mut samples = Vec::new();
    let traffic = [(0, 0), (0, 1), (1, 0), (5, 7)].map(|(others, watched)| Ok(Traffic { others, watched, ..Traffic::default() }));
    for result in traffic.into_iter().chain(ReadbackErrorKind::ALL.map(Err)) {
        for (used, limited) in [(None, false), (None, true), (Some(0), false), (Some(50), false), (Some(51), false), (Some(3), true)] {
            let at = at(START.plus(samples.len() as i64), 20_000);
            let quota = Some(QuotaLimit { asked_ms: 1, used, limit: Some(100), limited });
            let failure = |kind| ReadbackError { kind, excerpt: ResponseExcerpt::default(), retry_after: None, note: None };
            let made =
                Readback { result: result.map_err(failure), findings: Findings { quota, ..Findings::default() }, ..readback(&project, at) };
            store.settle(&made, &[], &[]).await.unwrap();
            samples.push(ReadbackSample::of(&made));
        }
    }
    for from in [START, START.plus(7)] {
        let found = store.unusual(project.id, &[], from, START.start()).await.unwrap().samples;
        let expected: Vec<ReadbackSample> =
            samples.iter().filter(|sample| sample.at.minute() >= from && !sample.is_ordinary()).copied().collect();
        assert_eq!(found, expected);
        assert!(expected.len() < samples.len() - 8, "{}", expected.len());
    }
}

async fn incidents_are_found_while_they_are_open_and_some_time_after(bed: Bed) {
    let store = bed.open().await;
    let (one, two) = (set_up(&store, spec("one")).await, set_up(&store, spec("two")).await);
    let since = START.plus(100).start();
    let closed = |kind, opened: i64, closed: Timestamp| Incident { closed: Some(closed), ..incident(&one, kind, opened) };
    let long_over = open_incident(&store, closed(IncidentKind::Ingestion, 1, since.minus(Duration::from_millis(1)))).await;
    let over = open_incident(&store, closed(IncidentKind::Ingestion, 2, since)).await;
    let open = open_incident(&store, incident(&one, IncidentKind::Monitoring, 3)).await;
    let other = open_incident(&store, incident(&two, IncidentKind::Traffic, 4)).await;
    let found = async |project: &Project, since| {
        let mut found = store.unusual(project.id, &[], START, since).await.unwrap().incidents;
        found.sort_by_key(|incident| incident.opened);
        found
    };
    assert_eq!(found(&one, since).await, [over.clone(), open.clone()]);
    assert_eq!(found(&one, START.start()).await, [long_over, over, open]);
    assert_eq!(found(&two, since).await, [other]);
}

/// Sixty projects, each with other records and another minute from which on it asks.
async fn many_that_ask_at_once_get_what_each_gets_alone(bed: Bed) {
    let store = bed.open().await;
    let specs: Vec<_> = (0..60).map(|number| spec_with_routes(&format!("p{number:02}"), &["proxy"])).collect();
    store.apply(&specs, &[], START.start()).await.unwrap();
    let projects = store.projects().await.unwrap();
    let mut beats = Vec::new();
    for (place, project) in (0_i64..).zip(&projects) {
        for route in &project.routes {
            for minute in (0..20).filter(|minute| (minute * 7 + place * 3 + route.id.0) % 4 < 2) {
                let minute = START.plus(minute);
                let outcome = Outcome::ALL[((minute.index() + place) % 8).unsigned_abs() as usize];
                beats.push(Recorded { outcome, sent: Some(at(minute, 1)), ..Recorded::blank(route.id, minute) });
            }
        }
        let traffic = Traffic { watched: (place % 2).unsigned_abs(), ..Traffic::default() };
        store.settle(&Readback { result: Ok(traffic), ..readback(project, at(START.plus(place % 20), 1)) }, &[], &[]).await.unwrap();
        if place % 3 == 0 {
            open_incident(&store, incident(project, IncidentKind::Ingestion, place)).await;
        }
    }
    store.record(&beats, &[]).await.unwrap();
    let ask = |place: usize| {
        let (store, project) = (Arc::clone(&store), projects[place].clone());
        let routes: Vec<RouteId> = project.routes.iter().map(|route| route.id).collect();
        async move { store.unusual(project.id, &routes, START.plus(place as i64 % 15), START.start()).await.unwrap() }
    };
    let together = join_all((0..projects.len()).map(ask)).await;
    for (place, found) in together.into_iter().enumerate() {
        let alone = ask(place).await;
        assert_eq!((found.beats, found.samples, found.incidents), (alone.beats, alone.samples, alone.incidents), "{place}");
    }
}

async fn a_damaged_record_of_one_project_hides_no_other(bed: Bed) {
    let store = bed.open().await;
    let (one, two) = (set_up(&store, spec("one")).await, set_up(&store, spec("two")).await);
    let lost = |project: &Project| Recorded { outcome: Outcome::Lost, ..Recorded::blank(project.routes[0].id, START) };
    store.record(&[lost(&one), lost(&two)], &[]).await.unwrap();
    bed.execute(&format!("UPDATE beats SET tries = 1000 WHERE route = {}", one.routes[0].id.0)).await;
    let ask = |project: &Project| {
        let (store, id, routes) = (Arc::clone(&store), project.id, [project.routes[0].id]);
        async move { store.unusual(id, &routes, START, START.start()).await }
    };
    let found = join_all([&one, &two, &one, &two].map(ask)).await;
    for (place, found) in found.into_iter().enumerate() {
        if place % 2 == 0 {
            assert!(found.unwrap_err().to_string().contains("cannot be read"));
        } else {
            assert_eq!(found.unwrap().beats, [lost(&two)]);
        }
    }
}
