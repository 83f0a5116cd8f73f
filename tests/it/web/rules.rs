//! Rules: shown, tried over history, saved; as a page and for programs.

use std::time::Duration;

use heartbeat::model::{IngestionAlertApp, Project, ProjectSpec, Role, RuleKind, Timestamp};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::bed::{NOW, TestSite};
use super::incidents::{asked, text_of};
use crate::cli::tuning::{Fate, remember};
use crate::store::samples::{find, name, spec};

const PAGE: &str = "/projects/shop/rules";
const API: &str = "/api/v1/projects/shop/rules";

async fn set_up(site: &TestSite, alert: Option<IngestionAlertApp>) -> Project {
    let begun = Timestamp::parse(NOW).unwrap().minus(Duration::from_hours(3));
    site.store.apply(&[ProjectSpec { ingestion_alert: alert, ..spec("shop") }], &[], begun).await.unwrap();
    find(&site.store, &name("shop")).await
}

/// A shop of whose last three hours forty minutes were lost.
async fn eventful(site: &TestSite, alert: Option<IngestionAlertApp>) -> Project {
    let project = set_up(site, alert).await;
    let fates: Vec<Fate> = (0..175).map(|at| if (60..100).contains(&at) { Fate::Lost } else { Fate::Arrives }).collect();
    remember(&site.store, &project, Timestamp::parse(NOW).unwrap().minus(Duration::from_hours(3)), &fates).await;
    project
}

async fn stored(site: &TestSite) -> Option<IngestionAlertApp> {
    find(&site.store, &name("shop")).await.spec.ingestion_alert
}

