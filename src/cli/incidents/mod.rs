//! `heartbeat incidents`: lists, shows, acknowledges and snoozes incidents.

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::global::Invocation;
use crate::config::rules;

mod hold;
mod list;
mod show;

/// List, show, acknowledge and snooze incidents
///
/// Without a command, it lists the open incidents and those of the last week.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Incidents {
    #[command(subcommand)]
    pub command: Option<Command>,

    #[command(flatten)]
    pub list: list::List,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// List incidents, newest first
    #[command(after_help = list::JSON)]
    List(list::List),
    /// Show an incident with its diagnosis, timeline and notifications
    #[command(after_help = show::JSON)]
    Show(show::Show),
    /// Acknowledge an incident: reminders stop, the resolved notification is still sent
    Ack(hold::Ack),
    /// Unacknowledge an incident: reminders continue
    Unack(hold::Unack),
    /// Snooze the reminders of an incident
    Snooze(hold::Snooze),
}

impl Incidents {
    pub(super) async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        match self.command.unwrap_or(Command::List(self.list)) {
            Command::List(list) => return list.run(invocation).await,
            Command::Show(show) => show.run(invocation).await?,
            Command::Ack(ack) => ack.run(invocation).await?,
            Command::Unack(unack) => unack.run(invocation).await?,
            Command::Snooze(snooze) => snooze.run(invocation).await?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

#[derive(Debug, Args)]
pub struct IncidentNumber {
    /// Number of the incident
    #[arg(value_name = "NUMBER", allow_negative_numbers = true, value_parser = rules::number::<i64>)]
    pub id: i64,
}
