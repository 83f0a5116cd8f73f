//! Notifications: who gets what, when, how often, and when nobody does.

use std::collections::HashSet;
use std::time::Duration;

use axum::http::Method;
use heartbeat::message;
use heartbeat::model::{
    Acknowledged, ChannelKind, ChannelSpec, Entry, EntryKind, Incident, Notification, NotificationKind, NotificationState, ProjectFilter,
    ProjectName, ProjectSpec, Severity, Timestamp, When, Window,
};
use serde_json::{Value, json};

use super::World;
use super::receiver::Receiver;

/// A bad minute opens, a good one closes, and there is a reminder every ten minutes.
pub(super) const QUICK: &[(&str, &str)] = &[("capture_open_after", "1"), ("capture_close_after", "1"), ("capture_reminders", "10m")];

pub(super) fn capture_rejects(world: &World) {
    world.faults(&json!({"capture": {"status": 401}}));
}

pub(super) fn capture_accepts(world: &World) {
    world.faults(&json!({"capture": {"status": null}}));
}

/// A world in which capture rejects, and a channel was notified.
pub(super) async fn opened(settings: &[(&str, &str)]) -> World {
    let world = World::alerting("heartbeat", settings).await;
    world.minutes(2).await;
    capture_rejects(&world);
    world.minutes(2).await;
    assert_eq!(world.kinds().await, "opened");
    world
}

/// Capture works again; lets minutes pass until that is known.
pub(super) async fn over(world: &World) {
    capture_accepts(world);
    world.minutes(3).await;
    assert!(world.incidents().await.iter().all(|incident| !incident.is_open()));
}

async fn incident(world: &World) -> Incident {
    world.incidents().await.pop().unwrap()
}

