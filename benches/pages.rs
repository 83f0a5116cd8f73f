//! What a page costs among 10,000 projects: the time from the request to the last byte of the answer, over loopback.
//!
//! `cargo bench --bench pages`, or `cargo bench --bench pages -- COUNT` with another number of projects. Twenty of them have three routes and
//! 90 days, of which the last 26 hours are beats, and a status page together. The others beat on one route and have an hour of beats. Every
//! hundredth has an open incident. Each page is requested 21 times; a page whose median is beyond its goal ends the bench with an error.

#![expect(clippy::print_stdout, reason = "a bench prints")]
#![expect(clippy::disallowed_methods, reason = "a bench measures real time")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::bail;
use heartbeat::auth::{Authenticator, audit_entry};
use heartbeat::clock::Clock;
use heartbeat::config::WebSettings;
use heartbeat::liveness::Liveness;
use heartbeat::model::{
    Diagnosis, Events, HeartbeatApp, Host, Hour, Incident, IncidentKind, IngestionAlertApp, Minute, Outcome, Phases, Project, ProjectName,
    ProjectSpec, ProjectToken, Readback, Recorded, Retention, Role, RouteId, RuleKind, Severity, StatusPage, Tally, Timestamp, Traffic,
    UserName,
};
use heartbeat::notify::{Sender, SenderSettings};
use heartbeat::posthog;
use heartbeat::retention::aggregate_due;
use heartbeat::store::{Change, RouteSpan, SecretCipher, Store, open};
use heartbeat::web::{ConnectionLimits, Web};
use tokio::net::TcpListener;

const GOAL: Duration = Duration::from_millis(50);
/// Of pages that show 90 days.
const GOALS: [(&str, Duration); 2] = [("/projects/project-0", Duration::from_millis(10)), ("/status/twenty", Duration::from_millis(25))];
const TIMES: usize = 21;

/// One of the projects with a history.
const OLD: &str = "project-0";
/// How many projects have a history.
const OLD_ONES: usize = 20;

fn main() -> anyhow::Result<()> {
    let count = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(10_000);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(measure(count))
}

async fn measure(count: usize) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("heartbeat.db");
    let store = open(&path.display().to_string(), SecretCipher::from_key_file(&folder.path().join("key"))?).await?;
    let (clock, _hand) = Clock::hand(Timestamp::parse("2026-11-23T15:10:50Z").map_err(anyhow::Error::msg)?);
    let began = Instant::now();
    fill(&store, count, clock.now()).await?;
    println!("{count} projects set up in {:.1} s", began.elapsed().as_secs_f64());

    let authenticator = Authenticator { store: Arc::clone(&store), clock: clock.clone() };
    let name = UserName::parse("bench").map_err(anyhow::Error::msg)?;
    let audit_entry = audit_entry("bench", "user bench".into(), "made".into(), clock.now());
    let user = store.put_user(&name, Role::Editor, None, clock.now(), (&audit_entry).into()).await?;
    let session = authenticator.open(user, false).await?;
    let base = serve(&store, &clock).await?;
    let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build()?;

    let mut slow = Vec::new();
    println!("{:>9} {:>9} {:>9}  page", "median ms", "worst ms", "bytes");
    for page in pages(OLD) {
        let mut times = Vec::with_capacity(TIMES);
        let mut size = 0;
        for _ in 0..TIMES {
            let began = Instant::now();
            let request = client.get(format!("{base}{page}")).header("cookie", format!("heartbeat_session={session}"));
            let answer = request.send().await?;
            let status = answer.status();
            size = answer.bytes().await?.len();
            times.push(began.elapsed());
            if !status.is_success() {
                bail!("{page} answered {status}");
            }
        }
        times.sort_unstable();
        let (median, worst) = (times[TIMES / 2], times[TIMES - 1]);
        println!("{:>9.1} {:>9.1} {size:>9}  {page}", median.as_secs_f64() * 1e3, worst.as_secs_f64() * 1e3);
        let goal = GOALS.iter().find(|(of, _)| *of == page).map_or(GOAL, |(_, goal)| *goal);
        if median > goal {
            slow.push(format!("{page} (goal {} ms)", goal.as_millis()));
        }
    }
    if slow.is_empty() { Ok(()) } else { bail!("too slow: {}", slow.join(", ")) }
}

