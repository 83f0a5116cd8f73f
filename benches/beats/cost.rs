//! What one beat and one read-back cost on the processors. A hand clock makes a minute's beats due in two strokes, on connections that are kept;
//! the sink is a process of its own, so that all processor time of this one is the pulse's, or that of looking.

use std::fs;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use heartbeat::cli::bench::{Projects, Testbed, processor_time};
use heartbeat::clock::{Clock, Hand};
use heartbeat::liveness::{Liveness, Loop};
use heartbeat::model::{Beat, Findings, Minute, Outcome, Project, Readback, Recorded, Route, Timestamp, Traffic};
use heartbeat::posthog::capture::{self, Event};
use heartbeat::posthog::{self, Client};
use heartbeat::pulse::Pulse;
use heartbeat::verify::Verify;

use crate::{sink, testbed};

/// 2027-01-15T08:00:00Z, a whole minute.
const BEGINNING: Timestamp = Timestamp::from_ms(1_800_000_000_000);
/// So many minutes are measured.
const MINUTES: i64 = 3;
/// Into a minute: a first stroke, sooner than connections grow stale, and a second one behind the last slot.
const STROKES: [Duration; 2] = [Duration::from_secs(20), Duration::from_secs(45)];
/// A beat as it is sent, for wrk.
const BODY: &str = r#"{"api_key":"phc_bench00000000000000000000000000000000000000","event":"heartbeat","distinct_id":"PostHog Heartbeat Plugin","uuid":"01a31e0f-3e80-7000-8000-000000000000","timestamp":"2027-01-15T08:00:20.000Z","properties":{"$timestamp":"2027-01-15T08:00:20.000Z","$process_person_profile":false,"$geoip_disable":true,"$lib":"posthog-heartbeat","$lib_version":"0.1.0"}}"#;

/// One loop of the service, by hand clock.
struct Stage {
    bed: Testbed,
    hand: Hand,
    clock: Clock,
    client: Client,
    liveness: Liveness,
}

impl Stage {
    /// The projects were set up at `since`.
    async fn new(projects: Projects<'_>, since: Timestamp) -> anyhow::Result<Self> {
        let (clock, hand) = Clock::hand(BEGINNING);
        let bed = testbed(projects, since).await?;
        let client = Client::new(clock.clone(), &posthog::Settings::default())?;
        Ok(Self { bed, hand, client, liveness: Liveness::new(clock.clone()), clock })
    }

    async fn advance_to(&self, until: Timestamp, of: Loop) {
        self.hand.advance_to(until);
        self.liveness.reached(of, until).await;
    }
}

/// A beat, sent and recorded, beside a POST of `wrk` to the same sink.
pub(crate) async fn beat(count: u32) -> anyhow::Result<()> {
    let mut sink = sink().await?;
    let Stage { bed, hand, clock, client, liveness } =
        Stage::new(Projects { count, address: &sink.address, keyed: false, watched: false }, BEGINNING).await?;
    let pulse = Pulse { store: Arc::clone(&bed.store), client: client.clone(), clock: clock.clone(), liveness: liveness.clone() };
    let stage = Stage { bed, hand, clock, client, liveness };
    let beating = tokio::spawn(pulse.run(std::future::pending()));
    stage.liveness.reached(Loop::Pulse, BEGINNING).await;
    stage.advance_to(BEGINNING.plus(STROKES[1]), Loop::Pulse).await;
    sink.take().await?;

    let (before, _) = processor_time("self")?;
    for minute in BEGINNING.minute().plus(1).until(BEGINNING.minute().plus(1 + MINUTES)) {
        for stroke in STROKES {
            stage.advance_to(minute.start().plus(stroke), Loop::Pulse).await;
        }
    }
    let spent = processor_time("self")?.0.saturating_sub(before);
    beating.abort();

    let beats = count as usize * MINUTES as usize;
    let came = sink.take().await?.minutes.values().map(|minute| minute.beats as usize).sum::<usize>();
    let mut recorded = 0;
    for minute in BEGINNING.minute().plus(1).until(BEGINNING.minute().plus(1 + MINUTES)) {
        recorded += stage.bed.store.recorded(minute).await?.len();
    }
    anyhow::ensure!((came, recorded) == (beats, beats), "of {beats} beats {came} came and {recorded} were recorded");
    let floor = post_of_wrk(&sink.address)?;
    let each = spent.div_f64(beats as f64);
    println!(
        "a beat: {:.1} µs of processor time, sent and recorded ({beats} beats on kept connections); a POST of wrk: {:.1} µs; ratio {:.2} (goal: 3)",
        each.as_secs_f64() * 1e6,
        floor.as_secs_f64() * 1e6,
        each.as_secs_f64() / floor.as_secs_f64(),
    );
    Ok(())
}

