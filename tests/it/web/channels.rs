//! Channels by page and by API: setting one up, trying it on a receiver, what was delivered, and what is never shown.

use heartbeat::model::{
    AppKind, ChannelKind, ChannelSpec, IngestionAlertApp, NotificationKind, NotificationState, ProjectSpec, Severity, Stopped,
};
use heartbeat::store::ChannelNews;
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::bed::TestSite;
use super::program::Program;
use crate::store::samples::{channel, name, notification_alone, set_up, set_up_channel, spec, webhook};
use crate::support::scripted::{self, answer};

#[tokio::test]
async fn everything_wrong_with_a_new_channel_is_reported_at_once_and_no_secret_comes_back() {
    let site = TestSite::start().await;
    let mut ann = site.writer().await;
    assert!(ann.get("/channels").await.page().contains("no notifications are sent"));
    let kinds = ann.get("/channels/new").await;
    assert!(kinds.page().contains("/channels/new?kind=slack") && !kinds.text.contains("kind=command"), "{}", kinds.text);
    assert!(kinds.text.contains("runs a program on the machine of Heartbeat"), "{}", kinds.text);
    let on = "/channels/new?kind=webhook";
    let wrong = [
        ("kind", "webhook"),
        ("name", "my ops"),
        ("url", "hooks.example.com/hunter2"),
        ("secret", "hunter2"),
        ("projects", "shop, no shop"),
        ("severity", "bad"),
        ("at_once", "0"),
        ("title", "{{ titel }}"),
        ("body", "{{"),
        ("enabled", "yes"),
    ];
    let rejected = ann.submit(on, "/channels/new", &wrong).await;
    assert_eq!(rejected.status, StatusCode::UNPROCESSABLE_ENTITY);
    for field in ["name", "url", "secret", "projects", "severity", "at_once", "title", "body"] {
        let output = format!("<output class=\"check\" id=\"{field}-check\" data-for=\"{field}\" for=\"{field}\"><b>Wrong.</b>");
        assert!(rejected.text.contains(&output), "{field}: {}", rejected.text);
    }
    for typed in ["value=\"my ops\"", "value=\"shop, no shop\"", "{{ titel }}"] {
        assert!(rejected.text.contains(typed), "{typed}: {}", rejected.text);
    }
    assert!(!rejected.text.contains("hunter2") && rejected.text.contains("Type it again"), "{}", rejected.text);
    assert!(site.store.channels().await.unwrap().is_empty());
    let stranger = [("kind", "webhook"), ("name", "ops"), ("url", "https://hooks.example.com/hunter2"), ("projects", "shop")];
    let rejected = ann.submit(on, "/channels/new", &stranger).await;
    assert!(rejected.text.contains("there is no project <code>shop</code>"), "{}", rejected.text);
}

