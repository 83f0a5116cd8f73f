//! Apps by page and by API: what can be installed, the form that is made from an app's settings, and what an app did.

use std::time::Duration;

use heartbeat::model::{AppKind, HeartbeatApp, IngestionAlertApp, Outcome, ProjectSpec};
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::bed::TestSite;
use super::program::Program;
use crate::store::samples::{self, awaiting, readback, seen};

const ALERT: &str = "/projects/shop/apps/ingestion-alert";
const HEARTBEAT: &str = "/projects/shop/apps/heartbeat";

/// Sets up a project an hour ago.
async fn set_up(site: &TestSite, spec: ProjectSpec) {
    site.store.apply(&[spec], &[], site.clock.now().minus(Duration::from_hours(1))).await.unwrap();
}

fn bare(name: &str) -> ProjectSpec {
    ProjectSpec { heartbeat: None, ..samples::spec(name) }
}

async fn stored(site: &TestSite) -> ProjectSpec {
    samples::find(&site.store, &samples::name("shop")).await.spec
}

#[tokio::test]
async fn apps_are_found_by_name_and_by_what_they_do() {
    let site = TestSite::start().await;
    set_up(&site, samples::spec("shop")).await;
    set_up(&site, bare("blog")).await;
    let mut rob = site.reader().await;
    let all = rob.get("/apps").await;
    let text = all.page();
    assert!(text.contains("Ingestion Alert") && text.contains("Creates one event per minute"), "{text}");
    assert!(text.contains("1 event a minute on 1 route: 1,440 a day, 43,200 in 30 days."), "{text}");
    assert!(text.contains("Installed on 1 project, enabled on 1.") && text.contains("Not installed yet."), "{text}");
    let found = rob.get("/apps?q=INGESTION%20STOPS").await;
    assert!(found.page().contains("Ingestion Alert") && !found.page().contains("one event per minute"), "{}", found.text);
    assert!(rob.get("/apps?q=nothing").await.page().contains("No app found"));
    let projects = rob.get("/apps/heartbeat?q=SHO").await;
    assert!(projects.page().contains(HEARTBEAT) && !projects.page().contains("/projects/blog/"), "{}", projects.text);
    let of_shop = rob.get("/projects/shop/apps").await;
    assert!(of_shop.page().contains("enabled") && of_shop.page().contains("not installed"), "{}", of_shop.text);
    for nowhere in ["/apps/hartbeat", "/projects/shop/apps/hartbeat", "/projects/none/apps", "/projects/none/apps/heartbeat"] {
        assert_eq!(rob.get(nowhere).await.status, StatusCode::NOT_FOUND, "{nowhere}");
    }
    assert!(rob.get("/apps/hartbeat").await.text.contains("did you mean <code>heartbeat</code>?"));
}

