//! `heartbeat maintenance`: when incidents are recorded, and nobody is told that they opened.

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::edit::{EDIT_JSON, EditFlags};
use super::global::Invocation;
use super::put::put_windows;
use super::trouble::Misuse;
use crate::config::nearest;
use crate::model::{ProjectName, Window};

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
    #[command(after_help = EDIT_JSON)]
    Add(add::Add),
    /// Remove a window; one that is open ends by it
    #[command(after_help = EDIT_JSON)]
    Remove(Remove),
}

/// `heartbeat maintenance remove`
#[derive(Debug, Args)]
pub struct Remove {
    /// The window
    pub name: String,

    #[command(flatten)]
    pub edit: EditFlags,
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
        let now = store.windows().await?;
        let remove = vec![window_named(&now, &self.name)?.clone()];
        put_windows(&now, Vec::new(), remove, (invocation, &*store, self.edit)).await
    }
}

/// The name of the window of this name.
fn window_named<'w>(windows: &'w [Window], name: &str) -> Result<&'w ProjectName, Misuse> {
    let found = windows.iter().map(|window| &window.name).find(|known| known.as_str() == name);
    found.ok_or_else(|| {
        let names: Vec<&str> = windows.iter().map(|window| window.name.as_str()).collect();
        let hint = match nearest(name, names.iter().copied()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None if names.is_empty() => "there is none: `heartbeat maintenance add`".to_owned(),
            None => format!("there are {}", names.join(", ")),
        };
        Misuse(format!("there is no maintenance window `{name}`; {hint}"))
    })
}
