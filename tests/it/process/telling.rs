//! `kill -9` between any two steps of notifying, and start again: every notification is delivered, under one id and with one body, and no end of an
//! incident is lost.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use heartbeat::clock::Clock;
use heartbeat::model::{Incident, Notification, NotificationKind, NotificationState};
use heartbeat::store::{self, IncidentFilter, NotificationFilter, SecretCipher, Store};
use serde_json::json;

use super::receiver::{Letter, Receiver};
use super::{Ended, Process, Workdir, eventually, speed};
use crate::sandbox::Running;
use crate::support::postgres;

/// A minute of one second: a process starts in less, and a lease is over in two.
pub(super) const SPEED: u32 = 60;
/// One bad beat opens, one good beat closes: an incident takes a few minutes from end to end.
const SETTINGS: &str = "
[project.ingestion_alert]
capture_open_after = 1
capture_close_after = 1
capture_reminders = \"\"
lost = \"off\"
lag_above = \"off\"
no_event = \"off\"
blind = \"off\"

[[channel]]
name = \"ops\"
kind = \"webhook\"
at_once = 60000
";

/// One service after the other, over one store, one sandbox and one receiver.
pub(super) struct Story {
    pub(super) workdir: Workdir,
    pub(super) sandbox: Running,
    pub(super) receiver: Receiver,
    store: Arc<Store>,
    database: String,
}

impl Story {
    pub(super) async fn over(database: &str) -> Self {
        let workdir = Workdir::new();
        let database = database.replace("WORKDIR", &workdir.path("").display().to_string());
        let key = workdir.path("heartbeat.key");
        let store = store::open(&database, SecretCipher::from_key_file(&key).unwrap()).await.unwrap();
        let workdir = workdir.with("HEARTBEAT_KEY_FILE", key.to_str().unwrap());
        let (sandbox, receiver) = (Running::start(Clock::fast(speed(SPEED))).await, Receiver::start().await);
        workdir.settings(&sandbox.url, &format!("{SETTINGS}url = \"{}/hook\"\n", receiver.url));
        Self { workdir, sandbox, receiver, store, database }
    }

    pub(super) async fn start(&self) -> Process {
        let process = self.launch();
        process.err.wait_for("beating").await;
        process
    }

    fn launch(&self) -> Process {
        let times = SPEED.to_string();
        self.workdir.start(&["run", "--config", "heartbeat.toml", "--database", &self.database, "--speed", &times])
    }

    pub(super) async fn storm(&self) {
        self.sandbox.faults(json!({"capture": {"status": 503}})).await;
    }

    pub(super) fn calm(&self) {
        self.sandbox.sandbox.clear_faults();
    }

    /// Runs a command over the same store, by the same clock.
    pub(super) async fn ask(&self, arguments: &[&str]) -> Ended {
        let mut arguments = arguments.to_vec();
        arguments.extend(["--database", &self.database]);
        self.workdir.run(&arguments).await
    }

    async fn incidents(&self) -> Vec<Incident> {
        self.store.incidents(&IncidentFilter::default()).await.unwrap()
    }

    async fn notifications(&self, state: Option<NotificationState>) -> Vec<Notification> {
        self.store.notifications(&NotificationFilter { state, ..NotificationFilter::default() }).await.unwrap()
    }

    /// Waits until a letter of this kind comes that none was before `after`.
    pub(super) async fn told(&self, kind: NotificationKind, after: usize, by: &Process) -> Letter {
        let what = format!("a letter says {kind}");
        self.receiver.wait_for(&what, after, || by.err.text(), |letter| letter.kind() == kind.name()).await
    }

    /// Waits until the next life delivers this letter again, or has it on record as taken.
    async fn delivered_again(&self, letter: &Letter, after: usize, by: &Process) {
        let again = || self.receiver.letters().iter().skip(after).any(|other| other.id == letter.id && other.answered);
        eventually(
            "a letter that nobody noted comes again",
            || by.err.text(),
            async || {
                again()
                    || self
                        .notifications(Some(NotificationState::Sent))
                        .await
                        .iter()
                        .any(|notification| notification.id.to_string() == letter.id)
            },
        )
        .await;
    }

    /// Runs on without faults until nothing is open or queued, ends as it should, and checks what came against the record.
    async fn ends_well(&self) {
        self.calm();
        self.receiver.answer(Some(200));
        let mut last = self.start().await;
        eventually(
            "nothing is open or owed",
            || last.err.text(),
            async || {
                self.incidents().await.iter().all(|incident| !incident.is_open())
                    && self.notifications(Some(NotificationState::Queued)).await.is_empty()
            },
        )
        .await;
        last.signal("TERM");
        let ended = last.end().await;
        assert_eq!(ended.code(), 0, "{ended:?}");
        self.holds_what_is_sent().await;
    }