#[tokio::test]
async fn everything_wrong_is_reported_under_its_field_and_what_was_typed_stays() {
    let site = TestSite::start().await;
    set_up(&site, samples::spec("shop")).await;
    let mut ann = site.writer().await;
    let wrong = [
        ("timeRange", "soon"),
        ("webHookUrlTriggered", "hooks.example.com/hunter2"),
        ("webHookUrlResolved", ""),
        ("posthogApiKey", "phc_hunter2"),
        ("posthogHost", "usa.example"),
        ("watch", "*"),
        ("watch.other", "signup,,purchase"),
    ];
    let rejected = ann.submit(ALERT, &format!("{ALERT}/install"), &wrong).await;
    assert_eq!(rejected.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(rejected.text.contains("5 things are wrong"), "{}", rejected.text);
    for (field, says) in [
        ("timeRange", "<b>Wrong.</b> <code>soon</code> must be a whole number of minutes"),
        ("webHookUrlTriggered", "<b>Wrong.</b> has no protocol"),
        ("posthogApiKey", "<b>Wrong.</b> is a project token"),
        ("posthogHost", "<b>Wrong.</b> "),
        ("watch", "<b>Wrong.</b> <code></code> is not an event name"),
    ] {
        let output = format!("<output class=\"check\" id=\"{field}-check\" data-for=\"{field}\" for=\"{field}\">{says}");
        assert!(rejected.text.contains(&output), "{field}: {}", rejected.text);
        assert!(rejected.text.contains(&format!("<a href=\"#{field}\">")), "{field}: {}", rejected.text);
    }
    for typed in ["value=\"soon\"", "value=\"usa.example\"", "value=\"signup,,purchase\""] {
        assert!(rejected.text.contains(typed), "{typed}: {}", rejected.text);
    }
    assert!(!rejected.text.contains("hunter2") && rejected.text.contains("Type it again"), "{}", rejected.text);
    assert!(stored(&site).await.ingestion_alert.is_none());
    let csrf = ann.get(ALERT).await.field("csrf").unwrap();
    let checked = ann.post(&format!("{ALERT}/check"), &[("timeRange", "soon"), ("watch", "any"), ("csrf", &csrf)]).await;
    let checked: Value = serde_json::from_str(checked.page()).unwrap();
    assert_eq!(checked["fields"][0]["name"], "timeRange");
    assert_eq!(checked["fields"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn an_app_is_installed_set_switched_and_taken_off_and_its_secrets_only_go_in() {
    let site = TestSite::start().await;
    set_up(&site, samples::spec("shop")).await;
    let mut ann = site.writer().await;
    let form = ann.get(ALERT).await;
    assert!(form.page().contains("Time range in minutes") && form.page().contains("Webhook URL when triggered"), "{}", form.text);
    assert!(form.page().contains("Install on shop") && !form.page().contains("lost_open_after"), "{}", form.text);
    let hook = "https://hooks.example.com/hunter2";
    let fields =
        [("timeRange", "45"), ("webHookUrlTriggered", hook), ("posthogApiKey", "phx_hunter2"), ("watch", "heartbeats"), ("enabled", "yes")];
    let installed = ann.submit(ALERT, &format!("{ALERT}/install"), &fields).await;
    assert_eq!((installed.status, installed.location()), (StatusCode::SEE_OTHER, ALERT));
    let app = stored(&site).await.ingestion_alert.unwrap();
    assert!(app.enabled);
    assert_eq!(app.value("webHookUrlTriggered").as_deref(), Some(hook));
    let page = ann.get(ALERT).await;
    assert!(page.page().contains("Ingestion Alert is installed on shop and enabled."), "{}", page.text);
    assert!(page.text.contains("https://hooks.example.com/***") && page.text.contains("phx_***"), "{}", page.text);
    assert!(page.text.contains("/projects/shop/rules"), "{}", page.text);

    // A key that nobody can read is not sent to an address that a user typed.
    let stolen = ann.submit(ALERT, ALERT, &[("timeRange", "45"), ("posthogHost", "https://evil.example"), ("watch", "heartbeats")]).await;
    assert!(
        stolen.status == StatusCode::UNPROCESSABLE_ENTITY && stolen.text.contains("must be given again with the new address"),
        "{}",
        stolen.text
    );

    // What is not typed stays, and what is to be taken away goes.
    let fields =
        [("timeRange", "60"), ("webHookUrlTriggered", ""), ("posthogApiKey", ""), ("posthogApiKey.clear", "yes"), ("watch", "any")];
    ann.submit(ALERT, ALERT, &fields).await;
    let app = stored(&site).await.ingestion_alert.unwrap();
    assert_eq!((app.value("timeRange").as_deref(), app.value("webHookUrlTriggered").as_deref()), (Some("60"), Some(hook)));
    assert_eq!(app.value("posthogApiKey"), None);
    ann.get(ALERT).await.page();
    ann.submit(ALERT, ALERT, &[("timeRange", "60")]).await;
    assert!(ann.get(ALERT).await.page().contains("Nothing was changed."));

    ann.submit(ALERT, &format!("{ALERT}/disable"), &[]).await;
    assert!(!stored(&site).await.ingestion_alert.unwrap().enabled);
    ann.submit(ALERT, &format!("{ALERT}/enable"), &[]).await;
    assert!(stored(&site).await.ingestion_alert.unwrap().enabled);
    let ask = format!("{ALERT}/uninstall");
    assert!(ann.get(&ask).await.page().contains("Uninstall Ingestion Alert from shop?"));
    assert_eq!(ann.submit(&ask, &ask, &[]).await.location(), "/projects/shop/apps");
    assert!(stored(&site).await.ingestion_alert.is_none());
    assert_eq!(ann.get(&ask).await.status, StatusCode::CONFLICT);

    let history = ann.get(&format!("{ALERT}/history")).await;
    for words in ["installed, enabled", "timeRange 45 -&#62; 60", "posthogApiKey phx_*** -&#62; none", "disabled", "uninstalled", "ann"] {
        assert!(history.page().contains(words), "{words}: {}", history.text);
    }
    assert!(!history.text.contains("hunter2"), "{}", history.text);
}

#[tokio::test]
async fn what_heartbeat_costs_is_said_beside_enable_and_its_routes_are_listed() {
    let site = TestSite::start().await;
    let resting = HeartbeatApp { enabled: false, ..samples::spec_with_routes("shop", &["proxy"]).heartbeat.unwrap() };
    set_up(&site, ProjectSpec { heartbeat: Some(resting), ..samples::spec("shop") }).await;
    let page = site.writer().await.get(HEARTBEAT).await;
    assert!(
        page.page().contains("Cost when enabled: 1 event a minute on each of 4 routes: 5,760 a day, 172,800 in 30 days."),
        "{}",
        page.text
    );
    for words in ["Events to be emitted", "https://example.com/ingest", "proxy {minute}", "heartbeat_buffer", "PostHog Heartbeat Plugin"] {
        assert!(page.text.contains(words), "{words}: {}", page.text);
    }
}

#[tokio::test]
async fn a_viewer_sees_the_settings_and_changes_nothing() {
    let site = TestSite::start().await;
    set_up(&site, ProjectSpec { ingestion_alert: Some(IngestionAlertApp::default()), ..samples::spec("shop") }).await;
    let mut rob = site.reader().await;
    let page = rob.get(ALERT).await;
    assert!(
        page.page().contains("Time range in minutes") && !page.text.contains("<form method=\"post\" action=\"/projects"),
        "{}",
        page.text
    );
    for path in [ALERT, HEARTBEAT]
        .map(|app| ["", "/install", "/enable", "/disable", "/uninstall", "/check"].map(|tail| format!("{app}{tail}")))
        .concat()
    {
        assert_eq!(rob.submit("/apps", &path, &[("timeRange", "9")]).await.status, StatusCode::FORBIDDEN, "{path}");
    }
    assert_eq!(rob.get(&format!("{ALERT}/uninstall")).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_log_is_filtered_and_figures_are_counted() {
    let site = TestSite::start().await;
    set_up(&site, samples::spec("shop")).await;
    let project = samples::find(&site.store, &samples::name("shop")).await;
    let route = project.routes[0].id;
    let first = site.clock.now().minute().plus(-4);
    let beats = [0, 1, 2].map(|minute| awaiting(route, first.plus(minute)));
    site.store.record(&beats, &[]).await.unwrap();
    let settled = [seen(&beats[0], Outcome::Arrived, 40_000), seen(&beats[1], Outcome::Late, 200_000)];
    site.store.settle(&readback(&project, site.clock.now()), &settled, &[]).await.unwrap();
    let mut rob = site.reader().await;
    let all = rob.get(&format!("{HEARTBEAT}/logs")).await;
    assert!(
        all.page().contains("accepted with 200") && all.text.contains("on its way") && all.text.contains("late: arrived"),
        "{}",
        all.text
    );
    let more_severe = rob.get(&format!("{HEARTBEAT}/logs?level=warning&q=LATE")).await;
    assert!(more_severe.page().contains("late: arrived") && !more_severe.text.contains("on its way"), "{}", more_severe.text);
    let odd = rob.get(&format!("{HEARTBEAT}/logs?level=loud&route=none&before=-9")).await;
    assert!(odd.page().contains("No log lines"), "{}", odd.text);
    let figures = rob.get(&format!("{HEARTBEAT}/metrics")).await;
    assert!(
        figures.page().contains("class=\"share\"")
            && !figures.text.contains("url(#o-")
            && figures.text.contains("1 arrived, 1 late, 1 awaiting"),
        "{}",
        figures.text
    );
    assert!(rob.get(&format!("{ALERT}/metrics")).await.page().contains("Time to detect"));
    assert!(rob.get(&format!("{ALERT}/logs")).await.page().contains("is not installed on shop"));

    let mut program = Program::of(&site).await;
    let (_, log) = program.get("/api/v1/projects/shop/apps/heartbeat/log?level=warning").await;
    assert!(log["items"][0]["words"].as_str().is_some(), "{log}");
    let (_, metrics) = program.get("/api/v1/projects/shop/apps/heartbeat/metrics").await;
    assert_eq!((&metrics["heartbeat"]["last_hour"]["late"], &metrics["ingestion_alert"]), (&json!(1), &Value::Null));
    for wrong in ["log?level=loud", "log?after=-1", "log?after=x", "log?limit=0"] {
        let (status, problem) = program.get(&format!("/api/v1/projects/shop/apps/heartbeat/{wrong}")).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}: {problem}");
    }
}

#[tokio::test]
async fn programs_install_change_and_take_off_apps() {
    let site = TestSite::start().await;
    set_up(&site, bare("shop")).await;
    let mut program = Program::of(&site).await;
    let at = "/api/v1/projects/shop/apps/ingestion-alert";
    assert_eq!(program.get(at).await.0, StatusCode::NOT_FOUND);
    let wrong = json!({ "settings": { "timeRange": "soon", "posthogApiKey": "phc_hunter2", "lots": "on" } });
    let (status, problem) = program.put(at, &wrong).await;
    let fields: Vec<&str> = problem["errors"].as_array().unwrap().iter().map(|one| one["field"].as_str().unwrap()).collect();
    assert_eq!((status, fields), (StatusCode::UNPROCESSABLE_ENTITY, vec!["lots", "posthogApiKey", "timeRange"]), "{problem}");
    assert!(!problem.to_string().contains("hunter2"), "{problem}");

    let whole = json!({ "settings": { "timeRange": "45", "lost": "off", "posthogApiKey": "phx_hunter2", "webHookUrlTriggered": "https://h.example.com/hunter2" } });
    let (status, app) = program.put(at, &whole).await;
    assert_eq!((status, &app["enabled"], &app["settings"]["lost"]), (StatusCode::CREATED, &json!(true), &json!("off")), "{app}");
    assert_eq!((&app["secrets"]["posthogApiKey"], &app["secrets"]["webHookUrlResolved"]), (&json!("phx_***"), &Value::Null));
    assert!(!app.to_string().contains("hunter2"), "{app}");
    let (_, app) = program.put(at, &json!({ "enabled": false, "settings": { "watch": "heartbeats" } })).await;
    assert_eq!(
        (&app["enabled"], &app["settings"]["timeRange"], &app["secrets"]["posthogApiKey"]),
        (&json!(false), &Value::Null, &json!("phx_***"))
    );
    let (status, problem) = program.patch(at, &json!({ "settings": { "posthogHost": "https://evil.example" } })).await;
    assert_eq!((status, &problem["errors"][0]["field"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("posthogApiKey")), "{problem}");
    let (_, app) = program.patch(at, &json!({ "settings": { "timeRange": "50", "posthogApiKey": null } })).await;
    assert_eq!((&app["settings"]["watch"], &app["secrets"]["posthogApiKey"]), (&json!("heartbeats"), &Value::Null));
    let (_, app) = program.post(&format!("{at}/enable"), &json!({})).await;
    assert_eq!(app["enabled"], true);
    let (_, app) = program.post(&format!("{at}/disable"), &json!({})).await;
    assert_eq!(app["enabled"], false);
    let (_, installed) = program.get("/api/v1/projects/shop/apps").await;
    assert_eq!(installed["items"].as_array().unwrap().len(), 1);
    assert_eq!(program.with("if-match", "\"old\"").patch(at, &json!({})).await.0, StatusCode::PRECONDITION_FAILED);
    assert_eq!(program.delete(at).await, StatusCode::NO_CONTENT);
    assert_eq!(program.delete(at).await, StatusCode::NOT_FOUND);
    assert_eq!(program.post(&format!("{at}/enable"), &json!({})).await.0, StatusCode::NOT_FOUND);
    assert_eq!(program.patch(at, &json!({ "colour": "red" })).await.0, StatusCode::BAD_REQUEST);
    let (_, apps) = program.get("/api/v1/apps").await;
    assert_eq!(apps["items"][0]["settings"][0]["others"], true);
    assert_eq!(apps["items"].as_array().unwrap().len(), AppKind::ALL.len());
    let mut reads = Program::reading(&site).await;
    assert_eq!(reads.put(at, &json!({})).await.0, StatusCode::FORBIDDEN);
    assert_eq!(reads.get("/api/v1/projects/shop/apps").await.0, StatusCode::OK);
}

#[tokio::test]
async fn a_route_of_ones_own_is_added_changed_and_removed_on_a_page() {
    let site = TestSite::start().await;
    set_up(&site, samples::spec("shop")).await;
    let mut ann = site.writer().await;
    let (new, proxy) = (format!("{HEARTBEAT}/routes"), format!("{HEARTBEAT}/routes/proxy"));
    let wrong = ann.submit(&new, &new, &[("name", "proxy"), ("event", "$x"), ("host", "t.example.com")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    for says in ["is reserved by PostHog", "has no protocol", "value=\"proxy\""] {
        assert!(wrong.text.contains(says), "{says}: {}", wrong.text);
    }
    let fields =
        [("name", "proxy"), ("event", "heartbeat_proxy"), ("host", "https://t.example.com"), ("endpoint", "v1"), ("distinct_id", "")];
    assert_eq!(ann.submit(&new, &new, &fields).await.location(), HEARTBEAT);
    let own = |spec: ProjectSpec| spec.heartbeat.unwrap().routes;
    let routes = own(stored(&site).await);
    assert_eq!((routes.len(), routes[0].endpoint.name(), routes[0].distinct_id.to_string().as_str()), (1, "v1", HeartbeatApp::DISTINCT_ID));
    let again = ann.submit(&new, &new, &fields).await;
    assert!(again.text.contains("is already the name of another route"), "{}", again.text);
    let fields = [("event", "other"), ("host", ""), ("endpoint", "v0"), ("distinct_id", "x {minute}")];
    assert_eq!(ann.submit(&proxy, &proxy, &fields).await.location(), HEARTBEAT);
    let routes = own(stored(&site).await);
    assert_eq!(
        (routes[0].event.as_str(), routes[0].host.as_ref(), routes[0].distinct_id.to_string().as_str()),
        ("other", None, "x {minute}")
    );
    assert_eq!(ann.submit(&proxy, &proxy, &[("remove", "yes")]).await.location(), HEARTBEAT);
    assert!(own(stored(&site).await).is_empty());
    assert_eq!(ann.get(&proxy).await.status, StatusCode::NOT_FOUND);
}
