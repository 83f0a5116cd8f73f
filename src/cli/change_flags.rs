//! The flags `--dry-run` and `--json` of commands that change settings, and how they print the changes.

use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use super::explain::explain;
use super::global::Invocation;
use super::screen::{BAD, GOOD, WARN, styled};
use crate::config::{Change, Kind};
use crate::settings::{By, SettingsService, StoredEntity};
use crate::store::Store;

#[derive(Debug, Clone, Copy, Args)]
pub struct ChangeFlags {
    /// Print the changes without making them
    #[arg(long)]
    pub dry_run: bool,

    /// Print the changes as JSON
    #[arg(long)]
    pub json: bool,
}

pub(super) const SETTINGS_JSON: &str = "JSON: {dry_run, changes: [{kind: project|channel|maintenance|status_page, name, project, change: \
                                    added|changed|removed, field, old, new}]}; project, field, old and new may be null.";

pub(super) fn settings_service<'s>(invocation: &Invocation, store: &'s Store, flags: ChangeFlags) -> SettingsService<'s> {
    let by = By::command_line(&invocation.environment);
    SettingsService { dry_run: flags.dry_run, ..SettingsService::new(store, by, invocation.clock.now()) }
}

pub(super) async fn remove<T: StoredEntity>(name: &str, invocation: &Invocation, flags: ChangeFlags) -> anyhow::Result<ExitCode> {
    let store = invocation.store().await?;
    let done = settings_service(invocation, &store, flags).remove::<T>(name).await.map_err(explain)?;
    show(&done.changes, invocation, flags)
}

pub(super) fn show(changes: &[Change], invocation: &Invocation, flags: ChangeFlags) -> anyhow::Result<ExitCode> {
    if flags.json {
        let changes = changes.iter().map(ChangeJson::of).collect();
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
        (_, true) => invocation.screen.note("Dry run: nothing was changed.")?,
        (_, false) => {}
    }
    Ok(())
}

/// The field names are documented in [`SETTINGS_JSON`] and must not change.
#[derive(Serialize)]
struct ChangesJson {
    dry_run: bool,
    changes: Vec<ChangeJson>,
}

#[derive(Serialize)]
struct ChangeJson {
    kind: &'static str,
    name: String,
    project: Option<String>,
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
        let subject = change.subject();
        let name = subject.name.to_string();
        let project = (subject.kind == Kind::Project).then(|| name.clone());
        Self { kind: subject.kind.name(), name, project, change: word, field, old, new }
    }
}
