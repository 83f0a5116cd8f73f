//! The flags `--dry-run` and `--json` of commands that change settings, and how they print the changes.

use clap::Args;
use serde::Serialize;

use super::explain::{Flags, explain, explain_with};
use super::global::Invocation;
use super::screen::{BAD, GOOD, WARN, styled};
use crate::config::{Change, Kind};
use crate::settings::{By, ChangeError, SettingsService, StoredEntity};
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

impl ChangeFlags {
    pub(super) fn service<'s>(self, invocation: &Invocation, store: &'s Store) -> SettingsService<'s> {
        let by = By::command_line(&invocation.environment);
        SettingsService { dry_run: self.dry_run, ..SettingsService::new(store, by, invocation.clock.now()) }
    }

    /// Adds it, in a new store if there is none, and prints the changes.
    pub(super) async fn add<T: StoredEntity>(self, invocation: &Invocation, one: T, flags: Flags<'_>) -> anyhow::Result<T> {
        let store = invocation.new_store().await?;
        let done = self.service(invocation, &store).add(one).await.map_err(explain_with(flags))?;
        self.print(invocation, &done.changes)?;
        Ok(done.now)
    }

    /// `desired` makes the new state of the stored one; the changes are printed.
    pub(super) async fn change<T: StoredEntity>(
        self,
        invocation: &Invocation,
        name: &str,
        flags: Flags<'_>,
        desired: impl FnMut(&T) -> Result<T, ChangeError>,
    ) -> anyhow::Result<T> {
        let store = invocation.store().await?;
        let done = self.service(invocation, &store).change(name, desired).await.map_err(explain_with(flags))?;
        self.print(invocation, &done.changes)?;
        Ok(done.now)
    }

    pub(super) fn print(self, invocation: &Invocation, changes: &[Change]) -> anyhow::Result<()> {
        if self.json {
            let changes = changes.iter().map(ChangeJson::of).collect();
            invocation.screen.json(&ChangesJson { dry_run: self.dry_run, changes })?;
            return Ok(());
        }
        for change in changes {
            let style = match change {
                Change::Added { .. } => GOOD,
                Change::Changed { .. } => WARN,
                Change::Removed { .. } => BAD,
            };
            invocation.screen.line(styled(style, change))?;
        }
        match (changes.len(), self.dry_run) {
            (0, _) => invocation.screen.note("Nothing to change.")?,
            (_, true) => invocation.screen.note("Dry run: nothing was changed.")?,
            (_, false) => {}
        }
        Ok(())
    }
}

/// What to remove.
#[derive(Debug, Args)]
pub struct Remove {
    /// Its name
    pub name: String,

    #[command(flatten)]
    pub edit: ChangeFlags,
}

impl Remove {
    pub(super) async fn run<T: StoredEntity>(self, invocation: &Invocation) -> anyhow::Result<()> {
        let store = invocation.store().await?;
        let done = self.edit.service(invocation, &store).remove::<T>(&self.name).await.map_err(explain)?;
        self.edit.print(invocation, &done.changes)
    }
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
