//! What machines ask: health, readiness, the description of the API, embedded files.

use std::time::Duration;

use heartbeat::clock::Clock;
use heartbeat::config::WebSettings;
use heartbeat::liveness::Loop;
use heartbeat::web::ConnectionLimits;
use reqwest::StatusCode;
use sqlx::{Connection as _, Executor as _, PgConnection};

use super::bed::{Shown, TestSite};
use crate::store::bed::Bed;

#[tokio::test]
async fn it_is_ready_while_every_loop_keeps_up() {
    let site = TestSite::start().await;
    let mut balancer = site.stranger();
    assert_eq!(balancer.get("/healthz").await.page(), "ok\n");
    let before = balancer.get("/readyz").await;
    assert_eq!(before.status, StatusCode::SERVICE_UNAVAILABLE, "no loop has given a sign of life");
    for of in Loop::ALL {
        site.liveness.sign(of, site.clock.now());
    }
    assert!(balancer.get("/readyz").await.page().contains("\"ready\":true"));
    site.hand.advance(Duration::from_mins(6));
    site.liveness.sign(Loop::Verify, site.clock.now());
    site.liveness.sign(Loop::Notify, site.clock.now());
    let behind = balancer.get("/readyz").await;
    assert_eq!(behind.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(behind.text.contains(r#"{"name":"pulse","behind_ms":360000,"deadline_ms":300000,"ok":false}"#), "{}", behind.text);
}

/// A site on PostgreSQL whose loops all keep up.
async fn on_postgres(bed: Bed) -> TestSite {
    let site = TestSite::over(bed, WebSettings::default(), ConnectionLimits::for_descriptors(1_024)).await;
    for of in Loop::ALL {
        site.liveness.sign(of, site.clock.now());
    }
    site
}

/// What a balancer hears, which waits for no more than this.
async fn hears(site: &TestSite) -> Shown {
    let mut balancer = site.stranger();
    Clock::real_timeout(Duration::from_secs(8), balancer.get("/readyz")).await.expect("readiness is answered in time")
}

#[tokio::test]
async fn it_is_not_ready_while_the_store_hangs_and_says_so_in_time() {
    let bed = Bed::postgres().await;
    let mut other = PgConnection::connect(&bed.address).await.unwrap();
    let site = on_postgres(bed).await;
    assert!(hears(&site).await.page().contains(r#""ready":true,"store":"ok""#));
    other.execute("BEGIN; LOCK TABLE heartbeat_meta, beats IN SHARE MODE").await.unwrap();
    let locked = hears(&site).await;
    assert_eq!(locked.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(locked.text.contains(r#""ready":false,"store":"does not answer""#), "{}", locked.text);
    other.execute("ROLLBACK").await.unwrap();
    assert!(hears(&site).await.page().contains(r#""store":"ok""#));
}

#[tokio::test]
async fn it_is_not_ready_on_a_database_that_only_reads() {
    let bed = Bed::postgres().await;
    drop(bed.open().await);
    let name = bed.address.split('?').next().unwrap().rsplit('/').next().unwrap().to_owned();
    bed.execute(&format!("ALTER DATABASE {name} SET default_transaction_read_only = on")).await;
    let site = on_postgres(bed).await;
    let standby = hears(&site).await;
    assert_eq!(standby.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(standby.text.contains(r#""store":"cannot be written to""#), "{}", standby.text);
}

#[tokio::test]
async fn the_description_of_the_api_is_the_one_that_is_committed() {
    let site = TestSite::start().await;
    let served = site.stranger().get("/api/openapi.json").await;
    let committed = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/openapi.json")).unwrap_or_default();
    let fresh = concat!(env!("CARGO_TARGET_TMPDIR"), "/openapi.json");
    std::fs::write(fresh, served.page()).unwrap();
    assert!(served.page() == committed, "the API is not as docs/openapi.json describes it; if it should be: cp {fresh} docs/openapi.json");
    assert!(committed.contains("\"openapi\": \"3.1.0\""));
}

#[tokio::test]
async fn embedded_files_may_be_kept_for_ever_and_a_first_page_is_small() {
    let site = TestSite::start().await;
    let mut browser = site.stranger();
    let page = browser.get("/login").await;
    let files: Vec<String> = page.page().split('"').filter(|part| part.starts_with("/assets/")).map(str::to_owned).collect();
    assert!(files.len() >= 4, "{files:?}");
    let mut bytes = page.text.len();
    for file in &files {
        let file = browser.get(file).await;
        assert!(file.header("cache-control").contains("immutable"));
        bytes += file.page().len();
    }
    assert!(bytes < 100_000, "{bytes} bytes");
    assert_eq!(browser.get("/assets/000000000000/nothing.js").await.status, StatusCode::NOT_FOUND);
}
