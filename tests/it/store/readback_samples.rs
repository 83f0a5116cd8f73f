//! What every read-back saw: one row a minute.

use heartbeat::model::{
    Findings, QuotaLimit, QuotaUse, Readback, ReadbackError, ReadbackErrorKind, ReadbackSample, ResponseExcerpt, Traffic,
};

use super::bed::Bed;
use super::samples::{START, at, readback, set_up, spec};

over_both!(
    readback_samples_come_back_as_they_were,
    the_quota_comes_back_as_far_as_it_was_said,
    the_last_look_of_a_minute_stands,
    one_project_is_read_without_the_others,
    a_removed_project_takes_its_readback_samples_and_gets_no_more,
    samples_are_dropped_by_age,
    damaged_samples_are_named,
);

async fn readback_samples_come_back_as_they_were(bed: Bed) {
    let store = bed.open().await;
    let project = set_up(&store, spec("one")).await;
    assert_eq!(store.samples(project.id, START, START.plus(99)).await.unwrap(), []);
    let traffic = [
        Traffic::default(),
        Traffic { others: i64::MAX as u64, newest: Some(at(START, -9_999_999)), watched: 3, watched_newest: Some(at(START, 59_999)) },
        // PostHog's clock may be ahead of ours.
        Traffic { others: 1, newest: Some(at(START, 999_999)), watched: 0, watched_newest: None },
    ];
    let results = traffic.into_iter().map(Ok).chain(ReadbackErrorKind::ALL.into_iter().map(Err));
    let mut samples = Vec::new();
    for (minute, result) in (0..).zip(results) {
        let at = at(START.plus(minute), 59_999 - minute);
        let of = result.map_err(|kind| ReadbackError { kind, excerpt: ResponseExcerpt::default(), retry_after: None, note: None });
        store.settle(&Readback { result: of, ..readback(&project, at) }, &[], &[]).await.unwrap();
        samples.push(ReadbackSample { at, result, quota: None });
    }
    assert_eq!(store.samples(project.id, START, START.plus(99)).await.unwrap(), samples);
    assert_eq!(store.samples(project.id, START.plus(1), START.plus(3)).await.unwrap(), samples[1..3]);
    assert_eq!(store.samples(project.id, START.plus(3), START.plus(3)).await.unwrap(), []);
}

async fn the_quota_comes_back_as_far_as_it_was_said(bed: Bed) {
    let store = bed.open().await;
    let project = set_up(&store, spec("one")).await;
    let failure = ReadbackError { kind: ReadbackErrorKind::Broken, excerpt: ResponseExcerpt::default(), retry_after: None, note: None };
    for (used, limit, limited, kept) in [
        (Some(950), Some(1000), false, Some((95, false))),
        (Some(950), Some(1000), true, Some((100, true))),
        (Some(u64::MAX), Some(1), false, Some((32_767, false))),
        (Some(5), None, false, Some((0, false))),
        (None, None, true, Some((100, true))),
        (None, None, false, None),
    ] {
        let quota = Some(QuotaLimit { asked_ms: 1, used, limit, limited });
        let findings = Findings { quota, ..Findings::default() };
        let good = Readback { findings, ..readback(&project, at(START, 1)) };
        let kept = kept.map(|(percent, limited)| QuotaUse { percent, limited });
        for (readback, kept) in [(good.clone(), kept), (Readback { result: Err(failure.clone()), ..good }, None)] {
            store.settle(&readback, &[], &[]).await.unwrap();
            let samples = store.samples(project.id, START, START.plus(1)).await.unwrap();
            assert_eq!((samples.len(), samples[0].quota), (1, kept), "{quota:?}");
        }
    }
}

async fn the_last_look_of_a_minute_stands(bed: Bed) {
    let store = bed.open().await;
    let project = set_up(&store, spec("one")).await;
    let failure = ReadbackError { kind: ReadbackErrorKind::Broken, excerpt: ResponseExcerpt::default(), retry_after: None, note: None };
    let readbacks = [
        readback(&project, at(START, 5)),
        Readback { result: Err(failure), ..readback(&project, at(START, 7)) },
        readback(&project, at(START, 9)),
    ];
    for readback in readbacks {
        store.settle(&readback, &[], &[]).await.unwrap();
        assert_eq!(store.samples(project.id, START, START.plus(1)).await.unwrap(), [ReadbackSample::of(&readback)]);
    }
}

async fn one_project_is_read_without_the_others(bed: Bed) {
    let store = bed.open().await;
    let (one, other) = (set_up(&store, spec("one")).await, set_up(&store, spec("other")).await);
    store.settle(&readback(&one, at(START, 1)), &[], &[]).await.unwrap();
    store.settle(&readback(&other, at(START, 2)), &[], &[]).await.unwrap();
    assert_eq!(store.samples(other.id, START, START.plus(1)).await.unwrap(), [ReadbackSample::of(&readback(&other, at(START, 2)))]);
}

async fn a_removed_project_takes_its_readback_samples_and_gets_no_more(bed: Bed) {
    let store = bed.open().await;
    let (gone, stays) = (set_up(&store, spec("gone")).await, set_up(&store, spec("stays")).await);
    for minute in [0, 1, 500] {
        store.settle(&readback(&gone, at(START.plus(minute), 1)), &[], &[]).await.unwrap();
        store.settle(&readback(&stays, at(START.plus(minute), 1)), &[], &[]).await.unwrap();
    }
    store.apply(&[], std::slice::from_ref(&gone.spec.name), START.start()).await.unwrap();
    store.settle(&readback(&gone, at(START.plus(7), 1)), &[], &[]).await.unwrap();
    for (project, there) in [(&gone, 0), (&stays, 3)] {
        assert_eq!(store.samples(project.id, START, START.plus(999)).await.unwrap().len(), there);
    }
}

async fn samples_are_dropped_by_age(bed: Bed) {
    let store = bed.open().await;
    let project = set_up(&store, spec("one")).await;
    for minute in 0..5 {
        store.settle(&readback(&project, at(START.plus(minute), 1)), &[], &[]).await.unwrap();
    }
    assert_eq!(store.drop_old_incidents(START.plus(2), START.start()).await.unwrap(), 2);
    let left = store.samples(project.id, START, START.plus(9)).await.unwrap();
    assert_eq!(left.iter().map(|sample| sample.at.minute()).collect::<Vec<_>>(), [START.plus(2), START.plus(3), START.plus(4)]);
}

async fn damaged_samples_are_named(bed: Bed) {
    let store = bed.open().await;
    let project = set_up(&store, spec("one")).await;
    store.settle(&readback(&project, at(START, 1)), &[], &[]).await.unwrap();
    for (damage, field) in [("error = 99", "error"), ("error = -1", "error"), ("error = NULL, others = NULL", "others")] {
        bed.execute(&format!("UPDATE readback_samples SET {damage}")).await;
        let said = store.samples(project.id, START, START.plus(1)).await.unwrap_err().to_string();
        let sample = format!("the read-back sample of project {} in minute {}", project.id.0, START.index());
        assert_eq!(said, format!("{sample}: its {field} in the database cannot be read"));
    }
}
