//! Figures of apps.

use std::time::Duration;

use heartbeat::model::{
    HeartbeatApp, Incident, IncidentKind, NotificationKind, NotificationState, Outcome, ProjectSpec, Readback, ReadbackError,
    ReadbackErrorKind, ResponseExcerpt,
};
use heartbeat::report::{ReadbackCounts, alert_figures, heartbeat_figures};

use super::world::{START, World, after};
use crate::store::samples::{incident, notification, open_incident, queues, readback, set_up_channel, spec, spec_with_routes, webhook};

#[tokio::test]
async fn heartbeat_says_what_it_sent_what_became_of_it_and_what_it_costs() {
    let world = World::new().await;
    let spec = spec_with_routes("shop", &[]);
    world.store.apply(std::slice::from_ref(&spec), &[], START.start()).await.unwrap();
    let project = world.project("shop").await;
    for route in &project.routes {
        world.record(route.id, START, &("X".repeat(100) + &"A".repeat(1400) + "_RA")).await;
    }
    let now = after(START.plus(1503), 0);
    let told = heartbeat_figures(&world.store, &project, now).await.unwrap();
    assert_eq!((told.routes, told.events_a_day), (3, 3 * 1440));
    let of =
        |ends: &heartbeat::report::Ends| [Outcome::Arrived, Outcome::Lost, Outcome::Rejected, Outcome::NotSent].map(|end| ends.of(end) / 3);
    assert_eq!(of(&told.last_hour), [57, 0, 1, 1]);
    assert_eq!(of(&told.last_24_hours), [1401, 36, 1, 1]);
    assert_eq!(of(&told.last_30_days), [1401, 100, 1, 1]);
    assert_eq!((told.last_30_days.sent(), told.lags.count), (3 * 1502, 3 * 1401));
    let off = ProjectSpec { heartbeat: Some(HeartbeatApp { enabled: false, ..spec.heartbeat.clone().unwrap() }), ..spec };
    world.store.apply(&[off], &[], now).await.unwrap();
    let told = heartbeat_figures(&world.store, &*world.project("shop").await, now).await.unwrap();
    assert_eq!((told.events_a_day, told.last_30_days.sent()), (0, 3 * 1502));
}

#[tokio::test]
async fn ingestion_alert_says_how_it_looked_what_it_found_and_how_soon() {
    let world = World::new().await;
    world.store.apply(&[spec("shop")], &[], START.start()).await.unwrap();
    let project = world.project("shop").await;
    let channel = set_up_channel(&world.store, webhook("ops")).await;
    let nothing = alert_figures(&world.store, &project, after(START, 0)).await.unwrap();
    assert_eq!(nothing, heartbeat::report::AlertFigures::default());
    for minute in 0..120 {
        let made = readback(&project, after(START.plus(minute), 30));
        let failure = ReadbackError { kind: ReadbackErrorKind::Broken, excerpt: ResponseExcerpt::default(), retry_after: None, note: None };
        let made = if minute % 10 == 0 { Readback { result: Err(failure), ..made } } else { made };
        world.store.settle(&made, &[], &[]).await.unwrap();
    }
    let begin = |opened: i64| {
        let opened = incident(&project, IncidentKind::Ingestion, opened).opened;
        (opened, Some(opened.minute()))
    };
    for (opened, bad_before, incident_kind) in [
        (0, 4, IncidentKind::Ingestion),
        (20, 16, IncidentKind::Ingestion),
        (30, 6, IncidentKind::Ingestion),
        (40, 90, IncidentKind::Monitoring),
    ] {
        let (opened, minute) = begin(opened);
        let first_bad = minute.map(|minute| minute.plus(-bad_before));
        let one = Incident {
            opened,
            closed: Some(opened.plus(Duration::from_mins(5))),
            first_bad,
            incident_kind,
            ..incident(&project, incident_kind, 0)
        };
        open_incident(&world.store, one).await;
    }
    let open = incident(&project, IncidentKind::Traffic, 50);
    let queued =
        [notification(channel.id, &open, NotificationKind::Opened, 0), notification(channel.id, &open, NotificationKind::Reminder, 1)];
    world.store.write_incident(&open, &[], &queues(&queued)).await.unwrap();
    let now = open.opened.plus(Duration::from_mins(10));
    let mut leased = world.store.lease(now, now.plus(Duration::from_mins(1)), 1).await.unwrap();
    (leased[0].state, leased[0].ended) = (NotificationState::Sent, Some(now));
    world.store.mark(&leased, &[], &[]).await.unwrap();
    let told = alert_figures(&world.store, &project, now).await.unwrap();
    assert_eq!((told.open, told.opened_in_24_hours, told.opened_in_30_days), (1, 5, 5));
    assert_eq!((told.time_to_detect, told.longest_to_detect), (Some(Duration::from_mins(6)), Some(Duration::from_mins(16))));
    assert_eq!((told.sent, told.queued, told.failed), (1, 1, 0));
    let told = alert_figures(&world.store, &project, after(START.plus(119), 59)).await.unwrap();
    assert_eq!((told.last_hour, told.last_24_hours), (ReadbackCounts { made: 60, failed: 6 }, ReadbackCounts { made: 120, failed: 12 }));
}
