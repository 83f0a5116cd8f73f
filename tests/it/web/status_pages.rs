//! Status pages: nobody sees what is not switched on, and the public sees no more than is meant for it.

use std::time::Duration;

use heartbeat::model::{Incident, IncidentKind, ProjectFilter, ProjectName, ProjectSpec, Role, StatusPage, Tag};
use heartbeat::store::AuditFilter;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::bed::TestSite;
use crate::store::samples;

async fn with_project(name: &str) -> TestSite {
    let site = TestSite::start().await;
    site.store.apply(&[samples::spec(name)], &[], site.clock.now()).await.unwrap();
    site
}

#[tokio::test]
async fn a_status_page_is_made_on_a_form_that_says_what_is_wrong() {
    let site = with_project("shop").await;
    let mut ann = site.writer().await;
    assert!(ann.get("/status-pages").await.page().contains("No status pages yet"));
    let fields = [("name", "a b"), ("title", ""), ("projects", "shop, nowhere")];
    let wrong = ann.submit("/status-pages/new", "/status-pages/new", &fields).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    for says in ["<code>a b</code> may only contain letters", "is missing; give a heading", "value=\"shop, nowhere\""] {
        assert!(wrong.text.contains(says), "{says}: {}", wrong.text);
    }
    let fields = [("name", "data"), ("title", "Shop"), ("projects", "shop, nowhere")];
    let wrong = ann.submit("/status-pages/new", "/status-pages/new", &fields).await;
    assert!(wrong.text.contains("there is no project <code>nowhere</code>"), "{}", wrong.text);
    let fields = [("name", "data"), ("title", "Shop <data>"), ("projects", "shop")];
    assert_eq!(ann.submit("/status-pages/new", "/status-pages/new", &fields).await.location(), "/status-pages");
    let again = ann.submit("/status-pages/new", "/status-pages/new", &fields).await;
    assert!(again.text.contains("the status page <code>data</code> already exists"), "{}", again.text);
    let list = ann.get("/status-pages").await;
    assert!(list.page().contains("Shop &#60;data&#62;") && list.text.contains("not public"), "{}", list.text);
    let on = [("title", "Shop data"), ("projects", "shop"), ("public", "yes")];
    ann.submit("/status-pages/data", "/status-pages/data", &on).await;
    assert!(site.store.status_page(&ProjectName::parse("data").unwrap()).await.unwrap().unwrap().public);
    assert_eq!(ann.submit("/status-pages/data/remove", "/status-pages/data/remove", &[]).await.location(), "/status-pages");
    assert!(site.store.status_pages().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_page_of_a_tag_shows_a_project_that_gets_the_tag_later() {
    let site = with_project("shop").await;
    let tagged = async |name: &str| {
        let spec = ProjectSpec { tags: vec![Tag::parse("eu").unwrap()], ..samples::spec(name) };
        site.store.apply(&[spec], &[], site.clock.now()).await.unwrap();
    };
    site.store.apply(&[samples::spec("blog")], &[], site.clock.now()).await.unwrap();
    tagged("shop").await;
    let mut ann = site.writer().await;
    let fields = [("name", "data"), ("title", "Europe"), ("projects", "tag:ue"), ("public", "yes")];
    let wrong = ann.submit("/status-pages/new", "/status-pages/new", &fields).await;
    assert!(wrong.text.contains("there is no tag <code>ue</code>; there is only eu"), "{}", wrong.text);
    let fields = [("name", "data"), ("title", "Europe"), ("projects", "tag:eu"), ("public", "yes")];
    assert_eq!(ann.submit("/status-pages/new", "/status-pages/new", &fields).await.location(), "/status-pages");
    let mut stranger = site.stranger();
    let shown = stranger.get("/status/data").await;
    assert!(shown.page().contains("shop") && !shown.text.contains("blog"), "{}", shown.text);
    assert_eq!(stranger.get("/badge/shop.svg").await.status, StatusCode::OK);
    assert_eq!(stranger.get("/badge/blog.svg").await.status, StatusCode::NOT_FOUND);
    tagged("blog").await;
    site.hand.advance(Duration::from_secs(10));
    assert!(stranger.get("/status/data").await.page().contains("blog"));
    assert_eq!(stranger.get("/badge/blog.svg").await.status, StatusCode::OK);
}

#[tokio::test]
async fn the_public_sees_what_is_public_and_learns_of_nothing_else() {
    let site = with_project("shop").await;
    let page = |public| StatusPage {
        name: ProjectName::parse("data").unwrap(),
        title: "Shop data".into(),
        projects: ProjectFilter::parse("shop, gone").unwrap(),
        public,
    };
    samples::put_status_page(&site.store, page(false)).await;
    let mut stranger = site.stranger();
    for path in ["/status/data", "/status/data/feed.atom", "/status/nowhere", "/status/a%20b"] {
        assert_eq!(stranger.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    assert!(site.reader().await.get("/status/data").await.page().contains("Only logged-in users see this page"));
    samples::put_status_page(&site.store, page(true)).await;
    let shown = stranger.get("/status/data").await;
    assert!(shown.page().contains("Shop data") && shown.text.contains("in 90 days"), "{}", shown.text);
    assert_eq!(shown.header("cache-control"), "public, max-age=30");
    // However many visitors read it: the store is read for the public every ten seconds, and for a user who is logged in each time.
    let now = site.clock.now();
    let project = samples::find(&site.store, &ProjectName::parse("shop").unwrap()).await;
    samples::open_incident(&site.store, Incident { opened: now, closed: None, ..samples::incident(&project, IncidentKind::Ingestion, 0) })
        .await;
    let told = "Events were late, or did not arrive";
    assert!(!stranger.get("/status/data").await.page().contains(told));
    assert!(site.reader().await.get("/status/data").await.page().contains(told));
    site.hand.advance(Duration::from_secs(10));
    assert!(stranger.get("/status/data").await.page().contains(told));
    let spec = samples::spec("shop");
    for hidden in [spec.token.as_str(), spec.host.written(), "/settings", "csrf"] {
        assert!(!shown.text.contains(hidden), "{hidden}: {}", shown.text);
    }
    let address = format!("http://{}/status/data", site.address);
    for says in [
        "<meta name=\"description\" content=\"Shop data: ",
        "<meta property=\"og:title\" content=\"Shop data\">",
        &format!("<meta property=\"og:url\" content=\"{address}\">"),
    ] {
        assert!(shown.text.contains(says), "{says}: {}", shown.text);
    }
    let feed = stranger.get("/status/data/feed.atom").await;
    let again = stranger.request(Method::GET, "/status/data/feed.atom").header("if-none-match", feed.header("etag"));
    let again = stranger.send(again).await;
    assert_eq!((again.status, again.text.as_str()), (StatusCode::NOT_MODIFIED, ""));
    assert_eq!(feed.header("content-type"), "application/atom+xml; charset=utf-8");
    assert!(feed.page().contains("<title>Shop data: incidents</title>"), "{}", feed.text);
}

#[tokio::test]
async fn programs_put_and_remove_status_pages() {
    let site = with_project("shop").await;
    let token = site.token(Role::Editor).await;
    let mut program = site.stranger();
    let request = |program: &super::bed::Browser, method, body: Option<Value>| {
        let request = program.request(method, "/api/v1/status-pages/data").header("authorization", format!("Bearer {token}"));
        match body {
            Some(body) => request.header("content-type", "application/json").body(body.to_string()),
            None => request,
        }
    };
    let wrong = request(&program, Method::PUT, Some(json!({"title": "x", "projects": []})));
    assert_eq!(program.send(wrong).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    let put = request(&program, Method::PUT, Some(json!({"title": "Data", "projects": ["shop"], "public": true})));
    let put = program.send(put).await;
    assert_eq!(put.status, StatusCode::CREATED);
    let put: Value = serde_json::from_str(&put.text).unwrap();
    assert_eq!(put, json!({"name": "data", "title": "Data", "projects": ["shop"], "public": true}));
    let read = request(&program, Method::GET, None);
    let read = program.send(read).await;
    let tag = read.header("etag").to_owned();
    let again = request(&program, Method::GET, None).header("if-none-match", &tag);
    let again = program.send(again).await;
    assert_eq!((again.status, again.text.as_str()), (StatusCode::NOT_MODIFIED, ""));
    let other = json!({"title": "Shop", "projects": ["shop"]});
    let change = request(&program, Method::PUT, Some(other.clone())).header("if-match", &tag);
    assert_eq!(program.send(change).await.status, StatusCode::OK);
    for stale in [request(&program, Method::PUT, Some(other)), request(&program, Method::DELETE, None)] {
        let stale = program.send(stale.header("if-match", &tag)).await;
        assert_eq!(stale.status, StatusCode::PRECONDITION_FAILED, "{}", stale.text);
    }
    let told = site.store.audit_entries(&AuditFilter::default()).await.unwrap();
    let told = told
        .iter()
        .filter(|audit_entry| audit_entry.subject == "status page data")
        .map(|audit_entry| audit_entry.words.as_str())
        .collect::<Vec<_>>();
    assert_eq!(told, ["title Data -> Shop; public true -> false", "added"]);
    let remove = request(&program, Method::DELETE, None);
    assert_eq!(program.send(remove).await.status, StatusCode::NO_CONTENT);
    let gone = request(&program, Method::DELETE, None);
    assert_eq!(program.send(gone).await.status, StatusCode::NOT_FOUND);
}
