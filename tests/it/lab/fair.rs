//! Two hours of fair weather through each proxy: nothing is told, no beat is missing, none is doubled.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use heartbeat::clock::Clock;
use serde_json::Value;

use super::chosen;
use super::ground::{Ground, Place, Sandboxes};
use super::situations;
use crate::process::receiver::{Letter, Receiver};
use crate::process::{Desk, Process, speed};

/// A minute of one second.
const SPEED: u32 = 60;
const MINUTES: usize = 120;
/// The proxies that it goes through.
const THROUGH: [&str; 7] =
    ["nginx/upstream-cuts", "nginx/date-behind", "nginx/date-ahead", "caddy/fair-tls", "haproxy/fair", "next/fair", "node/fair"];

/// A service behind its proxy.
struct Watch {
    place: Arc<Place>,
    desk: Desk,
    receiver: Receiver,
    process: Process,
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hours_of_fair_weather_through_each_proxy_are_quiet_and_whole() {
    let fair = situations::for_check().into_iter().filter(|situation| THROUGH.contains(&situation.name)).collect();
    let (fair, _) = chosen(fair, |situation: &situations::Situation| situation.name);
    let ground = Ground::start(fair, &Clock::fast(speed(SPEED)), Sandboxes::OneEach).await;
    let mut watches = Vec::new();
    for place in &ground.places {
        watches.push(Watch::start(Arc::clone(place)).await);
    }
    let wrong = futures_util::future::join_all(watches.into_iter().map(Watch::end)).await;
    let wrong: Vec<String> = wrong.into_iter().flatten().collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

impl Watch {
    async fn start(place: Arc<Place>) -> Self {
        let (desk, receiver) = (Desk::new(), Receiver::start().await);
        let api = place.api.as_ref().map_or_else(String::new, |api| format!("api_host = \"{api}\"\n"));
        let settings = format!(
            "[[project]]\nname = \"shop\"\nhost = \"{}\"\n{api}token = \"{}\"\npersonal_api_key = \"{}\"\n[project.heartbeat]\n[project.ingestion_alert]\n\
             [[channel]]\nname = \"ops\"\nkind = \"webhook\"\nurl = \"{}/hook\"\n",
            place.host, place.situation.asked.token, place.situation.asked.key, receiver.url
        );
        desk.file("heartbeat.toml", &settings);
        let process = Process::start(command(&desk, &place, &["run", "--config", "heartbeat.toml"]));
        process.err.wait_for("beating").await;
        Self { place, desk, receiver, process }
    }

    /// Waits for two hours' worth of beats; says what is wrong then.
    async fn end(self) -> Vec<String> {
        let clock = Clock::system();
        // The minute in which it starts may be a part of one, and the last may be under way.
        let all = Duration::from_secs(60 / u64::from(SPEED)) * (MINUTES as u32 + 2);
        clock.sleep_until(clock.now().plus(all)).await;
        let status = self.ask(&["status", "--json"]).await;
        let incidents = self.ask(&["incidents", "list", "--json"]).await;
        self.process.signal("TERM");
        let events = self.place.sandbox.events().await;

        let name = self.place.situation.name;
        let mut wrong: Vec<String> = whole(&events).into_iter().map(|what| format!("{name}: {what}")).collect();
        let letters = self.receiver.letters();
        if !letters.is_empty() {
            wrong.push(format!("{name}: messages came: {:?}", letters.iter().map(Letter::message).collect::<Vec<_>>()));
        }
        if incidents.as_array().is_none_or(|incidents| !incidents.is_empty()) {
            wrong.push(format!("{name}: incidents: {incidents}"));
        }
        if status[0]["diagnosis"]["place"] != "none" {
            wrong.push(format!("{name}: the status is {:#}", status[0]));
        }
        if !wrong.is_empty() {
            wrong.push(format!("{name}: {}", self.process.err.text()));
        }
        wrong
    }

    async fn ask(&self, arguments: &[&str]) -> Value {
        let ended = Process::start(command(&self.desk, &self.place, arguments)).end().await;
        serde_json::from_str(&ended.out).unwrap_or_else(|wrong| panic!("{arguments:?}: {wrong}: {ended:?}"))
    }
}

fn command(desk: &Desk, place: &Place, arguments: &[&str]) -> std::process::Command {
    let mut command = desk.command(env!("CARGO_BIN_EXE_heartbeat"));
    command.args(arguments).args(["--speed", &SPEED.to_string()]);
    command.envs(place.variables.iter().map(|(name, value)| (name, value)));
    command
}

/// What is wrong with two hours of beats as PostHog holds them: minutes without one, with more than one, too few of them.
fn whole(events: &[Value]) -> Vec<String> {
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
