//! Capture results, settling, and what is read of beats.

use heartbeat::model::{
    Evidence, EvidenceOf, IncidentKind, Minute, Obstacle, Outcome, Phase, Phases, Project, ReadbackError, ReadbackErrorKind, Recorded,
    RejectionReason, ResponseExcerpt, RouteId, Timestamp,
};
use heartbeat::store::{IncidentFilter, Store};

use super::bed::Bed;
use super::samples::{START, at, awaiting, incident, queues, readback, seen, set_up, spec, spec_with_routes, unverified};

over_both!(
    a_beat_comes_back_as_it_was_recorded,
    a_capture_result_written_again_replaces_the_first,
    a_capture_result_after_the_arrival_leaves_the_arrival,
    an_arrival_without_a_capture_result_makes_a_row,
    a_beat_that_was_seen_stays_seen_by_the_first_look,
    more_copies_are_counted_and_fewer_are_not,
    a_lost_beat_is_found_later,
    not_sent_replaces_nothing,
    a_missed_look_is_remembered_until_a_later_one,
    open_beats_are_those_that_may_still_be_seen,
    one_call_may_hold_a_beat_twice,
    thousands_of_beats_go_in_and_come_out_in_order,
    gaps_begin_with_the_route,
    what_is_read_at_once_is_what_is_read_one_by_one,
    gaps_are_minutes_without_any_row,
    a_stretch_without_an_end_is_no_burden,
    odd_clocks_are_kept_as_they_were,
    evidence_comes_back_whole_and_only_once,
    nothing_of_a_call_that_fails_is_kept,
);

async fn one(store: &Store) -> (Project, RouteId) {
    let project = set_up(store, spec("one")).await;
    let route = project.routes[0].id;
    (project, route)
}

async fn beat(store: &Store, route: RouteId, minute: Minute) -> Recorded {
    let mut beats = store.beats(&[route], minute, minute.plus(1)).await.unwrap();
    assert_eq!(beats.len(), 1, "{beats:?}");
    beats.remove(0)
}

async fn a_beat_comes_back_as_it_was_recorded(bed: Bed) {
    let store = bed.open().await;
    let (_, route) = one(&store).await;
    let full = Recorded {
        route,
        minute: START,
        outcome: Outcome::Late,
        sent: Some(at(START, -3)),
        status: Some(u16::MAX),
        tries: u8::MAX,
        phases: Phases { dns_us: Some(u32::MAX), connect_us: Some(0), tls_us: Some(127), first_byte_us: Some(128) },
        missed: Some(at(START, 0)),
        seen: Some(at(START, 86_400_000 * 30)),
        ingested: Some(at(START, 1)),
        copies: u32::MAX,
    };
    let mut beats = vec![full];
    for (minute, outcome) in (1..).zip(Outcome::ALL) {
        beats.push(Recorded { outcome, ..Recorded::blank(route, START.plus(minute)) });
    }
    store.record(&beats, &[]).await.unwrap();
    assert_eq!(store.beats(&[route], START, START.plus(100)).await.unwrap(), beats);
    assert_eq!(store.recorded(START).await.unwrap(), [route]);
    assert_eq!(store.recorded(START.plus(50)).await.unwrap(), []);
    assert_eq!(store.oldest_beat().await.unwrap(), Some(START));
}

async fn a_capture_result_written_again_replaces_the_first(bed: Bed) {
    let store = bed.open().await;
    let (_, route) = one(&store).await;
    let first = Recorded { outcome: Outcome::Unreachable, status: None, tries: 3, phases: Phases::default(), ..awaiting(route, START) };
    store.record(&[first], &[]).await.unwrap();
    let again = Recorded { sent: Some(at(START, 40_000)), ..awaiting(route, START) };
    store.record(std::slice::from_ref(&again), &[]).await.unwrap();
    assert_eq!(beat(&store, route, START).await, again);
}

