//! Why an event that capture took is gone: each cause, and where it can be read.

use std::time::Duration;

use heartbeat::sandbox::{LIMITED_KEY, READER_KEY};
use serde_json::{Value, json};

use super::{Answer, Running, START, event, uuid};

/// What one of the addresses of project 1 says.
async fn said(sandbox: &Running, address: &str) -> Answer {
    sandbox.send(sandbox.request("GET", &format!("/api/projects/1/{address}")).bearer_auth(READER_KEY)).await
}

/// The names of the events that the sandbox holds.
async fn held(sandbox: &Running) -> Vec<Value> {
    sandbox.events().await.into_iter().map(|event| event["event"].clone()).collect()
}

/// A batch of capture v1 with one event.
async fn send_v1(sandbox: &Running, end: u32, name: &str) -> Answer {
    let body = json!({"created_at": START.to_string(), "batch": [
        {"event": name, "distinct_id": "b", "uuid": uuid(end), "timestamp": START.to_string()},
    ]});
    let request = sandbox.request("POST", "/i/v1/analytics/events").bearer_auth("phc_sandbox").header("User-Agent", "test");
    let request = request.header("PostHog-Sdk-Info", "test/1.0.0").header("PostHog-Attempt", "1").header("PostHog-Request-Id", uuid(99));
    sandbox.send(request.header("PostHog-Request-Timestamp", START.to_string()).json(&body)).await
}

#[tokio::test]
async fn the_quota_says_how_much_of_it_is_used() {
    let (sandbox, _hand) = Running::by_hand().await;
    let unused = said(&sandbox, "quota_limits/").await.json();
    assert_eq!(unused["limited"]["events"], json!({"limited": false, "usage": 0, "limit": 1_000_000}));
    sandbox.faults(json!({"capture": {"quota": {"usage": 950, "limit": 1000}}})).await;
    assert_eq!(said(&sandbox, "quota_limits/").await.json()["limited"]["events"], json!({"limited": false, "usage": 950, "limit": 1000}));
    sandbox.post("/e/", &event(1, "a")).await;
    assert_eq!(held(&sandbox).await, ["a"], "nothing is dropped before the quota is used up");
    sandbox.faults(json!({"capture": {"over_quota": true}})).await;
    assert_eq!(said(&sandbox, "quota_limits").await.json()["limited"]["events"], json!({"limited": true, "usage": 950, "limit": 1000}));
    sandbox.faults(json!({"capture": {"quota": null}})).await;
    let over = said(&sandbox, "quota_limits/").await.json();
    assert_eq!(over["limited"]["events"], json!({"limited": true, "usage": 1_000_000, "limit": 1_000_000}));
    assert_eq!(over["limited"]["recordings"]["limited"], false);
}

