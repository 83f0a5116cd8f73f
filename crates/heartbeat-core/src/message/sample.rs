//! Sample messages: for testing a channel, and for checking templates before they are saved.

use std::time::Duration;

use super::{Mended, channel_resolved, channel_stopped, digest, of_incident, returned};
use crate::model::{
    Address, AnsweredBy, ChannelId, Diagnosis, EndedBecause, Incident, IncidentId, IncidentKind, Message, NotificationKind, Place,
    ProjectId, ProjectName, RuleKind, Severity, Stopped, Tally, Timestamp,
};

/// A marked sample of this kind at `at`. All samples of one `at` belong to the same, made-up incident.
#[must_use]
pub fn sample(kind: NotificationKind, project: &ProjectName, at: Timestamp) -> Message {
    let message = match kind {
        NotificationKind::Returned => returned(at.minus(Duration::from_mins(29)), at),
        NotificationKind::ChannelStopped => stopped(project, at),
        NotificationKind::ChannelResolved => channel_resolved(&stopped(project, at), Mended::Delivers, at),
        NotificationKind::Digest => {
            digest(&[opened(NotificationKind::Opened, project, at), opened(NotificationKind::Reminder, project, at)], at)
        }
        kind => opened(kind, project, at),
    };
    Message { test: true, title: format!("[test] {}", message.title), ..message }
}

/// One sample of each kind.
#[must_use]
pub fn samples(project: &ProjectName, at: Timestamp) -> Vec<Message> {
    NotificationKind::ALL.into_iter().map(|kind| sample(kind, project, at)).collect()
}

fn stopped(channel: &ProjectName, at: Timestamp) -> Message {
    channel_stopped(ChannelId(0), channel, &Stopped { at, words: "404 `no_service`".into(), retried: false })
}

fn opened(kind: NotificationKind, project: &ProjectName, at: Timestamp) -> Message {
    let is_over = kind == NotificationKind::Resolved;
    let since = at.minus(Duration::from_mins(18)).minute();
    let tally = if is_over {
        Tally { sent: 18, late: 15, missing: 3, lost: 3, last_arrival: Some(at), ..Tally::default() }
    } else {
        Tally { sent: 18, missing: 18, lost: 3, ..Tally::default() }
    };
    let incident = Incident {
        id: Some(IncidentId(0)),
        project: ProjectId(0),
        project_name: project.clone(),
        incident_kind: IncidentKind::Ingestion,
        opened: at.minus(Duration::from_mins(1)),
        closed: is_over.then_some(at),
        ended_because: is_over.then_some(EndedBecause::Recovered),
        rules: vec![RuleKind::Lost, RuleKind::Lag],
        judged_under: String::new(),
        severity: Severity::Critical,
        cause: Diagnosis {
            address: Address::of("https://posthog.example.com"),
            answered_by: AnsweredBy::Posthog,
            ..Diagnosis::at(
                Place::Pipeline,
                "Events are accepted at https://posthog.example.com, and cannot be queried after 18m 00s; there is no other event of the last 30 minutes either: ingestion behind capture is stuck or slow",
            )
            .advised("Look at the lag of the queue, the ingestion workers' logs and ClickHouse.")
            .or(&[(Place::Token, None), (Place::Quota, None), (Place::Filtered, None)])
        },
        first_bad: Some(since),
        last_good: Some(since.plus(-1)),
        tally,
        announced: Some(at),
        reminders: 0,
        notified: Some(at),
        acknowledged: None,
        snoozed_until: None,
    };
    of_incident(kind, &incident, is_over.then_some("3 of 18 beats are lost; 15 arrived late"), at)
}
