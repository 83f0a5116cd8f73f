//! A PostHog sandbox on loopback for tests, with faults on demand.
//!
//! It accepts events like capture (v0 and v1), passes them through a queue that can be slow, stopped or produce duplicates, and
//! answers HogQL over the ingested events. [`Faults`] make each part fail as in a real PostHog. It listens on a real
//! socket: point any PostHog client at it.
//!
//! ```
//! # async fn try_it() -> std::io::Result<()> {
//! let posthog = posthog_sandbox::Server::start().await?;
//! // Configure the program under test with the host `posthog.url()` and the token `posthog_sandbox::TOKEN`; then:
//! assert!(posthog.sandbox().events().await?.is_empty());
//! # Ok(())
//! # }
//! # tokio::runtime::Runtime::new().unwrap().block_on(try_it()).unwrap();
//! ```
//!
//! It reads the time from a [`Clock`], which a test can move by hand. It shares no code with any PostHog client, so that a
//! mistake in a client is not repeated here.
//!
//! An event passes through `capture`, which accepts it, `pipeline`, where it waits until it is ingested, and `table`, which
//! stores it and runs the SQL that `hogql` generates.

#![warn(missing_docs)]

mod about;
mod annotation;
mod annotations;
mod body;
mod budget;
mod capture;
mod chance;
mod cors;
mod denial;
mod event;
mod fault_answer;
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
mod running_queries;
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

/// The token of the first project.
pub const TOKEN: &str = "phc_sandbox";

/// The id of the first project.
pub const PROJECT_ID: u32 = 1;

/// The token of the second project.
pub const SECOND_TOKEN: &str = "phc_sandbox_two";

/// The id of the second project.
pub const SECOND_PROJECT_ID: u32 = 2;

/// The personal API key with every scope, for both projects.
pub const PERSONAL_KEY: &str = "phx_sandbox";

/// A key with the scope `query:read`, limited to the first project: what PostHog's documentation recommends.
pub const LIMITED_KEY: &str = "phx_sandbox_limited";

/// A key with the scope `query:read`, for both projects.
pub const QUERY_KEY: &str = "phx_sandbox_query";

/// A key with every scope that a diagnosis of missing events reads, limited to the first project: `query:read`, `project:read`,
/// `event_filter:read`, `ingestion_warning:read`.
pub const READER_KEY: &str = "phx_sandbox_reader";

/// One PostHog sandbox with two projects. Cheap to clone; all clones share one state.
#[derive(Debug, Clone)]
pub struct Sandbox {
    instance: Instance,
}

impl Sandbox {
    /// An empty sandbox without faults, with the time of `clock`.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        Self { instance: Instance::new(clock) }
    }

    /// Serves `listener` until `stop`, then closes every connection, including idle ones and delayed answers.
    ///
    /// # Errors
    /// The listener fails permanently.
    pub async fn serve(&self, listener: TcpListener, stop: impl Future<Output = ()> + Send) -> io::Result<()> {
        server::serve(&self.instance, listener, stop).await
    }

    /// The accepted events that no fault dropped, as in `GET /_sandbox/events`: `event`, `distinct_id`, `properties`, `timestamp`,
    /// `uuid`, ...
    ///
    /// # Errors
    /// The in-memory table fails, which is a bug in the sandbox.
    pub async fn events(&self) -> io::Result<Vec<serde_json::Value>> {
        inspect::all(&self.instance).await
    }

    /// The current faults.
    #[must_use]
    pub fn faults(&self) -> Faults {
        self.instance.faults()
    }

    /// Merges `change` into the faults: other fields keep their values, and `null` resets a field.
    ///
    /// # Errors
    /// Lists every invalid field; then nothing is changed.
    pub fn change_faults(&self, change: &serde_json::Value) -> Result<Faults, FaultsError> {
        self.instance.change_faults(change)
    }

    /// Clears all faults. Events that wait in the queue are ingested.
    pub fn clear_faults(&self) {
        self.instance.clear_faults();
    }
}

/// Runs the README's Rust examples as tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
