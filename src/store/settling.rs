//! Many looks end at once, and SQLite takes one write at a time: those that wait for their turn are written together by whoever has it, in one
//! transaction. One of them that the database refuses costs the others nothing: each is then written by itself.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use tokio::sync::oneshot;

use super::database::Database;
use super::{Store, StoreError, beats, counts, evidence, readback_samples, readbacks};
use crate::model::{Evidence, Readback, ResponseExcerpt, Settled};

/// So many read-backs go into one transaction: `readbacks` has the most columns, and SQLite takes 32,766 values in a statement.
const AT_ONCE: usize = 256;

/// What one read-back gives.
#[derive(Clone)]
struct Found {
    readback: Readback,
    settled: Vec<Settled>,
    evidence: Vec<Evidence>,
}

/// One that waits to be written, and whom to tell.
type Waiting = (Found, oneshot::Sender<Result<(), StoreError>>);

/// Those that wait.
#[derive(Default)]
pub(super) struct Settling {
    waiting: Mutex<Vec<Waiting>>,
    turn: tokio::sync::Mutex<()>,
}

impl Settling {
    /// Writes what a read-back gives, together with those that wait as well.
    pub(super) async fn settle(
        &self,
        database: &Database,
        readback: &Readback,
        settled: &[Settled],
        evidence: &[Evidence],
    ) -> Result<(), StoreError> {
        let found = Found { readback: readback.clone(), settled: settled.to_vec(), evidence: evidence.to_vec() };
        loop {
            let (tell, mut told) = oneshot::channel();
            self.waiting.lock().unwrap_or_else(PoisonError::into_inner).push((found.clone(), tell));
            let said = loop {
                tokio::select! {
                    biased;
                    said = &mut told => break said,
                    turn = self.turn.lock() => {
                        self.write(database).await;
                        drop(turn);
                    }
                }
            };
            // Whoever had it in hand was dropped on the way: nothing of it was written.
            let Ok(said) = said else { continue };
            return said;
        }
    }

    /// Writes those that wait, at most [`AT_ONCE`], each project once.
    async fn write(&self, database: &Database) {
        let taken: Vec<Waiting> = {
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            // Whoever was dropped while waiting wants nothing written any more.
            waiting.retain(|(_, tell)| !tell.is_closed());
            let mut projects = HashSet::new();
            waiting.extract_if(.., |(found, _)| projects.len() < AT_ONCE && projects.insert(found.readback.project)).collect()
        };
        let (all, tell): (Vec<Found>, Vec<_>) = taken.into_iter().unzip();
        let together = write(database, &all).await;
        for (found, tell) in all.iter().zip(tell) {
            let said = match &together {
                Err(StoreError::Unfit { .. }) => write_alone(database, found).await,
                said => said.clone(),
            };
            // Whoever asked may be gone by now.
            let _ = tell.send(said);
        }
    }
}

impl Store {
    /// What one read-back found: the read-back replaces the project's last, each beat is settled (a row is made where there was none), evidence
    /// is kept. One transaction. A beat that is on record as seen stays seen, by the read-back that saw it first; later ones can only find
    /// more copies. Not sent replaces nothing.
    pub async fn settle(&self, readback: &Readback, settled: &[Settled], evidence: &[Evidence]) -> Result<(), StoreError> {
        self.settling.settle(&self.database, readback, settled, evidence).await
    }
}

/// Writes one by itself; without anybody's words, where the store refuses them.
async fn write_alone(database: &Database, found: &Found) -> Result<(), StoreError> {
    let rejected = match write(database, std::slice::from_ref(found)).await {
        Err(rejected @ StoreError::Unfit { .. }) => rejected,
        said => return said,
    };
    let mut readback = found.readback.clone();
    readback.findings.filter = None;
    if let Err(failure) = &mut readback.result {
        (failure.excerpt, failure.note) = (ResponseExcerpt::default(), None);
    }
    let bare = Found { readback, settled: found.settled.clone(), evidence: Vec::new() };
    write(database, std::slice::from_ref(&bare)).await?;
    tracing::error!(error = %rejected, "the store refuses the words of an answer; what it means is recorded without them");
    Ok(())
}

/// Writes in one transaction.
async fn write(database: &Database, all: &[Found]) -> Result<(), StoreError> {
    let mut work = database.work("settling beats").await?;
    counts::take_turn(&mut work);
    // Two services that write the same rows in the same order cannot lock each other out.
    let mut sorted: Vec<&Readback> = all.iter().map(|found| &found.readback).collect();
    sorted.sort_unstable_by_key(|readback| readback.project);
    readbacks::replace(&mut work, &sorted);
    readback_samples::keep(&mut work, &sorted);
    let settled: Vec<Settled> = all.iter().flat_map(|found| found.settled.iter().cloned()).collect();
    beats::settle(&mut work, &settled);
    let evidence: Vec<Evidence> = all.iter().flat_map(|found| found.evidence.iter().cloned()).collect();
    evidence::keep(&mut work, &evidence);
    work.commit().await
}