/// Every page that reads, and what programs read most.
fn pages(old: &str) -> Vec<String> {
    let everywhere = [
        "/",
        "/?q=99",
        "/?after=project-5",
        "/apps",
        "/incidents",
        "/incidents/1",
        "/channels",
        "/notifications",
        "/maintenance",
        "/status-pages",
        "/status/data",
        "/status/twenty",
        "/audit-log",
        "/settings",
        "/api/v1/projects",
        "/api/v1/incidents",
        "/projects/new",
    ];
    let of_project = [
        "",
        "/beats",
        "/beats/heartbeat/2026-11-23T15:05Z",
        "/lag.json?range=24h",
        "/lag.json?range=90d",
        "/apps",
        "/apps/heartbeat",
        "/apps/heartbeat/logs",
        "/apps/heartbeat/metrics",
        "/apps/heartbeat/history",
        "/rules",
        "/settings",
    ];
    let of_api = ["/report", "/complete-through", "/days", "/lags", "/routes", "/beats"];
    let pages = everywhere.into_iter().map(str::to_owned);
    let pages = pages.chain(of_project.into_iter().map(|page| format!("/projects/{old}{page}")));
    let pages = pages.chain(of_api.into_iter().map(|page| format!("/api/v1/projects/{old}{page}")));
    pages.chain([format!("/badge/{old}.svg")]).collect()
}

async fn serve(store: &Arc<Store>, clock: &Clock) -> anyhow::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let base = format!("http://{}", listener.local_addr()?);
    let web = Web {
        store: Arc::clone(store),
        client: posthog::Client::new(clock.clone(), &posthog::Settings::default())?,
        sender: Arc::new(Sender::new(clock.clone(), &SenderSettings::default())?),
        clock: clock.clone(),
        liveness: Liveness::new(clock.clone()),
        settings: WebSettings::default(),
        limits: ConnectionLimits::for_descriptors(1_024),
        pass: None,
    };
    tokio::spawn(web.serve(listener, std::future::pending()));
    Ok(base)
}

async fn fill(store: &Store, count: usize, now: Timestamp) -> anyhow::Result<()> {
    let end = now.minute().plus(1);
    let days_ago = end.plus(-90 * 1440);
    let old = |at: usize| spec(&format!("project-{at}"), "heartbeat + heartbeat_buffer + heartbeat_api");
    store.apply(&(0..OLD_ONES).map(old).collect::<anyhow::Result<Vec<_>>>()?, &[], days_ago.start()).await?;
    let others = (OLD_ONES..count).map(|at| spec(&format!("project-{at}"), "heartbeat")).collect::<anyhow::Result<Vec<_>>>()?;
    store.apply(&others, &[], end.plus(-60).start()).await?;
    let projects = store.projects().await?;
    let routes = |which: fn(&Project) -> bool| -> Vec<RouteId> {
        projects.iter().filter(|project| which(project)).flat_map(|project| &project.routes).map(|route| route.id).collect()
    };
    let (aged, young) = (routes(|project| project.routes.len() > 1), routes(|project| project.routes.len() == 1));

    // 1. The aggregated hours of the old ones, and their last 26 hours as beats.
    let whole = Hour::starting(end.plus(-26 * 60));
    for hour in 0..(whole.index() - Hour::starting(days_ago).index()) / 60 {
        let start = Hour::starting(days_ago).plus(hour * 60);
        let hours: Vec<Hour> = aged.iter().map(|route| aggregated(*route, start)).collect();
        store.fold(start, RouteSpan::default(), &hours).await?;
    }
    for minute in whole.until(end.plus(-60)) {
        store.record(&aged.iter().map(|route| beat(*route, minute)).collect::<Vec<_>>(), &[]).await?;
    }
    // 2. Everybody's last hour.
    let all: Vec<RouteId> = young.iter().chain(&aged).copied().collect();
    for minute in end.plus(-60).until(end) {
        for some in all.chunks(1000) {
            store.record(&some.iter().map(|route| beat(*route, minute)).collect::<Vec<_>>(), &[]).await?;
        }
    }
    // 3. What the retention loop has done by now.
    aggregate_due(store, now, Retention::default()).await?;
    // 4. A read-back at each, an incident of every hundredth, two status pages.
    for (at, project) in projects.iter().enumerate() {
        store.settle(&readback(project, now), &[], &[]).await?;
        if at % 100 == 0 {
            store.write_incident(&incident(project, now), &[], &|_| Vec::new()).await?;
        }
    }
    let page = |name: &str, of: std::ops::Range<usize>| -> anyhow::Result<StatusPage> {
        let names = of.map(|at| ProjectName::parse(&format!("project-{at}"))).collect::<Result<Vec<_>, _>>()?;
        Ok(StatusPage { name: ProjectName::parse(name)?, title: name.into(), projects: names.into_iter().collect(), public: true })
    };
    let pages = [page("data", OLD_ONES - 1..OLD_ONES + 4)?, page("twenty", 0..OLD_ONES)?];
    store.change(&Change { put_status_pages: &pages, at: now, ..Change::default() }).await?;
    Ok(())
}

