//! Everything around capture and query: who is let in, and what is said about the instance.

use std::time::Duration;

use heartbeat::sandbox::PERSONAL_KEY;
use serde_json::json;

use super::{Running, event};

#[tokio::test]
async fn the_private_api_wants_the_personal_key_and_project_1() {
    let (sandbox, _hand) = Running::by_hand().await;
    for path in ["/api/projects/", "/api/users/@me/", "/api/projects/1/annotations/"] {
        let nobody = sandbox.get(path).await;
        assert_eq!((nobody.status, nobody.json()["code"].as_str().unwrap()), (401, "not_authenticated"), "{path}");
        for wrong in ["phx_of_somebody_else", "phc_sandbox", ""] {
            let answer = sandbox.send(sandbox.request("GET", path).bearer_auth(wrong)).await;
            assert_eq!(answer.status, 401, "{path} {wrong}");
        }
    }
    for project in ["3", "0", "-1", "one", "99999999999999999999"] {
        let path = format!("/api/projects/{project}/query/");
        let answer = sandbox.send(sandbox.request("POST", &path).bearer_auth(PERSONAL_KEY).json(&json!({}))).await;
        assert_eq!((answer.status, answer.json()["detail"].as_str().unwrap()), (404, "Project not found."), "{project}");
    }
}

#[tokio::test]
async fn the_project_of_the_token_can_be_found() {
    let (sandbox, _hand) = Running::by_hand().await;
    let projects = sandbox.send(sandbox.request("GET", "/api/projects/").bearer_auth(PERSONAL_KEY)).await.json();
    assert_eq!((&projects["results"][0]["id"], &projects["results"][0]["api_token"]), (&json!(1), &json!("phc_sandbox")));
    let me = sandbox.send(sandbox.request("GET", "/api/users/@me/").bearer_auth(PERSONAL_KEY)).await.json();
    assert_eq!(me["email"], "sandbox@localhost");
}

#[tokio::test]
async fn an_annotation_is_written_and_listed() {
    let (sandbox, _hand) = Running::by_hand().await;
    let path = "/api/projects/1/annotations/";
    for wrong in [
        json!({}),
        json!({"content": 1, "date_marker": "2026-11-23"}),
        json!({"content": "x"}),
        json!({"content": "x", "date_marker": "x"}),
    ] {
        let answer = sandbox.send(sandbox.request("POST", path).bearer_auth(PERSONAL_KEY).json(&wrong)).await;
        assert_eq!(answer.status, 400, "{wrong}");
    }
    let note = json!({"content": "Ingestion stopped", "date_marker": "2026-11-23T14:00:00Z", "scope": "project"});
    let written = sandbox.send(sandbox.request("POST", path).bearer_auth(PERSONAL_KEY).json(&note)).await;
    assert_eq!((written.status, written.json()["id"].as_i64()), (201, Some(1)));
    let listed = sandbox.send(sandbox.request("GET", path).bearer_auth(PERSONAL_KEY)).await.json();
    assert_eq!(listed["results"][0]["content"], "Ingestion stopped");
}

#[tokio::test]
async fn it_says_that_it_is_self_hosted_and_well() {
    let (sandbox, _hand) = Running::by_hand().await;
    let preflight = sandbox.get("/_preflight").await.json();
    assert_eq!(
        (&preflight["cloud"], &preflight["realm"], &preflight["region"]),
        (&json!(false), &json!("hosted-clickhouse"), &json!(null))
    );
    for path in ["/_health", "/_livez", "/_readyz", "/_preflight/"] {
        assert_eq!(sandbox.get(path).await.status, 200, "{path}");
    }
    let page = sandbox.get("/").await.body;
    assert!(page.contains("phc_sandbox") && page.contains("phx_sandbox") && page.contains("/_sandbox/faults"));
}

#[tokio::test]
async fn events_can_be_listed_by_name_and_are_forgotten_after_two_days() {
    let (sandbox, hand) = Running::by_hand().await;
    sandbox.post("/e/", &event(1, "heartbeat")).await;
    sandbox.post("/e/", &event(2, "something else")).await;
    let named = sandbox.get("/_sandbox/events?event=heartbeat").await.json();
    assert_eq!((named.as_array().unwrap().len(), &named[0]["event"]), (1, &json!("heartbeat")));
    hand.advance(Duration::from_secs(48 * 3600 + 1));
    assert!(sandbox.events().await.is_empty());
}
