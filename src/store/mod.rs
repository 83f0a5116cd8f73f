//! What is remembered: projects with their apps and routes, beats, looks, evidence, folded hours; incidents, channels, notices, windows; who
//! may do what, what people changed, and what strangers may see.
//!
//! The loops meet here and nowhere else. SQL stands in this room only, once, in the subset that SQLite and PostgreSQL
//! share; times are integers of milliseconds, ids of beats are made by us, secrets rest sealed.

mod address;
mod alert_app;
mod apply;
mod beats;
mod change;
mod channels;
mod closing;
mod counts;
mod database;
mod deeds;
mod evidence;
mod glances;
mod hours;
mod incidents;
mod invitations;
mod looks;
mod migrate;
mod names;
mod notices;
mod numbers;
mod one_key;
mod open;
mod phases;
mod postgres;
mod projects;
mod quote;
mod recent;
mod roster;
mod seal;
mod sessions;
mod settling;
mod shown;
mod signs_of_life;
mod sql;
mod sqlite;
mod statement;
mod status_pages;
mod stretch;
mod tide;
mod tokens;
mod trouble;
mod users;
mod which;
mod windows;
mod without_secrets;

use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;

use crate::model::{
    Access, Acknowledged, ApiToken, AppKind, Channel, ChannelId, ChannelSpec, Deed, Digest, Entry, Evidence, Glance, Hour, Incident,
    IncidentId, Invitation, Look, Minute, Notice, NoticeState, Project, ProjectId, ProjectName, ProjectSpec, Recorded, RouteCounts,
    RouteId, Secret, Session, Settled, StatusPage, Strand, Timestamp, TokenId, User, UserId, UserName, Window,
};

pub use change::{Change, Checked, NoTurn, Turns};
pub use open::{check_address, open, open_within};
pub use roster::Roster;
pub use seal::{SealError, Sealer};
pub use signs_of_life::SignsOfLife;
pub use trouble::{OpenError, StoreError};
pub use which::{ChannelNews, Notified, Owing, Reach, RouteSpan, Spread, Stand, Tide, Which, WhichDeeds, WhichNotices};
pub use without_secrets::WithoutSecrets;

/// What there was of a project lately.
#[derive(Debug, Clone, Default)]
pub struct Recent {
    /// Incidents, newest opened first.
    pub incidents: Vec<Incident>,
    /// Beats, by minute and route.
    pub beats: Vec<Recorded>,
    /// What was kept of the looks, oldest first.
    pub glances: Vec<Glance>,
}

/// Beats that may still be seen, oldest first, and minutes of routes without a row.
pub type Unsettled = (Vec<Recorded>, Vec<(RouteId, Minute)>);

/// An entry of a timeline, with the incident that it is of.
pub type Told = (IncidentId, Strand, Entry);

/// Makes the notices of an incident, once its number is known.
pub type Owed<'a> = &'a (dyn Fn(IncidentId) -> Vec<Notice> + Send + Sync);

