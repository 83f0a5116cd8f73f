//! Who gets in, and who does not.

use std::time::Duration;

use heartbeat::config::{Network, ProxyLogin, WebSettings};
use heartbeat::model::Role;
use reqwest::{Method, StatusCode};

use super::bed::{PASSWORD, TestSite};

#[tokio::test]
async fn a_visitor_who_is_not_logged_in_is_sent_to_log_in_and_back() {
    let site = TestSite::start().await;
    site.with_password("ann", Role::Editor).await;
    let mut ann = site.stranger();
    let sent = ann.get("/settings?state=open").await;
    assert_eq!((sent.status, sent.location()), (StatusCode::SEE_OTHER, "/login?to=%2Fsettings%3Fstate%3Dopen"));
    let to = ann.get("/login?to=%2Fsettings%3Fstate%3Dopen").await.field("to").unwrap();
    let entered = ann.post("/login", &[("name", "ann"), ("password", PASSWORD), ("to", &to.replace("&#38;", "&"))]).await;
    assert_eq!((entered.status, entered.location()), (StatusCode::SEE_OTHER, "/settings?state=open"));
    let cookie = entered.header("set-cookie");
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax") && !cookie.contains("Secure"), "{cookie}");
    ann.get("/").await.page();
    let out = ann.submit("/", "/logout", &[]).await;
    assert_eq!(out.location(), "/login");
    assert_eq!(ann.get("/").await.location(), "/login");
}

#[tokio::test]
async fn a_wrong_name_and_a_wrong_password_are_answered_alike_and_not_for_ever() {
    let site = TestSite::start().await;
    site.with_password("ann", Role::Editor).await;
    let mut somebody = site.stranger();
    let wrong_password = somebody.post("/login", &[("name", "ann"), ("password", "four words in a raw")]).await;
    let wrong_name = somebody.post("/login", &[("name", "bob"), ("password", PASSWORD)]).await;
    for told in [&wrong_password, &wrong_name] {
        assert_eq!(told.status, StatusCode::UNAUTHORIZED);
        assert!(told.text.contains("the name or the password is wrong"), "{}", told.text);
        assert!(!told.text.contains("four words"), "a password is never shown again");
    }
}

/// Runs a request while the time passes; says how long it took by the clock.
pub(super) async fn while_time_passes<T>(site: &TestSite, work: impl Future<Output = T>) -> (T, Duration) {
    let begun = site.clock.monotonic();
    let time_passes = async {
        loop {
            site.hand.advance(Duration::from_millis(5));
            tokio::task::yield_now().await;
        }
    };
    let done = tokio::select! {
        biased;
        done = work => done,
        never = time_passes => never,
    };
    (done, site.clock.monotonic().saturating_sub(begun))
}

#[tokio::test]
async fn wrong_passwords_of_others_keep_nobody_out() {
    let site = TestSite::start().await;
    site.with_password("ann", Role::Editor).await;
    // Everybody comes from one address, as behind a proxy that is not named.
    for (name, tries) in [("", 25), ("ann", 8)] {
        for _ in 0..tries {
            let mut stranger = site.stranger();
            let (told, _) = while_time_passes(&site, stranger.post("/login", &[("name", name), ("password", "guessed")])).await;
            assert_eq!(told.status, StatusCode::UNAUTHORIZED, "{}", told.text);
        }
    }
    for _ in 0..2 {
        let mut ann = site.stranger();
        let (entered, _) = while_time_passes(&site, ann.post("/login", &[("name", "ann"), ("password", PASSWORD)])).await;
        assert_eq!(entered.status, StatusCode::SEE_OTHER);
    }
}

