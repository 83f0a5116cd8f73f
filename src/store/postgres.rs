//! Opens PostgreSQL, which several nodes can share.

use std::time::Duration;

use sqlx::postgres::PgPoolOptions;
use sqlx::{ConnectOptions, Row as _};
use tokio::sync::watch;

use super::OpenError;
use super::address::Server;
use super::database::Database;
use super::error::words;

/// `patience` is how long to wait for a silent server; the address can override it.
pub(super) async fn open(server: &Server, patience: Duration) -> Result<Database, OpenError> {
    let patience = server.connect_timeout.unwrap_or(patience);
    let unreachable = |why: String| OpenError::Unreachable { server: server.to_string(), why };
    let options = server.options.clone().disable_statement_logging();
    // One connection without the pool first: a pool retries until its timeout, and then reports only the timeout.
    let first = async {
        let mut first = options.connect().await?;
        let encoding: String = sqlx::raw_sql("SHOW server_encoding").fetch_one(&mut first).await?.try_get(0)?;
        Ok(encoding)
    };
    #[expect(clippy::disallowed_methods, reason = "how long a server may keep silent is real time, whatever the schedule's clock shows")]
    let first = tokio::time::timeout(patience, first).await;
    match first {
        Err(_) => return Err(unreachable(format!("it did not answer within {} s", patience.as_secs()))),
        Ok(Err(error)) => return Err(unreachable(words(&error))),
        Ok(Ok(encoding)) if encoding != "UTF8" => return Err(OpenError::Encoding { server: server.to_string(), encoding }),
        Ok(Ok(_)) => {}
    }
    let pool = PgPoolOptions::new().max_connections(server.pool_size).acquire_timeout(patience).connect_lazy_with(options);
    Ok(Database::Postgres(pool, watch::Sender::default()))
}
