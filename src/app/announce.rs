//! Stores the address of the page, for commands that print links.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::Clock;
use crate::store::Store;

/// In real time, also with a fast clock.
const EVERY: Duration = Duration::from_secs(30);
/// An address that was not renewed for this long is stale: the process was killed or lost its store.
const THERE_WITHIN: Duration = Duration::from_secs(100);
const FAREWELL: Duration = Duration::from_secs(2);

/// Stores the address once. A failing store is reported elsewhere.
pub async fn announce(store: &Store, address: &str) {
    let now = Clock::system().now();
    if let Err(error) = store.page_is_there(address, now, now.minus(THERE_WITHIN)).await {
        tracing::debug!(%error, "cannot store the address of the page");
    }
}

pub(super) async fn keep_announcing(store: Arc<Store>, address: String) -> Infallible {
    let real = Clock::system();
    loop {
        announce(&store, &address).await;
        real.sleep(EVERY).await;
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
