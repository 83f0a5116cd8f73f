//! Values that the store's tests put in.

use std::time::Duration;

use heartbeat::model::{
    AuditEntry, Channel, ChannelId, ChannelKind, ChannelSpec, Diagnosis, DistinctId, Endpoint, Entry, EntryKind, Events, HeartbeatApp,
    Host, Incident, IncidentFacts, IncidentId, IncidentKind, Message, Minute, Notification, NotificationKind, Outcome, PersonalKey, Phases,
    Project, ProjectId, ProjectName, ProjectSpec, ProjectToken, Readback, Recorded, RouteId, RouteSpec, RuleKind, Settled, Severity,
    StatusPage, Tally, Timestamp, Traffic,
};
use heartbeat::store::{Change, IncidentFilter, Store};

/// When the tests' history begins: a whole hour.
pub(crate) const START: Minute = Minute::from_index(29_700_000);

pub(crate) fn name(text: &str) -> ProjectName {
    ProjectName::parse(text).unwrap()
}

/// A project with Heartbeat's one default event, enabled.
pub(crate) fn spec(text: &str) -> ProjectSpec {
    ProjectSpec {
        personal_key: Some(PersonalKey::parse("phx_secret").unwrap()),
        heartbeat: Some(HeartbeatApp::default()),
        ..ProjectSpec::new(name(text), Host::parse("eu").unwrap(), ProjectToken::parse(&format!("phc_{text}")).unwrap())
    }
}

/// A project with all three events and these routes of the user's own.
pub(crate) fn spec_with_routes(text: &str, own: &[&str]) -> ProjectSpec {
    let events = Events::parse("heartbeat + heartbeat_buffer + heartbeat_api").unwrap();
    let routes = own.iter().map(|name| route(name)).collect();
    ProjectSpec { heartbeat: Some(HeartbeatApp { events, routes, ..HeartbeatApp::default() }), ..spec(text) }
}

pub(crate) fn route(name: &str) -> RouteSpec {
    RouteSpec {
        name: name.into(),
        event: "proxy beat".into(),
        host: Some(Host::parse("https://example.com/ingest/").unwrap()),
        endpoint: Endpoint::V1,
        distinct_id: DistinctId::parse("proxy {minute}").unwrap(),
    }
}

/// Sets up one project, as of [`START`], and gives it back as the store knows it.
pub(crate) async fn set_up(store: &Store, spec: ProjectSpec) -> Project {
    let name = spec.name.clone();
    store.apply(&[spec], &[], START.start()).await.unwrap();
    find(store, &name).await
}

pub(crate) async fn find(store: &Store, name: &ProjectName) -> Project {
    store.projects().await.unwrap().into_iter().find(|project| project.spec.name == *name).expect("the project is there")
}

/// So many milliseconds after the minute's start.
pub(crate) fn at(minute: Minute, after_ms: i64) -> Timestamp {
    Timestamp::from_ms(minute.start().ms() + after_ms)
}

/// A beat as an accepted capture result leaves it.
pub(crate) fn awaiting(route: RouteId, minute: Minute) -> Recorded {
    Recorded {
        outcome: Outcome::Awaiting,
        sent: Some(at(minute, 12_345)),
        status: Some(200),
        tries: 1,
        phases: Phases { dns_us: None, connect_us: Some(0), tls_us: None, first_byte_us: Some(812) },
        ..Recorded::blank(route, minute)
    }
}

/// What a read-back makes of a beat that it saw.
pub(crate) fn seen(beat: &Recorded, outcome: Outcome, after_ms: i64) -> Settled {
    Settled {
        route: beat.route,
        minute: beat.minute,
        outcome,
        missed: Some(at(beat.minute, after_ms - 60_000)),
        seen: Some(at(beat.minute, after_ms)),
        ingested: Some(at(beat.minute, after_ms - 30_000)),
        copies: 1,
    }
}

/// What a read-back makes of a beat that it did not see.
pub(crate) fn unverified(beat: &Recorded, outcome: Outcome, missed_after_ms: Option<i64>) -> Settled {
    let missed = missed_after_ms.map(|after| at(beat.minute, after));
    Settled { route: beat.route, minute: beat.minute, outcome, missed, seen: None, ingested: None, copies: 0 }
}

/// A read-back that succeeded.
pub(crate) fn readback(project: &Project, at: Timestamp) -> Readback {
    Readback {
        project: project.id,
        at,
        result: Ok(Traffic { others: 7, newest: Some(at), ..Traffic::default() }),
        last_good: Some(at),
        failing_since: None,
        not_before: at.plus(Duration::from_mins(1)),
        posthog_id: Some(42),
        token: None,
        findings: heartbeat::model::Findings::default(),
    }
}

