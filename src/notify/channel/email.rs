//! E-mail by SMTP: one mail to all recipients, as text and HTML. Headers of automatic mail: <https://www.rfc-editor.org/rfc/rfc3834>.
//! `Message-ID` comes from the notification, to recognize duplicates; `References` from the incident, to form a thread.

use lettre::Address;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox as Named, Message as Mail, MultiPart, MultiPartKind, SinglePart};
use url::Url;

use super::Delivered;
use crate::model::{Delivery, Mailbox};
use crate::notify::answer::quoted;
use crate::notify::call::Call;
use crate::notify::client::AGENT;
use crate::notify::smtp::{Broken, Envelope, Outcome, Server, host_name};
use crate::notify::text;

const SUBJECT: usize = 200;

type Wrong = Box<dyn std::error::Error + Send + Sync>;

pub(super) async fn deliver(call: &Call<'_>) -> Delivered {
    let rejected = |words: String| Delivery::Rejected { words };
    let (from, to) = from_and_to(call).map_err(|wrong| rejected(format!("an address is not valid: {wrong}")))?;
    let mail = mail(call, &from, &to).map_err(|wrong| rejected(format!("the mail cannot be built: {wrong}")))?;
    let server = Server::read(call.value("url")).ok_or_else(|| rejected("the URL must begin with smtp:// or smtps://".into()))?;
    if let Ok(url) = Url::parse(call.value("url")) {
        call.client.may_reach(&url)?;
    }
    let hello = match call.value("hello") {
        "" => host_name().await.unwrap_or_else(|| from.email.domain().to_owned()),
        set => set.to_owned(),
    };
    // An earlier try delivered to some or was rejected for them.
    let settled = call.memory.settled_recipients(call.id());
    let open = to.into_iter().map(|one| one.email).filter(|one| !settled.iter().any(|done| done == AsRef::<str>::as_ref(one))).collect();
    let envelope = Envelope { hello, from: from.email, to: open, mail: &mail.formatted() };
    let sent = server.send(envelope, &call.client.settings().extra_roots, (call.client.clock(), call.client.limit())).await;
    let clean = |words: &str| quoted(words.as_bytes(), &call.redactor);
    Ok(match sent {
        Ok(outcome) => settle(call, outcome),
        Err(Broken::Later(words)) => Delivery::TryAgain { words: clean(&words), after: None },
        Err(Broken::Channel(words)) => rejected(clean(&words)),
        Err(Broken::Message(words)) => Delivery::Unfit { words: clean(&words) },
    })
}

/// A mail that was accepted for at least one recipient is delivered, even if others were rejected.
fn settle(call: &Call<'_>, outcome: Outcome) -> Delivery {
    let clean = |words: &str| quoted(words.as_bytes(), &call.redactor);
    let named = |all: &[(Address, String)]| {
        let all = all.iter().map(|(address, words)| format!("{address}: {}", clean(words)));
        all.collect::<Vec<_>>().join("; ")
    };
    let Outcome { accepted, rejected, later } = outcome;
    let had_some = !call.memory.settled_recipients(call.id()).is_empty();
    let mut words = accepted.as_ref().map_or_else(String::new, |(_, words)| clean(words));
    if !rejected.is_empty() {
        tracing::warn!(channel = %call.channel.name, "the mail server rejects recipients: {}", named(&rejected));
        words =
            [words, format!("rejected: {}", named(&rejected))].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("; ");
    }
    if later.is_empty() {
        call.memory.forget_recipients(call.id());
        return if accepted.is_some() || had_some { Delivery::Accepted(words) } else { Delivery::Rejected { words } };
    }
    let settled = accepted.iter().flat_map(|(all, _)| all).chain(rejected.iter().map(|(one, _)| one)).map(ToString::to_string);
    call.memory.note_recipients(call.id(), settled);
    let later = format!("tried again: {}", named(&later));
    let words = if words.is_empty() { later } else { format!("{words}; {later}") };
    if accepted.is_some() || had_some { Delivery::Partly { words } } else { Delivery::TryAgain { words, after: None } }
}

fn from_and_to(call: &Call<'_>) -> Result<(Named, Vec<Named>), Wrong> {
    let read = |key: &str| -> Result<Vec<Named>, Wrong> {
        let all = Mailbox::parse_all(call.value(key)).map_err(|wrong| format!("`{}`", wrong.escape_debug()))?;
        all.into_iter().map(|one| Ok(Named::new(one.name, Address::new(one.user, one.domain)?))).collect()
    };
    let from = read("from")?.into_iter().next().ok_or("`from` is empty")?;
    Ok((from, read("to")?))
}

fn mail(call: &Call<'_>, from: &Named, to: &[Named]) -> Result<Mail, Wrong> {
    let message = call.message();
    let domain = from.email.domain();
    let raw = |name: &'static str, value: String| HeaderValue::new(HeaderName::new_from_ascii_str(name), value);
    let mut mail = Mail::builder()
        .date(std::time::UNIX_EPOCH + std::time::Duration::from_millis(message.at.ms().unsigned_abs()))
        .from(from.clone())
        .subject(text::cut(&text::line(&message.title), SUBJECT))
        .message_id(Some(format!("<{}@{domain}>", call.id())))
        .user_agent(AGENT.into())
        .raw_header(raw("Auto-Submitted", "auto-generated".into()))
        // Prevents automatic replies of Exchange and Outlook.
        .raw_header(raw("X-Auto-Response-Suppress", "All".into()))
        .raw_header(raw("List-Id", format!("Heartbeat <{}.heartbeat.{domain}>", call.channel.name)));
    for recipient in to {
        mail = mail.to(recipient.clone());
    }
    if call.incident().is_some() {
        // No mail has this id: it is the common root of the incident's thread, whichever mail comes first.
        let root = format!("<{}@{domain}>", call.key());
        mail = mail.in_reply_to(root.clone()).references(root);
    }
    let part = |content: ContentType, body: String| SinglePart::builder().header(content).body(body);
    // Identical in every try.
    let parts = MultiPart::builder().kind(MultiPartKind::Alternative).boundary(call.id().to_string());
    let parts = parts.singlepart(part(ContentType::TEXT_PLAIN, call.text_with_link()));
    Ok(mail.multipart(parts.singlepart(part(ContentType::TEXT_HTML, html(call))))?)
}

fn html(call: &Call<'_>) -> String {
    let lines = call.message().text.lines().map(escaped).collect::<Vec<_>>().join("<br>\r\n");
    let link = call.page().map(escaped).map_or_else(String::new, |page| format!("<p><a href=\"{page}\">{page}</a></p>\r\n"));
    format!("<!DOCTYPE html>\r\n<html><body style=\"font-family: sans-serif\">\r\n<p>{lines}</p>\r\n{link}</body></html>\r\n")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