#[tokio::test]
async fn the_visitors_of_a_trusted_proxy_are_distinguished() {
    let trusted_proxies = vec![Network::parse("127.0.0.1").unwrap()];
    let site = TestSite::with(WebSettings { trusted_proxies, ..WebSettings::default() }).await;
    site.with_password("ann", Role::Editor).await;
    let form = |password: &str, from: &str| {
        let body = format!("name=ann&password={}", password.replace(' ', "+"));
        let request = site.stranger().request(Method::POST, "/login").header("content-type", "application/x-www-form-urlencoded");
        request.header("x-forwarded-for", from.to_owned()).body(body)
    };
    for _ in 0..7 {
        let (told, _) = while_time_passes(&site, form("guessed", "198.51.100.1, 203.0.113.9").send()).await;
        assert_eq!(told.unwrap().status(), StatusCode::UNAUTHORIZED);
    }
    // The clock stands: who has to wait gets no answer.
    let entered = form(PASSWORD, "203.0.113.7").send().await.unwrap();
    assert_eq!(entered.status(), StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn the_first_link_sets_a_password_once() {
    let site = TestSite::start().await;
    let code = site.authenticator().invite(None, Role::Editor).await.unwrap();
    let place = format!("/enter/{code}");
    let mut first = site.stranger();
    assert!(first.get("/login").await.page().contains("No user has a password yet"));
    assert!(first.get(&place).await.page().contains("<h1>New password</h1>"));
    let short = first.post(&place, &[("name", "an n"), ("password", "short"), ("again", "short")]).await;
    assert_eq!(short.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(short.text.contains("password is too short") && short.text.contains("<code>an n</code>"), "{}", short.text);
    let other = first.post(&place, &[("name", "ann"), ("password", PASSWORD), ("again", "four other words")]).await;
    assert!(other.text.contains("the two passwords differ"), "{}", other.text);
    let entered = first.post(&place, &[("name", "ann"), ("password", PASSWORD), ("again", PASSWORD)]).await;
    assert_eq!((entered.status, entered.location()), (StatusCode::SEE_OTHER, "/projects/new"));
    let mut second = site.stranger();
    let used = second.get(&place).await;
    assert_eq!(used.status, StatusCode::NOT_FOUND);
    assert!(used.text.contains("already used"), "{}", used.text);
    assert_eq!(second.post("/login", &[("name", "ann"), ("password", PASSWORD)]).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn an_invitation_is_over_after_a_day() {
    let site = TestSite::start().await;
    let code = site.authenticator().invite(None, Role::Editor).await.unwrap();
    site.hand.advance(heartbeat::auth::INVITATION_LASTS + Duration::from_secs(1));
    assert_eq!(site.stranger().get(&format!("/enter/{code}")).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_session_ends_when_nobody_comes_back_and_goes_on_when_a_user_does() {
    let site = TestSite::start().await;
    let (mut comes_back, mut stays_away) = (site.writer().await, site.reader().await);
    for _ in 0..3 {
        site.hand.advance(Duration::from_hours(7 * 24));
        comes_back.get("/").await.page();
    }
    assert_eq!(stays_away.get("/").await.location(), "/login");
}

#[tokio::test]
async fn a_proxy_is_believed_from_its_own_address_alone() {
    let proxy = |from: &str| {
        let from = vec![Network::parse(from).unwrap()];
        WebSettings { proxy: Some(ProxyLogin { header: "x-user".into(), from, role: Role::Viewer }), ..WebSettings::default() }
    };
    let believed = TestSite::with(proxy("127.0.0.0/8")).await;
    let mut ann = believed.stranger();
    let as_ann = |browser: &super::bed::Browser, path: &str| browser.request(Method::GET, path).header("x-user", "ann@example.com");
    let request = as_ann(&ann, "/login?to=%2Fapps");
    assert_eq!(ann.send(request).await.location(), "/apps");
    let request = as_ann(&ann, "/");
    assert!(ann.send(request).await.page().contains("ann@example.com"));
    let without = ann.get("/").await;
    assert_eq!(without.location(), "/login", "a session of the proxy's is nothing without the proxy");
    let twice = as_ann(&ann, "/login").header("x-user", "root");
    assert_eq!(site_of(twice).await, StatusCode::OK, "two names are nobody's: one is asked to log in");

    let elsewhere = TestSite::with(proxy("10.0.0.0/8")).await;
    let mut stranger = elsewhere.stranger();
    let request = as_ann(&stranger, "/login");
    assert_eq!(stranger.send(request).await.status, StatusCode::OK);
    assert!(elsewhere.store.users().await.unwrap().is_empty());
}

async fn site_of(request: reqwest::RequestBuilder) -> StatusCode {
    // Without the cookie of the session before.
    request.header("cookie", "").send().await.unwrap().status()
}

#[tokio::test]
async fn the_demos_link_lets_in_as_often_as_it_is_opened() {
    let site = TestSite::start().await;
    for _ in 0..2 {
        let mut somebody = site.stranger();
        assert_eq!(somebody.get(&format!("/enter/{}", site.code)).await.location(), "/projects/demo");
        somebody.get("/").await.page();
    }
    assert_eq!(site.stranger().get("/enter/another").await.status, StatusCode::NOT_FOUND);
}
