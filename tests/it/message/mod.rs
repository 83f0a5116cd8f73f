//! The words of every message, as people read them.

use std::time::Duration;

use heartbeat::judge::diagnosis::{Way, quiet, rejected, unreadable};
use heartbeat::message::{digest, merged, of_incident, sample, samples};
use heartbeat::model::{
    AnsweredBy, Diagnosis, Did, Endpoint, Host, Incident, IncidentId, IncidentKind, Message, NotificationKind, Parts, ProjectId,
    ProjectName, ReadbackError, ReadbackErrorKind, RejectionReason, ResponseExcerpt, RuleKind, Severity, Signs, Tally, Timestamp,
};

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn shop() -> ProjectName {
    ProjectName::parse("shop").unwrap()
}

/// An incident that opened at 14:17, of the day of which the tests speak.
fn incident(incident_kind: IncidentKind, rules: &[RuleKind]) -> Incident {
    let opened = at("2026-11-23T14:17:20Z");
    Incident {
        id: Some(IncidentId(17)),
        project: ProjectId(1),
        project_name: shop(),
        incident_kind,
        opened,
        closed: None,
        ended_because: None,
        rules: rules.to_vec(),
        judged_under: String::new(),
        severity: Severity::Critical,
        cause: cause(incident_kind),
        first_bad: Some(at("2026-11-23T14:15:00Z").minute()),
        last_good: Some(at("2026-11-23T14:14:00Z").minute()),
        tally: Tally { sent: 12, arrived: 2, late: 3, missing: 5, lost: 1, rejected: 2, duplicated: 1, ..Tally::default() },
        announced: Some(opened),
        reminders: 0,
        notified: Some(opened),
        acknowledged: None,
        snoozed_until: None,
    }
}

/// As `judge` finds it for an incident of this kind.
fn cause(incident_kind: IncidentKind) -> Diagnosis {
    let host = Host::parse("https://posthog.example.com").unwrap();
    let way = Way { host: &host, api: &host, endpoint: Endpoint::V0 };
    match incident_kind {
        IncidentKind::Ingestion => {
            let words = "transient error, please retry".into();
            rejected(
                &way,
                RejectionReason::Broken,
                &ResponseExcerpt { status: 503, words, by: AnsweredBy::Posthog, ..ResponseExcerpt::default() },
                None,
            )
        }
        IncidentKind::Monitoring => {
            let words = "Invalid personal API key.".into();
            let excerpt = ResponseExcerpt { status: 401, words, by: AnsweredBy::Posthog, ..ResponseExcerpt::default() };
            unreadable(&way, &ReadbackError::quoting(ReadbackErrorKind::KeyWrong, excerpt), Parts::default())
        }
        IncidentKind::Traffic => quiet(Duration::from_mins(30), Some(at("2026-11-23T13:40:12Z"))),
    }
}

/// The proxy before PostHog has lost what is behind it.
fn broken_proxy() -> Diagnosis {
    let host = Host::parse("https://shop.example.com/ingest").unwrap();
    let api = Host::parse("eu").unwrap();
    let way = Way { host: &host, api: &api, endpoint: Endpoint::V0 };
    let signs = Signs { software: Some("nginx".into()), status: Some(502), ..Signs::default() };
    let (by, did) = (AnsweredBy::Intermediary, Some(Did::UpstreamDown));
    rejected(
        &way,
        RejectionReason::NotPostHog,
        &ResponseExcerpt { status: 502, words: "502 Bad Gateway".into(), by, did, signs, ..ResponseExcerpt::default() },
        None,
    )
}

fn show(message: &Message) -> String {
    format!("{}\n{}\n", message.title, message.text)
}

#[test]
fn every_kind_of_message_says_what_where_and_since_when() {
    let ingestion = incident(IncidentKind::Ingestion, &[RuleKind::Capture, RuleKind::Lag]);
    let late = Incident { severity: Severity::Warning, ..incident(IncidentKind::Ingestion, &[RuleKind::Lag]) };
    let blind = incident(IncidentKind::Monitoring, &[RuleKind::Blind]);
    let proxy = Incident { cause: broken_proxy(), ..incident(IncidentKind::Ingestion, &[RuleKind::Capture]) };
    let nobody = incident(IncidentKind::Traffic, &[RuleKind::Quiet]);
    let now = at("2026-11-24T00:20:00Z");
    let over = Incident { closed: Some(at("2026-11-24T00:19:30Z")), ..ingestion.clone() };
    let ending = Some("all 3 late beats arrived by 00:10: nothing was lost");
    let told = [
        of_incident(NotificationKind::Opened, &ingestion, None, ingestion.opened),
        of_incident(NotificationKind::Opened, &late, None, late.opened),
        of_incident(NotificationKind::Opened, &blind, None, blind.opened),
        of_incident(NotificationKind::Opened, &nobody, None, nobody.opened),
        of_incident(NotificationKind::Opened, &proxy, None, proxy.opened),
        of_incident(NotificationKind::Escalated, &ingestion, None, now),
        of_incident(NotificationKind::Reminder, &ingestion, None, now),
        of_incident(NotificationKind::Resolved, &over, ending, now),
        merged(&of_incident(NotificationKind::Resolved, &over, ending, now)),
    ];
    insta::assert_snapshot!(told.iter().map(show).collect::<Vec<_>>().join("\n"));
}

#[test]
fn samples_are_marked() {
    let all = samples(&shop(), at("2026-11-23T14:32:07Z"));
    assert!(all.iter().all(|message| message.test && message.title.starts_with("[test] ")));
    insta::assert_snapshot!(all.iter().map(show).collect::<Vec<_>>().join("\n"));
}

#[test]
fn the_webhooks_json_keeps_its_shape() {
    let message = sample(NotificationKind::Resolved, &shop(), at("2026-11-23T14:32:07Z"));
    insta::assert_snapshot!(serde_json::to_string_pretty(&message).unwrap());
    let read: Message = serde_json::from_str(&serde_json::to_string(&message).unwrap()).unwrap();
    assert_eq!(read, message);
}

#[test]
fn a_digest_lists_the_most_severe_first_and_counts_the_rest() {
    let now = at("2026-11-23T14:32:07Z");
    let of = |number: usize, kind, severity| {
        let name = ProjectName::parse(&format!("p{number}")).unwrap();
        let incident = Incident { project_name: name, severity, ..incident(IncidentKind::Ingestion, &[RuleKind::Lost]) };
        of_incident(kind, &incident, None, now)
    };
    let few = [
        of(1, NotificationKind::Resolved, Severity::Critical),
        of(2, NotificationKind::Opened, Severity::Warning),
        of(3, NotificationKind::Opened, Severity::Critical),
    ];
    let text = digest(&few, now);
    assert_eq!(text.title, "[critical] 3 messages about 3 projects, 1 of them resolved");
    let order: Vec<&str> = text.text.lines().map(|line| line.split(' ').nth(1).unwrap()).collect();
    assert_eq!(order, ["p3:", "p2:", "p1:"]);

    let many: Vec<Message> = (0..100).map(|number| of(number, NotificationKind::Opened, Severity::Critical)).collect();
    let text = digest(&many, now);
    assert_eq!(text.text.lines().count(), 31);
    assert!(text.text.ends_with("... and 70 more: heartbeat incidents"));

    let over = digest(&few[..1], now.plus(Duration::from_secs(1)));
    assert_eq!(over.title, "[resolved] 1 message about 1 project, all of them resolved");
}
