//! `heartbeat incidents`, `notifications` and `channels` beside a running service: what they show, what they change, what they reject.

use heartbeat::model::NotificationKind;
use serde_json::{Value, json};

use super::telling::{SPEED, Story};
use super::{Ended, Process, eventually};

/// Waits until nothing is queued any more.
async fn all_is_noted(story: &Story, by: &Process) {
    eventually(
        "nothing is owed",
        || by.err.text(),
        async || items(&story.ask(&["notifications", "--json", "--state", "queued"]).await) == json!([]),
    )
    .await;
}

/// What a list gave.
fn items(ended: &Ended) -> Value {
    ended.json()["items"].take()
}

fn names(of: &Value) -> Vec<&str> {
    let mut names: Vec<&str> = of.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}

async fn incidents(story: &Story) -> Value {
    items(&story.ask(&["incidents", "--json", "--speed", &SPEED.to_string()]).await)
}

async fn rejects_what_nobody_can_mean(story: &Story, number: &str) {
    for (wrong, says) in [
        (&["incidents", "show", "999"] as &[&str], "there is no incident 999"),
        (&["incidents", "ack", "999", "--by", "ana"], "there is no incident 999"),
        (&["incidents", "unack", "999"], "there is no incident 999"),
        (&["incidents", "snooze", "999", "--for", "1h"], "there is no incident 999"),
        (&["incidents", "show", "-1"], ""),
        (&["incidents", "show", "one"], "one"),
        (&["incidents", "show"], "NUMBER"),
        (&["incidents", "ack", number, "--by", ""], "--by must be 1 to 200 characters on one line"),
        (&["incidents", "ack", number, "--by", " "], "--by must be 1 to 200 characters on one line"),
        (&["incidents", "ack", number, "--by", "ana\nbob"], "--by must be 1 to 200 characters on one line"),
        (&["incidents", "ack", number, "--by", &"a".repeat(201)], "--by must be 1 to 200 characters on one line"),
        (&["incidents", "snooze", number, "--for", "0s"], "between 1s and 30d"),
        (&["incidents", "snooze", number, "--for", "31d"], "between 1s and 30d"),
        (&["incidents", "snooze", number], "--for"),
        (&["incidents", "--project", "shpo"], "did you mean `shop`?"),
    ] {
        let ended = story.ask(&[wrong, &["--speed", &SPEED.to_string()]].concat()).await;
        assert!(ended.code() == 2 && ended.err.contains(says) && ended.out.is_empty(), "{wrong:?}: {ended:?}");
    }
    for (wrong, says) in [
        (&["notifications", "--channel", "obs"] as &[&str], "did you mean `ops`?"),
        (&["notifications", "--state", "lost"], "lost"),
        (&["notifications", "--limit", "many"], "many"),
        (&["channels", "test", "obs"], "did you mean `ops`?"),
    ] {
        let ended = story.ask(wrong).await;
        assert!(ended.code() == 2 && ended.err.contains(says) && ended.out.is_empty(), "{wrong:?}: {ended:?}");
    }
}

/// What is shown of an incident.
const INCIDENT: [&str; 27] = [
    "acknowledged",
    "acknowledged_by",
    "announced",
    "beats_duplicated",
    "beats_late",
    "beats_lost",
    "beats_missing",
    "beats_rejected",
    "beats_sent",
    "cause",
    "cause_code",
    "closed",
    "diagnosis",
    "ended_because",
    "first_bad",
    "id",
    "incident_kind",
    "key",
    "last_good",
    "lasted_ms",
    "noticed_after_ms",
    "opened",
    "project",
    "rules",
    "severity",
    "snoozed_until",
    "url",
];

