//! Brings the store from what is to what should be, in one step, and shows what that changed.

use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use super::global::Invocation;
use super::screen::{BAD, GOOD, WARN, styled};
use crate::config::{Change, changes};
use crate::model::{ProjectName, ProjectSpec};
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

/// What is, and what should be instead.
#[derive(Debug)]
pub(super) struct Edit<'a> {
    /// All projects in the store.
    pub now: &'a [ProjectSpec],
    /// Projects as they should be; others stay as they are.
    pub put: Vec<ProjectSpec>,
    /// Projects that should go.
    pub remove: Vec<ProjectName>,
}

impl Edit<'_> {
    /// Makes the changes, all of them or none, and shows them. Nothing is written when nothing changes.
    pub(super) async fn perform(self, invocation: &Invocation, store: &dyn Store, flags: EditFlags) -> anyhow::Result<ExitCode> {
        let Self { now, put, remove } = self;
        let concerned = |spec: &&ProjectSpec| remove.contains(&spec.name) || put.iter().any(|wanted| wanted.name == spec.name);
        let changes = changes(&now.iter().filter(concerned).cloned().collect::<Vec<_>>(), &put);
        let put: Vec<_> = put.into_iter().filter(|spec| changes.iter().any(|change| *change.project() == spec.name)).collect();
        if !changes.is_empty() && !flags.dry_run {
            store.apply(&put, &remove, invocation.clock.now()).await?;
        }
        if flags.json {
            invocation.screen.json(&ChangesJson { dry_run: flags.dry_run, changes: changes.iter().map(ChangeJson::of).collect() })?;
        } else {
            show(invocation, &changes, flags.dry_run)?;
        }
        Ok(ExitCode::SUCCESS)
    }
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

/// Stable field names, documented in `heartbeat apply --help`.
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