fn spec(name: &str, events: &str) -> anyhow::Result<ProjectSpec> {
    Ok(ProjectSpec {
        posthog_id: Some(1),
        heartbeat: Some(HeartbeatApp { events: Events::parse(events).map_err(anyhow::Error::msg)?, ..HeartbeatApp::default() }),
        ingestion_alert: Some(IngestionAlertApp::default()),
        ..ProjectSpec::new(ProjectName::parse(name)?, Host::parse("eu")?, ProjectToken::parse(&format!("phc_{name}"))?)
    })
}

/// Arrived after one to four seconds; one in a hundred late.
fn beat(route: RouteId, minute: Minute) -> Recorded {
    let mixed = route.0.wrapping_mul(31).wrapping_add(minute.index()).rem_euclid(1000);
    let at = |ms: i64| Timestamp::from_ms(minute.start().ms() + ms);
    Recorded {
        outcome: if mixed % 100 == 0 { Outcome::Late } else { Outcome::Arrived },
        sent: Some(at(1000)),
        status: Some(200),
        tries: 1,
        phases: Phases { first_byte_us: Some(20_000), ..Phases::default() },
        seen: Some(at(21_000)),
        ingested: Some(at(2000 + mixed * 3)),
        copies: 1,
        ..Recorded::blank(route, minute)
    }
}

fn aggregated(route: RouteId, start: Minute) -> Hour {
    let beats: Vec<Recorded> = start.until(start.plus(60)).map(|minute| beat(route, minute)).collect();
    Hour::fold(route, start, &beats)
}

fn readback(project: &Project, at: Timestamp) -> Readback {
    Readback {
        project: project.id,
        at,
        result: Ok(Traffic { others: 7, newest: Some(at), ..Traffic::default() }),
        last_good: Some(at),
        failing_since: None,
        not_before: at,
        posthog_id: None,
        token: None,
        findings: heartbeat::model::Findings::default(),
    }
}

fn incident(project: &Project, now: Timestamp) -> Incident {
    Incident {
        id: None,
        project: project.id,
        project_name: project.spec.name.clone(),
        incident_kind: IncidentKind::Ingestion,
        opened: now.minus(Duration::from_mins(10)),
        closed: None,
        ended_because: None,
        rules: vec![RuleKind::Lost],
        judged_under: String::new(),
        severity: Severity::Critical,
        cause: Diagnosis::of_words("pipeline", "Events are accepted, and cannot be queried after 15m 00s"),
        first_bad: Some(now.minute().plus(-30)),
        last_good: Some(now.minute().plus(-31)),
        tally: Tally::default(),
        announced: None,
        reminders: 0,
        notified: None,
        acknowledged: None,
        snoozed_until: None,
    }
}
