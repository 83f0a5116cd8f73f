//! Silent 200s: capture takes what nobody will ever see. The cause is named, as far as it can be known from outside.

use std::time::Duration;

use heartbeat::judge::Health;
use heartbeat::model::{Host, PersonalKey, Place, Readback, TokenReading, TokenStatus};
use heartbeat::sandbox::LIMITED_KEY;
use serde_json::json;

use super::World;
use crate::support::scripted::{Act, Request, Server, answer};

fn told(body: &serde_json::Value) -> Act {
    answer("200 OK", "content-type: application/json\r\n", &body.to_string())
}

/// The answer to a read-back at a project in which there is nothing: it repeats when it was asked.
fn nothing_seen(request: &Request) -> Act {
    let text = request.json()["query"]["query"].as_str().unwrap().to_owned();
    let stamp = text.split("'traffic' AS kind, '").nth(1).and_then(|rest| rest.split('\'').next()).unwrap_or_default();
    told(&json!({"results": [["traffic", stamp, 0, 0, 0, 0]]}))
}

async fn word(world: &World) -> Option<TokenReading> {
    world.report().await.readback.and_then(|readback| readback.token)
}

/// How many events came in more than once.
async fn duplicated(world: &World) -> usize {
    world.received().await.iter().filter(|event| event["copies"].as_u64().unwrap() > 1).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_not_known_is_named_and_forgotten_when_beats_arrive_again() {
    let world = World::new("heartbeat").await;
    world.minutes(3).await;
    assert_eq!(word(&world).await, None, "nobody is asked in good faults");
    world.faults(&json!({"capture": {"unknown_token": true}}));
    world.minutes(4).await;
    let report = world.report().await;
    assert_eq!(report.verdict.health, Health::Down, "not late: never");
    let verdict = report.verdict.to_string();
    assert!(verdict.contains("does not know the project token: events with it are answered 200 and dropped"), "{verdict}");

    let first = word(&world).await.unwrap();
    assert_eq!(first.token_status, TokenStatus::Unknown);
    let mut asked = vec![first.asked];
    for _ in 0..25 {
        world.minutes(1).await;
        asked.push(word(&world).await.unwrap().asked);
    }
    asked.dedup();
    assert_eq!(asked.len(), 3, "once in ten minutes: {asked:?}");
    assert!(asked.is_sorted_by(|one, next| next.since(*one) >= Duration::from_mins(10)), "{asked:?}");

    world.sandbox.clear_faults();
    world.minutes(2).await;
    assert_eq!(word(&world).await, None, "though beats of the last hours are still missing");
    assert_eq!(world.report().await.verdict.health, Health::Up);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_over_its_quota_is_named_and_forgotten_when_beats_arrive_again() {
    let world = World::new("heartbeat").await;
    world.minutes(2).await;
    world.faults(&json!({"capture": {"over_quota": true}}));
    world.minutes(4).await;
    assert_eq!(word(&world).await.unwrap().token_status, TokenStatus::OverQuota);
    let report = world.report().await;
    let verdict = report.verdict.to_string();
    assert_eq!(report.verdict.health, Health::Down, "not late: never");
    assert!(verdict.contains("Events are accepted and dropped: the project is over its events quota"), "{verdict}");

    world.sandbox.clear_faults();
    world.minutes(2).await;
    assert_eq!(word(&world).await, None);
    assert_eq!(world.report().await.verdict.health, Health::Up);
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_that_are_down_are_named_at_each_look_while_beats_stay_away() {
    let world = World::new("heartbeat").await;
    world.faults(&json!({"instance": {"down": ["kafka"]}}));
    world.minutes(2).await;
    assert_eq!(word(&world).await, None, "what is down and stops nothing is nobody's trouble");
    world.faults(&json!({"queue": {"stopped": true}, "instance": null}));
    world.minutes(4).await;
    let verdict = world.verdict().await;
    assert!(verdict.contains("PostHog says that kafka, plugins are down"), "{verdict}");
    // Half of it was repaired, and another part went down.
    let stopped_partitions: Vec<u8> = (0..8).collect();
    world.faults(&json!({"queue": {"stopped": false, "stopped_partitions": stopped_partitions}, "instance": {"down": ["clickhouse"]}}));
    world.minutes(1).await;
    let said = word(&world).await.unwrap();
    assert_eq!(said.down.to_string(), "clickhouse is down");
    assert!(said.asked < world.clock.now().minus(Duration::from_mins(1)), "the token is not asked about each time");
    let verdict = world.verdict().await;
    assert!(verdict.contains("PostHog says that clickhouse is down"), "{verdict}");
    assert_eq!(duplicated(&world).await, 0, "where it is plain what is broken, nothing is sent to find out");

    world.sandbox.clear_faults();
    world.minutes(2).await;
    assert_eq!(word(&world).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stuck_queue_about_which_nothing_is_said_may_be_a_filter_too() {
    let world = World::new("heartbeat").await;
    world.minutes(2).await;
    let stopped_partitions: Vec<u8> = (0..8).collect();
    world.faults(&json!({"queue": {"stopped_partitions": stopped_partitions}}));
    world.minutes(5).await;
    assert_eq!(word(&world).await.unwrap().token_status, TokenStatus::Known);
    let verdict = world.verdict().await;
    assert!(verdict.contains("the project token is known: ingestion behind capture is stuck or slow"), "{verdict}");
    let others = world.report().await.verdict.diagnosis().possibilities;
    assert!(others.iter().any(|other| other.place == Place::Filtered), "{others:?}");
    assert_eq!(duplicated(&world).await, 0, "the quota is said by PostHog's API: no beat is sent to find out");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_v1_nobody_says_that_the_quota_is_used_up() {
    let old = Server::start(|_, request| match request.line() {
        line if line.contains("/i/v1/") => answer("503 Service Unavailable", "", "v1 sink router not configured"),
        _ => answer("200 OK", "content-type: application/json\r\n", r#"{"status":"Ok"}"#),
    })
    .await;
    let world = World::with("heartbeat", |spec| {
        spec.api_host = Some(spec.host.clone());
        spec.host = Host::parse(&old.base()).unwrap();
        // Of one that may only query nothing else is asked.
        spec.personal_key = Some(PersonalKey::parse(LIMITED_KEY).unwrap());
    })
    .await;
    world.minutes(5).await;
    assert!(old.requests().iter().any(|request| request.line().contains("/i/v1/")));
    assert_eq!(word(&world).await.unwrap().token_status, TokenStatus::Known);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_swallows_beats_is_reported_by_what_is_sent_past_it() {
    // Heartbeat's own way leads to a proxy that swallows everything; the product's events go another way.
    let proxy = Server::start(|_, request| {
        let is_known = String::from_utf8_lossy(&request.body).contains(heartbeat::sandbox::TOKEN);
        let json = |status, body| answer(status, "content-type: application/json\r\n", body);
        match request.line().contains("/flags/") {
            true if is_known => json("200 OK", r#"{"flags":{},"errorsWhileComputingFlags":false}"#),
            true => {
                json("401 Unauthorized", r#"{"type":"authentication_error","code":"invalid_api_key","detail":"Project API key invalid."}"#)
            }
            false => json("200 OK", r#"{"status":"Ok"}"#),
        }
    })
    .await;
    let world = World::with("heartbeat", |spec| {
        spec.api_host = Some(spec.host.clone());
        spec.host = Host::parse(&proxy.base()).unwrap();
    })
    .await;
    world.minutes(6).await;
    let verdict = world.verdict().await;
    assert!(
        verdict.contains("it accepts everything, even what PostHog rejects, but the events never arrive; events that bypass it do"),
        "{verdict}"
    );
    let sent = world.received().await;
    assert_eq!(sent.iter().map(|event| &event["event"]).collect::<Vec<_>>(), ["heartbeat_check"], "one, once in half an hour: {sent:?}");
    assert_eq!(world.report().await.readback.unwrap().result.unwrap().others, 0, "what is ours is no traffic of others");

    let event = json!({
        "api_key": heartbeat::sandbox::TOKEN,
        "event": "$pageview",
        "distinct_id": "someone",
        "timestamp": world.clock.now().to_string(),
    });
    let sent = reqwest::Client::new().post(format!("{}/e/", world.address)).json(&event).send().await.unwrap();
    assert_eq!(sent.status(), 200);
    world.minutes(1).await;
    assert_eq!(world.report().await.readback.unwrap().result.unwrap().others, 1);
    assert!(world.verdict().await.contains("events that bypass it do"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_is_not_looked_at_twice_at_once_whatever_is_changed_meanwhile() {
    let api = Server::start(|_, request| match request.line() {
        line if line.contains("/query/") => Act::Silence,
        _ => answer("404 Not Found", "", ""),
    })
    .await;
    let readbacks = || api.requests().iter().filter(|request| request.line().contains("/query/")).count();
    let world = World::with("heartbeat", |spec| {
        spec.api_host = Some(Host::parse(&api.base()).unwrap());
        spec.posthog_id = Some(1);
    })
    .await;
    world.seconds_until("the read-back is under way", async |_: &World| readbacks() == 1).await;
    let spec = world.project().await.spec;
    let asked_at = world.clock.now();
    for late_after in [3, 4, 5] {
        let mut changed = spec.clone();
        changed.timing.late_after = Duration::from_mins(late_after);
        world.apply(changed).await;
        let until = world.clock.now().plus(Duration::from_secs(19));
        world.seconds_until("some seconds have passed", async |world: &World| world.clock.now() >= until).await;
    }
    assert!(world.clock.now().since(asked_at) < Duration::from_secs(65), "the first read-back is still waited for");
    assert_eq!(readbacks(), 1);
    world.seconds_until("it was given up, and made again", async |_: &World| readbacks() == 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_of_the_wrong_project_is_found_anew_when_nothing_arrives() {
    // Project 77 may be queried as well, and knows nothing of our beats: such as after a change of tokens.
    let api = Server::start(|_, request| match request.line() {
        line if line.contains("/query/") => nothing_seen(request),
        line if line.contains("/api/projects/?") => {
            told(&json!({"next": null, "results": [{"id": 5, "api_token": heartbeat::sandbox::TOKEN}]}))
        }
        _ => answer("404 Not Found", "", ""),
    })
    .await;
    let mut world = World::with("heartbeat", |spec| spec.api_host = Some(Host::parse(&api.base()).unwrap())).await;
    world.minutes(2).await;
    let readback = world.report().await.readback.unwrap();
    assert_eq!(readback.posthog_id, Some(5));
    world.crash().await;
    world.store.settle(&Readback { posthog_id: Some(77), ..readback }, &[], &[]).await.unwrap();
    world.wake_up().await;
    world.minutes(5).await;
    assert!(api.requests().iter().any(|request| request.line().contains("/api/projects/77/query/")));
    assert_eq!(world.report().await.readback.unwrap().posthog_id, Some(5));
}

/// A private API of a key with these scopes, that sees no beat; `more` answers what is asked beside the read-backs.
async fn blind_api(scopes: &'static [&'static str], more: fn(&str) -> Option<serde_json::Value>) -> Server {
    Server::start(move |_, request| match request.line() {
        line if line.contains("/personal_api_keys/@current/") => told(&json!({"scopes": scopes, "scoped_teams": [5]})),
        line if line.contains("/query/") && !request.json()["query"]["query"].as_str().unwrap().contains("ingestion_warnings") => {
            nothing_seen(request)
        }
        line if line.contains("/_preflight") => answer("404 Not Found", "", ""),
        line => match more(line) {
            Some(body) => told(&body),
            None => answer("403 Forbidden", "content-type: application/json\r\n", r#"{"detail":"API key missing required scope"}"#),
        },
    })
    .await
}

async fn after_five_minutes(api: &Server) -> Readback {
    let mut world = World::with("heartbeat", |spec| spec.api_host = Some(Host::parse(&api.base()).unwrap())).await;
    world.minutes(5).await;
    let readback = world.report().await.readback.unwrap();
    world.crash().await;
    readback
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_filter_that_drops_beats_is_named_with_posthogs_words_apart() {
    let api = blind_api(&["query:read", "event_filter:read"], |line| {
        let tree = json!({"type": "not", "child": {"type": "condition", "field": "event_name", "operator": "exact", "value": "signup"}});
        line.contains("/event_filter/").then(|| json!({"mode": "live", "filter_tree": tree}))
    })
    .await;
    let readback = after_five_minutes(&api).await;
    assert_eq!(readback.token.unwrap().token_status, TokenStatus::Filtered);
    let filter = readback.findings.filter.unwrap();
    assert_eq!(filter.says, "the project's event filter is live and drops the event heartbeat");
    assert!(filter.excerpt.contains("signup") && !filter.says.contains("signup"), "{filter:?}");
    let asked: Vec<String> = api.requests().iter().map(|request| request.line().to_owned()).collect();
    assert!(!asked.iter().any(|line| line.contains("quota_limits") || line.contains("restrictions")), "the key may not: {asked:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_quota_is_asked_for_by_its_number_and_no_beat_is_sent_again_to_find_out() {
    let api = blind_api(&["query:read", "project:read"], |line| {
        let events = json!({"events": {"limited": true, "usage": 1_000_123, "limit": 1_000_000}});
        line.contains("/quota_limits/").then(|| json!({"limited": events}))
    })
    .await;
    let readback = after_five_minutes(&api).await;
    assert_eq!(readback.token.unwrap().token_status, TokenStatus::OverQuota);
    let quota = readback.findings.quota.unwrap();
    assert_eq!((quota.used, quota.limit, quota.limited), (Some(1_000_123), Some(1_000_000), true));
    let asked = api.requests().iter().filter(|request| request.line().contains("quota_limits")).count();
    assert_eq!(asked, 1, "once in ten minutes");
    assert!(!api.requests().iter().any(|request| request.line().contains("event_filter")), "the key may not");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transformation_that_drops_beats_is_found_in_the_warnings_by_query_alone() {
    let api = Server::start(|_, request| match request.line() {
        line if line.contains("/personal_api_keys/@current/") => told(&json!({"scopes": ["query:read"], "scoped_teams": [5]})),
        line if line.contains("/query/") => {
            let text = request.json()["query"]["query"].as_str().unwrap().to_owned();
            if text.contains("system.ingestion_warnings") {
                let details = json!({"distinctId": "PostHog Heartbeat Plugin", "transformation": "drop bots"}).to_string();
                told(&json!({"results": [["plugin-server", "event_dropped_by_transformation", details, "2026-11-23T14:32:07Z"]]}))
            } else {
                nothing_seen(request)
            }
        }
        _ => answer("404 Not Found", "", ""),
    })
    .await;
    let readback = after_five_minutes(&api).await;
    assert_eq!(readback.token.unwrap().token_status, TokenStatus::Filtered);
    let filter = readback.findings.filter.unwrap();
    assert_eq!(filter.says, "a transformation of the project drops the event");
    assert!(filter.excerpt.contains("drop bots"), "{filter:?}");
}
