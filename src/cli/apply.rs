//! `heartbeat apply`: the projects of a file, put into the store.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::edit::{EDIT_JSON, EditFlags, perform};
use super::global::{Invocation, specs};
use super::screen::{FAINT, styled};
use super::trouble::Misuse;
use crate::app;
use crate::config::{Plan, Scope, Wanted};
use crate::model::ProjectSpec;

/// Put the projects of a settings file into the store, and show what changed
///
/// All of it, or nothing. Applied twice, a file changes nothing the second time. A project that is in the store and not
/// in the file stays, unless --prune is given. A file that leaves out `personal_api_key` leaves the stored one as it is.
#[derive(Debug, Args)]
#[command(after_help = EDIT_JSON)]
pub struct Apply {
    /// The settings file; `-` for standard input
    pub file: PathBuf,

    /// Remove projects that are not in the file, with everything remembered of them
    #[arg(long)]
    pub prune: bool,

    #[command(flatten)]
    pub edit: EditFlags,
}

impl Apply {
    pub(super) async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        let settings = invocation.settings_of(Some(&self.file), Scope::Everything)?;
        if settings.projects.is_empty() {
            return Err(Misuse(format!("{} names no project; `heartbeat config example` shows how", self.file.display())).into());
        }
        let store = app::open_store(&settings).await?;
        let now = specs(&*store).await?;
        let put = settings.projects.iter().map(|wanted: &Wanted| wanted.over(&now)).collect::<Vec<_>>();
        let unlisted = |known: &&ProjectSpec| put.iter().all(|wanted| wanted.name != known.name);
        let unlisted = now.iter().filter(unlisted).map(|known| known.name.clone()).collect::<Vec<_>>();
        if !self.prune {
            for name in &unlisted {
                invocation.screen.note(styled(FAINT, format!("= project {name} is not in the file and stays (--prune removes it)")))?;
            }
        }
        let remove = if self.prune { unlisted } else { Vec::new() };
        perform(Plan::of(&now, put, remove), invocation, &*store, self.edit).await
    }
}
