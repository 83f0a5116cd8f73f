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

use crate::model::{Entry, Glance, Incident, IncidentId, Minute, Notice, Recorded, RouteId, Strand, Timestamp};

use counts::Failures;
use database::Database;
use settling::Settling;

pub use change::{Change, Checked, NoTurn, Turns};
pub use open::{check_address, open, open_within};
pub use roster::Roster;
pub use seal::{SealError, Sealer};
pub use trouble::{OpenError, StoreError};
pub use which::{ChannelNews, Notified, Owing, Reach, RouteSpan, Spread, Stand, Tide, Which, WhichDeeds, WhichNotices};

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

/// What is remembered, in whichever database. One contract test runs over each of them.
pub struct Store {
    database: Database,
    sealer: Sealer,
    settling: Settling,
    failures: Failures,
}

impl Store {
    /// Whether the store can be written to, now; writes nothing.
    pub async fn check(&self) -> Result<(), StoreError> {
        self.database.check().await
    }

    /// What time it is by the database's server; none where there is no server.
    pub async fn server_time(&self) -> Result<Option<Timestamp>, StoreError> {
        self.database.server_time().await
    }

    /// Closes all connections. Nothing is lost without it; the file beside an SQLite database stays until the next start.
    pub async fn close(&self) {
        self.database.close().await;
    }
}
