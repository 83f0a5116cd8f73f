//! Projects: the list, the forms that add, change and remove one, and the same for programs.

use std::time::Duration;

use heartbeat::model::{HeartbeatApp, IncidentKind, IngestionAlertApp, Minute, Outcome, Project, ProjectSpec, Recorded, Role};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::bed::{Browser, Shown, TestSite};
use crate::store::samples;

async fn put(site: &TestSite, specs: &[ProjectSpec]) {
    site.store.apply(specs, &[], site.clock.now().minus(Duration::from_mins(30))).await.unwrap();
}

async fn project(site: &TestSite, name: &str) -> Project {
    site.store.project(&samples::name(name)).await.unwrap().expect("the project is there")
}

/// Sends JSON as a program that may do so much.
async fn api(site: &TestSite, role: Role, method: Method, path: &str, body: Option<Value>) -> Shown {
    let token = site.token(role).await;
    let mut program = site.stranger();
    let request = program.request(method, path).bearer_auth(token);
    let request = match body {
        Some(body) => request.json(&body),
        None => request,
    };
    program.send(request).await
}

fn json_of(shown: &Shown) -> Value {
    serde_json::from_str(&shown.text).unwrap_or_else(|_| panic!("{} {}", shown.status, shown.text))
}

#[tokio::test]
async fn where_nothing_is_yet_the_page_says_what_to_do() {
    let site = TestSite::start().await;
    let page = site.writer().await.get("/").await;
    assert!(page.page().contains("No projects yet") && page.text.contains("href=\"/projects/new\""), "{}", page.text);
    assert!(page.text.contains("heartbeat projects add shop") && page.text.contains("heartbeat apply"), "{}", page.text);
    let readers = site.reader().await.get("/").await;
    assert!(!readers.page().contains("/projects/new"), "{}", readers.text);
}

#[tokio::test]
async fn the_list_says_how_each_project_is_and_what_is_open_above_it() {
    let site = TestSite::start().await;
    put(&site, &[samples::spec("shop"), ProjectSpec { heartbeat: None, ..samples::spec("blog") }]).await;
    let shop = project(&site, "shop").await;
    let now = site.clock.now().minute();
    let beat = |minute: Minute| Recorded {
        outcome: Outcome::Arrived,
        seen: Some(minute.start().plus(Duration::from_secs(32))),
        ingested: Some(minute.start().plus(Duration::from_secs(14))),
        copies: 1,
        ..samples::awaiting(shop.routes[0].id, minute)
    };
    let beats: Vec<Recorded> = now.plus(-30).until(now).map(beat).collect();
    site.store.record(&beats, &[]).await.unwrap();
    let mut incident = samples::incident(&shop, IncidentKind::Ingestion, 0);
    incident.opened = site.clock.now().minus(Duration::from_mins(5));
    let incident = samples::open_incident(&site.store, incident).await;
    let shown = site.writer().await.get("/").await;
    let page = shown.page();
    let place = |text: &str| page.find(text).unwrap_or_else(|| panic!("`{text}` is not in {page}"));
    let number = incident.id.unwrap().0;
    assert!(place(&format!("/incidents/{number}")) < place("/projects/blog"), "what is open stands first");
    assert!(place("/projects/blog") < place("/projects/shop"));
    assert!(page.contains("Every beat arrives; the last one took 1.7s.") && page.contains("<span class=\"badge up\">up</span>"), "{page}");
    assert!(page.contains("Heartbeat is not enabled here.") && page.contains("<span class=\"badge disabled\">disabled</span>"), "{page}");
    assert!(page.contains("aria-label=\"Last hour: 30 arrived, 0") || page.contains("aria-label=\"Last hour: 30 arrived\""), "{page}");
    assert!(page.contains("15:09</time>"), "complete through: {page}");
    assert!(page.contains("beats are accepted and do not arrive") && page.contains("5m ago"), "{page}");
    assert!(!page.contains("phx_secret"), "{page}");
}

