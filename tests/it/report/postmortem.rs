//! What is to be written after an incident.

use std::time::Duration;

use heartbeat::model::{
    Acknowledged, Diagnosis, Entry, EntryKind, Evidence, EvidenceOf, Incident, IncidentKind, NotificationKind, NotificationState,
    RejectionReason, ResponseExcerpt, RuleKind, Severity, Tally,
};
use heartbeat::report::{incident_story, postmortem};
use heartbeat::store::IncidentFilter;
use insta::assert_snapshot;

use super::world::{START, World, after};
use crate::store::samples::{entry, incident, notification, queues, set_up_channel, spec, webhook};

#[tokio::test]
async fn an_incident_is_shown_from_its_first_bad_minute_to_who_was_notified() {
    let world = World::new().await;
    world.store.apply(&[spec("shop")], &[], START.start()).await.unwrap();
    let project = world.project("shop").await;
    let channels = [set_up_channel(&world.store, webhook("ops")).await, set_up_channel(&world.store, webhook("pager")).await];
    let at = |minute: i64| after(START.plus(minute), 20);
    let over = Incident {
        opened: at(18),
        closed: Some(at(50)),
        rules: vec![RuleKind::Lost, RuleKind::Capture],
        severity: Severity::Critical,
        cause: Diagnosis::of_words("capture_refuses", "capture refuses: 503 `*upstream* <b>gone</b> | [see](https://evil.example)`"),
        first_bad: Some(START.plus(3)),
        last_good: Some(START.plus(2)),
        tally: Tally { sent: 45, arrived: 10, late: 20, missing: 5, lost: 4, rejected: 10, last_arrival: Some(at(70)), ..Tally::default() },
        announced: Some(at(18)),
        acknowledged: Some(Acknowledged { at: at(25), by: "ann, on it".into() }),
        ..incident(&project, IncidentKind::Ingestion, 0)
    };
    let said = |minute: i64, kind, words: &str| Entry { at: at(minute), ..entry(kind, words) };
    let entries = [
        said(18, EntryKind::Opened, "lost: in 3 of the last 5 minutes beats were lost"),
        said(21, EntryKind::Cause, "capture refuses: 503 `*upstream*`"),
        said(25, EntryKind::Acknowledged, "in hand: ann, on it"),
        said(50, EntryKind::Closed, "beats arrive again"),
        said(75, EntryKind::Aftermath, "the rest of the data came"),
    ];
    let queued: Vec<_> = channels
        .iter()
        .flat_map(|channel| [NotificationKind::Opened, NotificationKind::Resolved].map(|kind| notification(channel.id, &over, kind, 0)))
        .collect();
    let id = world.store.write_incident(&over, &entries, &queues(&queued)).await.unwrap();
    let mut leased = world.store.lease(at(9000), at(9001), 10).await.unwrap();
    assert_eq!(leased.len(), 4);
    for notification in &mut leased {
        let taken = notification.channel == channels[0].id;
        let resolved = notification.message.kind == NotificationKind::Resolved;
        notification.state = if taken { NotificationState::Sent } else { NotificationState::Failed };
        notification.ended = Some((if resolved { at(50) } else { at(18) }).plus(Duration::from_secs(2)));
        notification.tries = if taken { 1 } else { 9 };
        notification.said = Some(if taken { "200".into() } else { "404 `no_such_hook`".into() });
    }
    world.store.mark(&leased, &[], &[]).await.unwrap();
    let excerpt = ResponseExcerpt {
        status: 503,
        headers: vec![("server".into(), "nginx".into())],
        words: "<html>*down*".into(),
        ..ResponseExcerpt::default()
    };
    let evidence: Vec<Evidence> = (3..13)
        .map(|minute| {
            let of = EvidenceOf::Rejected { why: RejectionReason::Broken, excerpt: excerpt.clone() };
            Evidence { route: project.routes[0].id, minute: START.plus(minute), at: at(minute), of }
        })
        .chain([Evidence { route: project.routes[0].id, minute: START.plus(13), at: at(28), of: EvidenceOf::Lost { read_back: at(28) } }])
        .collect();
    world.store.record(&[], &evidence).await.unwrap();

    let stored = world.store.incidents(&IncidentFilter { id, ..IncidentFilter::default() }).await.unwrap().remove(0);
    let story = incident_story(&world.store, stored, Some(&project), at(90)).await.unwrap();
    let text = postmortem(&story, Some(&project), &channels, at(90));
    for secret in ["ops-secret", "phx_secret", "hooks.example.com"] {
        assert!(!text.contains(secret), "{text}");
    }
    assert_snapshot!(text);
}

#[tokio::test]
async fn one_that_is_not_over_is_shown_as_far_as_it_has_come() {
    let world = World::new().await;
    world.store.apply(&[spec("shop")], &[], START.start()).await.unwrap();
    let project = world.project("shop").await;
    let open = Incident {
        opened: after(START.plus(30), 0),
        cause: Diagnosis::of_words("cannot_look", "cannot look: 401: the personal API key is not valid"),
        rules: vec![RuleKind::Blind],
        severity: Severity::Warning,
        first_bad: None,
        ..incident(&project, IncidentKind::Monitoring, 0)
    };
    let id = world.store.write_incident(&open, &[], &queues(&[])).await.unwrap();
    let stored = world.store.incidents(&IncidentFilter { id, ..IncidentFilter::default() }).await.unwrap().remove(0);
    // Its project is gone by now.
    let story = incident_story(&world.store, stored, None, after(START.plus(60), 0)).await.unwrap();
    assert_snapshot!(postmortem(&story, None, &[], after(START.plus(60), 0)));
}
