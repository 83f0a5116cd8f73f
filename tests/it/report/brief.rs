//! Briefs: the same as whole reports, from fewer rows.

use std::sync::Arc;
use std::time::Duration;

use heartbeat::model::{
    Evidence, EvidenceOf, HeartbeatApp, Incident, IncidentKind, Obstacle, Phase, Project, Readback, ReadbackError, ReadbackErrorKind,
    RejectionReason, ResponseExcerpt, Retention, Severity, Timestamp, TokenReading, TokenStatus, Traffic,
};
use heartbeat::report::{Brief, Past, briefs, report};
use heartbeat::retention::aggregate_due;
use proptest::prelude::*;

use super::world::{START, World, after};
use crate::store::samples::{incident, open_incident, spec, spec_with_routes};
use crate::support::examples::examples;

/// A day, and two hours that lie too far back to count.
const MINUTES: usize = 26 * 60;

/// One route's history: runs of the same letter, the newest last, cut to [`MINUTES`].
fn history() -> impl Strategy<Value = String> {
    let letter = prop::sample::select(vec!['A', 'A', 'A', 'L', '.', 'w', 'W', 'X', 'R', 'U', '?', 's', 'u', '_']);
    let length = prop_oneof![3 => 1_usize..4, 2 => 20_usize..80, 1 => 100_usize..1000];
    let runs = prop::collection::vec((letter, length), 1..14);
    runs.prop_map(|runs| {
        let letters: String = runs.into_iter().map(|(letter, length)| letter.to_string().repeat(length)).collect();
        let all = "A".repeat(MINUTES.saturating_sub(letters.len())) + &letters;
        all[all.len() - MINUTES..].to_owned()
    })
}

#[derive(Debug, Clone)]
struct Told {
    routes: Vec<String>,
    /// Of what the newest read-back said.
    readback: u8,
    /// So many minutes before the end Heartbeat was switched off.
    off: Option<i64>,
    /// So many minutes after the beginning the project was set up.
    begun: i64,
}

fn told() -> impl Strategy<Value = Told> {
    let off = prop_oneof![4 => Just(None), 1 => (0_i64..200).prop_map(Some)];
    let begun = prop_oneof![3 => Just(0_i64), 1 => 0_i64..MINUTES as i64];
    (prop::collection::vec(history(), 1..4), 0_u8..6, off, begun).prop_map(|(routes, readback, off, begun)| Told {
        routes,
        readback,
        off,
        begun,
    })
}

async fn set_up(world: &World, name: &str, told: &Told, now: Timestamp) -> (Arc<Project>, Option<Readback>) {
    let mut spec = if told.routes.len() == 1 { spec(name) } else { spec_with_routes(name, &[]) };
    let begun = START.plus(told.begun);
    world.store.apply(std::slice::from_ref(&spec), &[], begun.start()).await.unwrap();
    let project = world.project(name).await;
    for (route, letters) in project.routes.iter().zip(&told.routes) {
        let until = letters.len() - told.off.unwrap_or(0) as usize;
        let from = told.begun as usize;
        if from < until {
            world.record(route.id, begun, &letters[from..until]).await;
        }
        for (at, letter) in letters.chars().enumerate().filter(|(_, letter)| "RU".contains(*letter)) {
            let of = match letter {
                'R' => EvidenceOf::Rejected {
                    why: RejectionReason::Broken,
                    excerpt: ResponseExcerpt { status: 503, words: format!("no {at}"), headers: vec![], ..ResponseExcerpt::default() },
                },
                _ => EvidenceOf::Unreachable { at: Phase::Connect, obstacle: Obstacle::Other, words: format!("gone {at}") },
            };
            let minute = START.plus(at as i64);
            if minute.plus(90).start() > now {
                let evidence = Evidence { route: route.id, minute, at: after(minute, 6), of };
                world.store.record(&[], &[evidence]).await.unwrap();
            }
        }
    }
    if let Some(off) = told.off {
        spec.heartbeat = Some(HeartbeatApp { enabled: false, ..spec.heartbeat.unwrap_or_default() });
        let at = now.minus(Duration::from_mins(off as u64)).max(begun.end());
        world.store.apply(&[spec], &[], at).await.unwrap();
    }
    let project = world.project(name).await;
    let readback = readback(&project, told.readback, now);
    (project, readback)
}

fn readback(project: &Project, kind: u8, now: Timestamp) -> Option<Readback> {
    let failure = |kind| ReadbackError::quoting(kind, ResponseExcerpt::default());
    let result = match kind {
        0 => return None,
        1 => Err(failure(ReadbackErrorKind::NoKey)),
        2 => Err(failure(ReadbackErrorKind::Throttled)),
        _ => Ok(Traffic { others: u64::from(kind), newest: Some(now.minus(Duration::from_mins(3))), ..Traffic::default() }),
    };
    let word = TokenReading { token_status: TokenStatus::Unknown, asked: now, down: heartbeat::model::Parts::default() };
    // One was made after the moment that is shown: it says nothing.
    let at = if kind == 5 { now.plus(Duration::from_secs(1)) } else { now };
    let token = (kind == 4).then_some(word);
    Some(Readback {
        project: project.id,
        at,
        result,
        last_good: None,
        failing_since: None,
        not_before: at,
        posthog_id: None,
        token,
        findings: heartbeat::model::Findings::default(),
    })
}