#[tokio::test]
async fn one_pages_through_many_projects_and_finds_some() {
    let site = TestSite::start().await;
    let specs: Vec<ProjectSpec> = (0..60).map(|at| samples::spec(&format!("shop-{at:02}"))).collect();
    put(&site, &specs).await;
    let mut ann = site.writer().await;
    let names = |shown: &Shown| -> Vec<String> {
        shown.page().match_indices("<a href=\"/projects/shop-").map(|(at, _)| shown.text[at + 19..at + 26].to_owned()).collect()
    };
    let first = ann.get("/").await;
    assert_eq!((names(&first).len(), names(&first)[0].as_str()), (25, "shop-00"));
    assert!(first.text.contains("1 to 25 of 60") && !first.text.contains("rel=\"prev\""), "{}", first.text);
    let second = ann.get("/?after=shop-24").await;
    assert_eq!((names(&second).len(), names(&second)[0].as_str()), (25, "shop-25"));
    let last = ann.get("/?after=shop-49").await;
    assert!(last.page().contains("51 to 60 of 60") && !last.text.contains("rel=\"next\""), "{}", last.text);
    assert!(last.text.contains("href=\"/?before=shop-50\""), "{}", last.text);
    assert_eq!(names(&ann.get("/?before=shop-50").await), names(&second));
    let found = ann.get("/?q=SHOP-3").await;
    assert_eq!(names(&found), (30..40).map(|at| format!("shop-{at}")).collect::<Vec<_>>());
    let nothing = ann.get("/?q=%3Cscript%3E").await;
    assert!(nothing.page().contains("No project found") && !nothing.text.contains("<script>"), "{}", nothing.text);
    for strange in ["/?after=%00", "/?before=", "/?q=%F0%9F%92%9A&after=zz"] {
        ann.get(strange).await.page();
    }
}

const WRONG: [(&str, &str); 6] = [
    ("name", "my shop"),
    ("host", "<b>posthog</b>"),
    ("token", "phx_hunter2"),
    ("personal_api_key", "hunter2 hunter2"),
    ("project_id", "-1"),
    ("api_host", "https://ann:hunter2@posthog.example"),
];