#[tokio::test]
async fn where_the_app_is_not_installed_the_page_says_so_and_installs_it() {
    let site = TestSite::start().await;
    set_up(&site, None).await;
    let mut ann = site.writer().await;
    let page = ann.get(PAGE).await;
    assert!(page.page().contains("is not installed on shop") && !page.text.contains("name=\"save\""), "{}", page.text);
    let unsaved = ann.submit(PAGE, PAGE, &[("lost", "off"), ("save", "yes")]).await;
    assert_eq!(unsaved.status, StatusCode::CONFLICT);
    assert_eq!(ann.submit(PAGE, PAGE, &[("install", "yes")]).await.location(), PAGE);
    assert_eq!(stored(&site).await, Some(IngestionAlertApp::default()));
    assert!(ann.get(PAGE).await.page().contains("name=\"save\""));
    assert_eq!(ann.get("/projects/nobody/rules").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn everything_wrong_is_reported_under_its_field_and_nothing_typed_is_lost() {
    let site = TestSite::start().await;
    set_up(&site, Some(IngestionAlertApp::default())).await;
    let mut ann = site.writer().await;
    let wrong =
        [("timeRange", "0"), ("lost_open_after", "6 of 5"), ("lag_above", "<soon>"), ("capture_reminders", "1m"), ("quiet", "maybe")];
    for button in [("save", "yes"), ("try", "yes")] {
        let fields: Vec<(&str, &str)> = wrong.into_iter().chain([button, ("since", "24h")]).collect();
        let rejected = ann.submit(PAGE, PAGE, &fields).await;
        assert_eq!(rejected.status, StatusCode::UNPROCESSABLE_ENTITY);
        for (key, text) in wrong {
            let check = rejected.text.split_once(&format!("id=\"{key}-check\"")).unwrap().1.split_once("</output>").unwrap().0;
            assert!(check.contains("<b>Wrong.</b>"), "{key}: {check}");
            let shown = text.replace('<', "&#60;").replace('>', "&#62;");
            assert!(rejected.text.contains(&format!("value=\"{shown}\"")) || key == "quiet", "{key} keeps {shown}");
            assert!(rejected.text.contains(&format!("href=\"#{key}\"")), "{key} is linked from above");
        }
        assert!(rejected.text.contains("<option selected>maybe</option>") && !rejected.text.contains("<soon>"), "{}", rejected.text);
    }
    let span = ann.submit(PAGE, PAGE, &[("try", "yes"), ("since", "900d")]).await;
    assert_eq!(span.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(span.text.contains("choose 24 hours"), "{}", span.text);
    assert_eq!(stored(&site).await, Some(IngestionAlertApp::default()));
}

#[tokio::test]
async fn each_rule_is_one_row_with_its_sentence() {
    let site = TestSite::start().await;
    set_up(&site, Some(IngestionAlertApp::default())).await;
    let mut ann = site.writer().await;
    let page = ann.get(PAGE).await;
    let rows: Vec<&str> = page.page().split("<div class=\"rule\" role=\"group\"").skip(1).collect();
    assert_eq!(rows.len(), RuleKind::ALL.len());
    for (kind, row) in RuleKind::ALL.into_iter().zip(rows) {
        let settings = IngestionAlertApp::settings().iter().filter(|setting| IngestionAlertApp::rule_of(setting.key) == Some(kind));
        for setting in settings {
            let (name, label) = (format!(" name=\"{}\"", setting.key), format!("<label for=\"{}\"", setting.key));
            assert!(row.contains(&name) && row.contains(&label), "{}: {row}", setting.key);
        }
        let counted = if row.contains("data-unit=\"minute\"") { " good minutes; " } else { " good read-backs; " };
        assert!(row.contains(counted) && row.contains("incident when "), "{row}");
    }
    let says = "Opens a critical incident when beats are lost in 3 of the last 5 minutes; closes after 3 good minutes; \
                reminds after 1h, 4h, 12h, 1d.</p>";
    assert!(page.page().contains(says), "{}", page.text);

    let tried = ann.submit(PAGE, PAGE, &[("try", "yes"), ("since", "24h"), ("lost_open_after", "2 of 4")]).await;
    assert!(tried.page().contains("beats are lost in 2 of the last 4 minutes"), "{}", tried.text);
    let rejected = ann.submit(PAGE, PAGE, &[("save", "yes"), ("lost_open_after", "6 of 5")]).await;
    assert!(!rejected.text.contains("beats are lost in ") && rejected.text.contains("id=\"lost-says\""), "{}", rejected.text);
}

#[tokio::test]
async fn rules_are_tried_over_history_and_then_saved() {
    let site = TestSite::start().await;
    eventful(&site, Some(IngestionAlertApp::default())).await;
    let mut ann = site.writer().await;
    let tried = ann.submit(PAGE, PAGE, &[("try", "yes"), ("since", "24h"), ("lost_open_after", "2 of 4")]).await;
    let text = text_of(&tried);
    let text = text.split_once("Trial on history").unwrap().1.split_once("Scope").unwrap().0;
    insta::assert_snapshot!("rules tried over history", text);
    assert_eq!(tried.page().matches("class=\"would\"").count(), 1, "{}", tried.text);
    assert!(tried.text.contains("value=\"2 of 4\""), "what was filled in is there to be saved");
    assert_eq!(stored(&site).await, Some(IngestionAlertApp::default()), "a trial saves nothing");

    let gentle = [("lost_open_after", "50 of 60"), ("lag_above", "off"), ("partial_loss", "off")];
    let fields: Vec<(&str, &str)> = gentle.into_iter().chain([("try", "yes"), ("since", "7d"), ("watch", "heartbeats")]).collect();
    let tried = ann.submit(PAGE, PAGE, &fields).await;
    assert!(!tried.page().contains("class=\"would\"") && tried.text.contains("With these rules: 0 incidents"), "{}", tried.text);
    assert!(tried.text.contains("Recorded read-backs counted"), "{}", tried.text);

    let fields: Vec<(&str, &str)> = gentle.into_iter().chain([("save", "yes")]).collect();
    assert_eq!(ann.submit(PAGE, PAGE, &fields).await.location(), PAGE);
    let app = stored(&site).await.unwrap();
    assert_eq!((app.value("lost_open_after").as_deref(), app.value("lag_above").as_deref()), (Some("50 of 60"), Some("off")));
    let audit_entries = site.store.audit_entries(&heartbeat::store::AuditFilter::default()).await.unwrap();
    assert_eq!(audit_entries[0].who, "ann", "{audit_entries:?}");
}

#[tokio::test]
async fn the_form_as_it_is_changes_nothing() {
    let site = TestSite::start().await;
    set_up(&site, Some(IngestionAlertApp::default())).await;
    let mut ann = site.writer().await;
    let fields: Vec<(&str, &str)> = IngestionAlertApp::settings().iter().map(|setting| (setting.key, setting.default)).collect();
    assert_eq!(ann.submit(PAGE, PAGE, &fields).await.location(), PAGE);
    assert!(ann.get(PAGE).await.page().contains("Nothing was changed."));
}

#[tokio::test]
async fn a_viewer_sees_the_rules_and_changes_none() {
    let site = TestSite::start().await;
    let mut app = IngestionAlertApp::default();
    app.enabled = false;
    set_up(&site, Some(app)).await;
    let mut rob = site.reader().await;
    let page = rob.get(PAGE).await;
    insta::assert_snapshot!("rules for a reader", text_of(&page));
    assert!(!page.page().contains("<form class=\"form\""), "{}", page.text);
    for button in ["save", "try", "install"] {
        assert_eq!(rob.submit(PAGE, PAGE, &[(button, "yes")]).await.status, StatusCode::FORBIDDEN, "{button}");
    }
}

#[tokio::test]
async fn programs_change_rules_and_try_them() {
    let site = TestSite::start().await;
    eventful(&site, Some(IngestionAlertApp::default())).await;
    let (write, read_only) = (site.token(Role::Editor).await, site.token(Role::Viewer).await);
    let shown = asked(&site, &read_only, Method::GET, API, None).await;
    let view: Value = serde_json::from_str(shown.page()).unwrap();
    assert_eq!((&view["installed"], &view["rules"][2]["limit"]), (&json!(true), &json!("5m")));

    let set = |set: Value| Some(json!({ "set": set }));
    for (body, status, says) in [
        (set(json!({"lost": "maybe", "lag_abov": "1m"})), 422, "lag_abov"),
        (set(json!({"posthogApiKey": "phx_hunter2"})), 422, "is not a rule"),
        (Some(json!({"sat": {}})), 400, "sat"),
        (Some(json!({})), 400, "set"),
    ] {
        let rejected = asked(&site, &write, Method::PATCH, API, body).await;
        assert_eq!((rejected.status.as_u16(), rejected.header("content-type")), (status, "application/problem+json"), "{}", rejected.text);
        assert!(rejected.text.contains(says) && !rejected.text.contains("hunter2"), "{}", rejected.text);
    }
    assert_eq!(asked(&site, &read_only, Method::PATCH, API, set(json!({}))).await.status, StatusCode::FORBIDDEN);
    let changed = asked(&site, &write, Method::PATCH, API, set(json!({"lag_above": "90s", "quiet": "on"}))).await;
    let view: Value = serde_json::from_str(changed.page()).unwrap();
    assert_eq!((&view["rules"][2]["limit"], &view["rules"][5]["on"]), (&json!("1m30s"), &json!(true)));
    let back = asked(&site, &write, Method::PATCH, API, set(json!({"lag_above": null, "quiet": null}))).await;
    assert_eq!(back.status, StatusCode::OK);
    assert_eq!(stored(&site).await, Some(IngestionAlertApp::default()));

    let mut program = site.stranger();
    let stale = program.request(Method::PATCH, API).header("authorization", format!("Bearer {write}"));
    let stale = stale.header("if-match", "\"another\"").header("content-type", "application/json").body("{\"set\":{}}");
    assert_eq!(program.send(stale).await.status, StatusCode::PRECONDITION_FAILED);

    let replay = format!("{API}/replay");
    let tried = asked(&site, &write, Method::POST, &replay, Some(json!({"since": "1d"}))).await;
    let found: Value = serde_json::from_str(tried.page()).unwrap();
    assert_eq!((found["incidents"].as_array().unwrap().len(), &found["total"][0]["incidents"]), (1, &json!(1)), "{found}");
    let gentle = json!({"since": "1d", "set": {"lost": "off", "partial_loss": "off", "lag_above": "off", "capture": "off"}});
    let tried = asked(&site, &write, Method::POST, &replay, Some(gentle)).await;
    assert_eq!(serde_json::from_str::<Value>(tried.page()).unwrap()["incidents"], json!([]));
    for body in [json!({"since": "91d"}), json!({"since": "soon", "set": {"watch": "any"}}), json!({"set": {"lost": ""}, "since": "0s"})] {
        let rejected = asked(&site, &write, Method::POST, &replay, Some(body.clone())).await;
        assert_eq!(rejected.status, StatusCode::UNPROCESSABLE_ENTITY, "{body}: {}", rejected.text);
    }
    assert_eq!(asked(&site, &write, Method::GET, "/api/v1/projects/no%20body/rules", None).await.status, StatusCode::NOT_FOUND);
}
