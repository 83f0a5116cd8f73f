//! What is read for the page alone.

use heartbeat::model::{Entry, EntryKind, Incident, IncidentKind, Minute, NotificationKind, NotificationState, Outcome, RouteId, Settled};
use heartbeat::store::Reach;

use super::bed::Bed;
use super::samples::{
    START, at, awaiting, entry, incident, name, notification, open_incident, queues, readback, seen, set_up, set_up_channel, spec,
    spec_with_routes, webhook,
};

async fn the_newest_beat_that_was_seen_is_found_within_its_reach(bed: Bed) {
    let store = bed.open().await;
    let project = set_up(&store, spec_with_routes("shop", &[])).await;
    let [one, other, bare] = [0, 1, 2].map(|at| project.routes[at].id);
    let beats: Vec<_> =
        [one, other].into_iter().flat_map(|route| START.until(START.plus(40)).map(move |minute| awaiting(route, minute))).collect();
    store.record(&beats, &[]).await.unwrap();
    let settled: Vec<Settled> = beats
        .iter()
        .filter(|beat| beat.route == one && [3, 10, 30].contains(&(beat.minute.index() - START.index())) || beat.minute == START.plus(5))
        .map(|beat| seen(beat, if beat.minute == START.plus(10) { Outcome::Late } else { Outcome::Arrived }, 90_000))
        .collect();
    store.settle(&readback(&project, at(START.plus(40), 0)), &settled, &[]).await.unwrap();
    let reach = |route: RouteId, from: i64, to: i64| Reach { route, from: START.plus(from), to: START.plus(to) };
    let found = async |reaches: &[Reach]| -> Vec<(RouteId, i64)> {
        let found = store.newest_seen(reaches).await.unwrap();
        found.iter().map(|beat| (beat.route, beat.minute.index() - START.index())).collect()
    };
    assert_eq!(found(&[]).await, []);
    assert_eq!(found(&[reach(one, 0, 40)]).await, [(one, 30)]);
    assert_eq!(found(&[reach(one, -5000, 90_000)]).await, [(one, 30)], "nobody walks through minutes of which nothing is on record");
    assert_eq!(found(&[reach(one, 0, 30), reach(other, 0, 30), reach(bare, 0, 30)]).await, [(other, 5), (one, 10)]);
    assert_eq!(found(&[reach(one, 11, 30), reach(one, 0, 4), reach(one, 0, 5)]).await, [(one, 3)], "and one found twice is told once");
    assert_eq!(found(&[reach(one, 20, 20), reach(one, 20, 10)]).await, []);
    let whole = store.newest_seen(&[reach(one, 0, 40)]).await.unwrap();
    assert_eq!(whole, store.beats(&[one], START.plus(30), START.plus(31)).await.unwrap());
}

