//! Each kind of faults, under a hand clock.

use std::time::Duration;

use heartbeat::sandbox::TOKEN;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Running, START, event, until, uuid, within_seconds};

#[tokio::test]
async fn wrong_faults_are_rejected_by_name_and_nothing_of_them_applies() {
    let (sandbox, _hand) = Running::by_hand().await;
    sandbox.faults(json!({"queue": {"lag_ms": 5}})).await;
    let before = sandbox.get("/_sandbox/faults").await.json();
    for (change, field) in [
        (r#"{"capture": {"delay_ms": 9, "drop_rate": 2}}"#, "capture.drop_rate"),
        (r#"{"queue": {"lag_ms": 9}, "quue": {}}"#, "quue"),
        (r#"{"query": {"status": "503"}}"#, "query.status"),
        (r#"{"queue": {"stopped_partitions": [0, 8]}}"#, "queue.stopped_partitions"),
        (r#"{"instance": {"down": ["sky"]}}"#, "instance.down"),
        (r#"{"capture": {"filtered": "heartbeat"}}"#, "capture.filtered"),
        (r#"{"capture": {"event_filter": {"mode": "live", "filter_tree": {"type": "xor"}}}}"#, "capture.event_filter"),
        ("[1]", "object"),
        ("{", "JSON"),
        ("", "JSON"),
    ] {
        let answer = sandbox.send(sandbox.request("PUT", "/_sandbox/faults").body(change)).await;
        assert_eq!(answer.status, 400, "{change}");
        assert!(answer.json()["error"].as_str().unwrap().contains(field), "{change}: {}", answer.body);
        assert_eq!(sandbox.get("/_sandbox/faults").await.json(), before, "{change}");
    }
}

#[tokio::test]
async fn faults_are_merged_shown_and_cleared() {
    let (sandbox, _hand) = Running::by_hand().await;
    sandbox.faults(json!({"capture": {"status": 503, "body": "busy"}})).await;
    sandbox.faults(json!({"capture": {"delay_ms": 0}, "query": {"status": 429, "retry_after_s": 30}})).await;
    let faults = sandbox.get("/_sandbox/faults").await.json();
    assert_eq!(faults["capture"]["status"], 503);
    assert_eq!(
        faults["query"],
        json!({"status": 429, "body": null, "code": null, "retry_after_s": 30, "delay_ms": 0, "cached": false, "budget": null})
    );
    assert_eq!(serde_json::to_value(sandbox.sandbox.faults()).unwrap(), faults);
    let cleared = sandbox.send(sandbox.request("DELETE", "/_sandbox/faults")).await;
    assert_eq!(cleared.json()["capture"]["status"], Value::Null);
    assert_eq!(sandbox.post("/e/", &event(1, "a")).await.status, 200);
}

#[tokio::test]
async fn the_former_address_of_the_faults_answers_alike() {
    let (sandbox, _hand) = Running::by_hand().await;
    for (set_at, read_at) in [("/_sandbox/weather", "/_sandbox/faults"), ("/_sandbox/faults", "/_sandbox/weather")] {
        let change = json!({"queue": {"lag_ms": 7}});
        let changed = sandbox.send(sandbox.request("PUT", set_at).json(&change)).await;
        assert_eq!((changed.status, &changed.json()["queue"]["lag_ms"]), (200, &json!(7)), "{set_at}");
        assert_eq!(sandbox.get(read_at).await.json(), changed.json(), "{read_at}");
        assert_eq!(sandbox.get(set_at).await.json(), changed.json(), "{set_at}");
        let wrong = sandbox.send(sandbox.request("PUT", set_at).body("[1]")).await;
        let also_wrong = sandbox.send(sandbox.request("PUT", read_at).body("[1]")).await;
        assert_eq!((wrong.status, wrong.json()), (400, also_wrong.json()), "{set_at}");
        let cleared = sandbox.send(sandbox.request("DELETE", set_at)).await;
        assert_eq!(cleared.json(), sandbox.get(read_at).await.json(), "{set_at}");
        assert_eq!(cleared.json()["queue"]["lag_ms"], 0, "{set_at}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn of_changes_at_once_every_one_holds() {
    let (sandbox, _hand) = Running::by_hand().await;
    let fields =
        [("capture", "delay_ms"), ("queue", "lag_ms"), ("query", "delay_ms"), ("query", "retry_after_s"), ("capture", "drop_rate")];
    for round in 1..200 {
        let changes = fields.map(|(part, field)| {
            let value = if field == "drop_rate" { json!(f64::from(round) / 1000.0) } else { json!(round) };
            let request = sandbox.request("PUT", "/_sandbox/faults").json(&json!({part: {field: value}}));
            tokio::spawn(request.send())
        });
        for change in changes {
            assert_eq!(change.await.unwrap().unwrap().status(), 200);
        }
        let faults = sandbox.get("/_sandbox/faults").await.json();
        for (part, field) in fields {
            let value = faults[part][field].as_f64().unwrap();
            let expected = if field == "drop_rate" { f64::from(round) / 1000.0 } else { f64::from(round) };
            assert!((value - expected).abs() < 1e-9, "round {round}: {part}.{field} is {value}");
        }
    }
}

#[tokio::test]
async fn a_status_is_answered_and_nothing_is_taken() {
    let (sandbox, _hand) = Running::by_hand().await;
    for (status, words) in [(503, "transient error, please retry"), (429, "rate limited"), (500, "Internal Server Error")] {
        sandbox.faults(json!({"capture": {"status": status}})).await;
        let answer = sandbox.post("/i/v0/e/", &event(1, "a")).await;
        assert_eq!((answer.status, answer.body.as_str(), answer.header("retry-after")), (status, words, "1"));
    }
    sandbox.faults(json!({"capture": {"status": 403, "body": "<html>Just a moment...</html>"}})).await;
    let answer = sandbox.post("/i/v0/e/", &event(1, "a")).await;
    assert_eq!((answer.status, answer.header("content-type")), (403, "text/html; charset=utf-8"));
    sandbox.faults(json!({"capture": {"status": 308, "body": null}})).await;
    let followed_no_further = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let answer = followed_no_further.post(format!("{}/i/v0/e/", sandbox.url)).body("{}").send().await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.headers()["location"].to_str().unwrap()), (308, "/i/v0/e"));
    assert!(sandbox.events().await.is_empty());
}

#[tokio::test]
async fn a_delay_holds_the_answer_until_the_clock_has_moved() {
    let (sandbox, hand) = Running::by_hand().await;
    sandbox.faults(json!({"capture": {"delay_ms": 90_000}})).await;
    let request = sandbox.request("POST", "/e/").json(&event(1, "a"));
    let answer = tokio::spawn(request.send());
    // Taken at once, answered later.
    until(async || !sandbox.events().await.is_empty()).await;
    hand.advance(Duration::from_secs(89));
    assert_eq!(sandbox.get("/_health").await.status, 200);
    assert!(!answer.is_finished());
    hand.advance(Duration::from_secs(1));
    assert_eq!(within_seconds(10, answer).await.unwrap().unwrap().status(), 200);
}

#[tokio::test]
async fn dropped_events_are_answered_ok_and_gone() {
    let (sandbox, _hand) = Running::by_hand().await;
    sandbox.faults(json!({"capture": {"drop_rate": 1}})).await;
    assert_eq!(sandbox.post("/e/", &event(1, "a")).await.body, r#"{"status":"Ok"}"#);
    assert!(sandbox.events().await.is_empty());
    sandbox.faults(json!({"capture": {"drop_rate": 0.5}})).await;
    for end in 0..200 {
        sandbox.post("/e/", &event(end, "a")).await;
    }
    let kept = sandbox.events().await.len();
    assert!((60..140).contains(&kept), "{kept} of 200 at a rate of 0.5");
}

#[tokio::test]
async fn a_reset_cuts_the_connection_before_anything_is_taken() {
    let (sandbox, _hand) = Running::by_hand().await;
    sandbox.faults(json!({"capture": {"reset_rate": 1}})).await;
    assert_eq!(raw_post(&sandbox, &event(1, "a")).await, "");
    assert!(sandbox.events().await.is_empty());
}

#[tokio::test]
async fn a_lost_answer_leaves_the_event_taken() {
    let (sandbox, _hand) = Running::by_hand().await;
    sandbox.faults(json!({"capture": {"lose_answer_rate": 1}})).await;
    assert_eq!(raw_post(&sandbox, &event(1, "a")).await, "");
    assert_eq!(sandbox.events().await[0]["uuid"], uuid(1));
    sandbox.faults(json!({"capture": {"lose_answer_rate": 0}})).await;
    assert!(raw_post(&sandbox, &event(1, "a")).await.starts_with("HTTP/1.1 200 OK\r\n"));
    assert_eq!(sandbox.events().await[0]["copies"], 2);
}

#[tokio::test]
async fn an_unknown_token_is_silent_on_v0_and_said_elsewhere() {
    let (sandbox, _hand) = Running::by_hand().await;
    let flags = json!({"token": TOKEN, "distinct_id": "x"});
    assert_eq!(sandbox.post("/flags/?v=2", &flags).await.status, 200);
    sandbox.faults(json!({"capture": {"unknown_token": true}})).await;
    assert_eq!(sandbox.post("/e/", &event(1, "a")).await.status, 200);
    assert_eq!(sandbox.post("/flags/?v=2", &flags).await.status, 401);
    assert_eq!(sandbox.post("/decide/?v=3", &flags).await.status, 401);
    assert_eq!(sandbox.get("/array/phc_sandbox/config.js").await.status, 404);
    assert!(sandbox.events().await.is_empty());
}

#[tokio::test]
async fn over_quota_is_silent_on_v0() {
    let (sandbox, _hand) = Running::by_hand().await;
    sandbox.faults(json!({"capture": {"over_quota": true}})).await;
    assert_eq!(sandbox.post("/e/", &event(1, "a")).await.body, r#"{"status":"Ok"}"#);
    assert!(sandbox.events().await.is_empty());
}

#[tokio::test]
async fn a_stopped_queue_keeps_events_until_it_is_started() {
    let (sandbox, hand) = Running::by_hand().await;
    sandbox.faults(json!({"queue": {"stopped": true}})).await;
    sandbox.post("/e/", &event(1, "a")).await;
    hand.advance(Duration::from_hours(1));
    assert_eq!(sandbox.events().await[0]["created_at"], Value::Null);
    assert_eq!(sandbox.rows("SELECT count() FROM events").await, json!([[0]]));
    assert_eq!(sandbox.get("/_preflight").await.json()["kafka"], false);
    sandbox.faults(json!({"queue": {"stopped": false}})).await;
    let started = START.plus(Duration::from_hours(1));
    hand.advance(Duration::from_mins(1));
    assert_eq!(sandbox.rows("SELECT toUnixTimestamp64Milli(created_at) FROM events").await, json!([[started.ms()]]));
    assert_eq!(sandbox.get("/_preflight").await.json()["kafka"], true);
}

#[tokio::test]
async fn lag_is_seen_between_receiving_and_ingesting() {
    let (sandbox, hand) = Running::by_hand().await;
    sandbox.faults(json!({"queue": {"lag_ms": 45_000}})).await;
    sandbox.post("/e/", &event(1, "a")).await;
    hand.advance(Duration::from_millis(44_999));
    assert_eq!(sandbox.rows("SELECT count() FROM events").await, json!([[0]]));
    hand.advance(Duration::from_mins(1));
    let event = &sandbox.events().await[0];
    assert_eq!(event["received_at"], "2026-11-23T14:32:07.000000Z");
    assert_eq!(event["created_at"], "2026-11-23T14:32:52.000000Z");
}

#[tokio::test]
async fn a_duplicate_is_two_rows_until_it_is_merged() {
    let (sandbox, hand) = Running::by_hand().await;
    sandbox.faults(json!({"queue": {"duplicate_rate": 1}})).await;
    sandbox.post("/e/", &event(1, "a")).await;
    let counted = "SELECT count(), uniq(uuid) FROM events";
    assert_eq!(sandbox.rows(counted).await, json!([[2, 1]]));
    assert_eq!((&sandbox.events().await[0]["copies"], &sandbox.events().await[0]["rows"]), (&json!(2), &json!(2)));
    hand.advance(Duration::from_mins(11));
    assert_eq!(sandbox.rows(counted).await, json!([[1, 1]]));
    assert_eq!((&sandbox.events().await[0]["copies"], &sandbox.events().await[0]["rows"]), (&json!(2), &json!(1)));
}

#[tokio::test]
async fn what_differs_in_day_name_or_distinct_id_is_never_merged() {
    let (sandbox, hand) = Running::by_hand().await;
    let mut other_day = event(1, "a");
    other_day["timestamp"] = "2026-11-22T14:00:00Z".into();
    let mut other_person = event(1, "a");
    other_person["distinct_id"] = "another".into();
    for one in [event(1, "a"), event(1, "b"), other_day, other_person] {
        sandbox.post("/e/", &one).await;
    }
    hand.advance(Duration::from_hours(1));
    assert_eq!(sandbox.rows("SELECT count(), uniq(uuid) FROM events").await, json!([[4, 1]]));
}

#[tokio::test]
async fn only_events_of_stopped_partitions_wait() {
    let (sandbox, _hand) = Running::by_hand().await;
    sandbox.faults(json!({"queue": {"stopped_partitions": [0, 1, 2, 3]}})).await;
    for end in 0..64 {
        let mut one = event(end, "a");
        one["distinct_id"] = format!("person {end}").into();
        sandbox.post("/e/", &one).await;
    }
    let ingested = sandbox.rows("SELECT count() FROM events").await[0][0].as_i64().unwrap();
    assert!((16..48).contains(&ingested), "{ingested} of 64 with half of the partitions stopped");
    let again = sandbox.rows("SELECT uniq(distinct_id) FROM events").await[0][0].as_i64().unwrap();
    assert_eq!(again, ingested);
    sandbox.faults(json!({"queue": {"stopped_partitions": []}})).await;
    assert_eq!(sandbox.rows("SELECT count() FROM events").await, json!([[64]]));
}

#[tokio::test]
async fn the_query_api_fails_in_posthogs_own_words() {
    let (sandbox, _hand) = Running::by_hand().await;
    for (status, detail) in [
        (401, "Personal API key found in request Authorization header is invalid."),
        (403, "API key missing required scope 'query:read'"),
        (404, "Project not found."),
        (429, "Request was throttled."),
        (500, "ClickHouse error while executing query."),
        (502, "Bad Gateway"),
    ] {
        sandbox.faults(json!({"query": {"status": status}})).await;
        let answer = sandbox.query("SELECT 1").await;
        assert_eq!((answer.status, answer.json()["detail"].as_str().unwrap()), (status, detail));
    }
    sandbox.faults(json!({"query": {"status": 429, "retry_after_s": 17}})).await;
    assert_eq!(sandbox.query("SELECT 1").await.header("retry-after"), "17");
}

#[tokio::test]
async fn a_broken_key_closes_the_whole_private_api() {
    let (sandbox, _hand) = Running::by_hand().await;
    sandbox.faults(json!({"query": {"status": 401}})).await;
    for path in ["/api/projects/", "/api/users/@me/", "/api/projects/1/"] {
        let answer = sandbox.send(sandbox.request("GET", path).bearer_auth(heartbeat::sandbox::PERSONAL_KEY)).await;
        assert_eq!(answer.status, 401, "{path}");
    }
}

/// What comes back on a raw connection until it is closed; nothing when it is cut.
async fn raw_post(sandbox: &Running, body: &Value) -> String {
    let body = body.to_string();
    let mut stream = TcpStream::connect(sandbox.address).await.unwrap();
    let request = format!("POST /e/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // A reset is an error here, and says as little as a close.
    let _ = within_seconds(10, stream.read_to_end(&mut answer)).await;
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn parts_that_are_down_are_said_to_be_and_take_events_all_the_same() {
    let (sandbox, _hand) = Running::by_hand().await;
    sandbox.faults(json!({"instance": {"down": ["clickhouse", "redis"]}})).await;
    let told = sandbox.get("/_preflight").await.json();
    assert_eq!(
        (&told["clickhouse"], &told["redis"], &told["kafka"], &told["db"]),
        (&json!(false), &json!(false), &json!(true), &json!(true))
    );
    assert_eq!(sandbox.post("/e/", &event(1, "a")).await.status, 200);
    sandbox.faults(json!({"instance": null, "queue": {"stopped": true}})).await;
    let told = sandbox.get("/_preflight").await.json();
    assert_eq!((&told["clickhouse"], &told["plugins"], &told["kafka"]), (&json!(true), &json!(false), &json!(false)));
}