/// What a person writes to the newest incident.
async fn hold(world: &World, acknowledged: bool, snoozed_until: Option<Timestamp>) {
    let (id, at) = (incident(world).await.id.unwrap(), world.clock.now());
    let by = Acknowledged { at, by: "ada".into() };
    let entry = Entry { at, kind: EntryKind::Acknowledged, words: "ada has it in hand".into() };
    assert!(world.store.hold(id, Some(&by).filter(|_| acknowledged), snoozed_until, &entry).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn reminders_come_after_an_hour_and_then_more_and_more_rarely() {
    let world = World::alerting("heartbeat", &[]).await;
    world.minutes(2).await;
    capture_rejects(&world);
    world.minutes(360).await;
    let told = world.told().await;
    let opened = told[0].0;
    let after: Vec<u64> = told.iter().map(|(at, _)| (at.since(opened).as_secs() + 30) / 60).collect();
    // Notified at the end of each minute's read-back: to within one of them.
    assert_eq!(world.ops.kinds(), "opened reminder reminder", "{after:?}");
    assert!((60..=61).contains(&after[1]) && (300..=302).contains(&after[2]), "{after:?}");
    assert!(told[1].1.text.contains("To stop reminders: heartbeat incidents ack"), "{}", told[1].1.text);
    over(&world).await;
    assert_eq!(world.kinds().await, "opened reminder reminder resolved");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_acknowledged_it_is_not_reminded_and_is_notified_of_the_end() {
    let world = opened(QUICK).await;
    hold(&world, true, None).await;
    world.minutes(35).await;
    assert_eq!(world.kinds().await, "opened");
    over(&world).await;
    assert_eq!(world.kinds().await, "opened resolved");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_acknowledges_any_more_is_reminded_of_again() {
    let world = opened(QUICK).await;
    hold(&world, true, None).await;
    world.minutes(25).await;
    hold(&world, false, None).await;
    world.minutes(2).await;
    assert_eq!(world.kinds().await, "opened reminder", "what was passed over does not come in a burst");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_snoozed_is_not_reminded_of_until_then() {
    let world = opened(QUICK).await;
    hold(&world, false, Some(world.clock.now().plus(Duration::from_mins(30)))).await;
    world.minutes(29).await;
    assert_eq!(world.kinds().await, "opened");
    world.minutes(2).await;
    assert_eq!(world.kinds().await, "opened reminder");
    hold(&world, false, Some(world.clock.now().plus(Duration::from_hours(9)))).await;
    world.minutes(15).await;
    over(&world).await;
    assert_eq!(world.kinds().await, "opened reminder resolved");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_gets_more_severe_is_notified_once() {
    let world = World::alerting("heartbeat", &[]).await;
    world.minutes(2).await;
    world.faults(&json!({"capture": {"drop_rate": 1}}));
    world.minutes(30).await;
    assert_eq!(world.kinds().await, "opened escalated");
    world.faults(&json!({"capture": {"drop_rate": 0}}));
    world.minutes(6).await;
    let titles = world.titles().await;
    assert!(titles[0].starts_with("[warning] story: ingestion is late"), "{titles:?}");
    assert!(titles[1].starts_with("[critical] story: escalated: ingestion stopped"), "{titles:?}");
    assert!(titles[2].starts_with("[resolved] story: no more beats are lost"), "{titles:?}");
    assert_eq!(titles.len(), 3);
}

/// A maintenance window of so many minutes, open from now on.
pub(super) async fn window(world: &World, minutes: u64) {
    let now = world.clock.now();
    let when = When::Once(now, now.plus(Duration::from_mins(minutes)));
    let window = Window { name: ProjectName::parse("upgrade").unwrap(), projects: ProjectFilter::default(), when };
    world.store.apply_windows(&[window], &[]).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_begins_and_ends_in_a_maintenance_window_is_recorded_and_notifies_nobody() {
    let world = World::alerting("heartbeat", QUICK).await;
    world.minutes(2).await;
    window(&world, 60).await;
    capture_rejects(&world);
    world.minutes(25).await;
    over(&world).await;
    world.minutes(60).await;
    assert_eq!(world.kinds().await, "");
    let incident = incident(&world).await;
    assert!(incident.announced.is_none() && incident.reminders == 0 && incident.closed.is_some());
    let entries = world.store.entries(incident.id.unwrap()).await.unwrap();
    let kinds: Vec<&str> = entries.iter().map(|entry| entry.kind.name()).collect();
    assert_eq!(kinds, ["opened", "silenced", "closed"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_still_open_at_the_end_of_a_maintenance_window_is_notified_then() {
    let world = World::alerting("heartbeat", QUICK).await;
    world.minutes(2).await;
    window(&world, 30).await;
    let end = world.clock.now().plus(Duration::from_mins(30));
    capture_rejects(&world);
    world.minutes(29).await;
    assert_eq!(world.kinds().await, "");
    world.minutes(2).await;
    let told = world.told().await;
    assert_eq!(world.ops.kinds(), "opened");
    assert!(told[0].0 >= end && told[0].0 < end.plus(Duration::from_secs(65)));
    assert!(told[0].1.incident.as_ref().unwrap().opened < end.minus(Duration::from_mins(20)), "it says since when");
    over(&world).await;
    assert_eq!(world.kinds().await, "opened resolved");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_notified_before_a_maintenance_window_is_notified_as_resolved_in_it() {
    let world = opened(QUICK).await;
    window(&world, 60).await;
    world.minutes(25).await;
    assert_eq!(world.kinds().await, "opened", "no reminder in a window");
    over(&world).await;
    assert_eq!(world.kinds().await, "opened resolved");
}

/// The pair of addresses of PostHog's app leads to a receiver of its own.
async fn with_pair() -> (World, Receiver) {
    let world = World::alerting("heartbeat", QUICK).await;
    let pair = Receiver::new(world.clock.clone()).await;
    let mut spec = world.project().await.spec;
    let app = spec.ingestion_alert.as_mut().unwrap();
    app.set("webHookUrlTriggered", &pair.at("/on?key=secret")).unwrap();
    app.set("webHookUrlResolved", &pair.at("/off?key=secret")).unwrap();
    world.apply(spec).await;
    world.minutes(2).await;
    (world, pair)
}

/// What the pair was called with and took: `/on /off`.
fn called(pair: &Receiver) -> String {
    let taken = pair.taken();
    assert!(taken.iter().all(|told| told.method == Method::GET && told.body.is_empty()));
    taken.iter().map(|told| told.path.as_str()).collect::<Vec<_>>().join(" ")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_old_pair_is_called_once_each_and_again_until_it_is_taken() {
    let (world, pair) = with_pair().await;
    pair.answers(500);
    capture_rejects(&world);
    world.minutes(6).await;
    world.second_passes().await;
    assert_eq!(called(&pair), "");
    assert!(pair.all().len() > 3, "tried again");
    pair.answers(200);
    world.minutes(15).await;
    assert_eq!(world.kinds().await, "opened reminder reminder", "the other channel has had its reminders");
    assert_eq!(called(&pair), "/on", "and the pair none");
    pair.answers(503);
    over(&world).await;
    world.second_passes().await;
    assert_eq!(called(&pair), "/on");
    pair.answers(200);
    world.minutes(15).await;
    world.second_passes().await;
    assert_eq!(called(&pair), "/on /off");
    world.minutes(15).await;
    assert_eq!(called(&pair), "/on /off");
}

#[tokio::test(flavor = "multi_thread")]
async fn switching_the_app_off_ends_what_is_open_and_says_so() {
    let (world, pair) = with_pair().await;
    capture_rejects(&world);
    world.minutes(2).await;
    world.second_passes().await;
    assert_eq!(called(&pair), "/on");
    let mut spec = world.project().await.spec;
    spec.ingestion_alert.as_mut().unwrap().enabled = false;
    world.apply(spec).await;
    world.minutes(2).await;
    assert_eq!(world.kinds().await, "opened resolved");
    assert_eq!(called(&pair), "/on /off");
    let entries = world.store.entries(incident(&world).await.id.unwrap()).await.unwrap();
    let words = &entries.last().unwrap().words;
    assert!(
        words.starts_with("no longer watched: Ingestion Alert was switched off on this project; so far 1 beat was rejected"),
        "{words}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn removing_the_app_ends_what_is_open_and_says_so() {
    let (world, pair) = with_pair().await;
    capture_rejects(&world);
    world.minutes(2).await;
    world.second_passes().await;
    assert_eq!(called(&pair), "/on");
    world.apply(ProjectSpec { ingestion_alert: None, ..world.project().await.spec }).await;
    world.minutes(2).await;
    assert_eq!(world.kinds().await, "opened resolved");
    assert_eq!(called(&pair), "/on /off");
}

#[tokio::test(flavor = "multi_thread")]
async fn removing_a_project_ends_what_is_open_and_says_so() {
    let (world, pair) = with_pair().await;
    capture_rejects(&world);
    world.minutes(2).await;
    world.second_passes().await;
    let name = world.project().await.spec.name;
    pair.answers(500);
    world.store.apply(&[], &[name], world.clock.now()).await.unwrap();
    let is_over = async |world: &World| !incident(world).await.is_open();
    world.seconds_until("what is open ends", is_over).await;
    let resolved = async |world: &World| world.ops.kinds() == "opened resolved";
    world.seconds_until("the end is told", resolved).await;
    assert_eq!(called(&pair), "/on");
    pair.answers(200);
    // It is called until it takes it, though its project is gone.
    world.seconds_until("the pair is told too", async |_: &World| called(&pair) == "/on /off").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_hours_without_a_receiver_one_message_says_both() {
    let world = World::alerting("heartbeat", QUICK).await;
    world.minutes(2).await;
    world.ops.answers(503);
    capture_rejects(&world);
    world.minutes(45).await;
    over(&world).await;
    world.minutes(120).await;
    world.second_passes().await;
    let tries = world.ops.all().len();
    assert!((6..60).contains(&tries), "{tries} tries in almost three hours");
    world.ops.answers(200);
    world.minutes(130).await;
    let told = world.told().await;
    assert_eq!(world.ops.kinds(), "resolved");
    assert!(told[0].1.merged && told[0].1.title.ends_with("sent late"), "{:?}", told[0].1);
    assert!(told[0].1.text.starts_with("This could not be sent while it lasted: it opened at "), "{}", told[0].1.text);
    assert!(world.notifications(NotificationState::Queued).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_that_is_gone_stops_and_the_others_are_notified_once() {
    let world = World::alerting("heartbeat", QUICK).await;
    let gone = Receiver::new(world.clock.clone()).await;
    world.webhook("gone", &gone).await;
    gone.answers(410);
    world.minutes(2).await;
    capture_rejects(&world);
    world.minutes(5).await;
    over(&world).await;
    capture_rejects(&world);
    world.minutes(15).await;
    assert_eq!(world.kinds().await, "opened channel_stopped resolved opened reminder");
    assert_eq!(gone.all().len(), 1, "nothing is tried there any more");
    let stopped = world.channels().await.into_iter().find(|channel| channel.spec.name.as_str() == "gone").unwrap();
    assert!(stopped.stopped.unwrap().words.contains("410"));
    let told = world.ops.messages();
    assert!(told[1].title.contains("channel gone no longer delivers"), "{}", told[1].title);

    gone.answers(200);
    world.store.revive(stopped.id, world.clock.now()).await.unwrap().unwrap();
    world.second_passes().await;
    assert_eq!(gone.kinds(), "resolved opened", "what still matters");
    assert!(gone.messages()[0].merged);
    over(&world).await;
    world.second_passes().await;
    assert_eq!(gone.kinds(), "resolved opened resolved");
}

pub(super) async fn named(world: &World, name: &str) -> heartbeat::model::Channel {
    world.channels().await.into_iter().find(|channel| channel.spec.name.as_str() == name).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_that_rejects_its_first_message_does_not_deliver_and_is_still_tried() {
    let world = World::alerting("heartbeat", QUICK).await;
    let picky = Receiver::new(world.clock.clone()).await;
    world.webhook("picky", &picky).await;
    picky.answers(400);
    world.minutes(2).await;
    capture_rejects(&world);
    world.minutes(5).await;
    world.seconds_until("the others are told", async |world: &World| world.ops.kinds() == "opened channel_stopped").await;
    let stopped = named(&world, "picky").await.stopped.unwrap();
    assert!(stopped.retried && stopped.words.starts_with("it rejects its first message: 400 Bad Request"), "{}", stopped.words);
    let told = &world.ops.messages()[1].text;
    assert!(told.contains("400 Bad Request") && told.contains("Each new notification is still tried."), "{told}");

    over(&world).await;
    world.seconds_until("the next is tried", async |_: &World| picky.all().len() == 2).await;
    assert!(named(&world, "picky").await.stopped.is_some());
    picky.answers(200);
    capture_rejects(&world);
    world.minutes(5).await;
    world.seconds_until("it delivers again", async |world: &World| named(world, "picky").await.stopped.is_none()).await;
    assert_eq!(picky.kinds(), "opened");
    let mended = async |world: &World| world.ops.kinds().ends_with("channel_resolved");
    world.seconds_until("the others are told that it does", mended).await;
    let told = world.ops.messages();
    let kinds: Vec<&str> = told.iter().map(|message| message.kind.name()).collect();
    assert_eq!(kinds, ["opened", "channel_stopped", "resolved", "opened", "channel_resolved"], "the others are told once");
    assert_eq!(told[4].title, "[resolved] channel picky delivers again");
    assert_eq!((told[1].channel.clone().unwrap().name.as_str(), &told[1].channel), ("picky", &told[4].channel));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_that_rejects_three_in_a_row_does_not_deliver_and_one_that_rejects_two_does() {
    let world = World::alerting("heartbeat", QUICK).await;
    let picky = Receiver::new(world.clock.clone()).await;
    world.webhook("picky", &picky).await;
    world.minutes(2).await;
    for taken in ["opened", "opened resolved"] {
        if taken == "opened" {
            capture_rejects(&world);
        } else {
            over(&world).await;
        }
        world.minutes(5).await;
        world.seconds_until("both are told", async |world: &World| picky.kinds() == taken && world.ops.kinds() == taken).await;
    }
    picky.answers(400);
    capture_rejects(&world);
    world.minutes(5).await;
    over(&world).await;
    world.seconds_until("it rejects two", async |_: &World| picky.all().len() == 4).await;
    assert!(named(&world, "picky").await.stopped.is_none(), "two strange messages cost themselves alone");
    capture_rejects(&world);
    world.minutes(5).await;
    world.seconds_until("the third stops it", async |world: &World| named(world, "picky").await.stopped.is_some()).await;
    let words = named(&world, "picky").await.stopped.unwrap().words;
    assert!(words.starts_with("it rejected 3 messages in a row, the last one with: 400 Bad Request"), "{words}");
    // The store has the last word: when the channel is revived, it gets everything that it rejected.
    picky.answers(410);
    over(&world).await;
    world.seconds_until("it comes to a full stop", async |world: &World| !named(world, "picky").await.stopped.unwrap().retried).await;
    assert_eq!(named(&world, "picky").await.stopped.unwrap().words, "410 Gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recipient_who_is_put_off_holds_up_nobody_else() {
    let world = World::alerting("heartbeat", QUICK).await;
    let (port, heard) = crate::notify::mails::server(None, "RCPT TO:<b@", "452 4.2.2 mailbox full").await;
    let values = [("url", &*format!("smtp://127.0.0.1:{port}")), ("from", "heartbeat@example.com"), ("to", "a@example.org, b@example.org")];
    world.channel("mail", ChannelKind::Email, &values).await;
    world.minutes(2).await;
    let (mail, now) = (named(&world, "mail").await.id, world.clock.now());
    let message = message::sample(NotificationKind::Returned, &ProjectName::parse("shop").unwrap(), now);
    let notifications = ["one", "other"].map(|about| Notification::queued(mail, None, about, 0, message.clone()));
    world.store.owe(&notifications).await.unwrap();
    world.second_passes().await;
    let asked = ["a@example.org", "b@example.org", "a@example.org", "b@example.org"];
    assert_eq!(crate::notify::mails::asked_for(&heard)[..4], asked, "the second does not wait for the first one's second try");
    assert_eq!(heard.mails().len(), 2);
    let queued = world.notifications(NotificationState::Queued).await;
    let waits = |notification: &Notification| notification.said.as_ref().is_some_and(|said| said.contains("b@example.org"));
    assert!(queued.len() == 2 && queued.iter().all(waits), "{queued:?}");
    assert!(named(&world, "mail").await.last_accepted.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_projects_that_fail_at_once_are_a_few_messages() {
    const PROJECTS: usize = 100;
    let mut world = World::asleep("heartbeat").await;
    let named = |at: usize| ProjectSpec {
        name: ProjectName::parse(&format!("shop-{at:03}")).unwrap(),
        ..World::alerted(world.spec("heartbeat"), QUICK)
    };
    let all: Vec<ProjectSpec> = (0..PROJECTS).map(named).collect();
    let one = [world.project().await.spec.name];
    world.store.apply(&all, &one, world.clock.now()).await.unwrap();
    world.webhook("ops", &world.ops).await;
    world.wake_up().await;
    world.minutes(2).await;
    assert_eq!(world.kinds().await, "");
    capture_rejects(&world);
    let mut sizes = Vec::new();
    for is_bad in [true, false] {
        if !is_bad {
            capture_accepts(&world);
        }
        let before = world.ops.taken().len();
        for _ in 0..4 {
            world.minutes(1).await;
            world.second_passes().await;
        }
        let told = world.ops.messages().split_off(before);
        let count: usize = told.iter().map(covered).sum();
        assert_eq!(count, PROJECTS, "each is told of once: {:?}", told.iter().map(|told| &told.title).collect::<Vec<_>>());
        sizes.push(told.len());
    }
    assert!(sizes.iter().all(|size| *size <= 8), "{sizes:?} messages");
    let incidents = world.incidents().await;
    let keys: HashSet<_> = incidents.iter().map(Incident::key).collect();
    assert_eq!((incidents.len(), keys.len()), (PROJECTS, PROJECTS));
}

/// How many incidents a message is about.
fn covered(message: &heartbeat::model::Message) -> usize {
    match message.kind {
        NotificationKind::Digest => {
            let count = message.title.split_whitespace().nth(1).unwrap();
            count.parse().unwrap()
        }
        _ => 1,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alertmanager_hears_of_what_is_open_again_before_it_forgets() {
    let world = World::alerting("heartbeat", &[("capture_open_after", "1"), ("capture_close_after", "1")]).await;
    let manager = Receiver::new(world.clock.clone()).await;
    world.channel("manager", ChannelKind::Alertmanager, &[("url", &manager.at(""))]).await;
    world.minutes(2).await;
    capture_rejects(&world);
    let until = world.clock.now().plus(Duration::from_mins(21));
    // What is said again is no notification: it takes its own time, a moment of each second.
    world.seconds_until("some minutes have passed", async |world: &World| world.clock.now() >= until).await;
    let alerts = |manager: &Receiver| -> Vec<(Timestamp, Value)> {
        let taken = manager.taken();
        assert!(taken.iter().all(|told| told.path == "/api/v2/alerts"));
        taken.iter().map(|told| (told.at, serde_json::from_slice::<Value>(&told.body).unwrap()[0].clone())).collect()
    };
    let ends = |alert: &Value| Timestamp::parse(alert["endsAt"].as_str().unwrap()).unwrap();
    let open = alerts(&manager);
    assert!(open.len() >= 6, "{} in twenty minutes", open.len());
    assert!(open.windows(2).all(|pair| ends(&pair[0].1) > pair[1].0), "it never ended by itself");
    assert!(ends(&open.last().unwrap().1) > world.clock.now());
    assert!(open.iter().all(|(_, alert)| alert["labels"] == open[0].1["labels"]), "it is one alert");
    over(&world).await;
    world.second_passes().await;
    let last = alerts(&manager).pop().unwrap();
    assert!(ends(&last.1) <= last.0, "resolved");
    world.minutes(10).await;
    assert_eq!(alerts(&manager).pop().unwrap(), last, "and nothing after that");
    assert_eq!(incident(&world).await.severity, Severity::Critical);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_heard_that_it_opened_hears_that_it_is_over_whatever_was_changed_meanwhile() {
    let world = World::alerting("heartbeat", QUICK).await;
    world.minutes(2).await;
    capture_rejects(&world);
    world.minutes(4).await;
    assert_eq!(world.kinds().await, "opened");
    let spec = world.channels().await.remove(0).spec;
    let elsewhere = ProjectFilter::parse("another").unwrap();
    world.store.apply_channels(&[ChannelSpec { projects: elsewhere, ..spec }], &[]).await.unwrap();
    over(&world).await;
    world.minutes(6).await;
    assert_eq!(world.kinds().await, "opened resolved");
}
