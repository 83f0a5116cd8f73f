//! Writes the results of read-backs. Many read-backs end at once, and SQLite allows one writer at a time, so they are written in groups
//! ([`super::grouping`]), each in one transaction.

use std::sync::Arc;

use super::database::Database;
use super::grouping::Call;
use super::{Store, StoreError, beats, counts, evidence, readback_samples, readbacks};
use crate::model::{Evidence, Readback, ResponseExcerpt, Settled};

/// Read-backs per transaction: `readbacks` has the most columns, and SQLite accepts 32,766 values in a statement.
const AT_ONCE: usize = 256;

/// What a read-back found.
pub(super) struct Found {
    readback: Readback,
    settled: Vec<Settled>,
    evidence: Vec<Evidence>,
}

impl Call for Found {
    type Answer = ();

    /// Each project once.
    fn joins(&self, others: &[Arc<Self>]) -> bool {
        others.len() < AT_ONCE && !others.iter().any(|other| other.readback.project == self.readback.project)
    }

    async fn together(database: &Database, calls: &[Arc<Self>]) -> Result<Vec<()>, StoreError> {
        write(database, calls).await?;
        Ok(vec![(); calls.len()])
    }

    /// If the database rejects the entry, it is written without the texts of other servers.
    async fn alone(database: &Database, call: &Arc<Self>) -> Result<(), StoreError> {
        let rejected = match write(database, std::slice::from_ref(call)).await {
            Err(rejected @ StoreError::Unfit { .. }) => rejected,
            result => return result,
        };
        let mut readback = call.readback.clone();
        readback.findings.filter = None;
        if let Err(failure) = &mut readback.result {
            (failure.excerpt, failure.note) = (ResponseExcerpt::default(), None);
        }
        let bare = Arc::new(Self { readback, settled: call.settled.clone(), evidence: Vec::new() });
        write(database, &[bare]).await?;
        tracing::error!(error = %rejected, "the database rejected the text of a response; its result is stored without the text");
        Ok(())
    }
}

impl Store {
    /// Writes the results of one read-back in one transaction: it replaces the project's last read-back, settles each beat (a missing row
    /// is added) and adds the evidence. A beat that was seen keeps the first read-back that saw it; later ones can only add copies. Not
    /// sent replaces nothing.
    pub async fn settle(&self, readback: &Readback, settled: &[Settled], evidence: &[Evidence]) -> Result<(), StoreError> {
        let found = Found { readback: readback.clone(), settled: settled.to_vec(), evidence: evidence.to_vec() };
        self.settling.run(&self.database, found).await
    }
}

async fn write(database: &Database, all: &[Arc<Found>]) -> Result<(), StoreError> {
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
