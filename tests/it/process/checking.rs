//! `heartbeat check`: every exit code, what is said on the way to it, and what is never said.

use std::time::Duration;

use axum::Router;
use axum::routing::{any, get};
use heartbeat::clock::Clock;
use heartbeat::sandbox::{LIMITED_KEY, PERSONAL_KEY, QUERY_KEY, TOKEN};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{Ended, Workdir};
use crate::sandbox::Running;

/// Runs a check of the sandbox, in its faults.
async fn check(sandbox: &Running, more: &[&str]) -> Ended {
    let arguments = [&["check", "--host", &sandbox.url, "--token", TOKEN], more].concat();
    Workdir::new().run(&arguments).await
}

/// The same with the personal API key, and no long wait.
async fn check_with_key(sandbox: &Running, more: &[&str]) -> Ended {
    check(sandbox, &[&["--personal-api-key", PERSONAL_KEY, "--wait", "2s"], more].concat()).await
}

/// What is shown, with `TIME` and `SOME` for figures that differ from run to run: how long it took, and how many tries.
fn shown(ended: &Ended, address: &str) -> String {
    let shown = ended.shown(address);
    let (mut plain, mut rest) = (String::new(), shown.as_str());
    while let Some(at) = rest.find(|letter: char| letter.is_ascii_digit()) {
        let (before, figure) = rest.split_at(at);
        let end = figure.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(figure.len());
        let (figure, after) = figure.split_at(end);
        let past_unit =
            ["ms", "s"].into_iter().find_map(|unit| after.strip_prefix(unit).filter(|next| !next.starts_with(char::is_alphanumeric)));
        let (word, next) = match past_unit {
            Some(next) => ("TIME", next),
            None if after.starts_with(" tries") => ("SOME", after),
            None => (figure, after),
        };
        plain.extend([before, word]);
        rest = next;
    }
    plain + rest
}

