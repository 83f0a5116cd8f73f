//! Personal API keys, their scopes and their projects: who is rejected, and in which words.

use heartbeat::sandbox::{LIMITED_KEY, PERSONAL_KEY, QUERY_KEY, READER_KEY};
use serde_json::{Value, json};

use super::{Answer, Running};

/// The answer to a GET with this key.
async fn get(sandbox: &Running, key: &str, path: &str) -> Answer {
    sandbox.send(sandbox.request("GET", path).bearer_auth(key)).await
}

/// The answer to a query of this project with this key.
async fn query(sandbox: &Running, key: &str, project: &str) -> Answer {
    let body = json!({"query": {"kind": "HogQLQuery", "query": "SELECT 1 AS one"}});
    sandbox.send(sandbox.request("POST", &format!("/api/projects/{project}/query/")).bearer_auth(key).json(&body)).await
}

fn rejection(answer: &Answer) -> (u16, String) {
    (answer.status, answer.json()["detail"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn every_key_may_ask_what_it_is() {
    let (sandbox, _hand) = Running::by_hand().await;
    for (key, scopes, teams) in [
        (PERSONAL_KEY, json!(["*"]), json!([])),
        (LIMITED_KEY, json!(["query:read"]), json!([1])),
        (QUERY_KEY, json!(["query:read"]), json!([])),
        (READER_KEY, json!(["query:read", "project:read", "event_filter:read", "ingestion_warning:read"]), json!([1])),
    ] {
        for path in ["/api/personal_api_keys/@current/", "/api/personal_api_keys/@current"] {
            let told = get(&sandbox, key, path).await;
            assert_eq!(told.status, 200, "{key} {path}");
            let told = told.json();
            assert_eq!((&told["scopes"], &told["scoped_teams"], &told["scoped_organizations"]), (&scopes, &teams, &json!([])), "{key}");
            assert!(told["id"].is_string() && told["label"].is_string() && told["value"].is_null(), "{told}");
            assert!(!told.to_string().contains(key), "the key itself is never shown");
        }
    }
    let nobody = get(&sandbox, "phx_of_nobody", "/api/personal_api_keys/@current/").await;
    assert_eq!(rejection(&nobody), (401, "Personal API key found in request Authorization header is invalid.".into()));
}

#[tokio::test]
async fn projects_are_listed_for_unlimited_keys_that_may_read_them() {
    let (sandbox, _hand) = Running::by_hand().await;
    let listed = get(&sandbox, PERSONAL_KEY, "/api/projects/").await.json();
    let tokens = listed["results"].as_array().unwrap().iter().map(|project| (&project["id"], &project["api_token"])).collect::<Vec<_>>();
    assert_eq!(tokens, [(&json!(1), &json!("phc_sandbox")), (&json!(2), &json!("phc_sandbox_two"))]);
    for limited in [LIMITED_KEY, READER_KEY] {
        let rejected = get(&sandbox, limited, "/api/projects/").await;
        let words = "API keys with scoped projects are only supported on project-based endpoints.";
        assert_eq!(rejection(&rejected), (403, words.into()), "{limited}");
        assert_eq!((&rejected.json()["type"], &rejected.json()["code"]), (&json!("authentication_error"), &json!("permission_denied")));
    }
    let rejected = get(&sandbox, QUERY_KEY, "/api/projects/").await;
    assert_eq!(rejection(&rejected), (403, "API key missing required scope 'project:read'".into()));
}

#[tokio::test]
async fn a_project_is_shown_and_asked_where_the_key_reaches_it() {
    let (sandbox, _hand) = Running::by_hand().await;
    let no_access = (403, "API key does not have access to the requested project: ID 2.".to_owned());
    let no_scope = |scope: &str| (403, format!("API key missing required scope '{scope}'"));
    let not_found = (404, "Project not found.".to_owned());
    for key in [PERSONAL_KEY, LIMITED_KEY, QUERY_KEY, READER_KEY] {
        for project in ["1", "@current"] {
            assert_eq!(query(&sandbox, key, project).await.status, 200, "{key} {project}");
        }
        assert_eq!(rejection(&query(&sandbox, key, "3").await), not_found, "{key}");
    }
    for (key, may) in [(PERSONAL_KEY, true), (QUERY_KEY, true), (LIMITED_KEY, false), (READER_KEY, false)] {
        let answer = query(&sandbox, key, "2").await;
        if may { assert_eq!(answer.status, 200, "{key}") } else { assert_eq!(rejection(&answer), no_access, "{key}") }
    }
    for (key, path, expected) in [
        (LIMITED_KEY, "/api/projects/1/", no_scope("project:read")),
        (LIMITED_KEY, "/api/projects/2/", no_access.clone()),
        (LIMITED_KEY, "/api/projects/3/", not_found.clone()),
        (QUERY_KEY, "/api/projects/2/", no_scope("project:read")),
        (READER_KEY, "/api/projects/2/", no_access.clone()),
        (LIMITED_KEY, "/api/projects/1/annotations/", no_scope("annotation:read")),
        (READER_KEY, "/api/users/@me/", no_scope("user:read")),
        (LIMITED_KEY, "/api/projects/1/quota_limits/", no_scope("project:read")),
        (LIMITED_KEY, "/api/projects/1/event_filter/", no_scope("event_filter:read")),
        (LIMITED_KEY, "/api/projects/1/event_ingestion_restrictions", no_scope("project:read")),
        (LIMITED_KEY, "/api/projects/1/ingestion_warnings_v2/", no_scope("ingestion_warning:read")),
        (READER_KEY, "/api/projects/2/quota_limits/", no_access.clone()),
    ] {
        assert_eq!(rejection(&get(&sandbox, key, path).await), expected, "{key} {path}");
    }
    let shown = get(&sandbox, READER_KEY, "/api/projects/1/").await.json();
    assert_eq!((&shown["id"], &shown["api_token"]), (&json!(1), &json!("phc_sandbox")));
    let written = sandbox.request("POST", "/api/projects/1/annotations/").bearer_auth(READER_KEY).json(&json!({"content": "x"}));
    assert_eq!(rejection(&sandbox.send(written).await), no_scope("annotation:write"));
}

#[tokio::test]
async fn a_project_secret_key_is_rejected_by_what_it_is() {
    let (sandbox, _hand) = Running::by_hand().await;
    let known = query(&sandbox, "phs_sandbox", "1").await;
    assert_eq!(rejection(&known), (403, "This action does not support project secret API key access".into()));
    let unknown = query(&sandbox, "phs_of_nobody", "1").await;
    assert_eq!(rejection(&unknown), (401, "Authentication credentials were not provided.".into()));
}

#[tokio::test]
async fn a_401_says_how_to_log_in() {
    let (sandbox, _hand) = Running::by_hand().await;
    let expected = format!("Bearer resource_metadata=\"{}/.well-known/oauth-protected-resource\"", sandbox.url);
    for answer in
        [get(&sandbox, "phx_of_nobody", "/api/projects/").await, sandbox.get("/api/projects/").await, query(&sandbox, "x", "1").await]
    {
        assert_eq!((answer.status, answer.header("www-authenticate")), (401, expected.as_str()));
    }
    assert_eq!(query(&sandbox, PERSONAL_KEY, "1").await.header("www-authenticate"), "");
    sandbox.faults(json!({"instance": {"release": "old"}})).await;
    assert_eq!(sandbox.get("/api/projects/").await.header("www-authenticate"), "Bearer");
}

#[tokio::test]
async fn an_offset_is_for_posthogs_own_pages() {
    let (sandbox, _hand) = Running::by_hand().await;
    for statement in [
        "SELECT 1 AS one LIMIT 1 OFFSET 1",
        "SELECT 1 AS one LIMIT 1, 1",
        "SELECT max(one) FROM (SELECT 1 AS one LIMIT 1 OFFSET 1)",
        "SELECT 1 AS one UNION ALL SELECT 2 LIMIT 1 OFFSET 1",
        "(SELECT 1 AS one) UNION ALL (SELECT 2) LIMIT 1 OFFSET 1",
    ] {
        let rejected = sandbox.query(statement).await;
        assert_eq!(rejected.status, 400, "{statement}: {}", rejected.body);
        let detail = rejected.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.starts_with("OFFSET is not supported on queries made with a personal API key."), "{statement}: {detail}");
        let body = json!({"query": {"kind": "HogQLQuery", "query": statement}});
        assert_eq!(sandbox.post("/_sandbox/query", &body).await.status, 200, "{statement}");
    }
}

#[tokio::test]
async fn old_releases_have_no_current_key() {
    let (sandbox, _hand) = Running::by_hand().await;
    sandbox.faults(json!({"instance": {"release": "old"}})).await;
    assert_eq!(get(&sandbox, PERSONAL_KEY, "/api/personal_api_keys/@current/").await.status, 404);
    assert_eq!(query(&sandbox, PERSONAL_KEY, "@current").await.json()["results"], json!([[1]]));
    let told: Value = get(&sandbox, PERSONAL_KEY, "/api/projects/").await.json();
    assert_eq!(told["count"], 2);
}
