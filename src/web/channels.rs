//! Channels, as the pages and the API alike find them, try them and owe anew what nobody took.

use super::error::WebError;
use super::site::Site;
use super::visitor::Visitor;
use crate::auth::audit_entry;
use crate::config::channel::{called, called_so, is_open_to_pages};
use crate::model::{Channel, ChannelKind, NotificationKind, ProjectName, Severity};
use crate::settings::By;
use crate::settings::trial::{self, Tried};
use crate::store::Change;

/// The channel that people call by this name: their own, or the webhooks of an app.
pub(super) async fn find(site: &Site, name: &str) -> Result<Channel, WebError> {
    let store = &*site.web.store;
    if let Ok(own) = ProjectName::parse(name) {
        return store.channel(&own).await?.ok_or_else(|| WebError::no("channel", name));
    }
    // No name that a person gave has a space in it.
    let channels = if name.contains(' ') { store.channels().await? } else { Vec::new() };
    called_so(&channels, name).cloned().ok_or_else(|| WebError::no("channel", name))
}

/// The same, to be removed: it need not open.
pub(super) async fn find_to_remove(site: &Site, name: &str) -> Result<Channel, WebError> {
    let own = ProjectName::parse(name).ok();
    let found = match &own {
        Some(own) => site.web.store.channel_without_secrets(own).await?,
        None => None,
    };
    match found {
        Some(channel) => Ok(channel),
        None => find(site, name).await,
    }
}

/// Whether it can be changed from here at all; else why not, and how it is done.
pub(super) fn check_open(channel: &Channel) -> Result<(), WebError> {
    closed(channel).map_or(Ok(()), |says| Err(WebError::Conflict(says)))
}

/// Why a channel cannot be changed from here, and how it is done; none where it can.
pub(super) fn closed(channel: &Channel) -> Option<String> {
    let name = &channel.spec.name;
    if channel.of_app.is_some() {
        return Some(format!("these are the webhooks of Ingestion Alert on {name}, and are changed among its settings"));
    }
    (!is_open_to_pages(channel.spec.kind)).then(|| closed_kind(channel.spec.kind))
}

/// Why a channel of this kind is not set up from here.
pub(super) fn closed_kind(kind: ChannelKind) -> String {
    format!(
        "a {kind} channel runs a program on the machine where Heartbeat runs, so it is set up, changed and removed there alone: by `heartbeat channels`, or \
         in a settings file"
    )
}

/// Sends marked samples, and gives what the receiver answered.
pub(super) async fn test(site: &Site, channel: &Channel, kinds: &[NotificationKind]) -> Result<Tried, WebError> {
    let way = (&*site.web.store, &*site.web.sender);
    Ok(trial::run(channel, kinds, site.now(), way, |_, _| {}).await?)
}

/// Owes what nobody took anew; says how many notifications that were.
pub(super) async fn resend(site: &Site, visitor: &Visitor, channel: &Channel) -> Result<u64, WebError> {
    let (store, now) = (&*site.web.store, site.now());
    // Gone in this moment: nothing is owed to it.
    let count = store.revive(channel.id, now).await?.unwrap_or(0);
    let by = By::user(&visitor.who);
    let told = audit_entry(by.as_str(), format!("channel {}", called(channel)), format!("sent again; {}", anew(count)), now);
    store.change(&Change { audit_entries: &[told], at: now, ..Change::default() }).await?;
    Ok(count)
}

/// `3 notifications are owed anew`
pub(super) fn anew(count: u64) -> String {
    match count {
        0 => "no notification was dead".to_owned(),
        1 => "1 notification is owed anew".to_owned(),
        many => format!("{many} notifications are owed anew"),
    }
}

/// Whom it tells of what: `shop, blog, from warning on`.
pub(super) fn tells(channel: &Channel) -> String {
    let spec = &channel.spec;
    let names = spec.projects.iter().map(ToString::to_string).collect::<Vec<_>>();
    let names = if names.is_empty() { "all projects".to_owned() } else { names.join(", ") };
    match spec.least {
        Severity::Info => names,
        Severity::Warning => format!("{names}, from warning on"),
        Severity::Critical => format!("{names}, critical alone"),
    }
}
