//! `heartbeat apply`: the projects, channels, maintenance windows and status pages of a file, put into the store.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::change_flags::{ChangeFlags, SETTINGS_JSON, show};
use super::error::Misuse;
use super::explain::plainly;
use super::global::Invocation;
use super::screen::{FAINT, WARN, styled};
use crate::app;
use crate::config::{Scope, Settings};
use crate::settings::{By, SettingsService};

/// Put a settings file into the store, and show what changed
///
/// Its projects, channels, maintenance windows and status pages: all of them or, where anything in the file is wrong, none. Applied twice,
/// a file changes nothing the second time. What is in the store and not in the file stays, unless --prune is given. A file that leaves out a
/// secret, such as `personal_api_key`, leaves the stored one as it is.
#[derive(Debug, Args)]
#[command(after_help = SETTINGS_JSON)]
pub struct Apply {
    /// The settings file; `-` for standard input
    pub file: PathBuf,

    /// Remove what is not in the file: projects with everything remembered of them, channels with what is owed to them, windows, status pages
    #[arg(long)]
    pub prune: bool,

    #[command(flatten)]
    pub edit: ChangeFlags,
}

impl Apply {
    pub(super) async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        let settings = invocation.settings_of(Some(&self.file), Scope::Everything)?;
        self.reject_emptiness(&settings)?;
        let store = app::open_store(&settings).await?;
        let settings_service =
            SettingsService { dry_run: self.edit.dry_run, ..SettingsService::new(&store, By::file(&self.file), invocation.clock.now()) };
        let mut notes = Vec::new();
        let changes = settings_service.apply(|stored| {
            let plans = stored.plans(&settings, self.prune)?;
            let unlisted = if self.prune { Vec::new() } else { stored.unlisted(&settings) };
            let stays =
                unlisted.iter().map(|subject| styled(FAINT, format!("= {subject} is not in the file and stays (--prune removes it)")));
            notes = stays.chain(stored.strangers(&plans).into_iter().map(|stranger| styled(WARN, stranger))).collect();
            Ok(plans)
        });
        let changes = changes.await.map_err(plainly)?;
        for note in notes {
            invocation.screen.note(note)?;
        }
        show(&changes, invocation, self.edit)
    }

    /// A file that names nothing at all is probably the wrong one; and one without projects would remove them all.
    fn reject_emptiness(&self, settings: &Settings) -> Result<(), Misuse> {
        let has_others = !(settings.channels.is_empty() && settings.windows.is_empty() && settings.status_pages.is_empty());
        let says = match (settings.projects.is_empty(), has_others, self.prune) {
            (false, _, _) | (true, true, false) => return Ok(()),
            (true, true, true) => "names no project, and --prune would remove all that are stored",
            (true, false, _) => "names no project; `heartbeat config example` shows how",
        };
        Err(Misuse(format!("{} {says}", self.file.display())))
    }
}
