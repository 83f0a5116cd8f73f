//! The newest look of each project.

use std::time::Duration;

use heartbeat::model::{
    Filter, FilterKind, Findings, KeyScopes, Look, LookFailure, LookTrouble, Part, QueryCost, QuotaLimit, Quote, Standing, TokenWord,
    Traffic, Witness,
};

use super::bed::Bed;
use super::samples::{START, at, look, set_up, spec};

over_both!(a_look_replaces_the_last_one, looks_come_back_as_they_were, a_removed_project_is_not_looked_at);

async fn a_look_replaces_the_last_one(bed: Bed) {
    let store = bed.open().await;
    let (one, other) = (set_up(&*store, spec("one")).await, set_up(&*store, spec("other")).await);
    store.settle(&look(&one, at(START, 1)), &[], &[]).await.unwrap();
    store.settle(&look(&other, at(START, 2)), &[], &[]).await.unwrap();
    store.settle(&look(&one, at(START, 3)), &[], &[]).await.unwrap();
    assert_eq!(store.looks().await.unwrap(), [look(&one, at(START, 3)), look(&other, at(START, 2))]);
}

async fn looks_come_back_as_they_were(bed: Bed) {
    let store = bed.open().await;
    let project = set_up(&*store, spec("one")).await;
    let good = look(&project, at(START, 1));
    let mut looks = vec![
        Look { result: Ok(Traffic { others: 0, newest: None, ..Traffic::default() }), last_good: None, posthog_id: None, ..good.clone() },
        Look { result: Ok(Traffic { others: i64::MAX as u64, newest: good.last_good, ..Traffic::default() }), ..good.clone() },
        Look { result: Ok(Traffic { watched: i64::MAX as u64, watched_newest: good.last_good, ..Traffic::default() }), ..good.clone() },
    ];
    for (standing, second) in Standing::ALL.into_iter().zip([0_i64, -1, 1].into_iter().cycle()) {
        let down = Part::ALL.into_iter().take(second.unsigned_abs() as usize * 3).collect();
        looks.push(Look { token: Some(TokenWord { standing, asked: at(START, second), down }), ..good.clone() });
    }
    for part in Part::ALL {
        let down = std::iter::once(part).collect();
        looks.push(Look { token: Some(TokenWord { standing: Standing::Known, asked: good.at, down }), ..good.clone() });
    }
    let said = Findings {
        key: Some(KeyScopes { scopes: vec!["query:read".into()], projects: vec![42] }),
        server_ahead_ms: Some(-90_000),
        is_current: true,
        cost: QueryCost { bytes_read: Some(1), budget_left: Some(u64::MAX) },
        quota: Some(QuotaLimit { asked_ms: 5, used: Some(9), limit: None, limited: true }),
        filter: Some(Filter { kind: FilterKind::Transformation, says: "it drops".into(), quote: "nul \u{0} and 'quotes'".into() }),
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
    looks.push(Look { findings: said, ..good.clone() });
    looks.push(good.clone());
    for (trouble, retry_after) in
        LookTrouble::ALL.into_iter().zip([None, Some(Duration::ZERO), Some(Duration::from_hours(12))].into_iter().cycle())
    {
        let quote =
            Quote { status: 429, headers: vec![("retry-after".into(), "9".into())], words: "slow \u{0} down".into(), ..Quote::default() };
        let failure = LookFailure { trouble, quote, note: Some("ours".into()), retry_after };
        looks.push(Look { result: Err(failure), failing_since: Some(at(START, -9)), ..good.clone() });
    }
    for look in looks {
        store.settle(&look, &[], &[]).await.unwrap();
        assert_eq!(store.looks().await.unwrap(), [look]);
    }
}

async fn a_removed_project_is_not_looked_at(bed: Bed) {
    let store = bed.open().await;
    let project = set_up(&*store, spec("one")).await;
    store.apply(&[], std::slice::from_ref(&project.spec.name), START.start()).await.unwrap();
    store.settle(&look(&project, at(START, 1)), &[], &[]).await.unwrap();
    assert_eq!(store.looks().await.unwrap(), []);
}
