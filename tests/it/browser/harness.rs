//! The visitor himself under test: he finds what is bad on bad pages, and nothing on good ones.

use std::collections::HashMap;
use std::net::Ipv4Addr;

use axum::body::Bytes;
use axum::http::header::CONTENT_SECURITY_POLICY;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::json;
use tokio::net::TcpListener;
use url::form_urlencoded;

use super::rounds::goes_everywhere;
use super::{Screen, Visitor};

const POLICY: &str =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'";

/// A page as it should be, with this in its middle.
fn page(main: &str) -> Response {
    let text = format!(
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'><title>Sample</title>\
         <link rel=stylesheet href=/style.css><link rel=icon href='data:,'><body><main><h1>Sample</h1>{main}</main><script src=/script.js></script>"
    );
    ([(CONTENT_SECURITY_POLICY, POLICY)], Html(text)).into_response()
}

const FORM: &str = "<form method=post action=/greet><label>Name <small>required</small> <input name=name></label>\
    <label for=tone>Tone</label><select id=tone name=tone><option value=a>loud</option><option value=b>soft</option></select>\
    <label><input type=checkbox name=twice value=yes> Twice</label><button>Greet</button></form>\
    <p id=live>nothing yet</p><p hidden>unverified words</p><button id=count type=button>Count</button>";

const SCRIPT: &str = "const live = document.getElementById('live');
    let clicks = 0;
    document.getElementById('count')?.addEventListener('click', () => { live.textContent = `clicked ${++clicks}`; });
    document.querySelector('input[name=name]')?.addEventListener('input', event => { live.textContent = `typed ${event.target.value}`; });";

async fn greet(body: Bytes) -> Response {
    let fields: HashMap<_, _> = form_urlencoded::parse(&body).into_owned().collect();
    if fields["name"].is_empty() {
        return (StatusCode::UNPROCESSABLE_ENTITY, page("<p>Who?")).into_response();
    }
    // A box that is not ticked is not sent.
    let twice = if fields.contains_key("twice") { "twice" } else { "once" };
    Redirect::to(&format!("/greeted?{}-{}-{twice}", fields["name"], fields["tone"])).into_response()
}

