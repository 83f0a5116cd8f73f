//! Single sign-on: who comes in by an issuer, who does not, and what either of them sees.

use std::time::Duration;

use heartbeat::config::WebSettings;
use heartbeat::model::{Allowed, IssuerAddress, NameClaim, Role, Secret, SignOn, Timestamp};
use heartbeat::store::AuditFilter;
use reqwest::{StatusCode, Url};
use serde_json::{Value, json};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;

use super::bed::{Browser, NOW, Shown, TestSite};
use super::entering::while_time_passes;
use crate::browser::{Screen, Visitor};

use super::issuer::{CLIENT, SECRET, Signs, TestIssuer};

fn now_s() -> i64 {
    Timestamp::parse(NOW).unwrap().ms() / 1000
}

fn sign_on(issuer: &str) -> SignOn {
    SignOn {
        issuer: IssuerAddress::parse(issuer).unwrap(),
        client_id: CLIENT.to_owned(),
        client_secret: Some(Secret::new(SECRET)),
        allowed: vec![Allowed::parse("@example.com").unwrap()],
        claim: NameClaim::Email,
        role: Role::Viewer,
        title: "Example SSO".to_owned(),
    }
}

async fn site_of(sign_on: SignOn, public_url: &str) -> TestSite {
    let public_url = Some(Url::parse(public_url).unwrap());
    TestSite::with(WebSettings { public_url, oidc: Some(sign_on), ..WebSettings::default() }).await
}

/// An issuer, and a site that believes it.
async fn both() -> (TestIssuer, TestSite) {
    let issuer = TestIssuer::start(now_s()).await;
    let site = site_of(sign_on(issuer.base()), "http://beat.localhost").await;
    (issuer, site)
}

/// Goes to the issuer; gives the place on the site to which the issuer sends the browser back.
async fn there(browser: &mut Browser, to: &str) -> String {
    let sent = browser.get(&format!("/login/oidc?to={to}")).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text);
    let back = browser.client.get(sent.location()).send().await.unwrap();
    assert_eq!(back.status(), StatusCode::FOUND);
    let back = Url::parse(back.headers()["location"].to_str().unwrap()).unwrap();
    assert!(back.as_str().starts_with("http://beat.localhost/login/oidc/callback?"), "{back}");
    format!("{}?{}", back.path(), back.query().unwrap())
}

/// There and back.
async fn log_in(browser: &mut Browser, to: &str) -> Shown {
    let back = there(browser, to).await;
    browser.get(&back).await
}

/// Nobody came in; the page says why, and does not say what nobody may see.
async fn assert_rejected(site: &TestSite, shown: &Shown, status: StatusCode, says: &str) {
    assert_eq!(shown.status, status, "{}", shown.text);
    // The sentence may begin the message: then with a capital.
    assert!(shown.in_backticks().to_lowercase().contains(&says.to_lowercase()), "{says}: {}", shown.text);
    assert!(shown.text.contains("<h1>Login</h1>") && shown.text.contains("Log in with Example SSO"), "the way in is still there");
    assert!(!shown.text.contains(SECRET), "{}", shown.text);
    assert!(shown.headers.get_all("set-cookie").iter().all(|cookie| !cookie.to_str().unwrap().starts_with("heartbeat_session")));
    assert!(site.store.users().await.unwrap().is_empty(), "nobody was added");
}