async fn a_capture_result_after_the_arrival_leaves_the_arrival(bed: Bed) {
    let store = bed.open().await;
    let (project, route) = one(&store).await;
    let capture_result = awaiting(route, START);
    let found = seen(&capture_result, Outcome::Arrived, 70_000);
    store.settle(&readback(&project, at(START, 70_000)), std::slice::from_ref(&found), &[]).await.unwrap();
    store.record(std::slice::from_ref(&capture_result), &[]).await.unwrap();
    let both = Recorded {
        outcome: Outcome::Arrived,
        missed: found.missed,
        seen: found.seen,
        ingested: found.ingested,
        copies: 1,
        ..capture_result
    };
    assert_eq!(beat(&store, route, START).await, both);
}

async fn an_arrival_without_a_capture_result_makes_a_row(bed: Bed) {
    let store = bed.open().await;
    let (project, route) = one(&store).await;
    let found = seen(&awaiting(route, START), Outcome::Late, 300_000);
    store.settle(&readback(&project, at(START, 300_000)), std::slice::from_ref(&found), &[]).await.unwrap();
    let row = Recorded {
        outcome: Outcome::Late,
        missed: found.missed,
        seen: found.seen,
        ingested: found.ingested,
        copies: 1,
        ..Recorded::blank(route, START)
    };
    assert_eq!(beat(&store, route, START).await, row);
}

async fn a_beat_that_was_seen_stays_seen_by_the_first_look(bed: Bed) {
    let store = bed.open().await;
    let (project, route) = one(&store).await;
    let capture_result = awaiting(route, START);
    store.record(std::slice::from_ref(&capture_result), &[]).await.unwrap();
    let readback = readback(&project, at(START, 70_000));
    store.settle(&readback, &[seen(&capture_result, Outcome::Arrived, 70_000)], &[]).await.unwrap();
    let first = beat(&store, route, START).await;
    for later in [
        seen(&capture_result, Outcome::Late, 600_000),
        unverified(&capture_result, Outcome::Lost, Some(900_000)),
        unverified(&capture_result, Outcome::Unverified, None),
        unverified(&capture_result, Outcome::Awaiting, Some(900_000)),
        unverified(&capture_result, Outcome::NotSent, None),
    ] {
        store.settle(&readback, std::slice::from_ref(&later), &[]).await.unwrap();
        assert_eq!(beat(&store, route, START).await, first, "after {later:?}");
    }
}

async fn more_copies_are_counted_and_fewer_are_not(bed: Bed) {
    let store = bed.open().await;
    let (project, route) = one(&store).await;
    let capture_result = awaiting(route, START);
    for (copies, expected) in [(1, 1), (3, 3), (2, 3)] {
        let found = heartbeat::model::Settled { copies, ..seen(&capture_result, Outcome::Arrived, 70_000) };
        store.settle(&readback(&project, at(START, 70_000)), &[found], &[]).await.unwrap();
        assert_eq!(beat(&store, route, START).await.copies, expected);
    }
}

async fn a_lost_beat_is_found_later(bed: Bed) {
    let store = bed.open().await;
    let (project, route) = one(&store).await;
    let capture_result = awaiting(route, START);
    store.record(std::slice::from_ref(&capture_result), &[]).await.unwrap();
    store
        .settle(&readback(&project, at(START, 1_000_000)), &[unverified(&capture_result, Outcome::Lost, Some(1_000_000))], &[])
        .await
        .unwrap();
    assert_eq!(beat(&store, route, START).await.outcome, Outcome::Lost);
    let found = seen(&capture_result, Outcome::Late, 2_000_000);
    store.settle(&readback(&project, at(START, 2_000_000)), std::slice::from_ref(&found), &[]).await.unwrap();
    let late = beat(&store, route, START).await;
    assert_eq!((late.outcome, late.seen, late.missed, late.ingested), (Outcome::Late, found.seen, found.missed, found.ingested));
    assert_eq!((late.sent, late.phases), (capture_result.sent, capture_result.phases));
}

