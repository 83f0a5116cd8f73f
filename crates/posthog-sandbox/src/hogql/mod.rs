//! A subset of HogQL: parses a statement in ClickHouse's dialect and translates it to SQLite. Every expression has a type, because
//! SQLite has no times and uuids, and because PostHog's answers name the types. Unsupported HogQL is rejected with an error.

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

/// The limit of a statement without LIMIT.
const DEFAULT_LIMIT: usize = 100;

const MOST_ROWS: usize = 50_000;

/// The error text is PostHog's `detail`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct BadHogQl(String);

type Understood<T> = Result<T, BadHogQl>;

fn reject<T>(why: impl Into<String>) -> Understood<T> {
    Err(BadHogQl(why.into()))
}

#[derive(Debug, Clone, Copy)]
pub(super) struct View {
    /// The value of `now()`.
    pub(super) now: Moment,
    pub(super) project: u32,
    /// Old releases have no `system` tables.
    pub(super) system_tables: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) nullable: bool,
}

#[derive(Debug)]
pub(super) struct Plan {
    pub(super) sql: String,
    pub(super) columns: Vec<Column>,
    /// Set for a statement without LIMIT: the SQL then asks for one row more than this.
    pub(super) default_limit: Option<usize>,
    pub(super) has_offset: bool,
}

impl Plan {
    fn of(written: select::Written, default_limit: Option<usize>) -> Self {
        Self { sql: written.sql, columns: written.columns, default_limit, has_offset: written.has_offset }
    }
}

/// The stack for the deepest accepted statement, in bytes. The system allocates only the pages that are used.
const STACK: usize = 64 * 1024 * 1024;

/// Runs [`plan`] on its own thread: the tree of a statement can be too deep for the caller's stack.
pub(super) async fn plan_apart(statement: String, view: View) -> Result<Plan, BadHogQl> {
    let (sender, receiver) = oneshot::channel();
    let started = thread::Builder::new().name("hogql".into()).stack_size(STACK).spawn(move || sender.send(plan(&statement, view)).is_ok());
    match started {
        Ok(_) => receiver.await.unwrap_or_else(|_| reject("Query is too complex.")),
        Err(why) => reject(format!("Cannot start a thread for this query: {why}")),
    }
}

/// As in PostHog, each branch of a UNION ALL has its own limit: a LIMIT at the end belongs to the last branch, unless that branch is
/// in parentheses; a branch without LIMIT returns at most 100 rows.
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
