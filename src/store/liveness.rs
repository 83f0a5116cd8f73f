//! What running services say of themselves: that they live, and where their pages are. Commands that print an address know it from this.

use super::statement::Statement;
use super::{Store, StoreError, numbers};
use crate::model::Timestamp;

impl Store {
    /// The last [`Store::sign_of_life`]; none when there was none.
    pub async fn last_sign_of_life(&self) -> Result<Option<Timestamp>, StoreError> {
        numbers::last_sign_of_life(&self.database).await
    }

    /// Heartbeat is alive at `now`.
    pub async fn sign_of_life(&self, now: Timestamp) -> Result<(), StoreError> {
        let mut work = self.database.work("giving a sign of life").await?;
        numbers::sign_of_life(&mut work, now).await?;
        work.commit().await
    }

    /// There is a page at this address, at `now`. Others that were not there since `forgotten_before` are forgotten.
    pub async fn page_is_there(&self, address: &str, now: Timestamp, forgotten_before: Timestamp) -> Result<(), StoreError> {
        let mut work = self.database.work("saying where the page is").await?;
        work.run(Statement::new("DELETE FROM page_addresses WHERE seen_ms < ").bind(forgotten_before.ms())).await?;
        let put = Statement::new("INSERT INTO page_addresses (address, seen_ms) VALUES ").rows([[address.into(), now.ms().into()]]);
        work.run(put.text(" ON CONFLICT (address) DO UPDATE SET seen_ms = excluded.seen_ms")).await?;
        work.commit().await
    }

    /// There is none any more.
    pub async fn page_is_gone(&self, address: &str) -> Result<(), StoreError> {
        let mut work = self.database.work("saying that the page is gone").await?;
        work.run(Statement::new("DELETE FROM page_addresses WHERE address = ").bind(address)).await?;
        work.commit().await
    }

    /// Where a page was last, if there was one since then.
    pub async fn page_address(&self, since: Timestamp) -> Result<Option<String>, StoreError> {
        let newest = Statement::new("SELECT address FROM page_addresses WHERE seen_ms >= ").bind(since.ms());
        let newest = newest.text(" ORDER BY seen_ms DESC, address LIMIT 1");
        Ok(self.database.read("reading where the page is", newest, |row| row.text(0)).await?.pop())
    }
}
