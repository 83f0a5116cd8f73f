//! `heartbeat apply`: saves a settings file in the store.

use std::path::PathBuf;

use clap::Args;

use super::change_flags::{ChangeFlags, SETTINGS_JSON};
use super::error::Misuse;
use super::explain::explain;
use super::global::Invocation;
use super::screen::{FAINT, WARN, styled};
use crate::app;
use crate::config::{Scope, Settings};
use crate::settings::{By, SettingsService};

/// Save a settings file in the store and list the changes
///
/// Applies the projects, channels, maintenance windows and status pages of the file. If anything in the file is wrong, nothing is changed. Applying the
/// same file again changes nothing. Without --prune, nothing is removed from the store. A secret that the file omits, for example `personal_api_key`,
/// keeps its stored value.
#[derive(Debug, Args)]
#[command(after_help = SETTINGS_JSON)]
pub struct Apply {
    /// Settings file, or `-` for standard input
    pub file: PathBuf,

    /// Remove projects (with their history), channels (with their queued notifications), windows and status pages that are not in the file
    #[arg(long)]
    pub prune: bool,

    #[command(flatten)]
    pub edit: ChangeFlags,
}

impl Apply {
    pub(super) async fn run(self, invocation: &Invocation) -> anyhow::Result<()> {
        let settings = invocation.settings_of(Some(&self.file), Scope::Everything)?;
        self.reject_empty_file(&settings)?;
        let store = app::open_store(&settings).await?;
        let settings_service = SettingsService { by: By::file(&self.file), ..self.edit.service(invocation, &store) };
        let mut notes = Vec::new();
        let changes = settings_service.apply(|stored| {
            let plans = stored.plans(&settings, self.prune)?;
            let unlisted = if self.prune { Vec::new() } else { stored.unlisted(&settings) };
            let kept =
                unlisted.iter().map(|subject| styled(FAINT, format!("= {subject} is not in the file and is kept (--prune removes it)")));
            notes = kept.chain(stored.unknown_projects(&plans).into_iter().map(|warning| styled(WARN, warning))).collect();
            Ok(plans)
        });
        let changes = changes.await.map_err(explain)?;
        for note in notes {
            invocation.screen.note(note)?;
        }
        self.edit.print(invocation, &changes)
    }

    /// An empty file is probably the wrong one. With --prune, a file without projects would remove all projects.
    fn reject_empty_file(&self, settings: &Settings) -> Result<(), Misuse> {
        let has_others = !(settings.channels.is_empty() && settings.windows.is_empty() && settings.status_pages.is_empty());
        let problem = match (settings.projects.is_empty(), has_others, self.prune) {
            (false, _, _) | (true, true, false) => return Ok(()),
            (true, true, true) => "defines no project, and --prune would remove all stored projects",
            (true, false, _) => "defines no project; see `heartbeat config example`",
        };
        Err(Misuse(format!("{} {problem}", self.file.display())))
    }
}