async fn both(told: &[Told]) {
    let world = World::new().await;
    let now = after(START.plus(MINUTES as i64 - 1), 50);
    let (mut projects, mut readbacks) = (Vec::new(), Vec::new());
    for (at, told) in told.iter().enumerate() {
        let (project, readback) = set_up(&world, &format!("p{at}"), told, now).await;
        projects.push(project);
        readbacks.extend(readback);
    }
    let briefs = briefs(&world.store, &projects, &readbacks, now).await.unwrap();
    assert_eq!(briefs.len(), projects.len());
    for (brief, told) in briefs.iter().zip(told) {
        let readback = readbacks.iter().find(|readback| readback.project == brief.project.id && readback.at <= now).cloned();
        let whole = report(&world.store, Arc::clone(&brief.project), readback, now).await.unwrap();
        let of = |routes: &[String]| routes.iter().map(|letters| runs(letters)).collect::<Vec<_>>().join(" | ");
        let said = format!("{} {:?} off {:?} begun {}", of(&told.routes), told.readback, told.off, told.begun);
        assert_eq!(brief.verdict, whole.verdict, "{said}");
        assert_eq!(brief.complete_through, whole.complete_through, "{said}");
        assert_eq!(brief.strip, whole.strip, "{said}");
        assert_eq!(brief.newest_seen, whole.newest_seen, "{said}");
    }
    let before = pages(&world, &projects, &readbacks, now).await;
    aggregate_due(&world.store, now, Retention::default()).await.unwrap();
    assert_eq!(pages(&world, &projects, &readbacks, now).await, before, "from seen hours");
    world.store.close().await;
}

/// What the page of each project shows of the past.
async fn pages(world: &World, projects: &[Arc<Project>], readbacks: &[Readback], now: Timestamp) -> Vec<String> {
    let mut pages = Vec::new();
    for project in projects {
        let readback = readbacks.iter().find(|readback| readback.project == project.id).cloned();
        let past = Past::read(&world.store, Arc::clone(project), now, 1440).await.unwrap();
        let (routes, days, lags) = (past.routes(readback.as_ref()), past.days(), past.lags());
        pages.push(format!("{:?}\n{routes:?}\n{days:?}\n{lags:?}", past.report(readback)));
    }
    pages
}

/// `700A 3X 60L`
fn runs(letters: &str) -> String {
    let letters: Vec<char> = letters.chars().collect();
    letters.chunk_by(|one, other| one == other).map(|run| format!("{}{}", run.len(), run[0])).collect::<Vec<_>>().join(" ")
}

proptest! {
    #![proptest_config(examples(24))]

    #[test]
    fn a_brief_says_what_the_whole_report_says(told in prop::collection::vec(told(), 1..5)) {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(both(&told));
    }
}

#[tokio::test]
async fn what_lies_before_the_last_hour_counts_where_it_must() {
    let told = |routes: &[&[(char, usize)]]| {
        let letters = |runs: &[(char, usize)]| {
            let letters: String = runs.iter().map(|(letter, length)| letter.to_string().repeat(*length)).collect();
            "A".repeat(MINUTES - letters.len()) + &letters
        };
        Told { routes: routes.iter().map(|runs| letters(runs)).collect(), readback: 3, off: None, begun: 0 }
    };
    both(&[
        // Rejected for three hours, with one that arrived two hours ago; a lost one in the morning; late for half a day.
        told(&[&[('R', 60), ('A', 1), ('R', 120)]]),
        told(&[&[('X', 1), ('A', 600), ('_', 90)]]),
        told(&[&[('R', 1), ('L', 700)]]),
        // Nothing for hours, and what was found before it was never recorded as sent.
        told(&[&[('A', 30), ('s', 5), ('_', 200)], &[('L', 30), ('s', 2), ('X', 70)], &[('X', 1400)]]),
        // Never seen in a day; seen only before it.
        told(&[&[('.', 1), ('X', 1450), ('w', 2)]]),
        told(&[&[('u', 1500)]]),
    ])
    .await;
}

#[tokio::test]
async fn a_list_says_which_incidents_are_open() {
    let world = World::new().await;
    let (mut projects, now) = (Vec::new(), START.plus(30).end());
    for name in ["one", "two"] {
        world.store.apply(&[spec(name)], &[], START.start()).await.unwrap();
        projects.push(world.project(name).await);
    }
    let told: Vec<Brief> = briefs(&world.store, &projects, &[], now).await.unwrap();
    assert!(told.iter().all(|brief| brief.open.is_empty() && brief.most_severe().is_none() && brief.newest_lag().is_none()));
    open_incident(&world.store, Incident { severity: Severity::Warning, ..incident(&projects[1], IncidentKind::Monitoring, 5) }).await;
    open_incident(&world.store, incident(&projects[1], IncidentKind::Ingestion, 3)).await;
    open_incident(&world.store, Incident { closed: Some(now), ..incident(&projects[0], IncidentKind::Ingestion, 3) }).await;
    world.record(projects[0].routes[0].id, START.plus(28), "AA").await;
    let told = briefs(&world.store, &projects, &[], now).await.unwrap();
    assert_eq!((told[0].open.len(), told[0].newest_lag()), (0, Some(Duration::from_secs(2))));
    assert_eq!(
        told[1].open.iter().map(|incident| incident.incident_kind).collect::<Vec<_>>(),
        [IncidentKind::Monitoring, IncidentKind::Ingestion]
    );
    assert_eq!(told[1].most_severe().map(|incident| incident.incident_kind), Some(IncidentKind::Ingestion));
}
