//! A house in which beats have been sent for 90 days, in its one bad hour: what is drawn of much fits and is for everybody. What README and docs
//! show is photographed here, when it is asked for.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;
use std::time::Duration;

use heartbeat::model::{
    Acknowledged, AnsweredBy, Diagnosis, Did, Entry, EntryKind, Evidence, EvidenceOf, HeartbeatApp, Hour, Incident, IncidentKind,
    IngestionAlertApp, Minute, Outcome, Project, ProjectName, ProjectSpec, Recorded, RejectionReason, ResponseExcerpt, Role, Route,
    RuleKind, Severity, Signs, StatusPage, Timestamp,
};
use serde_json::json;

use super::rounds::looks_closely;
use super::{Screen, Visitor};
use crate::report::world::beat;
use crate::store::samples::{find, open_incident, put_status_page, queues, readback, route, spec};
use crate::web::bed::{NOW, PASSWORD, TestSite};

const DAY: i64 = 1440;

fn now() -> Timestamp {
    Timestamp::parse(NOW).unwrap()
}

/// What became of the beat of `minute`, as `beat` reads it: some bad hours long ago, and its own proxy that has rejected for nine minutes.
fn letter(route: &Route, minute: Minute) -> char {
    let ago = now().minute().index() - minute.index();
    match (ago / DAY, ago % DAY) {
        (0, 0) => '_',
        (0, 1..10) if route.spec.host.is_some() => 'R',
        (23, 300..352) => 'X',
        (51, 700..760) => 'L',
        (70, 0..600) => '?',
        (days, 77) if days % 9 == 4 => 'L',
        _ => 'A',
    }
}

/// A beat with a lag that goes up by day and down by night.
fn measured(route: &Route, minute: Minute) -> Option<Recorded> {
    let beat = beat(route.id, minute, letter(route, minute))?;
    let of_day = minute.index().rem_euclid(DAY) as f64 / DAY as f64;
    let wave = (std::f64::consts::TAU * (of_day - 0.3)).sin() + 1.0;
    // The same in each run, and without a pattern that an eye could find.
    let mut hasher = DefaultHasher::new();
    (minute.index(), route.id.0).hash(&mut hasher);
    let chance = (hasher.finish() % 1000) as f64 / 1000.0;
    let lag = Duration::from_secs_f64(0.7 + wave * 0.9 + chance * 0.4 + chance.powi(30) * 5.0);
    let ingested = beat.sent.filter(|_| beat.outcome == Outcome::Arrived).map(|sent| sent.plus(lag));
    Some(Recorded { ingested: ingested.or(beat.ingested), ..beat })
}

/// 90 days of it: hours, and the beats of the last 26.
async fn beats_for_long(site: &TestSite, project: &Project) {
    let end = now().minute().plus(1);
    let whole = Hour::starting(end.plus(-26 * 60));
    let hour = |start: Minute, route: &Route| {
        let beats: Vec<Recorded> = start.until(start.plus(60)).filter_map(|minute| measured(route, minute)).collect();
        Hour::fold(route.id, start, &beats)
    };
    let starts = (0..89 * 24).map(|ago| whole.plus(-60 * (ago + 1)));
    let hours: Vec<Hour> = starts.flat_map(|start| project.routes.iter().map(move |route| hour(start, route))).collect();
    site.store.sum_up(&hours, Some(whole)).await.unwrap();
    let beats: Vec<Recorded> =
        whole.until(end).flat_map(|minute| project.routes.iter().filter_map(move |route| measured(route, minute))).collect();
    let rejected = beats.iter().filter(|beat| beat.outcome == Outcome::Rejected);
    let evidence: Vec<Evidence> = rejected.map(proof).collect();
    site.store.record(&beats, &evidence).await.unwrap();
    site.store.settle(&readback(project, now()), &[], &[]).await.unwrap();
}

fn proof(beat: &Recorded) -> Evidence {
    let signs = Signs { software: Some("nginx".into()), server: Some("nginx".into()), status: Some(502), ..Signs::default() };
    let (by, did) = (AnsweredBy::Intermediary, Some(Did::UpstreamDown));
    let headers = vec![("server".into(), "nginx".into())];
    let excerpt = ResponseExcerpt { status: 502, headers, words: "Bad Gateway".into(), by, did, signs, ..ResponseExcerpt::default() };
    Evidence {
        route: beat.route,
        minute: beat.minute,
        at: beat.counted_from(),
        of: EvidenceOf::Rejected { why: RejectionReason::Broken, excerpt },
    }
}

