//! Whatever comes in, nothing panics and nothing is a server's error.

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use super::{Running, START, uuid};
use crate::support::examples::examples;

/// Where bodies are read.
const PATHS: [&str; 7] =
    ["/i/v0/e/", "/batch/", "/i/v1/analytics/events", "/flags/?v=2", "/api/projects/1/query/", "/api/projects/1/annotations/", "/capture"];

#[test]
fn no_body_makes_a_server_error() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (sandbox, _hand) = runtime.block_on(Running::by_hand());
    let mut runner = TestRunner::new(examples(200));
    runner
        .run(&(0..PATHS.len(), body(), proptest::option::of("gzip|br|zstd|deflate|lz4")), |(path, body, encoding)| {
            let mut request = sandbox
                .request("POST", PATHS[path])
                .bearer_auth(if PATHS[path].starts_with("/api") { "phx_sandbox" } else { "phc_sandbox" })
                .header("Content-Type", "application/json")
                .header("User-Agent", "test")
                .header("PostHog-Sdk-Info", "test/1")
                .header("PostHog-Attempt", "1")
                .header("PostHog-Request-Id", uuid(1))
                .header("PostHog-Request-Timestamp", START.to_string());
            if let Some(encoding) = encoding {
                request = request.header("Content-Encoding", encoding);
            }
            let answer = runtime.block_on(sandbox.try_send(request.body(body)));
            let answer = answer.map_err(|why| TestCaseError::fail(format!("no answer: {why:?}")))?;
            prop_assert!(answer.status < 500, "{} {}", answer.status, answer.body);
            Ok(())
        })
        .unwrap();
    runtime.block_on(sandbox.rows("SELECT count() FROM events"));
}

#[test]
fn no_statement_makes_a_server_error() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (sandbox, _hand) = runtime.block_on(Running::by_hand());
    let mut runner = TestRunner::new(examples(400));
    runner
        .run(&statement(), |statement| {
            let answer = runtime.block_on(sandbox.query(&statement));
            prop_assert!(answer.status < 500, "{statement}: {} {}", answer.status, answer.body);
            Ok(())
        })
        .unwrap();
}

#[tokio::test]
async fn statements_made_to_break_a_parser_are_rejected() {
    let (sandbox, _hand) = Running::by_hand().await;
    for statement in [
        format!("SELECT {}1{}", "(".repeat(5000), ")".repeat(5000)),
        format!("SELECT 1{}", "+1".repeat(50_000)),
        format!("SELECT 1{}", "+1".repeat(450)),
        format!("SELECT EXTRACT(YEAR FROM 1{})", "+1".repeat(450)),
        format!("SELECT 1 LIMIT 1{}", "+1".repeat(450)),
        format!("SELECT {}1", "- ".repeat(900)),
        format!("SELECT {}1{}", "abs(".repeat(400), ")".repeat(400)),
        format!("SELECT {}1{}", "(SELECT ".repeat(400), ")".repeat(400)),
        format!("SELECT 1 FROM {}events{}", "(SELECT * FROM ".repeat(400), ")".repeat(400)),
        format!("SELECT {}1{}", "CASE WHEN ".repeat(400), " THEN 1 END".repeat(400)),
        format!("SELECT {}1", "NOT ".repeat(1001)),
        format!("SELECT 1{}", " UNION ALL SELECT 1".repeat(501)),
        "SELECT uuid FROM events; DROP TABLE events".into(),
        "DELETE FROM events".into(),
        "SELECT * FROM sqlite_master".into(),
        "SELECT * FROM events, events, events".into(),
        "SELECT load_extension('x')".into(),
        "SELECT count() FROM events GROUP BY".into(),
        "SELECT uuid, count() FROM events".into(),
        "SELECT count() FROM events WHERE count() > 1".into(),
        "SELECT max(min(timestamp)) FROM events".into(),
        "SELECT 1 FROM events WHERE uuid = 'no uuid'".into(),
        "SELECT 1 FROM events WHERE timestamp > 'no time'".into(),
        "SELECT 1 FROM events WHERE event > 5".into(),
        "SELECT 1 UNION ALL SELECT 1, 2".into(),
        "SELECT 1 UNION SELECT 1".into(),
        String::new(),
        "\0".into(),
    ] {
        let answer = sandbox.query(&statement).await;
        let shown = statement.chars().take(60).collect::<String>();
        assert_eq!(answer.status, 400, "{shown}: {}", answer.body);
        assert_eq!(answer.json()["type"], "validation_error", "{shown}");
    }
}