/// An incident that opened so many minutes after [`START`], as a rule first writes it.
pub(crate) fn incident(project: &Project, incident_kind: IncidentKind, opened: i64) -> Incident {
    Incident {
        id: None,
        project: project.id,
        project_name: project.spec.name.clone(),
        incident_kind,
        opened: START.plus(opened).start(),
        closed: None,
        ended_because: None,
        rules: vec![RuleKind::Lost],
        judged_under: String::new(),
        severity: Severity::Critical,
        cause: Diagnosis::of_words("not_queryable", "beats are accepted and do not arrive"),
        first_bad: Some(START),
        last_good: None,
        tally: Tally::default(),
        announced: None,
        reminders: 0,
        notified: None,
        acknowledged: None,
        snoozed_until: None,
    }
}

/// Opens an incident and gives it back as the store knows it.
pub(crate) async fn open_incident(store: &Store, incident: Incident) -> Incident {
    let id = store.write_incident(&incident, &[], &queues(&[])).await.unwrap();
    store.incidents(&IncidentFilter { id, ..IncidentFilter::default() }).await.unwrap().remove(0)
}

pub(crate) fn entry(kind: EntryKind, words: &str) -> Entry {
    Entry { at: START.start(), kind, words: words.into() }
}

/// An audit entry about this subject, as its author hands it over.
pub(crate) fn audit_entry(subject: &str) -> AuditEntry {
    AuditEntry { place: 0, at: START.start(), who: "ann".into(), subject: subject.into(), project: None, words: "changed".into() }
}

pub(crate) fn webhook(text: &str) -> ChannelSpec {
    let mut spec = ChannelSpec::new(name(text), ChannelKind::Webhook);
    spec.values.set("url", &format!("https://hooks.example.com/{text}-secret"));
    spec
}

/// Sets up one channel, and gives it back as the store knows it.
pub(crate) async fn set_up_channel(store: &Store, spec: ChannelSpec) -> Channel {
    let name = spec.name.clone();
    store.apply_channels(&[spec], &[]).await.unwrap();
    channel(store, &name).await
}

pub(crate) async fn channel(store: &Store, name: &ProjectName) -> Channel {
    let is_it = |channel: &Channel| channel.of_app.is_none() && channel.spec.name == *name;
    store.channels().await.unwrap().into_iter().find(is_it).expect("the channel is there")
}

/// The channel that a project's app brings along.
pub(crate) async fn pair_of(store: &Store, project: ProjectId) -> Option<Channel> {
    store.channels().await.unwrap().into_iter().find(|channel| channel.of_app == Some(project))
}

/// A message that says nothing of an incident, made so many milliseconds after [`START`].
pub(crate) fn message(kind: NotificationKind, after_ms: i64) -> Message {
    Message {
        version: 1,
        kind,
        test: false,
        merged: false,
        at: at(START, after_ms),
        title: "[critical] one: beats do not arrive".into(),
        text: "No beat since 14:32.\nSee the page.".into(),
        project: "one".into(),
        severity: "critical".into(),
        incident: None,
        channel: None,
    }
}

/// A notification of an incident, as the writer of the incident hands it over: without the number that the store gives.
pub(crate) fn notification(channel: ChannelId, incident: &Incident, kind: NotificationKind, number: u32) -> Notification {
    let facts = IncidentFacts {
        id: 0,
        diagnosis: Diagnosis::default(),
        url: None,
        key: incident.key(),
        incident_kind: incident.incident_kind.to_string(),
        rules: incident.rules.iter().map(ToString::to_string).collect(),
        cause_code: incident.cause.code(),
        cause: incident.cause.summary.clone(),
        opened: incident.opened,
        closed: incident.closed,
        lasted_ms: 7,
        ended_because: None,
        noticed_after_ms: Some(60_000),
        first_bad: incident.first_bad.map(Minute::start),
        last_good: None,
        beats_sent: 6,
        beats_late: 5,
        beats_missing: 4,
        beats_lost: 3,
        beats_rejected: 2,
        beats_duplicated: 1,
    };
    let message = Message { incident: Some(facts), ..message(kind, 0) };
    Notification::queued(channel, None, &incident.key().to_string(), number, message)
}

/// A notification about Heartbeat itself.
pub(crate) fn notification_alone(channel: ChannelId, about: &str, after_ms: i64) -> Notification {
    Notification::queued(channel, None, about, 0, message(NotificationKind::Returned, after_ms))
}

/// These notifications, as an incident owes them once its number is known.
pub(crate) fn queues(notifications: &[Notification]) -> impl Fn(IncidentId) -> Vec<Notification> + Send + Sync {
    let notifications = notifications.to_vec();
    move |id| {
        let about = |notification: &Notification| {
            let mut notification = Notification { incident: Some(id), ..notification.clone() };
            if let Some(facts) = &mut notification.message.incident {
                facts.id = id.0;
            }
            notification
        };
        notifications.iter().map(about).collect()
    }
}

/// Adds a status page, or replaces it by name.
pub(crate) async fn put_status_page(store: &Store, page: StatusPage) {
    store.change(&Change { put_status_pages: &[page], ..Change::default() }).await.unwrap();
}
