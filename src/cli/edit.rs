//! Brings the store from what is to what should be, in one step, and shows what that changed.

use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use super::global::Invocation;
use super::screen::{BAD, GOOD, WARN, styled};
use crate::config::{Change, Plan};
use crate::store::Store;

/// Flags of every command that changes something.
#[derive(Debug, Clone, Copy, Args)]
pub struct EditFlags {
    /// Show what would change, and change nothing
    #[arg(long)]
    pub dry_run: bool,

    /// Print the changes as JSON
    #[arg(long)]
    pub json: bool,
}

/// What JSON an edit prints.
pub(super) const EDIT_JSON: &str = "JSON: {dry_run, changes: [{project, change: added|changed|removed, field, old, new}]}; \
                                    field, old and new may be null.";

/// Writes a plan, all of it or nothing, and shows what that changes. Where nothing changes, nothing is written.
pub(super) async fn perform(plan: Plan, invocation: &Invocation, store: &dyn Store, flags: EditFlags) -> anyhow::Result<ExitCode> {
    if !plan.is_empty() && !flags.dry_run {
        store.apply(&plan.put, &plan.remove, invocation.clock.now()).await?;
    }
    if flags.json {
        let changes = plan.changes.iter().map(ChangeJson::of).collect();
        invocation.screen.json(&ChangesJson { dry_run: flags.dry_run, changes })?;
    } else {
        show(invocation, &plan.changes, flags.dry_run)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn show(invocation: &Invocation, changes: &[Change], dry_run: bool) -> anyhow::Result<()> {
    for change in changes {
        let style = match change {
            Change::Added { .. } => GOOD,
            Change::Changed { .. } => WARN,
            Change::Removed { .. } => BAD,
        };
        invocation.screen.line(styled(style, change))?;
    }
    match (changes.len(), dry_run) {
        (0, _) => invocation.screen.note("Nothing to change.")?,
        (_, true) => invocation.screen.note("Nothing was changed: this was a dry run.")?,
        (_, false) => {}
    }
    Ok(())
}

/// Stable field names, documented in [`EDIT_JSON`].
#[derive(Serialize)]
struct ChangesJson {
    dry_run: bool,
    changes: Vec<ChangeJson>,
}

#[derive(Serialize)]
struct ChangeJson {
    project: String,
    change: &'static str,
    field: Option<String>,
    old: Option<String>,
    new: Option<String>,
}

impl ChangeJson {
    fn of(change: &Change) -> Self {
        let (word, field, old, new) = match change.clone() {
            Change::Added { .. } => ("added", None, None, None),
            Change::Removed { .. } => ("removed", None, None, None),
            Change::Changed { field, old, new, .. } => ("changed", Some(field), old, new),
        };
        Self { project: change.project().to_string(), change: word, field, old, new }
    }
}
