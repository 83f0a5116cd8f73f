//! What every database must do: each test here runs over SQLite and over PostgreSQL.

/// Makes each of these `async fn(Bed)` two tests: one over SQLite, one over PostgreSQL. After `unmigrated:` they start without any schema,
/// else with the newest one where that is cheaper.
macro_rules! over_both {
    (unmigrated: $($test:ident),* $(,)?) => {
        over_both!(@ empty_postgres $($test)*);
    };
    (@ $postgres:ident $($test:ident)*) => {
        mod sqlite {
            $(#[tokio::test] async fn $test() { super::$test(crate::store::bed::Bed::sqlite()).await; })*
        }
        mod postgres {
            $(#[tokio::test] async fn $test() { super::$test(crate::store::bed::Bed::$postgres().await).await; })*
        }
    };
    ($($test:ident),* $(,)?) => {
        over_both!(@ postgres $($test)*);
    };
}

mod alert_app;
mod asking;
mod auth;
mod beats;
pub(crate) mod bed;
mod changes;
mod channels;
mod closing;
mod config_snapshot;
mod counts;
mod incidents;
mod keeping;
mod notifications;
mod opening;
mod pooling;
mod projects;
mod readback_samples;
mod readbacks;
pub(crate) mod samples;
mod shown;
mod unsettled;
mod unusual;
mod watch;
mod windows;