async fn not_sent_replaces_nothing(bed: Bed) {
    let store = bed.open().await;
    let (project, route) = one(&store).await;
    let capture_result = awaiting(route, START);
    store.record(std::slice::from_ref(&capture_result), &[]).await.unwrap();
    store.settle(&readback(&project, at(START, 70_000)), &[unverified(&capture_result, Outcome::NotSent, None)], &[]).await.unwrap();
    store.record(&[Recorded::blank(route, START)], &[]).await.unwrap();
    assert_eq!(beat(&store, route, START).await, capture_result);

    let next = START.plus(1);
    store.record(&[Recorded::blank(route, next)], &[]).await.unwrap();
    store.record(&[awaiting(route, next)], &[]).await.unwrap();
    assert_eq!(beat(&store, route, next).await, awaiting(route, next), "a receipt replaces Unsent");
}

async fn a_missed_look_is_remembered_until_a_later_one(bed: Bed) {
    let store = bed.open().await;
    let (project, route) = one(&store).await;
    let capture_result = awaiting(route, START);
    store.record(std::slice::from_ref(&capture_result), &[]).await.unwrap();
    for (outcome, missed, remembered) in [
        (Outcome::Awaiting, Some(60_000), Some(60_000)),
        (Outcome::Awaiting, Some(120_000), Some(120_000)),
        (Outcome::Unverified, None, Some(120_000)),
    ] {
        store.settle(&readback(&project, at(START, 70_000)), &[unverified(&capture_result, outcome, missed)], &[]).await.unwrap();
        let row = beat(&store, route, START).await;
        assert_eq!((row.outcome, row.missed), (outcome, remembered.map(|after| at(START, after))));
    }
}

async fn open_beats_are_those_that_may_still_be_seen(bed: Bed) {
    let store = bed.open().await;
    let project = set_up(&store, spec_with_routes("one", &[])).await;
    let routes: Vec<RouteId> = project.routes.iter().map(|route| route.id).collect();
    let beats: Vec<Recorded> = (0..)
        .zip(Outcome::ALL)
        .flat_map(|(minute, outcome)| routes.iter().map(move |route| Recorded { outcome, ..Recorded::blank(*route, START.plus(minute)) }))
        .collect();
    store.record(&beats, &[]).await.unwrap();
    let expected: Vec<Recorded> =
        beats.iter().filter(|beat| beat.outcome.code() > 2 && beat.route != routes[2] && beat.minute >= START.plus(4)).cloned().collect();
    assert_eq!(expected.len(), 8);
    assert_eq!(store.open_beats(&routes[..2], START.plus(4)).await.unwrap(), expected);
    assert_eq!(store.open_beats(&[], START).await.unwrap(), []);
    assert_eq!(store.open_beats(&[RouteId(999)], START).await.unwrap(), []);
}

async fn one_call_may_hold_a_beat_twice(bed: Bed) {
    let store = bed.open().await;
    let (project, route) = one(&store).await;
    let (first, second) = (awaiting(route, START), Recorded { tries: 2, ..awaiting(route, START) });
    store.record(&[first.clone(), second.clone()], &[]).await.unwrap();
    assert_eq!(beat(&store, route, START).await.tries, 2, "the later one counts");
    let (lost, late) = (unverified(&first, Outcome::Lost, Some(900_000)), seen(&first, Outcome::Late, 960_000));
    store.settle(&readback(&project, at(START, 960_000)), &[lost.clone(), late, lost], &[]).await.unwrap();
    assert_eq!(beat(&store, route, START).await.outcome, Outcome::Late);
}

