//! `heartbeat run` in situations that last: its status after twenty minutes, and its first message within twenty-five.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use heartbeat::clock::Clock;
use serde_json::Value;

use super::document::{self, Row, Table};
use super::ground::{Ground, Place, Sandboxes};
use super::judging::{Judged, Said, complain, judge, show};
use super::situations::{Expected, Story};
use super::{chosen, situations};
use crate::process::receiver::{Letter, Receiver};
use crate::process::{Process, Workdir, speed};

/// A minute of six seconds.
const SPEED: u32 = 10;
const MINUTE: Duration = Duration::from_secs(60 / SPEED as u64);
/// When the status is asked for, and by when a message has to have come, since the failure began.
const STATUS_AFTER: Duration = MINUTE.saturating_mul(20);
const MESSAGE_WITHIN: Duration = MINUTE.saturating_mul(25);
/// So many services start at once; once they run they do little.
const START_AT_ONCE: usize = 4;

/// A service in its situation.
struct Service {
    story: Story,
    place: Arc<Place>,
    folder: Workdir,
    receiver: Receiver,
    process: Process,
    /// When the failure began, by the machine's clock.
    since: Duration,
}

/// What came of it.
struct Outcome {
    story: Story,
    place: Arc<Place>,
    status: Value,
    first: Option<Letter>,
    after: Duration,
    said: String,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_says_where_the_way_is_broken() {
    let (stories, chosen) = chosen(situations::for_run(), |story| story.situation.name);
    let situations = stories.iter().map(|story| story.situation.clone()).collect();
    let ground = Ground::start(situations, &Clock::fast(speed(SPEED)), Sandboxes::OneEach).await;
    let starting = stories.into_iter().zip(&ground.places).map(|(story, place)| Service::start(story, Arc::clone(place)));
    let services: Vec<Service> = futures_util::stream::iter(starting).buffered(START_AT_ONCE).collect().await;
    let outcomes = futures_util::future::join_all(services.into_iter().map(Service::watch)).await;
    if chosen {
        for outcome in &outcomes {
            show(&outcome.told());
        }
    }
    let judged: Vec<(String, Judged)> =
        outcomes.iter().map(|outcome| (outcome.story.situation.name.to_owned(), outcome.judged())).collect();
    let rows: Vec<Row> = outcomes.iter().map(|outcome| Row::new(&outcome.place, &outcome.by_status(), None)).collect();
    let stale = if chosen { None } else { document::hold(Table::Run, &rows) };
    let complaints: Vec<String> = complain("run", &judged).into_iter().chain(stale).collect();
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

impl Service {
    async fn start(story: Story, place: Arc<Place>) -> Self {
        let (folder, receiver) = (Workdir::new(), Receiver::start().await);
        folder.file("heartbeat.toml", &settings(&story, &place, &receiver.url));
        let process = Process::start(command(&folder, &place, &["run", "--config", "heartbeat.toml"]));
        process.err.wait_for("beating").await;
        Self { story, place, folder, receiver, process, since: Clock::system().monotonic() }
    }

    /// Lets it get worse, and watches what is said of it.
    async fn watch(mut self) -> Outcome {
        let clock = Clock::system();
        if self.story.situation.faults.is_some() {
            // What works first and breaks then: two beats arrive before that.
            let begun = clock.monotonic();
            while self.place.sandbox.events().await.len() < 2 && clock.monotonic().saturating_sub(begun) < MESSAGE_WITHIN {
                clock.sleep(MINUTE / 10).await;
            }
            self.place.break_sandbox().await;
            self.since = clock.monotonic();
        }
        let passed = |since: Duration| clock.monotonic().saturating_sub(since);
        let mut first = None;
        let mut status = Value::Null;
        let mut after = Duration::ZERO;
        while passed(self.since) < MESSAGE_WITHIN && (status.is_null() || first.is_none()) {
            if first.is_none() {
                first = self.receiver.letters().into_iter().next();
                after = passed(self.since);
            }
            if status.is_null() && passed(self.since) >= STATUS_AFTER {
                status = self.status().await;
            }
            clock.sleep(MINUTE / 10).await;
        }
        let Self { story, place, process, .. } = self;
        Outcome { story, place, status, first, after, said: process.err.text() }
    }

    async fn status(&self) -> Value {
        let ended = Process::start(command(&self.folder, &self.place, &["status", "--json"])).end().await;
        serde_json::from_str(&ended.out).unwrap_or_else(|wrong| panic!("{}: {wrong}: {ended:?}", self.story.situation.name))
    }
}

fn command(folder: &Workdir, place: &Place, arguments: &[&str]) -> std::process::Command {
    let mut command = folder.command(env!("CARGO_BIN_EXE_heartbeat"));
    command.args(arguments).args(["--speed", &SPEED.to_string()]);
    command.envs(place.variables.iter().map(|(name, value)| (name, value)));
    command
}

/// One project with both apps, and a channel.
fn settings(story: &Story, place: &Place, receiver: &str) -> String {
    let asked = &place.situation.asked;
    let direct = &place.sandbox.url;
    let host = if story.direct_too { direct } else { &place.host };
    let api = place.api.as_ref().map_or_else(String::new, |api| format!("api_host = \"{api}\"\n"));
    let endpoint = if asked.v1 { "v1" } else { "v0" };
    let route = if story.direct_too || asked.v1 {
        format!(
            "[[project.heartbeat.route]]\nname = \"proxy\"\nevent = \"heartbeat_proxy\"\nhost = \"{}\"\nendpoint = \"{endpoint}\"\n",
            place.host
        )
    } else {
        String::new()
    };
    let events = if story.all_events { "events = \"heartbeat + heartbeat_buffer + heartbeat_api\"\n" } else { "" };
    format!(
        "[[project]]\nname = \"shop\"\nhost = \"{host}\"\ntoken = \"{}\"\npersonal_api_key = \"{}\"\n{api}[project.heartbeat]\n{events}{route}\
         [project.ingestion_alert]\n[[channel]]\nname = \"ops\"\nkind = \"webhook\"\nurl = \"{receiver}/hook\"\nat_once = 60000\n",
        asked.token, asked.key
    )
}

impl Outcome {
    fn by_status(&self) -> Said {
        Said::of(&self.status["items"][0]["diagnosis"])
    }

    fn by_message(&self) -> Said {
        Said::of(&self.first.as_ref().map(Letter::message).unwrap_or_default()["incident"]["diagnosis"])
    }

    fn judged(&self) -> Judged {
        let situation = &self.story.situation;
        let by_status = judge(situation, &self.by_status());
        let mut wrong: Vec<String> = by_status.wrong.into_iter().map(|wrong| format!("status: {wrong}")).collect();
        let mut blames = by_status.blames_the_other_side;
        match (self.story.expected, &self.first) {
            (Expected::Told, Some(_)) => {
                let by_message = judge(situation, &self.by_message());
                wrong.extend(by_message.wrong.into_iter().map(|wrong| format!("message: {wrong}")));
                blames |= by_message.blames_the_other_side;
            }
            (Expected::Told, None) => wrong.push("no message came".into()),
            (Expected::Quiet, None) => {}
            (Expected::Quiet, Some(letter)) => wrong.push(format!("a message came: {}", letter.message()["title"])),
        }
        Judged { wrong, blames_the_other_side: blames }
    }

    /// All that there is to know of it, for a reader of one.
    fn told(&self) -> String {
        let Place { situation, host, configuration, .. } = &*self.place;
        format!(
            "== {}: {}\n{configuration}\nhost {host}\nstatus: {}\n{:#}\nfirst message after {:.1} minutes: {}\n{:#}\n{}",
            situation.name,
            situation.truth,
            self.by_status(),
            self.status["items"][0],
            self.after.as_secs_f64() / MINUTE.as_secs_f64(),
            self.by_message(),
            self.first.as_ref().map(Letter::message).unwrap_or_default(),
            self.said
        )
    }
}
