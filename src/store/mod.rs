//! What is remembered: projects with their apps and routes, beats, looks, evidence, folded hours; incidents, channels, notices, windows.
//!
//! The loops meet here and nowhere else. SQL stands in this room only, once, in the subset that SQLite and PostgreSQL
//! share; times are integers of milliseconds, ids of beats are made by us, secrets rest sealed.

mod address;
mod alert_app;
mod apply;
mod beats;
mod channels;
mod database;
mod evidence;
mod glances;
mod hours;
mod incidents;
mod looks;
mod migrate;
mod names;
mod notices;
mod numbers;
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
mod windows;

use std::time::Duration;

use async_trait::async_trait;

use crate::model::{
    Acknowledged, Channel, ChannelId, ChannelSpec, Entry, Evidence, Glance, Hour, Incident, IncidentId, Look, Minute, Notice, NoticeState,
    Project, ProjectId, ProjectName, ProjectSpec, Recorded, RouteId, Settled, Stopped, Timestamp, Window,
};

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

/// Which incidents are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Which {
    /// Of this project alone.
    pub project: Option<ProjectId>,
    /// This one alone.
    pub id: Option<IncidentId>,
    /// Those alone that are not over.
    pub open_only: bool,
    /// Those that are open, or were over not before this.
    pub since: Option<Timestamp>,
    /// At most so many.
    pub at_most: u32,
}

impl Default for Which {
    fn default() -> Self {
        Self { project: None, id: None, open_only: false, since: None, at_most: u32::MAX }
    }
}

/// Which notices are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WhichNotices {
    /// To this channel alone.
    pub channel: Option<ChannelId>,
    /// About this incident alone.
    pub incident: Option<IncidentId>,
    /// Those alone that have come so far.
    pub state: Option<NoticeState>,
    /// At most so many.
    pub at_most: u32,
}

impl Default for WhichNotices {
    fn default() -> Self {
        Self { channel: None, incident: None, state: None, at_most: u32::MAX }
    }
}

/// What became known of a channel by delivering to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChannelNews {
    /// It took a message.
    Taken(ChannelId, Timestamp),
    /// It does not deliver, until somebody changes it. One that does not already stays as it is.
    Stopped(ChannelId, Stopped),
}

/// Makes the notices of an incident, once its number is known.
pub type Owed<'a> = &'a (dyn Fn(IncidentId) -> Vec<Notice> + Send + Sync);

