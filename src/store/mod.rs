//! What is remembered: projects with their apps and routes, beats, looks, evidence, folded hours.
//!
//! The loops meet here and nowhere else. SQL stands in this room only, once, in the subset that SQLite and PostgreSQL
//! share; times are integers of milliseconds, ids of beats are made by us, secrets are sealed before they come here.

use async_trait::async_trait;

use crate::model::{Evidence, Hour, Look, Minute, Project, ProjectName, ProjectSpec, Recorded, RouteId, Settled, Timestamp};

/// Why the store did not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database said no, or was not there.
    #[error("the database {what} failed: {why}")]
    Database {
        /// What was tried, in words: "recording receipts".
        what: &'static str,
        /// What the database said.
        why: String,
    },
    /// A row that this program could not have written, or a secret that this key does not open.
    #[error("{0}")]
    Damaged(String),
}

/// What every database must do. One contract test runs over each of them.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// All projects, by name, with keys opened, routes in use and switches.
    async fn projects(&self) -> Result<Vec<Project>, StoreError>;

    /// Puts and removes projects in one transaction: all of it, or nothing. `put` adds a project or replaces it by name: routes
    /// keep their number while their name stays, a route that is gone is retired (its beats stay until retention), a turn of
    /// the app's switch becomes a `Switch` at `now`. A removed project takes its routes, beats, hours, looks and evidence with it.
    async fn apply(&self, put: &[ProjectSpec], remove: &[ProjectName], now: Timestamp) -> Result<(), StoreError>;

    /// A number that grows with each [`Store::apply`], whoever called it.
    async fn revision(&self) -> Result<i64, StoreError>;

    /// The routes that have a beat on record in `minute`, whatever came of it.
    async fn recorded(&self, minute: Minute) -> Result<Vec<RouteId>, StoreError>;

    /// Writes receipts, many in one statement. Where the beat is on record already (sent again after a crash, or found by a look
    /// first) the new receipt replaces the old one, but an outcome that says it was seen, and what looks saw, stay.
    async fn record(&self, beats: &[Recorded], evidence: &[Evidence]) -> Result<(), StoreError>;

    /// Beats of `routes` not older than `since` that were not seen so far (outcome code above 2), oldest first.
    async fn open_beats(&self, routes: &[RouteId], since: Minute) -> Result<Vec<Recorded>, StoreError>;

    /// Minutes of each route from `from` up to and without `to` that have no row, oldest first.
    async fn gaps(&self, routes: &[RouteId], from: Minute, to: Minute) -> Result<Vec<(RouteId, Minute)>, StoreError>;

    /// What one look found: the look replaces the project's last, each beat is settled (a row is made where there was none), evidence
    /// is kept. One transaction. A beat that is on record as seen stays seen.
    async fn settle(&self, look: &Look, settled: &[Settled], evidence: &[Evidence]) -> Result<(), StoreError>;

    /// The newest look of each project that was looked at.
    async fn looks(&self) -> Result<Vec<Look>, StoreError>;

    /// Beats of `routes` from `from` up to and without `to`, by minute and route.
    async fn beats(&self, routes: &[RouteId], from: Minute, to: Minute) -> Result<Vec<Recorded>, StoreError>;

    /// Folded hours of `routes` whose start lies from `from` up to and without `to`, by start and route.
    async fn hours(&self, routes: &[RouteId], from: Minute, to: Minute) -> Result<Vec<Hour>, StoreError>;

    /// Evidence of `routes` on minutes from `from` up to and without `to`, oldest first.
    async fn evidence(&self, routes: &[RouteId], from: Minute, to: Minute) -> Result<Vec<Evidence>, StoreError>;

    /// The first minute that still has a beat unfolded, of any route; none when there is no beat.
    async fn oldest_beat(&self) -> Result<Option<Minute>, StoreError>;

    /// Folds the hour that starts at `start`: writes `hours` and drops all beats of that hour, in one transaction.
    async fn fold(&self, start: Minute, hours: &[Hour]) -> Result<(), StoreError>;

    /// Drops hours that start before `hours_before` and evidence of minutes before `evidence_before`; says how many rows went.
    async fn drop_old(&self, hours_before: Minute, evidence_before: Minute) -> Result<u64, StoreError>;
}
