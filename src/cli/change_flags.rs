//! Where commands change something, and how what that changed is shown.

use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use super::global::Invocation;
use super::screen::{BAD, GOOD, WARN, styled};
use crate::config::{Change, Kind};
use crate::settings::{By, SettingsService};
use crate::store::Store;

/// Flags of every command that changes something.
#[derive(Debug, Clone, Copy, Args)]
pub struct ChangeFlags {
    /// Show what would change, and change nothing
    #[arg(long)]
    pub dry_run: bool,

    /// Print the changes as JSON
    #[arg(long)]
    pub json: bool,
}

/// What JSON an edit prints.
pub(super) const SETTINGS_JSON: &str = "JSON: {dry_run, changes: [{kind: project|channel|maintenance, name, project, change: \
                                    added|changed|removed, field, old, new}]}; project (of a project its name), field, old and new may be null.";

/// Where whoever runs the command changes something.
pub(super) fn settings_service<'s>(invocation: &Invocation, store: &'s Store, flags: ChangeFlags) -> SettingsService<'s> {
    let by = By::command_line(&invocation.environment);
    SettingsService { dry_run: flags.dry_run, ..SettingsService::new(store, by, invocation.clock.now()) }
}

/// Shows what was changed, or would be.
pub(super) fn show(changes: &[Change], invocation: &Invocation, flags: ChangeFlags) -> anyhow::Result<ExitCode> {
    if flags.json {
        let changes = changes.iter().map(AuditEntryJson::of).collect();
        invocation.screen.json(&ChangesJson { dry_run: flags.dry_run, changes })?;
    } else {
        list(invocation, changes, flags.dry_run)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn list(invocation: &Invocation, changes: &[Change], dry_run: bool) -> anyhow::Result<()> {
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
    changes: Vec<AuditEntryJson>,
}

#[derive(Serialize)]
struct AuditEntryJson {
    kind: &'static str,
    name: String,
    project: Option<String>,
    change: &'static str,
    field: Option<String>,
    old: Option<String>,
    new: Option<String>,
}

impl AuditEntryJson {
    fn of(change: &Change) -> Self {
        let (word, field, old, new) = match change.clone() {
            Change::Added { .. } => ("added", None, None, None),
            Change::Removed { .. } => ("removed", None, None, None),
            Change::Changed { field, old, new, .. } => ("changed", Some(field), old, new),
        };
        let subject = change.subject();
        let name = subject.name.to_string();
        let project = (subject.kind == Kind::Project).then(|| name.clone());
        Self { kind: subject.kind.name(), name, project, change: word, field, old, new }
    }
}