async fn timelines_and_notifications_are_read_for_a_whole_project(bed: Bed) {
    let store = bed.open().await;
    let (project, another) = (set_up(&store, spec("shop")).await, set_up(&store, spec("other")).await);
    let channel = set_up_channel(&store, webhook("ops")).await;
    let first = Incident { closed: Some(at(START, 600_000)), ..incident(&project, IncidentKind::Ingestion, 0) };
    let said = |minute: i64, kind, words: &str| Entry { at: at(START.plus(minute), 0), ..entry(kind, words) };
    let entries = [said(0, EntryKind::Opened, "it began"), said(9, EntryKind::Cause, "another"), said(10, EntryKind::Closed, "over")];
    let queued =
        [notification(channel.id, &first, NotificationKind::Opened, 0), notification(channel.id, &first, NotificationKind::Resolved, 0)];
    store.write_incident(&first, &entries, &queues(&queued)).await.unwrap();
    let second = incident(&project, IncidentKind::Monitoring, 5);
    let blind = store.write_incident(&second, &[said(5, EntryKind::Opened, "cannot look")], &queues(&[])).await.unwrap().unwrap();
    let elsewhere = incident(&another, IncidentKind::Ingestion, 3);
    store.write_incident(&elsewhere, &[said(3, EntryKind::Opened, "elsewhere")], &queues(&[])).await.unwrap();

    let words = async |from: Minute, to: Minute| -> Vec<String> {
        let found = store.entries_between(project.id, from.start(), to.start()).await.unwrap();
        found.into_iter().map(|(_, _, entry)| entry.words).collect()
    };
    assert_eq!(words(START, START.plus(60)).await, ["it began", "cannot look", "another", "over"]);
    assert_eq!(words(START.plus(1), START.plus(9)).await, ["cannot look"]);
    let found = store.entries_between(project.id, START.plus(5).start(), START.plus(6).start()).await.unwrap();
    assert_eq!(found.iter().map(|(id, incident_kind, _)| (*id, *incident_kind)).collect::<Vec<_>>(), [(blind, IncidentKind::Monitoring)]);

    let mut taken = store.lease(at(START, 0), at(START, 1), 1).await.unwrap().remove(0);
    (taken.state, taken.ended) = (NotificationState::Sent, Some(at(START, 0)));
    store.mark(&[taken], &[], &[]).await.unwrap();
    let told = store.notification_counts(project.id, START.start()).await.unwrap();
    assert_eq!(
        (told.get(&NotificationState::Sent), told.get(&NotificationState::Queued), told.get(&NotificationState::Failed)),
        (Some(&1), Some(&1), None)
    );
    assert!(store.notification_counts(project.id, START.plus(1).start()).await.unwrap().is_empty());
    assert!(store.notification_counts(another.id, START.start()).await.unwrap().is_empty());
}

async fn open_incidents_are_those_of_the_projects_that_were_asked_for(bed: Bed) {
    let store = bed.open().await;
    let mut projects = Vec::new();
    for text in ["one", "two", "three"] {
        projects.push(set_up(&store, spec(text)).await);
    }
    open_incident(&store, incident(&projects[0], IncidentKind::Ingestion, 1)).await;
    open_incident(&store, incident(&projects[1], IncidentKind::Ingestion, 3)).await;
    open_incident(&store, incident(&projects[1], IncidentKind::Monitoring, 2)).await;
    open_incident(&store, Incident { closed: Some(at(START, 90_000)), ..incident(&projects[2], IncidentKind::Monitoring, 1) }).await;
    let ids: Vec<_> = projects.iter().map(|project| project.id).collect();
    let found = store.open_incidents_of(&ids[1..]).await.unwrap();
    let told: Vec<_> = found.iter().map(|incident| (incident.project_name.clone(), incident.incident_kind)).collect();
    assert_eq!(told, [(name("two"), IncidentKind::Ingestion), (name("two"), IncidentKind::Monitoring)]);
    assert!(store.open_incidents_of(&[]).await.unwrap().is_empty());
}

async fn readbacks_are_counted(bed: Bed) {
    use heartbeat::model::{Readback, ReadbackError, ReadbackErrorKind, ResponseExcerpt};
    let store = bed.open().await;
    let (project, another) = (set_up(&store, spec("shop")).await, set_up(&store, spec("other")).await);
    for minute in 0..10 {
        let made = readback(&project, at(START.plus(minute), 30_000));
        let failure =
            ReadbackError { kind: ReadbackErrorKind::Throttled, excerpt: ResponseExcerpt::default(), retry_after: None, note: None };
        let made = if minute % 4 == 0 { Readback { result: Err(failure), ..made } } else { made };
        store.settle(&made, &[], &[]).await.unwrap();
        store.settle(&readback(&another, at(START.plus(minute), 30_000)), &[], &[]).await.unwrap();
    }
    assert_eq!(store.readback_counts(project.id, START, START.plus(60)).await.unwrap(), (10, 3));
    assert_eq!(store.readback_counts(project.id, START.plus(1), START.plus(5)).await.unwrap(), (4, 1));
    assert_eq!(store.readback_counts(project.id, START.plus(50), START.plus(60)).await.unwrap(), (0, 0));
}

over_both!(
    the_newest_beat_that_was_seen_is_found_within_its_reach,
    timelines_and_notifications_are_read_for_a_whole_project,
    open_incidents_are_those_of_the_projects_that_were_asked_for,
    readbacks_are_counted,
);