    async fn holds_what_is_sent(&self) {
        let (letters, notifications, incidents) = (self.receiver.letters(), self.notifications(None).await, self.incidents().await);
        // 1. What has one id has one body, and is a notification's own.
        let mut bodies: BTreeMap<&str, &str> = BTreeMap::new();
        let known: BTreeSet<String> = notifications.iter().map(|notification| notification.id.to_string()).collect();
        for letter in &letters {
            assert!(known.contains(&letter.id), "no notification has this id: {letter:?}");
            assert_eq!(*bodies.entry(&letter.id).or_insert(&letter.body), letter.body, "one id, two bodies");
        }
        // 2. What is on record as sent was answered; what is on record as needless was replaced by a newer one that was.
        let answered: BTreeSet<&str> = letters.iter().filter(|letter| letter.answered).map(|letter| letter.id.as_str()).collect();
        for notification in &notifications {
            let newer = |other: &&Notification| {
                other.incident == notification.incident && other.state == NotificationState::Sent && other.created >= notification.created
            };
            match notification.state {
                NotificationState::Sent => assert!(answered.contains(notification.id.to_string().as_str()), "never came: {notification:?}"),
                NotificationState::Superseded => {
                    assert!(notifications.iter().any(|other| newer(&other)), "nothing came in its place: {notification:?}");
                }
                NotificationState::Queued | NotificationState::Failed => panic!("{notification:?}"),
            }
        }
        // 3. Every incident was notified as opened (or both at once), and then, by one id, as resolved; never as opened once it was resolved.
        for incident in &incidents {
            let key = incident.key().to_string();
            let of: Vec<&Letter> = letters.iter().filter(|letter| letter.incident() == key).collect();
            let ids = |kind: NotificationKind| {
                of.iter().filter(|letter| letter.kind() == kind.name()).map(|letter| &letter.id).collect::<BTreeSet<_>>()
            };
            assert_eq!(ids(NotificationKind::Resolved).len(), 1, "{incident:?}: {of:?}");
            let first_end = of.iter().position(|letter| letter.kind() == "resolved").unwrap();
            let merged = of[first_end].message()["merged"] == true;
            assert!(merged || ids(NotificationKind::Opened).len() == 1, "{incident:?}: {of:?}");
            assert!(merged || of[0].kind() == "opened", "{of:?}");
            assert!(of[first_end..].iter().all(|letter| letter.kind() == "resolved"), "it is open again: {of:?}");
        }
        let strangers = letters.iter().filter(|letter| !incidents.iter().any(|incident| incident.key().to_string() == letter.incident()));
        assert!(strangers.into_iter().all(|letter| letter.kind() == "returned"), "{letters:?}");
        assert!(!incidents.is_empty(), "too little happened to tell");
    }
}

/// The faults that makes an incident open, or lets it be over.
async fn bring_about(story: &Story, kind: NotificationKind) {
    match kind {
        NotificationKind::Opened => story.storm().await,
        _ => story.calm(),
    }
}

/// Killed when the receiver has the letter, and its answer has not come: the next life sends the same letter again.
async fn between_sending_and_the_answer(story: &Story, kind: NotificationKind) {
    let mut life = story.start().await;
    let before = story.receiver.letters().len();
    story.receiver.answer(None);
    bring_about(story, kind).await;
    let letter = story.told(kind, before, &life).await;
    life.kill();
    story.receiver.answer(Some(200));
    let after = story.receiver.letters().len();
    assert!(
        !story.notifications(Some(NotificationState::Sent)).await.iter().any(|notification| notification.id.to_string() == letter.id),
        "noted before it was taken"
    );
    let mut next = story.start().await;
    let again = story.told(kind, after, &next).await;
    assert_eq!((again.id, again.body), (letter.id, letter.body));
    next.kill();
}

/// Killed as soon as the receiver has answered, with that noted or not.
async fn between_the_answer_and_its_mark(story: &Story, kind: NotificationKind) {
    let mut life = story.start().await;
    let before = story.receiver.letters().len();
    story.receiver.answer(None);
    bring_about(story, kind).await;
    story.told(kind, before, &life).await;
    story.receiver.answer(Some(200));
    let is_it = |letter: &Letter| letter.kind() == kind.name() && letter.answered;
    let letter = story.receiver.wait_for("it is answered", before, || life.err.text(), is_it).await;
    let after = story.receiver.letters().len();
    life.kill();
    let mut next = story.start().await;
    story.delivered_again(&letter, after, &next).await;
    next.kill();
}

