//! `heartbeat status` and `heartbeat beats`, over a history that was written by hand.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use heartbeat::model::{
    AnsweredBy, CaptureResult, Did, Evidence, EvidenceOf, Minute, Obstacle, Outcome, Phase, Phases, Project, ProjectSpec, Readback,
    ReadbackError, ReadbackErrorKind, Recorded, RejectionReason, Reply, ResponseExcerpt, RouteId, Settled, Signs, Timestamp, Traffic,
};
use heartbeat::store::{self, SecretCipher, Store};

use super::{Workdir, settings};

/// 2027-01-15T08:00:00Z
const BEGUN: Minute = Minute::from_index(30_000_000);
/// Half an hour later, and a bit.
const AT: &str = "2027-01-15T08:30:40Z";

/// What became of one minute of one route.
#[derive(Clone, Copy)]
enum Came {
    /// Seen, ingested so many milliseconds after it was sent.
    In(u64),
    Twice,
    Never,
    Rejected,
    Cut,
    Unverified,
    /// Accepted a moment ago.
    Just,
    /// We were not running.
    NotSent,
}

/// A home whose store holds half an hour of two routes.
async fn after_half_an_hour() -> Workdir {
    let workdir = Workdir::new();
    let database = format!("sqlite:{}", workdir.path("heartbeat.db").display());
    // One key for all databases of the home, wherever they would have theirs.
    let key = workdir.path("heartbeat.key").display().to_string();
    let workdir = workdir.with("HEARTBEAT_KEY_FILE", &key).with("DATABASE_URL", &database);
    let more = "[[project.heartbeat.route]]\nname = \"proxy\"\nevent = \"heartbeat_proxy\"\nhost = \"https://t.example.com/ingest\"\n";
    workdir.file("heartbeat.toml", &settings("https://posthog.example.com", more));
    let specs = specs(&workdir).await;
    let store = open(&workdir, "heartbeat.db").await;
    store.apply(&specs, &[], BEGUN.start()).await.unwrap();
    let project = store.projects().await.unwrap().remove(0);
    let [first, proxy] = [project.routes[0].id, project.routes[1].id];
    for at in 0..=30 {
        let (of_first, of_proxy) = match at {
            5 => (Came::Twice, Came::In(800)),
            7..=9 => (Came::NotSent, Came::NotSent),
            12 => (Came::In(200_000), Came::In(900)),
            14 => (Came::Never, Came::In(900)),
            16 => (Came::Unverified, Came::Unverified),
            20 => (Came::In(1500), Came::Cut),
            27..=29 => (Came::In(1700), Came::Rejected),
            30 => (Came::Just, Came::Rejected),
            _ => (Came::In(1000 + 20 * at), Came::In(700 + 20 * at)),
        };
        write(&store, &project, first, BEGUN.plus(at as i64), of_first).await;
        write(&store, &project, proxy, BEGUN.plus(at as i64), of_proxy).await;
    }
    store.close().await;
    workdir
}

/// The settings' projects, by way of a store of their own.
async fn specs(workdir: &Workdir) -> Vec<ProjectSpec> {
    workdir.done(&["apply", "heartbeat.toml", "--database", "sqlite:first.db"]).await;
    let store = open(workdir, "first.db").await;
    store.projects().await.unwrap().into_iter().map(|project| project.spec).collect()
}

async fn open(workdir: &Workdir, file: &str) -> Arc<Store> {
    let cipher = SecretCipher::from_key_file(&workdir.path("heartbeat.key")).unwrap();
    store::open(&format!("sqlite:{}", workdir.path(file).display()), cipher).await.unwrap()
}

