//! `heartbeat rules`: shown, and run over what was recorded.

use std::time::Duration;

use heartbeat::model::{
    Beat, HeartbeatApp, Host, Minute, Outcome, ProjectName, ProjectSpec, ProjectToken, Readback, ReadbackError, Recorded, RouteId, Settled,
    Timestamp, Traffic,
};
use heartbeat::store::{self, SecretCipher, Store};

use super::Home;

const BEGUN: &str = "2026-11-20T09:00:00Z";

fn shop() -> ProjectSpec {
    ProjectSpec {
        heartbeat: Some(HeartbeatApp::default()),
        ..ProjectSpec::new(ProjectName::parse("shop").unwrap(), Host::parse("us").unwrap(), ProjectToken::parse("phc_shop").unwrap())
    }
}

/// What became of the beat of a minute after [`BEGUN`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Arrives,
    Lost,
    /// Heartbeat is down.
    Down,
}

/// A home whose store remembers the project from [`BEGUN`] on, a fate a minute.
fn home_with(fates: impl Iterator<Item = Fate>) -> Home {
    let home = Home::new();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let cipher = SecretCipher::from_key_file(&home.path("h.key")).unwrap();
        let store = store::open(&format!("sqlite:{}", home.path("h.db").display()), cipher).await.unwrap();
        let begun = Timestamp::parse(BEGUN).unwrap();
        store.apply(&[shop()], &[], begun).await.unwrap();
        let project = store.projects().await.unwrap().remove(0);
        remember(&store, &project, begun, &fates.collect::<Vec<_>>()).await;
        store.close().await;
    });
    home
}

/// Lets a store remember the project from `begun` on, a fate a minute.
pub(crate) async fn remember(store: &Store, project: &heartbeat::model::Project, begun: Timestamp, fates: &[Fate]) {
    let route = project.routes[0].id;
    for (at, fate) in fates.iter().enumerate().filter(|(_, fate)| **fate != Fate::Down) {
        let minute = begun.minute().plus(at as i64 + 1);
        let given_up = at.checked_sub(16).filter(|at| fates[*at] == Fate::Lost).map(|at| begun.minute().plus(at as i64 + 1));
        write(store, project, route, minute, (*fate == Fate::Arrives, given_up)).await;
    }
}

async fn write(
    store: &Store,
    project: &heartbeat::model::Project,
    route: RouteId,
    minute: Minute,
    (arrives, given_up): (bool, Option<Minute>),
) {
    let slot = Beat::slot(&project.spec.token, minute);
    let asked = slot.plus(Duration::from_secs(20));
    let beat = Recorded { outcome: Outcome::Awaiting, sent: Some(slot), status: Some(200), tries: 1, ..Recorded::blank(route, minute) };
    store.record(&[beat], &[]).await.unwrap();
    let settled = |minute, outcome, seen: Option<Timestamp>| Settled {
        route,
        minute,
        outcome,
        missed: Some(asked).filter(|_| seen.is_none()),
        seen,
        ingested: seen.map(|_| slot.plus(Duration::from_secs(2))),
        copies: u32::from(seen.is_some()),
    };
    let mut all = vec![if arrives {
        settled(minute, Outcome::Arrived, Some(asked.plus(Duration::from_secs(1))))
    } else {
        settled(minute, Outcome::Awaiting, None)
    }];
    all.extend(given_up.map(|minute| settled(minute, Outcome::Lost, None)));
    let traffic = Traffic { others: 9, newest: Some(slot), watched: 9, watched_newest: Some(slot) };
    let readback = Readback {
        project: project.id,
        at: asked,
        result: Ok::<_, ReadbackError>(traffic),
        last_good: Some(asked),
        failing_since: None,
        not_before: asked,
        posthog_id: None,
        token: None,
        findings: heartbeat::model::Findings::default(),
    };
    store.settle(&readback, &all, &[]).await.unwrap();
}

fn rules(home: &Home, arguments: &[&str]) -> super::Ran {
    home.run(&[&["rules"], arguments, &["--database", "sqlite:h.db"]].concat())
}

