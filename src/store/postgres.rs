//! Opening PostgreSQL: for several nodes, and for whoever has one already.

use std::time::Duration;

use sqlx::ConnectOptions;
use sqlx::postgres::PgPoolOptions;

use super::OpenError;
use super::address::Server;
use super::database::Database;
use super::trouble::words;

/// Each loop needs one for a moment; the pages read beside them.
const CONNECTIONS: u32 = 8;

/// Connects; a server that says nothing is waited for `patience`.
pub(super) async fn open(server: &Server, patience: Duration) -> Result<Database, OpenError> {
    let unreachable = |why: String| OpenError::Unreachable { server: server.to_string(), why };
    let options = server.options.clone().disable_statement_logging();
    // One connection by hand first: a pool tries again until its patience ends, and then says only that it ended.
    #[expect(clippy::disallowed_methods, reason = "how long a server may keep silent is real time, whatever the schedule's clock shows")]
    let first = tokio::time::timeout(patience, options.connect()).await;
    match first {
        Err(_) => return Err(unreachable(format!("it did not answer within {} s", patience.as_secs()))),
        Ok(Err(error)) => return Err(unreachable(words(&error))),
        Ok(Ok(_)) => {}
    }
    let pool = PgPoolOptions::new().max_connections(CONNECTIONS).acquire_timeout(patience).connect_lazy_with(options);
    Ok(Database::Postgres(pool))
}
