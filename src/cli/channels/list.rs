//! `heartbeat channels list`.

use crate::cli::global::Invocation;
use crate::cli::screen::{BAD, FAINT, GOOD, WARN, styled};
use crate::cli::table::{ListFlags, Listing};
use crate::model::{Channel, Severity, Timestamp};
use crate::settings::{ChannelJson, channel_state};
use crate::store::ChannelQueue;

pub(super) const JSON: &str = "JSON: {items: [{name, kind, of_app, enabled, state: delivering|not_delivering|never_used|disabled, projects, severity, \
                               at_once, title, body, fields: {field: value}, secrets: {field: value}, stopped_since, stopped_words, last_accepted, queued, \
                               dead}], next}; projects is empty for all projects; dead counts failed notifications; absent values are null; a secret is https://host/*** or ***. The webhooks of an app have the name `webhooks of PROJECT`.";

pub(super) async fn list(flags: ListFlags, invocation: &Invocation) -> anyhow::Result<()> {
    let store = invocation.store().await?;
    let all = store.queues().await?;
    let of = |channel: &Channel| all.iter().find(|(id, _)| *id == channel.id).map(|(_, queues)| *queues).unwrap_or_default();
    let channels: Vec<(Channel, ChannelQueue)> =
        store.channels().await?.into_iter().map(|channel| (channel.clone(), of(&channel))).collect();
    let listing = Listing {
        json: flags.json,
        none: "There is no channel yet, so no notifications are sent. Add one with `heartbeat channels add` or `heartbeat apply`.",
        headings: ["CHANNEL", "KIND", "NOTIFIES ABOUT", "QUEUED", "FAILED", "LAST ACCEPTED", "STATE"],
    };
    listing.print(invocation.screen, &channels, |(channel, queues)| ChannelJson::of(channel, *queues), row)?;
    for (channel, _) in channels.iter().filter(|_| !flags.json) {
        if let Some(stopped) = &channel.stopped {
            let (name, since) = (channel.called(), stopped.at.date_and_minute());
            invocation.screen.line(styled(BAD, format!("{name} has not delivered since {since} UTC: {}", stopped.words)))?;
        }
    }
    Ok(())
}

fn row((channel, queues): &(Channel, ChannelQueue)) -> [String; 7] {
    [
        channel.called(),
        channel.spec.kind.to_string(),
        scope(channel),
        queues.queued.to_string(),
        queues.failed.to_string(),
        channel.last_accepted.map_or_else(|| "never".into(), Timestamp::date_and_minute),
        state_words(channel),
    ]
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
    let projects = &channel.spec.projects;
    match channel.spec.least {
        Severity::Info => projects.to_string(),
        Severity::Warning => format!("{projects} (warning and critical)"),
        Severity::Critical => format!("{projects} (critical only)"),
    }
}