/// What every database must do. One contract test runs over each of them.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// All projects, by name, with keys opened, routes in use and switches.
    async fn projects(&self) -> Result<Vec<Project>, StoreError>;

    /// Puts and removes projects in one transaction: all of it, or nothing. `put` adds a project or replaces it by name: routes
    /// keep their number while their name stays, a route that is gone is retired (its beats stay until retention), a turn of
    /// the app's switch becomes a `Switch` at `now`. A removed project takes its routes, beats, hours, looks and evidence with it; its
    /// incidents stay, to be resolved and told. What is in both is removed first, and put anew. The pair of webhooks of a project's Ingestion
    /// Alert is a channel that comes and goes with the app's settings; when the app or the project is removed it stays until nothing is owed to it.
    async fn apply(&self, put: &[ProjectSpec], remove: &[ProjectName], now: Timestamp) -> Result<(), StoreError>;

    /// A number that grows with each [`Store::apply`], [`Store::apply_channels`] and [`Store::apply_windows`], whoever called it.
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

    /// What was kept of the looks at `project` from `from` up to and without `to`, oldest first. [`Store::settle`] keeps it: the last
    /// look of a minute stands.
    async fn glances(&self, project: ProjectId, from: Minute, to: Minute) -> Result<Vec<Glance>, StoreError>;

    /// Writes an incident with what belongs to it, in one transaction: it is added when it has no number yet, else replaced; what
    /// a person wrote (acknowledged, snoozed) is never touched. Entries go behind those that are there. `owed` makes the notices, once
    /// the incident's number is known; those that are there already stay as they are. Gives that number; none when nothing
    /// was written: an incident to be added found another one of its project and strand that is open or opened at the same instant, or one to be
    /// replaced is gone, or was over meanwhile and would be open again.
    async fn write_incident(&self, incident: &Incident, entries: &[Entry], owed: Owed<'_>) -> Result<Option<IncidentId>, StoreError>;

    /// Incidents, newest opened first.
    async fn incidents(&self, which: &Which) -> Result<Vec<Incident>, StoreError>;

    /// An incident's timeline, oldest first.
    async fn entries(&self, incident: IncidentId) -> Result<Vec<Entry>, StoreError>;

    /// Writes what a person says of an incident: who has it in hand, and until when reminders wait; `entry` goes into its timeline. False
    /// when there is no such incident.
    async fn hold(
        &self,
        incident: IncidentId,
        acknowledged: Option<&Acknowledged>,
        snoozed_until: Option<Timestamp>,
        entry: &Entry,
    ) -> Result<bool, StoreError>;

    /// All channels, by name, fields opened; those that belong to an app come last, by project.
    async fn channels(&self) -> Result<Vec<Channel>, StoreError>;

    /// Puts and removes channels in one transaction. `put` adds a channel or replaces it by name, and lets it deliver again when anything
    /// of it changed. With a removed one go its notices. Those of apps come and go with [`Store::apply`] alone. The revision grows.
    async fn apply_channels(&self, put: &[ChannelSpec], remove: &[ProjectName]) -> Result<(), StoreError>;

    /// All maintenance windows, by name.
    async fn windows(&self) -> Result<Vec<Window>, StoreError>;

    /// Puts and removes maintenance windows in one transaction. The revision grows.
    async fn apply_windows(&self, put: &[Window], remove: &[ProjectName]) -> Result<(), StoreError>;

    /// Leases what is owed: all notices that are due at `now`, of channels that deliver, that nobody else has leased, at most `at_most`,
    /// in the order in which they were written. Of one incident and channel none is given while an earlier one is owed and not given. They
    /// are nobody else's until `until`.
    async fn lease(&self, now: Timestamp, until: Timestamp, at_most: u32) -> Result<Vec<Notice>, StoreError>;

    /// Writes what came of leased notices, in one transaction: state, due, tries, ended and said, as they stand in `notices`; ends their
    /// leases. What was sent stays sent. A channel that took something has whatever it refused before tried again at once; one that stopped
    /// does not deliver from now on. `owed` are new notices, where there is something to tell because of that.
    async fn mark(&self, notices: &[Notice], channels: &[ChannelNews], owed: &[Notice]) -> Result<(), StoreError>;

    /// Owes notices that belong to no incident. Those that are there already stay as they are.
    async fn owe(&self, notices: &[Notice]) -> Result<(), StoreError>;

    /// Notices, newest first.
    async fn notices(&self, which: &WhichNotices) -> Result<Vec<Notice>, StoreError>;

    /// Lets a channel deliver again, and owes its dead notices anew: due `now`, and as if never tried. Says how many; none when there is no such channel.
    async fn revive(&self, channel: ChannelId, now: Timestamp) -> Result<Option<u64>, StoreError>;

    /// The last [`Store::sign_of_life`]; none when there was none.
    async fn last_sign_of_life(&self) -> Result<Option<Timestamp>, StoreError>;

    /// Heartbeat is alive at `now`.
    async fn sign_of_life(&self, now: Timestamp) -> Result<(), StoreError>;

    /// Drops looks of minutes before `looks_before`, and incidents that were over before `over_before` with their entries and notices, and
    /// notices without an incident that ended before that; and the webhooks of projects and apps that are gone, once they are owed nothing. Says how
    /// many rows went.
    async fn drop_old_incidents(&self, looks_before: Minute, over_before: Timestamp) -> Result<u64, StoreError>;

    /// Closes all connections. Nothing is lost without it; the file beside an SQLite database stays until the next start.
    async fn close(&self);
}
