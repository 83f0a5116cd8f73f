//! Channels, for pages and API: find and test a channel, and send failed notifications again.

use super::error::WebError;
use super::site::Site;
use super::visitor::Visitor;
use crate::auth::audit_entry;
use crate::config::channel::is_open_to_pages;
use crate::model::{Channel, ChannelKind, NotificationKind, ProjectName, Severity};
use crate::settings::By;
use crate::settings::trial::{self, Tried};
use crate::store::Change;

/// Finds a named channel, or the webhooks of an app (`webhooks of PROJECT`).
pub(super) async fn find(site: &Site, name: &str) -> Result<Channel, WebError> {
    let store = &*site.web.store;
    if let Ok(own) = ProjectName::parse(name) {
        return store.channel(&own).await?.ok_or_else(|| WebError::no("channel", name));
    }
    let found = store.channels().await?.into_iter().find(|channel| channel.called() == name);
    found.ok_or_else(|| WebError::no("channel", name))
}

/// Finds a channel even if its secrets cannot be decrypted.
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

pub(super) fn check_open(channel: &Channel) -> Result<(), WebError> {
    closed(channel).map_or(Ok(()), |says| Err(WebError::Conflict(says)))
}

/// Why a channel cannot be changed in the web interface, and where it can.
pub(super) fn closed(channel: &Channel) -> Option<String> {
    let name = &channel.spec.name;
    if channel.of_app.is_some() {
        return Some(format!("these are the webhooks of Ingestion Alert on {name}; change them in the settings of the app"));
    }
    (!is_open_to_pages(channel.spec.kind)).then(|| closed_kind(channel.spec.kind))
}

pub(super) fn closed_kind(kind: ChannelKind) -> String {
    format!(
        "a {kind} channel runs a program on the machine of Heartbeat, so it can only be added, changed and removed there: with `heartbeat channels` or \
         in a settings file"
    )
}

pub(super) async fn test(site: &Site, channel: &Channel, kinds: &[NotificationKind]) -> Result<Tried, WebError> {
    let way = (&*site.web.store, &*site.web.sender);
    Ok(trial::run(channel, kinds, site.now(), way, |_, _| {}).await?)
}

/// Queues failed notifications again; returns their number.
pub(super) async fn resend(site: &Site, visitor: &Visitor, channel: &Channel) -> Result<u64, WebError> {
    let (store, now) = (&*site.web.store, site.now());
    // A channel that was removed in the meantime has no notifications.
    let count = store.revive(channel.id, now).await?.unwrap_or(0);
    let by = By::user(&visitor.who);
    let entry = audit_entry(by.as_str(), format!("channel {}", channel.called()), format!("sent again; {}", anew(count)), now);
    store.change(&Change { audit_entries: &[entry], at: now, ..Change::default() }).await?;
    Ok(count)
}

pub(super) fn anew(count: u64) -> String {
    match count {
        0 => "there were no failed notifications".to_owned(),
        1 => "1 notification is queued again".to_owned(),
        many => format!("{many} notifications are queued again"),
    }
}

/// The address of its page.
pub(super) fn address(name: &str) -> String {
    format!("/channels/{}", name.replace(' ', "%20"))
}

/// For example `shop, blog, warning and critical`.
pub(super) fn tells(channel: &Channel) -> String {
    let projects = &channel.spec.projects;
    match channel.spec.least {
        Severity::Info => projects.to_string(),
        Severity::Warning => format!("{projects}, warning and critical"),
        Severity::Critical => format!("{projects}, critical only"),
    }
}
