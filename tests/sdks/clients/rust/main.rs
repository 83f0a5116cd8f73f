//! posthog-rs: `row HOST COUNT [immediate | exit] [no-hook]`. Built with the feature `v1` it speaks capture v1.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use posthog_rs::{ClientOptionsBuilder, Event, PostHogError};
use serde_json::json;

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let immediate = arguments.iter().any(|word| word == "immediate");
    let count: usize = arguments[1].parse().expect("a number of events");
    // Without a hook the SDK logs a warning; warnings go to standard error.
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_ansi(false).with_max_level(tracing_subscriber::filter::LevelFilter::WARN).init();
    let told: Arc<Mutex<Vec<String>>> = Arc::default();
    let heard = Arc::clone(&told);
    let mut builder = ClientOptionsBuilder::default();
    builder.api_key("phc_rows".to_string()).host(arguments[0].clone());
    if !arguments.iter().any(|word| word == "no-hook") {
        builder.on_error(move |failure| {
            let PostHogError::Capture(failure) = failure else { return };
            let error = failure.error().map_or("2xx, not all persisted".to_string(), ToString::to_string);
            heard.lock().expect("a lock").push(format!("{} events: {error}", failure.event_count()));
        });
    }
    let client = posthog_rs::client(builder.build().expect("options")).await;
    let (mut returned, mut raised) = (Vec::new(), Vec::new());
    let start = Instant::now();
    for n in 0..count {
        let mut event = Event::new("row", "person");
        event.insert_prop("n", n).expect("a property");
        event.insert_prop("text", "x".repeat(4000)).expect("a property");
        if immediate {
            match client.capture_immediate(event).await {
                Ok(summary) => returned.push(format!("Ok, not persisted {}", summary.not_persisted())),
                Err(error) => raised.push(error.to_string()),
            }
        } else {
            client.capture(event);
        }
    }
    if !immediate && !arguments.iter().any(|word| word == "exit") {
        // A service that goes on: its first flush, and time for every retry.
        client.flush().await;
        tokio::time::sleep(Duration::from_secs(12)).await;
    }
    client.shutdown().await;
    let callback = told.lock().expect("a lock").clone();
    println!("{}", json!({"seconds": start.elapsed().as_secs_f64(), "log": [], "callback": callback, "raised": raised, "returned": returned}));
}
