//! Who changed what, by page and by API.

use heartbeat::store::Change;
use reqwest::StatusCode;
use serde_json::json;

use super::bed::TestSite;
use super::program::Program;
use crate::store::samples::{audit_entry, name, set_up, set_up_channel, spec, webhook};
use heartbeat::model::{AuditEntry, ProjectSpec, Tag};

#[tokio::test]
async fn audit_entries_are_listed_newest_first_page_by_page_and_by_what_they_are_about() {
    let site = TestSite::start().await;
    let mut rob = site.reader().await;
    let about = |subject: &str, words: String| AuditEntry { words, ..audit_entry(subject) };
    let tagged = ProjectSpec { tags: vec![Tag::parse("eu").unwrap()], ..spec("shop") };
    set_up(&site.store, tagged).await;
    set_up_channel(&site.store, webhook("ops")).await;
    let many: Vec<AuditEntry> = (0..60).map(|number| about("channel ops", format!("change {number:02}"))).collect();
    let of_shop = AuditEntry { project: Some(name("shop")), ..about("app heartbeat", "installed <enabled>".into()) };
    let audit_entries: Vec<AuditEntry> = many.into_iter().chain([of_shop]).collect();
    site.store.change(&Change { audit_entries: &audit_entries, at: site.clock.now(), ..Change::default() }).await.unwrap();
    let first = rob.get("/audit-log").await;
    let text = first.page();
    assert!(text.contains("installed &#60;enabled&#62;") && text.contains("href=\"/projects/shop/apps/heartbeat\""), "{text}");
    assert!(text.contains("href=\"/channels/ops\""), "{text}");
    assert!(text.contains("change 59") && !text.contains("change 09"), "{text}");
    let next = text.split_once("before=").unwrap().1.split('"').next().unwrap();
    let second = rob.get(&format!("/audit-log?before={next}")).await;
    assert!(second.page().contains("change 00") && !second.text.contains("change 59") && second.text.contains("Newest"), "{}", second.text);
    let of_shop = rob.get("/audit-log?project=shop").await;
    assert!(of_shop.page().contains("installed") && !of_shop.text.contains("change 5"), "{}", of_shop.text);
    let of_ops = rob.get("/audit-log?subject=channel+ops").await;
    assert!(of_ops.page().contains("change 59") && !of_ops.text.contains("installed"), "{}", of_ops.text);
    let of_tag = rob.get("/audit-log?project=blog,+tag:eu").await;
    assert!(of_tag.page().contains("installed") && !of_tag.text.contains("change 5"), "{}", of_tag.text);
    assert_eq!(rob.get("/audit-log?project=no+shop").await.status, StatusCode::UNPROCESSABLE_ENTITY);
    for none in ["project=tag:us", "project=blog", "subject=%00", "project=shop&subject=channel+ops"] {
        assert!(rob.get(&format!("/audit-log?{none}")).await.page().contains("No matching audit entries"), "{none}");
    }

    let mut program = Program::reading(&site).await;
    let (_, first) = program.get("/api/v1/audit-log?subject=channel+ops&limit=40").await;
    let next = first["next"].as_str().unwrap();
    let (_, second) = program.get(&format!("/api/v1/audit-log?subject=channel+ops&limit=40&after={next}")).await;
    assert_eq!((&second["items"][0]["words"], &second["next"]), (&json!("change 19"), &json!(null)), "{second}");
    let (_, of_shop) = program.get("/api/v1/audit-log?project=shop").await;
    assert_eq!((&of_shop["items"][0]["who"], &of_shop["items"][0]["project"]), (&json!("ann"), &json!("shop")));
    assert_eq!(program.get("/api/v1/audit-log?project=tag:eu").await.1["items"], of_shop["items"]);
    assert_eq!(program.get("/api/v1/audit-log?project=no+shop").await.0, StatusCode::UNPROCESSABLE_ENTITY);
    for none in ["project=tag:us", "subject=%00"] {
        assert_eq!(program.get(&format!("/api/v1/audit-log?{none}")).await.1["items"], json!([]), "{none}");
    }
    assert_eq!(program.get("/api/v1/audit-log?after=x").await.0, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(site.stranger().get("/audit-log").await.location(), "/login?to=%2Faudit-log");
}

#[tokio::test]
async fn what_was_removed_is_listed_without_a_link() {
    let site = TestSite::start().await;
    set_up(&site.store, spec("shop")).await;
    set_up_channel(&site.store, webhook("ops")).await;
    let of = |subject: &str, project: Option<&str>| AuditEntry { project: project.map(name), ..audit_entry(subject) };
    let entries = [
        of("project shop", Some("shop")),
        of("app heartbeat", Some("shop")),
        of("channel ops", None),
        of("project blog", Some("blog")),
        of("app ingestion-alert", Some("blog")),
        of("channel gone", None),
        of("channel webhooks of shop", None),
    ];
    site.store.change(&Change { audit_entries: &entries, at: site.clock.now(), ..Change::default() }).await.unwrap();
    let mut rob = site.reader().await;
    let shown = rob.get("/audit-log").await;
    let (_, table) = shown.page().split_once("<tbody>").unwrap();
    let links: Vec<&str> = table.split("<a href=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let links: Vec<&str> = links.into_iter().filter(|link| !link.starts_with("/api/")).collect();
    assert_eq!(links, ["/channels/ops", "/projects/shop/apps/heartbeat", "/projects/shop"]);
    for link in links {
        assert_eq!(rob.get(link).await.status, StatusCode::OK, "{link}");
    }
    for removed in ["project blog", "app ingestion-alert", "channel gone", "channel webhooks of shop"] {
        assert!(table.contains(removed), "{removed}: {table}");
    }
}

#[tokio::test]
async fn words_of_code_are_shown_as_code() {
    let site = TestSite::start().await;
    let entry = AuditEntry { words: "title `<a>` -> `b`".into(), ..audit_entry("channel ops") };
    site.store.change(&Change { audit_entries: &[entry], at: site.clock.now(), ..Change::default() }).await.unwrap();
    let mut ann = site.writer().await;
    for (shown, code) in [
        (ann.get("/audit-log").await, "title <code>&#60;a&#62;</code> -&#62; <code>b</code>"),
        (ann.get("/incidents/abc").await, "There is no incident <code>abc</code>."),
        (ann.get("/projects/%3Cb%3E").await, "There is no project <code>&#60;b&#62;</code>."),
        (
            ann.submit("/projects/new", "/projects/new", &[("name", "my shop"), ("host", "us")]).await,
            "Wrong.</b> <code>my shop</code> may only",
        ),
    ] {
        assert!(shown.text.contains(code), "{code}: {}", shown.text);
    }
}
