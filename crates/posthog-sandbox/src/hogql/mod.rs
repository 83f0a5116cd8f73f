//! HogQL, as much of it as the curious need: a statement is parsed in ClickHouse's dialect and written anew for SQLite.
//!
//! Takes a statement and the time; gives a [`Plan`]: the SQL, and what its columns mean. Types are followed through every
//! expression, because SQLite has no times and no uuids, and because PostHog's answer names them. What is not understood
//! is refused in words, as PostHog refuses bad HogQL; nothing is guessed.

mod aggregate;
mod branch;
mod dialect;
mod expression;
mod function;
mod kind;
mod operator;
mod select;
mod term;
mod time;
mod tokens;

use std::thread;

use tokio::sync::oneshot;

use super::moment::Moment;
pub(super) use kind::Kind;

/// Rows in an answer when the statement has no LIMIT of its own.
const DEFAULT_LIMIT: usize = 100;

/// Rows in an answer at most.
const MOST_ROWS: usize = 50_000;

/// Why a statement cannot be answered: PostHog's `detail`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct BadHogQl(String);

/// A `Result` of this room.
type Understood<T> = Result<T, BadHogQl>;

fn reject<T>(why: impl Into<String>) -> Understood<T> {
    Err(BadHogQl(why.into()))
}

/// What a statement is asked of.
#[derive(Debug, Clone, Copy)]
pub(super) struct View {
    /// What `now()` in it is.
    pub(super) now: Moment,
    /// The id of the project whose rows it sees.
    pub(super) project: u32,
    /// Whether there are `system` tables: old releases have none.
    pub(super) system_tables: bool,
}

/// A column of the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) nullable: bool,
}

/// What to run, and how to read what comes back.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) sql: String,
    pub(super) columns: Vec<Column>,
    /// Set when the limit is PostHog's own: the SQL asks for one row more then.
    pub(super) default_limit: Option<usize>,
    /// Whether any SELECT in it has an OFFSET.
    pub(super) has_offset: bool,
}

impl Plan {
    fn of(written: select::Written, default_limit: Option<usize>) -> Self {
        Self { sql: written.sql, columns: written.columns, default_limit, has_offset: written.has_offset }
    }
}

/// The stack that the deepest statement fits on, in bytes. Only what is touched of it takes memory.
const STACK: usize = 64 * 1024 * 1024;

/// [`plan`] on a thread of its own: a statement's tree can be far deeper than the stack of whoever asks.
pub(super) async fn plan_apart(statement: String, view: View) -> Result<Plan, BadHogQl> {
    let (tell, told) = oneshot::channel();
    let started = thread::Builder::new().name("hogql".into()).stack_size(STACK).spawn(move || tell.send(plan(&statement, view)).is_ok());
    match started {
        Ok(_) => told.await.unwrap_or_else(|_| reject("Query is too complex.")),
        Err(why) => reject(format!("No thread for this query: {why}")),
    }
}

/// Understands a statement.
///
/// As in PostHog, the branches of a UNION ALL have their limits each for itself: a LIMIT at the end belongs to the last branch, unless
/// that one is in parentheses; and a branch without one ends at 100 rows.
fn plan(statement: &str, view: View) -> Understood<Plan> {
    let branches = branch::parse(statement)?;
    if let [only] = branches.all.as_slice()
        && only.part.limit.is_none()
    {
        let written = select::write(only, view, Some(DEFAULT_LIMIT + 1))?;
        return Ok(Plan::of(written, Some(DEFAULT_LIMIT)));
    }
    let written = select::write_all(&branches, view, |branch| Some(branch.part.limit.unwrap_or(DEFAULT_LIMIT).min(MOST_ROWS)))?;
    Ok(Plan::of(written, None))
}