#[tokio::test]
async fn a_user_whom_the_issuer_knows_comes_in_and_goes_where_they_wanted() {
    let (issuer, site) = both().await;
    assert_eq!(issuer.asked("/.well-known/openid-configuration"), 0, "the issuer is not asked before somebody wants to log in");
    let mut ann = site.stranger();
    let page = ann.get("/login?to=%2Fsettings%3Fstate%3Dopen").await;
    assert!(page.page().contains("href=\"/login/oidc?to=%2Fsettings%3Fstate%3Dopen\">Log in with Example SSO</a>"), "{}", page.text);
    assert!(!page.text.contains("No user has a password yet"), "{}", page.text);

    let back = there(&mut ann, "%2Fsettings%3Fstate%3Dopen").await;
    let entered = ann.get(&back).await;
    assert_eq!((entered.status, entered.location()), (StatusCode::SEE_OTHER, "/settings?state=open"), "{}", entered.text);
    assert!(ann.get("/").await.page().contains("ann@example.com"));
    assert!(ann.cookies.iter().all(|(name, _)| name != "heartbeat_sign_on"), "a login that has begun is used once");

    let user = site.store.users().await.unwrap().remove(0);
    assert_eq!((user.name.as_str(), user.role, user.has_password), ("ann@example.com", Role::Viewer, false));
    assert_eq!(log_in(&mut site.stranger(), "/").await.location(), "/");
    let audit_entries = site.store.audit_entries(&AuditFilter::default()).await.unwrap();
    let told: Vec<_> = audit_entries.iter().map(|audit_entry| (audit_entry.who.as_str(), audit_entry.words.as_str())).collect();
    assert_eq!(told, [("ann@example.com", "first login by single sign-on; role none -> viewer")]);
    assert_eq!([issuer.asked("/.well-known/openid-configuration"), issuer.asked("/keys")], [1, 1], "what it said holds for a while");
    site.hand.advance(Duration::from_mins(61));
    issuer.ways().now_s += 61 * 60;
    assert_eq!(log_in(&mut site.stranger(), "/").await.location(), "/");
    assert_eq!([issuer.asked("/.well-known/openid-configuration"), issuer.asked("/keys")], [2, 2]);
}

#[tokio::test]
async fn a_user_who_is_known_keeps_the_role() {
    let (_issuer, site) = both().await;
    site.user("ann@example.com", Role::Editor).await;
    let before = site.store.audit_entries(&AuditFilter::default()).await.unwrap().len();
    let mut ann = site.stranger();
    assert_eq!(log_in(&mut ann, "/").await.location(), "/");
    assert!(ann.get("/projects/new").await.page().contains("Add"));
    assert_eq!(site.store.users().await.unwrap().remove(0).role, Role::Editor);
    assert_eq!(site.store.audit_entries(&AuditFilter::default()).await.unwrap().len(), before);
}

#[tokio::test]
async fn what_the_browser_keeps_is_hidden_short_lived_and_goes_nowhere_else() {
    let (issuer, site) = both().await;
    let sent = site.stranger().get("/login/oidc").await;
    let cookie = sent.header("set-cookie").to_owned();
    for part in ["heartbeat_sign_on=", "; Path=/login/oidc;", "; Max-Age=600;", "; HttpOnly", "; SameSite=Lax"] {
        assert!(cookie.contains(part), "{part}: {cookie}");
    }
    assert!(!cookie.contains("Secure"), "{cookie}");
    let address = sent.location().to_owned();
    let verifier = cookie.split(['=', '.']).nth(3).unwrap();
    assert!(verifier.len() == 43 && !address.contains(verifier), "the verifier stays with the browser: {address}");
    assert!(!address.contains(SECRET));
    let with_tls = site_of(sign_on(issuer.base()), "https://beat.localhost").await;
    let sent = with_tls.stranger().get("/login/oidc").await;
    assert!(sent.header("set-cookie").contains("; Secure"), "{}", sent.header("set-cookie"));
}

#[tokio::test]
async fn nobody_is_sent_to_another_site() {
    let (_issuer, site) = both().await;
    for elsewhere in ["https%3A%2F%2Fevil.example", "%2F%2Fevil.example", "%2F%5Cevil.example", "%2Flogin"] {
        assert_eq!(log_in(&mut site.stranger(), elsewhere).await.location(), "/", "{elsewhere}");
    }
    let long = format!("%2F{}", "x".repeat(3000));
    assert_eq!(log_in(&mut site.stranger(), &long).await.location(), "/", "what no cookie can hold is left out");
}

