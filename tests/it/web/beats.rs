//! Beats one by one: the list, and each one's own page.

use std::time::Duration;

use heartbeat::model::{Retention, Role};
use heartbeat::retention::aggregate_due;
use reqwest::{Method, StatusCode};
use serde_json::Value;

use super::bed::{Browser, TestSite};
use super::history::{assert_well_formed, with_history, words};
use crate::store::samples::{spec, spec_with_routes};

const DAY: i64 = 24 * 60;

async fn ask(site: &TestSite, path: &str) -> (StatusCode, Value) {
    let token = site.token(Role::Viewer).await;
    ask_with(&mut site.stranger(), &token, path).await
}

async fn ask_with(program: &mut Browser, token: &str, path: &str) -> (StatusCode, Value) {
    let request = program.request(Method::GET, path).bearer_auth(token);
    let answer = program.send(request).await;
    (answer.status, serde_json::from_str(&answer.text).unwrap_or_else(|_| panic!("no JSON: {}", answer.text)))
}

#[tokio::test]
async fn a_beat_of_each_end_has_its_story() {
    let site = TestSite::start().await;
    let letters = format!("{}LXRU?_s.", "A".repeat(30));
    with_history(&site, spec("shop"), 60, &[&letters]).await;
    let mut rob = site.reader().await;
    for (minute, outcome, says) in [
        ("15:02", "arrived", &["Accepted with 200", "2.0s after it was sent", "62ms", "first byte\n34.2 ms"][..]),
        ("15:03", "late", &["Late: arrived", "3m 20s after it was sent"]),
        ("15:04", "lost", &["Lost: not seen", "It was missing at"]),
        ("15:05", "rejected", &["Rejected with 503", "Capture answered with 503", "<b>no upstream</b> & no hope", "envoy"]),
        ("15:06", "unreachable", &["No answer from capture", "the connection failed at tls", "the certificate is of <evil.example>"]),
        ("15:07", "unverified", &["Unverified: no read-back succeeded"]),
        ("15:08", "not sent", &["Not sent: Heartbeat was not running", "Event that was not sent"]),
        ("15:09", "arrived", &["Sent at\nnot recorded", "not recorded"]),
        ("15:10", "awaiting", &["On its way", "not yet"]),
    ] {
        let page = rob.get(&format!("/projects/shop/beats/heartbeat/2026-11-23T{minute}Z")).await;
        assert_well_formed(page.page());
        let told = words(&page);
        assert!(told.contains(&format!("2026-11-23 {minute} UTC on heartbeat {outcome}")), "{told}");
        for says in says {
            assert!(told.to_lowercase().contains(&says.to_lowercase()), "{minute}: `{says}` is not in\n{told}");
        }
        assert!(!page.text.contains("<b>no upstream"), "what a server said is text");
        assert!(told.contains("POST https://eu.i.posthog.com/i/v0/e/") && told.contains("PostHog Heartbeat Plugin"), "{told}");
    }
    let page = rob.get("/projects/shop/beats/heartbeat/2026-11-23T15:05Z").await;
    let place = |what: &str| page.text.find(what).unwrap();
    assert!(place("id=\"proof\"") < place("id=\"seen\"") && place("id=\"answered\"") < place("id=\"sent\""), "what came back is first");
    insta::assert_snapshot!("beat", words(&page));
    for neighbour in ["2026-11-23T15:04Z", "2026-11-23T15:06Z"] {
        assert!(page.text.contains(&format!("href=\"/projects/shop/beats/heartbeat/{neighbour}\"")), "{neighbour}");
    }
    let newest = rob.get("/projects/shop/beats/heartbeat/2026-11-23T15:10Z").await;
    assert!(!newest.text.contains("15:11Z"), "nothing is after the newest");
}

#[tokio::test]
async fn an_aggregated_beat_says_what_is_left_of_it() {
    let site = TestSite::start().await;
    let letters = format!("{}X{}", "A".repeat(600), "A".repeat(3000));
    with_history(&site, spec("shop"), 3 * DAY, &[&letters]).await;
    let retention = Retention { beats: Duration::from_hours(26), ..Retention::default() };
    aggregate_due(&site.store, site.clock.now(), retention).await.unwrap();
    let mut rob = site.reader().await;
    let page = rob.get("/projects/shop/beats/heartbeat/2026-11-21T13:10Z").await;
    assert_well_formed(page.page());
    let told = words(&page);
    assert!(told.contains("Lost; its hour is aggregated") && told.contains("The response is older than its retention."), "{told}");
    let (_, story) = ask(&site, "/api/v1/projects/shop/beats/heartbeat/2026-11-21T13:10Z").await;
    assert_eq!((story["stored"].as_str(), story["outcome"].as_str(), &story["record"]), (Some("aggregated"), Some("lost"), &Value::Null));
    let listed = rob.get("/projects/shop/beats?outcome=lost").await;
    let (_, found) = ask(&site, "/api/v1/projects/shop/beats?outcome=lost&before=2026-11-22T12:00Z").await;
    assert!(listed.page().contains("Older →"), "a list reads a bounded stretch: {}", words(&listed));
    assert_eq!(
        (found["items"][0]["minute"].as_str(), found["items"][0]["stored"].as_str()),
        (Some("2026-11-21T13:10:00.000Z"), Some("aggregated"))
    );
}

