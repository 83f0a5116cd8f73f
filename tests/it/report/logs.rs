//! Logs of apps.

use heartbeat::model::{
    AppKind, Entry, EntryKind, Evidence, EvidenceOf, HeartbeatApp, Incident, IncidentKind, IngestionAlertApp, Obstacle, Phase, ProjectSpec,
    Readback, ReadbackError, ReadbackErrorKind, ResponseExcerpt, Retention, Timestamp,
};
use heartbeat::report::{Level, LogPage, Sought, log};
use heartbeat::retention::aggregate_due;
use proptest::prelude::*;

use super::world::{START, World, after};
use crate::store::samples::{entry, incident, queues, readback, spec, spec_with_routes};
use crate::support::examples::examples;

async fn read(world: &World, app: AppKind, sought: &Sought, now: Timestamp) -> LogPage {
    let project = world.project("shop").await;
    log(&world.store, &project, app, sought, now).await.unwrap()
}

fn lines(page: &LogPage) -> Vec<String> {
    let line = |line: &heartbeat::report::Line| {
        let route = line.route.as_ref().map_or_else(String::new, |route| format!(" {route}"));
        let proof = if line.proof.is_empty() { String::new() } else { format!(" ({})", line.proof.join("; ")) };
        format!("{} {}{route}: {}{proof}", line.at.time_of_day(), line.level.name(), line.words())
    };
    page.lines.iter().map(line).collect()
}

#[tokio::test]
async fn heartbeat_lists_each_beat_what_its_failure_left_and_when_nothing_was_sent() {
    let world = World::new().await;
    let spec = spec("shop");
    world.store.apply(std::slice::from_ref(&spec), &[], START.start()).await.unwrap();
    let project = world.project("shop").await;
    world.record(project.routes[0].id, START, "AU___AX").await;
    let of = EvidenceOf::Unreachable { at: Phase::Connect, obstacle: Obstacle::Other, words: "connection refused".into() };
    let evidence = Evidence { route: project.routes[0].id, minute: START.plus(1), at: after(START.plus(1), 44), of };
    world.store.record(&[], &[evidence]).await.unwrap();
    let off = ProjectSpec { heartbeat: Some(HeartbeatApp { enabled: false, ..HeartbeatApp::default() }), ..spec };
    world.store.apply(&[off], &[], after(START.plus(8), 0)).await.unwrap();
    let now = after(START.plus(30), 0);
    let page = read(&world, AppKind::Heartbeat, &Sought::default(), now).await;
    assert_eq!(
        lines(&page),
        [
            "00:08:00 info: disabled",
            "00:08:00 warning heartbeat: nothing was sent: Heartbeat was not running, from 00:07 to 00:08 (2 minutes)",
            "00:06:05 error heartbeat: accepted with 200, lost: not seen after 15m 00s",
            "00:05:05 info heartbeat: accepted with 200, arrived after 2.0s",
            "00:04:00 warning heartbeat: nothing was sent: Heartbeat was not running, from 00:02 to 00:04 (3 minutes)",
            "00:01:05 error heartbeat: no answer from capture (unreachable at connect: connection refused)",
            "00:00:00 info: enabled",
            "00:00:05 info heartbeat: accepted with 200, arrived after 2.0s",
        ]
    );
    assert_eq!(page.older, None);
    let count = async |sought: Sought| read(&world, AppKind::Heartbeat, &sought, now).await.lines.len();
    assert_eq!(count(Sought { level: Level::Error, ..Sought::default() }).await, 2);
    assert_eq!(count(Sought { text: Some("Connection REFUSED".into()), ..Sought::default() }).await, 1);
    assert_eq!(count(Sought { route: Some("heartbeat".into()), ..Sought::default() }).await, 6);
    assert_eq!(count(Sought { route: Some("proxy".into()), ..Sought::default() }).await, 0);
}

#[tokio::test]
async fn what_is_aggregated_is_listed_hour_by_hour_with_what_failures_left() {
    let world = World::new().await;
    world.store.apply(&[spec("shop")], &[], START.start()).await.unwrap();
    let project = world.project("shop").await;
    world.record(project.routes[0].id, START, &("A".repeat(70) + "X" + &"A".repeat(49))).await;
    let of = EvidenceOf::Lost { read_back: after(START.plus(85), 30) };
    let evidence = Evidence { route: project.routes[0].id, minute: START.plus(70), at: after(START.plus(85), 30), of };
    world.store.record(&[], &[evidence]).await.unwrap();
    let now = after(START.plus(16 * 1440), 0);
    world.record(project.routes[0].id, START.plus(16 * 1440 - 1), "A").await;
    aggregate_due(&world.store, now, Retention::default()).await.unwrap();
    let old = Sought { before: Some(START.plus(1440)), ..Sought::default() };
    let page = read(&world, AppKind::Heartbeat, &old, now).await;
    let told = lines(&page);
    assert_eq!(told.len(), 4, "{told:?}");
    assert!(told[0].contains("a beat failed (not seen at 2026-06-20T01:25:30.000Z)"), "{told:?}");
    assert!(told[1].starts_with("01:00:00 error heartbeat: hour from 01:00: 59 arrived, 1 lost"), "{told:?}");
    assert!(told[3].starts_with("00:00:00 info heartbeat: hour from 00:00: 60 arrived; median lag"), "{told:?}");
    // Reading on from the newest page leads there, in a bounded number of pages.
    let (mut sought, mut pages, mut seen) = (Sought { level: Level::Error, ..Sought::default() }, 0, Vec::new());
    loop {
        let page = read(&world, AppKind::Heartbeat, &sought, now).await;
        seen.extend(lines(&page));
        pages += 1;
        let Some(older) = page.older else { break };
        assert!(sought.before.is_none_or(|before| older < before), "each page goes further back");
        sought.before = Some(older);
    }
    assert_eq!(seen.len(), 2, "{seen:?}");
    assert!(pages < 40, "{pages}");
}

