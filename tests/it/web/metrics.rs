//! What Prometheus scrapes, and the rules that are shipped for it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use heartbeat::config::WebSettings;
use heartbeat::liveness::Loop;
use heartbeat::model::{IncidentKind, Outcome, Project, ProjectSpec, Recorded, Role, Settled};
use reqwest::{Method, StatusCode};

use super::bed::{NOW, TestSite};
use super::history::{now, with_history};
use crate::report::world::beat;
use crate::store::samples::{incident, name, open_incident, readback, spec, spec_with_routes, webhook};
use crate::support::prometheus::Prometheus;
use crate::support::promtool::promtool;

const OPENMETRICS: &str = "application/openmetrics-text;version=1.0.0";

/// A site that everybody may scrape.
async fn open_site(metrics_projects: &[&str]) -> TestSite {
    let metrics_projects = metrics_projects.iter().map(|project| name(project)).collect();
    TestSite::with(WebSettings { open_metrics: true, metrics_projects, ..WebSettings::default() }).await
}

async fn scrape(site: &TestSite, accept: &str) -> String {
    let mut scraper = site.stranger();
    let request = scraper.request(Method::GET, "/metrics").header("accept", accept);
    scraper.send(request).await.page().to_owned()
}

/// Each series with its value.
async fn series(site: &TestSite) -> BTreeMap<String, f64> {
    let text = scrape(site, "").await;
    let samples = text.lines().filter(|line| !line.starts_with('#')).map(|line| line.rsplit_once(' ').unwrap());
    let all: BTreeMap<String, f64> = samples.clone().map(|(series, value)| (series.to_owned(), value.parse().unwrap())).collect();
    assert_eq!(all.len(), samples.count(), "no series is there twice");
    all
}

/// What looks make of the project's last minutes, on its first route: letters as in the histories.
async fn settle(site: &TestSite, project: &Project, letters: &str) {
    let from = now().plus(1 - letters.chars().count() as i64);
    let beats = (0..).zip(letters.chars()).filter_map(|(at, letter)| beat(project.routes[0].id, from.plus(at), letter));
    let settled: Vec<Settled> = beats
        .map(|Recorded { route, minute, outcome, missed, seen, ingested, copies, .. }| Settled {
            route,
            minute,
            outcome,
            missed,
            seen,
            ingested,
            copies,
        })
        .collect();
    site.store.settle(&readback(project, site.clock.now()), &settled, &[]).await.unwrap();
}

/// A site with all that there can be.
async fn with_everything(metrics_projects: &[&str]) -> TestSite {
    let site = open_site(metrics_projects).await;
    let alert = Some(heartbeat::model::IngestionAlertApp::default());
    let shop =
        with_history(&site, ProjectSpec { ingestion_alert: alert, ..spec_with_routes("shop", &["q\"u\\o\nte"]) }, 60, &["......"]).await;
    settle(&site, &shop, "AALX").await;
    site.store.apply(&[spec("new")], &[], site.clock.now()).await.unwrap();
    open_incident(&site.store, incident(&shop, IncidentKind::Ingestion, 0)).await;
    site.store.apply_channels(&[webhook("ops")], &[]).await.unwrap();
    site.liveness.did(Loop::Pulse, 3);
    site
}

