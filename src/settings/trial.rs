//! Tests a channel: sends sample messages through the real sender, and renders templates with samples.

use crate::message;
use crate::model::{Channel, Delivery, Message, Notification, NotificationKind, ProjectName, Timestamp};
use crate::notify::{Letter, Sender};
use crate::store::{Store, StoreError};

pub const SAMPLES: [NotificationKind; 3] = [NotificationKind::Opened, NotificationKind::Reminder, NotificationKind::Resolved];

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    pub deliveries: Vec<(NotificationKind, Delivery)>,
    /// Number of notifications that are queued again; none if the channel was not resumed.
    pub requeued: Option<u64>,
}

impl Tried {
    #[must_use]
    pub fn is_well(&self) -> bool {
        self.deliveries.iter().all(|(_, delivery)| matches!(delivery, Delivery::Accepted(_)))
    }
}

/// Sends samples one after the other; the channel may be disabled. `on_delivery` is called with each answer. A stopped channel is
/// resumed if it accepts a sample of each kind.
pub async fn run(
    channel: &Channel,
    kinds: &[NotificationKind],
    at: Timestamp,
    (store, sender): (&Store, &Sender),
    mut on_delivery: impl FnMut(NotificationKind, &Delivery),
) -> Result<Tried, StoreError> {
    let mut tried = Tried { deliveries: Vec::new(), requeued: None };
    let first = channel.spec.projects.names().next().cloned();
    let Some(project) = first.or_else(|| ProjectName::parse("sample").ok()) else { return Ok(tried) };
    for kind in SAMPLES.into_iter().filter(|kind| kinds.contains(kind)) {
        let message = message::sample(kind, &project, at);
        let about = format!("test at {}", at.ms());
        let notification = Notification::queued(channel.id, None, &about, 0, message);
        let delivery = sender.deliver(&channel.spec, &Letter { id: notification.id, message: &notification.message }).await;
        on_delivery(kind, &delivery);
        tried.deliveries.push((kind, delivery));
    }
    if channel.stopped.is_some() && tried.is_well() && tried.deliveries.len() == SAMPLES.len() {
        tried.requeued = store.revive(channel.id, at).await?;
    }
    Ok(tried)
}

/// Renders each kind of message. An empty or invalid template is replaced by the default; the settings of the channel report invalid ones.
#[must_use]
pub fn rendered(title: Option<&str>, body: Option<&str>, project: &ProjectName, at: Timestamp) -> Vec<Message> {
    let own =
        |text: Option<&'_ str>| text.filter(|text| !text.trim().is_empty() && message::Template::parse(text).is_ok()).map(str::to_owned);
    let (title, body) = (own(title), own(body));
    message::samples(project, at)
        .iter()
        .map(|sample| message::rendered(title.as_deref(), body.as_deref(), sample, str::to_owned).message)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_seen_on_a_sample_of_every_kind() {
        let shop = ProjectName::parse("shop").unwrap();
        let at = Timestamp::from_ms(1_800_000_000_000);
        let dressed_so = rendered(Some("{{ project }}: {{ kind }}"), Some("{{"), &shop, at);
        assert_eq!(dressed_so.iter().map(|message| message.kind).collect::<Vec<_>>(), NotificationKind::ALL);
        let ours = message::samples(&shop, at);
        assert!(dressed_so.iter().zip(&ours).all(|(own, ours)| own.text == ours.text && own.title != ours.title), "{dressed_so:?}");
        assert_eq!(rendered(Some(" "), None, &shop, at), ours);
    }
}
