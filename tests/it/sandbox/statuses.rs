//! How the query API rejects, and how it shares an answer.

use std::time::Duration;

use heartbeat::sandbox::{LIMITED_KEY, PERSONAL_KEY};
use serde_json::{Value, json};

use super::{Answer, Running, event, until, within_seconds};

/// How many wait for an answer of the query API.
async fn askers(sandbox: &Running) -> u64 {
    let waiting = sandbox.get("/_sandbox/queries").await.json();
    waiting.as_array().unwrap().iter().map(|one| one["askers"].as_u64().unwrap()).sum()
}

/// What is expected of a refusal: the faults that asks for it, and its status, type, code, words and `Retry-After`.
type Expected = (Value, u16, &'static str, &'static str, &'static str, &'static str);

#[tokio::test]
async fn each_refusal_has_posthogs_body() {
    let (sandbox, _hand) = Running::by_hand().await;
    let expected: [Expected; 12] = [
        (json!({"status": 400}), 400, "validation_error", "invalid_input", "Invalid query.", ""),
        (json!({"status": 400, "code": "too_many_bytes"}), 400, "validation_error", "too_many_bytes", "too many bytes", ""),
        (json!({"status": 402}), 402, "server_error", "api_queries_quota_exceeded", "billing limit for this resource", ""),
        (json!({"status": 429}), 429, "throttled_error", "throttled", "Request was throttled.", ""),
        (json!({"status": 429, "retry_after_s": 37}), 429, "throttled_error", "throttled", "Expected available in 37 seconds.", "37"),
        (json!({"status": 429, "retry_after_s": 1}), 429, "throttled_error", "throttled", "Expected available in 1 second.", "1"),
        (
            json!({"status": 429, "code": "api_queries_budget_exceeded", "retry_after_s": 3600}),
            429,
            "throttled_error",
            "api_queries_budget_exceeded",
            "read budget",
            "3600",
        ),
        (json!({"status": 503}), 503, "server_error", "database_unavailable", "temporarily unavailable", "1"),
        (json!({"status": 503, "retry_after_s": 9}), 503, "server_error", "database_unavailable", "temporarily unavailable", "9"),
        (json!({"status": 504}), 504, "server_error", "error", "This query hit the 10-second time limit", ""),
        (json!({"status": 512}), 512, "server_error", "error", "Estimated query execution time is too long.", ""),
        (json!({"status": 513}), 513, "server_error", "clickhouse_memory_limit_exceeded", "ran out of memory", ""),
    ];
    for (faults, status, kind, code, words, retry_after) in expected {
        sandbox.faults(json!({"query": null})).await;
        sandbox.faults(json!({"query": faults})).await;
        let answer = sandbox.query("SELECT 1 AS one").await;
        let body = answer.json();
        let found = (answer.status, body["type"].as_str(), body["code"].as_str(), answer.header("retry-after"));
        assert_eq!(found, (status, Some(kind), Some(code), retry_after), "{faults}: {body}");
        assert!(body["detail"].as_str().unwrap().contains(words) && body["attr"].is_null(), "{faults}: {body}");
    }
    sandbox.faults(json!({"query": {"status": 503, "code": null, "retry_after_s": null, "body": "<html>busy</html>"}})).await;
    let foreign = sandbox.query("SELECT 1 AS one").await;
    assert_eq!((foreign.status, foreign.body.as_str()), (503, "<html>busy</html>"));
}