#[tokio::test]
async fn a_form_with_everything_wrong_says_so_under_each_field_and_loses_nothing() {
    let site = TestSite::start().await;
    let mut ann = site.writer().await;
    let shown = ann.submit("/projects/new", "/projects/new", &WRONG).await;
    assert_eq!(shown.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(shown.text.contains("6 things are wrong"), "{}", shown.text);
    for (field, _) in WRONG {
        assert!(shown.text.contains(&format!("<a href=\"#{field}\">")), "{field}: {}", shown.text);
        let (_, under) = shown.text.split_once(&format!("id=\"{field}-check\"")).unwrap();
        assert!(under.split("</output>").next().unwrap().contains("<b>Wrong.</b>"), "{field}: {under}");
    }
    assert!(shown.text.contains("value=\"my shop\"") && shown.text.contains("value=\"&#60;b&#62;posthog"), "{}", shown.text);
    assert!(!shown.text.contains("<b>posthog"), "{}", shown.text);
    let secret = ann.submit("/projects/new", "/projects/new", &[("name", "shop"), ("personal_api_key", "phx_hunter2")]).await;
    assert!(
        secret.text.contains("PostHog host is missing") && secret.text.contains("Type it again: secrets are never shown"),
        "{}",
        secret.text
    );
    assert!(!secret.text.contains("hunter2"), "{}", secret.text);
    assert!(site.store.project_names().await.unwrap().is_empty());
}

const RIGHT: [(&str, &str); 7] = [
    ("name", "shop"),
    ("host", "us"),
    ("token", "phc_a"),
    ("personal_api_key", "phx_hunter2"),
    ("project_id", ""),
    ("api_host", ""),
    ("unchecked", "on"),
];

#[tokio::test]
async fn a_project_is_added_with_its_apps_and_a_name_that_is_taken_is_reported() {
    let site = TestSite::start().await;
    let mut ann = site.writer().await;
    let with_apps = [&RIGHT[..], &[("heartbeat", "on"), ("ingestion-alert", "on")]].concat();
    let added = ann.submit("/projects/new", "/projects/new", &with_apps).await;
    assert_eq!((added.status, added.location()), (StatusCode::SEE_OTHER, "/projects/shop"), "{}", added.text);
    let shop = project(&site, "shop").await;
    assert!(shop.spec.beats() && shop.spec.alert().is_some());
    assert_eq!(shop.spec.personal_key.as_ref().unwrap().expose(), "phx_hunter2");
    let again = ann.submit("/projects/new", "/projects/new", &RIGHT).await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(again.text.contains("Name <code>shop</code> is the name of another project; choose another one."), "{}", again.text);
    let bare: Vec<(&str, &str)> = RIGHT.iter().map(|(name, value)| (*name, if *name == "name" { "bare" } else { *value })).collect();
    ann.submit("/projects/new", "/projects/new", &bare).await;
    let bare = project(&site, "bare").await;
    assert_eq!((bare.spec.heartbeat, bare.spec.ingestion_alert), (None, None));
    let reserved: Vec<(&str, &str)> = RIGHT.iter().map(|(name, value)| (*name, if *name == "name" { "new" } else { *value })).collect();
    let reserved = ann.submit("/projects/new", "/projects/new", &reserved).await;
    assert!(reserved.text.contains("Name cannot be <code>new</code>: this name is reserved"), "{}", reserved.text);
}

async fn settings(ann: &mut Browser, fields: &[(&str, &str)]) -> Shown {
    ann.submit("/projects/shop/settings", "/projects/shop/settings", fields).await
}

#[tokio::test]
async fn settings_change_what_is_said_and_keep_the_key() {
    let site = TestSite::start().await;
    put(&site, &[samples::spec("shop")]).await;
    let mut ann = site.writer().await;
    let page = ann.get("/projects/shop/settings").await;
    assert!(page.page().contains("<span class=\"badge tag\">set</span>") && !page.text.contains("phx_secret"), "{}", page.text);
    assert!(
        page.text.contains("value=\"eu\"") && page.text.contains("value=\"phc_shop\"") && page.text.contains("value=\"15m\""),
        "{}",
        page.text
    );
    assert!(page.text.contains("<a href=\"/projects/shop/settings\" aria-current=\"page\">"), "{}", page.text);
    let wrong = settings(&mut ann, &[("host", "usa"), ("token", ""), ("late_after", "20m"), ("lost_after", "soon")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    for says in ["PostHog host <code>usa</code> has no protocol", "Project token is missing", "Lost after <code>soon</code>"] {
        assert!(wrong.text.contains(says), "{says}: {}", wrong.text);
    }
    assert!(wrong.text.contains("value=\"20m\""), "{}", wrong.text);
    let all =
        [("host", "eu"), ("api_host", ""), ("token", "phc_shop"), ("personal_api_key", ""), ("project_id", "7"), ("lost_after", "1h")];
    let saved = settings(&mut ann, &all).await;
    assert_eq!((saved.status, saved.location()), (StatusCode::SEE_OTHER, "/projects/shop/settings"), "{}", saved.text);
    let spec = project(&site, "shop").await.spec;
    assert_eq!((spec.posthog_id, spec.timing.lost_after), (Some(7), Duration::from_hours(1)));
    assert_eq!(spec.personal_key, samples::spec("shop").personal_key);
    assert!(ann.get("/projects/shop/settings").await.page().contains("Saved."));
}

#[tokio::test]
async fn a_key_is_taken_away_or_given_anew_and_goes_to_no_other_address_by_itself() {
    let site = TestSite::start().await;
    put(&site, &[samples::spec("shop")]).await;
    let mut ann = site.writer().await;
    let moved = [("host", "https://posthog.example"), ("token", "phc_shop"), ("personal_api_key", "")];
    let rejected = settings(&mut ann, &moved).await;
    assert_eq!(rejected.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(rejected.text.contains("Personal API key must be given again with the new address"), "{}", rejected.text);
    let given = [&moved[..2], &[("personal_api_key", "phx_hunter3")]].concat();
    assert_eq!(settings(&mut ann, &given).await.status, StatusCode::SEE_OTHER);
    assert_eq!(project(&site, "shop").await.spec.personal_key.unwrap().expose(), "phx_hunter3");
    let dropped = [&moved[..], &[("personal_api_key.clear", "yes")]].concat();
    assert_eq!(settings(&mut ann, &dropped).await.status, StatusCode::SEE_OTHER);
    assert_eq!(project(&site, "shop").await.spec.personal_key, None);
}

#[tokio::test]
async fn removing_asks_first_and_says_what_is_lost() {
    let site = TestSite::start().await;
    put(&site, &[samples::spec("shop")]).await;
    let mut ann = site.writer().await;
    let asked = ann.get("/projects/shop/remove").await;
    assert!(asked.page().contains("Remove shop?") && asked.text.contains("Its incidents are kept"), "{}", asked.text);
    project(&site, "shop").await;
    let removed = ann.submit("/projects/shop/remove", "/projects/shop/remove", &[]).await;
    assert_eq!((removed.status, removed.location()), (StatusCode::SEE_OTHER, "/"));
    assert!(site.store.project_names().await.unwrap().is_empty());
    assert!(ann.get("/").await.page().contains("shop is removed."));
    for path in ["/projects/shop/settings", "/projects/shop/remove", "/projects/%00/settings"] {
        assert_eq!(ann.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn a_viewer_changes_nothing() {
    let site = TestSite::start().await;
    put(&site, &[samples::spec("shop")]).await;
    let mut rob = site.reader().await;
    let page = rob.get("/projects/shop/settings").await;
    assert!(page.page().contains("Your role is viewer") && !page.text.contains("<button class=\"primary\">"), "{}", page.text);
    for path in ["/projects/new", "/projects/shop/remove"] {
        assert_eq!(rob.get(path).await.status, StatusCode::FORBIDDEN, "{path}");
    }
    for path in
        ["/projects/new", "/projects/new/check", "/projects/shop/settings", "/projects/shop/settings/check", "/projects/shop/remove"]
    {
        assert_eq!(rob.submit("/", path, &[("host", "eu")]).await.status, StatusCode::FORBIDDEN, "{path}");
    }
    for (method, path) in [
        (Method::POST, "/api/v1/projects"),
        (Method::PATCH, "/api/v1/projects/shop"),
        (Method::DELETE, "/api/v1/projects/shop"),
        (Method::POST, "/api/v1/projects/check"),
    ] {
        let rejected = api(&site, Role::Viewer, method.clone(), path, Some(json!({}))).await;
        assert_eq!(rejected.status, StatusCode::FORBIDDEN, "{method} {path}");
    }
    assert_eq!(project(&site, "shop").await.spec, samples::spec("shop"));
}

#[tokio::test]
async fn a_program_adds_projects_and_hears_everything_that_is_wrong() {
    let site = TestSite::start().await;
    let post = async |body: Value| api(&site, Role::Editor, Method::POST, "/api/v1/projects?check=false", Some(body)).await;
    let wrong = post(json!({"name": "my shop", "host": "usa", "token": "phx_hunter2", "late_after": "soon"})).await;
    assert_eq!((wrong.status, wrong.header("content-type")), (StatusCode::UNPROCESSABLE_ENTITY, "application/problem+json"));
    let fields: Vec<Value> = json_of(&wrong)["errors"].as_array().unwrap().iter().map(|problem| problem["field"].clone()).collect();
    assert_eq!(fields, ["name", "host", "token", "late_after"]);
    assert!(!wrong.text.contains("hunter2"), "{}", wrong.text);
    for (body, status) in [
        (json!({"name": "shop"}), StatusCode::UNPROCESSABLE_ENTITY),
        (json!([]), StatusCode::BAD_REQUEST),
        (json!({"name": "shop", "host": "us", "token": "phc_a", "colour": "red"}), StatusCode::BAD_REQUEST),
        (json!({"name": "shop", "host": "us", "token": "phc_a", "project_id": -1}), StatusCode::UNPROCESSABLE_ENTITY),
        (json!({"name": "shop", "host": "us", "token": "phc_a", "project_id": 0}), StatusCode::UNPROCESSABLE_ENTITY),
        (json!({"name": "shop", "host": "us", "token": "phc_a", "apps": ["hartbeat"]}), StatusCode::BAD_REQUEST),
        (json!({"name": "check", "host": "us", "token": "phc_a"}), StatusCode::UNPROCESSABLE_ENTITY),
    ] {
        let rejected = post(body.clone()).await;
        assert_eq!(rejected.status, status, "{body}: {}", rejected.text);
    }
    let body = json!({"name": "shop", "host": "us", "token": "phc_a", "personal_api_key": "phx_hunter2", "lost_after": "1h"});
    let added = post(body.clone()).await;
    assert_eq!(added.status, StatusCode::CREATED, "{}", added.text);
    let view = json!({
        "name": "shop", "host": "us", "api_host": null, "token": "phc_a", "has_personal_api_key": true, "project_id": null,
        "late_after": "2m", "lost_after": "1h", "readback_interval": "1m", "timeout": "20s", "tags": [], "heartbeat": "enabled", "ingestion_alert": "enabled",
    });
    assert_eq!(json_of(&added), view);
    assert_eq!(post(body).await.status, StatusCode::CONFLICT);
    assert_eq!(post(json!({"name": "bare", "host": "us", "token": "phc_b", "apps": []})).await.status, StatusCode::CREATED);
    assert_eq!(project(&site, "bare").await.spec.heartbeat, None);
    let read = api(&site, Role::Viewer, Method::GET, "/api/v1/projects/shop", None).await;
    assert_eq!((json_of(&read), read.text.contains("hunter2")), (view, false));
}

#[tokio::test]
async fn a_program_changes_what_it_names_and_only_what_it_read() {
    let site = TestSite::start().await;
    put(&site, &[samples::spec("shop")]).await;
    let path = "/api/v1/projects/shop";
    let token = site.token(Role::Editor).await;
    let mut program = site.stranger();
    let change = |tag: Option<&str>, body: Value| {
        let request = site.stranger().request(Method::PATCH, path).bearer_auth(&token).json(&body);
        match tag {
            Some(tag) => request.header("if-match", tag),
            None => request,
        }
    };
    let request = program.request(Method::GET, path).bearer_auth(&token);
    let tag = program.send(request).await.header("etag").to_owned();
    let changed = program.send(change(Some(&tag), json!({"project_id": 7, "lost_after": "1h"}))).await;
    assert_eq!((json_of(&changed)["project_id"].clone(), json_of(&changed)["lost_after"].clone()), (json!(7), json!("1h")));
    let stale = program.send(change(Some(&tag), json!({"project_id": 8}))).await;
    assert_eq!(stale.status, StatusCode::PRECONDITION_FAILED, "{}", stale.text);
    let back = program.send(change(None, json!({"project_id": null, "lost_after": null, "personal_api_key": null}))).await;
    let view = json_of(&back);
    assert_eq!((&view["project_id"], &view["lost_after"], &view["has_personal_api_key"]), (&json!(null), &json!("15m"), &json!(false)));
    for (body, status) in [
        (json!({"host": null}), StatusCode::UNPROCESSABLE_ENTITY),
        (json!({"name": "other"}), StatusCode::UNPROCESSABLE_ENTITY),
        (json!({"late_after": "20m"}), StatusCode::UNPROCESSABLE_ENTITY),
        (json!({"project_id": "7"}), StatusCode::BAD_REQUEST),
    ] {
        assert_eq!(program.send(change(None, body.clone())).await.status, status, "{body}");
    }
    assert_eq!(json_of(&program.send(change(None, json!({}))).await), view, "nothing said, nothing changed");
    let delete = |tag: &str| site.stranger().request(Method::DELETE, path).bearer_auth(&token).header("if-match", tag);
    assert_eq!(program.send(delete(&tag)).await.status, StatusCode::PRECONDITION_FAILED);
    assert_eq!(program.send(delete("*")).await.status, StatusCode::NO_CONTENT);
    assert_eq!(program.send(delete("*")).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn projects_are_labelled_with_their_tags_and_found_by_them() {
    let site = TestSite::start().await;
    put(&site, &[samples::spec("shop"), samples::spec("blog"), samples::spec("news")]).await;
    let change =
        async |name: &str, body: Value| api(&site, Role::Editor, Method::PATCH, &format!("/api/v1/projects/{name}"), Some(body)).await;
    let changed = json_of(&change("shop", json!({"tags": ["checkout", "eu"]})).await);
    assert_eq!(changed["tags"], json!(["checkout", "eu"]));
    change("blog", json!({"tags": ["eu"]})).await;
    for wrong in [json!({"tags": ["e u"]}), json!({"tags": "eu"}), json!({"tags": [7]})] {
        assert!(change("news", wrong.clone()).await.status.is_client_error(), "{wrong}");
    }
    let names = async |query: &str| {
        let list = json_of(&api(&site, Role::Viewer, Method::GET, &format!("/api/v1/projects?{query}"), None).await);
        list["items"].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names("project=tag:eu").await, ["blog", "shop"]);
    assert_eq!(names("project=tag:checkout,news").await, ["news", "shop"]);
    assert_eq!(names("project=tag:eu&q=SH").await, ["shop"]);
    assert_eq!(names("project=tag:none").await, [""; 0]);
    let wrong = api(&site, Role::Viewer, Method::GET, "/api/v1/projects?project=a%20b", None).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    let mut ann = site.writer().await;
    let list = ann.get("/").await;
    assert!(list.page().contains("href=\"/?project=tag:checkout\""), "{}", list.text);
    let of_tag = ann.get("/?project=tag:checkout").await;
    assert!(of_tag.page().contains("href=\"/projects/shop\"") && !of_tag.text.contains("href=\"/projects/blog\""), "{}", of_tag.text);
    assert!(of_tag.text.contains("<code>tag:checkout</code>"), "{}", of_tag.text);
    let incident = samples::incident(&project(&site, "blog").await, IncidentKind::Ingestion, 0);
    samples::open_incident(&site.store, incident).await;
    assert!(ann.get("/incidents?project=tag:eu").await.page().contains("blog"));
    assert!(!ann.get("/incidents?project=tag:checkout").await.page().contains(">blog"));
}

#[tokio::test]
async fn a_program_reads_a_list_part_by_part() {
    let site = TestSite::start().await;
    let apps = ProjectSpec {
        heartbeat: Some(HeartbeatApp { enabled: false, ..HeartbeatApp::default() }),
        ingestion_alert: Some(IngestionAlertApp::default()),
        ..samples::spec("b")
    };
    put(&site, &[samples::spec("c"), apps, samples::spec("B"), samples::spec("a1")]).await;
    let list = async |query: &str| json_of(&api(&site, Role::Viewer, Method::GET, &format!("/api/v1/projects{query}"), None).await);
    let names =
        |list: &Value| list["items"].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    let first = list("?limit=3").await;
    assert_eq!((names(&first), &first["next"]), (vec!["B".to_owned(), "a1".into(), "b".into()], &json!("b")));
    assert_eq!(
        (first["items"][2]["heartbeat"].clone(), first["items"][2]["ingestion_alert"].clone()),
        (json!("disabled"), json!("enabled"))
    );
    let rest = list("?limit=3&after=b").await;
    assert_eq!((names(&rest), &rest["next"]), (vec!["c".to_owned()], &json!(null)));
    assert_eq!(names(&list("?q=b").await), ["B", "b"]);
    for strange in ["?limit=0", "?limit=501"] {
        assert_eq!(list(strange).await["status"], 422, "{strange}");
    }
}
