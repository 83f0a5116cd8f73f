//! What the tests of channels need: a sender on a hand clock, channels of each kind that point at a server, messages of each kind.

use heartbeat::clock::{Clock, Hand};
use heartbeat::model::{
    Address, ChannelFacts, ChannelId, ChannelKind, ChannelSpec, Delivery, Diagnosis, IncidentFacts, Message, NotificationKind, Place,
    ProjectName, Timestamp,
};
use heartbeat::notify::{Letter, Sender, SenderSettings};
use uuid::Uuid;

pub(super) const NOW: &str = "2026-11-23T15:10:07.123Z";
pub(super) const ID: Uuid = Uuid::from_u128(0x0199_aaaa_bbbb_8ccc_9ddd_eeee_ffff_0001);
pub(super) const KEY: Uuid = Uuid::from_u128(0x5eed_0000_0000_8000_8000_0000_0000_0007);

/// The kinds that speak HTTP.
pub(super) const BY_HTTP: [ChannelKind; 14] = [
    ChannelKind::Webhook,
    ChannelKind::Http,
    ChannelKind::GetPair,
    ChannelKind::Slack,
    ChannelKind::Discord,
    ChannelKind::Teams,
    ChannelKind::PagerDuty,
    ChannelKind::Opsgenie,
    ChannelKind::Alertmanager,
    ChannelKind::Ntfy,
    ChannelKind::Telegram,
    ChannelKind::GoogleChat,
    ChannelKind::Mattermost,
    ChannelKind::Pushover,
];

pub(super) fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

pub(super) fn sender() -> (Sender, Hand) {
    sender_with(&SenderSettings::default())
}

pub(super) fn sender_with(settings: &SenderSettings) -> (Sender, Hand) {
    let (clock, hand) = Clock::hand(at(NOW));
    (Sender::new(clock, settings).unwrap(), hand)
}

pub(super) fn channel(kind: ChannelKind, values: &[(&str, &str)]) -> ChannelSpec {
    let mut channel = ChannelSpec::new(ProjectName::parse("ops").unwrap(), kind);
    for (key, value) in values {
        channel.values.set(key, value);
    }
    assert_eq!(channel.problems(), []);
    channel
}

