//! Opens the store at an address.

use std::sync::Arc;
use std::time::Duration;

use super::address::Address;
use super::cipher::SecretCipher;
use super::config_snapshot::Shared;
use super::counts::Failures;
use super::database::Database;
use super::grouping::Grouping;
use super::{Store, StoreError, migrate, postgres, sqlite};

/// How long to wait for a locked or silent database.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// Checks the address without opening anything.
pub fn check_address(address: &str) -> Result<(), StoreError> {
    Ok(Address::parse(address).map(drop)?)
}

/// Opens the store at `address` (`sqlite:path`, a path, or `postgres://...`) and migrates its schema. The error is [`StoreError::Open`]
/// when it cannot be opened, and [`StoreError::Database`] otherwise.
pub async fn open(address: &str, cipher: SecretCipher) -> Result<Arc<Store>, StoreError> {
    open_within(address, cipher, PATIENCE).await
}

/// [`open()`] with another time to wait for a locked or silent database, then and later.
pub async fn open_within(address: &str, cipher: SecretCipher, patience: Duration) -> Result<Arc<Store>, StoreError> {
    let database = open_database(address, patience).await?;
    migrate::migrate(&database).await?;
    let (settling, unsettled, unusual) = (Grouping::default(), Grouping::default(), Grouping::default());
    let (failures, shared) = (Failures::default(), Shared::default());
    Ok(Arc::new(Store { database, cipher, settling, unsettled, unusual, failures, shared }))
}

/// The database with whatever schema it has.
pub(super) async fn open_database(address: &str, patience: Duration) -> Result<Database, StoreError> {
    Ok(match Address::parse(address)? {
        Address::Sqlite(path) => sqlite::open(&path, patience).await?,
        Address::Postgres(server) => postgres::open(&server, patience).await?,
    })
}
