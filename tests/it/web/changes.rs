//! Who changed what, by page and by API.

use heartbeat::store::Change;
use reqwest::StatusCode;
use serde_json::json;

use super::bed::TestSite;
use super::program::Program;
use crate::store::samples::{audit_entry, name};
use heartbeat::model::AuditEntry;

#[tokio::test]
async fn changes_are_told_newest_first_page_by_page_and_by_what_they_are_about() {
    let site = TestSite::start().await;
    let mut rob = site.reader().await;
    let about = |subject: &str, words: String| AuditEntry { words, ..audit_entry(subject) };
    let many: Vec<AuditEntry> = (0..60).map(|number| about("channel ops", format!("change {number:02}"))).collect();
    let of_shop = AuditEntry { project: Some(name("shop")), ..about("app heartbeat", "installed <enabled>".into()) };
    let audit_entries: Vec<AuditEntry> = many.into_iter().chain([of_shop]).collect();
    site.store.change(&Change { audit_entries: &audit_entries, at: site.clock.now(), ..Change::default() }).await.unwrap();
    let first = rob.get("/audit-log").await;
    let text = first.page();
    assert!(text.contains("installed &#60;enabled&#62;") && text.contains("href=\"/projects/shop/apps/heartbeat\""), "{text}");
    assert!(text.contains("change 59") && !text.contains("change 09"), "{text}");
    let next = text.split_once("before=").unwrap().1.split('"').next().unwrap();
    let second = rob.get(&format!("/audit-log?before={next}")).await;
    assert!(second.page().contains("change 00") && !second.text.contains("change 59") && second.text.contains("Newest"), "{}", second.text);
    let of_shop = rob.get("/audit-log?project=shop").await;
    assert!(of_shop.page().contains("installed") && !of_shop.text.contains("change 5"), "{}", of_shop.text);
    let of_ops = rob.get("/audit-log?subject=channel+ops").await;
    assert!(of_ops.page().contains("change 59") && !of_ops.text.contains("installed"), "{}", of_ops.text);
    for none in ["project=no+shop", "project=blog", "subject=%00", "project=shop&subject=channel+ops"] {
        assert!(rob.get(&format!("/audit-log?{none}")).await.page().contains("No matching audit entries"), "{none}");
    }

    let mut program = Program::reading(&site).await;
    let (_, first) = program.get("/api/v1/audit-log?subject=channel+ops&limit=40").await;
    let next = first["next"].as_str().unwrap();
    let (_, second) = program.get(&format!("/api/v1/audit-log?subject=channel+ops&limit=40&after={next}")).await;
    assert_eq!((&second["items"][0]["words"], &second["next"]), (&json!("change 19"), &json!(null)), "{second}");
    let (_, of_shop) = program.get("/api/v1/audit-log?project=shop").await;
    assert_eq!((&of_shop["items"][0]["who"], &of_shop["items"][0]["project"]), (&json!("ann"), &json!("shop")));
    for none in ["project=no+shop", "subject=%00"] {
        assert_eq!(program.get(&format!("/api/v1/audit-log?{none}")).await.1["items"], json!([]), "{none}");
    }
    assert_eq!(program.get("/api/v1/audit-log?after=x").await.0, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(site.stranger().get("/audit-log").await.location(), "/login?to=%2Faudit-log");
}