#[tokio::test]
async fn an_event_filter_drops_in_silence_and_can_be_read() {
    let (sandbox, _hand) = Running::by_hand().await;
    let none = said(&sandbox, "event_filter/").await;
    assert_eq!((none.status, none.body.as_str()), (204, ""));
    sandbox.faults(json!({"capture": {"filtered": ["heartbeat"]}})).await;
    assert_eq!(sandbox.post("/e/", &event(1, "heartbeat")).await.body, r#"{"status":"Ok"}"#);
    assert_eq!(send_v1(&sandbox, 2, "heartbeat").await.json()["results"][uuid(2)], json!({"result": "ok"}));
    sandbox.post("/e/", &event(3, "signup")).await;
    assert_eq!(held(&sandbox).await, ["signup"]);
    let filter = said(&sandbox, "event_filter/").await.json();
    let condition = json!({"type": "condition", "field": "event_name", "operator": "exact", "value": "heartbeat"});
    assert_eq!((&filter["mode"], &filter["filter_tree"]), (&json!("live"), &json!({"type": "or", "children": [condition]})));
    assert_eq!(said(&sandbox, "ingestion_warnings_v2/").await.json(), json!([]), "a filter writes no warning");
}

#[tokio::test]
async fn an_allow_list_drops_what_it_does_not_name() {
    let (sandbox, _hand) = Running::by_hand().await;
    let pageview = json!({"type": "condition", "field": "event_name", "operator": "exact", "value": "$pageview"});
    let tree = json!({"type": "or", "children": [{"type": "not", "child": pageview}]});
    for (end, (mode, expected)) in [("dry_run", 2), ("disabled", 4), ("live", 5)].into_iter().enumerate() {
        sandbox.faults(json!({"capture": {"event_filter": {"mode": mode, "filter_tree": tree}}})).await;
        let told = said(&sandbox, "event_filter/").await.json();
        assert_eq!((&told["mode"], &told["filter_tree"]), (&json!(mode), &tree));
        sandbox.post("/e/", &event(end as u32 * 2, "heartbeat")).await;
        sandbox.post("/e/", &event(end as u32 * 2 + 1, "$pageview")).await;
        assert_eq!(held(&sandbox).await.len(), expected, "{mode}");
    }
}

#[tokio::test]
async fn a_transformation_drops_and_a_debounced_warning_says_so() {
    let (sandbox, hand) = Running::by_hand().await;
    sandbox.faults(json!({"capture": {"transformation_drops": ["heartbeat"]}})).await;
    for end in 0..3 {
        assert_eq!(sandbox.post("/e/", &event(end, "heartbeat")).await.body, r#"{"status":"Ok"}"#);
    }
    assert!(sandbox.events().await.is_empty());
    let statement = "SELECT source, type, details, timestamp FROM system.ingestion_warnings";
    let rows = sandbox.rows(statement).await;
    assert_eq!(rows.as_array().unwrap().len(), 1, "three drops, one warning: {rows}");
    assert_eq!((&rows[0][0], &rows[0][1]), (&json!("plugin-server"), &json!("event_dropped_by_transformation")));
    let details: Value = serde_json::from_str(rows[0][2].as_str().unwrap()).unwrap();
    assert_eq!((&details["event"], &details["eventUuid"]), (&json!("heartbeat"), &json!(uuid(0))));
    assert_eq!(rows[0][3], "2026-11-23T14:32:07.000000Z");
    hand.advance(Duration::from_mins(59));
    sandbox.post("/e/", &event(4, "heartbeat")).await;
    assert_eq!(sandbox.rows("SELECT count() FROM system.ingestion_warnings").await, json!([[1]]));
    hand.advance(Duration::from_mins(1));
    sandbox.post("/e/", &event(5, "heartbeat")).await;
    let recent = "SELECT count() FROM system.ingestion_warnings WHERE type LIKE 'event_%' AND timestamp > now() - INTERVAL 1 MINUTE";
    assert_eq!(sandbox.rows(recent).await, json!([[1]]));
    let listed = said(&sandbox, "ingestion_warnings_v2/").await.json();
    let kind = &listed[0];
    assert_eq!(
        (&kind["type"], &kind["category"], &kind["severity"]),
        (&json!("event_dropped_by_transformation"), &json!("transformation"), &json!("info"))
    );
    assert_eq!((&kind["count"], &kind["last_seen"]), (&json!(2), &json!("2026-11-23T15:32:07.000000Z")));
    assert_eq!(kind["samples"][0]["event_uuid"], uuid(5));
    assert_eq!(kind["sparkline"][0], json!({"timestamp": "2026-11-23T14:00:00Z", "count": 1}));
}

#[tokio::test]
async fn warnings_are_of_their_project_and_of_two_days() {
    let (sandbox, hand) = Running::by_hand().await;
    sandbox.faults(json!({"capture": {"transformation_drops": ["a"]}})).await;
    let mut second = event(1, "a");
    second["api_key"] = "phc_sandbox_two".into();
    sandbox.post("/e/", &second).await;
    assert_eq!(sandbox.rows("SELECT count() FROM system.ingestion_warnings").await, json!([[0]]));
    sandbox.post("/e/", &event(2, "a")).await;
    assert_eq!(sandbox.rows("SELECT team_id, count() FROM system.ingestion_warnings GROUP BY team_id").await, json!([[1, 1]]));
    hand.advance(Duration::from_hours(25));
    assert_eq!(said(&sandbox, "ingestion_warnings_v2/").await.json(), json!([]));
    hand.advance(Duration::from_hours(24));
    assert_eq!(sandbox.rows("SELECT count() FROM system.ingestion_warnings").await, json!([[0]]));
}

#[tokio::test]
async fn a_restriction_of_the_staff_is_silent_on_v0_and_said_on_v1() {
    let (sandbox, _hand) = Running::by_hand().await;
    assert_eq!(said(&sandbox, "event_ingestion_restrictions").await.json(), json!([]));
    sandbox.faults(json!({"capture": {"restricted": ["heartbeat"]}})).await;
    assert_eq!(sandbox.post("/e/", &event(1, "heartbeat")).await.body, r#"{"status":"Ok"}"#);
    let v1 = send_v1(&sandbox, 2, "heartbeat").await.json();
    assert_eq!(v1["results"][uuid(2)], json!({"result": "drop", "details": "event_restriction_drop"}));
    sandbox.post("/e/", &event(3, "signup")).await;
    assert_eq!(held(&sandbox).await, ["signup"]);
    let told = said(&sandbox, "event_ingestion_restrictions").await.json();
    assert_eq!(told[0]["restriction_type"], "drop_event_from_ingestion");
    assert_eq!(told[0]["event_names"], json!(["heartbeat"]));
}

#[tokio::test]
async fn old_releases_have_none_of_these_addresses_and_no_system_tables() {
    let (sandbox, _hand) = Running::by_hand().await;
    sandbox.faults(json!({"instance": {"release": "old"}})).await;
    for address in ["quota_limits/", "event_filter/", "event_ingestion_restrictions", "ingestion_warnings_v2/"] {
        let answer = said(&sandbox, address).await;
        assert_eq!((answer.status, &answer.json()["code"]), (404, &json!("not_found")), "{address}");
    }
    let asked = sandbox.query("SELECT type FROM system.ingestion_warnings").await;
    assert_eq!((asked.status, asked.json()["detail"].as_str().unwrap()), (400, "Unknown table `system.ingestion_warnings`."));
    let v1 = send_v1(&sandbox, 1, "heartbeat").await;
    assert_eq!((v1.status, v1.body.as_str()), (404, ""));
    sandbox.faults(json!({"instance": {"release": null}})).await;
    let body = json!({"query": {"kind": "HogQLQuery", "query": "SELECT type FROM system.ingestion_warnings"}});
    let asked = sandbox.send(sandbox.request("POST", "/api/projects/1/query/").bearer_auth(LIMITED_KEY).json(&body)).await;
    assert_eq!(asked.status, 200, "query:read is enough: {}", asked.body);
}

#[tokio::test]
async fn cloud_says_that_it_is_and_nothing_of_its_parts() {
    let (sandbox, _hand) = Running::by_hand().await;
    sandbox.faults(json!({"instance": {"cloud": true}})).await;
    let told = sandbox.get("/_preflight").await.json();
    assert_eq!((&told["cloud"], &told["realm"], &told["region"]), (&json!(true), &json!("cloud"), &json!("US")));
    assert!(told.get("kafka").is_none(), "{told}");
}
