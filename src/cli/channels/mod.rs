//! `heartbeat channels`: lists, adds, changes, tests and removes channels.

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::change_flags::{Remove, SETTINGS_JSON};
use super::error::Misuse;
use super::global::Invocation;
use super::table::ListFlags;
use crate::model::Channel;

mod change;
mod kinds;
mod list;
mod resend;
mod show;
mod trial;

/// List, add, change, test and remove channels for notifications
///
/// Without a command, it lists the channels.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Channels {
    #[command(subcommand)]
    pub command: Option<Command>,

    #[command(flatten)]
    pub list: ListFlags,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// List all channels and whether they deliver
    #[command(after_help = list::JSON)]
    List(ListFlags),
    /// Show a channel with its fields; secrets are shown as `***`
    #[command(after_help = show::JSON)]
    Show(show::Show),
    /// Add a channel; on a terminal, it prompts for missing secrets
    #[command(after_help = SETTINGS_JSON)]
    Add(Box<change::Add>),
    /// Change the fields of a channel; a stopped channel delivers again
    #[command(after_help = SETTINGS_JSON)]
    Set(change::Set),
    /// Enable a channel
    #[command(after_help = SETTINGS_JSON)]
    Enable(change::Switch),
    /// Disable a channel; its fields are kept
    #[command(after_help = SETTINGS_JSON)]
    Disable(change::Switch),
    /// Remove a channel and its queued notifications
    #[command(after_help = SETTINGS_JSON)]
    Remove(Remove),
    /// List the kinds of channels with their fields
    #[command(after_help = kinds::JSON)]
    Kinds(kinds::Kinds),
    /// Send marked sample notifications (opened, reminder, resolved) and print the answers
    #[command(after_help = trial::JSON)]
    Test(trial::Test),
    /// Queue the failed notifications of a channel again; a stopped channel delivers again
    #[command(after_help = resend::JSON)]
    Resend(resend::Resend),
}

impl Channels {
    pub(super) async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        match self.command.unwrap_or(Command::List(self.list)) {
            Command::List(flags) => list::list(flags, invocation).await?,
            Command::Show(show) => show.run(invocation).await?,
            Command::Add(add) => add.run(invocation).await?,
            Command::Set(set) => set.run(invocation).await?,
            Command::Enable(which) => which.run(invocation, true).await?,
            Command::Disable(which) => which.run(invocation, false).await?,
            Command::Remove(which) => change::remove(which, invocation).await?,
            Command::Kinds(kinds) => kinds.run(invocation)?,
            Command::Test(test) => return test.run(invocation).await,
            Command::Resend(resend) => resend.run(invocation).await?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Finds a channel by its name in the list, including `webhooks of PROJECT`.
fn any_named<'c>(channels: &'c [Channel], name: &str) -> Result<&'c Channel, Misuse> {
    channels.iter().find(|channel| channel.called() == name).map_or_else(|| super::notifications::channel_named(channels, name), Ok)
}