#[tokio::test]
async fn an_issuer_may_know_heartbeat_without_a_secret_or_take_it_in_the_form() {
    let issuer = TestIssuer::start(now_s()).await;
    issuer.ways().about.insert("token_endpoint_auth_methods_supported", json!(["client_secret_post"]));
    let site = site_of(sign_on(issuer.base()), "http://beat.localhost").await;
    assert_eq!(log_in(&mut site.stranger(), "/").await.location(), "/");

    let public = TestIssuer::start(now_s()).await;
    public.ways().is_public = true;
    let site = site_of(SignOn { client_secret: None, ..sign_on(public.base()) }, "http://beat.localhost").await;
    assert_eq!(log_in(&mut site.stranger(), "/").await.location(), "/");
}

#[tokio::test]
async fn the_name_may_be_the_one_that_the_issuer_knows_a_user_by() {
    let issuer = TestIssuer::start(now_s()).await;
    issuer.ways().claims.insert("preferred_username", json!("Ann"));
    let by_name = SignOn { claim: NameClaim::PreferredUsername, allowed: vec![Allowed::Everybody], ..sign_on(issuer.base()) };
    let site = site_of(by_name, "http://beat.localhost").await;
    assert_eq!(log_in(&mut site.stranger(), "/").await.location(), "/");
    assert_eq!(site.store.users().await.unwrap().remove(0).name.as_str(), "ann");
}

#[tokio::test]
async fn a_user_who_is_not_allowed_to_log_in_learns_why() {
    let forbidden = StatusCode::FORBIDDEN;
    let table: [(&str, Value, &str); 5] = [
        ("email", json!("eve@evil.example"), "names you eve@evil.example, who is not allowed to log in here"),
        ("email_verified", json!(false), "your address ann@example.com is not verified"),
        ("email_verified", json!("false"), "your address ann@example.com is not verified"),
        ("email", Value::Null, "does not send your email"),
        ("email", json!("ann <b>&amp;</b>@example.com"), "which is not a valid user name here"),
    ];
    for (claim, value, says) in table {
        let (issuer, site) = both().await;
        issuer.ways().claims.insert(claim, value);
        let shown = log_in(&mut site.stranger(), "/").await;
        assert_rejected(&site, &shown, forbidden, says).await;
        assert!(!shown.text.contains("<b>&amp;</b>"), "what the issuer says is escaped: {}", shown.text);
    }
}

#[tokio::test]
async fn a_token_that_proves_nothing_lets_nobody_in() {
    let table: [(&str, Value, Signs, &str); 9] = [
        ("aud", json!("another"), Signs::With(0), "it is not for the client `heartbeat`"),
        ("aud", json!([CLIENT, "another"]), Signs::With(0), "it is not for the client `heartbeat`"),
        ("exp", json!(now_s()), Signs::With(0), "it has expired"),
        ("iss", json!("https://evil.example"), Signs::With(0), "it is from another issuer"),
        ("nonce", json!("another"), Signs::With(0), "it is for another login"),
        ("nonce", Value::Null, Signs::With(0), "it is for another login"),
        ("sub", json!("4711"), Signs::AsAnother, "its signature is wrong"),
        ("sub", json!("4711"), Signs::Secret, "its signature algorithm is not accepted"),
        ("sub", json!("4711"), Signs::Not, "the ID token of the issuer is not valid"),
    ];
    for (claim, value, signs, says) in table {
        let (issuer, site) = both().await;
        {
            let mut ways = issuer.ways();
            ways.claims.insert(claim, value);
            ways.signs = signs;
        }
        let shown = log_in(&mut site.stranger(), "/").await;
        assert_rejected(&site, &shown, StatusCode::BAD_GATEWAY, says).await;
    }
}

#[tokio::test]
async fn keys_that_are_new_are_read_once_more_and_keys_of_nobody_are_none() {
    let (issuer, site) = both().await;
    assert_eq!(log_in(&mut site.stranger(), "/").await.location(), "/");
    {
        let mut ways = issuer.ways();
        (ways.signs, ways.publishes) = (Signs::With(1), 1);
    }
    assert_eq!(log_in(&mut site.stranger(), "/").await.location(), "/", "the issuer has changed its keys");
    assert_eq!(issuer.asked("/keys"), 2);
    issuer.ways().signs = Signs::With(0);
    let shown = log_in(&mut site.stranger(), "/").await;
    assert_eq!(shown.status, StatusCode::BAD_GATEWAY);
    assert!(shown.text.contains("signed with a key that is not the issuer&#39;s"), "{}", shown.text);
    assert_eq!(issuer.asked("/keys"), 3, "asked for once, and no more");
}

