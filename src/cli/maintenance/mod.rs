//! `heartbeat maintenance`: when incidents are recorded, and nobody is told that they opened.

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::change_flags::{ChangeFlags, SETTINGS_JSON, settings_service, show};
use super::explain::plainly;
use super::global::Invocation;
use crate::model::Window;

mod add;
mod list;
mod when;

/// List, add and remove maintenance windows: incidents are recorded in them, and nobody is told that they opened
///
/// An incident that goes on when the window ends is told then. Without a command, the windows are listed.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Maintenance {
    #[command(subcommand)]
    pub command: Option<Command>,

    #[command(flatten)]
    pub list: list::List,
}

/// What can be done with maintenance windows.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List all windows, and whether they are open
    #[command(after_help = list::JSON)]
    List(list::List),
    /// Add a window
    #[command(after_help = SETTINGS_JSON)]
    Add(add::Add),
    /// Remove a window; one that is open ends by it
    #[command(after_help = SETTINGS_JSON)]
    Remove(Remove),
}

/// `heartbeat maintenance remove`
#[derive(Debug, Args)]
pub struct Remove {
    /// The window
    pub name: String,

    #[command(flatten)]
    pub edit: ChangeFlags,
}

impl Maintenance {
    pub(super) async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        match self.command.unwrap_or(Command::List(self.list)) {
            Command::List(list) => list.run(invocation).await,
            Command::Add(add) => add.run(invocation).await,
            Command::Remove(remove) => remove.run(invocation).await,
        }
    }
}

impl Remove {
    async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        let store = invocation.store().await?;
        let done = settings_service(invocation, &store, self.edit).remove::<Window>(&self.name).await.map_err(plainly)?;
        show(&done.changes, invocation, self.edit)
    }
}