async fn write(store: &Store, project: &Project, route: RouteId, minute: Minute, came: Came) {
    let after = |ms: u64| minute.start().plus(Duration::from_millis(ms));
    let sent = after(12_000);
    let phases = Phases { dns_us: Some(1200), connect_us: Some(10_100), tls_us: Some(22_000), first_byte_us: Some(30_200) };
    let (reply, tries) = match came {
        Came::NotSent => return,
        Came::Rejected => {
            let headers = vec![("server".into(), "cloudflare".into()), ("cf-ray".into(), "8a1b2c3d4e5f".into())];
            let title = Some("Just a moment...".into());
            let signs = Signs {
                software: Some("Cloudflare".into()),
                server: Some("cloudflare".into()),
                title,
                status: Some(403),
                ..Signs::default()
            };
            let (by, did) = (AnsweredBy::Intermediary, Some(Did::Blocks));
            let excerpt =
                ResponseExcerpt { status: 403, headers, words: "Just a moment...".into(), by, did, signs, ..ResponseExcerpt::default() };
            (Reply::Rejected { why: RejectionReason::NotPostHog, excerpt }, 1)
        }
        Came::Cut => (Reply::Unreachable { at: Phase::Tls, obstacle: Obstacle::Expired, words: "certificate has expired".into() }, 4),
        _ => (Reply::Accepted { status: 200 }, 1),
    };
    let capture_result = CaptureResult { sent, reply, phases, tries };
    let of = |of| Evidence { route, minute, at: sent, of };
    let evidence: Vec<_> = EvidenceOf::capture_result(&capture_result).map(of).into_iter().collect();
    store.record(&[Recorded::of_capture_result(route, minute, &capture_result)], &evidence).await.unwrap();

    let throttled = ReadbackError {
        kind: ReadbackErrorKind::Throttled,
        excerpt: ResponseExcerpt { status: 429, words: "Request was throttled.".into(), ..ResponseExcerpt::default() },
        retry_after: None,
        note: None,
    };
    let blank = Settled { route, minute, outcome: Outcome::Arrived, missed: None, seen: None, ingested: None, copies: 0 };
    let seen = |ms: u64, copies| {
        let outcome = if ms > 120_000 { Outcome::Late } else { Outcome::Arrived };
        Settled { outcome, seen: Some(after(12_000 + ms + 20_000)), ingested: Some(after(12_000 + ms)), copies, ..blank.clone() }
    };
    let (settled, evidence) = match came {
        Came::In(ms) => (seen(ms, 1), None),
        Came::Twice => (seen(1100, 2), None),
        Came::Never => {
            let read_back = after(912_000);
            (Settled { outcome: Outcome::Lost, missed: Some(read_back), ..blank }, Some(of(EvidenceOf::Lost { read_back })))
        }
        Came::Unverified => (Settled { outcome: Outcome::Unverified, ..blank }, Some(of(EvidenceOf::Unverified(throttled)))),
        Came::Rejected | Came::Cut | Came::Just | Came::NotSent => return,
    };
    let at = settled.seen.or(settled.missed).unwrap_or(sent);
    store.settle(&readback(project, at), &[settled], &evidence.into_iter().collect::<Vec<_>>()).await.unwrap();
}

fn readback(project: &Project, at: Timestamp) -> Readback {
    Readback {
        project: project.id,
        at,
        result: Ok(Traffic { others: 7, newest: Some(at), ..Traffic::default() }),
        last_good: Some(at),
        failing_since: None,
        not_before: at,
        posthog_id: Some(1),
        token: None,
        findings: heartbeat::model::Findings::default(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_status_says_how_it_stands() {
    let workdir = after_half_an_hour().await;
    insta::assert_snapshot!("status", workdir.run(&["status", "--at", AT]).await.shown(""));
    insta::assert_snapshot!("status as JSON", workdir.run(&["status", "--at", AT, "--json"]).await.shown(""));
    // Before the proxy rejected, all was well; long after, nothing runs.
    insta::assert_snapshot!("status of an earlier moment", workdir.run(&["status", "--at", "2027-01-15T08:26:50Z"]).await.shown(""));
    insta::assert_snapshot!(
        "status when nothing runs",
        workdir.run(&["status", "--at", "2027-01-15T11:00:00+02:00", "--check"]).await.shown("")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_exit_code_says_whether_all_is_well_when_asked() {
    let workdir = after_half_an_hour().await;
    for (at, code) in [(AT, 1), ("2027-01-15T08:26:50Z", 0)] {
        assert_eq!(workdir.run(&["status", "--at", at]).await.code(), 0);
        assert_eq!(workdir.run(&["status", "--at", at, "--check"]).await.code(), code, "{at}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn beats_are_listed_failures_with_what_came_back() {
    let workdir = after_half_an_hour().await;
    insta::assert_snapshot!("beats", workdir.run(&["beats", "--at", AT, "--since", "25m"]).await.shown(""));
    insta::assert_snapshot!("beats that failed", workdir.run(&["beats", "--at", AT, "--failures", "--route", "heartbeat"]).await.shown(""));
    insta::assert_snapshot!(
        "beats as JSON",
        workdir.run(&["beats", "--at", AT, "--since", "4m", "--route", "proxy", "--json", "--project", "shop"]).await.shown("")
    );
    insta::assert_snapshot!(workdir.run(&["beats", "--at", "2027-01-15T08:02:40Z", "--failures", "--since", "2m"]).await.shown(""), @r"
    exit 0
    --- err
    No failed beats in the last 2m.
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_reported_with_what_is() {
    let workdir = after_half_an_hour().await;
    workdir.done(&["projects", "add", "blog", "--host", "eu", "--token", "phc_blog", "--no-personal-api-key", "--no-check"]).await;
    let mut shown = String::new();
    for arguments in [
        &["status", "--project", "shpo"][..],
        &["beats"],
        &["beats", "--project", "x"],
        &["beats", "--project", "shop", "--route", "prxy"],
        &["beats", "--project", "shop", "--since", "2 hours"],
        &["status", "--at", "yesterday"],
        &["status", "--project", "blog", "--at", AT],
        &["beats", "--project", "blog", "--at", AT],
    ] {
        let _ = write!(shown, "$ heartbeat {}\n{}\n", arguments.join(" "), workdir.run(arguments).await.shown(""));
    }
    let empty = Workdir::new();
    empty.done(&["maintenance", "add", "night", "--weekly", "sun 01:00-02:00"]).await;
    for arguments in [&["status"][..], &["status", "--json"], &["beats"]] {
        let _ = write!(shown, "(empty) $ heartbeat {}\n{}\n", arguments.join(" "), empty.run(arguments).await.shown(""));
    }
    insta::assert_snapshot!("what is not there", shown);
}
