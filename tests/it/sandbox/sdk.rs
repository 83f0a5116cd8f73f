//! PostHog's official SDK is a client of the sandbox: version 0.29 speaks v0, version 0.30 speaks v1.

use serde_json::json;

use super::Running;
use heartbeat::clock::Clock;
use heartbeat::sandbox::TOKEN;

#[tokio::test(flavor = "multi_thread")]
async fn the_sdk_delivers_over_v0() {
    let sandbox = Running::start(Clock::system()).await;
    let options = posthog_rs_v0::ClientOptionsBuilder::default().api_key(TOKEN.to_owned()).host(sandbox.url.clone()).build().unwrap();
    let client = posthog_rs_v0::client(options).await;
    let mut event = posthog_rs_v0::Event::new("signed_up", "somebody");
    event.insert_prop("plan", "pro").unwrap();
    client.capture_immediate(event).await.unwrap();
    let rows = sandbox.rows("SELECT event, distinct_id, properties.plan FROM events WHERE timestamp > now() - INTERVAL 1 HOUR").await;
    assert_eq!(rows, json!([["signed_up", "somebody", "pro"]]));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sdk_delivers_over_v1_in_every_encoding() {
    use posthog_rs::CaptureCompression::{Br, Deflate, Gzip, Zstd};
    let sandbox = Running::start(Clock::system()).await;
    for (number, compression) in [None, Some(Gzip), Some(Deflate), Some(Br), Some(Zstd)].into_iter().enumerate() {
        let mut options = posthog_rs::ClientOptionsBuilder::default();
        options.api_key(TOKEN.to_owned()).host(sandbox.url.clone());
        if let Some(compression) = compression {
            options.capture_compression(compression);
        }
        let client = posthog_rs::client(options.build().unwrap()).await;
        let mut event = posthog_rs::Event::new("signed_up", "somebody");
        event.insert_prop("number", number).unwrap();
        client.capture_immediate(event).await.unwrap_or_else(|why| panic!("{compression:?}: {why:?}"));
    }
    let rows = sandbox.rows("SELECT event, properties.number FROM events WHERE timestamp > now() - INTERVAL 1 HOUR ORDER BY 2").await;
    assert_eq!(rows, json!([["signed_up", "0"], ["signed_up", "1"], ["signed_up", "2"], ["signed_up", "3"], ["signed_up", "4"]]));
}