/// What `wrk` spends on one POST of a beat.
fn post_of_wrk(address: &str) -> anyhow::Result<Duration> {
    let folder = tempfile::tempdir()?;
    let script = folder.path().join("beat.lua");
    let headers = "wrk.headers[\"Content-Type\"] = \"application/json\"";
    fs::write(&script, format!("wrk.method = \"POST\"\nwrk.body = [[{BODY}]]\n{headers}\n"))?;
    let before = processor_time("self")?.1;
    let ran = Command::new("wrk")
        .args(["--threads", "1", "--connections", "64", "--duration", "4s", "--script"])
        .arg(&script)
        .arg(format!("{address}/i/v0/e/"))
        .output()
        .context("wrk is missing, and without it nothing can be compared: apt-get install wrk")?;
    let spent = processor_time("self")?.1.saturating_sub(before);
    let told = String::from_utf8_lossy(&ran.stdout);
    let requests = told.lines().find_map(|line| line.trim().split_once(" requests in ")?.0.parse::<u32>().ok());
    let requests = requests.with_context(|| format!("wrk said nothing of its requests: {told}{}", String::from_utf8_lossy(&ran.stderr)))?;
    anyhow::ensure!(!told.contains("Non-2xx") && requests > 0, "the sink did not take what wrk sent: {told}");
    Ok(spent / requests)
}

/// A read-back: what to ask is read, the question asked, the answer settled. `history` is how many minutes of beats and read-backs the store
/// already has.
pub(crate) async fn readback(count: u32, watched: bool, history: i64) -> anyhow::Result<()> {
    let mut sink = sink().await?;
    let first = BEGINNING.minute().plus(-history);
    let projects = Projects { count, address: &sink.address, keyed: true, watched };
    let stage = Stage::new(projects, first.start()).await?;
    let projects = stage.bed.projects().await?;
    let routes: Vec<_> = projects.iter().flat_map(|project| project.routes.clone()).map(|route| route.id).collect();
    for minute in first.until(BEGINNING.minute()) {
        past(&stage.bed, &projects, minute).await?;
    }
    let (store, client) = (Arc::clone(&stage.bed.store), stage.client.clone());
    let verify = Verify { store, client, clock: stage.clock.clone(), liveness: stage.liveness.clone() };
    let reading_back = tokio::spawn(verify.run(std::future::pending()));
    stage.liveness.reached(Loop::Verify, BEGINNING).await;
    let mut read_back = Duration::ZERO;
    for minute in BEGINNING.minute().until(BEGINNING.minute().plus(1 + MINUTES)) {
        let sent = |route| Recorded {
            outcome: Outcome::Awaiting,
            sent: Some(minute.start()),
            status: Some(200),
            tries: 1,
            ..Recorded::blank(route, minute)
        };
        stage.bed.store.record(&routes.iter().copied().map(sent).collect::<Vec<_>>(), &[]).await?;
        send(&stage.client, &sink.address, &projects, minute).await;
        let before = processor_time("self")?.0;
        // The Read-backs of a minute's beats lie behind its slots, and by then the last of them is due.
        stage.advance_to(minute.end().plus(Duration::from_secs(6)), Loop::Verify).await;
        if minute > BEGINNING.minute() {
            read_back += processor_time("self")?.0.saturating_sub(before);
        }
    }
    reading_back.abort();
    sink.take().await?;
    let settled = stage.bed.store.beats(&routes[..1], BEGINNING.minute(), BEGINNING.minute().plus(1 + MINUTES)).await?;
    anyhow::ensure!(settled.iter().all(|beat| beat.outcome == Outcome::Arrived), "beats were not seen: {settled:?}");
    let each = read_back.div_f64(f64::from(count) * MINUTES as f64);
    let judged = if watched { "asked, settled and judged" } else { "asked and settled" };
    println!(
        "a read-back: {:.1} µs of processor time, {judged} ({count} projects, {MINUTES} minutes after {history})",
        each.as_secs_f64() * 1e6
    );
    Ok(())
}

/// Sends the beats of a minute to the sink, which finds only what it got.
async fn send(client: &Client, base: &str, projects: &[Project], minute: Minute) {
    for project in projects {
        for Route { spec, .. } in &project.routes {
            let token = &project.spec.token;
            let beat = Beat::derive(token, spec, minute);
            let event = Event { base, endpoint: spec.endpoint, token, name: &spec.event, beat: &beat, timestamp: beat.slot };
            // One that fails is not found, which the caller notices.
            capture::send(client, &event, BEGINNING).await;
        }
    }
}

/// A minute of the past: its beats arrived, and its read-backs were answered.
async fn past(bed: &Testbed, projects: &[Project], minute: Minute) -> anyhow::Result<()> {
    let at = |seconds| minute.start().plus(Duration::from_secs(seconds));
    let arrived = |route| Recorded {
        outcome: Outcome::Arrived,
        sent: Some(at(0)),
        status: Some(200),
        tries: 1,
        ingested: Some(at(2)),
        seen: Some(at(21)),
        copies: 1,
        ..Recorded::blank(route, minute)
    };
    let routes = projects.iter().flat_map(|project| &project.routes).map(|route| route.id);
    bed.store.record(&routes.map(arrived).collect::<Vec<_>>(), &[]).await?;
    let traffic = Traffic { watched: 1, watched_newest: Some(at(0)), ..Traffic::default() };
    let readbacks = projects.iter().map(|project| Readback {
        project: project.id,
        at: at(20),
        result: Ok(traffic),
        last_good: Some(at(20)),
        failing_since: None,
        not_before: at(20),
        posthog_id: project.spec.posthog_id,
        token: None,
        findings: Findings::default(),
    });
    let settled = readbacks.map(|readback| async move { bed.store.settle(&readback, &[], &[]).await });
    futures_util::future::try_join_all(settled).await?;
    Ok(())
}