/// What is shown of a notification.
const NOTIFICATION: [&str; 14] =
    ["channel", "created", "due", "ended", "id", "incident", "kind", "project", "said", "severity", "state", "text", "title", "tries"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_asked_of_an_incident_while_it_lasts_and_after() {
    let times = SPEED.to_string();
    let at = ["--speed", times.as_str()];
    let story = Story::over("sqlite:WORKDIRheartbeat.db").await;
    let ask = async |arguments: &[&str]| story.ask(&[arguments, &at].concat()).await;
    // Nothing yet.
    let ended = ask(&["incidents", "--check"]).await;
    assert_eq!((ended.code(), ended.err.as_str()), (0, "No incidents in the last 7d.\n"), "{ended:?}");
    assert_eq!(items(&story.ask(&["notifications", "--json"]).await), json!([]));

    // It opens.
    let service = story.start().await;
    story.storm().await;
    story.told(NotificationKind::Opened, 0, &service).await;
    all_is_noted(&story, &service).await;
    assert_eq!(ask(&["incidents", "--check"]).await.code(), 1);
    assert_eq!(ask(&["incidents", "--check", "--json", "--open"]).await.code(), 1);
    assert_eq!(ask(&["incidents"]).await.code(), 0, "only who asks is answered by the exit code");
    let all = incidents(&story).await;
    let number = all[0]["id"].to_string();
    assert_eq!(names(&all[0]), INCIDENT);
    let told = |field: &str| all[0][field].as_str().unwrap_or("none");
    assert_eq!([told("project"), told("incident_kind"), told("severity"), told("closed")], ["shop", "ingestion", "critical", "none"]);
    let shown = ask(&["incidents", "show", &number, "--json"]).await.json();
    assert_eq!(names(&shown), ["incident", "notifications", "timeline"]);
    assert_eq!(names(&shown["timeline"][0]), ["at", "kind", "words"]);
    assert_eq!(shown["timeline"][0]["kind"], "opened");
    let notification = &shown["notifications"][0];
    assert_eq!(names(notification), NOTIFICATION);
    assert_eq!(
        [&notification["channel"], &notification["kind"], &notification["state"], &notification["said"]],
        ["ops", "opened", "sent", "200 OK"]
    );

    // A user has acknowledged it.
    let acknowledged = ask(&["incidents", "ack", &number, "--by", "ana", "--json"]).await.json();
    assert_eq!((names(&acknowledged), &acknowledged["acknowledged_by"]), (names(&all[0]), &json!("ana")), "the same words as in the list");
    // Without a name nobody's acknowledgement is replaced; with another name, the answer says whose was.
    let kept = ask(&["incidents", "ack", &number]).await;
    assert!(kept.code() == 0 && kept.out.contains("already acknowledged by ana") && kept.err.contains("--by NAME"), "{kept:?}");
    let hand = |incident: &Value| ["acknowledged", "acknowledged_by"].map(|key| incident[key].clone());
    assert_eq!(hand(&incidents(&story).await[0]), hand(&acknowledged), "also since when");
    assert_eq!(hand(&ask(&["incidents", "ack", &number, "--by", "ana", "--json"]).await.json()), hand(&acknowledged));
    let taken = ask(&["incidents", "ack", &number, "--by", "bob"]).await;
    assert!(taken.out.contains("acknowledged by bob (before: ana)"), "{taken:?}");
    ask(&["incidents", "ack", &number, "--by", "ana"]).await;
    let snoozed = ask(&["incidents", "snooze", &number, "--for", "2h", "--json"]).await.json();
    assert!(names(&snoozed) == names(&all[0]) && snoozed["snoozed_until"].is_string(), "{snoozed}");
    let held = incidents(&story).await;
    assert_eq!(held[0]["acknowledged_by"], "ana");
    assert!(held[0]["snoozed_until"].is_string() && held[0]["closed"].is_null(), "{held}");
    assert!(ask(&["incidents", "unack", &number, "--json"]).await.json()["acknowledged"].is_null());
    assert!(incidents(&story).await[0]["acknowledged"].is_null());
    assert_eq!(ask(&["incidents", "--check"]).await.code(), 1, "in hand is not over");

    rejects_what_nobody_can_mean(&story, &number).await;
    let timeline = ask(&["incidents", "show", &number, "--json"]).await.json()["timeline"].take();
    let kinds: Vec<&str> = timeline.as_array().unwrap().iter().map(|entry| entry["kind"].as_str().unwrap()).collect();
    let persons: Vec<&str> = kinds.iter().copied().filter(|kind| ["acknowledged", "unacknowledged", "snoozed"].contains(kind)).collect();
    assert_eq!(persons, ["acknowledged", "acknowledged", "acknowledged", "snoozed", "unacknowledged"], "what was refused left nothing");

    // It is over.
    story.calm();
    story.told(NotificationKind::Resolved, 0, &service).await;
    all_is_noted(&story, &service).await;
    assert_eq!(ask(&["incidents", "--check"]).await.code(), 0);
    assert_eq!(items(&ask(&["incidents", "--open", "--json"]).await), json!([]));
    for late in [
        &["incidents", "ack", &number, "--by", "ana"] as &[&str],
        &["incidents", "unack", &number],
        &["incidents", "snooze", &number, "--for", "1h"],
    ] {
        let ended = ask(late).await;
        assert!(ended.code() == 2 && ended.err.contains("is resolved; only an open incident can be changed"), "{late:?}: {ended:?}");
    }
    let notifications = items(&story.ask(&["notifications", "--channel", "ops", "--json"]).await);
    let kinds: Vec<&Value> = notifications.as_array().unwrap().iter().map(|notification| &notification["kind"]).collect();
    assert_eq!(kinds, ["resolved", "opened"], "newest first");
    assert_eq!(story.ask(&["notifications", "--limit", "1", "--json"]).await.json()["items"].as_array().unwrap().len(), 1);
    assert_eq!(items(&story.ask(&["notifications", "--state", "failed", "--json"]).await), json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_channel_that_stopped_delivers_what_it_owes_once_it_was_tried() {
    let story = Story::over("sqlite:WORKDIRheartbeat.db").await;
    let service = story.start().await;
    story.receiver.answer(Some(410));
    story.storm().await;
    service.err.wait_for("this channel no longer delivers: 410").await;
    let channel = async || story.ask(&["channels", "list", "--json"]).await.json()["items"][0].take();
    eventually("it is shown", || service.err.text(), async || channel().await["state"] == "not_delivering").await;
    let shown = channel().await;
    assert_eq!([&shown["stopped_words"], &shown["queued"].to_string().into()], ["410 Gone", "1"], "{shown}");
    let rejected = story.ask(&["channels", "test", "ops", "--json"]).await;
    assert_eq!(rejected.code(), 1, "{rejected:?}");
    assert_eq!(rejected.json()["deliveries"][0]["accepted"], false);
    assert_eq!(channel().await["state"], "not_delivering");

    // The end comes while nothing is delivered; then the receiver works again.
    story.calm();
    eventually("it is over", || service.err.text(), async || channel().await["queued"] == 2).await;
    story.receiver.answer(Some(200));
    let before = story.receiver.letters().len();
    let taken = story.ask(&["channels", "test", "ops", "--json"]).await;
    assert_eq!(taken.code(), 0, "{taken:?}");
    let samples: Vec<Value> =
        story.receiver.letters()[before..].iter().map(super::receiver::Letter::message).filter(|message| message["test"] == true).collect();
    assert_eq!(samples.len(), 3, "{samples:?}");
    let is_real = |letter: &super::receiver::Letter| letter.message()["test"] == false;
    let letter = story.receiver.wait_for("what is owed comes", before, || service.err.text(), is_real).await;
    assert_eq!((letter.kind().as_str(), &letter.message()["merged"]), ("resolved", &Value::Bool(true)), "{letter:?}");
    all_is_noted(&story, &service).await;
    assert_eq!(channel().await["state"], "delivering");
}