#[tokio::test]
async fn a_login_is_ended_by_the_browser_that_began_it_and_once() {
    let (issuer, site) = both().await;
    let bad = StatusCode::BAD_REQUEST;
    let mut ann = site.stranger();
    let back = there(&mut ann, "/").await;
    let shown = site.stranger().get(&back).await;
    assert_rejected(&site, &shown, bad, "started no login in the last ten minutes; log in again at http://beat.localhost/login").await;
    let mut other = site.stranger();
    there(&mut other, "/").await;
    assert_rejected(&site, &other.get(&back).await, bad, "this is not the login that this browser started last").await;
    assert_eq!(issuer.asked("/token"), 0, "no code is shown to the issuer before it is sure whose it is");
    let without = site_of(sign_on(issuer.base()), "http://beat.localhost").await;
    assert_rejected(&without, &without.stranger().get("/login/oidc/callback").await, bad, "started no login in the last ten minutes").await;

    let kept = ann.cookies.clone();
    assert_eq!(ann.get(&back).await.location(), "/");
    let mut again = Browser { cookies: kept, ..site.stranger() };
    let shown = again.get(&back).await;
    assert_eq!(shown.status, bad);
    assert!(
        shown.text.contains("does not accept the code and answered <code>invalid_grant: the code is not good</code>"),
        "{}",
        shown.text
    );
    let shown = again.get(&back).await;
    assert!(shown.status == bad && shown.text.contains("started no login in the last ten minutes"), "{}", shown.text);
}

#[tokio::test]
async fn a_login_that_took_too_long_begins_anew() {
    let (issuer, site) = both().await;
    let mut ann = site.stranger();
    let back = there(&mut ann, "/").await;
    site.hand.advance(Duration::from_mins(10));
    assert_rejected(&site, &ann.get(&back).await, StatusCode::BAD_REQUEST, "started no login in the last ten minutes").await;
    assert_eq!(issuer.asked("/token"), 0);
}

#[tokio::test]
async fn a_code_is_worth_nothing_without_its_verifier() {
    let (_issuer, site) = both().await;
    let mut ann = site.stranger();
    let back = there(&mut ann, "/").await;
    let (_, kept) = ann.cookies.iter_mut().find(|(name, _)| name == "heartbeat_sign_on").unwrap();
    let mut parts: Vec<String> = kept.split('.').map(str::to_owned).collect();
    parts[2] = "x".repeat(43);
    *kept = parts.join(".");
    assert_rejected(&site, &ann.get(&back).await, StatusCode::BAD_REQUEST, "does not accept the code").await;
}

#[tokio::test]
async fn what_the_issuer_says_instead_of_a_code_is_reported_and_not_believed() {
    let (issuer, site) = both().await;
    issuer.ways().denies = Some(["access_denied", "<script>alert(1)</script> you are not in the group"]);
    let shown = log_in(&mut site.stranger(), "/").await;
    assert_rejected(&site, &shown, StatusCode::FORBIDDEN, "you are not in the group").await;
    assert!(!shown.text.contains("<script>alert"), "{}", shown.text);
    issuer.ways().denies = Some(["server_error", ""]);
    let shown = log_in(&mut site.stranger(), "/").await;
    assert_rejected(&site, &shown, StatusCode::BAD_GATEWAY, "answered `server_error").await;
    let mut ann = site.stranger();
    let back = there(&mut ann, "/").await;
    let (state, long) = (back.split("state=").nth(1).unwrap(), "z".repeat(3000));
    let shown = ann.get(&format!("/login/oidc/callback?error={long}&state={state}")).await;
    assert_rejected(&site, &shown, StatusCode::BAD_GATEWAY, "zzz").await;
    assert!(!shown.text.contains(&"z".repeat(201)), "{}", shown.text);
    // A link that another site made shows nothing that they wrote.
    there(&mut ann, "/").await;
    let shown = ann.get("/login/oidc/callback?error=call_0900_4711&state=x").await;
    assert_rejected(&site, &shown, StatusCode::BAD_REQUEST, "this is not the login that this browser started last").await;
    assert!(!shown.text.contains("0900"), "{}", shown.text);
    let state = there(&mut ann, "/").await.split("state=").nth(1).unwrap().to_owned();
    let shown = ann.get(&format!("/login/oidc/callback?state={state}")).await;
    assert_rejected(&site, &shown, StatusCode::BAD_REQUEST, "neither a code nor an error").await;
}

