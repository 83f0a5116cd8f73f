//! Stores the address of the page, for commands that print links.

use std::time::Duration;

use crate::clock::Clock;
use crate::store::{Store, StoreError};

/// In real time, also with a fast clock.
const EVERY: Duration = Duration::from_secs(40);
/// An address that was not renewed for this long is stale: the process was killed or lost its store.
const THERE_WITHIN: Duration = Duration::from_secs(100);
const FAREWELL: Duration = Duration::from_secs(2);

/// Stores the address once. A failing store is reported elsewhere.
pub async fn announce(store: &Store, address: &str) {
    if let Err(error) = write(store, address).await {
        tracing::debug!(%error, "cannot store the address of the page");
    }
}

async fn write(store: &Store, address: &str) -> Result<(), StoreError> {
    let now = Clock::system().now();
    store.page_is_there(address, now, now.minus(THERE_WITHIN)).await
}

/// The address of a running service's page, to be renewed.
pub(super) struct Announcement {
    address: String,
    real: Clock,
    /// On the monotonic clock.
    renewed: Option<Duration>,
}

impl Announcement {
    pub(super) fn of(address: String) -> Self {
        Self { address, real: Clock::system(), renewed: None }
    }

    pub(super) fn is_due(&self) -> bool {
        self.renewed.is_none_or(|renewed| self.real.monotonic().saturating_sub(renewed) >= EVERY)
    }

    pub(super) async fn renew(&mut self, store: &Store) -> Result<(), StoreError> {
        write(store, &self.address).await?;
        self.renewed = Some(self.real.monotonic());
        Ok(())
    }
}

pub(super) async fn withdraw(store: &Store, address: &str) {
    if let Ok(Err(error)) = Clock::real_timeout(FAREWELL, store.page_is_gone(address)).await {
        tracing::debug!(%error, "cannot remove the address of the page");
    }
}

/// The URL of a path on the page of a running service; none if no service runs on this store.
pub async fn page_address(store: &Store, path: &str) -> anyhow::Result<Option<String>> {
    let since = Clock::system().now().minus(THERE_WITHIN);
    Ok(store.page_address(since).await?.map(|address| format!("{address}{path}")))
}
