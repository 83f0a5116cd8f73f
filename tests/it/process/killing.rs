//! `kill -9` at chosen and at any moments, and start again: one event a minute and route, and nothing wrong on record.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use heartbeat::clock::Clock;
use heartbeat::model::{Beat, Minute, Outcome, Project, ProjectToken, Recorded, Timestamp};
use heartbeat::sandbox::TOKEN;
use heartbeat::store::{self, SecretCipher, Store};
use serde_json::{Value, json};

use super::{Process, Workdir, eventually, speed};
use crate::sandbox::Running;
use crate::support::pgbouncer::Pooler;
use crate::support::postgres;

/// A minute of two seconds: short enough to live through many, long enough for a process to start in.
const SPEED: u32 = 30;
/// Who lives for so long after a beat is due has sent it, however busy the machine is.
const ENOUGH: Duration = Duration::from_secs(30);
const EVENTS: &str = "events = \"heartbeat + heartbeat_buffer + heartbeat_api\"\n";

/// One service, killed again and again, over one store and one sandbox.
struct Story {
    workdir: Workdir,
    sandbox: Running,
    store: Arc<Store>,
    database: String,
    clock: Clock,
    lives: Vec<Life>,
}

/// How long one process beat, at least.
struct Life {
    began: Timestamp,
    ended: Timestamp,
}

/// A process that beats.
struct Alive {
    process: Process,
    began: Timestamp,
}

impl Story {
    async fn over(database: &str) -> Self {
        let workdir = Workdir::new();
        let database = database.replace("WORKDIR", &workdir.path("").display().to_string());
        let key = workdir.path("heartbeat.key");
        let store = store::open(&database, SecretCipher::from_key_file(&key).unwrap()).await.unwrap();
        let workdir = workdir.with("HEARTBEAT_KEY_FILE", key.to_str().unwrap());
        let clock = Clock::fast(speed(SPEED));
        let sandbox = Running::start(clock.clone()).await;
        workdir.settings(&sandbox.url, EVENTS);
        Self { workdir, sandbox, store, database, clock, lives: Vec::new() }
    }

    async fn start(&self) -> Alive {
        let times = SPEED.to_string();
        let process = self.workdir.start(&["run", "--config", "heartbeat.toml", "--database", &self.database, "--speed", &times]);
        process.err.wait_for("beating").await;
        Alive { process, began: self.clock.now() }
    }

    /// Kills it, if it is not dead yet.
    fn kill(&mut self, mut alive: Alive) {
        self.lives.push(Life { began: alive.began, ended: self.clock.now() });
        assert!(alive.process.lives(), "it ended by itself: {}", alive.process.err.text());
        alive.process.kill();
    }

    async fn project(&self) -> Project {
        self.store.projects().await.unwrap().remove(0)
    }

    /// What the sandbox holds of this minute.
    async fn events_of(&self, minute: Minute) -> Vec<Value> {
        self.sandbox.events().await.into_iter().filter(|event| minute_of(event) == minute).collect()
    }

    async fn beats(&self) -> Vec<Recorded> {
        let ids: Vec<_> = self.project().await.routes.iter().map(|route| route.id).collect();
        let now = self.clock.now().minute();
        self.store.beats(&ids, now.plus(-600), now.plus(2)).await.unwrap()
    }

    async fn outcomes_of(&self, minute: Minute) -> Vec<Outcome> {
        self.beats().await.into_iter().filter(|beat| beat.minute == minute).map(|beat| beat.outcome).collect()
    }

    /// Waits for the next minute whose slot is still some seconds away.
    async fn next_minute(&self) -> Minute {
        let next = self.clock.now().minute().plus(1);
        self.clock.sleep_until(next.start()).await;
        next
    }

    /// Runs on without faults until everything is decided, ends as it should, and checks what the sandbox holds against the record.
    async fn ends_well(&mut self) {
        self.sandbox.sandbox.clear_faults();
        let mut last = self.start().await;
        let until = self.clock.now().minute();
        self.clock.sleep_until(until.plus(1).end()).await;
        eventually("every beat is decided", String::new, async || {
            let decided = |beat: &Recorded| beat.minute > until || beat.outcome.is_seen();
            self.beats().await.iter().all(decided) && self.unverified(until).await.is_empty()
        })
        .await;
        last.process.signal("TERM");
        let ended = last.process.end().await;
        assert_eq!(ended.code(), 0, "{ended:?}");
        self.lives.push(Life { began: last.began, ended: self.clock.now() });
        self.holds_one_event_for_each_beat(until).await;
    }

