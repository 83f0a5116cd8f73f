//! `heartbeat channels list`

use std::process::ExitCode;

use clap::Args;

use crate::cli::global::Invocation;
use crate::cli::screen::{BAD, FAINT, GOOD, WARN, styled};
use crate::cli::table::Table;
use crate::model::{Channel, Severity};
use crate::settings::{ChannelJson, channel_state};
use crate::store::ChannelQueue;

pub(super) const JSON: &str = "JSON: {items: [{name, kind, of_app, enabled, state: delivering|not_delivering|never_used|disabled, projects, severity, \
                               at_once, title, body, fields: {field: value}, secrets: {field: value}, stopped_since, stopped_words, last_accepted, owed, \
                               dead}], next}; projects is empty for all of them, absent values are null, a secret is https://host/*** or ***. The webhooks of an app are called `webhooks of PROJECT`.";

/// `heartbeat channels list`
#[derive(Debug, Args)]
pub struct List {
    /// Print the list as JSON
    #[arg(long)]
    pub json: bool,
}

impl List {
    pub(super) async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        let store = invocation.store().await?;
        let all = store.queues().await?;
        let of = |channel: &Channel| all.iter().find(|(id, _)| *id == channel.id).map(|(_, queues)| *queues).unwrap_or_default();
        let channels: Vec<(Channel, ChannelQueue)> =
            store.channels().await?.into_iter().map(|channel| (channel.clone(), of(&channel))).collect();
        if self.json {
            invocation.screen.items(channels.iter().map(|(channel, queues)| ChannelJson::of(channel, *queues)))?;
        } else if channels.is_empty() {
            invocation
                .screen
                .note("There is no channel yet: `heartbeat channels add`, or `heartbeat apply`. Nobody is told of anything.")?;
        } else {
            invocation.screen.line(table(&channels))?;
            for (channel, _) in &channels {
                if let Some(stopped) = &channel.stopped {
                    let since = moment(&stopped.at.to_string());
                    let name = super::called(channel);
                    invocation.screen.line(styled(BAD, format!("{name} is not delivering since {since} UTC: {}", stopped.words)))?;
                }
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// `2026-11-23 14:32`
fn moment(at: &str) -> String {
    at.get(..16).unwrap_or(at).replace('T', " ")
}

/// In one word or two, coloured. It stands last in its row, for codes of colour have a width.
pub(super) fn state_words(channel: &Channel) -> String {
    let state = channel_state(channel);
    let style = match state {
        "disabled" => FAINT,
        "not_delivering" => BAD,
        "never_used" => WARN,
        _ => GOOD,
    };
    styled(style, state.replace('_', " "))
}

/// Whom it tells of what: `shop, blog from warning on`.
pub(super) fn whom(channel: &Channel) -> String {
    let spec = &channel.spec;
    let names = spec.projects.iter().map(ToString::to_string).collect::<Vec<_>>();
    let names = if names.is_empty() { "all projects".to_owned() } else { names.join(", ") };
    match spec.least {
        Severity::Info => names,
        Severity::Warning => format!("{names}, from warning on"),
        Severity::Critical => format!("{names}, critical alone"),
    }
}

fn table(channels: &[(Channel, ChannelQueue)]) -> Table<7> {
    let mut table = Table::under(["CHANNEL", "KIND", "TELLS OF", "OWED", "DEAD", "LAST TAKEN", "STATE"]);
    for (channel, queues) in channels {
        table.row([
            super::called(channel),
            channel.spec.kind.to_string(),
            whom(channel),
            queues.queued.to_string(),
            queues.dead.to_string(),
            channel.last_accepted.map_or_else(|| "never".into(), |at| moment(&at.to_string())),
            state_words(channel),
        ]);
    }
    table
}