/// Good and bad pages, and a visitor of them.
async fn visitor() -> Visitor {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let other = origin.replace("127.0.0.1", "localhost");
    let router = Router::new()
        .route("/", get(async || page(FORM)))
        .route("/greet", post(greet))
        .route("/greeted", get(async |uri: Uri| page(&format!("<p>hello {}<p><a href=/>Back</a>", uri.query().unwrap()))))
        .route(
            "/style.css",
            get(async || ([("content-type", "text/css")], "body{color:#111;background:#fff}.wide{width:500px}.pale{color:#bbb}")),
        )
        .route("/script.js", get(async || ([("content-type", "text/javascript")], SCRIPT)))
        .route("/no-label", get(async || page("<input name=name>")))
        .route("/pale", get(async || page("<p class=pale>hardly to be read")))
        .route("/wide", get(async || page("<p class=wide>too wide for a telephone")))
        .route("/inline", get(async || page("<p style='color:red'>red</p><script>document.title = 'mine'</script>")))
        .route("/throws", get(async || page("<script src=/throws.js></script>")))
        .route("/throws.js", get(async || ([("content-type", "text/javascript")], "console.error('oh'); throw new Error('broken')")))
        .route("/missing", get(async || page("<img src=/nowhere.png alt='a picture'>")))
        .route("/breaks", get(async || (StatusCode::INTERNAL_SERVER_ERROR, page("<p>sorry"))))
        .route(
            "/stranger",
            get(async move || Html(format!("<!doctype html><title>x</title><link rel=icon href='data:,'><img alt='' src={other}/pixel>"))),
        )
        .route("/pixel", get(async || Json(json!({}))))
        .route("/cookie", get(async || ([("set-cookie", "who=me; Path=/")], page("<p>baked"))))
        .route("/who", get(async |headers: HeaderMap| page(&format!("<p>cookie {:?}", headers.get("cookie")))));
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    Visitor::of(&origin).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_is_filled_in_and_sent_with_script_and_without() {
    let mut visitor = visitor().await;
    for script in [true, false] {
        if !script {
            visitor = visitor.without_script().await;
        }
        visitor.open("/").await;
        visitor.fills("Name", "Bo").await;
        visitor.fills("Name", "Ada").await;
        visitor.chooses("Tone", "soft").await;
        visitor.clicks("Twice").await;
        if script {
            visitor.sees("typed Ada").await;
            visitor.clicks("Count").await;
            visitor.within("#live").sees("clicked 1").await;
        } else {
            visitor.clicks("Count").await;
            assert_eq!(visitor.within("#live").reads().await, "nothing yet");
        }
        assert!(!visitor.reads().await.contains("unverified words"));
        assert!(visitor.whole().has("Greet").await && !visitor.within("main > p").has("Greet").await);
        visitor.follows("Greet").await;
        assert_eq!(visitor.path().await, "/greeted?Ada-b-twice");
        visitor.within("main").sees("hello Ada-b-twice").await;
        visitor.follows("Back").await;
        visitor.within("form").follows("Greet").await;
        visitor.sees("Who?").await;
        visitor.heard_nothing_bad().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keyboard_is_enough() {
    let visitor = visitor().await;
    visitor.open("/").await;
    visitor.presses("Tab").await;
    assert_eq!(visitor.is_at().await, "textbox Name required");
    visitor.ask("Input.insertText", json!({"text": "Key"})).await;
    visitor.arrives("Enter", visitor.presses("Enter")).await;
    assert_eq!(visitor.path().await, "/greeted?Key-a-once");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_keeps_people_out_is_found_with_script_and_without() {
    let mut visitor = visitor().await;
    for script in [true, false] {
        if !script {
            visitor = visitor.without_script().await;
        }
        visitor.open("/").await;
        visitor.is_for_everybody().await;
        visitor.open("/no-label").await;
        let found = visitor.barriers().await;
        assert!(found.len() == 1 && found[0].starts_with("label (critical)") && found[0].contains("<input name=\"name\">"), "{found:#?}");
        visitor.open("/pale").await;
        let found = visitor.barriers().await;
        assert!(found.len() == 1 && found[0].starts_with("color-contrast (serious)"), "{found:#?}");
        visitor.heard_nothing_bad().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_is_too_wide_is_found() {
    let visitor = visitor().await;
    visitor.open("/").await;
    visitor.fits(Screen::NARROW).await;
    visitor.open("/wide").await;
    visitor.fits(Screen::WIDE).await;
    visitor.looks_with(Screen::NARROW).await;
    assert_eq!(visitor.evaluate("[document.documentElement.scrollWidth > 500, innerWidth]").await, json!([true, 360]));
    let wide = tokio::spawn(async move { visitor.fits(Screen::NARROW).await }).await.unwrap_err().into_panic();
    let said = wide.downcast_ref::<String>().unwrap();
    assert!(said.contains("too wide for a telephone") && said.contains("ends at 508"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_page_is_visited_once() {
    let visitor = visitor().await;
    let seen = goes_everywhere(&visitor, &["/greeted?first"]).await;
    assert_eq!(seen.into_values().collect::<Vec<_>>(), ["/", "/greeted?first"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn dark_colours_and_reduced_motion_reach_the_page() {
    let visitor = visitor().await;
    visitor.open("/").await;
    let prefers = "['(prefers-color-scheme: dark)', '(prefers-reduced-motion: reduce)'].map(query => matchMedia(query).matches)";
    for screen in [Screen::WIDE, Screen::WIDE.dark(), Screen { still: false, ..Screen::NARROW }] {
        visitor.looks_with(screen).await;
        assert_eq!(visitor.evaluate(prefers).await, json!([screen.dark, screen.still]));
    }
}

/// Opens a page and waits until all of these words were heard.
async fn hears(path: &str, words: &[&str]) {
    let visitor = visitor().await;
    visitor.open(path).await;
    let mut heard = Vec::new();
    let all = words.join(", ");
    visitor
        .waits_for(&format!("these are heard: {all}"), async || {
            heard.extend(visitor.heard().await);
            words.iter().all(|word| heard.iter().any(|line: &String| line.contains(word)))
        })
        .await;
    assert_eq!(heard.len(), words.len(), "{heard:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_policy_forbids_is_heard() {
    hears("/inline", &["inline style", "inline script"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_script_throws_or_complains_of_is_heard() {
    hears("/throws", &["on the console: Some(String(\"oh\"))", "Error: broken"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_or_broken_is_heard() {
    hears("/missing", &["404"]).await;
    hears("/breaks", &["/breaks answered 500"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_to_another_server_is_heard() {
    hears("/stranger", &["a request to a stranger: http://localhost:"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_visitor_has_no_cookie_of_anybody() {
    let visitor = visitor().await;
    visitor.open("/cookie").await;
    visitor.open("/who").await;
    visitor.sees("who=me").await;
    let stranger = visitor.stranger().await;
    stranger.open("/who").await;
    stranger.sees("cookie None").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_has_the_size_of_the_page() {
    let (visitor, folder) = (visitor().await, tempfile::tempdir().unwrap());
    visitor.open("/wide").await;
    let file = folder.path().join("screens/wide.png");
    visitor.saves(&file).await;
    let bytes = std::fs::read(file).unwrap();
    let number = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
    assert_eq!((&bytes[1..4], number(16), number(20)), (&b"PNG"[..], Screen::WIDE.width, Screen::WIDE.height));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_come_is_reported_with_what_is_there() {
    let visitor = visitor().await;
    visitor.open("/greeted?nobody").await;
    let waited = tokio::spawn(async move {
        visitor.waits_until("pigs fly", std::time::Duration::ZERO, async || false).await;
    });
    let said = waited.await.unwrap_err().into_panic();
    let said = said.downcast_ref::<String>().unwrap();
    assert!(said.contains("pigs fly") && said.contains("hello nobody"), "{said}");
}
