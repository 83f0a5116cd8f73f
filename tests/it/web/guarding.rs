//! What the site does not let through, and what it says to browsers.

use heartbeat::config::WebSettings;
use heartbeat::model::Role;
use reqwest::{Method, StatusCode};
use url::Url;

use super::bed::TestSite;

#[tokio::test]
async fn every_answer_forbids_what_is_inline_or_from_elsewhere() {
    let site = TestSite::start().await;
    for path in ["/", "/login", "/nowhere", "/api/v1/projects", "/api/nowhere"] {
        let shown = site.stranger().get(path).await;
        let policy = shown.header("content-security-policy");
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!((shown.header("x-content-type-options"), shown.header("cache-control")), ("nosniff", "no-store"), "{path}");
    }
}

#[tokio::test]
async fn a_name_that_is_not_its_own_is_rejected() {
    let site = TestSite::start().await;
    let mut stranger = site.stranger();
    for (host, status) in [("rebound.example", 403), ("localhost:1", 200), ("127.0.0.1", 200)] {
        let request = stranger.request(Method::GET, "/login").header("host", host);
        let shown = stranger.send(request).await;
        assert_eq!(shown.status.as_u16(), status, "{host}");
        assert!(status == 200 || shown.text.contains("public_url"), "{}", shown.text);
    }
}

#[tokio::test]
async fn a_form_of_another_site_changes_nothing() {
    let site = TestSite::start().await;
    let mut ann = site.writer().await;
    let form = |browser: &super::bed::Browser| {
        browser.request(Method::POST, "/logout").header("content-type", "application/x-www-form-urlencoded").body("csrf=guessed.guess")
    };
    let requests = [
        form(&ann).header("origin", "https://evil.example"),
        form(&ann).header("origin", "null"),
        form(&ann).header("sec-fetch-site", "cross-site"),
        form(&ann).header("sec-fetch-site", "same-site"),
        form(&ann),
    ];
    for request in requests {
        let shown = ann.send(request).await;
        assert_eq!(shown.status, StatusCode::FORBIDDEN, "{}", shown.text);
    }
    ann.get("/").await.page();
}

#[tokio::test]
async fn behind_https_cookies_never_travel_otherwise() {
    let public_url = Some(Url::parse("https://beat.example.com").unwrap());
    let site = TestSite::with(WebSettings { public_url, ..WebSettings::default() }).await;
    let entered = site.stranger().get(&format!("/enter/{}", site.code)).await;
    assert!(entered.header("set-cookie").contains("; Secure"), "{}", entered.header("set-cookie"));
    assert!(entered.header("strict-transport-security").contains("max-age"));
}

#[tokio::test]
async fn a_token_that_may_read_changes_nothing_and_a_wrong_one_opens_nothing() {
    let site = TestSite::start().await;
    let token = site.token(Role::Viewer).await;
    let mut program = site.stranger();
    for (bearer, status) in [(token.as_str(), 200), ("hb_guessed", 401), ("", 401)] {
        let request = program.request(Method::GET, "/api/v1/projects").header("authorization", format!("Bearer {bearer}"));
        assert_eq!(program.send(request).await.status.as_u16(), status, "{bearer}");
    }
    let request = program.request(Method::GET, "/api/v1/projects");
    let nobody = program.send(request).await;
    assert_eq!((nobody.status, nobody.header("content-type")), (StatusCode::UNAUTHORIZED, "application/problem+json"));
    assert_eq!(nobody.header("www-authenticate"), "Bearer");
}

#[tokio::test]
async fn a_proxys_own_password_shadows_no_session_and_opens_no_form() {
    let site = TestSite::start().await;
    let mut ann = site.writer().await;
    for scheme in ["Basic YWRtaW46c2VjcmV0", "Negotiate abc", "Basic"] {
        let request = ann.request(Method::GET, "/").header("authorization", scheme);
        ann.send(request).await.page();
        let foreign = ann.request(Method::POST, "/logout").header("authorization", scheme).header("origin", "https://evil.example");
        assert_eq!(ann.send(foreign).await.status, StatusCode::FORBIDDEN, "{scheme}");
        let stranger = site.stranger().request(Method::GET, "/api/v1/projects").header("authorization", scheme);
        assert_eq!(site.stranger().send(stranger).await.status, StatusCode::UNAUTHORIZED, "{scheme}");
    }
    ann.get("/").await.page();
}

#[tokio::test]
async fn every_page_that_changes_something_wants_the_mark_of_its_session() {
    let site = TestSite::start().await;
    let mut ann = site.writer().await;
    let paths = [
        "/logout",
        "/projects/new",
        "/projects/new/check",
        "/projects/shop/settings",
        "/projects/shop/remove",
        "/projects/shop/rules",
        "/channels/new",
        "/channels/new/check",
        "/channels/ops",
        "/channels/ops/enable",
        "/channels/ops/test",
        "/channels/ops/remove",
        "/maintenance/new",
        "/status-pages/new",
        "/settings/users",
        "/settings/tokens",
        "/settings/account",
        "/incidents/1/acknowledge",
    ];
    for path in paths {
        let form = ann.post(path, &[("csrf", "guessed.guess")]).await;
        assert_eq!(form.status, StatusCode::FORBIDDEN, "{path}: {}", form.text);
        let text = ann.request(Method::POST, path).header("content-type", "text/plain").body("csrf=guessed.guess");
        assert_eq!(ann.send(text).await.status, StatusCode::BAD_REQUEST, "{path}");
    }
    ann.get("/").await.page();
}

#[tokio::test]
async fn search_engines_learn_what_is_for_them_and_the_icon_has_its_usual_place() {
    let site = TestSite::start().await;
    let mut stranger = site.stranger();
    let robots = stranger.get("/robots.txt").await;
    assert_eq!(robots.header("content-type"), "text/plain; charset=utf-8");
    assert!(robots.page().contains("Allow: /status/\n") && robots.text.ends_with("Disallow: /\n"), "{}", robots.text);
    let icon = stranger.get("/favicon.ico").await;
    assert_eq!(stranger.get(icon.location()).await.header("content-type"), "image/svg+xml");
}
