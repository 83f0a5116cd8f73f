//! Where a store lives during one test.

use std::sync::Arc;

use heartbeat::store::{Sealer, Store, StoreError, open};
use tempfile::TempDir;

use crate::support::postgres;

/// An empty database, gone after the test.
pub(crate) struct Bed {
    pub(crate) address: String,
    _folder: Option<TempDir>,
}

impl Bed {
    pub(crate) fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { address: format!("sqlite:{}", folder.path().join("heartbeat.db").display()), _folder: Some(folder) }
    }

    pub(crate) async fn postgres() -> Self {
        Self { address: postgres::fresh_database().await, _folder: None }
    }

    /// Opens the store, as another process would: it shares nothing with one that is open already.
    pub(crate) async fn open(&self) -> Arc<dyn Store> {
        self.try_open().await.unwrap()
    }

    pub(crate) async fn try_open(&self) -> Result<Arc<dyn Store>, StoreError> {
        open(&self.address, sealer('A')).await
    }

    pub(crate) async fn try_open_with(&self, sealer: Sealer) -> Result<Arc<dyn Store>, StoreError> {
        open(&self.address, sealer).await
    }
}

/// A key like no other letter's: 32 bytes in base64 that begin with it.
pub(crate) fn sealer(letter: char) -> Sealer {
    Sealer::from_base64(&format!("{letter}{}=", "A".repeat(42))).unwrap()
}
