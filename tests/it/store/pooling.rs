//! Behind a pooler, and over one connection: nobody gets another one's rows.

use std::sync::Arc;

use heartbeat::model::{Outcome, Project};
use heartbeat::store::{Store, open};
use tokio::task::JoinSet;

use super::bed::{Bed, cipher};
use super::samples::{START, at, awaiting, readback, seen, spec};
use crate::support::pgbouncer::Pooler;

const PROJECTS: usize = 12;
const MINUTES: i64 = 15;

/// Sends, looks and reads as the loops do, all at once, each project for itself; what comes back is always the project's own.
async fn everything_at_once(stores: &[Arc<Store>]) {
    let specs: Vec<_> = (0..PROJECTS).map(|number| spec(&format!("p{number}"))).collect();
    stores[0].apply(&specs, &[], START.start()).await.unwrap();
    let mut tasks = JoinSet::new();
    for (number, project) in stores[0].projects().await.unwrap().into_iter().enumerate() {
        tasks.spawn(beats(Arc::clone(&stores[number % stores.len()]), project));
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    assert_eq!(stores[0].readbacks().await.unwrap().len(), PROJECTS);
}

async fn beats(store: Arc<Store>, project: Project) {
    let route = project.routes[0].id;
    for minute in START.until(START.plus(MINUTES)) {
        let sent = awaiting(route, minute);
        store.record(std::slice::from_ref(&sent), &[]).await.unwrap();
        let unsettled = store.unsettled(project.id, &[route], START, START, minute.plus(1)).await.unwrap();
        assert_eq!((unsettled.beats, unsettled.gaps), (vec![sent.clone()], Vec::new()));
        let made = readback(&project, at(minute, 20_000));
        store.settle(&made, &[seen(&sent, Outcome::Arrived, 19_000)], &[]).await.unwrap();
        assert_eq!(store.readback(project.id).await.unwrap(), Some(made));
        let names: Vec<_> = store.projects_named(std::slice::from_ref(&project.spec.name)).await.unwrap();
        assert_eq!(names, std::slice::from_ref(&project));
    }
    let beats = store.beats(&[route], START, START.plus(MINUTES)).await.unwrap();
    assert_eq!(beats.len(), usize::try_from(MINUTES).unwrap());
    assert!(beats.iter().all(|beat| beat.route == route && beat.outcome == Outcome::Arrived), "{beats:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_pgbouncer_two_services_get_their_own_rows() {
    let (bed, pooler) = (Bed::postgres().await, Pooler::start());
    let address = pooler.before(&bed.address);
    let stores = [open(&address, cipher('A')).await.unwrap(), open(&address, cipher('A')).await.unwrap()];
    everything_at_once(&stores).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_with_one_connection_is_enough() {
    let bed = Bed::postgres().await;
    let store = open(&format!("{}&pool_size=1", bed.address), cipher('A')).await.unwrap();
    everything_at_once(&[store]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_in_another_encoding_is_rejected_with_the_line_that_makes_a_right_one() {
    let bed = Bed::postgres().await;
    let other = bed.address.replace("/test_", "/latin_");
    let name = other.split('?').next().and_then(|bare| bare.rsplit('/').next()).unwrap();
    bed.execute(&format!("CREATE DATABASE {name} ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")).await;
    let rejected = open(&other, cipher('A')).await.err().unwrap().to_string();
    assert!(rejected.contains("has the encoding LATIN1") && rejected.contains("ENCODING 'UTF8'"), "{rejected}");
}
