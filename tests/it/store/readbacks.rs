//! The newest read-back of each project.

use std::time::Duration;

use futures_util::future::join_all;
use futures_util::poll;
use heartbeat::model::{
    Evidence, EvidenceOf, Filter, FilterKind, Findings, KeyScopes, Outcome, Part, QueryCost, QuotaLimit, Readback, ReadbackError,
    ReadbackErrorKind, ResponseExcerpt, TokenReading, TokenStatus, Traffic, Witness,
};
use heartbeat::store::StoreError;

use super::bed::Bed;
use super::samples::{START, at, awaiting, readback, seen, set_up, spec};

over_both!(
    a_look_replaces_the_last_one,
    looks_come_back_as_they_were,
    a_removed_project_is_not_looked_at,
    readbacks_that_end_at_once_are_all_written_and_one_that_is_rejected_costs_the_others_nothing,
    words_that_the_database_rejects_cost_nothing_but_themselves,
    a_task_that_is_dropped_while_writing_for_all_takes_none_along,
);

async fn a_look_replaces_the_last_one(bed: Bed) {
    let store = bed.open().await;
    let (one, other) = (set_up(&store, spec("one")).await, set_up(&store, spec("other")).await);
    store.settle(&readback(&one, at(START, 1)), &[], &[]).await.unwrap();
    store.settle(&readback(&other, at(START, 2)), &[], &[]).await.unwrap();
    store.settle(&readback(&one, at(START, 3)), &[], &[]).await.unwrap();
    assert_eq!(store.readbacks().await.unwrap(), [readback(&one, at(START, 3)), readback(&other, at(START, 2))]);
}

async fn looks_come_back_as_they_were(bed: Bed) {
    let store = bed.open().await;
    let project = set_up(&store, spec("one")).await;
    let good = readback(&project, at(START, 1));
    let mut readbacks = vec![
        Readback {
            result: Ok(Traffic { others: 0, newest: None, ..Traffic::default() }),
            last_good: None,
            posthog_id: None,
            ..good.clone()
        },
        Readback { result: Ok(Traffic { others: i64::MAX as u64, newest: good.last_good, ..Traffic::default() }), ..good.clone() },
        Readback { result: Ok(Traffic { watched: i64::MAX as u64, watched_newest: good.last_good, ..Traffic::default() }), ..good.clone() },
    ];
    for (token_status, second) in TokenStatus::ALL.into_iter().zip([0_i64, -1, 1].into_iter().cycle()) {
        let down = Part::ALL.into_iter().take(second.unsigned_abs() as usize * 3).collect();
        readbacks.push(Readback { token: Some(TokenReading { token_status, asked: at(START, second), down }), ..good.clone() });
    }
    for part in Part::ALL {
        let down = std::iter::once(part).collect();
        readbacks.push(Readback { token: Some(TokenReading { token_status: TokenStatus::Known, asked: good.at, down }), ..good.clone() });
    }
    let said = Findings {
        key: Some(KeyScopes { scopes: vec!["query:read".into()], projects: vec![42] }),
        server_ahead_ms: Some(-90_000),
        is_current: true,
        cost: QueryCost { bytes_read: Some(1), budget_left: Some(u64::MAX) },
        quota: Some(QuotaLimit { asked_ms: 5, used: Some(9), limit: None, limited: true }),
        filter: Some(Filter { kind: FilterKind::Transformation, says: "it drops".into(), excerpt: "nul \u{0} and 'quotes'".into() }),
        witness: Some(Witness {
            uuid: uuid::Uuid::from_u128(7),
            twin: uuid::Uuid::from_u128(8),
            sent_ms: 3,
            seen: true,
            twin_seen: false,
            reaches_capture: Some(false),
        }),
        down: 0b101,
    };
    readbacks.push(Readback { findings: said, ..good.clone() });
    readbacks.push(good.clone());
    for (kind, retry_after) in
        ReadbackErrorKind::ALL.into_iter().zip([None, Some(Duration::ZERO), Some(Duration::from_hours(12))].into_iter().cycle())
    {
        let excerpt = ResponseExcerpt {
            status: 429,
            headers: vec![("retry-after".into(), "9".into())],
            words: "slow \u{0} down".into(),
            ..ResponseExcerpt::default()
        };
        let failure = ReadbackError { kind, excerpt, note: Some("ours".into()), retry_after };
        readbacks.push(Readback { result: Err(failure), failing_since: Some(at(START, -9)), ..good.clone() });
    }
    for readback in readbacks {
        store.settle(&readback, &[], &[]).await.unwrap();
        assert_eq!(store.readbacks().await.unwrap(), [readback]);
    }
}