/// Killed as soon as the incident is on record, with its notification still queued: the next life sends it.
async fn between_the_record_and_sending(story: &Story, kind: NotificationKind) {
    for _ in 0..10 {
        let mut life = story.start().await;
        let (before, known) = (story.receiver.letters().len(), story.notifications(None).await.len());
        bring_about(story, kind).await;
        eventually("a notification is owed", || life.err.text(), async || story.notifications(None).await.len() > known).await;
        life.kill();
        let was_sent = story.receiver.letters().len() > before;
        let mut next = story.start().await;
        story.told(kind, before, &next).await;
        eventually("it is noted", || next.err.text(), async || story.notifications(Some(NotificationState::Queued)).await.is_empty()).await;
        if !was_sent {
            next.kill();
            return;
        }
        // It was quicker than we: the faults turns back, and we try again.
        let other = if kind == NotificationKind::Opened { NotificationKind::Resolved } else { NotificationKind::Opened };
        let after = story.receiver.letters().len();
        bring_about(story, other).await;
        story.told(other, after, &next).await;
        next.kill();
    }
    panic!("no process could be killed between writing a notification and sending it");
}

async fn killed_at_each_step(database: &str) {
    let story = Story::over(database).await;
    for kind in [NotificationKind::Opened, NotificationKind::Resolved] {
        between_sending_and_the_answer(&story, kind).await;
    }
    for kind in [NotificationKind::Opened, NotificationKind::Resolved] {
        between_the_answer_and_its_mark(&story, kind).await;
    }
    for kind in [NotificationKind::Opened, NotificationKind::Resolved] {
        between_the_record_and_sending(&story, kind).await;
    }
    story.ends_well().await;
}

/// A generator that is the same in every run (xorshift64).
fn next_random(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

async fn killed_at_any_moment(database: &str, seed: u64) {
    let story = Story::over(database).await;
    let mut random = seed;
    for _ in 0..14 {
        // The faults turns by itself, and the receiver answers, fails or says nothing.
        match next_random(&mut random) % 3 {
            0 => story.calm(),
            _ => story.storm().await,
        }
        story.receiver.answer([Some(200), Some(200), Some(503), None][next_random(&mut random) as usize % 4]);
        let mut life = story.start().await;
        Clock::system().sleep(Duration::from_millis(next_random(&mut random) % 2500)).await;
        assert!(life.lives(), "it ended by itself: {}", life.err.text());
        life.kill();
    }
    story.ends_well().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_each_step_over_sqlite_it_notifies_about_everything() {
    killed_at_each_step("sqlite:WORKDIRheartbeat.db").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_each_step_over_postgresql_it_notifies_about_everything() {
    killed_at_each_step(&postgres::fresh_database().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_any_moment_over_sqlite_it_notifies_about_everything() {
    killed_at_any_moment("sqlite:WORKDIRheartbeat.db", 0x7e11).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_any_moment_over_postgresql_it_notifies_about_everything() {
    killed_at_any_moment(&postgres::fresh_database().await, 0xca11).await;
}

/// Two services share one database; the one that holds the lease is killed, and the other delivers.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_services_one_delivers_what_the_other_died_over() {
    let story = Story::over(&postgres::fresh_database().await).await;
    let mut first = story.start().await;
    for kind in [NotificationKind::Opened, NotificationKind::Resolved] {
        let before = story.receiver.letters().len();
        story.receiver.answer(None);
        bring_about(&story, kind).await;
        let letter = story.told(kind, before, &first).await;
        let second = story.start().await;
        let after = story.receiver.letters().len();
        first.kill();
        story.receiver.answer(Some(200));
        let again = story.told(kind, after, &second).await;
        assert_eq!((again.id, again.body), (letter.id, letter.body));
        first = second;
    }
    first.kill();
    story.ends_well().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_says_both_that_it_opened_and_that_it_is_over_says_so_on_every_try() {
    let story = Story::over("sqlite:WORKDIRheartbeat.db").await;
    let mut life = story.start().await;
    story.receiver.answer(Some(503));
    story.storm().await;
    story.told(NotificationKind::Opened, 0, &life).await;
    story.calm();
    let first = story.told(NotificationKind::Resolved, 0, &life).await;
    assert_eq!(first.message()["merged"], true);
    let after = story.receiver.letters().len();
    let second = story.told(NotificationKind::Resolved, after, &life).await;
    assert_eq!((&second.id, &second.body), (&first.id, &first.body));
    life.kill();
    story.receiver.answer(Some(200));
    story.ends_well().await;
    let last = story.receiver.letters().pop().unwrap();
    assert_eq!((last.id, last.body, last.answered), (first.id, first.body, true));
}
