//! `heartbeat maintenance`: lists, adds and removes maintenance windows.

use clap::{Args, Subcommand};

use super::change_flags::{Remove, SETTINGS_JSON};
use super::global::Invocation;
use crate::model::Window;

mod add;
mod list;
mod when;

/// List, add and remove maintenance windows, during which incidents open without notifications
///
/// If an incident is still open when the window ends, its notification is sent then. Without a command, it lists the windows.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Maintenance {
    #[command(subcommand)]
    pub command: Option<Command>,

    #[command(flatten)]
    pub list: list::List,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// List all windows and their states
    #[command(after_help = list::JSON)]
    List(list::List),
    /// Add a window
    #[command(after_help = SETTINGS_JSON)]
    Add(add::Add),
    /// Remove a window; an open window ends at once
    #[command(after_help = SETTINGS_JSON)]
    Remove(Remove),
}

impl Maintenance {
    pub(super) async fn run(self, invocation: &Invocation) -> anyhow::Result<()> {
        match self.command.unwrap_or(Command::List(self.list)) {
            Command::List(list) => list.run(invocation).await,
            Command::Add(add) => add.run(invocation).await,
            Command::Remove(remove) => remove.run::<Window>(invocation).await,
        }
    }
}
