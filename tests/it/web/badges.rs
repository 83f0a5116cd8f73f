//! Badges: who sees which, and what stands in them.

use heartbeat::model::{Role, StatusPage};
use reqwest::{Method, StatusCode};

use super::bed::{Shown, TestSite};
use super::history::{assert_well_formed, with_history};
use crate::store::samples::{name, put_status_page, spec};

async fn put_page(site: &TestSite, text: &str, projects: &[&str], public: bool) {
    let projects = projects.iter().map(|project| name(project)).collect();
    let page = StatusPage { name: name(text), title: text.to_uppercase(), projects, public };
    put_status_page(&site.store, page).await;
}

/// The badge's words, as its title has them.
fn title(shown: &Shown) -> &str {
    assert_eq!(shown.header("content-type"), "image/svg+xml", "{}", shown.text);
    let (_, rest) = shown.text.split_once("<title>").unwrap();
    rest.split_once("</title>").unwrap().0
}

#[tokio::test]
async fn each_badge_says_one_thing() {
    let site = TestSite::start().await;
    let letters = "A".repeat(99) + "X" + &"A".repeat(20) + ".";
    with_history(&site, spec("shop"), 240, &[&letters]).await;
    let mut rob = site.reader().await;
    for (show, says) in [
        ("", "shop: up"),
        ("?show=status", "shop: up"),
        ("?show=uptime", "shop uptime, 30 days: 99.16 %, since 2026-11-23 13:10 UTC"),
        ("?show=lag", "shop lag: 2.0s"),
        ("?show=complete-through", "shop complete through: 14:48 UTC"),
    ] {
        let badge = rob.get(&format!("/badge/shop.svg{show}")).await;
        assert_eq!(title(&badge), says);
        assert_well_formed(badge.page());
        assert_eq!((badge.header("cache-control"), badge.header("cross-origin-resource-policy")), ("private, max-age=60", "cross-origin"));
        assert!(!badge.text.contains("style") && !badge.text.contains("script"), "the policy would not let it through");
    }
    let wrong = rob.get("/badge/shop.svg?show=%3Cb%3E").await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.text.contains("use one of status, uptime, lag, complete-through") && !wrong.text.contains("<b>"), "{}", wrong.text);
    with_history(&site, spec("new"), 0, &[]).await;
    for (show, says) in [
        ("status", "new: pending"),
        ("uptime", "new uptime, 30 days: no data yet"),
        ("lag", "new lag: no data yet"),
        ("complete-through", "new complete through: no data yet"),
    ] {
        assert_eq!(title(&rob.get(&format!("/badge/new.svg?show={show}")).await), says);
    }
}

#[tokio::test]
async fn the_public_sees_what_a_public_status_page_shows_and_cannot_distinguish_the_rest_from_nothing() {
    let site = TestSite::start().await;
    for project in ["shop", "blog", "lab"] {
        with_history(&site, spec(project), 60, &["AAA"]).await;
    }
    put_page(&site, "all", &["shop", "blog"], true).await;
    put_page(&site, "inner", &["lab"], false).await;
    let mut stranger = site.stranger();
    for seen in ["shop", "blog", "all"] {
        let badge = stranger.get(&format!("/badge/{seen}.svg")).await;
        assert_eq!((badge.status, title(&badge)), (StatusCode::OK, format!("{seen}: up").as_str()));
        assert_eq!(badge.header("cache-control"), "public, max-age=60");
        let ask = |tags: &str| stranger.request(Method::GET, &format!("/badge/{seen}.svg")).header("if-none-match", tags);
        let (same, other) = (ask(&format!("\"old\", {}", badge.header("etag"))), ask("\"old\""));
        let same = stranger.send(same).await;
        assert_eq!((same.status, same.text.as_str()), (StatusCode::NOT_MODIFIED, ""));
        assert_eq!((same.header("etag"), same.header("cache-control")), (badge.header("etag"), "public, max-age=60"));
        assert_eq!(stranger.send(other).await.status, StatusCode::OK);
    }
    let nothing = stranger.get("/badge/none.svg").await;
    assert_eq!((nothing.status, title(&nothing)), (StatusCode::NOT_FOUND, "heartbeat: unknown"));
    for hidden in ["lab", "inner", "%3Cb%3E"] {
        let badge = stranger.get(&format!("/badge/{hidden}.svg?show=lag")).await;
        assert_eq!((badge.status, &badge.text), (nothing.status, &nothing.text), "{hidden}");
        assert_eq!(badge.header("cache-control"), nothing.header("cache-control"));
    }
    let token = site.token(Role::Viewer).await;
    for known in ["lab", "inner"] {
        assert_eq!(title(&site.reader().await.get(&format!("/badge/{known}.svg")).await), format!("{known}: up"));
        let request = stranger.request(Method::GET, &format!("/badge/{known}.svg")).bearer_auth(&token);
        assert_eq!(title(&stranger.send(request).await), format!("{known}: up"));
    }
    assert_eq!(stranger.get("/badge/shop.png").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_badge_of_several_projects_is_that_of_the_worst() {
    let site = TestSite::start().await;
    with_history(&site, spec("shop"), 60, &["AAAAA"]).await;
    with_history(&site, spec("blog"), 60, &["AALRR"]).await;
    put_page(&site, "all", &["shop", "blog", "gone"], true).await;
    let mut stranger = site.stranger();
    for (show, says) in
        [("status", "all: down"), ("uptime", "all uptime, 30 days: 80 %, since 2026-11-23 15:06 UTC"), ("lag", "all lag: 3m 20s")]
    {
        assert_eq!(title(&stranger.get(&format!("/badge/all.svg?show={show}")).await), says);
    }
}
