//! Groups writes: many read-backs end at once, and SQLite allows one writer at a time, so the waiting ones are written together in one
//! transaction. If the database rejects one of them, each is written on its own.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use tokio::sync::oneshot;

use super::database::Database;
use super::{Store, StoreError, beats, counts, evidence, readback_samples, readbacks};
use crate::model::{Evidence, Readback, ResponseExcerpt, Settled};

/// Read-backs per transaction: `readbacks` has the most columns, and SQLite accepts 32,766 values in a statement.
const AT_ONCE: usize = 256;

#[derive(Clone)]
struct Found {
    readback: Readback,
    settled: Vec<Settled>,
    evidence: Vec<Evidence>,
}

type Waiting = (Found, oneshot::Sender<Result<(), StoreError>>);

#[derive(Default)]
pub(super) struct Settling {
    waiting: Mutex<Vec<Waiting>>,
    turn: tokio::sync::Mutex<()>,
}

impl Settling {
    pub(super) async fn settle(
        &self,
        database: &Database,
        readback: &Readback,
        settled: &[Settled],
        evidence: &[Evidence],
    ) -> Result<(), StoreError> {
        let found = Found { readback: readback.clone(), settled: settled.to_vec(), evidence: evidence.to_vec() };
        loop {
            let (sender, mut receiver) = oneshot::channel();
            self.waiting.lock().unwrap_or_else(PoisonError::into_inner).push((found.clone(), sender));
            let result = loop {
                tokio::select! {
                    biased;
                    result = &mut receiver => break result,
                    turn = self.turn.lock() => {
                        self.write(database).await;
                        drop(turn);
                    }
                }
            };
            // The caller that had taken this entry was dropped: nothing of it was written.
            let Ok(result) = result else { continue };
            return result;
        }
    }

    /// Writes up to [`AT_ONCE`] waiting entries, each project once.
    async fn write(&self, database: &Database) {
        let entries: Vec<Waiting> = {
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            // Callers that were dropped while waiting want nothing written.
            waiting.retain(|(_, sender)| !sender.is_closed());
            let mut projects = HashSet::new();
            waiting.extract_if(.., |(found, _)| projects.len() < AT_ONCE && projects.insert(found.readback.project)).collect()
        };
        let (all, sender): (Vec<Found>, Vec<_>) = entries.into_iter().unzip();
        let together = write(database, &all).await;
        for (found, sender) in all.iter().zip(sender) {
            let result = match &together {
                Err(StoreError::Unfit { .. }) => write_alone(database, found).await,
                result => result.clone(),
            };
            let _ = sender.send(result);
        }
    }
}

impl Store {
    /// Writes the results of one read-back in one transaction: it replaces the project's last read-back, settles each beat (a missing row
    /// is added) and adds the evidence. A beat that was seen keeps the first read-back that saw it; later ones can only add copies. Not
    /// sent replaces nothing.
    pub async fn settle(&self, readback: &Readback, settled: &[Settled], evidence: &[Evidence]) -> Result<(), StoreError> {
        self.settling.settle(&self.database, readback, settled, evidence).await
    }
}

/// If the database rejects the entry, it is written without the texts of other servers.
async fn write_alone(database: &Database, found: &Found) -> Result<(), StoreError> {
    let rejected = match write(database, std::slice::from_ref(found)).await {
        Err(rejected @ StoreError::Unfit { .. }) => rejected,
        result => return result,
    };
    let mut readback = found.readback.clone();
    readback.findings.filter = None;
    if let Err(failure) = &mut readback.result {
        (failure.excerpt, failure.note) = (ResponseExcerpt::default(), None);
    }
    let bare = Found { readback, settled: found.settled.clone(), evidence: Vec::new() };
    write(database, std::slice::from_ref(&bare)).await?;
    tracing::error!(error = %rejected, "the database rejected the text of a response; its result is stored without the text");
    Ok(())
}

async fn write(database: &Database, all: &[Found]) -> Result<(), StoreError> {
    let mut work = database.work("settling beats").await?;
    counts::lock(&mut work);
    // Two nodes that write the same rows in the same order cannot deadlock.
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
