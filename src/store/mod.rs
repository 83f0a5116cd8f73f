//! What is remembered: projects with their apps and routes, beats, looks, evidence, folded hours; incidents, channels, notifications, windows; who
//! may do what, what people changed, and what strangers may see.
//!
//! The loops meet here and nowhere else. SQL stands in this room only, once, in the subset that SQLite and PostgreSQL
//! share; times are integers of milliseconds, ids of beats are made by us, secrets rest encrypted.

mod address;
mod alert_app;
mod apply;
mod audit;
mod beats;
mod change;
mod change_token;
mod channels;
mod cipher;
mod closing;
mod config_snapshot;
mod counts;
mod database;
mod error;
mod evidence;
mod excerpt;
mod filter;
mod hours;
mod incidents;
mod invitations;
mod liveness;
mod migrate;
mod minute_range;
mod names;
mod notifications;
mod numbers;
mod one_key;
mod open;
mod phases;
mod postgres;
mod projects;
mod readback_samples;
mod readbacks;
mod recent;
mod sessions;
mod settling;
mod shown;
mod sqlite;
mod statement;
mod status_pages;
mod tokens;
mod users;
mod windows;
mod without_secrets;

use crate::model::{Entry, Incident, IncidentId, IncidentKind, Minute, Notification, ReadbackSample, Recorded, RouteId, Timestamp};

use counts::Failures;
use database::Database;
use settling::Settling;

pub use change::{Change, Checked, NoTurn, Turns};
pub use cipher::{CipherError, SecretCipher};
pub use config_snapshot::ConfigSnapshot;
pub use error::{OpenError, StoreError};
pub use filter::{
    AuditFilter, ChangeToken, ChannelNews, ChannelQueue, IncidentFilter, IncidentState, NotificationFilter, Notified, Reach, RouteSpan,
    Spread,
};
pub use open::{check_address, open, open_within};

/// What there was of a project lately.
#[derive(Debug, Clone, Default)]
pub struct Recent {
    /// Incidents, newest opened first.
    pub incidents: Vec<Incident>,
    /// Beats, by minute and route.
    pub beats: Vec<Recorded>,
    /// What was kept of the read-backs, oldest first.
    pub samples: Vec<ReadbackSample>,
}

/// Beats that may still be seen, oldest first, and minutes of routes without a row.
pub type Unsettled = (Vec<Recorded>, Vec<(RouteId, Minute)>);

/// An entry of a timeline, with the incident that it is of.
pub type Told = (IncidentId, IncidentKind, Entry);

/// Makes the notifications of an incident, once its number is known.
pub type Queued<'a> = &'a (dyn Fn(IncidentId) -> Vec<Notification> + Send + Sync);

/// What is remembered, in whichever database. One contract test runs over each of them.
pub struct Store {
    database: Database,
    cipher: SecretCipher,
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
