//! `heartbeat channels list`.

use std::process::ExitCode;

use clap::Args;

use crate::cli::global::Invocation;
use crate::cli::screen::{BAD, FAINT, GOOD, WARN, styled};
use crate::cli::table::Table;
use crate::model::{Channel, Severity, Timestamp};
use crate::settings::{ChannelJson, channel_state};
use crate::store::ChannelQueue;

pub(super) const JSON: &str = "JSON: {items: [{name, kind, of_app, enabled, state: delivering|not_delivering|never_used|disabled, projects, severity, \
                               at_once, title, body, fields: {field: value}, secrets: {field: value}, stopped_since, stopped_words, last_accepted, queued, \
                               dead}], next}; projects is empty for all projects; dead counts failed notifications; absent values are null; a secret is https://host/*** or ***. The webhooks of an app have the name `webhooks of PROJECT`.";

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
            invocation.screen.note(
                "There is no channel yet, so no notifications are sent. Add one with `heartbeat channels add` or `heartbeat apply`.",
            )?;
        } else {
            invocation.screen.line(table(&channels))?;
            for (channel, _) in &channels {
                if let Some(stopped) = &channel.stopped {
                    let since = stopped.at.date_and_minute();
                    let name = super::called(channel);
                    invocation.screen.line(styled(BAD, format!("{name} has not delivered since {since} UTC: {}", stopped.words)))?;
                }
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Use it only in the last column: the colour codes count as width.
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

/// `shop, blog (warning and critical)`.
pub(super) fn scope(channel: &Channel) -> String {
    let spec = &channel.spec;
    let names = spec.projects.iter().map(ToString::to_string).collect::<Vec<_>>();
    let names = if names.is_empty() { "all projects".to_owned() } else { names.join(", ") };
    match spec.least {
        Severity::Info => names,
        Severity::Warning => format!("{names} (warning and critical)"),
        Severity::Critical => format!("{names} (critical only)"),
    }
}

fn table(channels: &[(Channel, ChannelQueue)]) -> Table<7> {
    let mut table = Table::under(["CHANNEL", "KIND", "NOTIFIES ABOUT", "QUEUED", "FAILED", "LAST ACCEPTED", "STATE"]);
    for (channel, queues) in channels {
        table.row([
            super::called(channel),
            channel.spec.kind.to_string(),
            scope(channel),
            queues.queued.to_string(),
            queues.failed.to_string(),
            channel.last_accepted.map_or_else(|| "never".into(), Timestamp::date_and_minute),
            state_words(channel),
        ]);
    }
    table
}
