//! `heartbeat channels`: where notifications go, tried and mended without a file.

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::change_flags::SETTINGS_JSON;
use super::error::Misuse;
use super::global::Invocation;
use crate::config::channel::{self, called};
use crate::model::Channel;

mod change;
mod kinds;
mod list;
mod resend;
mod show;
mod trial;

/// List, add, change, try and remove the channels that notifications go to
///
/// Without a command, the channels are listed.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Channels {
    #[command(subcommand)]
    pub command: Option<Command>,

    #[command(flatten)]
    pub list: list::List,
}

/// What can be done with channels.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List all channels, whom they tell, and whether they deliver
    #[command(after_help = list::JSON)]
    List(list::List),
    /// Show one channel with its fields; secrets as `***`
    #[command(after_help = show::JSON)]
    Show(show::Show),
    /// Add a channel; required secrets that are not given are asked for on a terminal
    #[command(after_help = SETTINGS_JSON)]
    Add(Box<change::Add>),
    /// Change a channel's fields; it delivers again
    #[command(after_help = SETTINGS_JSON)]
    Set(change::Set),
    /// Let notifications go there
    #[command(after_help = SETTINGS_JSON)]
    Enable(change::IncidentFilter),
    /// Let no notification go there; its fields stay
    #[command(after_help = SETTINGS_JSON)]
    Disable(change::IncidentFilter),
    /// Remove a channel, with the notifications that are owed to it
    #[command(after_help = SETTINGS_JSON)]
    Remove(change::IncidentFilter),
    /// List the kinds of channels, with their fields
    #[command(after_help = kinds::JSON)]
    Kinds(kinds::Kinds),
    /// Send marked samples of opened, reminder and resolved, and print what the receiver answers
    #[command(after_help = trial::JSON)]
    Test(trial::Test),
    /// Let a channel deliver again, and owe it anew what nobody took
    #[command(after_help = resend::JSON)]
    Resend(resend::Resend),
}

impl Channels {
    pub(super) async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        match self.command.unwrap_or(Command::List(self.list)) {
            Command::List(list) => list.run(invocation).await,
            Command::Show(show) => show.run(invocation).await,
            Command::Add(add) => add.run(invocation).await,
            Command::Set(set) => set.run(invocation).await,
            Command::Enable(which) => which.switch(invocation, true).await,
            Command::Disable(which) => which.switch(invocation, false).await,
            Command::Remove(which) => which.remove(invocation).await,
            Command::Kinds(kinds) => kinds.run(invocation),
            Command::Test(test) => test.run(invocation).await,
            Command::Resend(resend) => resend.run(invocation).await,
        }
    }
}

/// A channel by the name that the list shows: of a project's own pair of webhooks, that is `webhooks of PROJECT`.
fn any_named<'c>(channels: &'c [Channel], name: &str) -> Result<&'c Channel, Misuse> {
    channel::called_so(channels, name).map_or_else(|| super::notifications::channel_named(channels, name), Ok)
}