/// A channel of a kind that speaks HTTP, whose service is at `base`; and what of it nobody may see.
pub(super) fn channel_at(kind: ChannelKind, base: &str) -> (ChannelSpec, Vec<&'static str>) {
    let of = |values: &[(&str, &str)]| {
        let values: Vec<(&str, String)> = values.iter().map(|(key, value)| (*key, value.replace("BASE", base))).collect();
        let values: Vec<(&str, &str)> = values.iter().map(|(key, value)| (*key, value.as_str())).collect();
        channel(kind, &values)
    };
    match kind {
        ChannelKind::Webhook => (
            of(&[("url", "BASE/hooks/WebhookT0ken?k=Qu3ryKey"), ("secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]),
            vec!["WebhookT0ken", "Qu3ryKey", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
        ),
        ChannelKind::Http => (
            of(&[("url", "BASE/api/HttpT0ken"), ("headers", "Authorization: Bearer HttpBearerT0ken\nX-Key: HttpK3y")]),
            vec!["HttpT0ken", "HttpBearerT0ken", "HttpK3y"],
        ),
        ChannelKind::GetPair => (
            of(&[("triggered", "BASE/on/Tr1ggerToken"), ("resolved", "BASE/off/Res0lveToken")]),
            vec!["Tr1ggerToken", "Res0lveToken", "/on/", "/off/"],
        ),
        ChannelKind::Slack => (of(&[("url", "BASE/services/T00000000/B0000000/SlackT0ken")]), vec!["T00000000", "B0000000", "SlackT0ken"]),
        ChannelKind::Discord => (of(&[("url", "BASE/api/webhooks/1234567890/Disc0rdToken")]), vec!["1234567890", "Disc0rdToken"]),
        ChannelKind::Teams => {
            (of(&[("url", "BASE/workflows/0abc/paths/invoke?api-version=1&sig=Teams%2FS1g")]), vec!["Teams%2FS1g", "Teams/S1g"])
        }
        ChannelKind::PagerDuty => (of(&[("url", "BASE"), ("routing_key", "R0utingKey0123456789")]), vec!["R0utingKey0123456789"]),
        ChannelKind::Opsgenie => (of(&[("url", "BASE/"), ("api_key", "0psgenie-Key")]), vec!["0psgenie-Key"]),
        ChannelKind::Alertmanager => (
            of(&[("url", "BASE/am"), ("username", "heartbeat"), ("password", "Am-Passw0rd")]),
            vec!["Am-Passw0rd", "aGVhcnRiZWF0OkFtLVBhc3N3MHJk"],
        ),
        ChannelKind::Ntfy => (of(&[("url", "BASE/push/S3cretTopic"), ("token", "tk_Ntfyt0ken")]), vec!["S3cretTopic", "tk_Ntfyt0ken"]),
        ChannelKind::Telegram => {
            (of(&[("url", "BASE"), ("token", "1234567:Te1egram-Token"), ("chat", "-100200300")]), vec!["1234567:Te1egram-Token"])
        }
        ChannelKind::GoogleChat => {
            (of(&[("url", "BASE/v1/spaces/AAAA/messages?key=ChatK3y&token=ChatT0ken")]), vec!["ChatK3y", "ChatT0ken"])
        }
        ChannelKind::Mattermost => (of(&[("url", "BASE/hooks/MattermostT0ken")]), vec!["MattermostT0ken"]),
        ChannelKind::Pushover => {
            (of(&[("url", "BASE"), ("token", "aPush0verToken"), ("user", "uPush0verUser")]), vec!["aPush0verToken", "uPush0verUser"])
        }
        ChannelKind::Email | ChannelKind::Command => panic!("{kind} does not speak HTTP"),
    }
}

/// A message of this kind; of an incident, where the kind is about one.
pub(super) fn message(kind: NotificationKind) -> Message {
    let about_incident =
        matches!(kind, NotificationKind::Opened | NotificationKind::Escalated | NotificationKind::Reminder | NotificationKind::Resolved);
    let about_channel = matches!(kind, NotificationKind::ChannelStopped | NotificationKind::ChannelResolved);
    let closed = (kind == NotificationKind::Resolved).then(|| at("2026-11-23T15:10:00Z"));
    let incident = IncidentFacts {
        id: 7,
        diagnosis: Diagnosis {
            address: Address::of("https://eu.i.posthog.com"),
            ..Diagnosis::at(Place::Pipeline, "capture accepts events, and they cannot be queried").advised("Look at the queue's lag.")
        },
        url: None,
        key: KEY,
        incident_kind: "ingestion".into(),
        rules: vec!["lost".into(), "lag_above".into()],
        cause_code: "pipeline".into(),
        cause: "capture accepts events, and they cannot be queried".into(),
        opened: at("2026-11-23T14:32:00Z"),
        closed,
        lasted_ms: 2_520_000,
        ended_because: closed.map(|_| "recovered".into()),
        noticed_after_ms: Some(240_000),
        first_bad: Some(at("2026-11-23T14:28:00Z")),
        last_good: None,
        beats_sent: 42,
        beats_late: 0,
        beats_missing: 42,
        beats_lost: 27,
        beats_rejected: 0,
        beats_duplicated: 1,
    };
    Message {
        version: 1,
        kind,
        test: false,
        merged: false,
        at: at("2026-11-23T15:10:00Z"),
        title: format!("[critical] shop: {kind} <!channel> & @everyone *all*"),
        text: "Beats do not arrive since 14:28 <b>.\n\nCause: capture accepts events & they cannot be queried.\n\u{201c}ümlaut\u{201d} 🦔"
            .into(),
        project: if about_incident { "shop".into() } else { String::new() },
        severity: "critical".into(),
        incident: about_incident.then_some(incident),
        channel: about_channel.then(|| ChannelFacts::of(ChannelId(3), &ProjectName::parse("pager").unwrap())),
    }
}

pub(super) async fn deliver(sender: &Sender, channel: &ChannelSpec, message: &Message) -> Delivery {
    sender.deliver(channel, &Letter { id: ID, message }).await
}

/// The words of what was taken, or not.
pub(super) fn words(delivery: &Delivery) -> &str {
    match delivery {
        Delivery::Accepted(words)
        | Delivery::TryAgain { words, .. }
        | Delivery::Partly { words }
        | Delivery::Unfit { words }
        | Delivery::Rejected { words } => words,
    }
}

/// An address at which nobody listens: it was just given back.
pub(super) async fn nobody() -> std::net::SocketAddr {
    tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap()
}
