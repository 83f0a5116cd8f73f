//! A PostHog on loopback for tests, with faults on demand.
//!
//! It takes events in as capture does (v0 and v1), moves them through a queue that can be slow, stopped or double, and
//! answers HogQL over what has come out of it. [`Faults`] makes each of its parts fail in the ways that were seen in real
//! ones. It is a test double over real sockets: any client of PostHog can be pointed at it.
//!
//! ```
//! # async fn try_it() -> std::io::Result<()> {
//! let posthog = posthog_sandbox::Server::start().await?;
//! // Point the program under test at `posthog.url()`, with the token `posthog_sandbox::TOKEN`; then:
//! assert!(posthog.sandbox().events().await?.is_empty());
//! # Ok(())
//! # }
//! # tokio::runtime::Runtime::new().unwrap().block_on(try_it()).unwrap();
//! ```
//!
//! It takes the time from a [`Clock`], which a test may move by hand. It shares no code with any client of PostHog: two views of
//! one wire, written apart, so that a mistake in one does not hide in the other.
//!
//! The way of an event: `capture` takes it, `pipeline` holds it until it is ingested, `table` keeps it and runs what
//! `hogql` made of a statement.

#![warn(missing_docs)]

mod about;
mod annotations;
mod body;
mod budget;
mod capture;
mod chance;
mod cors;
mod denial;
mod event;
mod faults;
mod flags;
mod health;
mod hogql;
mod inspect;
mod instance;
mod keys;
mod losses;
mod moment;
mod pipeline;
mod printed;
mod private;
#[cfg(feature = "program")]
pub mod program;
mod project;
mod query;
mod router;
mod running;
mod server;
mod table;
mod warnings;

use std::future::Future;
use std::io;

use tokio::net::TcpListener;

use instance::Instance;

pub use faults::{
    Budget, CaptureFaults, EventFilter, Faults, FaultsError, FilterField, FilterMode, FilterNode, FilterOperator, InstanceFaults,
    QueryFaults, QueueFaults, Quota, Release,
};
pub use heartbeat_clock::clock::{Clock, Hand, Speed};
pub use heartbeat_clock::time::Timestamp;
pub use running::Server;

/// The token of the sandbox's first project.
pub const TOKEN: &str = "phc_sandbox";

/// The id of that project.
pub const PROJECT_ID: u32 = 1;

/// The token of the second project.
pub const SECOND_TOKEN: &str = "phc_sandbox_two";

/// The id of that project.
pub const SECOND_PROJECT_ID: u32 = 2;

/// The personal API key that may do everything in both projects.
pub const PERSONAL_KEY: &str = "phx_sandbox";

/// One with the scope `query:read` alone, limited to the first project: what PostHog's own pages recommend.
pub const LIMITED_KEY: &str = "phx_sandbox_limited";

/// One with the scope `query:read` alone, of every project.
pub const QUERY_KEY: &str = "phx_sandbox_query";

/// One limited to the first project that may read all that is asked when events are gone: `query:read`, `project:read`,
/// `event_filter:read`, `ingestion_warning:read`.
pub const READER_KEY: &str = "phx_sandbox_reader";

/// One PostHog with two projects. Cheap to clone; all clones are the same one.
#[derive(Debug, Clone)]
pub struct Sandbox {
    instance: Instance,
}

impl Sandbox {
    /// An empty PostHog in fair faults, whose time is that of `clock`.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        Self { instance: Instance::new(clock) }
    }

    /// Answers requests that come in through `listener` until `stop`, then cuts every connection: kept-alive ones and
    /// held requests as well.
    ///
    /// # Errors
    /// When the listener fails for good.
    pub async fn serve(&self, listener: TcpListener, stop: impl Future<Output = ()> + Send) -> io::Result<()> {
        server::serve(&self.instance, listener, stop).await
    }

    /// Every event that was taken and not lost, as `GET /_sandbox/events` shows it: `event`, `distinct_id`, `properties`, `timestamp`, `uuid`, ...
    ///
    /// # Errors
    /// When the table in memory fails, which is a fault of the sandbox.
    pub async fn events(&self) -> io::Result<Vec<serde_json::Value>> {
        inspect::all(&self.instance).await
    }

    /// The faults as it is.
    #[must_use]
    pub fn faults(&self) -> Faults {
        self.instance.faults()
    }

    /// Changes the faults: what `change` does not name stays as it is, `null` puts a field back to fair.
    ///
    /// # Errors
    /// Names every field that is wrong; nothing is changed then.
    pub fn change_faults(&self, change: &serde_json::Value) -> Result<Faults, FaultsError> {
        self.instance.change_faults(change)
    }

    /// Fair faults again. What waits in the queue is drained.
    pub fn clear_faults(&self) {
        self.instance.clear_faults();
    }
}

/// The README's examples in Rust are tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
