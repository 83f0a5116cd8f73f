//! What history costs: bytes on disk for each beat, as a row and aggregated, and how fast beats are recorded, settled and read.
//!
//! `cargo bench --bench history`. It lives through the days as the service does: each minute's beats are recorded in one call, and
//! settled by read-backs one or two minutes later.

#![expect(clippy::print_stdout, reason = "a bench prints")]
#![expect(clippy::disallowed_methods, reason = "a bench measures real time")]

use std::path::Path;
use std::time::{Duration, Instant};

use heartbeat::model::Retention;
use heartbeat::model::{
    HeartbeatApp, Host, Minute, Outcome, Phases, Project, ProjectName, ProjectSpec, ProjectToken, Readback, Recorded, RouteDay, RouteId,
    Settled, Timestamp, Traffic,
};
use heartbeat::retention::aggregate_due;
use heartbeat::store::{SecretCipher, Store, StoreError, open};

const START: Minute = Minute::from_index(29_700_000);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    println!(
        "{:>8} {:>6} {:>10} {:>12} {:>12} {:>12} {:>14} {:>14} {:>12}",
        "routes", "days", "beats", "B/beat", "B in hours", "B in days", "record/s", "settle/s", "day read ms"
    );
    for (routes, days) in [(3, 10), (1000, 1)] {
        runtime.block_on(live(routes, days))?;
    }
    runtime.block_on(burst(1_000_000))?;
    Ok(())
}

/// Days of a few or many routes, minute by minute.
async fn live(routes: usize, days: i64) -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("heartbeat.db");
    let store = open(&path.display().to_string(), SecretCipher::from_key_file(&folder.path().join("key"))?).await?;
    let (project, ids) = set_up(&store, routes).await?;
    let end = START.plus(days * 1440);
    let (mut recording, mut settling) = (Duration::ZERO, Duration::ZERO);
    for minute in START.until(end) {
        let beats: Vec<Recorded> = ids.iter().map(|id| beat(*id, minute)).collect();
        let began = Instant::now();
        store.record(&beats, &[]).await?;
        recording += began.elapsed();
        let before = minute.plus(-1);
        let settled: Vec<Settled> = ids.iter().filter(|_| before >= START).map(|id| arrival(*id, before)).collect();
        let began = Instant::now();
        store.settle(&readback(&project, minute.start()), &settled, &[]).await?;
        settling += began.elapsed();
    }
    let began = Instant::now();
    let day = store.beats(&ids[..3], end.plus(-1440), end).await?;
    let reading = began.elapsed();
    assert_eq!(day.len(), 3 * 1440, "a day of three routes is there");

    // A day later all of it is aggregated, and the beats stay.
    aggregate_due(&store, end.start().plus(Duration::from_hours(25)), Retention::default()).await?;
    assert_eq!(store.summed_up().await?, Some(end), "everything is aggregated");
    let beats = ids.len() as f64 * (days * 1440) as f64;
    let whole = bytes_of(&store, &path).await? / beats;
    let now = end.start().plus(Duration::from_hours(24 * 30));
    aggregate_due(&store, now, Retention::default()).await?;
    assert_eq!(store.oldest_beat().await?, None, "every beat is deleted");
    let hours = store.hours(&ids, START, end).await?;
    let in_hours: usize = hours.iter().map(|hour| hour.strip_to_bytes().len() + hour.lags.to_bytes().len() + 18).sum();
    let counted = store.days(&ids, START, end).await?;
    assert_eq!(counted.len() as i64, routes as i64 * days, "each day is counted");
    let in_days: usize = counted.iter().map(bytes_of_day).sum();
    println!(
        "{routes:>8} {days:>6} {beats:>10} {whole:>12.1} {:>12.2} {:>12.3} {:>14.0} {:>14.0} {:>12.1}",
        in_hours as f64 / beats,
        in_days as f64 / beats,
        beats / recording.as_secs_f64(),
        beats / settling.as_secs_f64(),
        reading.as_secs_f64() * 1e3,
    );
    store.close().await;
    Ok(())
}

