//! `heartbeat check --json` in every situation.

use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use heartbeat::clock::Clock;
use serde_json::Value;
use tokio::process::Command;

use super::document::{self, Row, Table};
use super::ground::{Ground, Place, Sandboxes};
use super::judging::{Judged, Said, complain, judge, right_exits, show};
use super::{chosen, situations};
use crate::process::Workdir;

/// So many checks at once: nearly all that a check does is to wait, for an answer, for its next try, for its event.
const AT_ONCE: usize = 12;
/// The longest that a check may take.
const PATIENCE: Duration = Duration::from_secs(200);
/// How long a check waits for its event.
const WAIT: &str = "6s";

/// What a check said.
struct Checked {
    place: Arc<Place>,
    exit: Option<i32>,
    json: Value,
    err: String,
    took: Duration,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_says_where_the_way_is_broken() {
    let (desired, chosen) = chosen(situations::for_check(), |situation| situation.name);
    let ground = Ground::start(desired, &Clock::system(), Sandboxes::Shared).await;
    for place in &ground.places {
        place.break_sandbox().await;
    }
    let checks = futures_util::stream::iter(slow_first(&ground.places)).map(check).buffer_unordered(AT_ONCE);
    let mut checked: Vec<Checked> = checks.collect().await;
    let order = |place: &Arc<Place>| ground.places.iter().position(|other| Arc::ptr_eq(other, place));
    checked.sort_by_key(|checked| order(&checked.place));
    if chosen {
        for checked in &checked {
            show(&checked.told());
        }
    }
    let judged: Vec<(String, Judged)> = checked.iter().map(|checked| (checked.place.situation.name.to_owned(), checked.judged())).collect();
    let rows: Vec<Row> = checked.iter().map(|checked| Row::new(&checked.place, &checked.said(), checked.exit)).collect();
    let stale = if chosen { None } else { document::hold(Table::Check, &rows) };
    let complaints: Vec<String> = complain("check", &judged).into_iter().chain(stale).collect();
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

/// Those in which a check waits for an answer that does not come are begun first: they cost time, and no work.
fn slow_first(places: &[Arc<Place>]) -> Vec<Arc<Place>> {
    let mut places = places.to_vec();
    let waits = ["no_answer", "pipeline", "query"];
    places.sort_by_key(|place| !place.situation.right.iter().any(|right| waits.contains(right)));
    places
}

async fn check(place: Arc<Place>) -> Checked {
    let asked = &place.situation.asked;
    let workdir = Workdir::new();
    let mut command = Command::from(workdir.command(env!("CARGO_BIN_EXE_heartbeat")));
    command.args(["check", "--json", "--wait", WAIT, "--host", &place.host, "--token", asked.token, "--personal-api-key", asked.key]);
    if let Some(api) = &place.api {
        command.args(["--api-host", api]);
    }
    if let Some(number) = asked.project_id {
        command.args(["--project-id", &number.to_string()]);
    }
    if asked.v1 {
        command.args(["--endpoint", "v1"]);
    }
    command.envs(place.variables.iter().map(|(name, value)| (name, value)));
    command.stdin(Stdio::null()).kill_on_drop(true);
    let clock = Clock::system();
    let begun = clock.monotonic();
    let ended = clock.timeout(PATIENCE, command.output()).await;
    let took = clock.monotonic().saturating_sub(begun);
    let Ok(ended) = ended else {
        return Checked { place, exit: None, json: Value::Null, err: format!("it did not end within {PATIENCE:?}"), took };
    };
    let ended = ended.unwrap();
    let json = serde_json::from_slice(&ended.stdout).unwrap_or_default();
    Checked { place, exit: ended.status.code(), json, err: String::from_utf8_lossy(&ended.stderr).into_owned(), took }
}

impl Checked {
    fn said(&self) -> Said {
        Said::of(&self.json["diagnosis"])
    }

    fn judged(&self) -> Judged {
        let situation = &self.place.situation;
        let mut judged = judge(situation, &self.said());
        let right = right_exits(situation);
        if !self.exit.is_some_and(|code| right.contains(&code)) {
            judged.wrong.push(format!("exit {:?}, right is {right:?}", self.exit));
        }
        if !self.err.is_empty() && self.json.is_null() {
            judged.wrong.push(format!("no JSON: {}", self.err.trim()));
        }
        judged
    }

    /// All that there is to know of it, for a reader of one.
    fn told(&self) -> String {
        let Place { situation, host, api, variables, configuration, .. } = &*self.place;
        format!(
            "== {}: {}\n{configuration}\nhost {host}, API {}, {:?} {variables:?}\nexit {:?} after {:?}, {}\n{:#}\n{}",
            situation.name,
            situation.truth,
            api.as_deref().unwrap_or("there too"),
            situation.faults.unwrap_or("no faults"),
            self.exit,
            self.took,
            self.said(),
            self.json,
            self.err
        )
    }
}
