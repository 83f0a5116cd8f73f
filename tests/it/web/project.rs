//! A project's own page.

use heartbeat::model::{IncidentKind, Outcome, ReadbackError, ReadbackErrorKind, ResponseExcerpt, Severity};
use reqwest::StatusCode;
use serde_json::Value;

use super::bed::{Shown, TestSite};
use super::history::{assert_well_formed, with_history, without, words};
use crate::store::samples::{incident, open_incident, readback, spec, spec_with_routes};

/// So long that days are full.
const LONG: i64 = 3 * 24 * 60;

#[tokio::test]
async fn a_project_is_described_in_words_beside_every_shape() {
    let site = TestSite::start().await;
    let letters = format!("{}LXRU?u.", "A".repeat(200));
    with_history(&site, spec("shop"), 300, &[&letters]).await;
    let page = site.writer().await.get("/projects/shop").await;
    page.page();
    assert_well_formed(&page.text);
    // The tables behind the strips and the chart are long.
    let short = Shown { text: without(&page.text, "details"), ..page.clone() };
    insta::assert_snapshot!("project", words(&short));
    for outcome in
        [Outcome::Arrived, Outcome::Late, Outcome::Lost, Outcome::Rejected, Outcome::Unreachable, Outcome::Unverified, Outcome::Awaiting]
    {
        assert!(page.text.contains(&format!("url(#o-{outcome})")), "{outcome}");
    }
    assert!(page.text.contains("data-live=\"/live?project=shop\""), "it is live");
    assert!(words(&page).contains("arrived since 2026-11-23 11:44 UTC"), "the figures do not cover their periods: {}", page.text);
    assert!(page.text.contains("href=\"/projects/shop/beats/heartbeat/2026-11-23T15:05Z\""), "{}", page.text);
    // Without JavaScript times are UTC, and say so; the instant is there for the switch to the browser's zone.
    let ends = "<span><time datetime=\"2026-11-23T15:10:00.000Z\">15:10</time> <span data-zone>UTC</span></span>";
    assert!(page.text.contains(ends) && page.text.contains("<title>15:05 UTC "), "{}", page.text);
    assert!(!page.text.contains("phx_secret"));
}

#[tokio::test]
async fn a_project_that_has_nothing_yet_says_so_and_is_not_red() {
    let site = TestSite::start().await;
    with_history(&site, spec("shop"), 0, &[]).await;
    let page = site.reader().await.get("/projects/shop").await;
    assert_well_formed(page.page());
    let words = words(&page);
    for says in ["The first beat is on its way.", "pending", "no data yet", "No beat was due."] {
        assert!(words.contains(says), "`{says}` is not in\n{words}");
    }
    assert!(!words.contains("down"), "{words}");
    let mut not_installed = spec("bare");
    not_installed.heartbeat = None;
    with_history(&site, not_installed, 0, &[]).await;
    let page = site.reader().await.get("/projects/bare").await;
    assert_well_formed(page.page());
    assert!(super::history::words(&page).contains("Heartbeat is not installed on this project: no beats are sent."));
    let page = site.writer().await.get("/projects/bare").await;
    assert!(
        page.page().contains("<a class=\"button primary\" href=\"/projects/bare/apps/heartbeat\">Install Heartbeat</a>"),
        "{}",
        page.text
    );
}

#[tokio::test]
async fn headings_of_a_project_skip_no_level() {
    let site = TestSite::start().await;
    with_history(&site, spec_with_routes("shop", &["proxy"]), 60, &["AAXA", "ARAA"]).await;
    let mut ann = site.writer().await;
    for place in
        ["", "/beats", "/beats/heartbeat/2026-11-23T15:09Z", "/rules", "/apps", "/apps/heartbeat", "/apps/heartbeat/metrics", "/settings"]
    {
        let page = ann.get(&format!("/projects/shop{place}")).await;
        let levels = page.page().split("<h").skip(1).filter_map(|rest| rest.chars().next()?.to_digit(10)).collect::<Vec<_>>();
        assert_eq!(levels.iter().filter(|level| **level == 1).count(), 1, "{place}: {levels:?}");
        assert!(levels[0] == 1 && levels.windows(2).all(|pair| pair[1] <= pair[0] + 1), "{place}: {levels:?}");
    }
}

#[tokio::test]
async fn of_several_routes_the_worst_stands_on_top_and_leads_to_the_beat_that_it_is_of() {
    let site = TestSite::start().await;
    with_history(&site, spec_with_routes("shop", &["proxy"]), LONG, &["AAAA", "AAAA", "AAAA", "ARAA"]).await;
    let page = site.writer().await.get("/projects/shop").await;
    assert_well_formed(page.page());
    let (_, strips) = page.text.split_once("All routes, worst outcome per minute").unwrap();
    let (worst, routes) = strips.split_once("</svg>").unwrap();
    let marked = |minute: i64, route: &str| format!("/projects/shop/beats/{route}/2026-11-23T15:{:02}Z", 10 + minute);
    assert!(worst.contains(&marked(-2, "proxy")) && worst.contains("<title>15:08 UTC rejected</title>"), "{worst}");
    assert!(worst.contains(&marked(-1, "heartbeat")) && !worst.contains(&marked(-1, "proxy")), "the first of those that are alike");
    assert!(
        routes.contains(&marked(-2, "heartbeat_api"))
            && routes.contains("aria-label=\"Last hour, proxy: 3 arrived, 1 rejected, 56 not sent\"")
    );
    let words = words(&page);
    assert!(words.contains("proxy proxy beat · v1 · https://example.com/ingest/ · proxy {minute}"), "{words}");
}