#[tokio::test]
async fn an_issuer_that_is_down_is_reported_and_comes_back() {
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = nobody.local_addr().unwrap();
    drop(nobody);
    let site = site_of(sign_on(&format!("http://{address}")), "http://beat.localhost").await;
    let shown = site.stranger().get("/login/oidc").await;
    assert_rejected(&site, &shown, StatusCode::BAD_GATEWAY, "cannot read the OpenID configuration of http").await;
    let issuer = TestIssuer::at(address, now_s()).await;
    assert_eq!(site.stranger().get("/login/oidc").await.status, StatusCode::BAD_GATEWAY, "it is left alone for a moment");
    assert_eq!(issuer.asked("/.well-known/openid-configuration"), 0);
    site.hand.advance(Duration::from_secs(10));
    assert_eq!(log_in(&mut site.stranger(), "/").await.location(), "/");
}

#[tokio::test]
async fn an_issuer_that_says_nothing_is_given_up_after_ten_seconds() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let site = site_of(sign_on(&format!("http://{}", silent.local_addr().unwrap())), "http://beat.localhost").await;
    let mut ann = site.stranger();
    let asked = tokio::spawn(async move { ann.get("/login/oidc").await });
    let (mut line, _) = silent.accept().await.unwrap();
    let mut heard = [0; 512];
    assert!(line.read(&mut heard).await.unwrap() > 0 && heard.starts_with(b"GET /.well-known/openid-configuration"));
    site.hand.advance(Duration::from_secs(10));
    assert_rejected(&site, &asked.await.unwrap(), StatusCode::BAD_GATEWAY, "no answer within 10s").await;
}

#[tokio::test]
async fn a_wrong_secret_is_the_operators_to_mend_and_is_not_shown() {
    let issuer = TestIssuer::start(now_s()).await;
    let wrong = SignOn { client_secret: Some(Secret::new("hunter3")), ..sign_on(issuer.base()) };
    assert!(!format!("{wrong:?}").contains("hunter"), "{wrong:?}");
    let site = site_of(wrong, "http://beat.localhost").await;
    let shown = log_in(&mut site.stranger(), "/").await;
    assert_rejected(&site, &shown, StatusCode::BAD_GATEWAY, "check client_id and client_secret in [web.oidc]").await;
    let echo = json!({ "error": "invalid_client", "error_description": "no client has hunter3" }).to_string();
    issuer.ways().answers = Some(("/token", StatusCode::UNAUTHORIZED, echo));
    let shown = log_in(&mut site.stranger(), "/").await;
    assert_rejected(&site, &shown, StatusCode::BAD_GATEWAY, "`invalid_client: no client has ***`").await;
}

