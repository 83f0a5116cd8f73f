//! A real Alertmanager: what comes out of it, of what goes in.

use std::time::Duration;

use heartbeat::clock::Clock;
use heartbeat::model::{ChannelKind, ChannelSpec, Delivery, Message, NotificationKind, Timestamp};
use heartbeat::notify::{Sender, SenderSettings};
use uuid::Uuid;

use super::bed::{ID, KEY, channel, deliver, message};
use crate::support::alertmanager::{Alertmanager, Told};

/// It reads the time from the machine's clock, so the messages are of now.
fn of_now(kind: NotificationKind) -> Message {
    let now = Clock::system().now();
    let mut message = Message { at: now, ..message(kind) };
    if let Some(incident) = &mut message.incident {
        incident.opened = now.minus(Duration::from_mins(9));
        incident.closed = incident.closed.map(|_| now);
    }
    message
}

fn sender() -> Sender {
    Sender::new(Clock::system(), &SenderSettings::default()).unwrap()
}

fn to(alertmanager: &Alertmanager, labels: &str) -> ChannelSpec {
    channel(ChannelKind::Alertmanager, &[("url", &alertmanager.address), ("labels", labels)])
}

async fn take(channel: &ChannelSpec, message: &Message) {
    let delivery = deliver(&sender(), channel, message).await;
    assert!(matches!(delivery, Delivery::Accepted(_)), "{delivery:?}");
}

fn is(status: &'static str) -> impl Fn(&Told) -> bool {
    move |told| told.status == status
}

#[tokio::test]
async fn what_is_open_fires_and_is_resolved_under_the_same_labels() {
    let alertmanager = Alertmanager::start("", &[]).await;
    let channel = to(&alertmanager, "severity=critical, team=data");
    take(&channel, &of_now(NotificationKind::Opened)).await;
    let fired = alertmanager.until_told(is("firing")).await;
    let labels = serde_json::json!({
        "alertname": "PostHogIngestion",
        "incident": KEY.to_string(),
        "project": "shop",
        "incident_kind": "ingestion",
        "severity": "critical",
        "team": "data",
    });
    assert_eq!(fired.labels, labels);
    assert_eq!(fired.annotations["beats_missing"], "42");
    take(&channel, &of_now(NotificationKind::Resolved)).await;
    assert_eq!(alertmanager.until_told(is("resolved")).await.labels, labels);
}

#[tokio::test]
async fn what_opened_and_ended_while_it_was_away_fires_and_is_resolved_behind_it() {
    let alertmanager = Alertmanager::start("", &[]).await;
    // Ten minutes after it was sent the alert is over; the sender's clock is behind by almost that.
    let (clock, hand) = Clock::hand(Timestamp::from_ms(0));
    let sender = Sender::new(clock, &SenderSettings::default()).unwrap();
    let over = Message { merged: true, ..of_now(NotificationKind::Resolved) };
    hand.advance_to(Clock::system().now().minus(Duration::from_secs(10 * 60 - 8)));
    let delivery = deliver(&sender, &to(&alertmanager, ""), &over).await;
    assert!(matches!(delivery, Delivery::Accepted(_)), "{delivery:?}");
    let fired = alertmanager.until_told(is("firing")).await;
    assert!(fired.annotations["summary"].as_str().unwrap().contains("resolved"), "{fired:?}");
    assert_eq!(alertmanager.until_told(is("resolved")).await.labels, fired.labels);
}

#[tokio::test]
async fn a_channel_that_does_not_deliver_fires_by_name_until_it_is_mended() {
    let alertmanager = Alertmanager::start("", &[]).await;
    let channel = to(&alertmanager, "team=data");
    take(&channel, &of_now(NotificationKind::ChannelStopped)).await;
    let fired = alertmanager.until_told(is("firing")).await;
    let named = |name: &str| fired.labels[name].as_str().unwrap();
    assert_eq!((named("alertname"), named("channel"), named("team")), ("Heartbeat", "pager", "data"));
    // Another notification of the same channel: the same alert.
    let resolved = of_now(NotificationKind::ChannelResolved);
    let letter = heartbeat::notify::Letter { id: Uuid::from_u128(ID.as_u128() + 1), message: &resolved };
    assert!(matches!(sender().deliver(&channel, &letter).await, Delivery::Accepted(_)));
    assert_eq!(alertmanager.until_told(is("resolved")).await.labels, fired.labels);
}

#[tokio::test]
async fn labels_of_ones_own_route_and_inhibit() {
    let routes = "  routes:\n    - receiver: data\n      matchers: [team=\"data\"]\n\
                  inhibit_rules:\n  - source_matchers: [severity=\"critical\"]\n    target_matchers: [severity=\"warning\"]\n    equal: [project]\n";
    let alertmanager = Alertmanager::start(routes, &["data"]).await;
    take(&to(&alertmanager, "severity=critical, team=data"), &of_now(NotificationKind::Opened)).await;
    let first = alertmanager.until_told(is("firing")).await;
    assert_eq!(first.receiver, "data");
    // A lighter one of the same project, and one of another project that nothing inhibits: when that has come, the other would have.
    let mut light = of_now(NotificationKind::Opened);
    light.incident.as_mut().unwrap().key = Uuid::from_u128(1);
    take(&to(&alertmanager, "severity=warning"), &light).await;
    take(&to(&alertmanager, "severity=warning"), &Message { project: "mill".into(), ..light }).await;
    let other = alertmanager.until_told(|told| told.labels["project"] == "mill").await;
    assert_eq!(other.receiver, "all");
    assert!(alertmanager.told().iter().all(|told| told.labels["severity"] != "warning" || told.labels["project"] == "mill"));
}