#[tokio::test(flavor = "multi_thread")]
async fn it_arrives_0() {
    let sandbox = Running::start(Clock::system()).await;
    insta::assert_snapshot!(shown(&check_with_key(&sandbox, &[]).await, &sandbox.url), @r"
    exit 0
    --- out
    ✓ posthog   a self-hosted PostHog
    ✓ token     valid here
    ✓ capture   accepted with 200 (connect TIME, first byte TIME)
    ✓ project   the token belongs to project 1
    ✓ arrival   ingested after TIME, queryable between TIME and TIME after it was sent
    The event arrived.
    ");
    insta::assert_snapshot!(shown(&check_with_key(&sandbox, &["--endpoint", "v1", "--quiet"]).await, &sandbox.url), @r"
    exit 0
    --- out
    ✓ posthog   a self-hosted PostHog
    ✓ token     valid here
    ✓ capture   accepted with 200 (connect TIME, first byte TIME)
    ✓ project   the token belongs to project 1
    ✓ arrival   ingested after TIME, queryable between TIME and TIME after it was sent
    The event arrived.
    ");
    let events = sandbox.events().await;
    assert_eq!(events.len(), 2, "each check is an event of its own: {events:?}");
    assert!(events.iter().all(|event| event["event"] == "heartbeat_check"), "{events:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_result_as_json() {
    let sandbox = Running::start(Clock::system()).await;
    let ended = check_with_key(&sandbox, &["--json"]).await;
    let mut told = ended.json();
    assert_eq!((ended.code(), ended.err.as_str()), (0, ""));
    assert_eq!(told["uuid"], sandbox.events().await[0]["uuid"], "the uuid is that of the event");
    for figure in ["uuid", "ingested_lag_ms", "queryable_after_ms", "queryable_within_ms"] {
        assert!(!told[figure].is_null(), "{figure} is known: {told}");
        told[figure] = "FIGURE".into();
    }
    assert!(told["diagnosis"]["summary"].as_str().unwrap().starts_with("The event arrived "), "{told}");
    told["diagnosis"]["summary"] = "SENTENCE".into();
    told["diagnosis"]["address"]["port"] = "FIGURE".into();
    for line in told["lines"].as_array_mut().unwrap() {
        line["says"] = "SENTENCE".into();
    }
    insta::assert_snapshot!(serde_json::to_string_pretty(&told).unwrap(), @r#"
    {
      "diagnosis": {
        "address": {
          "host": "127.0.0.1",
          "path": "",
          "port": "FIGURE",
          "scheme": "http"
        },
        "advice": null,
        "answered_by": "posthog",
        "certain": true,
        "counts": null,
        "did": null,
        "place": "none",
        "possibilities": [],
        "route": null,
        "shown_by": {
          "server": null,
          "software": null,
          "status": null,
          "title": null,
          "via": null
        },
        "since": null,
        "summary": "SENTENCE",
        "title": null
      },
      "ending": "arrived",
      "exit_code": 0,
      "ingested_lag_ms": "FIGURE",
      "lines": [
        {
          "mark": "ok",
          "says": "SENTENCE",
          "what": "posthog"
        },
        {
          "mark": "ok",
          "says": "SENTENCE",
          "what": "token"
        },
        {
          "mark": "ok",
          "says": "SENTENCE",
          "what": "capture"
        },
        {
          "mark": "ok",
          "says": "SENTENCE",
          "what": "project"
        },
        {
          "mark": "ok",
          "says": "SENTENCE",
          "what": "arrival"
        }
      ],
      "queryable_after_ms": "FIGURE",
      "queryable_within_ms": "FIGURE",
      "uuid": "FIGURE"
    }
    "#);

    sandbox.faults(json!({"capture": {"status": 413}})).await;
    let rejected = check_with_key(&sandbox, &["--json"]).await;
    let told = rejected.json();
    assert_eq!((rejected.code(), &told["exit_code"], &told["ending"]), (3, &json!(3), &json!("rejected")), "{told}");
    assert_eq!(told["ingested_lag_ms"], Value::Null, "an absent figure is null: {told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_key_arrival_is_unchecked_and_a_line_says_so_0() {
    let sandbox = Running::start(Clock::system()).await;
    insta::assert_snapshot!(shown(&check(&sandbox, &[]).await, &sandbox.url), @r"
    exit 0
    --- out
    ✓ posthog   a self-hosted PostHog
    ✓ token     valid here
    ✓ capture   accepted with 200 (connect TIME, first byte TIME)
    ! arrival   not checked: there is no personal API key, and a 200 alone does not prove arrival
                → give --personal-api-key (scope query:read) to check arrival
    The event was accepted. Its arrival was not checked.
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_queue_is_not_seen_in_time_1() {
    let sandbox = Running::start(Clock::system()).await;
    sandbox.faults(json!({"queue": {"stopped": true}})).await;
    insta::assert_snapshot!(shown(&check_with_key(&sandbox, &[]).await, &sandbox.url), @r"
    exit 1
    --- out
    ! posthog   a self-hosted PostHog (kafka, plugins are down)
                → see http://ADDRESS/_preflight and the logs of these services
    ✓ token     valid here
    ✓ capture   accepted with 200 (connect TIME, first byte TIME)
    ✓ project   the token belongs to project 1
    ✗ arrival   Events are accepted at http://ADDRESS, and cannot be queried after TIME: PostHog says that kafka, plugins are down
                → Look at the logs of the part that is named. Ingestion continues when it is up again; accepted events are kept in the queue.
    Where: pipeline at http://ADDRESS
    The event was accepted, but not found in time.
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn over_quota_looks_the_same_from_outside_1() {
    let sandbox = Running::start(Clock::system()).await;
    sandbox.faults(json!({"capture": {"over_quota": true}})).await;
    assert_eq!(check_with_key(&sandbox, &[]).await.code(), 1);
    // Only v1 says it aloud.
    insta::assert_snapshot!(shown(&check_with_key(&sandbox, &["--endpoint", "v1"]).await, &sandbox.url), @r#"
    exit 3
    --- out
    ✓ posthog   a self-hosted PostHog
    ✓ token     valid here
    ✗ capture   PostHog's capture rejects events: the project is over its events quota (402 “{"error":"billing_limit_exceeded","error_description":"Billing quota exceeded. Events are being dropped. Upgrade your plan to resume ingestion.","error_uri":"https://posthog.com/docs/billing/limits"}”)
                → Raise the limit on PostHog's billing page (Organization > Billing), or wait for the next billing period: until then events are dropped.
    Where: quota at http://ADDRESS
    The event was rejected.
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_usage_is_reported_all_at_once_2() {
    let workdir = Workdir::new();
    insta::assert_snapshot!(workdir.run(&["check"]).await.shown(""), @r"
    exit 2
    --- err
    error: --host (or POSTHOG_HOST) is missing; give `us`, `eu` or the address of a PostHog
           --token (or POSTHOG_PROJECT_API_KEY) is missing; give the project token (phc_...) from Settings > Project > General
    ");
    let swapped =
        ["check", "--token", "phx_hunter2", "--personal-api-key", "phc_swapped", "--host", "example.com", "--api-host", "ftp://x"];
    insta::assert_snapshot!(workdir.run(&swapped).await.shown(""), @r"
    exit 2
    --- err
    error: --host `example.com` has no protocol; did you mean `https://example.com`?
           --token is a personal API key (phx_...); give the project token (phc_...), from Settings > Project > General
           --api-host `ftp://x` is not an http or https address; give `us`, `eu`, or one such as `https://posthog.example.com`
           --personal-api-key is a project token (phc_...); give a personal API key (phx_...) with the scope query:read, from Settings > Personal API keys
    ");
    let with_login = ["check", "--host", "https://me:hunter2@example.com", "--token", "", "--personal-api-key-file", "none.key"];
    insta::assert_snapshot!(workdir.run(&with_login).await.shown(""), @r"
    exit 2
    --- err
    error: --host must not contain a user name, a password, a query (?) or a fragment (#)
           --token is empty
           --personal-api-key-file `none.key` cannot be read: No such file or directory (os error 2)
    ");
    for (flag, value, says) in [
        ("--wait", "2", "write it like `90s`"),
        ("--endpoint", "v2", "v2"),
        ("--project-id", "shop", "shop"),
        ("--no-personal-api-key", "--personal-api-key=phx_hunter2", "cannot be used with"),
    ] {
        let ended = workdir.run(&["check", "--host", "us", "--token", "phc_a", flag, value]).await;
        assert_eq!(ended.code(), 2, "{flag}: {ended:?}");
        assert!(ended.err.contains(says) && !ended.err.contains("hunter2"), "{flag}: {ended:?}");
    }
    let workdir = workdir.with("POSTHOG_HOST", "eu").with("POSTHOG_PROJECT_API_KEY", "phx_hunter2");
    insta::assert_snapshot!(workdir.run(&["check"]).await.shown(""), @r"
    exit 2
    --- err
    error: POSTHOG_PROJECT_API_KEY is a personal API key (phx_...); give the project token (phc_...), from Settings > Project > General
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_capture_rejects_is_quoted_3() {
    let sandbox = Running::start(Clock::system()).await;
    let login = "<html><head><title>Sign in to Example</title></head><body>Who are you?</body></html>";
    for (name, faults) in [
        ("a request that is too large", json!({"status": 413})),
        ("a queue that is down", json!({"status": 503})),
        ("a login page", json!({"status": 200, "body": login})),
        ("a redirect", json!({"status": 308})),
        ("a firewall", json!({"status": 403, "body": "<html><title>Attention Required! | Cloudflare</title></html>"})),
    ] {
        sandbox.sandbox.clear_faults();
        sandbox.faults(json!({"capture": faults})).await;
        let ended = check_with_key(&sandbox, &[]).await;
        assert_eq!(ended.code(), 3, "{name}: {ended:?}");
        insta::assert_snapshot!(name, shown(&ended, &sandbox.url));
    }
    assert!(sandbox.events().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_there_is_reported_soon_4() {
    // A port that was free a moment ago, and that nobody listens on.
    let address = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().to_string();
    let workdir = Workdir::new();
    let mut check = workdir.start(&["check", "--host", &format!("http://{address}"), "--token", "phc_a"]);
    let ended = check.end_within(Duration::from_secs(12)).await;
    assert_eq!(ended.code(), 4, "{ended:?}");
    insta::assert_snapshot!(shown(&ended, &address), @r"
    exit 4
    --- out
    ! posthog   cannot identify this PostHog: nobody answers there (connect): ADDRESS: Connection refused (os error 111)
    ! token     cannot verify the token here: no answer (connect): ADDRESS: Connection refused (os error 111)
    ✗ capture   No connection to http://ADDRESS: ADDRESS: Connection refused (os error 111)
                → Check the port, whether the service runs there, and the firewalls in between; from this machine: curl -v with the same address.
    Where: connect at http://ADDRESS
    Capture could not be reached.
    ");

    let sandbox = Running::start(Clock::system()).await;
    sandbox.faults(json!({"capture": {"reset_rate": 1}})).await;
    let ended = check_with_key(&sandbox, &[]).await;
    assert_eq!(ended.code(), 4, "{ended:?}");
    assert!(
        ended.out.contains("accepts the connection but sends no complete response: the connection was closed before an answer came"),
        "{ended:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_not_known_here_sends_nothing_5() {
    let sandbox = Running::start(Clock::system()).await;
    sandbox.faults(json!({"capture": {"unknown_token": true}})).await;
    insta::assert_snapshot!(shown(&check_with_key(&sandbox, &[]).await, &sandbox.url), @r"
    exit 5
    --- out
    ✓ posthog   a self-hosted PostHog
    ✗ token     not valid here: events with this token are answered with 200 and dropped
                → Copy the project token (phc_...) again, from Settings > Project > General. It belongs to one PostHog, and on Cloud to one region: compare the host with the address that the project's pages have in your browser.
    Where: token at http://ADDRESS
    This PostHog does not know the token. No event was sent.
    ");
    assert!(sandbox.events().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_back_says_why_6() {
    let sandbox = Running::start(Clock::system()).await;
    for (name, query) in [
        ("a wrong key", json!({"status": 401})),
        ("a missing scope", json!({"status": 403})),
        ("throttled", json!({"status": 429, "retry_after_s": 1})),
        ("a broken query", json!({"status": 500})),
    ] {
        sandbox.sandbox.clear_faults();
        sandbox.faults(json!({"query": query})).await;
        let ended = check_with_key(&sandbox, &[]).await;
        assert_eq!(ended.code(), 6, "{name}: {ended:?}");
        insta::assert_snapshot!(name, shown(&ended, &sandbox.url));
    }
    sandbox.sandbox.clear_faults();
    let ended = check_with_key(&sandbox, &["--project-id", "7"]).await;
    assert_eq!(ended.code(), 6, "{ended:?}");
    insta::assert_snapshot!("a project of another number", shown(&ended, &sandbox.url));
}

/// A PostHog that says this of itself, takes every event and knows every token.
async fn posthog(preflight: &'static str) -> String {
    let routes = Router::new()
        .route("/_preflight", get(async move || ([("content-type", "application/json")], preflight)))
        .route("/flags/", any(async || ([("content-type", "application/json")], r#"{"flags":{},"errorsWhileComputingFlags":false}"#)))
        .fallback(any(async || ([("content-type", "application/json")], r#"{"status":"Ok"}"#)));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, routes).await });
    format!("http://{address}")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_posthog_that_is_too_old_is_rejected_7() {
    let url = posthog(r#"{"cloud":false,"realm":"hosted-clickhouse","posthog_version":"1.29.1"}"#).await;
    let ended = Workdir::new().run(&["check", "--host", &url, "--token", "phc_a"]).await;
    insta::assert_snapshot!(shown(&ended, &url), @r"
    exit 7
    --- out
    ✗ posthog   This is a self-hosted PostHog 1.29.1, and Heartbeat needs 1.30.0 or later
                → Upgrade it: https://posthog.com/docs/self-host/configure/upgrading-posthog
    Where: posthog_too_old
    This PostHog is too old. No event was sent.
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_is_down_is_named() {
    let url = posthog(r#"{"cloud":false,"realm":"hosted-clickhouse","posthog_version":"1.43.1","kafka":false,"redis":true}"#).await;
    let ended = Workdir::new().run(&["check", "--host", &url, "--token", "phc_a"]).await;
    insta::assert_snapshot!(shown(&ended, &url), @r"
    exit 0
    --- out
    ! posthog   a self-hosted PostHog 1.43.1 (kafka is down)
                → see http://ADDRESS/_preflight and the logs of these services
    ✓ token     valid here
    ✓ capture   accepted with 200 (connect TIME, first byte TIME)
    ! arrival   not checked: there is no personal API key, and a 200 alone does not prove arrival
                → give --personal-api-key (scope query:read) to check arrival
    The event was accepted. Its arrival was not checked.
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_printed_whatever_happens() {
    let sandbox = Running::start(Clock::system()).await;
    for faults in [json!({"capture": {"status": 413}}), json!({"query": {"status": 401}}), json!({"query": {"status": 403}}), json!({})] {
        sandbox.sandbox.clear_faults();
        sandbox.faults(faults.clone()).await;
        for more in [&[][..], &["--json"], &["-vv"], &["-vv", "--log-format", "json"]] {
            let ended = check_with_key(&sandbox, more).await;
            assert!(!format!("{ended:?}").contains(PERSONAL_KEY), "{faults} {more:?}: {ended:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_limited_to_the_project_needs_the_scope_to_query_alone() {
    let sandbox = Running::start(Clock::system()).await;
    let limited = check(&sandbox, &["--personal-api-key", LIMITED_KEY, "--wait", "10s"]).await;
    assert_eq!(limited.code(), 0, "{}", limited.shown(""));
    let said = limited.shown("");
    assert!(said.contains("the key is limited to project 1"), "{said}");
    for adds in ["project:read (it would add how far the events quota is used up", "event_filter:read (it would add whether"] {
        assert!(said.contains(adds), "{said}");
    }
    // One of every project that may not list them: the event itself proves the project that its owner has open.
    let query = check(&sandbox, &["--personal-api-key", QUERY_KEY, "--wait", "10s"]).await;
    assert_eq!(query.code(), 0, "{}", query.shown(""));
    assert!(query.shown("").contains("the key does not state its project"), "{}", query.shown(""));
}
