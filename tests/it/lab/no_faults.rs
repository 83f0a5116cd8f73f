//! Two hours without faults through each proxy: nothing is notified, no beat is missing, none is a duplicate.

use std::collections::BTreeMap;
use std::time::Duration;

use heartbeat::clock::Clock;
use serde_json::Value;

use super::ground::{Ground, Place, Sandboxes};
use super::situations;
use crate::process::receiver::{Letter, Receiver};
use crate::process::{Process, Workdir, speed};

/// A minute of one second.
const SPEED: u32 = 60;
const MINUTES: usize = 120;
/// The proxies, each a route of one project.
const ROUTES: [&str; 9] = [
    "nginx/no-faults-prefix",
    "nginx/upstream-cuts",
    "nginx/date-behind",
    "nginx/date-ahead",
    "caddy/no-faults-tls",
    "haproxy/no-faults",
    "haproxy/upstream-cuts",
    "next/no-faults",
    "node/no-faults",
];
/// The proxy through which another project does everything, reading back as well.
const ALL_THROUGH: &str = "nginx/date-behind";

/// A service that watches one project.
struct Watch {
    ground: Ground,
    workdir: Workdir,
    receiver: Receiver,
    process: Process,
    /// The names of its events, each of another route.
    events: Vec<String>,
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hours_without_faults_through_each_proxy_are_quiet_and_complete() {
    let ground = async |names: &[&str]| {
        let chosen = situations::for_check().into_iter().filter(|situation| names.contains(&situation.name)).collect();
        Ground::start(chosen, &Clock::fast(speed(SPEED)), Sandboxes::Shared).await
    };
    let by_routes = ground(&ROUTES).await;
    assert_eq!(by_routes.places.len(), ROUTES.len(), "a proxy is not among the situations");
    let (mut events, settings): (Vec<String>, Vec<String>) = by_routes.places.iter().map(|place| route(place)).unzip();
    events.push("heartbeat".to_owned());
    let direct = by_routes.places[0].sandbox.url.clone();
    let by_routes = Watch::start(by_routes, &direct, &settings.concat(), events).await;

    let through = ground(&[ALL_THROUGH]).await;
    let host = through.places[0].host.clone();
    let through = Watch::start(through, &host, "", vec!["heartbeat".to_owned()]).await;

    let (by_routes, through) = tokio::join!(by_routes.end(), through.end());
    let wrong = [by_routes, through].concat();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A place as a route: its event, and its settings.
fn route(place: &Place) -> (String, String) {
    let name = place.situation.name.replace('/', "-");
    let event = format!("heartbeat_{}", name.replace('-', "_"));
    let settings = format!("[[project.heartbeat.route]]\nname = \"{name}\"\nevent = \"{event}\"\nhost = \"{}\"\n", place.host);
    (event, settings)
}

impl Watch {
    async fn start(ground: Ground, host: &str, routes: &str, events: Vec<String>) -> Self {
        let (workdir, receiver) = (Workdir::new(), Receiver::start().await);
        let asked = &ground.places[0].situation.asked;
        let settings = format!(
            "[[project]]\nname = \"shop\"\nhost = \"{host}\"\ntoken = \"{}\"\npersonal_api_key = \"{}\"\n[project.heartbeat]\n{routes}\
             [project.ingestion_alert]\n[[channel]]\nname = \"ops\"\nkind = \"webhook\"\nurl = \"{}/hook\"\n",
            asked.token, asked.key, receiver.url
        );
        workdir.file("heartbeat.toml", &settings);
        let process = Process::start(command(&workdir, &ground.places[0], &["run", "--config", "heartbeat.toml"]));
        process.err.wait_for("beating").await;
        Self { ground, workdir, receiver, process, events }
    }

    /// Waits for two hours' worth of beats; says what is wrong then.
    async fn end(self) -> Vec<String> {
        let clock = Clock::system();
        // The minute in which it starts may be a part of one, and the last may be under way.
        let all = Duration::from_secs(60 / u64::from(SPEED)) * (MINUTES as u32 + 2);
        clock.sleep_until(clock.now().plus(all)).await;
        let mut status = self.ask(&["status", "--json"]).await;
        // A proxy that cuts connections fails a first try; until the retry within that minute, the status says so.
        for _ in 0..3 {
            if status["items"][0]["diagnosis"]["place"] == "none" {
                break;
            }
            clock.sleep(Duration::from_secs(60 / u64::from(SPEED))).await;
            status = self.ask(&["status", "--json"]).await;
        }
        let incidents = self.ask(&["incidents", "list", "--json"]).await;
        self.process.signal("TERM");
        let held = self.ground.places[0].sandbox.events().await;

        let mut wrong = Vec::new();
        for event in &self.events {
            let of_it: Vec<&Value> = held.iter().filter(|one| one["event"] == **event).collect();
            wrong.extend(whole(&of_it).into_iter().map(|what| format!("{event}: {what}")));
        }
        let letters = self.receiver.letters();
        if !letters.is_empty() {
            wrong.push(format!("messages came: {:?}", letters.iter().map(Letter::message).collect::<Vec<_>>()));
        }
        if incidents["items"].as_array().is_none_or(|incidents| !incidents.is_empty()) {
            wrong.push(format!("incidents: {incidents}"));
        }
        if status["items"][0]["diagnosis"]["place"] != "none" {
            wrong.push(format!("the status is {:#}", status["items"][0]));
        }
        if !wrong.is_empty() {
            wrong.push(self.process.err.text());
        }
        wrong
    }

    async fn ask(&self, arguments: &[&str]) -> Value {
        let ended = Process::start(command(&self.workdir, &self.ground.places[0], arguments)).end().await;
        serde_json::from_str(&ended.out).unwrap_or_else(|wrong| panic!("{arguments:?}: {wrong}: {ended:?}"))
    }
}

fn command(workdir: &Workdir, place: &Place, arguments: &[&str]) -> std::process::Command {
    let mut command = workdir.command(env!("CARGO_BIN_EXE_heartbeat"));
    command.args(arguments).args(["--speed", &SPEED.to_string()]);
    command.envs(place.variables.iter().map(|(name, value)| (name, value)));
    command
}

/// What is wrong with two hours of a route's beats as PostHog holds them: minutes without one, with more than one, too few of them.
fn whole(events: &[&Value]) -> Vec<String> {
    let mut minutes: BTreeMap<i64, usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    for event in events {
        let time = event["timestamp"].as_str().and_then(|time| time.parse::<jiff::Timestamp>().ok());
        match time {
            Some(time) => *minutes.entry(time.as_second().div_euclid(60)).or_default() += 1,
            None => wrong.push(format!("an event without a time: {event}")),
        }
    }
    if minutes.len() < MINUTES {
        wrong.push(format!("{} minutes have a beat, there should be {MINUTES}", minutes.len()));
    }
    let (Some(first), Some(last)) = (minutes.keys().next().copied(), minutes.keys().next_back().copied()) else { return wrong };
    for minute in first..=last {
        match minutes.get(&minute) {
            Some(1) => {}
            Some(more) => wrong.push(format!("minute {} has {more} beats", minute - first)),
            None => wrong.push(format!("minute {} has none", minute - first)),
        }
    }
    wrong
}
