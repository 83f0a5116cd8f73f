//! `heartbeat channels`: where notices go, tried and mended without a file.

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::edit::EDIT_JSON;
use super::global::Invocation;
use super::trouble::Misuse;
use crate::config::channel::{self, called};
use crate::model::Channel;

mod change;
mod kinds;
mod list;
mod resend;
mod show;
mod trial;

/// List, add, change, try and remove the channels that notices go to
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
    #[command(after_help = EDIT_JSON)]
    Add(Box<change::Add>),
    /// Change a channel's fields; it delivers again
    #[command(after_help = EDIT_JSON)]
    Set(change::Set),
    /// Let notices go there
    #[command(after_help = EDIT_JSON)]
    Enable(change::Which),
    /// Let no notice go there; its fields stay
    #[command(after_help = EDIT_JSON)]
    Disable(change::Which),
    /// Remove a channel, with the notices that are owed to it
    #[command(after_help = EDIT_JSON)]
    Remove(change::Which),
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
    channel::called_so(channels, name).map_or_else(|| super::notices::channel_named(channels, name), Ok)
}
