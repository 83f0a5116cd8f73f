//! What capture stores of what it takes.

use std::io::Write;
use std::time::Duration;

use heartbeat::sandbox::TOKEN;
use serde_json::{Value, json};

use super::{Running, START, event, uuid};

#[tokio::test]
async fn every_v0_path_takes_an_event_with_and_without_its_slash() {
    let (sandbox, _hand) = Running::by_hand().await;
    for (end, path) in ["/i/v0/e", "/e", "/capture", "/track", "/batch"].into_iter().enumerate() {
        for (half, path) in [path.to_owned(), format!("{path}/")].into_iter().enumerate() {
            let answer = sandbox.post(&path, &event((end * 2 + half) as u32, "heartbeat")).await;
            assert_eq!((answer.status, answer.body.as_str()), (200, r#"{"status":"Ok"}"#), "{path}");
        }
    }
    assert_eq!(sandbox.events().await.len(), 10);
}

#[tokio::test]
async fn a_batch_a_list_and_a_single_event_are_all_taken() {
    let (sandbox, _hand) = Running::by_hand().await;
    let strip = |mut one: Value| {
        one.as_object_mut().unwrap().remove("api_key");
        one
    };
    sandbox.post("/batch/", &json!({"api_key": TOKEN, "batch": [strip(event(1, "a")), strip(event(2, "a"))]})).await;
    sandbox.post("/e/", &json!([event(3, "a"), event(4, "a")])).await;
    sandbox.post("/e/", &json!({"token": TOKEN, "event": "a", "properties": {"distinct_id": 7}})).await;
    let events = sandbox.events().await;
    assert_eq!(events.len(), 5);
    assert_eq!(events[4]["distinct_id"], "7");
}

#[tokio::test]
async fn gzip_is_known_by_its_first_bytes() {
    let (sandbox, _hand) = Running::by_hand().await;
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(event(1, "a").to_string().as_bytes()).unwrap();
    let packed = packed.finish().unwrap();
    for (path, header) in [("/e/", None), ("/e/", Some("gzip")), ("/e/?compression=gzip-js", None)] {
        let mut request = sandbox.request("POST", path).body(packed.clone());
        if let Some(encoding) = header {
            request = request.header("Content-Encoding", encoding);
        }
        assert_eq!(sandbox.send(request).await.status, 200, "{path} {header:?}");
    }
    let events = sandbox.events().await;
    assert_eq!((events.len(), &events[0]["copies"]), (1, &json!(3)));
}

#[tokio::test]
async fn sent_at_takes_the_senders_clock_error_out() {
    let (sandbox, _hand) = Running::by_hand().await;
    let hour = Duration::from_hours(1);
    let (wrong_now, happened) = (START.plus(hour), START.plus(hour).minus(Duration::from_millis(250)));
    let one = |end: u32, properties: Value| json!({"event": "a", "distinct_id": "b", "uuid": uuid(end), "timestamp": happened.to_string(), "properties": properties});
    let batch =
        json!({"api_key": TOKEN, "sent_at": wrong_now.to_string(), "batch": [one(1, json!({})), one(2, json!({"$ignore_sent_at": true}))]});
    sandbox.post("/batch/", &batch).await;
    let mut single = one(3, json!({}));
    single["api_key"] = TOKEN.into();
    sandbox.post(&format!("/e/?_={}", wrong_now.ms()), &single).await;
    single["uuid"] = uuid(4).into();
    single["sent_at"] = wrong_now.to_string().into();
    sandbox.post("/e/", &single).await;
    let corrected = START.minus(Duration::from_millis(250));
    let stored = sandbox.rows("SELECT uuid, toUnixTimestamp64Milli(timestamp) FROM events ORDER BY uuid").await;
    assert_eq!(
        stored,
        json!([
            [uuid(1), corrected.ms()],
            [uuid(2), happened.ms()],
            [uuid(3), corrected.ms()],
            // A single event's own sent_at is not read.
            [uuid(4), happened.ms()]
        ])
    );
}

#[tokio::test]
async fn a_timestamp_that_is_far_ahead_or_a_number_becomes_now() {
    let (sandbox, _hand) = Running::by_hand().await;
    let day_ahead = START.plus(Duration::from_hours(24));
    for (end, timestamp) in [json!(day_ahead.to_string()), json!(day_ahead.ms()), json!("whenever"), json!(null)].into_iter().enumerate() {
        let mut one = event(end as u32, "a");
        one["timestamp"] = timestamp;
        assert_eq!(sandbox.post("/e/", &one).await.status, 200);
    }
    let stored = sandbox.rows("SELECT DISTINCT toUnixTimestamp64Milli(timestamp) FROM events").await;
    assert_eq!(stored, json!([[START.ms()]]));
}

#[tokio::test]
async fn an_unknown_token_is_answered_ok_and_dropped() {
    let (sandbox, _hand) = Running::by_hand().await;
    let mut foreign = event(1, "a");
    foreign["api_key"] = "phc_of_somebody_else".into();
    let answer = sandbox.post("/i/v0/e/", &foreign).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, r#"{"status":"Ok"}"#));
    assert!(sandbox.events().await.is_empty());
}

#[tokio::test]
async fn one_bad_event_spoils_its_batch() {
    let (sandbox, _hand) = Running::by_hand().await;
    let answer = sandbox.post("/batch/", &json!({"api_key": TOKEN, "batch": [{"event": "a", "distinct_id": "b"}, {"event": "a"}]})).await;
    assert_eq!((answer.status, answer.body.as_str()), (400, "event submitted without a distinct_id"));
    assert!(sandbox.events().await.is_empty());
}

#[tokio::test]
async fn v1_corrects_by_the_request_timestamp_unless_asked_not_to() {
    let (sandbox, _hand) = Running::by_hand().await;
    let wrong_now = START.plus(Duration::from_hours(1));
    let one = |end: u32, options: Value| json!({"event": "a", "distinct_id": "b", "uuid": uuid(end), "timestamp": wrong_now.to_string(), "options": options});
    let body = json!({"created_at": wrong_now.to_string(), "batch": [
        one(1, json!({"process_person_profile": false})),
        one(2, json!({"disable_skew_correction": true})),
    ]});
    let answer = sandbox.send(v1(&sandbox, &wrong_now.to_string()).json(&body)).await;
    assert_eq!(answer.json(), json!({"results": {(uuid(1)): {"result": "ok"}, (uuid(2)): {"result": "ok"}}}));
    let stored = sandbox.rows("SELECT uuid, toUnixTimestamp64Milli(timestamp), person_mode FROM events ORDER BY uuid").await;
    assert_eq!(stored, json!([[uuid(1), START.ms(), "propertyless"], [uuid(2), wrong_now.ms(), "full"]]));
}

#[tokio::test]
async fn v1_unpacks_every_encoding_it_names() {
    let (sandbox, _hand) = Running::by_hand().await;
    let body = |end: u32| {
        json!({"created_at": START.to_string(), "batch": [{"event": "a", "distinct_id": "b", "uuid": uuid(end), "timestamp": START.to_string()}]})
            .to_string()
            .into_bytes()
    };
    let gzip = |bytes: &[u8]| {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(bytes).unwrap();
        packed.finish().unwrap()
    };
    let deflate = |bytes: &[u8]| {
        let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(bytes).unwrap();
        packed.finish().unwrap()
    };
    for (encoding, packed) in
        [("gzip", gzip(&body(1))), ("deflate", deflate(&body(2))), ("zstd", zstd::encode_all(&body(3)[..], 0).unwrap())]
    {
        let request = v1(&sandbox, &START.to_string()).header("Content-Type", "application/json").header("Content-Encoding", encoding);
        let answer = sandbox.send(request.body(packed)).await;
        assert_eq!(answer.status, 200, "{encoding}: {}", answer.body);
    }
    assert_eq!(sandbox.events().await.len(), 3);
}

/// A v1 request with all its headers but the content type.
fn v1(sandbox: &Running, sent_at: &str) -> reqwest::RequestBuilder {
    sandbox
        .request("POST", "/i/v1/analytics/events")
        .bearer_auth(TOKEN)
        .header("User-Agent", "test")
        .header("PostHog-Sdk-Info", "test/1.0.0")
        .header("PostHog-Attempt", "1")
        .header("PostHog-Request-Id", uuid(99))
        .header("PostHog-Request-Timestamp", sent_at)
}

#[tokio::test]
async fn v1_takes_the_library_from_its_header_unless_the_event_names_it() {
    let (sandbox, _hand) = Running::by_hand().await;
    let one = |end: u32, properties: Value| json!({"event": "a", "distinct_id": "b", "uuid": uuid(end), "timestamp": START.to_string(), "properties": properties});
    let batch = json!({"created_at": START.to_string(), "batch": [one(1, json!({})), one(2, json!({"$lib": "web", "$lib_version": "9"}))]});
    assert_eq!(sandbox.send(v1(&sandbox, &START.to_string()).json(&batch)).await.status, 200);
    let rows = sandbox.rows("SELECT uuid, properties.$lib, properties.$lib_version FROM events ORDER BY uuid").await;
    assert_eq!(rows, json!([[uuid(1), "test", "1.0.0"], [uuid(2), "web", "9"]]));
}

#[tokio::test]
async fn v1_distinguishes_a_missing_token_from_a_wrong_one() {
    let (sandbox, _hand) = Running::by_hand().await;
    let request = |token: Option<&str>| {
        let request = v1(&sandbox, &START.to_string()).json(&json!({"created_at": START.to_string(), "batch": []}));
        let mut request = request.build().unwrap();
        request.headers_mut().remove("authorization");
        if let Some(token) = token {
            request.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
        }
        reqwest::RequestBuilder::from_parts(reqwest::Client::builder().no_proxy().build().unwrap(), request)
    };
    let missing = sandbox.send(request(None)).await;
    assert_eq!((missing.status, &missing.json()["error"]), (401, &json!("missing_authorization")));
    for wrong in ["phc_of_nobody", "phx_sandbox"] {
        let answer = sandbox.send(request(Some(wrong))).await;
        assert_eq!((answer.status, &answer.json()["error"]), (401, &json!("invalid_api_token")), "{wrong}");
    }
}
