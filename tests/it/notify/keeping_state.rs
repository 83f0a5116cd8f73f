//! Services that keep the state of each incident: one key in all its messages, and in no other's.

use std::collections::BTreeSet;

use heartbeat::model::{ChannelKind, Message, NotificationKind};
use serde_json::Value;

use super::bed::{KEY, channel_at, deliver, message, sender};
use crate::support::scripted::{Request, Server, answer};

const OF_INCIDENTS: [NotificationKind; 4] =
    [NotificationKind::Opened, NotificationKind::Escalated, NotificationKind::Reminder, NotificationKind::Resolved];

async fn sent(kind: ChannelKind, message: &Message) -> Vec<Request> {
    let server = Server::start(|_, _| answer("202 Accepted", "", "{}")).await;
    let (channel, _) = channel_at(kind, &server.base());
    deliver(&sender().0, &channel, message).await;
    server.requests()
}

/// By what the service knows the alert of a request.
fn key(kind: ChannelKind, request: &Request) -> String {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    match kind {
        ChannelKind::PagerDuty => text(&request.json()["dedup_key"]),
        ChannelKind::Opsgenie if request.line().starts_with("POST /v2/alerts HTTP") => text(&request.json()["alias"]),
        ChannelKind::Opsgenie => {
            assert!(request.line().contains("?identifierType=alias "), "{}", request.line());
            request.line().split('/').nth(3).unwrap().to_owned()
        }
        _ => request.json()[0]["labels"].to_string(),
    }
}

#[tokio::test]
async fn all_messages_of_an_incident_have_one_key_and_a_sample_has_another() {
    for kind in [ChannelKind::PagerDuty, ChannelKind::Opsgenie, ChannelKind::Alertmanager] {
        let (mut real, mut sample) = (BTreeSet::new(), BTreeSet::new());
        for notification in OF_INCIDENTS {
            let mut message = message(notification);
            // What changes while an incident is open must not change its key.
            if notification == NotificationKind::Opened {
                message.severity = "warning".into();
                message.incident.as_mut().unwrap().cause_code = "another".into();
            }
            real.extend(sent(kind, &message).await.iter().map(|request| key(kind, request)));
            message.test = true;
            sample.extend(sent(kind, &message).await.iter().map(|request| key(kind, request)));
        }
        assert_eq!((real.len(), sample.len()), (1, 1), "{kind}: {real:?} {sample:?}");
        assert!(real.is_disjoint(&sample));
        assert!(real.first().unwrap().contains(&KEY.to_string()), "{real:?}");
    }
}

#[tokio::test]
async fn pagerduty_is_triggered_and_resolved_and_notified_of_the_past_without_paging() {
    for (notification, line, action) in [
        (NotificationKind::Opened, "POST /v2/enqueue HTTP/1.1", Some("trigger")),
        (NotificationKind::Escalated, "POST /v2/enqueue HTTP/1.1", Some("trigger")),
        (NotificationKind::Reminder, "POST /v2/enqueue HTTP/1.1", Some("trigger")),
        (NotificationKind::Resolved, "POST /v2/enqueue HTTP/1.1", Some("resolve")),
        (NotificationKind::ChannelStopped, "POST /v2/enqueue HTTP/1.1", Some("trigger")),
        (NotificationKind::ChannelResolved, "POST /v2/enqueue HTTP/1.1", Some("resolve")),
        (NotificationKind::Returned, "POST /v2/change/enqueue HTTP/1.1", None),
        (NotificationKind::Digest, "POST /v2/change/enqueue HTTP/1.1", None),
    ] {
        let request = sent(ChannelKind::PagerDuty, &message(notification)).await.remove(0);
        assert_eq!((request.line(), request.json()["event_action"].as_str()), (line, action), "{notification}");
        assert!(["info", "warning", "error", "critical"].contains(&request.json()["payload"]["severity"].as_str().unwrap_or("info")));
    }
}

#[tokio::test]
async fn a_channel_that_does_not_deliver_is_an_alert_until_it_is_mended() {
    for kind in [ChannelKind::PagerDuty, ChannelKind::Opsgenie, ChannelKind::Alertmanager] {
        let stopped = sent(kind, &message(NotificationKind::ChannelStopped)).await.remove(0);
        let resolved = sent(kind, &message(NotificationKind::ChannelResolved)).await.remove(0);
        assert_eq!(key(kind, &stopped), key(kind, &resolved), "{kind}");
        let expected = match kind {
            ChannelKind::Opsgenie => "/close?",
            ChannelKind::PagerDuty => "\"resolve\"",
            // Ended when it was written, and not in ten minutes.
            _ => "\"endsAt\":\"2026-11-23T15:10:00.000Z\"",
        };
        let said = format!("{} {}", resolved.line(), String::from_utf8_lossy(&resolved.body));
        assert!(said.contains(expected), "{kind}: {said}");
    }
}

#[tokio::test]
async fn what_opened_and_is_over_wakes_nobody() {
    let mut merged = message(NotificationKind::Resolved);
    merged.merged = true;
    let pagerduty = sent(ChannelKind::PagerDuty, &merged).await;
    assert_eq!(pagerduty.iter().map(|request| request.json()["event_action"].clone()).collect::<Vec<_>>(), ["resolve"]);
    let opsgenie = sent(ChannelKind::Opsgenie, &merged).await;
    assert_eq!(
        opsgenie.iter().map(Request::line).collect::<Vec<_>>(),
        [format!("POST /v2/alerts/{KEY}/close?identifierType=alias HTTP/1.1")]
    );
}

#[tokio::test]
async fn opsgenie_notes_a_reminder_and_raises_what_is_worse() {
    let alias = format!("/v2/alerts/{KEY}");
    let lines = |requests: &[Request]| requests.iter().map(|request| request.line().to_owned()).collect::<Vec<_>>();
    let reminder = sent(ChannelKind::Opsgenie, &message(NotificationKind::Reminder)).await;
    assert_eq!(lines(&reminder), [format!("POST {alias}/notes?identifierType=alias HTTP/1.1")]);
    let escalated = sent(ChannelKind::Opsgenie, &message(NotificationKind::Escalated)).await;
    assert_eq!(lines(&escalated), ["POST /v2/alerts HTTP/1.1".to_owned(), format!("PUT {alias}/priority?identifierType=alias HTTP/1.1")]);
    assert_eq!(escalated[1].json()["priority"], "P1");
    for (severity, priority) in [("info", "P5"), ("warning", "P3"), ("critical", "P1")] {
        let mut opened = message(NotificationKind::Opened);
        opened.severity = severity.into();
        assert_eq!(sent(ChannelKind::Opsgenie, &opened).await[0].json()["priority"], priority);
    }
}

#[tokio::test]
async fn an_alert_of_alertmanager_lasts_until_it_is_sent_again_or_over() {
    let ends = async |message: &Message| sent(ChannelKind::Alertmanager, message).await[0].json()[0].clone();
    for notification in [NotificationKind::Opened, NotificationKind::Escalated, NotificationKind::Reminder] {
        let alert = ends(&message(notification)).await;
        assert_eq!((&alert["startsAt"], &alert["endsAt"]), (&"2026-11-23T14:32:00.000Z".into(), &"2026-11-23T15:20:07.123Z".into()));
    }
    let over = ends(&message(NotificationKind::Resolved)).await;
    assert_eq!((&over["startsAt"], &over["endsAt"]), (&"2026-11-23T14:32:00.000Z".into(), &"2026-11-23T15:10:00.000Z".into()));
}
