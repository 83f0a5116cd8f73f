#!/usr/bin/env bash
# posthog-rs: a single 503 at shutdown() loses the events, and the on_error hook is not called
#
# Versions   posthog-rs 0.30.0 (crates.io), default features
# Behaviour  A background delivery that meets a 503 is tried again after 200 ms, three attempts in all, and shutdown() has 30 s by default. But what is still queued when
#            shutdown() is called gets one attempt, and no second one however much of the 30 s is left: the events are dropped, with a `tracing` warning alone. A program that
#            captures and ends (a job, a command line tool) loses its events to one passing 503. The same events in a program that goes on arrive on the second attempt.
# Seen       goes on: 2 requests, taken; hook called 0 times
#            ends at once: 1 request, lost; hook called 0 times; shutdown took less than 2 s
# Exits 0 while this is so. Builds for some minutes.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
mkdir src
cat >Cargo.toml <<'EOF'
[package]
name = "finding"
version = "0.0.0"
edition = "2021"
[dependencies]
posthog-rs = "=0.30.0"
tokio = { version = "1", features = ["rt-multi-thread", "macros", "time"] }
[profile.dev]
debug = false
EOF
cat >src/main.rs <<'EOF'
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Answers the first request with 503 and every other one with 200; counts both.
fn serve() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let requests = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&requests);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = Vec::new();
            let mut part = [0; 65536];
            loop {
                let text = String::from_utf8_lossy(&request).to_lowercase();
                if let Some((head, body)) = text.split_once("\r\n\r\n") {
                    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).map_or(0, |text| text.trim().parse::<usize>().unwrap());
                    if body.len() >= length {
                        break;
                    }
                }
                let read = stream.read(&mut part).unwrap();
                if read == 0 {
                    break;
                }
                request.extend_from_slice(&part[..read]);
            }
            let status = if count.fetch_add(1, Ordering::SeqCst) == 0 { "503 Service Unavailable" } else { "200 OK" };
            write!(stream, "HTTP/1.1 {status}\r\nContent-Length: 15\r\nConnection: close\r\n\r\n{{\"status\":\"Ok\"}}").unwrap();
        }
    });
    (address, requests)
}

async fn program(goes_on: bool) -> (usize, usize, Duration) {
    let (host, requests) = serve();
    let hooks = Arc::new(AtomicUsize::new(0));
    let called = Arc::clone(&hooks);
    let mut options = posthog_rs::ClientOptionsBuilder::default();
    options.api_key("phc_finding".to_string()).host(host);
    options.on_error(move |_| { called.fetch_add(1, Ordering::SeqCst); });
    let client = posthog_rs::client(options.build().unwrap()).await;
    client.capture(posthog_rs::Event::new("finding", "person"));
    if goes_on {
        tokio::time::sleep(Duration::from_secs(8)).await;
    }
    let start = Instant::now();
    client.shutdown().await;
    let took = start.elapsed();
    tokio::time::sleep(Duration::from_secs(3)).await;
    (requests.load(Ordering::SeqCst), hooks.load(Ordering::SeqCst), took)
}

#[tokio::main]
async fn main() {
    let (on, on_hooks, _) = program(true).await;
    println!("goes on: {on} requests, {}; hook called {on_hooks} times", if on == 2 { "taken" } else { "lost" });
    let (end, end_hooks, took) = program(false).await;
    println!("ends at once: {end} request, {}; hook called {end_hooks} times; shutdown took {took:.1?}", if end == 1 { "lost" } else { "taken" });
    let same = on == 2 && end == 1 && end_hooks == 0 && took < Duration::from_secs(2);
    std::process::exit(i32::from(!same));
}
EOF
cargo build --quiet
./target/debug/finding || { echo "changed: see above"; exit 1; }
echo "still so"
