//! What is sent, and what every answer means.

use heartbeat::model::{CaptureResult, Did, Endpoint, Phase, RejectionReason, Reply, ResponseExcerpt, Timestamp};
use heartbeat::posthog::capture::send;
use serde_json::json;

use super::{Sample, client};
use crate::support::scripted::{Act, Server, always, answer, ok};

const JSON: &str = "content-type: application/json\r\n";
const TEXT: &str = "content-type: text/plain\r\n";
const HTML: &str = "content-type: text/html; charset=utf-8\r\n";

async fn capture_result(endpoint: Endpoint, status: &'static str, headers: &'static str, body: impl Into<String>) -> CaptureResult {
    let body = body.into();
    let server = always(move || answer(status, headers, &body)).await;
    Sample::new(endpoint).send_once(&client(), &server.base()).await
}

fn rejected(capture_result: &CaptureResult) -> (RejectionReason, ResponseExcerpt) {
    match &capture_result.reply {
        Reply::Rejected { why, excerpt } => (*why, excerpt.clone()),
        other => panic!("not refused: {other:?}"),
    }
}

#[tokio::test]
async fn every_refusal_of_v0_has_its_name() {
    for (status, headers, body, why) in [
        ("401 Unauthorized", TEXT, "API key is not valid: personal_api_key", RejectionReason::Token),
        ("400 Bad Request", TEXT, "missing event name", RejectionReason::Event),
        ("413 Payload Too Large", TEXT, "too big", RejectionReason::Event),
        ("415 Unsupported Media Type", TEXT, "", RejectionReason::Event),
        ("429 Too Many Requests", TEXT, "rate limited", RejectionReason::Throttled),
        ("429 Too Many Requests", HTML, "<html>error 1015", RejectionReason::Throttled),
        ("408 Request Timeout", TEXT, "body stalled", RejectionReason::Broken),
        ("503 Service Unavailable", TEXT, "transient error, please retry", RejectionReason::Broken),
        ("500 Internal Server Error", TEXT, "", RejectionReason::Broken),
        ("502 Bad Gateway", HTML, "<html><h1>502 Bad Gateway</h1>nginx", RejectionReason::Broken),
        ("521 Down", HTML, "<html>", RejectionReason::Broken),
        ("404 Not Found", TEXT, "", RejectionReason::NoEndpoint),
        ("405 Method Not Allowed", TEXT, "", RejectionReason::NoEndpoint),
        ("404 Not Found", HTML, "<h1>Not found</h1>", RejectionReason::NotPostHog),
        ("402 Payment Required", JSON, r#"{"error":"billing_limit_exceeded"}"#, RejectionReason::OverQuota),
        ("200 OK", JSON, r#"{"status":"Ok","quota_limited":["recordings","events"]}"#, RejectionReason::OverQuota),
        (
            "403 Forbidden",
            "cf-ray: 8f1\r\ncontent-type: text/html\r\n",
            "<title>Attention Required! | Cloudflare",
            RejectionReason::NotPostHog,
        ),
        ("403 Forbidden", "cf-ray: 8f1\r\n", "error code: 1020", RejectionReason::NotPostHog),
        ("407 Proxy Authentication Required", TEXT, "", RejectionReason::NotPostHog),
        ("401 Unauthorized", "www-authenticate: Basic realm=\"staff\"\r\n", "", RejectionReason::NotPostHog),
        ("418 I'm a teapot", TEXT, "", RejectionReason::NotPostHog),
        ("200 OK", HTML, "<!doctype html><title>Log in</title>", RejectionReason::NotPostHog),
        ("200 OK", "", "  <html>", RejectionReason::NotPostHog),
        ("302 Found", "location: https://sso.example.com/login\r\n", "", RejectionReason::Redirect),
        ("304 Not Modified", "", "", RejectionReason::Redirect),
    ] {
        let capture_result = capture_result(Endpoint::V0, status, headers, body).await;
        let (found, excerpt) = rejected(&capture_result);
        assert_eq!(found, why, "{status} {headers} {body}");
        assert!(status.starts_with(&excerpt.status.to_string()));
        assert_eq!(capture_result.tries, 1);
    }
}

#[tokio::test]
async fn every_yes_of_v0_is_accepted() {
    for (status, headers, body) in [
        ("200 OK", JSON, r#"{"status":"Ok"}"#),
        ("200 OK", JSON, r#"{"status":1}"#),
        ("200 OK", JSON, r#"{"status":"Ok","quota_limited":["recordings"]}"#),
        ("204 No Content", "", ""),
    ] {
        let capture_result = capture_result(Endpoint::V0, status, headers, body).await;
        let status = status[..3].parse().unwrap();
        assert_eq!(capture_result.reply, Reply::Accepted { status }, "{body}");
        assert!(capture_result.phases.first_byte_us.is_some());
    }
}

#[tokio::test]
async fn every_word_of_v1_is_understood() {
    let uuid = Sample::new(Endpoint::V1).beat.uuid;
    let said = |result: &str, details: &str| json!({"results": {uuid.to_string(): {"result": result, "details": details}}}).to_string();
    for body in [said("ok", ""), said("warning", "distinct id is odd")] {
        let capture_result = capture_result(Endpoint::V1, "200 OK", JSON, body).await;
        assert_eq!(capture_result.reply, Reply::Accepted { status: 200 });
    }
    for (status, body, why, words) in [
        ("200 OK", said("drop", "invalid distinct_id"), RejectionReason::Event, "drop: invalid distinct_id"),
        ("200 OK", said("drop", "over Quota"), RejectionReason::OverQuota, "over Quota"),
        ("200 OK", said("retry", "sink"), RejectionReason::Broken, "retry: sink"),
        ("200 OK", said("postponed", "new word"), RejectionReason::Event, "postponed: new word"),
        ("200 OK", r#"{"results":{}}"#.into(), RejectionReason::NotPostHog, "results"),
        ("200 OK", "welcome".into(), RejectionReason::NotPostHog, "welcome"),
        ("200 OK", "<p>welcome".into(), RejectionReason::NotPostHog, "welcome"),
        ("401 Unauthorized", r#"{"error":"invalid_api_token"}"#.into(), RejectionReason::Token, "invalid_api_token"),
        ("402 Payment Required", r#"{"error":"billing_limit_exceeded"}"#.into(), RejectionReason::OverQuota, "billing"),
        ("415 Unsupported Media Type", "{}".into(), RejectionReason::Event, "{}"),
        ("503 Service Unavailable", "v1 sink router not configured".into(), RejectionReason::NoEndpoint, "not configured"),
        ("404 Not Found", String::new(), RejectionReason::NoEndpoint, ""),
    ] {
        let capture_result = capture_result(Endpoint::V1, status, "", body.clone()).await;
        let (found, excerpt) = rejected(&capture_result);
        assert_eq!(found, why, "{status} {body}");
        assert!(excerpt.words.contains(words), "{}", excerpt.words);
    }
}

#[tokio::test]
async fn a_redirect_is_reported_with_where_to_and_not_followed() {
    for (location, did) in [
        ("/i/v0/e", Did::Redirects),
        ("https://www.example.com/ph/i/v0/e/", Did::Redirects),
        ("https://sso.example.com/start?to=%2F", Did::RequiresLogin),
        ("", Did::Redirects),
    ] {
        let head = format!("location: {location}\r\n");
        let server = always(move || answer("308 Permanent Redirect", &head, "")).await;
        let capture_result = Sample::new(Endpoint::V0).send_once(&client(), &server.base()).await;
        let (why, excerpt) = rejected(&capture_result);
        assert_eq!(why, RejectionReason::Redirect);
        assert_eq!((excerpt.did, excerpt.header("location")), (Some(did), Some(location)));
        assert_eq!(server.requests().len(), 1);
    }
}

#[tokio::test]
async fn an_answer_is_quoted_short_printable_and_with_the_headers_that_say_something() {
    let body = format!("line one\r\n\u{1b}[31mred\0 {}", "é".repeat(100_000));
    let head = "server: cloudflare\r\ncf-ray: 8f1-FRA\r\ndate: Mon, 23 Nov 2026 12:00:00 GMT\r\nset-cookie: session=1\r\n";
    let capture_result = capture_result(Endpoint::V0, "400 Bad Request", head, body).await;
    let (_, excerpt) = rejected(&capture_result);
    assert!(excerpt.words.starts_with("line one [31mred é"), "{}", excerpt.words);
    assert!((290..=300).contains(&excerpt.words.len()));
    let names: Vec<&str> = excerpt.headers.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["server", "cf-ray", "date"]);
}

#[tokio::test]
async fn v0_is_sent_as_the_facts_say() {
    let server = always(ok).await;
    let sample = Sample::new(Endpoint::V0);
    let base = format!("{}/ingest", server.base());
    sample.send_once(&client(), &base).await;
    let request = &server.requests()[0];
    assert_eq!(request.line(), "POST /ingest/i/v0/e/ HTTP/1.1");
    assert_eq!(request.header("host"), Some(server.address().to_string().as_str()));
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert!(request.header("user-agent").unwrap().starts_with("posthog-heartbeat/"));
    let slot = sample.beat.slot;
    let expected = json!({
        "api_key": "phc_sample",
        "event": "heartbeat",
        "distinct_id": "PostHog Heartbeat Plugin",
        "uuid": sample.beat.uuid.to_string(),
        "timestamp": sample.event("").timestamp.to_string(),
        "properties": {
            "$timestamp": slot.to_string(),
            "$process_person_profile": false,
            "$geoip_disable": true,
            "$lib": "posthog-heartbeat",
            "$lib_version": env!("CARGO_PKG_VERSION"),
        },
    });
    assert_eq!(request.json(), expected);
    assert!(slot.to_string().ends_with('Z'));
}

#[tokio::test]
async fn v1_is_sent_as_the_facts_say() {
    let server = always(|| answer("401 Unauthorized", JSON, "{}")).await;
    let sample = Sample::new(Endpoint::V1);
    sample.send_once(&client(), &server.base()).await;
    let request = &server.requests()[0];
    assert_eq!(request.line(), "POST /i/v1/analytics/events HTTP/1.1");
    assert_eq!(request.header("authorization"), Some("Bearer phc_sample"));
    assert_eq!(request.header("posthog-sdk-info").unwrap(), format!("posthog-heartbeat/{}", env!("CARGO_PKG_VERSION")));
    assert_eq!(request.header("posthog-attempt"), Some("1"));
    assert_eq!(request.header("posthog-request-id").unwrap(), sample.beat.uuid.to_string());
    assert!(request.header("posthog-request-timestamp").unwrap().ends_with('Z'));
    let body = request.json();
    let event = &body["batch"][0];
    assert_eq!(event["uuid"], sample.beat.uuid.to_string());
    assert_eq!(event["timestamp"], sample.event("").timestamp.to_string());
    assert_eq!(event["options"], json!({"process_person_profile": false, "disable_skew_correction": true}));
    assert_eq!(event["properties"]["$timestamp"], sample.beat.slot.to_string());
    assert_eq!(event["properties"].get("$process_person_profile"), None);
    assert_eq!((body.get("api_key"), body.get("sent_at")), (None, None));
}

#[tokio::test]
async fn a_posthog_without_v0_takes_the_old_path_and_is_remembered() {
    for missing in ["404 Not Found", "302 Found\r\nlocation: /login?next=/i/v0/e/"] {
        let server = Server::start(move |_, request| {
            if request.line().starts_with("POST /e/ ") { answer("200 OK", JSON, r#"{"status":1}"#) } else { answer(missing, "", "") }
        })
        .await;
        let (client, sample) = (client(), Sample::new(Endpoint::V0));
        for _ in 0..2 {
            let capture_result = sample.send_once(&client, &server.base()).await;
            assert_eq!(capture_result.reply, Reply::Accepted { status: 200 });
        }
        let requests = server.requests();
        let lines: Vec<&str> = requests.iter().map(crate::support::scripted::Request::line).collect();
        assert_eq!(lines, ["POST /i/v0/e/ HTTP/1.1", "POST /e/ HTTP/1.1", "POST /e/ HTTP/1.1"]);
        assert_eq!(requests[0].body, requests[1].body);
    }
}

#[tokio::test]
async fn where_no_path_is_known_the_first_answer_is_the_one_reported() {
    let server = Server::start(|at, _| answer("404 Not Found", TEXT, if at == 0 { "first" } else { "second" })).await;
    let capture_result = Sample::new(Endpoint::V0).send_once(&client(), &server.base()).await;
    let (why, excerpt) = rejected(&capture_result);
    assert_eq!((why, excerpt.words.as_str()), (RejectionReason::NoEndpoint, "first"));
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_no_answer() {
    for cut in ["HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"sta", "HTTP/1.1 200 OK\r\ncont", "HTTP/1.1 200", ""] {
        let server = Server::start(move |_, _| Act::Close(cut.into())).await;
        let capture_result = Sample::new(Endpoint::V0).send_once(&client(), &server.base()).await;
        assert!(matches!(&capture_result.reply, Reply::Unreachable { at: Phase::Answer, .. }), "{cut:?}: {:?}", capture_result.reply);
    }
    let server = Server::start(|_, _| Act::Reset).await;
    let capture_result = Sample::new(Endpoint::V0).send_once(&client(), &server.base()).await;
    match capture_result.reply {
        Reply::Unreachable { at: Phase::Answer, words, .. } => assert!(words.contains("reset"), "{words}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_is_not_http_is_no_answer() {
    let server = Server::start(|_, _| Act::Close("220 mail.example.com ESMTP\r\n".into())).await;
    let capture_result = Sample::new(Endpoint::V0).send_once(&client(), &server.base()).await;
    assert!(matches!(&capture_result.reply, Reply::Unreachable { at: Phase::Answer, .. }), "{:?}", capture_result.reply);
}

#[tokio::test]
async fn an_endless_answer_is_read_to_a_bound() {
    let server =
        Server::start(|_, _| Act::Answer(format!("HTTP/1.1 400 Bad\r\ncontent-length: 900000000\r\n\r\n{}", "x".repeat(200_000)))).await;
    let capture_result = Sample::new(Endpoint::V0).send_once(&client(), &server.base()).await;
    assert_eq!(rejected(&capture_result).1.words.len(), 300);
}

#[tokio::test]
async fn a_base_that_is_no_address_is_unreachable_and_not_quoted() {
    for base in ["", "nonsense", "ftp://x", "http://", "http://user:hunter2@localhost", "http://[::1"] {
        let sample = Sample::new(Endpoint::V0);
        let capture_result = send(&client(), &sample.event(base), Timestamp::from_ms(i64::MAX)).await;
        match capture_result.reply {
            Reply::Unreachable { words, .. } => assert!(!words.contains("hunter2")),
            other => panic!("{base}: {other:?}"),
        }
    }
}
