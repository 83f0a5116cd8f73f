//! Says in the store where the page is, for commands that print an address of it.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::Clock;
use crate::store::Store;

/// So often it is said, in real time: whoever asks lives in it.
const EVERY: Duration = Duration::from_secs(30);
/// Who said nothing for so long is not there any more: killed, or without its store.
const THERE_WITHIN: Duration = Duration::from_secs(100);
/// At the end it may take so long.
const FAREWELL: Duration = Duration::from_secs(2);

/// Says once that the page is at this address. A store that does not take it is told of by whoever needs it.
pub async fn announce(store: &Store, address: &str) {
    let now = Clock::system().now();
    if let Err(error) = store.page_is_there(address, now, now.minus(THERE_WITHIN)).await {
        tracing::debug!(%error, "where the page is could not be written down");
    }
}

/// Says it again and again.
pub(super) async fn keep_announcing(store: Arc<Store>, address: String) -> Infallible {
    let real = Clock::system();
    loop {
        announce(&store, &address).await;
        real.sleep(EVERY).await;
    }
}

/// Says that it is gone.
pub(super) async fn withdraw(store: &Store, address: &str) {
    if let Ok(Err(error)) = Clock::real_timeout(FAREWELL, store.page_is_gone(address)).await {
        tracing::debug!(%error, "that the page is gone could not be written down");
    }
}

/// The address of a path of the page of a service that runs on this store; none where none runs.
///
/// # Errors
/// The store's.
pub async fn page_address(store: &Store, path: &str) -> anyhow::Result<Option<String>> {
    let since = Clock::system().now().minus(THERE_WITHIN);
    Ok(store.page_address(since).await?.map(|address| format!("{address}{path}")))
}