#[tokio::test]
async fn ingestion_alert_lists_readbacks_that_failed_and_what_became_of_incidents() {
    let world = World::new().await;
    let alert = ProjectSpec { ingestion_alert: Some(IngestionAlertApp::default()), ..spec("shop") };
    world.store.apply(&[alert], &[], START.start()).await.unwrap();
    let project = world.project("shop").await;
    for minute in 0..20 {
        let made = readback(&project, after(START.plus(minute), 30));
        let failure = |kind| ReadbackError::quoting(kind, ResponseExcerpt::default());
        let made = match minute {
            3..=7 => Readback { result: Err(failure(ReadbackErrorKind::Throttled)), ..made },
            8 => Readback { result: Err(failure(ReadbackErrorKind::Broken)), ..made },
            _ => made,
        };
        world.store.settle(&made, &[], &[]).await.unwrap();
    }
    let said = |minute: i64, kind, words: &str| Entry { at: after(START.plus(minute), 0), ..entry(kind, words) };
    let entries = [said(10, EntryKind::Opened, "beats do not arrive"), said(12, EntryKind::Closed, "over")];
    let opened = Incident { opened: after(START.plus(10), 0), ..incident(&project, IncidentKind::Ingestion, 0) };
    world.store.write_incident(&opened, &entries, &queues(&[])).await.unwrap();
    let now = after(START.plus(25), 0);
    let page = read(&world, AppKind::IngestionAlert, &Sought::default(), now).await;
    let told = lines(&page);
    assert_eq!(told.len(), 5, "{told:?}");
    assert_eq!(told[0], "00:12:00 info: incident 1 (ingestion), closed: over");
    assert_eq!(told[1], "00:10:00 error: incident 1 (ingestion), opened: beats do not arrive");
    assert!(told[2].starts_with("00:08:30 warning: read-back failed: PostHog's query API is failing"), "{told:?}");
    assert!(told[3].ends_with("find what else uses the API, from 00:03 to 00:07 (5 read-backs)"), "{told:?}");
    assert_eq!(told[4], "00:00:00 info: enabled");
    assert_eq!(page.lines[1].incident.map(|id| id.0), Some(1));
    assert_eq!(page.older, None);
    let heartbeat = read(&world, AppKind::Heartbeat, &Sought { text: Some("incident".into()), ..Sought::default() }, now).await;
    assert_eq!(heartbeat.lines.len(), 0);
}

proptest! {
    #![proptest_config(examples(12))]

    #[test]
    fn page_after_page_lists_every_beat_once(
        runs in prop::collection::vec((prop::sample::select(vec!['A', 'L', 'X', '_']), 1_usize..150), 1..10), at_most in 1_usize..60, level in 0_usize..3,
    ) {
        let letters: String = runs.iter().map(|(letter, length)| letter.to_string().repeat(*length)).collect();
        let level = Level::ALL[level];
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
            let world = World::new().await;
            world.store.apply(&[spec_with_routes("shop", &[])], &[], START.start()).await.unwrap();
            let project = world.project("shop").await;
            for route in &project.routes[..2] {
                world.record(route.id, START, &letters).await;
            }
            let now = after(START.plus(letters.len() as i64), 0);
            let mut sought = Sought { at_most, level, ..Sought::default() };
            let mut told = Vec::new();
            loop {
                let page = read(&world, AppKind::Heartbeat, &sought, now).await;
                prop_assert!(page.lines.len() < at_most + 4, "{} lines for {at_most}", page.lines.len());
                told.extend(page.lines);
                let Some(older) = page.older else { break };
                sought.before = Some(older);
            }
            prop_assert!(told.is_sorted_by(|one, other| one.minute >= other.minute));
            let beats: Vec<_> = told.iter().filter(|line| line.words().starts_with("accepted")).map(|line| (line.minute, line.route.clone())).collect();
            let desired = |letter: char| match level {
                Level::Info => letter != '_',
                Level::Warning => "LX".contains(letter),
                Level::Error => letter == 'X',
            };
            prop_assert_eq!(beats.len(), 2 * letters.chars().filter(|letter| desired(*letter)).count());
            let mut once = beats.clone();
            once.dedup();
            prop_assert_eq!(once.len(), beats.len());
            Ok(())
        })?;
    }
}
