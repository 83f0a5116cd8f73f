//! Messages about Heartbeat itself.

use super::{moment, without_incident};
use crate::model::{Message, NoticeKind, ProjectName, Severity, Timestamp, span};

/// Heartbeat was down, and is back.
#[must_use]
pub fn returned(from: Timestamp, to: Timestamp) -> Message {
    let (began, ended) = (moment(from, to), moment(to, to));
    let title = format!("Heartbeat itself was down from {began} to {ended} ({})", span(to.since(from)));
    let text = "Nothing was sent and nothing was read back in that time: minutes without a beat are Heartbeat's own, and say nothing \
                about PostHog. It is back, and looks for what it had sent before.";
    about_itself(NoticeKind::Returned, &title, text.to_owned(), to)
}

/// A channel does not deliver, and says why; told to the other channels.
#[must_use]
pub fn channel_stopped(channel: &ProjectName, words: &str, at: Timestamp) -> Message {
    let title = format!("channel {channel} does not deliver any more");
    let text = format!(
        "It said: {words}\nNothing more is tried there until somebody mends it. What is owed is kept.\n\
         Then: heartbeat channels test {channel}, and heartbeat channels resend {channel}"
    );
    about_itself(NoticeKind::ChannelStopped, &title, text, at)
}

fn about_itself(kind: NoticeKind, title: &str, text: String, at: Timestamp) -> Message {
    let severity = Severity::Warning;
    without_incident(kind, severity, format!("[{severity}] {title}"), text, at)
}