/// Projects with a past, incidents that were, one that is, and a status page.
async fn settled() -> TestSite {
    let site = TestSite::start().await;
    let begun = now().minute().plus(-95 * DAY).start();
    let heartbeat = HeartbeatApp { routes: vec![route("proxy")], ..HeartbeatApp::default() };
    let mut specs = vec![ProjectSpec { heartbeat: Some(heartbeat), ingestion_alert: Some(IngestionAlertApp::default()), ..spec("shop") }];
    specs.extend(["blog", "warehouse", "app"].map(spec));
    site.store.apply(&specs, &[], begun).await.unwrap();
    for spec in &specs {
        beats_for_long(&site, &find(&site.store, &spec.name).await).await;
    }
    let shop = Arc::new(find(&site.store, &ProjectName::parse("shop").unwrap()).await);
    for (days, minutes, words) in
        [(23, 70, "Events are accepted, and cannot be queried after 15m 00s"), (51, 60, "the newest data is 3m 20s old")]
    {
        let opened = now().minus(Duration::from_hours(24 * days));
        let closed = Some(opened.plus(Duration::from_mins(minutes)));
        let cause = Diagnosis::of_words("pipeline", words);
        open_incident(&site.store, told(Incident { opened, closed, cause, ..incident(&shop) })).await;
    }
    let open = incident(&shop);
    let entry = |minutes, kind, words: &str| Entry { at: open.opened.plus(Duration::from_mins(minutes)), kind, words: words.into() };
    let entries = [
        entry(0, EntryKind::Opened, "The proxy (nginx) answers 502 “Bad Gateway”: it cannot reach what is behind it"),
        entry(2, EntryKind::Acknowledged, "ann: the proxy is being restarted"),
    ];
    site.store.write_incident(&open, &entries, &queues(&[])).await.unwrap();
    let page = StatusPage {
        name: ProjectName::parse("data").unwrap(),
        title: "Is our data complete?".into(),
        projects: specs.iter().map(|spec| spec.name.clone()).collect(),
        public: true,
    };
    put_status_page(&site.store, page).await;
    site
}

fn told(incident: Incident) -> Incident {
    Incident { announced: Some(incident.opened), acknowledged: None, ..incident }
}

fn incident(project: &Project) -> Incident {
    let opened = now().minus(Duration::from_mins(7));
    Incident {
        opened,
        announced: Some(opened),
        rules: vec![RuleKind::Capture],
        severity: Severity::Critical,
        cause: Diagnosis {
            route: Some("proxy".into()),
            ..Diagnosis::intermediary(Did::UpstreamDown, "The proxy (nginx) answers 502 “Bad Gateway”: it cannot reach what is behind it")
                .titled("the way through proxy is broken")
        },
        first_bad: Some(now().minute().plus(-9)),
        last_good: Some(now().minute().plus(-10)),
        acknowledged: Some(Acknowledged { at: opened.plus(Duration::from_mins(2)), by: "ann".into() }),
        ..crate::store::samples::incident(project, IncidentKind::Ingestion, 0)
    }
}

/// Per rule: how many lines its fields take.
const LINES: &str = "[...document.querySelectorAll('.rule[role=group]')].map(row => {
    const middles = [...row.querySelectorAll('input, select')].map(field => field.getBoundingClientRect()).map(box => box.y + box.height / 2);
    return middles.filter((middle, at) => at === 0 || middle > middles[at - 1] + 4).length;
})";
/// The sentences of the server, and those of the script.
const SENTENCES: &str = "(() => {
    const read = () => [...document.querySelectorAll('[data-when]')].filter(says => !says.hidden).map(says => says.textContent);
    const served = read();
    document.querySelector('#lost').dispatchEvent(new Event('input', {bubbles: true}));
    return [served, read()];
})()";

/// Each rule is one line on a wide screen and two on a phone, and its sentence follows the fields.
async fn rules_are_rows(visitor: &Visitor) {
    visitor.open("/projects/shop/rules").await;
    visitor.fits(Screen { width: 390, ..Screen::NARROW }).await;
    let height = visitor.evaluate("document.documentElement.scrollHeight").await;
    // Of eight rules it was 5,359 px before they were rows.
    assert!(height.as_u64().unwrap() < 300 * RuleKind::ALL.len() as u64, "the rules are {height} px tall on a phone");
    assert_eq!(visitor.evaluate(LINES).await, json!(vec![2; RuleKind::ALL.len()]));
    visitor.fits(Screen::WIDE).await;
    assert_eq!(visitor.evaluate(LINES).await, json!(vec![1; RuleKind::ALL.len()]));
    let sentences = visitor.evaluate(SENTENCES).await;
    assert_eq!(sentences[0], sentences[1], "the script and the server differ");
    visitor.fills("Beats lost: Opens after", "2 of 4").await;
    visitor.within("#lost-says").sees("beats are lost in 2 of the last 4 minutes;").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_drawn_of_90_days_fits_and_is_for_everybody() {
    let site = settled().await;
    site.with_password("ann", Role::Editor).await;
    let visitor = Visitor::of(&format!("http://{}", site.address)).await;
    visitor.open("/login").await;
    visitor.fills("Name", "ann").await;
    visitor.fills("Password", PASSWORD).await;
    visitor.follows("Log in").await;
    for (path, says, pictures) in [
        ("/", "warehouse", &[][..]),
        (
            "/projects/shop",
            "on the route proxy",
            &[("project", Screen::WIDE), ("project-dark", Screen::WIDE.dark()), ("project-narrow", Screen::NARROW)],
        ),
        ("/projects/shop?range=90d", "8 hours per row", &[]),
        ("/incidents", "The newest data is 3m 20s old", &[]),
        ("/projects/shop/rules", "Try on history", &[("rules", Screen::WIDE)]),
        ("/projects/shop/apps/ingestion-alert", "What to watch", &[("app", Screen::WIDE)]),
        ("/status/data", "Is our data complete?", &[("status", Screen::WIDE)]),
    ] {
        visitor.open(path).await;
        let text = visitor.evaluate("document.body.textContent").await;
        assert!(text.as_str().unwrap().contains(says), "{path} does not say {says}: {}", visitor.seen().await);
        looks_closely(&visitor).await;
        for (name, screen) in pictures {
            visitor.photographs(name, *screen).await;
        }
    }
    rules_are_rows(&visitor).await;
}
