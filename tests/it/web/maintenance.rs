//! Maintenance windows: listed, added, removed; as pages and for programs.

use heartbeat::model::Role;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::bed::TestSite;
use super::incidents::{asked, text_of};
use crate::store::samples::{set_up, spec};

const NEW: &str = "/maintenance/new";

#[tokio::test]
async fn windows_come_and_go() {
    let site = TestSite::start().await;
    set_up(&site.store, spec("shop")).await;
    let mut ann = site.writer().await;
    assert!(ann.get("/maintenance").await.page().contains("No maintenance windows yet"));
    for fields in [
        &[("name", "now"), ("projects", "shop"), ("now", "true"), ("lasts", "2h")][..],
        &[("name", "soon"), ("from", "2026-11-24 02:00"), ("to", "2026-11-24T04:00Z"), ("lasts", "")],
        &[("name", "weekly"), ("weekly", "sun 02:00-04:00"), ("timezone", "Europe/Berlin")],
        &[("name", "nightly"), ("cron", "0 2 * * *"), ("lasts", "30m")],
    ] {
        let added = ann.submit(NEW, NEW, fields).await;
        assert_eq!(added.location(), "/maintenance", "{fields:?}: {}", added.text);
    }
    let shown = ann.get("/maintenance").await;
    insta::assert_snapshot!("maintenance windows", text_of(&shown));
    let ask = ann.get("/maintenance/now/remove").await;
    assert!(ask.page().contains("Remove now?") && ask.text.contains("It is open"), "{}", ask.text);
    assert_eq!(ann.submit("/maintenance/now/remove", "/maintenance/now/remove", &[]).await.location(), "/maintenance");
    assert_eq!(site.store.windows().await.unwrap().len(), 3);
    for path in ["/maintenance/now/remove", "/maintenance/no%20window/remove"] {
        assert_eq!(ann.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn everything_wrong_is_reported_under_its_field_and_nothing_typed_is_lost() {
    let site = TestSite::start().await;
    set_up(&site.store, spec("shop")).await;
    let mut ann = site.writer().await;
    for (fields, wrong) in [
        (&[][..], &["name", "from"][..]),
        (
            &[("name", "the night"), ("projects", "shop, a b"), ("cron", "0 2"), ("timezone", "Mars")],
            &["name", "projects", "cron", "timezone", "lasts"],
        ),
        (&[("name", "night"), ("now", "true"), ("weekly", "sun 02:00-04:00")], &["weekly"]),
        (&[("name", "night"), ("from", "tomorrow"), ("now", "true"), ("lasts", "2h")], &["now"]),
        (&[("name", "night"), ("from", "2026-11-24 02:00"), ("to", "<never>")], &["to"]),
        (&[("name", "night"), ("projects", "shpo"), ("now", "true"), ("lasts", "2h")], &["projects"]),
    ] {
        let rejected = ann.submit(NEW, NEW, fields).await;
        assert_eq!(rejected.status, StatusCode::UNPROCESSABLE_ENTITY, "{fields:?}");
        let is_wrong = |key: &str| {
            let check = rejected.text.split_once(&format!("id=\"{key}-check\"")).unwrap().1.split_once("</output>").unwrap().0;
            check.contains("<b>Wrong.</b>")
        };
        let keys = ["name", "projects", "now", "from", "weekly", "cron", "timezone", "to", "lasts"];
        let found: Vec<&str> = keys.into_iter().filter(|key| is_wrong(key)).collect();
        assert_eq!(found, wrong, "{fields:?}: {}", rejected.text);
        for (key, text) in fields.iter().filter(|(key, _)| *key != "now") {
            let text = text.replace('<', "&#60;").replace('>', "&#62;");
            assert!(rejected.text.contains(&format!("name=\"{key}\" value=\"{text}\"")), "{key} keeps {text}: {}", rejected.text);
        }
    }
    let first = [("name", "night"), ("now", "true"), ("lasts", "2h")];
    ann.submit(NEW, NEW, &first).await;
    let twice = ann.submit(NEW, NEW, &first).await;
    assert_eq!(twice.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(twice.text.contains("already") && twice.text.contains(" checked"), "{}", twice.text);
}

#[tokio::test]
async fn a_window_is_changed_where_it_stands() {
    let site = TestSite::start().await;
    set_up(&site.store, spec("shop")).await;
    let mut ann = site.writer().await;
    ann.submit(NEW, NEW, &[("name", "weekly"), ("projects", "shop"), ("weekly", "sun 02:00-04:00"), ("timezone", "Europe/Berlin")]).await;
    let path = "/maintenance/weekly/edit";
    let form = ann.get(path).await;
    for holds in
        ["name=\"projects\" value=\"shop\"", "name=\"weekly\" value=\"sun 02:00-04:00\"", "name=\"timezone\" value=\"Europe/Berlin\""]
    {
        assert!(form.page().contains(holds), "{holds}: {}", form.text);
    }
    assert!(!form.text.contains("name=\"name\""), "its name stays");
    assert!(form.text.contains("<input type=\"datetime-local\" id=\"from\"") && form.text.contains("From (UTC)"), "{}", form.text);
    assert!(form.text.contains("<datalist data-choices-of=\"projects\"><option value=\"shop\"></option></datalist>"), "{}", form.text);
    let as_it_is = [("projects", "shop"), ("weekly", "sun 02:00-04:00"), ("timezone", "Europe/Berlin")];
    assert_eq!(ann.submit(path, path, &as_it_is).await.location(), "/maintenance");
    assert!(ann.get("/maintenance").await.page().contains("Nothing was changed."));
    for (fields, wrong) in [
        (&[("projects", "shop")][..], "from"),
        (&[("projects", "shpo"), ("now", "true"), ("lasts", "1h")], "projects"),
        (&[("cron", "0 2 * * *"), ("lasts", "soon")], "lasts"),
    ] {
        let rejected = ann.submit(path, path, fields).await;
        assert_eq!(rejected.status, StatusCode::UNPROCESSABLE_ENTITY, "{fields:?}");
        let check = rejected.text.split_once(&format!("id=\"{wrong}-check\"")).unwrap().1.split_once("</output>").unwrap().0;
        assert!(check.contains("<b>Wrong.</b>"), "{wrong}: {}", rejected.text);
    }
    let before = site.store.windows().await.unwrap();
    assert_eq!(ann.submit(path, path, &[("now", "true"), ("lasts", "1h")]).await.location(), "/maintenance");
    let after = site.store.windows().await.unwrap();
    assert!(after.len() == 1 && after[0].name == before[0].name && after[0].projects.is_all(), "of all projects now: {after:?}");
    assert_ne!(after[0].when, before[0].when);
    assert_eq!(ann.get("/maintenance/night/edit").await.status, StatusCode::NOT_FOUND);
    let mut rob = site.reader().await;
    assert_eq!(rob.get(path).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn what_belongs_to_another_kind_of_window_is_left_over_in_the_form_and_wrong_elsewhere() {
    let site = TestSite::start().await;
    let mut ann = site.writer().await;
    ann.submit(NEW, NEW, &[("name", "night"), ("cron", "0 2 * * * Europe/Berlin"), ("lasts", "2h")]).await;
    let path = "/maintenance/night/edit";
    let form = ann.get(path).await;
    for holds in ["name=\"cron\" value=\"0 2 * * *\"", "name=\"timezone\" value=\"Europe/Berlin\"", "name=\"lasts\" value=\"2h\""] {
        assert!(form.page().contains(holds), "{holds}: {}", form.text);
    }
    let all = |changed: &[(&'static str, &'static str)]| {
        let mut fields = [("from", ""), ("weekly", ""), ("cron", ""), ("timezone", "Europe/Berlin"), ("to", ""), ("lasts", "2h")];
        for (key, text) in changed {
            fields.iter_mut().find(|(known, _)| known == key).unwrap().1 = text;
        }
        fields
    };
    // Each is chosen while the fields of the last one are still filled in.
    for changed in [&[("weekly", "sun 02:00-04:00")][..], &[("from", "2026-11-24 02:00")], &[("cron", "0 3 * * *")]] {
        let saved = ann.submit(path, path, &all(changed)).await;
        assert_eq!(saved.location(), "/maintenance", "{changed:?}: {}", saved.text);
    }
    let both = ann.submit(path, path, &all(&[("weekly", "sun 02:00-04:00"), ("cron", "0 3 * * *")])).await;
    assert_eq!(both.status, StatusCode::UNPROCESSABLE_ENTITY);
    let write = site.token(Role::Editor).await;
    let wrong = json!({"weekly": "sun 02:00-04:00", "lasts": "2h"});
    let rejected = asked(&site, &write, Method::PUT, "/api/v1/maintenance/night", Some(wrong)).await;
    assert!(
        rejected.status == StatusCode::UNPROCESSABLE_ENTITY && rejected.text.contains("only applies to from, now and cron"),
        "{}",
        rejected.text
    );
}

#[tokio::test]
async fn a_time_zone_stands_by_itself_however_it_was_written_and_what_has_no_end_says_so() {
    let site = TestSite::start().await;
    let write = site.token(Role::Editor).await;
    let put = async |body: Value| {
        let put = asked(&site, &write, Method::PUT, "/api/v1/maintenance/night", Some(body)).await;
        assert!(put.status.is_success(), "{}", put.text);
        serde_json::from_str::<Value>(&put.text).unwrap()
    };
    let apart = put(json!({"cron": "0 2 * * SUN", "timezone": "Europe/Berlin", "lasts": "2h"})).await;
    assert_eq!([&apart["cron"], &apart["timezone"], &apart["lasts"]], ["0 2 * * SUN", "Europe/Berlin", "2h"]);
    assert_eq!(put(json!({"cron": "0 2 * * SUN Europe/Berlin", "lasts": "2h"})).await, apart);
    assert_eq!(put(json!({"cron": "0 2 * * SUN", "lasts": "2h"})).await["timezone"], Value::Null);
    let endless = put(json!({"cron": "* * * * *", "lasts": "2h"})).await;
    assert_eq!([&endless["state"], &endless["open_until"], &endless["next_from"]], [&json!("open"), &Value::Null, &Value::Null]);
    let mut ann = site.writer().await;
    assert!(ann.get("/maintenance").await.page().contains("open, no end"));
    assert!(ann.get("/maintenance/night/remove").await.page().contains("It is open"));
}

#[tokio::test]
async fn a_viewer_sees_the_windows_and_changes_none() {
    let site = TestSite::start().await;
    let mut ann = site.writer().await;
    ann.submit(NEW, NEW, &[("name", "night"), ("now", "true"), ("lasts", "2h")]).await;
    let mut rob = site.reader().await;
    let page = rob.get("/maintenance").await;
    assert!(page.page().contains("night") && !page.text.contains("/maintenance/n"), "{}", page.text);
    assert_eq!(rob.get(NEW).await.status, StatusCode::FORBIDDEN);
    for path in [NEW, "/maintenance/night/remove"] {
        assert_eq!(
            rob.submit("/maintenance", path, &[("name", "day"), ("now", "true"), ("lasts", "2h")]).await.status,
            StatusCode::FORBIDDEN
        );
    }
    assert_eq!(site.store.windows().await.unwrap().len(), 1);
}

#[tokio::test]
async fn programs_can_do_what_the_page_can() {
    let site = TestSite::start().await;
    set_up(&site.store, spec("shop")).await;
    let (write, read_only) = (site.token(Role::Editor).await, site.token(Role::Viewer).await);
    let path = "/api/v1/maintenance/night";
    let weekly = json!({"projects": ["shop"], "weekly": "sun 02:00-04:00", "timezone": "Europe/Berlin"});
    assert_eq!(asked(&site, &read_only, Method::PUT, path, Some(weekly.clone())).await.status, StatusCode::FORBIDDEN);
    let made = asked(&site, &write, Method::PUT, path, Some(weekly)).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    let view: Value = serde_json::from_str(&made.text).unwrap();
    assert_eq!(
        view,
        json!({"name": "night", "projects": ["shop"], "from": null, "to": null, "weekly": "sun 02:00-04:00", "timezone": "Europe/Berlin",
            "cron": null, "lasts": null, "state": "scheduled",
            "open_until": null, "next_from": "2026-11-29T01:00:00.000Z"})
    );
    let replaced = asked(&site, &write, Method::PUT, path, Some(json!({"now": true, "lasts": "1h"}))).await;
    assert_eq!(replaced.status, StatusCode::OK, "{}", replaced.text);
    let shown = asked(&site, &read_only, Method::GET, path, None).await;
    let view: Value = serde_json::from_str(shown.page()).unwrap();
    assert_eq!((&view["projects"], &view["open_until"]), (&json!([]), &json!("2026-11-23T16:10:07.000Z")));
    let listed: Value = serde_json::from_str(asked(&site, &read_only, Method::GET, "/api/v1/maintenance", None).await.page()).unwrap();
    assert_eq!(listed, json!({"items": [view], "next": null}));

    for (path, body, status) in [
        (path, json!({"weekly": "sunday", "timezone": "Mars"}), 422),
        (path, json!({"projects": ["shpo"], "now": true, "lasts": "1h"}), 422),
        (path, json!({"when": "now"}), 400),
        ("/api/v1/maintenance/the%20night", json!({"now": true, "lasts": "1h"}), 422),
    ] {
        let rejected = asked(&site, &write, Method::PUT, path, Some(body.clone())).await;
        assert_eq!(
            (rejected.status.as_u16(), rejected.header("content-type")),
            (status, "application/problem+json"),
            "{body}: {}",
            rejected.text
        );
    }
    let mut program = site.stranger();
    let stale = program.request(Method::DELETE, path).header("authorization", format!("Bearer {write}")).header("if-match", "\"another\"");
    assert_eq!(program.send(stale).await.status, StatusCode::PRECONDITION_FAILED);
    assert_eq!(asked(&site, &read_only, Method::DELETE, path, None).await.status, StatusCode::FORBIDDEN);
    for status in [204, 404] {
        assert_eq!(asked(&site, &write, Method::DELETE, path, None).await.status.as_u16(), status);
    }
    assert_eq!(asked(&site, &read_only, Method::GET, path, None).await.status, StatusCode::NOT_FOUND);
}