#[test]
fn everything_wrong_is_reported_at_once() {
    let home = Home::with_two();
    let wrong = [
        home.run(&["rules", "show"]),
        home.run(&["rules", "show", "--project", "shpo"]),
        home.run(&["rules", "replay", "--project", "shop", "--since", "soon"]),
        home.run(&["rules", "replay", "--project", "shop", "--since", "0s"]),
        home.run(&[
            "rules",
            "replay",
            "--project",
            "shop",
            "--set",
            "lag_above",
            "--set",
            "lag_abov=90s",
            "--set",
            "lost=maybe",
            "--set",
            "watch=any",
            "--set",
            "posthogApiKey=phx_hunter2",
            "--set",
            "timeRange=30m",
            "--set",
            "colour=red",
        ]),
    ];
    let shown = wrong.iter().map(super::Ran::shown).collect::<Vec<_>>().join("\n");
    assert!(wrong.iter().all(|ran| ran.code == 2) && !shown.contains("hunter2"), "{shown}");
    insta::assert_snapshot!("rules that cannot be", shown);
}

#[test]
fn rules_are_shown_where_the_app_is_not_installed_too() {
    let home = Home::with_two();
    insta::assert_snapshot!("rules as they usually are", home.run(&["rules", "show", "--project", "shop"]).shown());
    let json = home.run(&["rules", "show", "--project", "shop", "--json"]).json();
    assert_eq!((&json["installed"], &json["enabled"], &json["time_range"]), (&false.into(), &false.into(), &"30m".into()));
    assert_eq!(
        json["rules"][2],
        serde_json::json!({
            "rule": "lag_above", "incident_kind": "ingestion", "on": true, "limit": "5m", "open_after": "3 of 5", "close_after": "3", "severity": "warning",
            "reminders": ["1h", "4h", "12h", "1d"]
        })
    );
}

#[test]
fn a_replay_of_nothing_says_that_nothing_is_known() {
    let home = home_with(std::iter::empty());
    let told = rules(&home, &["replay", "--since", "2d", "--until", "2026-11-22T09:00:00Z"]);
    insta::assert_snapshot!("a replay of nothing", told.shown());
}

/// 26 hours: beats are lost from 10:00 to 10:40 of the second hour, and over midnight; Heartbeat is down for an hour after.
fn eventful() -> Home {
    home_with((0..26 * 60).map(|at| match at {
        60..100 | 880..1000 => Fate::Lost,
        1200..1260 => Fate::Down,
        _ => Fate::Arrives,
    }))
}

#[test]
fn a_replay_finds_what_the_rules_would_have_opened() {
    let home = eventful();
    let span = ["replay", "--since", "2d", "--until", "2026-11-21T12:00:00Z"];
    let usual = rules(&home, &span);
    insta::assert_snapshot!("a replay", usual.shown());
    let gentler = rules(&home, &[&span[..], &["--set", "lost_open_after=50 of 60", "--set", "lag_above=off"]].concat());
    insta::assert_snapshot!("a replay with other rules", gentler.shown());
    let json = rules(&home, &[&span[..], &["--json"]].concat()).json();
    assert_eq!(json["incidents"].as_array().unwrap().len(), 2, "{json}");
    assert_eq!((&json["installed"], &json["total"][0]["incidents"], &json["total"][0]["recorded"]), (&false.into(), &2.into(), &0.into()));
    assert_eq!(json["without_history"].as_array().unwrap().len(), 3, "{json}");
}

#[test]
fn days_that_are_read_one_by_one_find_the_same() {
    let home = eventful();
    let brief = |since: &str| {
        let json = rules(&home, &["replay", "--since", since, "--until", "2026-11-21T11:00:00Z", "--json"]).json();
        json["incidents"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| (one["opened"].clone(), one["closed"].clone(), one["rules"].clone()))
            .collect::<Vec<_>>()
    };
    // The borders of days lie elsewhere each time, once in the midst of the second incident.
    let whole = brief("26h");
    assert_eq!(whole.len(), 2);
    for since in ["34h50m", "26h1m", "40h", "35h30m"] {
        assert_eq!(brief(since), whole, "{since}");
    }
}
