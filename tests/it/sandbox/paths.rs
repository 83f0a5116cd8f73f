//! Unknown paths, other methods, pages of other origins: what each of the services says.

use serde_json::json;

use super::Running;

#[tokio::test]
async fn capture_answers_an_unknown_path_without_a_word() {
    let (sandbox, _hand) = Running::by_hand().await;
    for path in ["/nowhere", "/i/v0/", "/i/v2/e/", "/batch/more", "/array/phc_sandbox", "/api"] {
        let answer = sandbox.send(sandbox.request("POST", path).body("{}")).await;
        assert_eq!((answer.status, answer.body.as_str(), answer.header("content-type")), (404, "", ""), "{path}");
    }
    let wrong = sandbox.send(sandbox.request("DELETE", "/i/v0/e/")).await;
    assert_eq!((wrong.status, wrong.body.as_str(), wrong.header("allow")), (405, "", "GET,HEAD,POST"));
    let wrong = sandbox.get("/i/v1/analytics/events").await;
    assert_eq!((wrong.status, wrong.body.as_str(), wrong.header("allow")), (405, "", "POST"));
    let empty = sandbox.get("/i/v0/e/").await;
    assert_eq!((empty.status, empty.body.as_str()), (400, "request missing data payload"), "GET is read like POST");
}

#[tokio::test]
async fn the_private_api_answers_an_unknown_path_in_json() {
    let (sandbox, _hand) = Running::by_hand().await;
    for path in ["/api/nothing/", "/api/projects/1/nothing/", "/api/projects/1/query/nothing/", "/api/"] {
        let answer = sandbox.get(path).await;
        let body = json!({"type": "invalid_request", "code": "not_found", "detail": "Endpoint not found.", "attr": null});
        assert_eq!((answer.status, answer.json()), (404, body), "{path}");
    }
    let wrong = sandbox.get("/api/projects/1/query/").await;
    let body = json!({"type": "invalid_request", "code": "method_not_allowed", "detail": "Method \"GET\" not allowed.", "attr": null});
    assert_eq!((wrong.status, wrong.json()), (405, body));
}

#[tokio::test]
async fn pages_of_every_origin_may_send_to_capture() {
    let (sandbox, _hand) = Running::by_hand().await;
    let origin = "https://shop.example";
    let preflight =
        sandbox.request("OPTIONS", "/i/v0/e/").header("Origin", origin).header("Access-Control-Request-Headers", "x-odd, content-type");
    let preflight = sandbox.send(preflight.header("Access-Control-Request-Method", "POST")).await;
    assert_eq!((preflight.status, preflight.body.as_str()), (200, ""));
    for (name, value) in [
        ("access-control-allow-origin", origin),
        ("access-control-allow-credentials", "true"),
        ("access-control-allow-methods", "GET,POST,OPTIONS"),
        ("access-control-allow-headers", "x-odd, content-type"),
        ("vary", "origin, access-control-request-method, access-control-request-headers"),
    ] {
        assert_eq!(preflight.header(name), value, "{name}");
    }
    for path in ["/i/v0/e/", "/i/v1/analytics/events", "/flags/", "/nowhere"] {
        let answer = sandbox.send(sandbox.request("POST", path).header("Origin", origin).body("")).await;
        assert_eq!(answer.header("access-control-allow-origin"), origin, "{path}");
        assert_eq!(answer.header("vary"), "origin, access-control-request-method, access-control-request-headers", "{path}");
    }
    let without = sandbox.send(sandbox.request("POST", "/i/v0/e/").body("")).await;
    assert_eq!((without.header("access-control-allow-origin"), without.header("access-control-allow-credentials")), ("", "true"));
    assert_eq!(sandbox.get("/api/projects/").await.header("vary"), "", "the private API is another service");
}
