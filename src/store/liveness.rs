//! The last heartbeat of running services, and the addresses of their pages. Commands print addresses from here.

use super::statement::Statement;
use super::{Store, StoreError, numbers};
use crate::model::Timestamp;

impl Store {
    pub async fn last_sign_of_life(&self) -> Result<Option<Timestamp>, StoreError> {
        numbers::last_sign_of_life(&self.database).await
    }

    pub async fn sign_of_life(&self, now: Timestamp) -> Result<(), StoreError> {
        let mut work = self.database.work("writing that the service is alive").await?;
        numbers::sign_of_life(&mut work, now).await?;
        work.commit().await
    }

    /// Writes that a page is served at this address. Addresses not announced since `forgotten_before` are deleted.
    pub async fn page_is_there(&self, address: &str, now: Timestamp, forgotten_before: Timestamp) -> Result<(), StoreError> {
        let mut work = self.database.work("writing the address of the page").await?;
        work.run(Statement::new("DELETE FROM page_addresses WHERE seen_ms < ").bind(forgotten_before.ms())).await?;
        let put = Statement::new("INSERT INTO page_addresses (address, seen_ms) VALUES ").rows([[address.into(), now.ms().into()]]);
        work.run(put.text(" ON CONFLICT (address) DO UPDATE SET seen_ms = excluded.seen_ms")).await?;
        work.commit().await
    }

    pub async fn page_is_gone(&self, address: &str) -> Result<(), StoreError> {
        let mut work = self.database.work("removing the address of the page").await?;
        work.run(Statement::new("DELETE FROM page_addresses WHERE address = ").bind(address)).await?;
        work.commit().await
    }

    /// The most recently announced address, if it was announced since `since`.
    pub async fn page_address(&self, since: Timestamp) -> Result<Option<String>, StoreError> {
        let newest = Statement::new("SELECT address FROM page_addresses WHERE seen_ms >= ").bind(since.ms());
        let newest = newest.text(" ORDER BY seen_ms DESC, address LIMIT 1");
        Ok(self.database.read("reading the address of the page", newest, |row| row.text(0)).await?.pop())
    }
}