#[tokio::test]
async fn a_failure_says_what_to_do_and_leads_to_its_incident() {
    let site = TestSite::start().await;
    let project = with_history(&site, spec("shop"), LONG, &["AAARRR"]).await;
    let opened = open_incident(&site.store, incident(&project, IncidentKind::Ingestion, 0)).await;
    let page = site.reader().await.get("/projects/shop").await;
    assert_well_formed(page.page());
    let (number, words) = (opened.id.unwrap().0, words(&page));
    assert!(page.text.contains("class=\"verdict down\""), "{words}");
    assert!(
        words.contains("Beats do not arrive. PostHog Cloud's edge answers 503") && words.contains("Look at PostHog's status page"),
        "{words}"
    );
    assert!(page.text.contains(&format!("href=\"/incidents/{number}\"")) && words.contains(Severity::Critical.name()));
}

#[tokio::test]
async fn a_readback_that_failed_is_reported_with_its_words() {
    let site = TestSite::start().await;
    let project = with_history(&site, spec("shop"), LONG, &["AAA"]).await;
    let at = site.clock.now();
    let excerpt = ResponseExcerpt { status: 403, words: "<i>missing scope</i> query:read".into(), ..ResponseExcerpt::default() };
    let failure = ReadbackError { kind: ReadbackErrorKind::KeyForbidden, excerpt, retry_after: None, note: None };
    let failed = heartbeat::model::Readback { result: Err(failure), failing_since: Some(at), ..readback(&project, at) };
    site.store.settle(&failed, &[], &[]).await.unwrap();
    let page = site.reader().await.get("/projects/shop").await;
    assert_well_formed(page.page());
    let words = words(&page);
    assert!(words.contains("403 <i>missing scope</i> query:read") && words.contains("Failing since"), "{words}");
    assert!(words.contains("The personal API key may not query this project"), "{words}");
}

#[tokio::test]
async fn the_chart_reads_what_the_table_shows() {
    let site = TestSite::start().await;
    let letters = "A".repeat(50) + "LLLLLLLLLL";
    with_history(&site, spec_with_routes("shop", &["proxy"]), LONG, &[&letters, "AA"]).await;
    let mut ann = site.writer().await;
    let page = ann.get("/projects/shop?range=1h&route=heartbeat").await;
    assert!(page.page().contains("data-src=\"/projects/shop/lag.json?range=1h&#38;route=heartbeat\""), "{}", page.text);
    let words = words(&page);
    assert!(words.contains("one minute per row, newest first") && words.contains("15:10\n3m 20s\n3m 20s\n3m 20s\n1\nlate"), "{words}");
    let data = ann.get("/projects/shop/lag.json?range=1h&route=heartbeat").await;
    let data: Value = serde_json::from_str(data.page()).unwrap();
    let points = data["points"].as_array().unwrap();
    assert_eq!((points.len(), data["step_minutes"].as_i64()), (60, Some(1)));
    assert_eq!((points[0]["start"].as_str(), points[0]["p50_ms"].as_u64()), (Some("2026-11-23T14:11:00.000Z"), Some(2000)));
    assert_eq!((points[59]["p99_ms"].as_u64(), points[59]["worst"].as_str()), (Some(200_000), Some("late")));
    let both: Value = serde_json::from_str(ann.get("/projects/shop/lag.json?range=1h").await.page()).unwrap();
    assert_eq!(both["points"][59]["count"].as_u64(), Some(2));
    for range in ["24h", "7d", "30d", "90d"] {
        let data: Value = serde_json::from_str(ann.get(&format!("/projects/shop/lag.json?range={range}")).await.page()).unwrap();
        let points = data["points"].as_array().unwrap();
        let count: u64 = points.iter().map(|point| point["count"].as_u64().unwrap()).sum();
        assert!((30..=300).contains(&points.len()) && count == 62, "{range}: {} points, {count} beats", points.len());
    }
}

#[tokio::test]
async fn what_cannot_be_asked_is_rejected_in_words() {
    let site = TestSite::start().await;
    with_history(&site, spec("shop"), LONG, &["A"]).await;
    let mut ann = site.writer().await;
    for (path, status, says) in [
        ("/projects/none", StatusCode::NOT_FOUND, "There is no project `none`."),
        ("/projects/%3Cb%3E", StatusCode::NOT_FOUND, "There is no project"),
        ("/projects/shop?range=2h", StatusCode::UNPROCESSABLE_ENTITY, "`2h` is not a range; use 1h, 24h, 7d, 30d or 90d"),
        ("/projects/shop?route=none", StatusCode::NOT_FOUND, "There is no route of shop `none`."),
        ("/projects/shop/lag.json?range=x", StatusCode::UNPROCESSABLE_ENTITY, "`x` is not a range"),
        ("/projects/shop/lag.json?route=%3Cb%3E", StatusCode::NOT_FOUND, "no route of shop"),
    ] {
        let told = ann.get(path).await;
        assert_eq!(told.status, status, "{path}");
        assert!(told.in_backticks().contains(says), "{path}: {}", told.text);
        assert!(!told.text.contains("<b>"), "what stood in the address is text");
    }
    assert_eq!(site.stranger().get("/projects/shop").await.location(), "/login?to=%2Fprojects%2Fshop");
    assert_eq!(site.stranger().get("/projects/none").await.location(), "/login?to=%2Fprojects%2Fnone", "strangers hear of no project");
}