#[tokio::test]
async fn a_channel_is_set_up_changed_switched_and_removed() {
    let site = TestSite::start().await;
    set_up(&site.store, spec("shop")).await;
    let mut ann = site.writer().await;
    let fields =
        [("kind", "webhook"), ("name", "ops"), ("url", "https://hooks.example.com/hunter2"), ("projects", "shop"), ("enabled", "yes")];
    let added = ann.submit("/channels/new?kind=webhook", "/channels/new", &fields).await;
    assert_eq!((added.status, added.location()), (StatusCode::SEE_OTHER, "/channels/ops"));
    let page = ann.get("/channels/ops").await;
    assert!(page.page().contains("https://hooks.example.com/***") && page.text.contains("never used"), "{}", page.text);
    assert!(ann.get("/channels").await.page().contains("shop"));
    let again = ann.submit("/channels/new?kind=webhook", "/channels/new", &fields).await;
    assert!(again.text.contains("the channel <code>ops</code> already exists"), "{}", again.text);

    let words = [("title", "{{ project }} is {{ kind }}"), ("body", "{{ nothing }}"), ("try", "yes")];
    let tried = ann.submit("/channels/ops", "/channels/ops", &words).await;
    assert!(tried.page().contains("shop is opened") && tried.text.contains("uses an unknown name"), "{}", tried.text);
    assert_eq!(channel(&site.store, &name("ops")).await.spec.title, None, "trying saves nothing");
    ann.submit("/channels/ops", "/channels/ops", &[("url", ""), ("severity", "critical"), ("title", "{{ project }}!"), ("projects", "")])
        .await;
    let spec = channel(&site.store, &name("ops")).await.spec;
    assert_eq!(
        (spec.value("url"), spec.least, spec.title.as_deref()),
        ("https://hooks.example.com/hunter2", Severity::Critical, Some("{{ project }}!"))
    );
    assert!(spec.projects.is_all());

    ann.submit("/channels/ops", "/channels/ops/disable", &[]).await;
    assert!(ann.get("/channels/ops").await.page().contains("disabled"));
    ann.submit("/channels/ops", "/channels/ops/enable", &[]).await;
    assert!(channel(&site.store, &name("ops")).await.spec.enabled);
    assert!(ann.get("/channels/ops/remove").await.page().contains("Remove channel ops?"));
    assert_eq!(ann.submit("/channels/ops/remove", "/channels/ops/remove", &[]).await.location(), "/channels");
    assert_eq!(ann.get("/channels/ops").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_test_shows_what_the_receiver_answered_and_a_stopped_channel_delivers_again() {
    let site = TestSite::start().await;
    let receiver = scripted::Server::start(|number, _| match number {
        0 => answer("404 Not Found", "", "no such hook"),
        1 | 2 => answer("503 Service Unavailable", "", "later"),
        _ => answer("200 OK", "", "thanks"),
    })
    .await;
    let mut ops = ChannelSpec::new(name("ops"), ChannelKind::Webhook);
    ops.values.set("url", &format!("{}/hunter2", receiver.base()));
    let ops = set_up_channel(&site.store, ops).await;
    let failed = heartbeat::model::Notification { state: NotificationState::Failed, tries: 9, ..notification_alone(ops.id, "down", 7) };
    site.store.owe(std::slice::from_ref(&failed)).await.unwrap();
    let stopped = Stopped { at: site.clock.now(), words: "404 `no such hook`".into(), retried: false };
    site.store.mark(&[], &[ChannelNews::Stopped(ops.id, stopped)], &[]).await.unwrap();
    let mut ann = site.writer().await;
    assert!(ann.get("/channels").await.page().contains("not delivering"));
    let ready = site.stranger().get("/readyz").await;
    assert!(ready.text.contains(r#""channels_not_delivering":["ops"]"#) && !ready.text.contains("no such hook"), "{}", ready.text);
    let first = ann.submit("/channels/ops", "/channels/ops/test", &[]).await;
    for words in ["not accepted", "no such hook", "is retried automatically"] {
        assert!(first.page().contains(words), "{words}: {}", first.text);
    }
    assert!(!first.text.contains("delivers again;"), "{}", first.text);
    let second = ann.submit("/channels/ops", "/channels/ops/test", &[]).await;
    assert!(second.page().contains("The channel delivers again; 1 notification is queued again."), "{}", second.text);
    let sent = receiver.requests();
    assert_eq!(sent.len(), 6);
    assert!(sent.iter().all(|request| request.json()["test"] == true), "each sample is marked");
    assert!(!first.text.contains("hunter2") && !second.text.contains("hunter2"));
    assert_eq!(site.reader().await.submit("/channels", "/channels/ops/test", &[]).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn what_nobody_took_is_read_and_sent_again() {
    let site = TestSite::start().await;
    let [ops, other] = [set_up_channel(&site.store, webhook("ops")).await, set_up_channel(&site.store, webhook("other")).await];
    let state = |state, notification: heartbeat::model::Notification| heartbeat::model::Notification { state, ..notification };
    let failed = state(NotificationState::Failed, notification_alone(ops.id, "down", 7));
    let gone = state(NotificationState::Sent, notification_alone(other.id, "down", 8));
    site.store.owe(&[failed.clone(), gone]).await.unwrap();
    let mut ann = site.writer().await;
    let all = ann.get("/notifications").await;
    assert!(all.page().contains("ops: 1 failed notification.") && all.text.contains("No beat since 14:32."), "{}", all.text);
    let of_ops = ann.get("/notifications?channel=ops&state=failed").await;
    assert!(of_ops.page().contains("/channels/ops") && !of_ops.text.contains("href=\"/channels/other\""), "{}", of_ops.text);
    assert!(ann.get("/notifications?channel=ops&state=sent").await.page().contains("No matching notifications"));
    assert_eq!(ann.get("/notifications?channel=none").await.status, StatusCode::NOT_FOUND);
    ann.submit("/notifications", "/channels/ops/resend", &[]).await;
    assert!(ann.get("/channels/ops").await.page().contains("1 notification is queued again."));
    assert!(ann.get("/audit-log?subject=channel+ops").await.page().contains("sent again; 1 notification is queued again"));

    let mut program = Program::of(&site).await;
    let (_, notifications) = program.get("/api/v1/notifications?channel=ops&state=queued").await;
    assert_eq!(
        (&notifications["items"][0]["id"], notifications["items"].as_array().unwrap().len()),
        (&json!(failed.id.to_string()), 1),
        "{notifications}"
    );
    let (_, first) = program.get("/api/v1/notifications?limit=1").await;
    let next = first["next"].as_str().unwrap();
    let (_, second) = program.get(&format!("/api/v1/notifications?limit=1&after={next}")).await;
    assert_eq!((&second["next"], second["items"].as_array().unwrap().len()), (&Value::Null, 1), "{second}");
    for wrong in ["state=lost", "after=x", "limit=501"] {
        assert_eq!(program.get(&format!("/api/v1/notifications?{wrong}")).await.0, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
    }
    assert_eq!(program.get("/api/v1/notifications?channel=none").await.0, StatusCode::NOT_FOUND);
    assert_eq!(notifications["items"][0]["kind"], NotificationKind::Returned.name());
}

#[tokio::test]
async fn no_program_is_named_from_the_page_and_the_webhooks_of_an_app_are_its_settings() {
    let site = TestSite::start().await;
    let mut runs = ChannelSpec::new(name("runs"), ChannelKind::Command);
    runs.values.set("command", "/bin/true --now");
    set_up_channel(&site.store, runs.clone()).await;
    let mut alert = IngestionAlertApp::default();
    alert.set("webHookUrlTriggered", "https://hooks.example.com/hunter2").unwrap();
    set_up(&site.store, ProjectSpec { ingestion_alert: Some(alert), ..spec("shop") }).await;
    let mut ann = site.writer().await;
    assert_eq!(ann.get("/channels/new?kind=command").await.status, StatusCode::CONFLICT);
    let page = ann.get("/channels/runs").await;
    assert!(page.page().contains("/bin/true --now") && page.text.contains("Cannot be changed on this page"), "{}", page.text);
    let webhooks = ann.get("/channels/webhooks%20of%20shop").await;
    assert!(webhooks.page().contains("change them in the settings of the app") && !webhooks.text.contains("hunter2"), "{}", webhooks.text);
    for channel in ["runs", "webhooks%20of%20shop"] {
        for audit_entry in ["", "/enable", "/disable", "/remove"] {
            let rejected = ann.submit("/channels", &format!("/channels/{channel}{audit_entry}"), &[("command", "/bin/false")]).await;
            assert_eq!(rejected.status, StatusCode::CONFLICT, "{channel}{audit_entry}");
        }
    }
    let mut program = Program::of(&site).await;
    assert_eq!(
        program.put("/api/v1/channels/new-one", &json!({ "kind": "command", "fields": { "command": "/bin/false" } })).await.0,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    assert_eq!(program.patch("/api/v1/channels/runs", &json!({ "fields": { "command": "/bin/false" } })).await.0, StatusCode::CONFLICT);
    assert_eq!(program.delete("/api/v1/channels/runs").await, StatusCode::CONFLICT);
    assert_eq!(channel(&site.store, &name("runs")).await.spec, runs);
}

#[tokio::test]
async fn programs_add_change_and_remove_channels() {
    let site = TestSite::start().await;
    set_up(&site.store, spec("shop")).await;
    let mut program = Program::of(&site).await;
    let at = "/api/v1/channels/ops";
    let wrong = json!({ "kind": "slak", "severity": "bad", "projects": ["no shop"], "at_once": 0, "title": "{{" });
    let (status, problem) = program.put(at, &wrong).await;
    let fields: Vec<&str> = problem["errors"].as_array().unwrap().iter().map(|one| one["field"].as_str().unwrap()).collect();
    assert_eq!((status, fields), (StatusCode::UNPROCESSABLE_ENTITY, vec!["kind", "severity", "projects", "at_once", "title"]), "{problem}");
    let (status, _) = program.put(at, &json!({ "kind": "slack", "fields": { "name": "other" } })).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    let whole =
        json!({ "kind": "slack", "severity": "warning", "projects": ["shop"], "fields": { "url": "https://hooks.slack.com/hunter2" } });
    let (status, view) = program.put(at, &whole).await;
    assert_eq!(
        (status, &view["secrets"]["url"], &view["state"]),
        (StatusCode::CREATED, &json!("https://hooks.slack.com/***"), &json!("never_used")),
        "{view}"
    );
    let (status, view) = program.put(at, &json!({ "at_once": 9 })).await;
    assert_eq!(
        (status, &view["severity"], &view["at_once"], &view["projects"]),
        (StatusCode::OK, &json!("info"), &json!(9), &json!([])),
        "{view}"
    );
    assert_eq!(view["secrets"]["url"], "https://hooks.slack.com/***", "a secret stays");
    let (_, view) = program.patch(at, &json!({ "severity": "critical" })).await;
    assert_eq!((&view["severity"], &view["at_once"]), (&json!("critical"), &json!(9)));
    assert_eq!(program.patch(at, &json!({ "fields": { "url": null } })).await.0, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(program.post(&format!("{at}/disable"), &json!({})).await.1["state"], "disabled");
    assert_eq!(program.post(&format!("{at}/enable"), &json!({})).await.1["state"], "never_used");
    assert_eq!(program.post(&format!("{at}/resend"), &json!({})).await.1["requeued"], 0);
    let (_, list) = program.get("/api/v1/channels").await;
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    let (_, kinds) = program.get("/api/v1/channels/kinds").await;
    assert_eq!(kinds["items"].as_array().unwrap().len(), ChannelKind::ALL.len());
    assert_eq!(program.with("if-match", "\"old\"").put(at, &json!({})).await.0, StatusCode::PRECONDITION_FAILED);
    assert_eq!(program.delete(at).await, StatusCode::NO_CONTENT);
    assert_eq!(program.get(at).await.0, StatusCode::NOT_FOUND);
    assert_eq!(Program::reading(&site).await.put(at, &whole).await.0, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn no_secret_stands_in_any_answer() {
    let site = TestSite::start().await;
    let mut alert = IngestionAlertApp::default();
    for (key, secret) in [
        ("webHookUrlTriggered", "https://hooks.example.com/hunter2a"),
        ("webHookUrlResolved", "https://hooks.example.com/hunter2b"),
        ("posthogApiKey", "phx_hunter2c"),
    ] {
        alert.set(key, secret).unwrap();
    }
    set_up(&site.store, ProjectSpec { ingestion_alert: Some(alert), ..spec("shop") }).await;
    let mut mail = ChannelSpec::new(name("mail"), ChannelKind::Email);
    for (key, value) in [("url", "smtps://ann:hunter2d@mail.example.com:465"), ("from", "a@example.com"), ("to", "b@example.com")] {
        mail.values.set(key, value);
    }
    let mut hook = webhook("hook");
    hook.values.set("url", "https://hooks.example.com/hunter2e");
    hook.values.set("secret", "whsec_hunter2fhunter2fhunter2fhunter2f");
    let mut bot = ChannelSpec::new(name("bot"), ChannelKind::Telegram);
    bot.values.set("token", "hunter2g");
    bot.values.set("chat", "7");
    for channel in [mail, hook, bot] {
        assert_eq!(channel.problems(), []);
        let one = set_up_channel(&site.store, channel).await;
        site.store.owe(&[notification_alone(one.id, "down", 7)]).await.unwrap();
    }
    let mut ann = site.writer().await;
    let mut program = Program::of(&site).await;
    let mut pages =
        vec!["/apps".to_owned(), "/audit-log".into(), "/notifications".into(), "/channels".into(), "/projects/shop/apps".into()];
    let mut views = vec![
        "/api/v1/apps".to_owned(),
        "/api/v1/audit-log".into(),
        "/api/v1/notifications".into(),
        "/api/v1/channels".into(),
        "/api/v1/projects/shop/apps".into(),
    ];
    for app in AppKind::ALL {
        pages.extend(["", "/logs", "/metrics", "/history"].map(|tail| format!("/projects/shop/apps/{app}{tail}")));
        views.extend(["", "/log", "/metrics"].map(|tail| format!("/api/v1/projects/shop/apps/{app}{tail}")));
    }
    for channel in ["mail", "hook", "bot", "webhooks%20of%20shop"] {
        pages.push(format!("/channels/{channel}"));
        views.push(format!("/api/v1/channels/{channel}"));
    }
    for path in pages {
        assert!(!ann.get(&path).await.page().contains("hunter2"), "{path}");
    }
    for path in views {
        let (status, view) = program.get(&path).await;
        assert!(status == StatusCode::OK && !view.to_string().contains("hunter2"), "{path}: {view}");
    }
}

#[tokio::test]
async fn what_does_not_open_can_be_removed_by_page_and_by_api() {
    let site = TestSite::start().await;
    for name in ["shop", "blog"] {
        set_up(&site.store, spec(name)).await;
    }
    for name in ["ops", "dev", "well"] {
        set_up_channel(&site.store, webhook(name)).await;
    }
    site.execute("UPDATE channels SET field_values = x'00' WHERE name <> 'well'").await;
    site.execute("UPDATE projects SET personal_key = x'00'").await;
    let mut ann = site.writer().await;
    let list = ann.get("/channels").await;
    assert!(["ops", "dev", "well"].iter().all(|name| list.page().contains(&format!("/channels/{name}"))), "{}", list.text);
    let ops = ann.get("/channels/ops").await;
    assert!(
        ops.page().contains("cannot be decrypted with this encryption key") && ops.text.contains("/channels/ops/remove"),
        "{}",
        ops.text
    );
    let rejected = ann.submit("/channels/well", "/channels/well", &[("severity", "critical")]).await;
    assert_eq!(rejected.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(rejected.text.contains("othing is encrypted with this encryption key"), "{}", rejected.text);

    assert_eq!(ann.submit("/channels/ops", "/channels/ops/remove", &[]).await.location(), "/channels");
    assert_eq!(ann.submit("/projects/shop/remove", "/projects/shop/remove", &[]).await.location(), "/");
    let mut program = Program::of(&site).await;
    assert_eq!(program.delete("/api/v1/channels/dev").await, StatusCode::NO_CONTENT);
    assert_eq!(program.delete("/api/v1/projects/blog").await, StatusCode::NO_CONTENT);
    assert_eq!(site.store.channels().await.unwrap().len(), 1);
    assert!(site.store.projects().await.unwrap().is_empty());
    assert_eq!(program.delete("/api/v1/channels/dev").await, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn thousands_of_projects_that_are_not_there_are_reported_in_few_words() {
    let site = TestSite::start().await;
    let mut program = Program::of(&site).await;
    let names = (0..2000).map(|at| format!("p{at}")).collect::<Vec<_>>();
    let channel = json!({"kind": "webhook", "projects": names, "fields": {"url": "https://hooks.example.com/x"}});
    let window = json!({"weekly": "sun 02:00-04:00", "projects": names});
    let page = json!({"title": "Shop", "projects": names, "public": false});
    let mut unfit = channel.clone();
    unfit["projects"] = json!((0..2000).map(|at| format!("no name {at}")).collect::<Vec<_>>());
    for (path, body, says) in [
        ("/api/v1/channels/ops", channel, "... and 1,990 more"),
        ("/api/v1/channels/ops", unfit, "... and 1,990 more"),
        ("/api/v1/maintenance/night", window, "... and 1,990 more"),
        ("/api/v1/status-pages/shop", page, "names 2,000; at most 20 are allowed"),
    ] {
        let (status, problem) = program.put(path, &body).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{path}: {problem}");
        let text = problem.to_string();
        assert!(text.contains(says) && text.len() < 5000, "{path}: {} bytes: {}", text.len(), &text[..text.len().min(2000)]);
        assert!(problem["errors"].as_array().unwrap().len() <= 11, "{path}: {problem}");
    }
}