#[tokio::test]
async fn odd_answers_are_reported_and_lead_nowhere() {
    let odd = StatusCode::BAD_GATEWAY;
    let elsewhere = TestIssuer::start(now_s()).await;
    let about = "/.well-known/openid-configuration";
    let table = [
        (about, StatusCode::INTERNAL_SERVER_ERROR, "oh".to_owned(), "it answered 500"),
        (about, StatusCode::FOUND, format!("{}{about}", elsewhere.base()), "it answered 302"),
        (about, StatusCode::OK, "<html>log in to the wifi</html>".to_owned(), "the answer is not an OpenID configuration"),
        (about, StatusCode::OK, "x".repeat(300 * 1024), "its answer is larger than 256 kB"),
        ("/keys", StatusCode::NOT_FOUND, "gone".to_owned(), "it answered 404"),
    ];
    for (path, status, text, says) in table {
        let (issuer, site) = both().await;
        issuer.ways().answers = Some((path, status, text));
        assert_rejected(&site, &site.stranger().get("/login/oidc").await, odd, says).await;
    }
    let told = [
        ("issuer", json!("https://another.example"), "it names a different issuer"),
        ("jwks_uri", json!("http://169.254.169.254/keys"), "the URL is not allowed"),
        ("authorization_endpoint", json!("http://id.example.com/"), "its authorization endpoint does not begin with https://"),
    ];
    for (name, value, says) in told {
        let (issuer, site) = both().await;
        issuer.ways().about.insert(name, value);
        assert_rejected(&site, &site.stranger().get("/login/oidc").await, odd, says).await;
    }
    let table = [
        (StatusCode::FOUND, format!("{}/token", elsewhere.base()), "its answer is not valid"),
        (StatusCode::OK, "{\"access_token\": \"x\", \"token_type\": \"Bearer\"}".to_owned(), "the answer has no ID token"),
        (StatusCode::OK, "[]".to_owned(), "its answer is not valid"),
    ];
    for (status, text, says) in table {
        let (issuer, site) = both().await;
        issuer.ways().answers = Some(("/token", status, text));
        assert_rejected(&site, &log_in(&mut site.stranger(), "/").await, odd, says).await;
    }
    assert_eq!(elsewhere.asked(about) + elsewhere.asked("/token"), 0, "no redirect is followed");
    let (issuer, site) = both().await;
    issuer.ways().about.insert("token_endpoint", json!("http://metadata.example/token"));
    assert_rejected(&site, &log_in(&mut site.stranger(), "/").await, odd, "the URL is not allowed").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_browser_comes_back_from_another_site_logged_in_with_script_and_without() {
    // No title: what stands on the button is a host, and may be long.
    let (issuer, title) = (TestIssuer::start(now_s()).await, "people-of-example-and-others.auth.eu-central-1.amazoncognito.com".to_owned());
    let name = format!("Log in with {title}");
    let site = site_of(SignOn { title, ..sign_on(issuer.base()) }, "http://beat.localhost").await;
    issuer.ways().port = Some(site.address.port());
    for script in [true, false] {
        let visitor = Visitor::of(&format!("http://beat.localhost:{}", site.address.port())).await;
        let visitor = if script { visitor } else { visitor.without_script().await };
        visitor.open("/apps").await;
        assert_eq!(visitor.path().await, "/login?to=%2Fapps");
        visitor.fits(Screen::NARROW).await;
        visitor.is_for_everybody().await;
        visitor.follows(&name).await;
        assert_eq!(visitor.path().await, "/apps");
        visitor.sees("ann@example.com").await;
    }
}

#[tokio::test]
async fn coming_back_too_often_is_slowed_down_like_too_many_passwords() {
    let (_issuer, site) = both().await;
    let mut somebody = site.stranger();
    // The clock stands: who has to wait gets no answer.
    for _ in 0..5 {
        assert_eq!(somebody.get("/login/oidc/callback?code=x&state=x").await.status, StatusCode::BAD_REQUEST);
    }
    let (shown, took) = while_time_passes(&site, somebody.get("/login/oidc/callback?code=x&state=x")).await;
    assert_eq!(shown.status, StatusCode::BAD_REQUEST);
    assert!(took >= Duration::from_millis(250), "{took:?}");
}

#[tokio::test]
async fn without_an_issuer_there_is_no_such_page() {
    let site = TestSite::start().await;
    for path in ["/login/oidc", "/login/oidc/callback?code=x&state=x"] {
        assert_eq!(site.stranger().get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    assert!(!site.stranger().get("/login").await.page().contains("/login/oidc"));
}