async fn a_removed_project_is_not_looked_at(bed: Bed) {
    let store = bed.open().await;
    let project = set_up(&store, spec("one")).await;
    store.apply(&[], std::slice::from_ref(&project.spec.name), START.start()).await.unwrap();
    store.settle(&readback(&project, at(START, 1)), &[], &[]).await.unwrap();
    assert_eq!(store.readbacks().await.unwrap(), []);
}

async fn readbacks_that_end_at_once_are_all_written_and_one_that_is_rejected_costs_the_others_nothing(bed: Bed) {
    let store = bed.open().await;
    let specs: Vec<_> = (0..40).map(|number| spec(&format!("p{number}"))).collect();
    store.apply(&specs, &[], START.start()).await.unwrap();
    let mut projects = store.projects().await.unwrap();
    projects.sort_by_key(|project| project.id);
    bed.reject_readbacks_at_project_of_posthog(666).await;
    let poisoned = projects[7].id;
    let made: Vec<Readback> = projects
        .iter()
        .map(|project| {
            let made = readback(project, at(START, project.id.0));
            if project.id == poisoned { Readback { posthog_id: Some(666), ..made } } else { made }
        })
        .collect();
    let beats: Vec<_> = projects.iter().map(|project| awaiting(project.routes[0].id, START)).collect();
    store.record(&beats, &[]).await.unwrap();
    let settling = made.iter().zip(&beats).map(|(readback, beat)| {
        let store = &store;
        async move { store.settle(readback, &[seen(beat, Outcome::Arrived, 70_000)], &[]).await }
    });
    let said = join_all(settling).await;
    for (made, said) in made.iter().zip(&said) {
        let is_poisoned = made.project == poisoned;
        assert_eq!(matches!(said, Err(StoreError::Unfit { .. })), is_poisoned, "{said:?}");
        assert_eq!(said.is_ok(), !is_poisoned);
    }
    let written: Vec<Readback> = made.into_iter().filter(|readback| readback.project != poisoned).collect();
    assert_eq!(store.readbacks().await.unwrap(), written);
    let arrived =
        store.beats(&projects.iter().map(|project| project.routes[0].id).collect::<Vec<_>>(), START, START.plus(1)).await.unwrap();
    let outcomes: Vec<Outcome> = arrived.iter().map(|beat| beat.outcome).collect();
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == Outcome::Arrived).count(), 39, "{outcomes:?}");
    assert_eq!(outcomes[7], Outcome::Awaiting);
}

async fn words_that_the_database_rejects_cost_nothing_but_themselves(bed: Bed) {
    let store = bed.open().await;
    let project = set_up(&store, spec("one")).await;
    bed.reject_evidence().await;
    let (route, made) = (project.routes[0].id, readback(&project, at(START, 900_000)));
    let sent = awaiting(route, START);
    store.record(std::slice::from_ref(&sent), &[]).await.unwrap();
    let evidence = Evidence { route, minute: START, at: made.at, of: EvidenceOf::Lost { read_back: made.at } };
    store.settle(&made, &[seen(&sent, Outcome::Late, 800_000)], std::slice::from_ref(&evidence)).await.unwrap();
    assert_eq!(store.readbacks().await.unwrap(), [made]);
    assert_eq!(store.beats(&[route], START, START.plus(1)).await.unwrap()[0].outcome, Outcome::Late);
}

async fn a_task_that_is_dropped_while_writing_for_all_takes_none_along(bed: Bed) {
    let store = bed.open().await;
    let (one, other) = (set_up(&store, spec("one")).await, set_up(&store, spec("other")).await);
    let (first, second) = (readback(&one, at(START, 1)), readback(&other, at(START, 2)));
    // A server on the same machine can be so quick that nothing is under way any more.
    let writes = loop {
        let mut writes = Box::pin(store.settle(&first, &[], &[]));
        if poll!(&mut writes).is_pending() {
            break writes;
        }
    };
    let mut waits = Box::pin(store.settle(&second, &[], &[]));
    let was_taken_along = poll!(&mut waits).is_ready();
    drop(writes);
    if !was_taken_along {
        waits.await.unwrap();
    }
    assert!(store.readbacks().await.unwrap().contains(&second));
}
