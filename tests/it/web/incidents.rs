//! Incidents: listed, one by one, and a person's word on them; as pages and for programs.

use std::time::Duration;

use heartbeat::model::{
    Acknowledged, Entry, EntryKind, Evidence, EvidenceOf, Incident, IncidentKind, Minute, NotificationKind, Project, RejectionReason,
    ResponseExcerpt, Role, RuleKind, Severity, Tally, Timestamp, When, Window,
};
use heartbeat::store::IncidentFilter;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::bed::{Browser, NOW, Shown, TestSite};
use crate::store::samples::{self, name, notification, queues, set_up, set_up_channel, spec, webhook};

fn now() -> Timestamp {
    Timestamp::parse(NOW).unwrap()
}

fn minutes_ago(minutes: u64) -> Timestamp {
    now().minus(Duration::from_mins(minutes))
}

async fn shop(site: &TestSite) -> Project {
    set_up(&site.store, spec("shop")).await
}

/// An incident as a rule writes it, so many minutes ago.
fn incident(project: &Project, incident_kind: IncidentKind, ago: u64) -> Incident {
    Incident {
        opened: minutes_ago(ago),
        first_bad: Some(minutes_ago(ago + 3).minute()),
        last_good: Some(minutes_ago(ago + 4).minute()),
        announced: Some(minutes_ago(ago)),
        ..samples::incident(project, incident_kind, 0)
    }
}

async fn write(site: &TestSite, incident: &Incident) -> i64 {
    let entry = Entry { at: incident.opened, kind: EntryKind::Opened, words: format!("opened: {}", incident.cause.summary) };
    site.store.write_incident(incident, &[entry], &queues(&[])).await.unwrap().unwrap().0
}

async fn read(site: &TestSite, id: i64) -> Incident {
    site.store
        .incidents(&IncidentFilter { id: Some(heartbeat::model::IncidentId(id)), ..IncidentFilter::default() })
        .await
        .unwrap()
        .remove(0)
}

