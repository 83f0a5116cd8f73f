//! Where a store lives during one test.

use std::fs;
use std::sync::Arc;

use heartbeat::store::{Sealer, Store, StoreError, open};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, SqliteConnection};
use tempfile::TempDir;

use crate::support::postgres;

/// An empty database, gone after the test.
pub(crate) struct Bed {
    pub(crate) address: String,
    folder: Option<TempDir>,
}

impl Bed {
    pub(crate) fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { address: format!("sqlite:{}", folder.path().join("heartbeat.db").display()), folder: Some(folder) }
    }

    pub(crate) async fn postgres() -> Self {
        Self { address: postgres::fresh_database().await, folder: None }
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

    /// Runs SQL behind the store's back.
    pub(crate) async fn execute(&self, sql: &str) {
        self.try_execute(sql).await.unwrap();
    }

    pub(crate) async fn try_execute(&self, sql: &str) -> Result<(), sqlx::Error> {
        let sql = AssertSqlSafe(sql.to_owned());
        if self.folder.is_some() {
            SqliteConnection::connect(&self.address).await?.execute(sql).await.map(drop)
        } else {
            PgConnection::connect(&self.address).await?.execute(sql).await.map(drop)
        }
    }

    /// Everything that is stored of projects, as bytes: the files, or what the rows print as.
    pub(crate) async fn everything(&self) -> Vec<u8> {
        if let Some(folder) = &self.folder {
            return fs::read_dir(folder.path()).unwrap().flat_map(|file| fs::read(file.unwrap().path()).unwrap()).collect();
        }
        let mut connection = PgConnection::connect(&self.address).await.unwrap();
        let sql = "SELECT string_agg(projects::text || encode(coalesce(personal_key, ''), 'escape') || apps::text, ' ') \
                   FROM projects JOIN apps ON apps.project = projects.id";
        sqlx::query_scalar::<_, String>(sql).fetch_one(&mut connection).await.unwrap().into_bytes()
    }
}

/// A key like no other letter's: 32 bytes in base64 that begin with it.
pub(crate) fn sealer(letter: char) -> Sealer {
    Sealer::from_base64(&format!("{letter}{}=", "A".repeat(42))).unwrap()
}