/// One minute of very many routes, recorded in calls of ten thousand.
async fn burst(routes: i64) -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("heartbeat.db");
    let store = open(&path.display().to_string(), SecretCipher::from_key_file(&folder.path().join("key"))?).await?;
    let beats: Vec<Recorded> = (1..=routes).map(|id| beat(RouteId(id), START)).collect();
    let began = Instant::now();
    for some in beats.chunks(10_000) {
        store.record(some, &[]).await?;
    }
    println!("{routes} beats of one minute: {:.0}/s", routes as f64 / began.elapsed().as_secs_f64());
    Ok(())
}

async fn set_up(store: &Store, routes: usize) -> Result<(Project, Vec<RouteId>), StoreError> {
    let own = HeartbeatApp::default().all_routes().remove(0);
    let more = (1..routes).map(|at| heartbeat::model::RouteSpec { name: format!("route-{at}"), ..own.clone() });
    let spec = ProjectSpec {
        heartbeat: Some(HeartbeatApp { routes: more.collect(), ..HeartbeatApp::default() }),
        ..ProjectSpec::new(
            ProjectName::parse("bench").expect("a name"),
            Host::parse("eu").expect("a host"),
            ProjectToken::parse("phc_bench").expect("a token"),
        )
    };
    store.apply(&[spec], &[], START.start()).await?;
    let project = store.projects().await?.remove(0);
    let ids = project.routes.iter().map(|route| route.id).collect();
    Ok((project, ids))
}

/// A number that read-backs drawn and is the same in every run.
fn any(route: RouteId, minute: Minute, below: i64) -> i64 {
    let mixed = (route.0.wrapping_mul(0x9E37_79B9) ^ minute.index().wrapping_mul(0x85EB_CA6B)) as u64;
    (mixed.wrapping_mul(0xD6E8_FEB8_6659_FD93) >> 33) as i64 % below
}

fn beat(route: RouteId, minute: Minute) -> Recorded {
    let after = any(route, Minute::from_index(0), 45_000) + any(route, minute, 3);
    Recorded {
        outcome: Outcome::Awaiting,
        sent: Some(Timestamp::from_ms(minute.start().ms() + after)),
        status: Some(200),
        tries: 1,
        // The connection is dialled cold for one beat a minute; it is the first route's.
        phases: Phases {
            connect_us: (route.0 == 2).then_some(41_000),
            tls_us: (route.0 == 2).then_some(83_000),
            first_byte_us: Some(20_000 + any(route, minute, 30_000) as u32),
            dns_us: None,
        },
        ..Recorded::blank(route, minute)
    }
}

fn arrival(route: RouteId, minute: Minute) -> Settled {
    let after = |ms| Some(Timestamp::from_ms(minute.start().ms() + ms));
    Settled {
        route,
        minute,
        outcome: Outcome::Arrived,
        missed: None,
        seen: after(60_000 + any(route, minute, 1000)),
        ingested: after(any(route, Minute::from_index(0), 45_000) + 1500 + any(route, minute, 4000)),
        copies: 1,
    }
}

fn readback(project: &Project, at: Timestamp) -> Readback {
    Readback {
        project: project.id,
        at,
        result: Ok(Traffic::default()),
        last_good: Some(at),
        failing_since: None,
        not_before: at,
        posthog_id: None,
        token: None,
        findings: heartbeat::model::Findings::default(),
    }
}

/// With its place in the row, and its part of what a row of 32 days takes besides.
fn bytes_of_day(day: &RouteDay) -> usize {
    let mut bytes = Vec::new();
    day.write(&mut bytes);
    bytes.len() + 2
}

/// The file's size once the log beside it has gone into it: closed by its last user.
async fn bytes_of(store: &Store, path: &Path) -> Result<f64, Box<dyn std::error::Error>> {
    // Whatever is applied is made durable, which moves the log into the file.
    store.apply(&[], &[], START.start()).await?;
    Ok(std::fs::metadata(path)?.len() as f64)
}
