//! Values that the store's tests put in.

use std::time::Duration;

use heartbeat::model::{
    DistinctId, Endpoint, Events, HeartbeatApp, Host, Look, Minute, Outcome, Pace, PersonalKey, Phases, Project, ProjectName, ProjectSpec,
    ProjectToken, Recorded, RouteId, RouteSpec, Settled, Timestamp, Traffic,
};
use heartbeat::store::Store;

/// When the tests' history begins: a whole hour.
pub(crate) const START: Minute = Minute::from_index(29_700_000);

pub(crate) fn name(text: &str) -> ProjectName {
    ProjectName::parse(text).unwrap()
}

/// A project with Heartbeat's one default event, enabled.
pub(crate) fn spec(text: &str) -> ProjectSpec {
    ProjectSpec {
        name: name(text),
        host: Host::parse("eu").unwrap(),
        api_host: None,
        token: ProjectToken::parse(&format!("phc_{text}")).unwrap(),
        personal_key: Some(PersonalKey::parse("phx_secret").unwrap()),
        posthog_id: None,
        pace: Pace::default(),
        heartbeat: Some(HeartbeatApp::default()),
        ingestion_alert: None,
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
pub(crate) async fn set_up(store: &dyn Store, spec: ProjectSpec) -> Project {
    let name = spec.name.clone();
    store.apply(&[spec], &[], START.start()).await.unwrap();
    find(store, &name).await
}

pub(crate) async fn find(store: &dyn Store, name: &ProjectName) -> Project {
    store.projects().await.unwrap().into_iter().find(|project| project.spec.name == *name).expect("the project is there")
}

/// So many milliseconds after the minute's start.
pub(crate) fn at(minute: Minute, after_ms: i64) -> Timestamp {
    Timestamp::from_ms(minute.start().ms() + after_ms)
}

/// A beat as an accepted receipt leaves it.
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

/// What a look makes of a beat that it saw.
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

/// What a look makes of a beat that it did not see.
pub(crate) fn unseen(beat: &Recorded, outcome: Outcome, missed_after_ms: Option<i64>) -> Settled {
    let missed = missed_after_ms.map(|after| at(beat.minute, after));
    Settled { route: beat.route, minute: beat.minute, outcome, missed, seen: None, ingested: None, copies: 0 }
}

/// A look that succeeded.
pub(crate) fn look(project: &Project, at: Timestamp) -> Look {
    Look {
        project: project.id,
        at,
        result: Ok(Traffic { others: 7, newest: Some(at), ..Traffic::default() }),
        last_good: Some(at),
        failing_since: None,
        not_before: at.plus(Duration::from_mins(1)),
        posthog_id: Some(42),
        token: None,
    }
}
