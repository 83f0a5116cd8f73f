//! `heartbeat apply`: the projects, channels and maintenance windows of a file, put into the store.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::edit::{EDIT_JSON, EditFlags, perform};
use super::global::Invocation;
use super::screen::{FAINT, WARN, styled};
use super::stored::Stored;
use super::trouble::Misuse;
use crate::app;
use crate::config::{Scope, Settings};

/// Put a settings file into the store, and show what changed
///
/// Its projects, channels and maintenance windows, that is: all projects or none, then all channels or none, then all windows or none; what is wrong in the file keeps everything out. Applied twice,
/// a file changes nothing the second time. What is in the store and not in the file stays, unless --prune is given. A file that leaves out a
/// secret, such as `personal_api_key`, leaves the stored one as it is.
#[derive(Debug, Args)]
#[command(after_help = EDIT_JSON)]
pub struct Apply {
    /// The settings file; `-` for standard input
    pub file: PathBuf,

    /// Remove what is not in the file: projects with everything remembered of them, channels with what is owed to them, windows
    #[arg(long)]
    pub prune: bool,

    #[command(flatten)]
    pub edit: EditFlags,
}

impl Apply {
    pub(super) async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        let settings = invocation.settings_of(Some(&self.file), Scope::Everything)?;
        self.refuse_emptiness(&settings)?;
        let store = app::open_store(&settings).await?;
        let stored = Stored::read(&*store).await?;
        let plans = stored.plans(&settings, self.prune)?;
        if !self.prune {
            for subject in stored.unlisted(&settings) {
                invocation.screen.note(styled(FAINT, format!("= {subject} is not in the file and stays (--prune removes it)")))?;
            }
        }
        for stranger in stored.strangers(&plans) {
            invocation.screen.note(styled(WARN, stranger))?;
        }
        perform(plans, invocation, &*store, self.edit).await
    }

    /// A file that names nothing at all is probably the wrong one; and one without projects would remove them all.
    fn refuse_emptiness(&self, settings: &Settings) -> Result<(), Misuse> {
        let has_others = !settings.channels.is_empty() || !settings.windows.is_empty();
        let says = match (settings.projects.is_empty(), has_others, self.prune) {
            (false, _, _) | (true, true, false) => return Ok(()),
            (true, true, true) => "names no project, and --prune would remove all that are stored",
            (true, false, _) => "names no project; `heartbeat config example` shows how",
        };
        Err(Misuse(format!("{} {says}", self.file.display())))
    }
}
