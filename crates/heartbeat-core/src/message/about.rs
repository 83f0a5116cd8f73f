//! Messages about Heartbeat itself.

use super::{moment, without_incident};
use crate::model::{ChannelFacts, ChannelId, Message, NotificationKind, ProjectName, Severity, Stopped, Timestamp, span};

/// Heartbeat was down, and is back.
#[must_use]
pub fn returned(from: Timestamp, to: Timestamp) -> Message {
    let (began, ended) = (moment(from, to), moment(to, to));
    let title = format!("Heartbeat itself was down from {began} to {ended} ({})", span(to.since(from)));
    let text = "Nothing was sent and nothing was read back in that time: minutes without a beat are Heartbeat's own, and say nothing \
                about PostHog. It is back, and looks for what it had sent before.";
    about_itself(NotificationKind::Returned, &title, text.to_owned(), to)
}

/// The wall was stepped ahead while Heartbeat ran: nothing was down, and there are minutes without a beat all the same.
#[must_use]
pub fn jumped(from: Timestamp, to: Timestamp) -> Message {
    let (began, ended) = (moment(from, to), moment(to, to));
    let title = format!("the clock of Heartbeat's machine jumped ahead by {}, from {began} to {ended}", span(to.since(from)));
    let text = "Heartbeat was not down. It goes by that clock: minutes in between have no beat, which says nothing about PostHog, and none \
                is sent late. If the clock was set right, there is nothing to do; if it is wrong now, set it.";
    about_itself(NotificationKind::Returned, &title, text.to_owned(), to)
}

/// A channel does not deliver, and why; told to the other channels.
#[must_use]
pub fn channel_stopped(id: ChannelId, channel: &ProjectName, stopped: &Stopped) -> Message {
    let Stopped { at, words, retried } = stopped;
    let title = format!("channel {channel} does not deliver any more");
    let said = if *retried {
        format!("Why: {words}\nWhat it rejected is not retried. Each new notification is still tried there.\nOnce it is mended")
    } else {
        format!("It said: {words}\nNothing more is tried there until somebody mends it. What is owed is kept.\nThen")
    };
    let text = format!("{said}: heartbeat channels test {channel}, and heartbeat channels resend {channel}");
    let message = about_itself(NotificationKind::ChannelStopped, &title, text, *at);
    Message { channel: Some(ChannelFacts::of(id, channel)), ..message }
}

/// Why a channel is not called broken any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mended {
    /// It accepted a message.
    Delivers,
    /// Somebody changed it, or had its messages sent again: whether it delivers is seen with the next one.
    TriedAgain,
    /// It is disabled.
    Disabled,
    /// It was removed.
    Removed,
}

/// The end of [`channel_stopped`], for whoever was notified of that: of the same channel, at `at`.
#[must_use]
pub fn channel_resolved(stopped: &Message, mended: Mended, at: Timestamp) -> Message {
    let name = stopped.channel.as_ref().map_or("", |channel| &channel.name);
    let (mark, says, text) = match mended {
        Mended::Delivers => ("resolved", "delivers again", "It accepted a message.".to_owned()),
        Mended::TriedAgain => (
            "closed",
            "is tried again",
            format!("Somebody changed it, or had its messages sent again. To see whether it delivers: heartbeat channels test {name}"),
        ),
        Mended::Disabled => ("closed", "is disabled", "Nothing is sent there.".to_owned()),
        Mended::Removed => ("closed", "was removed", "Nothing is sent there.".to_owned()),
    };
    let title = format!("[{mark}] channel {name} {says}");
    let message = without_incident(NotificationKind::ChannelResolved, Severity::Warning, title, text, at);
    Message { channel: stopped.channel.clone(), ..message }
}

fn about_itself(kind: NotificationKind, title: &str, text: String, at: Timestamp) -> Message {
    let severity = Severity::Warning;
    without_incident(kind, severity, format!("[{severity}] {title}"), text, at)
}
