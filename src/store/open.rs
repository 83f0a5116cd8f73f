//! Opening the store, whichever database its address names.

use std::sync::Arc;
use std::time::Duration;

use super::address::Address;
use super::cipher::SecretCipher;
use super::counts::Failures;
use super::settling::Settling;
use super::{Store, StoreError, migrate, postgres, sqlite};

/// How long a database that is locked, or silent, is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// Whether a store can be at `address`, as far as the address alone says. Nothing is opened.
///
/// # Errors
/// What is wrong with the address.
pub fn check_address(address: &str) -> Result<(), StoreError> {
    Ok(Address::parse(address).map(drop)?)
}

/// Opens the store at `address` (`sqlite:path`, a path alone, or `postgres://...`), and brings its schema up to date.
///
/// # Errors
/// [`StoreError::Open`] says why it cannot be opened, [`StoreError::Database`] what else the database said.
pub async fn open(address: &str, cipher: SecretCipher) -> Result<Arc<Store>, StoreError> {
    open_within(address, cipher, PATIENCE).await
}

/// As [`open()`], for whoever does not want to wait as long for a database that is locked or silent, then and later.
///
/// # Errors
/// As [`open()`].
pub async fn open_within(address: &str, cipher: SecretCipher, patience: Duration) -> Result<Arc<Store>, StoreError> {
    let database = match Address::parse(address)? {
        Address::Sqlite(path) => sqlite::open(&path, patience).await?,
        Address::Postgres(server) => postgres::open(&server, patience).await?,
    };
    migrate::migrate(&database).await?;
    Ok(Arc::new(Store { database, cipher, settling: Settling::default(), failures: Failures::default() }))
}
