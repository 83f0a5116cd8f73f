//! What every look saw: one row a minute.

use heartbeat::model::{Glance, Look, LookFailure, LookTrouble, Quote, Traffic};

use super::bed::Bed;
use super::samples::{START, at, look, set_up, spec};

over_both!(
    glances_come_back_as_they_were,
    the_last_look_of_a_minute_stands,
    one_project_is_read_without_the_others,
    a_removed_project_takes_its_glances_and_gets_no_more,
    glances_are_dropped_by_age,
    damaged_glances_are_named,
);

async fn glances_come_back_as_they_were(bed: Bed) {
    let store = bed.open().await;
    let project = set_up(&store, spec("one")).await;
    assert_eq!(store.glances(project.id, START, START.plus(99)).await.unwrap(), []);
    let traffic = [
        Traffic::default(),
        Traffic { others: i64::MAX as u64, newest: Some(at(START, -9_999_999)), watched: 3, watched_newest: Some(at(START, 59_999)) },
        // PostHog's clock may be ahead of ours.
        Traffic { others: 1, newest: Some(at(START, 999_999)), watched: 0, watched_newest: None },
    ];
    let results = traffic.into_iter().map(Ok).chain(LookTrouble::ALL.into_iter().map(Err));
    let mut glances = Vec::new();
    for (minute, result) in (0..).zip(results) {
        let at = at(START.plus(minute), 59_999 - minute);
        let of = result.map_err(|trouble| LookFailure { trouble, quote: Quote::default(), retry_after: None, note: None });
        store.settle(&Look { result: of, ..look(&project, at) }, &[], &[]).await.unwrap();
        glances.push(Glance { at, result });
    }
    assert_eq!(store.glances(project.id, START, START.plus(99)).await.unwrap(), glances);
    assert_eq!(store.glances(project.id, START.plus(1), START.plus(3)).await.unwrap(), glances[1..3]);
    assert_eq!(store.glances(project.id, START.plus(3), START.plus(3)).await.unwrap(), []);
}

async fn the_last_look_of_a_minute_stands(bed: Bed) {
    let store = bed.open().await;
    let project = set_up(&store, spec("one")).await;
    let failure = LookFailure { trouble: LookTrouble::Broken, quote: Quote::default(), retry_after: None, note: None };
    let looks = [look(&project, at(START, 5)), Look { result: Err(failure), ..look(&project, at(START, 7)) }, look(&project, at(START, 9))];
    for look in looks {
        store.settle(&look, &[], &[]).await.unwrap();
        assert_eq!(store.glances(project.id, START, START.plus(1)).await.unwrap(), [Glance::of(&look)]);
    }
}

async fn one_project_is_read_without_the_others(bed: Bed) {
    let store = bed.open().await;
    let (one, other) = (set_up(&store, spec("one")).await, set_up(&store, spec("other")).await);
    store.settle(&look(&one, at(START, 1)), &[], &[]).await.unwrap();
    store.settle(&look(&other, at(START, 2)), &[], &[]).await.unwrap();
    assert_eq!(store.glances(other.id, START, START.plus(1)).await.unwrap(), [Glance::of(&look(&other, at(START, 2)))]);
}

async fn a_removed_project_takes_its_glances_and_gets_no_more(bed: Bed) {
    let store = bed.open().await;
    let (gone, stays) = (set_up(&store, spec("gone")).await, set_up(&store, spec("stays")).await);
    for minute in [0, 1, 500] {
        store.settle(&look(&gone, at(START.plus(minute), 1)), &[], &[]).await.unwrap();
        store.settle(&look(&stays, at(START.plus(minute), 1)), &[], &[]).await.unwrap();
    }
    store.apply(&[], std::slice::from_ref(&gone.spec.name), START.start()).await.unwrap();
    store.settle(&look(&gone, at(START.plus(7), 1)), &[], &[]).await.unwrap();
    for (project, there) in [(&gone, 0), (&stays, 3)] {
        assert_eq!(store.glances(project.id, START, START.plus(999)).await.unwrap().len(), there);
    }
}

async fn glances_are_dropped_by_age(bed: Bed) {
    let store = bed.open().await;
    let project = set_up(&store, spec("one")).await;
    for minute in 0..5 {
        store.settle(&look(&project, at(START.plus(minute), 1)), &[], &[]).await.unwrap();
    }
    assert_eq!(store.drop_old_incidents(START.plus(2), START.start()).await.unwrap(), 2);
    let left = store.glances(project.id, START, START.plus(9)).await.unwrap();
    assert_eq!(left.iter().map(|glance| glance.at.minute()).collect::<Vec<_>>(), [START.plus(2), START.plus(3), START.plus(4)]);
}

async fn damaged_glances_are_named(bed: Bed) {
    let store = bed.open().await;
    let project = set_up(&store, spec("one")).await;
    store.settle(&look(&project, at(START, 1)), &[], &[]).await.unwrap();
    for damage in ["trouble = 99", "trouble = -1", "trouble = NULL, others = NULL"] {
        bed.execute(&format!("UPDATE glances SET {damage}")).await;
        let said = store.glances(project.id, START, START.plus(1)).await.unwrap_err().to_string();
        assert_eq!(said, format!("what the look at project {} in minute {} saw is damaged", project.id.0, START.index()));
    }
}
