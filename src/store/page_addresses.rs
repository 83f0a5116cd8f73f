//! The addresses of the pages of running services. Commands print them.

use super::statement::sql;
use super::{Store, StoreError};
use crate::model::Timestamp;

impl Store {
    /// Writes that a page is served at this address. Addresses not announced since `forgotten_before` are deleted.
    pub async fn page_is_there(&self, address: &str, now: Timestamp, forgotten_before: Timestamp) -> Result<(), StoreError> {
        let mut work = self.database.work("writing the address of the page").await?;
        work.run_later(sql!("DELETE FROM page_addresses WHERE seen_ms < ?", forgotten_before));
        let put =
            "INSERT INTO page_addresses (address, seen_ms) VALUES (?, ?) ON CONFLICT (address) DO UPDATE SET seen_ms = excluded.seen_ms";
        work.run_later(sql!(put, address, now));
        work.commit().await
    }

    pub async fn page_is_gone(&self, address: &str) -> Result<(), StoreError> {
        let gone = sql!("DELETE FROM page_addresses WHERE address = ?", address);
        self.database.run("removing the address of the page", gone).await.map(drop)
    }

    /// The most recently announced address, if it was announced since `since`.
    pub async fn page_address(&self, since: Timestamp) -> Result<Option<String>, StoreError> {
        let newest = sql!("SELECT address FROM page_addresses WHERE seen_ms >= ? ORDER BY seen_ms DESC, address LIMIT 1", since);
        self.database.read_one("reading the address of the page", newest, |row| row.text(0)).await
    }
}