#[tokio::test]
async fn a_read_budget_is_reported_used_up_and_filled_again() {
    let (sandbox, hand) = Running::by_hand().await;
    for end in 0..10 {
        sandbox.post("/e/", &event(end, "a")).await;
    }
    assert_eq!(sandbox.query("SELECT 1 AS one").await.header("x-posthog-query-bytes-read"), "", "no budget is told where there is none");
    sandbox.faults(json!({"query": {"budget": {"remaining_bytes": 1000, "refill_bytes_per_hour": 3600}}})).await;
    let told = |answer: &Answer| {
        let header = |name: &str| answer.header(name).to_owned();
        (answer.status, header("x-posthog-query-bytes-read"), header("x-posthog-query-budget-remaining-bytes"), header("retry-after"))
    };
    let all = "SELECT count() FROM events";
    assert_eq!(told(&sandbox.query(all).await), (200, "480".into(), "520".into(), String::new()));
    assert_eq!(told(&sandbox.query(all).await), (200, "480".into(), "40".into(), String::new()));
    assert_eq!(told(&sandbox.query(all).await), (200, "480".into(), "0".into(), String::new()), "the last one runs to its end");
    let rejected = sandbox.query(all).await;
    assert_eq!(told(&rejected), (429, String::new(), String::new(), "442".into()), "440 bytes and one are missing");
    assert_eq!(rejected.json()["code"], "api_queries_budget_exceeded");
    let second = json!({"query": {"kind": "HogQLQuery", "query": all}});
    let second = sandbox.send(sandbox.request("POST", "/api/projects/2/query/").bearer_auth(PERSONAL_KEY).json(&second)).await;
    assert_eq!(second.status, 200, "the other project has a budget of its own");
    hand.advance(Duration::from_secs(442));
    assert_eq!(sandbox.query(all).await.status, 200);
    sandbox.faults(json!({"query": {"budget": {"remaining_bytes": -20_000_000_000_i64}}})).await;
    assert_eq!(told(&sandbox.query(all).await).3, "3600");
    sandbox.faults(json!({"query": {"budget": null}})).await;
    assert_eq!(sandbox.query(all).await.status, 200);
}

#[tokio::test]
async fn the_same_query_at_the_same_time_is_asked_once() {
    let (sandbox, hand) = Running::by_hand().await;
    sandbox.faults(json!({"query": {"delay_ms": 60_000}})).await;
    let ask = |statement: &str, key: &str| {
        let body = json!({"query": {"kind": "HogQLQuery", "query": statement}, "refresh": "force_blocking"});
        tokio::spawn(sandbox.request("POST", "/api/projects/1/query/").bearer_auth(key).json(&body).send())
    };
    let asked = [
        ask("SELECT count() FROM events", PERSONAL_KEY),
        ask("SELECT count() FROM events", LIMITED_KEY),
        ask("SELECT count() AS n FROM events", PERSONAL_KEY),
    ];
    // All of them have come in, and none is answered before the clock moves.
    until(async || askers(&sandbox).await == 3).await;
    sandbox.post("/e/", &event(1, "a")).await;
    hand.advance(Duration::from_mins(1));
    let mut cached = Vec::new();
    for answer in asked {
        let answer = within_seconds(10, answer).await.unwrap().unwrap().json::<Value>().await.unwrap();
        assert_eq!(answer["results"], json!([[1]]));
        cached.push(answer["is_cached"] == true);
    }
    assert_eq!(cached.iter().filter(|cached| **cached).count(), 1, "{cached:?}");
    assert!(!cached[2], "another text is another question");
    let after = ask("SELECT count() FROM events", PERSONAL_KEY);
    until(async || askers(&sandbox).await == 1).await;
    hand.advance(Duration::from_mins(1));
    let after = within_seconds(10, after).await.unwrap().unwrap().json::<Value>().await.unwrap();
    assert_eq!(after["is_cached"], false, "an answer that was given is not given again");
}

#[tokio::test]
async fn a_caller_that_hangs_up_does_not_take_the_answer_of_the_others_along() {
    let (sandbox, hand) = Running::by_hand().await;
    sandbox.faults(json!({"query": {"delay_ms": 60_000}})).await;
    let body = json!({"query": {"kind": "HogQLQuery", "query": "SELECT 1 AS one"}});
    let ask = || tokio::spawn(sandbox.request("POST", "/api/projects/1/query/").bearer_auth(PERSONAL_KEY).json(&body).send());
    let leader = ask();
    until(async || askers(&sandbox).await == 1).await;
    let follower = ask();
    until(async || askers(&sandbox).await == 2).await;
    leader.abort();
    until(async || askers(&sandbox).await == 1).await;
    // The clock moves on until the follower, who asks anew, has waited for it.
    until(async || {
        hand.advance(Duration::from_mins(1));
        sandbox.get("/_health").await.status == 200 && follower.is_finished()
    })
    .await;
    let answer = follower.await.unwrap().unwrap().json::<Value>().await.unwrap();
    assert_eq!((&answer["results"], &answer["is_cached"]), (&json!([[1]]), &json!(false)));
}

#[tokio::test]
async fn an_answer_can_be_said_to_be_cached() {
    let (sandbox, _hand) = Running::by_hand().await;
    assert_eq!(sandbox.query("SELECT 1 AS one").await.json()["is_cached"], false);
    sandbox.faults(json!({"query": {"cached": true}})).await;
    assert_eq!(sandbox.query("SELECT 1 AS one").await.json()["is_cached"], true);
}
