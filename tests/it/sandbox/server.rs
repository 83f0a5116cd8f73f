//! Connections and clocks.

use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Running, event, until};

#[tokio::test]
async fn every_answer_carries_the_clocks_date() {
    let (sandbox, hand) = Running::by_hand().await;
    assert_eq!(sandbox.get("/").await.header("date"), "Mon, 23 Nov 2026 14:32:07 GMT");
    hand.advance(Duration::from_mins(1));
    for answer in [sandbox.post("/e/", &json!({})).await, sandbox.get("/nowhere").await] {
        assert_eq!(answer.headers.get_all("date").iter().collect::<Vec<_>>(), ["Mon, 23 Nov 2026 14:33:07 GMT"]);
    }
}

#[tokio::test]
async fn stopping_does_not_wait_for_open_connections_or_held_requests() {
    let (sandbox, _hand) = Running::by_hand().await;
    sandbox.faults(json!({"capture": {"delay_ms": 600_000}})).await;
    let idle = TcpStream::connect(sandbox.address).await.unwrap();
    let mut kept_alive = TcpStream::connect(sandbox.address).await.unwrap();
    kept_alive.write_all(b"GET /_health HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    kept_alive.read_u8().await.unwrap();
    let held = tokio::spawn(sandbox.request("POST", "/e/").json(&event(1, "a")).send());
    until(async || !sandbox.events().await.is_empty()).await;
    sandbox.stop().await;
    assert!(held.await.unwrap().is_err());
    drop(idle);
}

#[tokio::test]
async fn a_client_that_hangs_up_in_a_query_loses_no_event() {
    let (sandbox, _hand) = Running::by_hand().await;
    for end in 0..50 {
        sandbox.post("/e/", &event(end, "a")).await;
        let mut hasty = TcpStream::connect(sandbox.address).await.unwrap();
        hasty.write_all(b"GET /_sandbox/events HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        drop(hasty);
    }
    assert_eq!(sandbox.rows("SELECT count() FROM events").await, json!([[50]]));
}
