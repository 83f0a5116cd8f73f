//! Two projects under one roof: neither sees the other's events.

use heartbeat::sandbox::{PERSONAL_KEY, SECOND_TOKEN, TOKEN};
use serde_json::{Value, json};

use super::{Running, START, event, uuid};

/// The rows that this project's queries give.
async fn rows(sandbox: &Running, project: u32, statement: &str) -> Value {
    let body = json!({"query": {"kind": "HogQLQuery", "query": statement}});
    let path = format!("/api/projects/{project}/query/");
    let answer = sandbox.send(sandbox.request("POST", &path).bearer_auth(PERSONAL_KEY).json(&body)).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()["results"].take()
}

/// The same event under the token of the second project.
fn of_the_second(mut event: Value) -> Value {
    event["api_key"] = SECOND_TOKEN.into();
    event
}

#[tokio::test]
async fn each_project_has_its_own_events() {
    let (sandbox, _hand) = Running::by_hand().await;
    // The same uuid, in both: they are two events.
    sandbox.post("/e/", &event(1, "first")).await;
    sandbox.post("/e/", &of_the_second(event(1, "second"))).await;
    sandbox.post("/batch/", &json!({"api_key": SECOND_TOKEN, "batch": [{"event": "second", "distinct_id": "x", "uuid": uuid(2)}]})).await;
    for (project, event, count) in [(1, "first", 1), (2, "second", 2)] {
        let found = rows(&sandbox, project, "SELECT event, count(), uniq(uuid) FROM events GROUP BY event").await;
        assert_eq!(found, json!([[event, count, count]]), "project {project}");
        let within = rows(&sandbox, project, "SELECT max(n) FROM (SELECT count() AS n FROM events)").await;
        assert_eq!(within, json!([[count]]), "project {project}");
        let both = rows(&sandbox, project, "SELECT count() FROM events UNION ALL SELECT count() FROM events WHERE event != ''").await;
        assert_eq!(both, json!([[count], [count]]), "project {project}");
    }
    let held = sandbox.events().await.into_iter().map(|event| event["project"].clone()).collect::<Vec<_>>();
    assert_eq!(held, [json!(1), json!(2), json!(2)]);
    let second = sandbox.get("/_sandbox/events?project=2").await.json();
    assert_eq!(second.as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn every_way_in_knows_both_tokens() {
    let (sandbox, _hand) = Running::by_hand().await;
    for token in [TOKEN, SECOND_TOKEN] {
        assert_eq!(sandbox.post("/flags/?v=2", &json!({"token": token, "distinct_id": "x"})).await.status, 200, "{token}");
        let config = sandbox.get(&format!("/array/{token}/config.js")).await;
        assert!(config.status == 200 && config.body.contains(&format!("\"{token}\"")), "{token}: {}", config.body);
        let body = json!({"created_at": START.to_string(), "batch": [
            {"event": "v1", "distinct_id": "b", "uuid": uuid(7), "timestamp": START.to_string()},
        ]});
        let v1 = sandbox.request("POST", "/i/v1/analytics/events").bearer_auth(token).header("User-Agent", "test");
        let v1 = v1.header("PostHog-Sdk-Info", "test/1.0.0").header("PostHog-Attempt", "1").header("PostHog-Request-Id", uuid(99));
        let answer = sandbox.send(v1.header("PostHog-Request-Timestamp", START.to_string()).json(&body)).await;
        assert_eq!(answer.json(), json!({"results": {(uuid(7)): {"result": "ok"}}}), "{token}");
    }
    assert_eq!(rows(&sandbox, 1, "SELECT count() FROM events").await, json!([[1]]));
    assert_eq!(rows(&sandbox, 2, "SELECT count() FROM events").await, json!([[1]]));
    let unknown = sandbox.get("/array/phc_sandbox_three/config.js").await;
    assert_eq!(unknown.status, 404);
}

#[tokio::test]
async fn annotations_are_of_their_project() {
    let (sandbox, _hand) = Running::by_hand().await;
    let note = json!({"content": "x", "date_marker": START.to_string()});
    let request = sandbox.request("POST", "/api/projects/2/annotations/").bearer_auth(PERSONAL_KEY).json(&note);
    assert_eq!(sandbox.send(request).await.status, 201);
    for (project, count) in [(1, 0), (2, 1)] {
        let listed = sandbox.send(sandbox.request("GET", &format!("/api/projects/{project}/annotations/")).bearer_auth(PERSONAL_KEY)).await;
        assert_eq!(listed.json()["count"], count, "project {project}");
    }
}

#[tokio::test]
async fn the_older_name_of_a_projects_address_means_the_same() {
    let (sandbox, _hand) = Running::by_hand().await;
    let body = json!({"query": {"kind": "HogQLQuery", "query": "SELECT 1 AS one"}});
    let answer = sandbox.send(sandbox.request("POST", "/api/environments/1/query/").bearer_auth(PERSONAL_KEY).json(&body)).await;
    assert_eq!(answer.json()["results"], json!([[1]]));
}
