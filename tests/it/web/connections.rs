//! Connections that send nothing, or too slowly: each is closed, and none keeps others away.

use std::time::Duration;

use heartbeat::clock::Clock;
use heartbeat::config::WebSettings;
use heartbeat::web::ConnectionLimits;
use reqwest::StatusCode;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::bed::TestSite;
use crate::store::samples;

/// Nothing here takes as long.
const LONG: Duration = Duration::from_mins(1);
const SHORT: Duration = Duration::from_millis(50);

/// Limits that no test reaches.
fn patient() -> ConnectionLimits {
    ConnectionLimits { header: LONG, body: LONG, idle: LONG, stalled: LONG, ..ConnectionLimits::for_descriptors(1_024) }
}

async fn site(limits: ConnectionLimits) -> TestSite {
    TestSite::limited(WebSettings::default(), limits).await
}

/// A connection on which this was sent.
async fn sent(site: &TestSite, text: &str) -> TcpStream {
    let mut stream = TcpStream::connect(site.address).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    stream
}

/// All that comes until the connection is closed.
async fn until_closed(stream: &mut TcpStream) -> String {
    let mut all = Vec::new();
    let read = Clock::system().timeout(LONG / 2, stream.read_to_end(&mut all)).await.expect("the connection is closed");
    // Closed while something was on its way is closed, too.
    drop(read);
    String::from_utf8_lossy(&all).into_owned()
}

#[tokio::test]
async fn half_open_requests_keep_nobody_away() {
    let site = site(ConnectionLimits { total: 16, per_address: 4, ..patient() }).await;
    let mut half_open = Vec::new();
    for _ in 0..64 {
        half_open.push(sent(&site, "GET /healthz HTTP/1.1\r\nHost: local").await);
    }
    for _ in 0..3 {
        assert_eq!(site.stranger().get("/healthz").await.status, StatusCode::OK);
    }
    // Those that waited longest gave way: never more than the limit are held.
    for stream in &mut half_open[..64 - 16] {
        assert_eq!(until_closed(stream).await, "");
    }
}

#[tokio::test]
async fn answers_that_are_under_way_are_not_cut_for_newcomers() {
    let site = site(ConnectionLimits { total: 8, ..patient() }).await;
    let mut ann = site.writer().await;
    let live = ann.request(reqwest::Method::GET, "/live");
    let mut live = live.send().await.unwrap();
    assert_eq!(live.status(), StatusCode::OK);
    let mut half_open = Vec::new();
    for _ in 0..32 {
        half_open.push(sent(&site, "GET").await);
    }
    assert_eq!(ann.get("/healthz").await.status, StatusCode::OK);
    // The live page goes on: it hears of the next change.
    site.store.apply(&[samples::spec("shop")], &[], site.clock.now()).await.unwrap();
    let time_passes = async {
        loop {
            site.hand.advance(Duration::from_secs(1));
            tokio::task::yield_now().await;
        }
    };
    let heard = tokio::select! {
        chunk = live.chunk() => chunk,
        never = time_passes => never,
    };
    assert!(heard.unwrap().is_some());
}

#[tokio::test]
async fn a_header_that_does_not_come_to_its_end_is_not_awaited() {
    let site = site(ConnectionLimits { header: SHORT, ..patient() }).await;
    for begun in ["", "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: ", "PRI * HTTP/2.0\r\n"] {
        let mut stream = sent(&site, begun).await;
        assert_eq!(until_closed(&mut stream).await, "", "{begun}");
    }
}

#[tokio::test]
async fn a_body_that_does_not_come_to_its_end_is_not_awaited() {
    let site = site(ConnectionLimits { body: SHORT, ..patient() }).await;
    let head =
        "POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\nname=";
    let mut stream = sent(&site, head).await;
    let answer = until_closed(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
}

#[tokio::test]
async fn a_connection_that_is_kept_for_nothing_is_closed() {
    let site = site(ConnectionLimits { idle: SHORT, ..patient() }).await;
    let mut stream = sent(&site, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    let answer = until_closed(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 200 ") && !answer.to_lowercase().contains("connection: close"), "{answer}");
}