    /// Events of minutes up to `until` that are not on record as arrived.
    async fn unverified(&self, until: Minute) -> Vec<(Minute, String)> {
        let seen: BTreeSet<_> = self.identities().await.into_iter().filter(|(_, (_, beat))| beat.is_some()).map(|(uuid, _)| uuid).collect();
        let events = self.sandbox.events().await;
        let held = events.iter().map(|event| (minute_of(event), uuid_of(event)));
        held.filter(|(minute, uuid)| *minute <= until && !seen.contains(uuid)).collect()
    }

    /// The uuid of every beat there can be: its minute and route, and the beat where it is on record as seen.
    async fn identities(&self) -> BTreeMap<String, ((Minute, String), Option<Recorded>)> {
        let (project, beats, now) = (self.project().await, self.beats().await, self.clock.now().minute());
        let begun = project.routes.iter().map(|route| route.since.minute()).min().unwrap();
        let mut identities = BTreeMap::new();
        for route in &project.routes {
            for minute in begun.until(now.plus(1)) {
                let uuid = Beat::derive(&project.spec.token, &route.spec, minute).uuid.to_string();
                let seen = beats.iter().find(|beat| beat.route == route.id && beat.minute == minute && beat.outcome.is_seen());
                identities.insert(uuid, ((minute, route.spec.event.clone()), seen.cloned()));
            }
        }
        identities
    }

    async fn holds_one_event_for_each_beat(&self, until: Minute) {
        let (identities, events) = (self.identities().await, self.sandbox.events().await);
        // 1. Every event is a beat's own, in its own minute, and no beat has two.
        let mut held = BTreeSet::new();
        for event in &events {
            let (uuid, name) = (uuid_of(event), event["event"].as_str().unwrap().to_owned());
            let known = identities.get(&uuid).unwrap_or_else(|| panic!("no beat has this uuid: {event}"));
            assert_eq!(known.0, (minute_of(event), name), "{event}");
            assert!(held.insert(uuid), "two events that PostHog would keep as two: {event}");
        }
        // 2. What is on record as arrived is there; what is there, up to `until`, is on record as arrived.
        for (uuid, (whose, seen)) in &identities {
            assert!(seen.is_none() || held.contains(uuid), "{whose:?} is on record as arrived, and is not there");
            assert!(seen.is_some() || whose.0 > until || !held.contains(uuid), "{whose:?} is there, and not on record as arrived");
        }
        // 3. No minute went without its beats while the process lived.
        let token = ProjectToken::parse(TOKEN).unwrap();
        let names: BTreeSet<_> = identities.values().map(|((_, name), _)| name.clone()).collect();
        let have: BTreeSet<_> = events.iter().map(|event| (minute_of(event), event["event"].as_str().unwrap().to_owned())).collect();
        for life in &self.lives {
            for minute in life.began.minute().until(life.ended.minute().plus(1)) {
                // At the slot; at once where the process began in this minute and the slot was over.
                let due = if life.began.minute() == minute { life.began } else { Beat::slot(&token, minute) };
                let lived = due.plus(ENOUGH) <= life.ended && due.plus(ENOUGH) <= minute.end();
                for name in names.iter().filter(|_| lived) {
                    assert!(have.contains(&(minute, name.clone())), "{minute} went without {name}");
                }
            }
        }
        assert!(self.sandbox.events().await.len() >= 3 * names.len(), "too little happened to tell");
    }
}

fn minute_of(event: &Value) -> Minute {
    let at: jiff::Timestamp = event["timestamp"].as_str().unwrap().parse().unwrap();
    Timestamp::from_ms(at.as_millisecond()).minute()
}

fn uuid_of(event: &Value) -> String {
    event["uuid"].as_str().unwrap().to_owned()
}

/// Killed in a minute before its slot: the next life sends that minute's beats.
async fn before_sending(story: &mut Story) {
    for _ in 0..20 {
        let alive = story.start().await;
        let minute = story.next_minute().await;
        story.kill(alive);
        if story.events_of(minute).await.is_empty() && story.clock.now().minute() == minute {
            let alive = story.start().await;
            eventually("the beats of the minute that a process died in are sent", String::new, async || {
                story.events_of(minute).await.len() == 3 || story.clock.now().minute() > minute
            })
            .await;
            story.kill(alive);
            return;
        }
    }
    panic!("no process could be killed before its minute's slot");
}

