//! Trying a channel: marked samples through the real sender, and what templates make of them.

use crate::message;
use crate::model::{Channel, Delivery, Message, Notification, NotificationKind, ProjectName, Timestamp};
use crate::notify::{Letter, Sender};
use crate::store::{Store, StoreError};

/// What is tried, in the order in which it comes.
pub const SAMPLES: [NotificationKind; 3] = [NotificationKind::Opened, NotificationKind::Reminder, NotificationKind::Resolved];

/// What came of a trial.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    /// What the receiver answered to each sample.
    pub deliveries: Vec<(NotificationKind, Delivery)>,
    /// How many notifications a channel that did not deliver, and took all samples, owes anew; none where it was not revived.
    pub requeued: Option<u64>,
}

impl Tried {
    /// Whether each sample was taken.
    #[must_use]
    pub fn is_well(&self) -> bool {
        self.deliveries.iter().all(|(_, delivery)| matches!(delivery, Delivery::Accepted(_)))
    }
}

/// Sends samples of these kinds to a channel, which may be disabled, one after the other; `told` hears of each answer as it comes. One that
/// did not deliver, and takes a sample of each kind, delivers again.
pub async fn run(
    channel: &Channel,
    kinds: &[NotificationKind],
    at: Timestamp,
    (store, sender): (&Store, &Sender),
    mut told: impl FnMut(NotificationKind, &Delivery),
) -> Result<Tried, StoreError> {
    let mut tried = Tried { deliveries: Vec::new(), requeued: None };
    let first = channel.spec.projects.first().cloned();
    let Some(project) = first.or_else(|| ProjectName::parse("sample").ok()) else { return Ok(tried) };
    for kind in SAMPLES.into_iter().filter(|kind| kinds.contains(kind)) {
        let message = message::sample(kind, &project, at);
        let about = format!("test at {}", at.ms());
        let notification = Notification::queued(channel.id, None, &about, 0, message);
        let delivery = sender.deliver(&channel.spec, &Letter { id: notification.id, message: &notification.message }).await;
        told(kind, &delivery);
        tried.deliveries.push((kind, delivery));
    }
    if channel.stopped.is_some() && tried.is_well() && tried.deliveries.len() == SAMPLES.len() {
        tried.requeued = store.revive(channel.id, at).await?;
    }
    Ok(tried)
}

/// What templates make of a sample of every kind of message; what is not given is told in our words. A template that fails is told by
/// [`crate::config::channel::read`], and by this as if it were not there.
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