/// What every database must do. One contract test runs over each of them.
#[async_trait]
pub trait Store: WithoutSecrets + SignsOfLife + Send + Sync + 'static {
    /// All projects, by name, with keys opened, routes in use and switches.
    async fn projects(&self) -> Result<Vec<Project>, StoreError>;

    /// The project of this name. It costs the same among very many.
    async fn project(&self, name: &ProjectName) -> Result<Option<Project>, StoreError> {
        Ok(self.projects_named(std::slice::from_ref(name)).await?.pop())
    }

    /// Those projects of these names that there are, by name.
    async fn projects_named(&self, names: &[ProjectName]) -> Result<Vec<Project>, StoreError>;

    /// Numbers and names of all projects, by name. No secret is opened.
    async fn project_names(&self) -> Result<Vec<(ProjectId, ProjectName)>, StoreError>;

    /// On how many projects this app is installed. No secret is opened.
    async fn spread(&self, app: AppKind) -> Result<Spread, StoreError>;

    /// Changes what people set up: projects, channels and windows, and writes the deeds that tell of it; all of it in one transaction, or nothing.
    /// False, and nothing is written, when a revision is expected and is not the one that is found. The revision grows.
    ///
    /// Putting adds a project, channel or window, or replaces it by name; what is both removed and put is removed first, and put anew. Of a project,
    /// routes keep their number while their name stays, a route that is gone is retired (its beats stay until retention), a turn of an app's
    /// switch becomes a `Switch`. A removed project takes its routes, beats, hours, looks and evidence with it; its incidents stay, to be
    /// resolved and told. The pair of webhooks of a project's Ingestion Alert is a channel that comes and goes with the app's settings;
    /// when the app or the project is removed it stays until nothing is owed to it. A channel of which anything changed delivers again; a removed
    /// one takes along what it owes, and what it was notified of stays on record. Nothing is sealed while anything else in the store does not open with this store's key:
    /// [`SealError::OtherKey`]. One that is removed, disabled or led elsewhere while its service keeps an
    /// alert of it open is closed first: see [`Store::closing_channels`]. What leads elsewhere is another channel, of another number.
    async fn change(&self, change: &Change<'_>) -> Result<bool, StoreError>;

    /// [`Store::change`] of projects alone.
    async fn apply(&self, put: &[ProjectSpec], remove: &[ProjectName], now: Timestamp) -> Result<(), StoreError> {
        self.change(&Change { put_projects: put, remove_projects: remove, at: now, ..Change::default() }).await.map(drop)
    }

    /// Whether the store can be written to, now; writes nothing.
    async fn check(&self) -> Result<(), StoreError>;

    /// A number that grows with each [`Store::change`], whoever called it.
    async fn revision(&self) -> Result<i64, StoreError>;

    /// What is newest, of one project or of all: a few cheap readings.
    async fn tide(&self, project: Option<ProjectId>) -> Result<Tide, StoreError>;

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

    /// [`Store::open_beats`] and [`Store::gaps`] at once.
    async fn unsettled(&self, routes: &[RouteId], since: Minute, from: Minute, to: Minute) -> Result<Unsettled, StoreError>;

    /// What one look found: the look replaces the project's last, each beat is settled (a row is made where there was none), evidence
    /// is kept. One transaction. A beat that is on record as seen stays seen, by the look that saw it first; later ones can only find
    /// more copies. Unsent replaces nothing.
    async fn settle(&self, look: &Look, settled: &[Settled], evidence: &[Evidence]) -> Result<(), StoreError>;

    /// The newest look of each project that was looked at.
    async fn looks(&self) -> Result<Vec<Look>, StoreError>;

    /// The newest look at this project.
    async fn look(&self, project: ProjectId) -> Result<Option<Look>, StoreError> {
        Ok(self.looks_of(&[project]).await?.pop())
    }

    /// The newest look of each of these projects that was looked at, by project.
    async fn looks_of(&self, projects: &[ProjectId]) -> Result<Vec<Look>, StoreError>;

    /// Beats of `routes` from `from` up to and without `to`, by minute and route.
    async fn beats(&self, routes: &[RouteId], from: Minute, to: Minute) -> Result<Vec<Recorded>, StoreError>;

    /// Hours of `routes` whose start lies from `from` up to and without `to`, by start and route.
    async fn hours(&self, routes: &[RouteId], from: Minute, to: Minute) -> Result<Vec<Hour>, StoreError>;

    /// What the routes in use of these projects came to, by project and name. [`Store::settle`] and [`Store::record`] count it, each beat once for
    /// each end that it comes to; nothing that is dropped makes it less.
    async fn counts(&self, projects: &[ProjectId]) -> Result<Vec<RouteCounts>, StoreError>;

    /// Evidence of `routes` on minutes from `from` up to and without `to`, oldest first.
    async fn evidence(&self, routes: &[RouteId], from: Minute, to: Minute) -> Result<Vec<Evidence>, StoreError>;

    /// The first minute that has a beat, of any route; none when there is no beat.
    async fn oldest_beat(&self) -> Result<Option<Minute>, StoreError> {
        self.next_beat(Minute::from_index(i64::MIN)).await
    }

    /// The first minute not before `from` that has a beat, of any route.
    async fn next_beat(&self, from: Minute) -> Result<Option<Minute>, StoreError>;

    /// The longest `lost_after` of any project: beats younger than this may still be called lost.
    async fn longest_wait(&self) -> Result<Duration, StoreError>;

    /// The next `at_most` routes by number, retired ones with them.
    async fn routes_after(&self, after: Option<RouteId>, at_most: u32) -> Result<Vec<RouteId>, StoreError>;

    /// Up to this minute every hour is summed up, as [`Store::sum_up`] said last; none before the first. Hours behind it may be there too: half done,
    /// or done by a clock that was ahead.
    async fn summed_up(&self) -> Result<Option<Minute>, StoreError>;

    /// Writes hours whose beats stay, and says that all are summed up to `to` from now on. An hour that is there already is replaced.
    async fn sum_up(&self, hours: &[Hour], to: Option<Minute>) -> Result<(), StoreError>;

    /// Folds the hour that starts at `start`: writes `hours` and drops all beats of that hour on the routes of `span`, in one
    /// transaction. An hour that is there already is replaced.
    async fn fold(&self, start: Minute, span: RouteSpan, hours: &[Hour]) -> Result<(), StoreError>;

    /// Drops hours that start before `hours_before` and evidence of minutes before `evidence_before`; says how many rows went. Retired routes
    /// of which nothing is left go with them.
    async fn drop_old(&self, hours_before: Minute, evidence_before: Minute) -> Result<u64, StoreError>;

    /// What was kept of the looks at `project` from `from` up to and without `to`, oldest first. [`Store::settle`] keeps it: the last
    /// look of a minute stands.
    async fn glances(&self, project: ProjectId, from: Minute, to: Minute) -> Result<Vec<Glance>, StoreError>;

    /// [`Store::incidents`], [`Store::beats`] and [`Store::glances`] at once.
    async fn recent(&self, project: ProjectId, routes: &[RouteId], from: Minute, to: Minute, which: &Which) -> Result<Recent, StoreError>;

    /// Writes an incident with what belongs to it, in one transaction: it is added when it has no number yet, else replaced; what
    /// a person wrote (acknowledged, snoozed) is never touched. Entries go behind those that are there. `owed` makes the notices, once
    /// the incident's number is known; those that are there already stay as they are. Gives that number; none when nothing
    /// was written: an incident to be added found another one of its project and strand that is open or opened at the same instant, or one to be
    /// replaced is gone, or was over meanwhile and would be open again.
    async fn write_incident(&self, incident: &Incident, entries: &[Entry], owed: Owed<'_>) -> Result<Option<IncidentId>, StoreError>;

    /// Incidents, newest opened first.
    async fn incidents(&self, which: &Which) -> Result<Vec<Incident>, StoreError>;

    /// How many incidents are open.
    async fn open_incidents(&self) -> Result<u64, StoreError>;

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

    /// The channel that a person gave this name.
    async fn channel(&self, name: &ProjectName) -> Result<Option<Channel>, StoreError>;

    /// [`Store::change`] of channels alone.
    async fn apply_channels(&self, put: &[ChannelSpec], remove: &[ProjectName]) -> Result<(), StoreError> {
        self.change(&Change { put_channels: put, remove_channels: remove, ..Change::default() }).await.map(drop)
    }

    /// All maintenance windows, by name.
    async fn windows(&self) -> Result<Vec<Window>, StoreError>;

    /// [`Store::change`] of maintenance windows alone.
    async fn apply_windows(&self, put: &[Window], remove: &[ProjectName]) -> Result<(), StoreError> {
        self.change(&Change { put_windows: put, remove_windows: remove, ..Change::default() }).await.map(drop)
    }

    /// Leases what is owed: all notices that are due at `now`, of channels that deliver, that nobody else has leased, at most `at_most`,
    /// in the order in which they were written. Of one incident and channel none is given while an earlier one is owed and not given. They
    /// are nobody else's until `until`.
    async fn lease(&self, now: Timestamp, until: Timestamp, at_most: u32) -> Result<Vec<Notice>, StoreError>;

    /// Writes what came of leased notices, in one transaction: state, due, tries, ended and said, as they stand in `notices`; ends their
    /// leases. What was sent stays sent. A channel that took something has whatever it refused before tried again at once; one that stopped
    /// does not deliver from now on. `owed` are new notices, where there is something to tell because of that.
    async fn mark(&self, notices: &[Notice], channels: &[ChannelNews], owed: &[Notice]) -> Result<(), StoreError>;

    /// Owes notices. Those that are there already stay as they are.
    async fn owe(&self, notices: &[Notice]) -> Result<(), StoreError>;

    /// What each channel was notified of these incidents; who was never notified of one is not among them.
    async fn notified(&self, incidents: &[IncidentId]) -> Result<Vec<Notified>, StoreError>;

    /// What this channel was notified of any incident.
    async fn channel_notified(&self, channel: ChannelId) -> Result<Vec<Notified>, StoreError>;

    /// The channels that were removed, disabled or led elsewhere while a service kept an alert of theirs open. They are notified of nothing new (and so are not
    /// enabled here), and what is queued about incidents still goes out with the settings that they had.
    async fn closing_channels(&self) -> Result<Vec<Channel>, StoreError>;

    /// Such a channel has closed its alerts: one that was removed goes now, but for what it was notified of.
    async fn channel_closed(&self, channel: ChannelId) -> Result<(), StoreError>;

    /// Notices, newest first.
    async fn notices(&self, which: &WhichNotices) -> Result<Vec<Notice>, StoreError>;

    /// How many notices each channel still owes, and how many were given up, by its number. A channel that has none of either is left out.
    async fn owing(&self) -> Result<Vec<(ChannelId, Owing)>, StoreError>;

    /// Lets a channel deliver again, and owes its dead notices anew: due `now`, and as if never tried. Says how many; none when there is no such channel.
    async fn revive(&self, channel: ChannelId, now: Timestamp) -> Result<Option<u64>, StoreError>;

    /// What time it is by the database's server; none where there is no server.
    async fn server_time(&self) -> Result<Option<Timestamp>, StoreError>;

    /// Drops looks of minutes before `looks_before`, and incidents that were over before `over_before` with their entries and notices, and
    /// notices without an incident that ended before that; and the webhooks of projects and apps that are gone, once they are owed nothing. Says how
    /// many rows went.
    async fn drop_old_incidents(&self, looks_before: Minute, over_before: Timestamp) -> Result<u64, StoreError>;

    /// Deeds, newest first.
    async fn deeds(&self, which: &WhichDeeds) -> Result<Vec<Deed>, StoreError>;

    /// All users, by name.
    async fn users(&self) -> Result<Vec<User>, StoreError>;

    /// The user of this name, with the hash of its password as PHC text.
    async fn user(&self, name: &UserName) -> Result<Option<(User, Option<Secret>)>, StoreError>;

    /// Adds or changes a user. `password` is the hash of a new one, as PHC text: without it the old one stays; with it the user's sessions are closed.
    async fn put_user(
        &self,
        name: &UserName,
        access: Access,
        password: Option<&Secret>,
        now: Timestamp,
        checked: Checked<'_>,
    ) -> Result<UserId, StoreError>;

    /// Removes a user with its sessions and its invitation; false, and no deed, when there was none.
    async fn drop_user(&self, name: &UserName, checked: Checked<'_>) -> Result<bool, StoreError>;

    /// Writes an invitation. The one before for the same user, or for whoever is none yet, is over with it.
    async fn invite(&self, digest: &Digest, invitation: &Invitation) -> Result<(), StoreError>;

    /// The invitation of this digest, unless it was used or is over.
    async fn invitation(&self, digest: &Digest, now: Timestamp) -> Result<Option<Invitation>, StoreError>;

    /// Takes an invitation, sets the password of the user `name` (who is added, when there is none) and closes its sessions. What a user who is there
    /// may do stays. None, and nothing is written, when the invitation was used or is over, when it is for another user, and when it is for whoever is
    /// none yet and somebody is called `name`.
    async fn accept(
        &self,
        digest: &Digest,
        name: &UserName,
        password: &Secret,
        now: Timestamp,
        deed: &Deed,
    ) -> Result<Option<UserId>, StoreError>;

    /// Opens a session: `now` is the user's last login. A user that was removed meanwhile gets none.
    async fn open_session(&self, digest: &Digest, user: UserId, now: Timestamp, until: Timestamp, by_proxy: bool)
    -> Result<(), StoreError>;

    /// The session of this digest with its user as of now, unless it is over.
    async fn session(&self, digest: &Digest, now: Timestamp) -> Result<Option<Session>, StoreError>;

    /// Writes that a session was used, and until when it goes on now. One that is over stays over.
    async fn use_session(&self, digest: &Digest, now: Timestamp, until: Timestamp) -> Result<(), StoreError>;

    /// Closes a session.
    async fn close_session(&self, digest: &Digest) -> Result<(), StoreError>;

    /// Adds an API token; its number is given here.
    async fn put_token(&self, digest: &Digest, token: &ApiToken, checked: Checked<'_>) -> Result<TokenId, StoreError>;

    /// All API tokens, oldest first, those that are over with them.
    async fn tokens(&self) -> Result<Vec<ApiToken>, StoreError>;

    /// The API token of this digest, unless it is over; writes that it was used, at most once a minute.
    async fn token(&self, digest: &Digest, now: Timestamp) -> Result<Option<ApiToken>, StoreError>;

    /// Removes an API token; false, and no deed, when there was none.
    async fn drop_token(&self, id: TokenId, checked: Checked<'_>) -> Result<bool, StoreError>;

    /// All status pages, by name.
    async fn status_pages(&self) -> Result<Vec<StatusPage>, StoreError>;

    /// The status page of this name.
    async fn status_page(&self, name: &ProjectName) -> Result<Option<StatusPage>, StoreError>;

    /// Of each route the newest beat of its reach that was seen, by minute and route. A route may have several reaches.
    async fn newest_seen(&self, reaches: &[Reach]) -> Result<Vec<Recorded>, StoreError>;

    /// Incidents of these projects that are open, newest opened first.
    async fn open_incidents_of(&self, projects: &[ProjectId]) -> Result<Vec<Incident>, StoreError>;

    /// Entries of the timelines of a project's incidents from `from` up to and without `to`, oldest first.
    async fn entries_between(&self, project: ProjectId, from: Timestamp, to: Timestamp) -> Result<Vec<Told>, StoreError>;

    /// How many notices of a project's incidents that opened from `from` on have come how far.
    async fn told(&self, project: ProjectId, from: Timestamp) -> Result<HashMap<NoticeState, u64>, StoreError>;

    /// How many looks at a project are on record from `from` up to and without `to`, and how many of them failed.
    async fn looks_made(&self, project: ProjectId, from: Minute, to: Minute) -> Result<(u64, u64), StoreError>;

    /// Closes all connections. Nothing is lost without it; the file beside an SQLite database stays until the next start.
    async fn close(&self);
}