#[tokio::test]
async fn a_statement_may_be_as_deep_as_a_person_writes_it() {
    let (sandbox, _hand) = Running::by_hand().await;
    for (statement, gives) in [
        (format!("SELECT 1{}", "+1".repeat(60)), 61),
        (format!("SELECT {}1{}", "(".repeat(12), ")".repeat(12)), 1),
        (format!("SELECT {}1{}", "abs(".repeat(12), ")".repeat(12)), 1),
    ] {
        assert_eq!(sandbox.rows(&statement).await, json!([[gives]]), "{statement}");
    }
}

/// Bodies that are nearly right: bytes, JSON of any shape, and events with a wrong thing in each place.
fn body() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..200),
        any_json().prop_map(|value| value.to_string().into_bytes()),
        (any_json(), any_json(), any_json(), any_json(), any_json(), any_json()).prop_map(|(token, event, id, uuid, at, properties)| {
            let one =
                json!({"event": event, "distinct_id": id, "uuid": uuid, "timestamp": at, "properties": properties, "options": properties});
            let all = json!({"api_key": token, "created_at": at, "sent_at": at, "batch": [one], "query": {"kind": event, "query": id}});
            all.to_string().into_bytes()
        }),
        (any_json(), any_json(), any_json()).prop_map(|(id, at, properties)| {
            let one = json!({"api_key": "phc_sandbox", "event": "a", "distinct_id": id, "timestamp": at, "properties": properties});
            one.to_string().into_bytes()
        }),
    ]
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
        Just(json!("phc_sandbox")),
        Just(json!("HogQLQuery")),
        Just(json!("2026-11-23T14:32:07Z")),
        Just(json!("0195d3a0-1111-7000-8000-000000000001")),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z$_]{0,8}", inner, 0..4).prop_map(|map| json!(map)),
        ]
    })
}

/// Statements put together from HogQL's own words.
fn statement() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "SELECT",
        "FROM",
        "events",
        "WHERE",
        "GROUP BY",
        "ORDER BY",
        "LIMIT",
        "UNION ALL",
        "uuid",
        "timestamp",
        "event",
        "properties",
        "properties.x",
        "properties['$lib']",
        "count()",
        "max(timestamp)",
        "toString(uuid)",
        "now()",
        "INTERVAL 5 MINUTE",
        "'text'",
        "''",
        "1",
        "2.5",
        "-1",
        "1e400",
        "99999999999999999999",
        "NULL",
        "true",
        "=",
        ">=",
        "IN",
        "('a', 'b')",
        "(",
        ")",
        ",",
        "+",
        "-",
        "/",
        "%",
        "AND",
        "OR",
        "NOT",
        "LIKE '%a'",
        "AS x",
        "x",
        "CASE WHEN 1 THEN 2 END",
        "if(1, 2, 3)",
        "*",
        "HAVING",
        "DISTINCT",
        "BETWEEN 1 AND 2",
        "toStartOfHour(timestamp)",
        "countIf(event = 'a')",
        "substring(event, 2)",
        "`",
        "\"",
        "$x",
        "[1]",
        "{x}",
        "--",
        ";",
    ]);
    prop_oneof![
        prop::collection::vec(word.clone(), 0..20).prop_map(|words| words.join(" ")),
        prop::collection::vec(word, 0..8).prop_map(|words| format!("SELECT uuid FROM events WHERE {}", words.join(" "))),
        ".{0,100}",
    ]
}

/// What nests deeper than a stack is rejected, and costs its own request alone.
#[tokio::test]
async fn what_nests_deeply_is_rejected() {
    let (sandbox, _hand) = Running::by_hand().await;
    let deep = |open: &str, close: &str| format!("{}1{}", open.repeat(100_000), close.repeat(100_000));
    for path in PATHS {
        for body in [deep("[", "]"), deep("{\"a\":", "}"), deep("{\"properties\":{\"a\":[", "]}}")] {
            let request = sandbox.request("POST", path).bearer_auth("phx_sandbox").header("Content-Type", "application/json");
            let answer = sandbox.send(request.body(body)).await;
            assert!((400..500).contains(&answer.status), "{path}: {} {}", answer.status, answer.body);
        }
    }
    for statement in [
        format!("SELECT {} FROM events", deep("(", ")")),
        format!("SELECT {}1 FROM events", "NOT ".repeat(100_000)),
        format!("SELECT {}1 FROM events", "- ".repeat(100_000)),
        format!("SELECT 1 FROM {}", deep("(SELECT 1 FROM ", ")")),
        format!("SELECT {} FROM events", deep("if(1, 1, ", ")")),
        format!("SELECT 1{} FROM events", " + 1".repeat(100_000)),
    ] {
        let answer = sandbox.query(&statement).await;
        assert!((400..500).contains(&answer.status), "{}: {}", answer.status, answer.body.chars().take(300).collect::<String>());
    }
    assert_eq!(sandbox.get("/_health").await.status, 200);
}
