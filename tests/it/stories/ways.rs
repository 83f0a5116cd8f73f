//! Ways in that are broken: a name, a certificate, a proxy between; and one broken way beside others.

use std::time::Duration;

use axum::body::Bytes;
use axum::http::{Method, Uri};
use heartbeat::judge::Health;
use heartbeat::model::{DistinctId, Endpoint, EvidenceOf, Host, Outcome, ProjectSpec, RejectionReason, RouteSpec};
use serde_json::Value;

use super::World;
use crate::support::scripted::{Server, always, answer, ok};

const HTML: &str = "content-type: text/html; charset=utf-8\r\n";

/// Capture at another address than the sandbox, which is read as before.
async fn sending_to(base: &str) -> World {
    World::with("heartbeat", |spec| {
        spec.api_host = Some(spec.host.clone());
        spec.host = Host::parse(base).unwrap();
    })
    .await
}

/// The user's own route beside `heartbeat`.
fn add_route(spec: &mut ProjectSpec, name: &str, host: Option<&str>, endpoint: Endpoint) {
    let route = RouteSpec {
        name: name.into(),
        event: format!("heartbeat_{name}"),
        host: host.map(|host| Host::parse(host).unwrap()),
        endpoint,
        distinct_id: DistinctId::Fixed(format!("PostHog Heartbeat Plugin / {name}")),
    };
    spec.heartbeat.as_mut().unwrap().routes.push(route);
}

/// Why the newest rejected beat was rejected.
async fn rejection(world: &World) -> RejectionReason {
    let evidence = world.report().await.evidence;
    let rejected = |of: &EvidenceOf| if let EvidenceOf::Rejected { why, .. } = of { Some(*why) } else { None };
    evidence.iter().rev().find_map(|evidence| rejected(&evidence.of)).expect("a beat was refused")
}

