//! The sandbox's HogQL against PostHog's own parser and ClickHouse, row by row.
//!
//! `oracle.py` beside this file is asked by the Python of `.venv`, which `bin/test` sets up from `requirements.txt`.

mod product;
mod statements;

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use heartbeat::model::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::sandbox::{Answer, Running, START, uuid};

/// What the oracle makes of one statement.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Verdict {
    Answer { types: Vec<String>, rows: Vec<Vec<Value>> },
    Error { error: String },
}

/// Asks PostHog's parser and ClickHouse.
fn oracle(rows: &[Value], statements: &[String], now: Timestamp) -> Vec<Verdict> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = root.join(".venv/bin/python");
    assert!(python.exists(), "{} is missing: run bin/test, which sets up PostHog's parser and ClickHouse", python.display());
    let mut asked = Command::new(python)
        .arg(root.join("tests/it/hogql/oracle.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let question = json!({"now_us": now.ms() * 1000, "rows": rows, "statements": statements}).to_string();
    // Dropped at the end of the statement: the oracle reads to the end of its input.
    asked.stdin.take().unwrap().write_all(question.as_bytes()).unwrap();
    let said = asked.wait_with_output().unwrap();
    assert!(said.status.success(), "the oracle failed (run bin/test to set it up anew): {}", String::from_utf8_lossy(&said.stderr));
    serde_json::from_slice(&said.stdout).unwrap_or_else(|why| panic!("{why}: {}", String::from_utf8_lossy(&said.stdout)))
}

/// The answer to a statement from PostHog's own pages, which may use OFFSET.
async fn asked_by_the_application(sandbox: &Running, statement: &str) -> Answer {
    sandbox.post("/_sandbox/query", &json!({"query": {"kind": "HogQLQuery", "query": statement}})).await
}

/// Where the sandbox answers otherwise than ClickHouse, or one of the two does not answer.
async fn differences(sandbox: &Running, rows: &[Value], statements: &[String], now: Timestamp) -> Vec<String> {
    let mut wrong = Vec::new();
    for (statement, verdict) in statements.iter().zip(oracle(rows, statements, now)) {
        let answer = asked_by_the_application(sandbox, statement).await;
        match verdict {
            Verdict::Error { error } => wrong.push(format!("{statement}\n  the oracle refuses it: {error}")),
            Verdict::Answer { .. } if answer.status != 200 => wrong.push(format!("{statement}\n  the sandbox refuses it: {}", answer.body)),
            Verdict::Answer { types, rows } => {
                let mut expected = rows.into_iter().map(|row| as_posthog_writes(row, &types)).collect::<Vec<_>>();
                let mut found = rows_of(&answer.json());
                if !statement.contains("ORDER BY") {
                    // Without an order any order is right.
                    expected.sort_by_key(|row| format!("{row:?}"));
                    found.sort_by_key(|row| format!("{row:?}"));
                }
                if !same(&expected, &found) {
                    wrong.push(format!("{statement}\n  ClickHouse: {expected:?}\n  sandbox:    {found:?}"));
                }
            }
        }
    }
    wrong
}

/// A sandbox with an hour and a half of beats, real traffic, duplicates and odd properties in it; and its rows for the oracle.
async fn with_events() -> (Running, Vec<Value>, Timestamp) {
    with_events_named(&["heartbeat", "heartbeat_api", "$pageview"]).await
}

/// Everything that a sandbox has stored.
const ROWS: &str = "SELECT uuid, event, properties, toUnixTimestamp64Micro(timestamp), distinct_id, toUnixTimestamp64Micro(created_at) FROM events LIMIT 10000";

/// Stored rows, as the oracle takes them.
fn stored_rows(found: &Value) -> Vec<Value> {
    let rows = found.as_array().unwrap().iter().map(|row| {
        json!({"uuid": row[0], "event": row[1], "properties": row[2], "timestamp_us": row[3], "distinct_id": row[4], "created_at_us": row[5]})
    });
    rows.collect()
}

/// The same, with events of these names in turn.
async fn with_events_named(names: &[&str]) -> (Running, Vec<Value>, Timestamp) {
    let (sandbox, hand) = Running::by_hand().await;
    let first = START.minus(Duration::from_mins(45));
    let mut batch = Vec::new();
    for minute in 0..90_u32 {
        let event = names[minute as usize % names.len()];
        let properties = match minute % 5 {
            0 => json!({"plan": "pro", "amount": 1.5, "$lib": "web", "whole": 1.0, "power": 1e3, "small": 2.5e-10}),
            1 => {
                json!({"plan": "free", "amount": 2, "nested": {"a": 1}, "long": 12_345_678_901_234_567_890_u64, "deep": {"n": [1.0, 1e21]}})
            }
            2 => {
                json!({"plan": null, "amount": "3", "long": -9_007_199_254_740_993_i64, "numbers": [1.0, 0.1, 1e20], "words": "said \"hello\", 50%_off"})
            }
            3 => json!({"plan": "", "flag": true, "list": [1, 2]}),
            _ => json!({}),
        };
        batch.push(json!({
            "event": event,
            "distinct_id": format!("Person {}", minute % 4),
            "uuid": uuid(minute),
            "timestamp": first.plus(Duration::from_millis(u64::from(minute) * 60_007)).to_string(),
            "properties": properties,
        }));
    }
    let token = heartbeat::sandbox::TOKEN;
    for (number, some) in batch.chunks(10).enumerate() {
        hand.advance_to(START.plus(Duration::from_secs(number as u64 * 301)));
        // Only the last ones: older duplicates are merged by now.
        let rate = u8::from(number >= 7);
        sandbox.faults(json!({"queue": {"duplicate_rate": rate}})).await;
        assert_eq!(sandbox.post("/batch/", &json!({"api_key": token, "batch": some})).await.status, 200);
    }
    let now = START.plus(Duration::from_mins(44));
    hand.advance_to(now);
    let rows = stored_rows(&sandbox.rows(ROWS).await);
    assert!(rows.len() > 100, "{} rows: there should be duplicates", rows.len());
    (sandbox, rows, now)
}

#[tokio::test]
async fn the_sandbox_answers_as_clickhouse_does() {
    let (sandbox, rows, now) = with_events().await;
    let statements = statements::answered();
    let wrong = differences(&sandbox, &rows, &statements, now).await;
    assert!(wrong.is_empty(), "{} of {} statements:\n{}", wrong.len(), statements.len(), wrong.join("\n"));
}

#[tokio::test]
async fn what_clickhouse_rejects_the_sandbox_rejects() {
    let (sandbox, rows, now) = with_events().await;
    let statements = statements::rejected();
    for (statement, verdict) in statements.iter().zip(oracle(&rows, &statements, now)) {
        assert!(matches!(verdict, Verdict::Error { .. }), "the oracle takes `{statement}`: {verdict:?}");
        let answer = asked_by_the_application(&sandbox, statement).await;
        assert_eq!(answer.status, 400, "{statement}: {}", answer.body);
    }
}

#[tokio::test]
async fn each_branch_without_a_limit_ends_at_100_rows_and_only_a_single_one_says_so() {
    let (sandbox, rows, _now) = with_events().await;
    let single = sandbox.query("SELECT uuid FROM events").await.json();
    assert_eq!((rows_of(&single).len(), &single["hasMore"], &single["limit"]), (100, &json!(true), &json!(100)));
    let double = sandbox.query("SELECT uuid FROM events UNION ALL SELECT uuid FROM events LIMIT 10000").await.json();
    assert_eq!((rows_of(&double).len(), &double["hasMore"]), (100 + rows.len(), &Value::Null));
    let most = sandbox.query("SELECT uuid FROM events LIMIT 1000000").await.json();
    assert_eq!(rows_of(&most).len(), rows.len());
}

fn rows_of(answer: &Value) -> Vec<Vec<Value>> {
    serde_json::from_value(answer["results"].clone()).unwrap()
}

/// ClickHouse's own JSON writes times as `2026-11-23 14:32:07.000000`, PostHog as ISO 8601.
fn as_posthog_writes(row: Vec<Value>, types: &[String]) -> Vec<Value> {
    let cells = row.into_iter().zip(types);
    cells
        .map(|(cell, kind)| match cell {
            Value::String(text) if kind.contains("DateTime") => json!(format!("{}Z", text.replace(' ', "T"))),
            other => other,
        })
        .collect()
}

/// Equal, numbers as numbers: 2 and 2.0 are one in JSON.
fn same(expected: &[Vec<Value>], found: &[Vec<Value>]) -> bool {
    let cells = |rows: &[Vec<Value>]| rows.iter().map(Vec::len).collect::<Vec<_>>();
    cells(expected) == cells(found)
        && expected.iter().flatten().zip(found.iter().flatten()).all(|(one, another)| match (one.as_f64(), another.as_f64()) {
            (Some(one), Some(another)) => (one - another).abs() <= 1e-9 * one.abs().max(1.0),
            _ => one == another,
        })
}