/// What a reader sees of the page's own part: no marks, and one space between words.
pub(super) fn text_of(shown: &Shown) -> String {
    let (_, main) = shown.text.split_once("<main").expect("a page has a main part");
    let (main, _) = main.split_once("</main>").unwrap();
    let mut text = String::new();
    let mut is_mark = true;
    for letter in main.chars() {
        match letter {
            '<' => is_mark = true,
            '>' => {
                is_mark = false;
                text.push(' ');
            }
            letter if !is_mark => text.push(letter),
            _ => {}
        }
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn where_nothing_went_wrong_the_page_says_so() {
    let site = TestSite::start().await;
    let mut ann = site.writer().await;
    assert!(ann.get("/incidents").await.page().contains("No incidents yet"));
    assert!(ann.get("/incidents?incident_kind=traffic").await.page().contains("No matching incidents"));
    let wrong = ann.get("/incidents?incident_kind=loud").await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    for path in ["/incidents/1", "/incidents/x", "/incidents/1/postmortem.md", "/incidents/99999999999999999999"] {
        assert_eq!(ann.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn those_that_are_open_stand_first_and_each_says_how_it_stands() {
    let site = TestSite::start().await;
    let (shop, blog) = (shop(&site).await, set_up(&site.store, spec("blog")).await);
    let over = Incident { closed: Some(minutes_ago(1)), ..incident(&shop, IncidentKind::Ingestion, 9) };
    let over = write(&site, &over).await;
    let open = write(&site, &incident(&shop, IncidentKind::Ingestion, 60)).await;
    let silenced =
        write(&site, &Incident { announced: None, severity: Severity::Warning, ..incident(&blog, IncidentKind::Monitoring, 30) }).await;
    let held = write(&site, &Incident { rules: vec![RuleKind::Quiet], ..incident(&shop, IncidentKind::Traffic, 20) }).await;
    let by = Acknowledged { at: now(), by: "bob & co".into() };
    let entry = samples::entry(EntryKind::Acknowledged, "in hand: bob & co");
    let id = heartbeat::model::IncidentId(held);
    assert!(site.store.hold(id, Some(&by), Some(now().plus(Duration::from_hours(2))), &entry).await.unwrap());
    let window = Window {
        name: name("night"),
        projects: [name("blog")].into_iter().collect(),
        when: When::Once(minutes_ago(60), now().plus(Duration::from_mins(1))),
    };
    site.store.apply_windows(&[window], &[]).await.unwrap();

    let mut rob = site.reader().await;
    let shown = rob.get("/incidents").await;
    let text = text_of(&shown);
    insta::assert_snapshot!("incidents", text);
    let places: Vec<usize> =
        [held, silenced, open, over].iter().map(|id| shown.text.find(&format!("href=\"/incidents/{id}\"")).unwrap()).collect();
    assert!(places.is_sorted(), "{places:?}");

    for (query, there, away) in [
        ("?project=blog", silenced, open),
        ("?incident_kind=traffic", held, open),
        ("?state=acknowledged", held, open),
        ("?state=snoozed", held, over),
        ("?state=resolved", over, open),
        ("?state=open&project=shop", open, over),
    ] {
        let shown = rob.get(&format!("/incidents{query}")).await;
        let links = |id| shown.page().contains(&format!("href=\"/incidents/{id}\""));
        assert!(links(there) && !links(away), "{query}");
    }
}

#[tokio::test]
async fn many_are_gone_through_page_by_page_each_of_them_once() {
    let site = TestSite::start().await;
    let shop = shop(&site).await;
    for ago in 1..=60 {
        let (opened, incident_kind) = (minutes_ago(ago * 10), IncidentKind::Ingestion);
        write(&site, &Incident { closed: Some(opened.plus(Duration::from_mins(5))), ..incident(&shop, incident_kind, ago * 10) }).await;
    }
    for at in 0..30 {
        let project = set_up(&site.store, spec(&format!("p{at}"))).await;
        write(&site, &incident(&project, IncidentKind::Monitoring, 5)).await;
    }
    let mut ann = site.writer().await;
    let (mut seen, mut pages, mut path) = (Vec::new(), 0, "/incidents".to_owned());
    loop {
        let shown = ann.get(&path).await;
        let page = shown.page();
        seen.extend(page.split("<a href=\"/incidents/").skip(1).map(|rest| rest.split('"').next().unwrap().parse::<i64>().unwrap()));
        pages += 1;
        let Some((_, next)) = page.split_once("rel=\"next\" href=\"") else { break };
        path = next.split('"').next().unwrap().replace("&#38;", "&").replace("&amp;", "&");
    }
    assert_eq!((seen.len(), pages), (90, 4));
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 90);

    let token = site.token(Role::Viewer).await;
    let (mut found, mut after) = (Vec::new(), String::new());
    loop {
        let page = asked(&site, &token, Method::GET, &format!("/api/v1/incidents?limit=40{after}"), None).await;
        let page: Value = serde_json::from_str(&page.text).unwrap();
        found.extend(page["items"].as_array().unwrap().iter().map(|item| item["id"].as_i64().unwrap()));
        let Some(next) = page["next"].as_str() else { break };
        after = format!("&after={next}");
    }
    found.sort_unstable();
    assert_eq!(found, seen);
}

fn rejected(project: &Project, minute: Minute, words: &str) -> Evidence {
    let excerpt = ResponseExcerpt {
        status: 503,
        headers: vec![("date".into(), minute.to_string())],
        words: words.into(),
        ..ResponseExcerpt::default()
    };
    Evidence { route: project.routes[0].id, minute, at: minute.start(), of: EvidenceOf::Rejected { why: RejectionReason::Broken, excerpt } }
}

/// The shop with an incident that has evidence, a tally and two messages.
async fn eventful(site: &TestSite) -> (Project, i64) {
    let project = shop(site).await;
    let first = incident(&project, IncidentKind::Ingestion, 12);
    let rejected = |minute: Minute, words: &str| rejected(&project, minute, words);
    let bad = first.first_bad.unwrap();
    let evidence: Vec<Evidence> =
        (0..8).map(|at| rejected(bad.plus(at), "<b>overloaded</b>")).chain([rejected(bad.plus(8), "hunter's")]).collect();
    site.store.record(&[], &evidence).await.unwrap();
    let channel = set_up_channel(&site.store, webhook("ops")).await;
    let tally = Tally { sent: 12, arrived: 1, late: 2, missing: 4, lost: 3, rejected: 5, ..Tally::default() };
    let written = Incident { tally, reminders: 1, ..first };
    let queued = [
        notification(channel.id, &written, NotificationKind::Opened, 0),
        notification(channel.id, &written, NotificationKind::Reminder, 1),
    ];
    let entries = [
        Entry { at: written.opened, kind: EntryKind::Opened, words: "opened: capture refuses: 503 <b>overloaded</b>".into() },
        Entry { at: minutes_ago(2), kind: EntryKind::Escalated, words: "graver: critical".into() },
    ];
    let id = site.store.write_incident(&written, &entries, &queues(&queued)).await.unwrap().unwrap().0;
    (project, id)
}

#[tokio::test]
async fn an_incident_shows_where_and_what_was_found_and_who_was_notified() {
    let site = TestSite::start().await;
    let (project, id) = eventful(&site).await;
    let mut ann = site.writer().await;
    let shown = ann.get(&format!("/incidents/{id}")).await;
    insta::assert_snapshot!("an open incident", text_of(&shown));
    assert!(!shown.page().contains("<b>overloaded"), "what others wrote is no mark of ours");
    assert!(shown.text.contains("data-live=\"/live?project=shop\""));
    for minute in ["2026-11-23T14:55Z", "2026-11-23T15:02Z", "2026-11-23T15:03Z"] {
        assert!(shown.text.contains(&format!("/projects/shop/beats/{}/{minute}\"", project.routes[0].spec.name)), "{minute}");
    }
    let written = ann.get(&format!("/incidents/{id}/postmortem.md")).await;
    assert_eq!(written.header("content-type"), "text/markdown; charset=utf-8");
    assert!(written.page().starts_with("# Incident"), "{}", written.text);

    let closed = Incident { closed: Some(minutes_ago(1)), ..read(&site, id).await };
    site.store.write_incident(&closed, &[], &queues(&[])).await.unwrap();
    let over = ann.get(&format!("/incidents/{id}")).await;
    let text = text_of(&over);
    assert!(
        text.contains("3 of 12 beats are lost and 1 still missing") && text.contains("resolved") && !text.contains("Acknowledge"),
        "{text}"
    );
}

#[tokio::test]
async fn an_incident_stays_when_its_project_goes_and_is_not_taken_for_that_of_a_namesake() {
    let site = TestSite::start().await;
    let (_, id) = eventful(&site).await;
    site.store.apply(&[], &[name("shop")], now()).await.unwrap();
    let mut rob = site.reader().await;
    let path = format!("/incidents/{id}");
    let gone = rob.get(&path).await;
    assert!(gone.page().contains("project shop (removed)") && gone.text.contains("It was removed with the project"), "{}", gone.text);
    assert!(!gone.text.contains("href=\"/projects/shop\"") && gone.text.contains("data-live=\"/live\""));
    shop(&site).await;
    assert!(rob.get(&path).await.page().contains("project shop (removed)"), "another project of this name is not the one");
    assert!(rob.get("/incidents?project=shop").await.page().contains(&path));
    assert!(rob.get(&format!("{path}/postmortem.md")).await.page().contains("shop"));
}

#[tokio::test]
async fn of_very_many_different_answers_the_others_are_counted() {
    let site = TestSite::start().await;
    let project = shop(&site).await;
    let long = incident(&project, IncidentKind::Ingestion, 40);
    let bad = long.first_bad.unwrap();
    let evidence: Vec<Evidence> = (0..33).map(|at| rejected(&project, bad.plus(at), &format!("answer {at}"))).collect();
    site.store.record(&[], &evidence).await.unwrap();
    let id = write(&site, &long).await;
    let shown = site.reader().await.get(&format!("/incidents/{id}")).await;
    assert!(shown.page().contains("answer 29") && !shown.text.contains("answer 30"), "{}", shown.text);
    assert!(shown.text.contains("3 other responses"), "{}", shown.text);
}

#[tokio::test]
async fn an_incident_without_evidence_is_shown_too() {
    let site = TestSite::start().await;
    let project = shop(&site).await;
    let quiet = Incident { first_bad: None, last_good: None, announced: None, ..incident(&project, IncidentKind::Traffic, 5) };
    let id = write(&site, &quiet).await;
    let shown = site.reader().await.get(&format!("/incidents/{id}")).await;
    insta::assert_snapshot!("a quiet incident, for a reader", text_of(&shown));
}

#[tokio::test]
async fn a_user_acknowledges_it_and_takes_that_back_and_snoozes_reminders() {
    let site = TestSite::start().await;
    let (_, id) = eventful(&site).await;
    let path = format!("/incidents/{id}");
    let mut ann = site.writer().await;
    let shown = ann.get(&path).await;
    let place = |what: &str| shown.page().find(what).unwrap();
    assert!(place("</h1>") < place(">Acknowledge</button>") && place(">Acknowledge</button>") < place("aria-label=\"Finding\""));

    let long = "x".repeat(250);
    let wrong = ann.submit(&path, &format!("{path}/acknowledge"), &[("words", &long)]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.text.contains("200 characters") && wrong.text.contains(&long), "{}", wrong.text);
    assert_eq!(read(&site, id).await.acknowledged, None);

    let held = ann.submit(&path, &format!("{path}/acknowledge"), &[("words", "restarting")]).await;
    assert_eq!(held.location(), path);
    let by = read(&site, id).await.acknowledged.unwrap();
    assert_eq!((by.at, by.by.as_str()), (now(), "ann: restarting"));
    let shown = ann.get(&path).await;
    assert!(shown.page().contains("Acknowledged by ann: restarting.") && shown.text.contains("Unacknowledge"), "{}", shown.text);
    // Another one, who loaded the page before: without a word it stays with her, with words it is taken over.
    let mut bob = site.user("bob", Role::Editor).await;
    bob.submit("/incidents", &format!("{path}/acknowledge"), &[("words", " ")]).await;
    assert_eq!(read(&site, id).await.acknowledged, Some(by));
    assert!(bob.get(&path).await.page().contains("Already acknowledged by ann: restarting."));
    bob.submit("/incidents", &format!("{path}/acknowledge"), &[("words", "calling them")]).await;
    assert!(bob.get(&path).await.page().contains("Acknowledged by bob: calling them (before: ann: restarting)."));
    ann.submit(&path, &format!("{path}/unacknowledge"), &[]).await;
    assert_eq!(read(&site, id).await.acknowledged, None);

    for (until, says) in
        [("soon", "<code>soon</code> is not a time"), ("2026-11-22 10:00", "must be in the future"), ("", "give a duration")]
    {
        let wrong = ann.submit(&path, &format!("{path}/snooze"), &[("until", until)]).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY, "{until}");
        assert!(wrong.text.contains(says) && wrong.text.contains(&format!("name=\"until\" value=\"{until}\"")), "{}", wrong.text);
    }
    assert_eq!(read(&site, id).await.snoozed_until, None);
    for (field, text, until) in [
        ("for", "1h", "2026-11-23T16:10:07Z"),
        ("for", "tomorrow", "2026-11-24T08:00:00Z"),
        ("until", "2026-11-23 18:30", "2026-11-23T18:30:00Z"),
    ] {
        assert_eq!(ann.submit(&path, &format!("{path}/snooze"), &[(field, text)]).await.location(), path);
        assert_eq!(read(&site, id).await.snoozed_until, Some(Timestamp::parse(until).unwrap()), "{text}");
    }
    let shown = ann.get(&path).await;
    assert!(shown.page().contains("Snoozed until"), "{}", shown.text);
}

#[tokio::test]
async fn a_viewer_says_nothing_and_of_what_is_resolved_nothing_is_said() {
    let site = TestSite::start().await;
    let (_, id) = eventful(&site).await;
    let path = format!("/incidents/{id}");
    let mut rob = site.reader().await;
    assert!(!rob.get(&path).await.page().contains("<form class=\"form\""));
    for audit_entry in ["acknowledge", "unacknowledge", "snooze"] {
        let rejected = rob.submit(&path, &format!("{path}/{audit_entry}"), &[("for", "1h")]).await;
        assert_eq!(rejected.status, StatusCode::FORBIDDEN, "{audit_entry}");
    }
    let closed = Incident { closed: Some(now()), ..read(&site, id).await };
    site.store.write_incident(&closed, &[], &queues(&[])).await.unwrap();
    let mut ann = site.writer().await;
    // The one form of the list is that of logging out: what it brings along fits any form of the session.
    let late = ann.submit("/incidents", &format!("{path}/acknowledge"), &[]).await;
    assert_eq!(late.status, StatusCode::CONFLICT, "{}", late.text);
}

pub(super) async fn asked(site: &TestSite, token: &str, method: Method, path: &str, body: Option<Value>) -> Shown {
    let mut program: Browser = site.stranger();
    let request = program.request(method, path).header("authorization", format!("Bearer {token}"));
    let request = match body {
        Some(body) => request.header("content-type", "application/json").body(body.to_string()),
        None => request,
    };
    program.send(request).await
}

#[tokio::test]
async fn programs_can_do_what_the_page_can() {
    let site = TestSite::start().await;
    let (_, id) = eventful(&site).await;
    let (write, read_only) = (site.token(Role::Editor).await, site.token(Role::Viewer).await);
    let path = format!("/api/v1/incidents/{id}");
    let shown = asked(&site, &read_only, Method::GET, &path, None).await;
    let view: Value = serde_json::from_str(shown.page()).unwrap();
    insta::assert_snapshot!("an incident for programs", serde_json::to_string_pretty(&view).unwrap());
    let tag = shown.header("etag").to_owned();
    assert!(!tag.is_empty());

    for (audit_entry, body, status) in [
        ("acknowledge", json!({"words": "a\nb"}), 422),
        ("acknowledge", json!({"word": "a"}), 400),
        ("snooze", json!({"for": "1h", "until": "2026-11-23T18:00:00Z"}), 422),
        ("snooze", json!({}), 422),
    ] {
        let rejected = asked(&site, &write, Method::POST, &format!("{path}/{audit_entry}"), Some(body.clone())).await;
        assert_eq!(
            (rejected.status.as_u16(), rejected.header("content-type")),
            (status, "application/problem+json"),
            "{audit_entry} {body}"
        );
    }
    let rejected = asked(&site, &read_only, Method::POST, &format!("{path}/acknowledge"), Some(json!({}))).await;
    assert_eq!(rejected.status, StatusCode::FORBIDDEN);
    let held = asked(&site, &write, Method::POST, &format!("{path}/acknowledge"), Some(json!({"words": "on it"}))).await;
    let view: Value = serde_json::from_str(held.page()).unwrap();
    assert_eq!(view["incident"]["acknowledged_by"], "token test: on it");
    let kept = asked(&site, &write, Method::POST, &format!("{path}/acknowledge"), Some(json!({}))).await;
    assert_eq!(serde_json::from_str::<Value>(kept.page()).unwrap()["incident"]["acknowledged_by"], "token test: on it");
    let let_go = asked(&site, &write, Method::POST, &format!("{path}/unacknowledge"), None).await;
    assert_eq!(serde_json::from_str::<Value>(let_go.page()).unwrap()["incident"]["acknowledged"], Value::Null);
    let snoozed = asked(&site, &write, Method::POST, &format!("{path}/snooze"), Some(json!({"for": "2h"}))).await;
    assert_eq!(serde_json::from_str::<Value>(snoozed.page()).unwrap()["incident"]["snoozed_until"], "2026-11-23T17:10:07.000Z");

    let written = asked(&site, &read_only, Method::GET, &format!("{path}/postmortem"), None).await;
    assert!(written.page().starts_with("# Incident"));
    for (query, count) in
        [("", 1), ("?state=resolved", 0), ("?state=snoozed&incident_kind=ingestion&project=shop", 1), ("?project=blog", 0)]
    {
        let found = asked(&site, &read_only, Method::GET, &format!("/api/v1/incidents{query}"), None).await;
        assert_eq!(serde_json::from_str::<Value>(found.page()).unwrap()["items"].as_array().unwrap().len(), count, "{query}");
    }
    for (path, status) in [("/api/v1/incidents?after=x", 422), ("/api/v1/incidents?state=bad", 422), ("/api/v1/incidents/9999", 404)] {
        assert_eq!(asked(&site, &read_only, Method::GET, path, None).await.status.as_u16(), status, "{path}");
    }
}