/// Killed when PostHog has the event, and its answer has not come: the next life sends the same event again, or finds it by looking.
async fn between_sending_and_recording(story: &mut Story) {
    story.sandbox.faults(json!({"capture": {"delay_ms": 15_000}})).await;
    for _ in 0..20 {
        let alive = story.start().await;
        let mut minute = story.clock.now().minute();
        eventually(
            "a beat is under way",
            || alive.process.err.text(),
            async || {
                minute = story.clock.now().minute();
                story.events_of(minute).await.len() == 3 && story.outcomes_of(minute).await.is_empty()
            },
        )
        .await;
        story.kill(alive);
        if story.outcomes_of(minute).await.is_empty() {
            story.sandbox.sandbox.clear_faults();
            let alive = story.start().await;
            eventually(
                "a beat of which nothing was recorded is found",
                || alive.process.err.text(),
                async || story.outcomes_of(minute).await.iter().filter(|outcome| outcome.is_seen()).count() == 3,
            )
            .await;
            assert_eq!(story.events_of(minute).await.len(), 3);
            story.kill(alive);
            return;
        }
    }
    panic!("no process could be killed between sending and recording");
}

/// Killed when the beat is on record, and the answer of the read-back that will find it has not come.
async fn between_recording_and_settling(story: &mut Story) {
    story.sandbox.faults(json!({"query": {"delay_ms": 20_000}})).await;
    for _ in 0..20 {
        let alive = story.start().await;
        let minute = story.next_minute().await;
        let read_back = Beat::slot(&ProjectToken::parse(TOKEN).unwrap(), minute).plus(Duration::from_secs(30));
        story.clock.sleep_until(read_back).await;
        story.kill(alive);
        if story.outcomes_of(minute).await == [Outcome::Awaiting; 3] {
            story.sandbox.sandbox.clear_faults();
            let alive = story.start().await;
            eventually(
                "what was recorded is settled by the next life",
                || alive.process.err.text(),
                async || story.outcomes_of(minute).await.iter().all(|outcome| outcome.is_seen()),
            )
            .await;
            story.kill(alive);
            return;
        }
    }
    panic!("no process could be killed between recording and settling");
}

async fn killed_at_each_step(database: &str) {
    let mut story = Story::over(database).await;
    before_sending(&mut story).await;
    between_sending_and_recording(&mut story).await;
    between_recording_and_settling(&mut story).await;
    story.ends_well().await;
}

/// A generator that is the same in every run (xorshift64).
fn next_random(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

/// Everything takes its time, and some answers are lost: each step is wide enough to be hit.
fn slow() -> Value {
    json!({"capture": {"delay_ms": 4000, "lose_answer_rate": 0.2}, "queue": {"lag_ms": 5000, "duplicate_rate": 0.2}, "query": {"delay_ms": 5000}})
}

async fn killed_at_any_moment(database: &str, seed: u64) {
    let mut story = Story::over(database).await;
    story.sandbox.faults(slow()).await;
    let mut random = seed;
    for _ in 0..10 {
        let alive = story.start().await;
        let life = Duration::from_millis(next_random(&mut random) % 75_000);
        story.clock.sleep_until(alive.began.plus(life)).await;
        story.kill(alive);
    }
    story.ends_well().await;
}

/// Two services for an hour, of which one lives and the other is killed again and again.
async fn an_hour_of_two(database: &str, seed: u64) {
    let mut story = Story::over(database).await;
    story.sandbox.faults(slow()).await;
    let lives = story.start().await;
    let until = lives.began.plus(Duration::from_hours(1));
    let mut random = seed;
    while story.clock.now() < until {
        let alive = story.start().await;
        let life = Duration::from_millis(next_random(&mut random) % 300_000);
        story.clock.sleep_until(alive.began.plus(life)).await;
        story.kill(alive);
    }
    let errors = lives.process.err.text();
    assert!(!errors.contains("ERROR"), "the one that lives had trouble with its database: {errors}");
    story.kill(lives);
    story.ends_well().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_hour_of_two_services_behind_pgbouncer_loses_and_doubles_nothing() {
    let pooler = Pooler::start();
    an_hour_of_two(&pooler.before(&postgres::fresh_database().await), 0xb0a7).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_each_step_over_sqlite_it_loses_and_doubles_nothing() {
    killed_at_each_step("sqlite:WORKDIRheartbeat.db").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_each_step_over_postgresql_it_loses_and_doubles_nothing() {
    killed_at_each_step(&postgres::fresh_database().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_any_moment_over_sqlite_it_loses_and_doubles_nothing() {
    killed_at_any_moment("sqlite:WORKDIRheartbeat.db", 0x5eed).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_any_moment_over_postgresql_it_loses_and_doubles_nothing() {
    killed_at_any_moment(&postgres::fresh_database().await, 0xbea7).await;
}