async fn thousands_of_beats_go_in_and_come_out_in_order(bed: Bed) {
    let store = bed.open().await;
    let names: Vec<String> = (0..700).map(|at| format!("way-{at}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let project = set_up(&store, spec_with_routes("one", &names)).await;
    let routes: Vec<RouteId> = project.routes.iter().map(|route| route.id).collect();
    let mut beats: Vec<Recorded> = routes.iter().flat_map(|route| (0..5).map(|minute| awaiting(*route, START.plus(minute)))).collect();
    store.record(&beats, &[]).await.unwrap();
    beats.sort_unstable_by_key(|beat| (beat.minute, beat.route));
    assert_eq!(store.beats(&routes, START, START.plus(5)).await.unwrap(), beats);
    assert_eq!(store.open_beats(&routes, START).await.unwrap(), beats);
    assert_eq!(store.recorded(START).await.unwrap().len(), routes.len());
    assert_eq!(store.gaps(&routes, START, START.plus(6)).await.unwrap().len(), routes.len());
    assert_eq!(store.beats(&routes, START.plus(4), START.plus(4)).await.unwrap(), []);
    assert_eq!(store.beats(&routes, START.plus(4), START).await.unwrap(), []);
}

async fn what_is_read_at_once_is_what_is_read_one_by_one(bed: Bed) {
    let store = bed.open().await;
    let project = set_up(&store, spec_with_routes("one", &["proxy"])).await;
    set_up(&store, spec_with_routes("two", &[])).await;
    let routes: Vec<RouteId> = project.routes.iter().map(|route| route.id).collect();
    let beats: Vec<Recorded> = routes.iter().flat_map(|route| [0, 1, 3].map(|minute| awaiting(*route, START.plus(minute)))).collect();
    store.record(&beats, &[]).await.unwrap();
    let first = beats.iter().find(|beat| beat.minute == START).unwrap();
    store.settle(&readback(&project, at(START, 70_000)), &[seen(first, Outcome::Arrived, 2_000)], &[]).await.unwrap();
    store.settle(&readback(&project, at(START.plus(2), 9)), &[], &[]).await.unwrap();
    let opened = incident(&project, IncidentKind::Ingestion, 0);
    store.write_incident(&opened, &[], &queues(&[])).await.unwrap();
    // A short stretch goes in one trip, a long one is read piece by piece.
    for minutes in [0, 2, 5, 9 * 24 * 60] {
        let (from, to) = (START.plus(-1), START.plus(minutes));
        let unsettled = store.unsettled(project.id, &routes, START, from, to).await.unwrap();
        assert_eq!(unsettled.last, store.readback(project.id).await.unwrap());
        assert!(unsettled.last.is_some());
        assert_eq!(unsettled.beats, store.open_beats(&routes, START).await.unwrap());
        assert_eq!(unsettled.gaps, store.gaps(&routes, from, to).await.unwrap(), "{minutes}");
        let which = IncidentFilter { project: Some(project.id), ..IncidentFilter::default() };
        let recent = store.recent(project.id, &routes, from, to, &which).await.unwrap();
        assert_eq!(recent.beats, store.beats(&routes, from, to).await.unwrap(), "{minutes}");
        assert_eq!(recent.samples, store.samples(project.id, from, to).await.unwrap(), "{minutes}");
        assert_eq!(recent.incidents, store.incidents(&which).await.unwrap());
        assert_eq!(recent.incidents.len(), 1);
    }
}

async fn gaps_begin_with_the_route(bed: Bed) {
    let store = bed.open().await;
    let before = set_up(&store, spec_with_routes("one", &[])).await;
    let later = at(START.plus(3), 59_999);
    store.apply(&[spec_with_routes("one", &["proxy"])], &[], later).await.unwrap();
    let project = super::samples::find(&store, &before.spec.name).await;
    let (old, new) = (project.routes[0].id, project.routes[3].id);
    let gaps = store.gaps(&[new, old], START.plus(-2), START.plus(5)).await.unwrap();
    let of = |route: RouteId| gaps.iter().filter(move |gap| gap.0 == route).map(|gap| gap.1).collect::<Vec<_>>();
    assert_eq!(of(old), START.until(START.plus(5)).collect::<Vec<_>>(), "the minute of its making was due as well");
    assert_eq!(of(new), [START.plus(3), START.plus(4)]);
    assert!(gaps.is_sorted_by_key(|gap| gap.1), "oldest first");
    assert_eq!(store.gaps(&[new], START, START.plus(3)).await.unwrap(), []);
    assert_eq!(store.gaps(&[RouteId(999)], START, START.plus(3)).await.unwrap(), []);
    assert_eq!(store.gaps(&[], START, START.plus(3)).await.unwrap(), []);
}

async fn gaps_are_minutes_without_any_row(bed: Bed) {
    let store = bed.open().await;
    let (_, route) = one(&store).await;
    store.record(&[awaiting(route, START.plus(1)), Recorded::blank(route, START.plus(3))], &[]).await.unwrap();
    let gaps = store.gaps(&[route], START, START.plus(5)).await.unwrap();
    assert_eq!(gaps, [0, 2, 4].map(|after| (route, START.plus(after))));
    assert_eq!(store.gaps(&[route], START.plus(2), START).await.unwrap(), [], "a stretch that ends before it begins");
}

async fn a_stretch_without_an_end_is_no_burden(bed: Bed) {
    let store = bed.open().await;
    let (_, route) = one(&store).await;
    let (first, last) = (Minute::from_index(0), Minute::from_index(i64::MAX / 120_000));
    assert_eq!(store.beats(&[route], first, last).await.unwrap(), [], "an empty table");
    store.record(&[awaiting(route, START)], &[]).await.unwrap();
    assert_eq!(store.beats(&[route], first, last).await.unwrap(), [awaiting(route, START)]);
    assert_eq!(store.hours(&[route], first, last).await.unwrap(), []);
    assert_eq!(store.gaps(&[route], first, START.plus(2)).await.unwrap(), [(route, START.plus(1))]);
}

async fn odd_clocks_are_kept_as_they_were(bed: Bed) {
    let store = bed.open().await;
    let (_, route) = one(&store).await;
    let odd = Recorded {
        seen: Some(Timestamp::from_ms(0)),
        ingested: Some(Timestamp::from_ms(i64::MAX / 2)),
        ..awaiting(route, Minute::from_index(-5))
    };
    store.record(std::slice::from_ref(&odd), &[]).await.unwrap();
    assert_eq!(beat(&store, route, odd.minute).await, odd);
}

async fn evidence_comes_back_whole_and_only_once(bed: Bed) {
    let store = bed.open().await;
    let (project, route) = one(&store).await;
    let excerpt = ResponseExcerpt {
        status: 403,
        headers: vec![("server".into(), "cloudflare".into()), ("cf-ray".into(), "8 \u{0} ü".into())],
        words: "<html>\u{0}'; DROP TABLE beats; -- \u{1F494}".into(),
        ..ResponseExcerpt::default()
    };
    let evidence = |at_ms: i64, of| Evidence { route, minute: START, at: at(START, at_ms), of };
    let mut all = vec![evidence(0, EvidenceOf::Lost { read_back: at(START, 900_000) })];
    for (after, why) in (1..).zip(RejectionReason::ALL) {
        all.push(evidence(after, EvidenceOf::Rejected { why, excerpt: excerpt.clone() }));
    }
    for (after, phase) in (20..).zip([Phase::Dns, Phase::Connect, Phase::Tls, Phase::Send, Phase::Answer]) {
        all.push(evidence(after, EvidenceOf::Unreachable { at: phase, obstacle: Obstacle::Reset, words: "no \u{0} route".into() }));
    }
    for (after, kind) in (40..).zip(ReadbackErrorKind::ALL) {
        let retry_after = (after % 2 == 0).then(|| std::time::Duration::from_secs(90));
        all.push(evidence(after, EvidenceOf::Unverified(ReadbackError { kind, excerpt: excerpt.clone(), note: None, retry_after })));
    }
    let (capture_results, readbacks) = all.split_at(9);
    store.record(&[], capture_results).await.unwrap();
    store.record(&[], capture_results).await.unwrap();
    store.settle(&readback(&project, at(START, 900_000)), &[], readbacks).await.unwrap();
    assert_eq!(store.evidence(&[route], START, START.plus(1)).await.unwrap(), all);
    assert_eq!(store.evidence(&[route], START.plus(1), START.plus(9)).await.unwrap(), []);
    assert_eq!(store.evidence(&[RouteId(999)], START, START.plus(1)).await.unwrap(), []);
}

async fn nothing_of_a_call_that_fails_is_kept(bed: Bed) {
    let store = bed.open().await;
    let (_, route) = one(&store).await;
    store.close().await;
    let said = store.record(&[awaiting(route, START)], &[]).await.unwrap_err().to_string();
    assert_eq!(said, "recording beats failed: the database is already closed");
    assert_eq!(bed.open().await.recorded(START).await.unwrap(), []);
}