/// The verdict once `minutes` have passed in which each try may take the whole minute.
async fn told_after(world: &World, minutes: u64) -> String {
    let until = world.clock.now().plus(Duration::from_mins(minutes));
    world.seconds_until("the minutes have passed", async |world: &World| world.clock.now() >= until).await;
    world.seconds_until("the last of them is on record", async |world: &World| world.outcomes().await.ends_with('U')).await;
    world.verdict().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_does_not_exist_is_reported_as_such() {
    let world = sending_to("http://no-such-host.invalid").await;
    let verdict = told_after(&world, 2).await;
    assert!(verdict.contains("Beats do not arrive. The name no-such-host.invalid cannot be resolved"), "{verdict}");
    assert!(world.beats().await.iter().all(|beat| beat.outcome == Outcome::Unreachable && beat.status.is_none()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_nobody_trusts_is_reported_as_such() {
    let (server, _certificate) = Server::start_tls(|_, _| ok()).await;
    let world = sending_to(&server.tls_base()).await;
    let verdict = told_after(&world, 2).await;
    assert!(verdict.contains("TLS with https://") && verdict.contains("self-signed"), "{verdict}");
    assert!(server.requests().is_empty(), "no token goes to a server that cannot show who it is");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_page_with_200_is_a_refusal_and_is_quoted() {
    let proxy = always(|| answer("200 OK", HTML, "<!doctype html><title>Staff only: log in</title>")).await;
    let world = sending_to(&proxy.base()).await;
    world.minutes(3).await;
    assert!(world.outcomes().await.chars().all(|letter| letter == 'R'));
    assert_eq!(rejection(&world).await, RejectionReason::NotPostHog);
    let verdict = world.verdict().await;
    assert!(verdict.contains("asks for a login in front of PostHog: it answers 200 “Staff only: log in”"), "{verdict}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_is_a_refusal_that_says_what_to_change() {
    let proxy = always(|| answer("308 Permanent Redirect", "location: /i/v0/e\r\n", "")).await;
    let world = sending_to(&proxy.base()).await;
    world.minutes(3).await;
    assert_eq!(rejection(&world).await, RejectionReason::Redirect);
    let verdict = world.verdict().await;
    assert!(verdict.contains("redirects (308) to the same path without its trailing slash"), "{verdict}");
    assert_eq!(proxy.requests().len(), world.beats().await.len(), "one request a beat: none is followed, none is repeated");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_proxy_beside_a_healthy_way_is_named() {
    let proxy = always(|| answer("403 Forbidden", HTML, "<title>Attention Required! | Cloudflare</title>")).await;
    let world = World::with("heartbeat", |spec| add_route(spec, "proxy", Some(&proxy.base()), Endpoint::V0)).await;
    world.minutes(4).await;
    assert_eq!(world.outcomes().await, "AR".repeat(world.beats().await.len() / 2));
    let report = world.report().await;
    assert_eq!(report.verdict.health, Health::Down);
    let verdict = report.verdict.to_string();
    assert!(
        verdict.contains("on the route proxy. The proxy at")
            && verdict.contains("(Cloudflare) blocks the request: it answers 403 “Attention Required! | Cloudflare”"),
        "{verdict}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_swallows_events_beside_a_healthy_way_is_named() {
    // It says yes to everything, as a cache or a mock would.
    let proxy = always(ok).await;
    let world = World::with("heartbeat", |spec| add_route(spec, "proxy", Some(&proxy.base()), Endpoint::V0)).await;
    world.minutes(5).await;
    let verdict = world.verdict().await;
    assert!(
        verdict.contains("on the route proxy. The way through") && verdict.contains("never arrive; events that bypass it do"),
        "{verdict}"
    );
}

/// A proxy that takes the uuid out of each event and passes the rest on: PostHog gives the event another one.
fn without_uuid(to: &str) -> String {
    let to = to.to_owned();
    let pass_on = async move |method: Method, uri: Uri, body: Bytes| {
        let body = match serde_json::from_slice::<Value>(&body) {
            Ok(Value::Object(mut event)) => {
                event.remove("uuid");
                serde_json::to_vec(&event).unwrap().into()
            }
            _ => body,
        };
        let asked = reqwest::Client::new().request(method, format!("{to}{uri}")).header("content-type", "application/json").body(body);
        let answer = asked.send().await.unwrap();
        (answer.status(), [("content-type", "application/json")], answer.bytes().await.unwrap())
    };
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    let listener = tokio::net::TcpListener::from_std(listener).unwrap();
    tokio::spawn(async move { axum::serve(listener, axum::Router::new().fallback(pass_on)).await });
    format!("http://{address}")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_writes_events_anew_is_named() {
    let world = World::with("heartbeat", |spec| {
        spec.api_host = Some(spec.host.clone());
        spec.host = Host::parse(&without_uuid(spec.host.capture())).unwrap();
    })
    .await;
    world.minutes(6).await;
    let verdict = world.verdict().await;
    assert!(verdict.contains("arrive under other uuids: the proxy rewrites them"), "{verdict}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_route_by_v1_beats_beside_one_by_v0() {
    let world = World::with("heartbeat", |spec| add_route(spec, "one", None, Endpoint::V1)).await;
    world.minutes(5).await;
    let events = world.received().await;
    let named = |name: &str| events.iter().filter(|event| event["event"] == name).count();
    assert_eq!((named("heartbeat"), named("heartbeat_one")), (events.len() / 2, events.len() / 2));
    assert!(world.outcomes().await.chars().all(|letter| letter == 'A'));
    assert_eq!(world.report().await.verdict.health, Health::Up);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_posthog_that_is_too_old_is_rejected_with_the_way_to_a_newer_one() {
    let old = Server::start(|_, request| {
        if request.line().contains(" /_preflight ") {
            return answer("200 OK", "content-type: application/json\r\n", r#"{"realm":"hosted-clickhouse","posthog_version":"1.29.1"}"#);
        }
        ok()
    })
    .await;
    let world = World::with("heartbeat", |spec| spec.api_host = Some(Host::parse(&old.base()).unwrap())).await;
    world.minutes(3).await;
    let report = world.report().await;
    assert_eq!(report.verdict.health, Health::Unknown, "{}", report.verdict);
    let verdict = report.verdict.to_string();
    assert!(verdict.contains("This PostHog is 1.29.1; Heartbeat needs 1.30.0 or later"), "{verdict}");
    let advice = report.verdict.diagnosis().advice.unwrap();
    assert!(advice.contains("https://posthog.com/docs/self-host/configure/upgrading-posthog"), "{advice}");
    let asked: Vec<String> = old.requests().iter().map(|request| request.line().to_owned()).collect();
    assert!(asked.iter().all(|line| line.contains(" /_preflight ")), "it is asked nothing else, and shown no key: {asked:#?}");
}
