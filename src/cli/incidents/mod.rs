//! `heartbeat incidents`: what went wrong, where, and what became of it; and a person's word that she has it in hand.

use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Subcommand};

use super::explain::plainly;
use super::global::Invocation;
use super::moment::Moment;
use crate::model::Incident;
use crate::settings::incident;
use crate::store::Store;

mod hold;
mod list;
mod show;

/// List incidents, show one with its timeline, acknowledge it, let reminders wait
///
/// Without a command, those that are open and those of the last week are listed.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Incidents {
    #[command(subcommand)]
    pub command: Option<Command>,

    #[command(flatten)]
    pub list: list::List,
}

/// What can be done with incidents.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List incidents, newest first
    #[command(after_help = list::JSON)]
    List(list::List),
    /// Show one incident: where, what was found, its timeline, and who was told
    #[command(after_help = show::JSON)]
    Show(show::Show),
    /// Say that somebody has it in hand: no more reminders. That it is over is told all the same
    Ack(hold::Ack),
    /// Take that back: reminders go on
    Unack(hold::Unack),
    /// Let reminders wait
    Snooze(hold::Snooze),
}

impl Incidents {
    pub(super) async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        match self.command.unwrap_or(Command::List(self.list)) {
            Command::List(list) => list.run(invocation).await,
            Command::Show(show) => show.run(invocation).await,
            Command::Ack(ack) => ack.run(invocation).await,
            Command::Unack(unack) => unack.run(invocation).await,
            Command::Snooze(snooze) => snooze.run(invocation).await,
        }
    }
}

/// One incident, by its number.
#[derive(Debug, Args)]
pub struct WhichOne {
    /// The incident's number
    #[arg(value_name = "NUMBER", value_parser = clap::value_parser!(i64).range(1..))]
    pub id: i64,
}

impl WhichOne {
    async fn find(&self, store: &Store) -> anyhow::Result<Incident> {
        incident::find(store, self.id).await.map_err(plainly)
    }
}

/// How long an incident lasted, or has lasted by `now`.
fn lasted(incident: &Incident, now: &Moment) -> Duration {
    incident.lasted(now.time())
}

/// `2026-11-23 14:02`
fn minute_of(at: crate::model::Timestamp) -> String {
    at.to_string().get(..16).unwrap_or_default().replace('T', " ")
}