#[tokio::test]
async fn the_list_goes_back_in_time_and_lists_each_minute_once() {
    let site = TestSite::start().await;
    let letters = "AAXA_AALRA".repeat(20);
    with_history(&site, spec_with_routes("shop", &["proxy"]), 230, &[&letters, &letters, "", &letters]).await;
    let token = site.token(Role::Viewer).await;
    let mut program = site.stranger();
    let (mut minutes, mut after) = (Vec::new(), String::new());
    loop {
        let (status, page) = ask_with(&mut program, &token, &format!("/api/v1/projects/shop/beats?limit=50&route=proxy{after}")).await;
        assert_eq!(status, StatusCode::OK, "{page}");
        let items = page["items"].as_array().unwrap();
        minutes
            .extend(items.iter().map(|beat| (beat["minute"].as_str().unwrap().to_owned(), beat["outcome"].as_str().unwrap().to_owned())));
        let Some(next) = page["next"].as_str() else { break };
        after = format!("&after={next}");
    }
    assert_eq!(minutes.len(), 231, "each minute since it was set up, and the one that is under way");
    assert!(minutes.windows(2).all(|pair| pair[0].0 > pair[1].0), "newest first, none twice");
    let count = |outcome: &str| minutes.iter().filter(|(_, found)| found == outcome).count();
    assert_eq!((count("lost"), count("rejected"), count("late"), count("not_sent"), count("arrived")), (20, 20, 20, 51, 120));
    let (_, all) = ask_with(&mut program, &token, "/api/v1/projects/shop/beats?limit=50").await;
    assert_eq!(all["items"].as_array().unwrap().len(), 51, "three of the minute under way and twelve minutes of four: none is torn apart");
    let (_, rejected) = ask_with(&mut program, &token, "/api/v1/projects/shop/beats?outcome=rejected&limit=3").await;
    assert_eq!(rejected["items"][0]["evidence"][0], "503 `<b>no upstream</b> & no hope` [server: envoy]");
    assert!(rejected["items"].as_array().unwrap().iter().all(|beat| beat["outcome"] == "rejected"));
}

#[tokio::test]
async fn the_list_is_sifted_by_a_form_and_says_what_it_found() {
    let site = TestSite::start().await;
    let letters = "AAXA_AALRA".repeat(20);
    with_history(&site, spec_with_routes("shop", &["proxy"]), 230, &[&letters, "", "", ""]).await;
    let mut ann = site.writer().await;
    let page = ann.get("/projects/shop/beats?route=heartbeat&outcome=rejected&before=2026-11-23T15%3A00").await;
    assert_well_formed(page.page());
    assert!(
        page.text.contains("<option selected>heartbeat</option>")
            && page.text.contains("<option value=\"rejected\" selected>rejected</option>")
    );
    assert!(page.text.contains("value=\"2026-11-23T15:00\"") && page.text.contains("&#60;b&#62;no upstream"), "{}", page.text);
    let told = words(&page);
    assert!(told.contains("14:59\nheartbeat\nrejected\n503\n62ms\n–") && !told.contains("15:09"), "{told}");
    let empty = ann.get("/projects/shop/beats?route=proxy&outcome=late").await;
    assert!(words(&empty).contains("No recorded beat matches."), "{}", words(&empty));
    with_history(&site, spec("new"), 0, &[]).await;
    assert!(words(&ann.get("/projects/new/beats").await).contains("Heartbeat sends one beat a minute once it is installed and enabled."));
}

#[tokio::test]
async fn what_is_no_beat_is_rejected_in_words() {
    let site = TestSite::start().await;
    with_history(&site, spec("shop"), 60, &["A"]).await;
    let mut ann = site.writer().await;
    let beats = "/projects/shop/beats";
    for (path, status, says) in [
        (format!("{beats}/none/2026-11-23T15:10Z"), StatusCode::NOT_FOUND, "no route of shop `none`"),
        (format!("{beats}/heartbeat/now"), StatusCode::UNPROCESSABLE_ENTITY, "`now` is not a minute; use the format `2026-11-23T15:10Z`"),
        (format!("{beats}/heartbeat/2026-11-23T15:10:07Z"), StatusCode::UNPROCESSABLE_ENTITY, "is not a minute"),
        (format!("{beats}/heartbeat/2026-11-23T13:00Z"), StatusCode::NOT_FOUND, "none was due"),
        (format!("{beats}/heartbeat/2027-01-01T00:00Z"), StatusCode::NOT_FOUND, "none was due"),
        (format!("{beats}/heartbeat/9999-12-30T00:00Z"), StatusCode::NOT_FOUND, "none was due"),
        (format!("{beats}/heartbeat/-009999-01-03T00:00Z"), StatusCode::NOT_FOUND, "none was due"),
        (format!("{beats}?outcome=%3Ci%3E"), StatusCode::UNPROCESSABLE_ENTITY, "is not an outcome; use one of not_sent, arrived"),
        (format!("{beats}?route=none"), StatusCode::NOT_FOUND, "no route of shop"),
        (format!("{beats}?before=yesterday"), StatusCode::UNPROCESSABLE_ENTITY, "`yesterday` is not a minute"),
        ("/projects/none/beats".to_owned(), StatusCode::NOT_FOUND, "no project `none`"),
    ] {
        let told = ann.get(&path).await;
        assert_eq!(told.status, status, "{path}: {}", told.text);
        assert!(told.in_backticks().contains(says) && !told.text.contains("<i>"), "{path}: {}", told.text);
        let (of_api, problem) = ask(&site, &format!("/api/v1{path}")).await;
        assert_eq!(of_api, status, "{path}: {problem}");
        assert!(problem["detail"].as_str().unwrap().contains(says.trim_start_matches("is not an outcome")), "{path}: {problem}");
    }
    let (status, problem) = ask(&site, "/api/v1/projects/shop/beats?after=never").await;
    assert_eq!((status, problem["errors"][0]["field"].as_str()), (StatusCode::UNPROCESSABLE_ENTITY, Some("after")));
}
