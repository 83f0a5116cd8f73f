//! What is remembered: projects with their apps and routes, beats, looks, evidence, folded hours.
//!
//! The loops meet here and nowhere else. SQL stands in this room only, once, in the subset that SQLite and PostgreSQL
//! share; times are integers of milliseconds, ids of beats are made by us, secrets rest sealed.

mod address;
mod apply;
mod beats;
mod database;
mod evidence;
mod hours;
mod looks;
mod migrate;
mod phases;
mod postgres;
mod projects;
mod quote;
mod roster;
mod seal;
mod sql;
mod sqlite;
mod statement;
mod stretch;
mod trouble;

use std::time::Duration;

use async_trait::async_trait;

use crate::model::{Evidence, Hour, Look, Minute, Project, ProjectName, ProjectSpec, Recorded, RouteId, Settled, Timestamp};

pub use roster::Roster;
pub use seal::{SealError, Sealer};
pub use sql::{open, open_within};
pub use trouble::{OpenError, StoreError};

/// Routes whose numbers lie above `after` and not above `to`; where one is absent, there is no end on that side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RouteSpan {
    /// Without this one.
    pub after: Option<RouteId>,
    /// With this one.
    pub to: Option<RouteId>,
}

/// What every database must do. One contract test runs over each of them.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// All projects, by name, with keys opened, routes in use and switches.
    async fn projects(&self) -> Result<Vec<Project>, StoreError>;

    /// Puts and removes projects in one transaction: all of it, or nothing. `put` adds a project or replaces it by name: routes
    /// keep their number while their name stays, a route that is gone is retired (its beats stay until retention), a turn of
    /// the app's switch becomes a `Switch` at `now`. A removed project takes its routes, beats, hours, looks and evidence with it.
    /// What is in both is removed first, and put anew.
    async fn apply(&self, put: &[ProjectSpec], remove: &[ProjectName], now: Timestamp) -> Result<(), StoreError>;

    /// A number that grows with each [`Store::apply`], whoever called it.
    async fn revision(&self) -> Result<i64, StoreError>;

    /// The routes that have a beat on record in `minute`, whatever came of it; one that was Unsent is none.
    async fn recorded(&self, minute: Minute) -> Result<Vec<RouteId>, StoreError>;

    /// Writes receipts, many in one statement. Where the beat is on record already (sent again after a crash, or found by a look
    /// first) the new receipt replaces the old one, but an outcome that says it was seen, and what looks saw, stay. Unsent, which says
    /// that nothing is known, replaces nothing.
    async fn record(&self, beats: &[Recorded], evidence: &[Evidence]) -> Result<(), StoreError>;

    /// Beats of `routes` not older than `since` that were not seen so far (outcome code above 2), oldest first.
    async fn open_beats(&self, routes: &[RouteId], since: Minute) -> Result<Vec<Recorded>, StoreError>;

    /// Minutes of each route from `from` up to and without `to` that have no row, oldest first. No minute before the route was set up
    /// is one.
    async fn gaps(&self, routes: &[RouteId], from: Minute, to: Minute) -> Result<Vec<(RouteId, Minute)>, StoreError>;

    /// What one look found: the look replaces the project's last, each beat is settled (a row is made where there was none), evidence
    /// is kept. One transaction. A beat that is on record as seen stays seen, by the look that saw it first; later ones can only find
    /// more copies. Unsent replaces nothing.
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

    /// The longest `lost_after` of any project: beats younger than this may still be called lost.
    async fn longest_wait(&self) -> Result<Duration, StoreError>;

    /// The next `at_most` routes by number, retired ones with them.
    async fn routes_after(&self, after: Option<RouteId>, at_most: u32) -> Result<Vec<RouteId>, StoreError>;

    /// Folds the hour that starts at `start`: writes `hours` and drops all beats of that hour on the routes of `span`, in one
    /// transaction. An hour that is there already is replaced.
    async fn fold(&self, start: Minute, span: RouteSpan, hours: &[Hour]) -> Result<(), StoreError>;

    /// Drops hours that start before `hours_before` and evidence of minutes before `evidence_before`; says how many rows went. Retired routes
    /// of which nothing is left go with them.
    async fn drop_old(&self, hours_before: Minute, evidence_before: Minute) -> Result<u64, StoreError>;

    /// Closes all connections. Nothing is lost without it; the file beside an SQLite database stays until the next start.
    async fn close(&self);
}