#[tokio::test]
async fn metrics_take_a_token_unless_they_are_open() {
    let site = TestSite::start().await;
    let mut prometheus = site.stranger();
    let rejected = prometheus.get("/metrics").await;
    assert_eq!((rejected.status, rejected.header("www-authenticate")), (StatusCode::UNAUTHORIZED, "Bearer"));
    assert!(rejected.text.contains("Authorization: Bearer") && rejected.text.contains("heartbeat tokens add"), "{}", rejected.text);
    let token = site.token(Role::Viewer).await;
    let request = prometheus.request(Method::GET, "/metrics").header("authorization", format!("Bearer {token}"));
    let scraped = prometheus.send(request).await;
    assert_eq!(scraped.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    scraped.page();
    let wrong = prometheus.request(Method::GET, "/metrics").header("authorization", "Bearer hb_wrong");
    assert_eq!(prometheus.send(wrong).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn every_project_has_its_series_also_one_that_never_had_a_beat() {
    let site = with_everything(&[]).await;
    let series = series(&site).await;
    for (name, value) in [
        (r#"heartbeat_beats_total{project="shop",route="heartbeat",outcome="arrived"}"#, 2.0),
        (r#"heartbeat_beats_total{project="shop",route="heartbeat",outcome="late"}"#, 1.0),
        (r#"heartbeat_beats_total{project="shop",route="heartbeat",outcome="lost"}"#, 1.0),
        (r#"heartbeat_beats_total{project="shop",route="q\"u\\o\nte",outcome="lost"}"#, 0.0),
        (r#"heartbeat_beats_total{project="new",route="heartbeat",outcome="unreachable"}"#, 0.0),
        (r#"heartbeat_lag_seconds_bucket{project="shop",le="1.0"}"#, 0.0),
        (r#"heartbeat_lag_seconds_bucket{project="shop",le="2.5"}"#, 2.0),
        (r#"heartbeat_lag_seconds_bucket{project="shop",le="300.0"}"#, 3.0),
        (r#"heartbeat_lag_seconds_bucket{project="shop",le="+Inf"}"#, 3.0),
        (r#"heartbeat_lag_seconds_sum{project="shop"}"#, 204.0),
        (r#"heartbeat_lag_seconds_count{project="new"}"#, 0.0),
        (r#"heartbeat_last_arrival_timestamp_seconds{project="new"}"#, 0.0),
        (r#"heartbeat_last_arrival_timestamp_seconds{project="shop"}"#, (now().plus(-1).start().ms() / 1000 + 205) as f64),
        (r#"heartbeat_incidents_open{project="shop",kind="ingestion",severity="critical"}"#, 1.0),
        (r#"heartbeat_incidents_open{project="shop",kind="traffic",severity="info"}"#, 0.0),
        (r#"heartbeat_enabled{project="new"}"#, 1.0),
        (r#"heartbeat_health{project="shop",health="down"}"#, 1.0),
        (r#"heartbeat_channel_stopped{channel="ops"}"#, 0.0),
        (r#"heartbeat_done_total{loop="pulse"}"#, 3.0),
        ("heartbeat_projects", 2.0),
        ("heartbeat_projects_left_out", 0.0),
        (concat!(r#"heartbeat_build_info{version=""#, env!("CARGO_PKG_VERSION"), r#""}"#), 1.0),
        ("process_start_time_seconds", heartbeat::model::Timestamp::parse(NOW).unwrap().ms() as f64 / 1e3),
    ] {
        assert_eq!(series.get(name), Some(&value), "{name} in {series:#?}");
    }
    assert!(!series.keys().any(|name| name.contains(r#"kind="ingestion""#) && name.contains(r#"project="new""#)), "no alert is installed");
}

#[tokio::test]
async fn a_loop_is_behind_only_when_it_is_late() {
    let site = open_site(&[]).await;
    let behind = async |of: &str| series(&site).await.get(&format!("heartbeat_behind_seconds{{loop=\"{of}\"}}")).copied();
    site.hand.advance(Duration::from_secs(30));
    for of in Loop::ALL {
        assert_eq!(behind(of.name()).await, Some(0.0), "it has just begun");
        site.liveness.sign(of, site.clock.now());
    }
    site.hand.advance(Duration::from_mins(10));
    assert_eq!((behind("retention").await, behind("pulse").await, behind("verify").await), (Some(0.0), Some(480.0), Some(540.0)));
}

#[tokio::test]
async fn the_newest_lag_grows_while_nothing_arrives() {
    let site = open_site(&[]).await;
    let lag = async |project: &str| series(&site).await.get(&format!("heartbeat_newest_lag_seconds{{project=\"{project}\"}}")).copied();
    with_history(&site, spec("shop"), 60, &["AAAAA"]).await;
    with_history(&site, spec("new"), 0, &[]).await;
    assert_eq!((lag("shop").await, lag("new").await), (Some(2.0), None));
    // Sent two minutes ago at :05, and missed since; what came of the newer ones changes nothing.
    let slow = with_history(&site, spec("slow"), 60, &["...wR."]).await;
    settle(&site, &slow, "AAAwR.").await;
    assert_eq!(lag("slow").await, Some(122.0));
    site.hand.advance(Duration::from_mins(7));
    assert_eq!(lag("slow").await, Some(542.0));
    site.hand.advance(Duration::from_hours(40));
    assert_eq!(lag("slow").await, Some(144_600.0), "what arrived last is not forgotten after a day");
    let off = ProjectSpec { heartbeat: None, ..spec("slow") };
    site.store.apply(&[off], &[], site.clock.now()).await.unwrap();
    assert_eq!(lag("slow").await, None);
}

#[tokio::test]
async fn a_setting_says_which_projects_have_series_of_their_own() {
    let site = with_everything(&["new", "none"]).await;
    let series = series(&site).await;
    assert_eq!((series["heartbeat_projects"], series["heartbeat_projects_left_out"]), (2.0, 1.0));
    assert_eq!(series.get(r#"heartbeat_incidents_open{project="",kind="ingestion",severity="critical"}"#), Some(&1.0));
    assert!(!series.keys().any(|name| name.contains(r#"project="shop""#)), "{series:#?}");
    assert!(series.contains_key(r#"heartbeat_enabled{project="new"}"#));
}

#[tokio::test]
async fn over_the_limit_the_oldest_keep_their_series() {
    let site = open_site(&[]).await;
    let some = |from: usize, to: usize| -> Vec<ProjectSpec> { (from..to).map(|number| spec(&format!("p{}", 2000 - number))).collect() };
    site.store.apply(&some(0, 1000), &[], site.clock.now()).await.unwrap();
    let before = series(&site).await;
    assert_eq!(before.get("heartbeat_projects_left_out"), Some(&0.0));
    site.store.apply(&some(1000, 1003), &[], site.clock.now()).await.unwrap();
    let after = series(&site).await;
    assert_eq!((after["heartbeat_projects"], after["heartbeat_projects_left_out"]), (1003.0, 3.0));
    assert_eq!(before.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>());
}

#[tokio::test]
async fn both_expositions_are_valid() {
    let site = with_everything(&[]).await;
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (is_well, said) = promtool(&["check", "metrics"], here, &scrape(&site, "").await);
    assert!(is_well && said.is_empty(), "{said}");

    let openmetrics = scrape(&site, OPENMETRICS).await;
    assert!(openmetrics.ends_with("# EOF\n"));
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("openmetrics.txt");
    std::fs::write(&file, &openmetrics).unwrap();
    let parse = "import sys; from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse\n\
                 print(sorted(sample.name for family in parse(open(sys.argv[1]).read()) for sample in family.samples))";
    let python = here.join(".venv/bin/python");
    let parsed = Command::new(&python).args(["-c", parse]).arg(&file).output();
    let parsed = parsed.unwrap_or_else(|error| panic!("{}: {error}: run bin/test, which sets up what the tests need", python.display()));
    assert!(parsed.status.success(), "{}", String::from_utf8_lossy(&parsed.stderr));
    assert!(String::from_utf8_lossy(&parsed.stdout).contains("heartbeat_beats_total"));
}

/// Where the rules are.
fn rules() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("contrib/prometheus")
}

#[test]
fn the_shipped_rules_pass_their_own_tests() {
    for arguments in [["check", "rules", "rules.yml"], ["test", "rules", "rules_test.yml"]] {
        let (is_well, said) = promtool(&arguments, &rules(), "");
        assert!(is_well, "{said}");
    }
}

#[tokio::test]
async fn the_shipped_rules_ask_for_metrics_that_there_are() {
    let site = with_everything(&[]).await;
    let given: BTreeSet<String> = series(&site).await.into_keys().map(|name| name.split('{').next().unwrap().to_owned()).collect();
    let rules = std::fs::read_to_string(rules().join("rules.yml")).unwrap();
    let words = rules.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_'));
    let asked: BTreeSet<&str> = words.filter(|word| word.starts_with("heartbeat_")).collect();
    assert!(asked.len() >= 6, "{asked:?}");
    let missing: Vec<_> = asked.into_iter().filter(|name| !given.contains(*name)).collect();
    assert!(missing.is_empty(), "/metrics does not give {missing:?}, only {given:?}");
    // Outcomes and healths that rules name are ours.
    for outcome in ["arrived", "late", "lost", "rejected", "unreachable"] {
        assert!(Outcome::ALL.iter().any(|one| one.name() == outcome), "{outcome}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prometheus_scrapes_it_and_takes_the_rules() {
    let site = with_everything(&[]).await;
    let token = site.token(Role::Viewer).await;
    let prometheus = Prometheus::scraping(&site.address.to_string(), &token, &rules().join("rules.yml").display().to_string()).await;
    let value = |answer: &serde_json::Value| answer["data"]["result"][0]["value"][1].as_str().map(str::to_owned);
    let query = "/api/v1/query?query=heartbeat_beats_total%7Boutcome%3D%22lost%22%2Cproject%3D%22shop%22%2Croute%3D%22heartbeat%22%7D";
    assert_eq!(prometheus.wait_for(query, value).await, "1");
    let healths = |answer: &serde_json::Value| {
        let rules = answer["data"]["groups"][0]["rules"].as_array()?;
        rules.iter().all(|rule| rule["health"] == "ok").then_some(rules.len())
    };
    assert_eq!(prometheus.wait_for("/api/v1/rules", healths).await, 6);
}
