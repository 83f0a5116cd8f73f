//! Messages about Heartbeat itself.

use super::{moment, without_incident};
use crate::model::{ChannelFacts, ChannelId, Message, NotificationKind, ProjectName, Severity, Stopped, Timestamp, span};

#[must_use]
pub fn returned(from: Timestamp, to: Timestamp) -> Message {
    let (began, ended) = (moment(from, to), moment(to, to));
    let title = format!("Heartbeat itself was down from {began} to {ended} ({})", span(to.since(from)));
    let text = "Nothing was sent or read back in that time: the minutes without a beat are Heartbeat's own, and say nothing \
                about PostHog. It is running again, and reads back what it had sent before.";
    about_itself(NotificationKind::Returned, &title, text.to_owned(), to)
}

/// The wall clock was stepped ahead while Heartbeat ran: it was not down, but there are minutes without a beat.
#[must_use]
pub fn jumped(from: Timestamp, to: Timestamp) -> Message {
    let (began, ended) = (moment(from, to), moment(to, to));
    let title = format!("the clock of Heartbeat's machine jumped ahead by {}, from {began} to {ended}", span(to.since(from)));
    let text = "Heartbeat was not down. It follows that clock: the skipped minutes have no beat, and none is sent later. This says nothing \
                about PostHog. If the clock is right now, there is nothing to do; otherwise set it.";
    about_itself(NotificationKind::Returned, &title, text.to_owned(), to)
}

/// A channel does not deliver; sent to the other channels.
#[must_use]
pub fn channel_stopped(id: ChannelId, channel: &ProjectName, stopped: &Stopped) -> Message {
    let Stopped { at, words, retried } = stopped;
    let title = format!("channel {channel} no longer delivers");
    let what = if *retried {
        format!("Reason: {words}\nRejected messages are not retried. Each new notification is still tried.\nOnce it is fixed")
    } else {
        format!("Response: {words}\nNothing more is sent there until you fix it. Queued notifications are kept.\nThen")
    };
    let text = format!("{what}: heartbeat channels test {channel}, and heartbeat channels resend {channel}");
    let message = about_itself(NotificationKind::ChannelStopped, &title, text, *at);
    Message { channel: Some(ChannelFacts::of(id, channel)), ..message }
}

/// Why a channel no longer counts as not delivering.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mended {
    Delivers,
    /// It was changed, or its messages were queued again: the next message shows whether it delivers.
    TriedAgain,
    Disabled,
    Removed,
}

/// The end of [`channel_stopped`], for the channels that were notified of it.
#[must_use]
pub fn channel_resolved(stopped: &Message, mended: Mended, at: Timestamp) -> Message {
    let name = stopped.channel.as_ref().map_or("", |channel| &channel.name);
    let (mark, says, text) = match mended {
        Mended::Delivers => ("resolved", "delivers again", "It accepted a message.".to_owned()),
        Mended::TriedAgain => (
            "closed",
            "is tried again",
            format!("It was changed, or its messages were queued again. To check whether it delivers: heartbeat channels test {name}"),
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
