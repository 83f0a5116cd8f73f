//! The store: settings, beats, read-backs, evidence, hours, incidents, notifications, users and the audit log. All SQL is here, in the
//! subset that SQLite and PostgreSQL share.
//! Loops share data only through the store. Times are integers of milliseconds, ids are assigned by Heartbeat, and secrets are encrypted.

mod address;
mod alert_app;
mod apply;
mod audit;
mod beats;
mod bench;
mod change;
mod change_token;
mod channel_rows;
mod channels;
mod cipher;
mod closing;
mod config_snapshot;
mod connections;
mod counts;
mod database;
mod days;
mod error;
mod evidence;
mod excerpt;
mod filter;
mod grouping;
mod hour_rows;
mod hours;
mod incidents;
mod invitations;
mod migrate;
mod minute_range;
mod names;
mod notifications;
mod numbers;
mod one_key;
mod open;
mod page_addresses;
mod phases;
mod postgres;
mod projects;
mod readback_samples;
mod readbacks;
mod recent;
mod row;
mod seen_hours;
mod sessions;
mod settling;
mod shown;
mod sqlite;
mod statement;
mod status_pages;
mod tokens;
mod unsettled;
mod unusual;
mod user_rows;
mod users;
mod value;
mod watch;
mod windows;
mod without_secrets;

use crate::model::{
    Entry, Incident, IncidentId, IncidentKind, Minute, Notification, Readback, ReadbackSample, Recorded, RouteId, Timestamp,
};

use counts::Failures;
use database::Database;
use grouping::Grouping;

pub use bench::empty_bench;
pub use change::{Change, Checked, NoTurn, Turns};
pub use cipher::{CipherError, SecretCipher};
pub use config_snapshot::ConfigSnapshot;
pub use days::Aggregated;
pub use error::{OpenError, StoreError};
pub use filter::{
    AuditFilter, ChangeToken, ChannelNews, ChannelQueue, IncidentFilter, IncidentState, NotificationFilter, Notified, Reach, RouteSpan,
    Spread,
};
pub use open::{check_address, open, open_within};
pub use watch::{CommitLog, Counters};

#[derive(Debug, Clone, Default)]
pub struct Recent {
    pub incidents: Vec<Incident>,
    pub beats: Vec<Recorded>,
    pub samples: Vec<ReadbackSample>,
}

/// What a read-back begins with.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Unsettled {
    /// The newest read-back.
    pub last: Option<Readback>,
    /// Beats that may still be seen, oldest first.
    pub beats: Vec<Recorded>,
    /// Minutes of routes without a row, oldest first.
    pub gaps: Vec<(RouteId, Minute)>,
}

pub type TimelineEntry = (IncidentId, IncidentKind, Entry);

/// Makes the notifications of an incident when its id is known.
pub type Queued<'a> = &'a (dyn Fn(IncidentId) -> Vec<Notification> + Send + Sync);

/// The same contract tests run on both databases.
pub struct Store {
    database: Database,
    cipher: SecretCipher,
    settling: Grouping<settling::Found>,
    unsettled: Grouping<unsettled::Question>,
    unusual: Grouping<unusual::Question>,
    failures: Failures,
    shared: config_snapshot::Shared,
}

impl Store {
    /// Whether the store is writable now; writes nothing.
    pub async fn check(&self) -> Result<(), StoreError> {
        self.database.check().await
    }

    /// `None` for SQLite, which has no server.
    pub async fn server_time(&self) -> Result<Option<Timestamp>, StoreError> {
        self.database.server_time().await
    }

    /// A digest of a text, keyed with the encryption key: it can be shown although the text is a secret. The same in every process that uses
    /// this database.
    #[must_use]
    pub fn digest(&self, text: &str) -> [u8; 32] {
        self.cipher.digest(text)
    }

    /// Optional: nothing is lost without it, but the WAL file of SQLite stays until the next start.
    pub async fn close(&self) {
        self.database.close().await;
    }
}
