//! Where a store lives during one test.

use std::fs;
use std::str::FromStr;
use std::sync::Arc;

use heartbeat::store::{SecretCipher, Store, StoreError, open};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, SqliteConnection};
use tempfile::TempDir;

use crate::support::postgres;

/// A database without anything in it, gone after the test.
pub(crate) struct Bed {
    pub(crate) address: String,
    folder: Option<TempDir>,
}

impl Bed {
    pub(crate) fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { address: format!("sqlite:{}", folder.path().join("heartbeat.db").display()), folder: Some(folder) }
    }

    pub(crate) fn is_sqlite(&self) -> bool {
        self.address.starts_with("sqlite:")
    }

    /// One in PostgreSQL, with the newest schema.
    pub(crate) async fn postgres() -> Self {
        Self { address: postgres::migrated_database().await, folder: None }
    }

    /// One in PostgreSQL, with nothing at all.
    pub(crate) async fn empty_postgres() -> Self {
        Self { address: postgres::fresh_database().await, folder: None }
    }

    /// Opens the store, as another process would: it shares nothing with one that is open already.
    pub(crate) async fn open(&self) -> Arc<Store> {
        self.try_open().await.unwrap()
    }

    pub(crate) async fn try_open(&self) -> Result<Arc<Store>, StoreError> {
        open(&self.address, cipher('A')).await
    }

    pub(crate) async fn try_open_with(&self, cipher: SecretCipher) -> Result<Arc<Store>, StoreError> {
        open(&self.address, cipher).await
    }

    /// Runs SQL behind the store's back.
    pub(crate) async fn execute(&self, sql: &str) {
        self.try_execute(sql).await.unwrap();
    }

    pub(crate) async fn try_execute(&self, sql: &str) -> Result<(), sqlx::Error> {
        let sql = AssertSqlSafe(sql.to_owned());
        if self.folder.is_some() {
            let options = SqliteConnectOptions::from_str(&self.address)?.create_if_missing(true);
            SqliteConnection::connect_with(&options).await?.execute(sql).await.map(drop)
        } else {
            PgConnection::connect(&self.address).await?.execute(sql).await.map(drop)
        }
    }

    /// Makes the database reject read-backs of one PostHog project, as it rejects what it cannot hold.
    pub(crate) async fn reject_readbacks_at_project_of_posthog(&self, number: i64) {
        let sql = if self.folder.is_some() {
            format!("CREATE TRIGGER refuses BEFORE INSERT ON readbacks WHEN NEW.posthog_id = {number} BEGIN SELECT RAISE(ABORT, 'no'); END")
        } else {
            format!("ALTER TABLE readbacks ADD CONSTRAINT refuses CHECK (posthog_id <> {number})")
        };
        self.execute(&sql).await;
    }

    /// Makes the database reject all evidence.
    pub(crate) async fn reject_evidence(&self) {
        let sql = if self.folder.is_some() {
            "CREATE TRIGGER refuses_words BEFORE INSERT ON evidence BEGIN SELECT RAISE(ABORT, 'no'); END"
        } else {
            "ALTER TABLE evidence ADD CONSTRAINT refuses_words CHECK (kind < 0)"
        };
        self.execute(sql).await;
    }

    /// Whether these bytes stand anywhere in what people set up.
    pub(crate) async fn holds(&self, text: &str) -> bool {
        self.everything().await.windows(text.len()).any(|bytes| bytes == text.as_bytes())
    }

    /// SQL of a migration, in this database's words.
    pub(crate) fn in_its_words(&self, sql: &str) -> String {
        let (bytes, without_rowid) = if self.folder.is_some() { ("BLOB", "WITHOUT ROWID") } else { ("BYTEA", "") };
        sql.replace("{bytes}", bytes).replace("{without_rowid}", without_rowid)
    }

    /// Bytes as a value in SQL, in this database's words.
    pub(crate) fn in_bytes(&self, bytes: &[u8]) -> String {
        let digits = bytes.iter().fold(String::new(), |digits, byte| digits + &format!("{byte:02x}"));
        if self.folder.is_some() { format!("x'{digits}'") } else { format!("'\\x{digits}'") }
    }

    /// Everything that people set up, as bytes: the files, or what the rows print as.
    pub(crate) async fn everything(&self) -> Vec<u8> {
        if let Some(folder) = &self.folder {
            return fs::read_dir(folder.path()).unwrap().flat_map(|file| fs::read(file.unwrap().path()).unwrap()).collect();
        }
        let mut connection = PgConnection::connect(&self.address).await.unwrap();
        let sql = "SELECT string_agg(found, ' ') FROM ( \
                   SELECT projects::text || encode(coalesce(personal_key, ''), 'escape') AS found FROM projects \
                   UNION ALL SELECT apps::text || encode(coalesce(secrets, ''), 'escape') FROM apps \
                   UNION ALL SELECT channels::text || encode(field_values, 'escape') FROM channels \
                   UNION ALL SELECT users::text FROM users \
                   UNION ALL SELECT sessions::text || encode(digest, 'escape') FROM sessions \
                   UNION ALL SELECT api_tokens::text || encode(digest, 'escape') FROM api_tokens \
                   UNION ALL SELECT invitations::text || encode(digest, 'escape') FROM invitations \
                   UNION ALL SELECT audit_entries::text FROM audit_entries) AS everything";
        sqlx::query_scalar::<_, String>(sql).fetch_one(&mut connection).await.unwrap().into_bytes()
    }
}

/// A key like no other letter's: 32 bytes in base64 that begin with it.
pub(crate) fn cipher(letter: char) -> SecretCipher {
    SecretCipher::from_base64(&format!("{letter}{}=", "A".repeat(42))).unwrap()
}
