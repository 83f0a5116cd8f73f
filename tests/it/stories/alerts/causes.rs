//! The remaining causes: a proxy, partitions, the quota, the token, parts of the pipeline, mere lag, events that stop, and what we cannot see.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use heartbeat::model::{DistinctId, Endpoint, Host, IncidentKind, NotificationKind, Outcome, RouteSpec, span};
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};

use super::{Case, READBACK, minutes};
use crate::stories::World;

/// A proxy of the user's own before the sandbox: while it is broken, it hangs up on everybody.
fn proxy(to: &str) -> (String, Arc<AtomicBool>) {
    let (broken, to) = (Arc::new(AtomicBool::new(false)), to.strip_prefix("http://").unwrap().to_owned());
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let listener = TcpListener::from_std(listener).unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let is_broken = Arc::clone(&broken);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            if !is_broken.load(Ordering::SeqCst) {
                let mut onward = TcpStream::connect(&to).await.unwrap();
                tokio::spawn(async move { tokio::io::copy_bidirectional(&mut stream, &mut onward).await });
            }
        }
    });
    (address, broken)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_proxy_is_reported_as_the_only_broken_way() {
    let mut turn = None;
    let world = World::alerting_with("heartbeat", &[], |world, spec| {
        let (address, broken) = proxy(&world.address);
        turn = Some(broken);
        spec.heartbeat.as_mut().unwrap().routes.push(RouteSpec {
            name: "proxy".into(),
            event: "heartbeat_proxy".into(),
            host: Some(Host::parse(&address).unwrap()),
            endpoint: Endpoint::V0,
            distinct_id: DistinctId::Fixed("PostHog Heartbeat Plugin / proxy".into()),
        });
    })
    .await;
    let turn = turn.unwrap();
    let case = Case {
        title: "[critical] story: capture fails",
        code: "no_answer",
        words: "accepts the connection but sends no complete response",
        over: "[resolved] story: capture works again",
        ..Case::default()
    };
    case.run_in(world, "only the proxy", async |_, is_bad| turn.store(is_bad, Ordering::SeqCst)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn partitions_that_only_fresh_distinct_ids_reach_are_distinguished() {
    let case = Case {
        events: "heartbeat + heartbeat_buffer",
        // That of the fixed distinct id is 1.
        faults: json!({"queue": {"stopped_partitions": [0, 2, 3, 4, 5, 6, 7]}}),
        no_faults: json!({"queue": {"stopped_partitions": []}}),
        title: "[warning] story: ingestion is late",
        code: "partition",
        words: "Only some partitions of the queue are broken: events with new distinct ids are missing",
        opens: minutes(2 + 5) + READBACK,
        over: "[resolved] story: ingestion is on time again",
        ..Case::default()
    };
    case.run("only fresh distinct ids").await;
}

/// Capture takes what nobody will ever see: notified as soon as that is known, under a title of its own.
fn silent(title: &'static str, code: &'static str, words: &'static str, flag: &str) -> Case {
    Case {
        faults: json!({"capture": {flag: true}}),
        no_faults: json!({"capture": {flag: false}}),
        title,
        code,
        words,
        opens: minutes(2) + READBACK,
        // Four lost beats in a row may be chance: five good ones show that they were not.
        closes: minutes(4) + READBACK,
        over: "[resolved] story: ingestion is back",
        ..Case::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_over_its_quota_is_reported_as_such() {
    let title = "[critical] story: over the events quota, events are dropped";
    silent(title, "quota", "dropped: the project is over its events quota", "over_quota").run("over quota").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quota_that_runs_out_is_reported_before_events_are_dropped() {
    let world = World::alerting("heartbeat", &[]).await;
    world.minutes(2).await;
    world.faults(&json!({"capture": {"quota": {"usage": 950, "limit": 1000}}}));
    // PostHog is asked for the quota every ten minutes.
    let (_, opened) = world.until_told("that the quota runs out", 15, super::is(NotificationKind::Opened)).await;
    assert_eq!(opened.title, "[warning] story: the events quota is running out", "{}", opened.text);
    let facts = opened.incident.clone().unwrap();
    assert_eq!((facts.incident_kind.as_str(), facts.cause_code.as_str()), ("traffic", "none"));
    assert_eq!(facts.rules, ["quota_above"]);
    assert_eq!(facts.cause, "95 % of the events quota of this period is used, 950 of 1,000 events");
    world.faults(&json!({"capture": {"quota": null}}));
    let (_, over) = world.until_told("that enough is left", 15, super::is(NotificationKind::Resolved)).await;
    let title = over.title.split(" (after ").next().unwrap();
    assert_eq!(title, "[resolved] story: enough of the events quota is left again", "{}", over.text);
    world.minutes(5).await;
    assert_eq!(world.kinds().await, "opened resolved");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_not_known_is_reported_as_such() {
    let title = "[critical] story: the project token is unknown, events are dropped";
    silent(title, "token", "does not know the project token", "unknown_token").run("token unknown").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_of_the_pipeline_that_is_down_is_named() {
    let case = Case {
        faults: json!({"queue": {"stopped_partitions": [0, 1, 2, 3, 4, 5, 6, 7]}, "instance": {"down": ["clickhouse"]}}),
        no_faults: json!({"queue": null, "instance": null}),
        title: "[warning] story: ingestion is late",
        code: "pipeline",
        words: "PostHog says that clickhouse is down",
        opens: minutes(2 + 5) + READBACK,
        over: "[resolved] story: ingestion is on time again",
        ..Case::default()
    };
    case.run("pipeline part down").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stuck_queue_of_which_nothing_is_said_is_reported_with_both_that_it_can_be() {
    let case = Case {
        faults: json!({"queue": {"stopped_partitions": [0, 1, 2, 3, 4, 5, 6, 7]}}),
        no_faults: json!({"queue": null}),
        title: "[warning] story: ingestion is late",
        code: "pipeline",
        words: "the project token is known: ingestion behind capture is stuck or slow",
        opens: minutes(2 + 5) + READBACK,
        over: "[resolved] story: ingestion is on time again",
        ..Case::default()
    };
    case.run("queue stuck in silence").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mere_lag_is_reported_as_lateness_and_nothing_is_lost() {
    let case = Case {
        faults: json!({"queue": {"lag_ms": 400_000}}),
        no_faults: json!({"queue": {"lag_ms": 0}}),
        title: "[warning] story: ingestion is late",
        code: "pipeline",
        words: "Beats arrive late: the last one took",
        opens: minutes(2 + 5) + READBACK,
        over: "[resolved] story: ingestion is on time again",
        ..Case::default()
    };
    let world = case.run("lag").await;
    let over = world.told().await.pop().unwrap().1;
    assert!(over.text.contains("nothing was lost"), "{}", over.text);
    assert!(!world.outcomes().await.contains('X'));
}

/// An event of the product's own comes in, with the time that it is.
async fn signup(world: &World) {
    let at = world.clock.now().to_string();
    let event = json!({"api_key": heartbeat::sandbox::TOKEN, "event": "signup", "distinct_id": "someone", "timestamp": at});
    let sent = reqwest::Client::new().post(format!("{}/e/", world.address)).json(&event).send().await.unwrap();
    assert_eq!(sent.status(), 200);
}

/// The last event comes in as it gets bad, and another one as it gets good again.
async fn only_now(world: &World, _: bool) {
    signup(world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn named_events_that_stop_while_heartbeats_arrive_are_reported() {
    let case = Case {
        title: "[critical] story: no signup or purchase for 30m; ingestion works",
        code: "none",
        words: "beats arrive, so ingestion works, and these events are not sent",
        opens: minutes(30) + READBACK,
        closes: minutes(1) + READBACK,
        over: "[resolved] story: the watched events arrive again",
        ..Case::default()
    };
    let world = World::alerting("heartbeat", &[("watch", "signup, purchase")]).await;
    case.run_in(world, "named events stop", only_now).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn named_events_are_missed_only_in_the_hours_in_which_they_are_due() {
    // The story begins at eight in the morning.
    let world = World::alerting("heartbeat", &[("watch", "signup"), ("due", "mon-sun 09:00-20:00 UTC")]).await;
    let nine = world.clock.now().minute().start().plus(minutes(60));
    signup(&world).await;
    world.minutes(85).await;
    assert_eq!(world.titles().await, Vec::<String>::new(), "the night is no news");
    let (at, opened) = world.until_told("that none came", 20, super::is(NotificationKind::Opened)).await;
    assert_eq!(opened.title, "[critical] story: no signup for 30m; ingestion works");
    let after = at.since(nine);
    assert!((minutes(30)..=minutes(32)).contains(&after), "told {} after nine", span(after));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clickhouse_that_is_down_is_posthogs_failure_and_the_end_says_what_became_of_the_beats() {
    let world = World::alerting("heartbeat", &[]).await;
    world.minutes(6).await;
    let all = [0, 1, 2, 3, 4, 5, 6, 7];
    world.faults(&json!({"queue": {"stopped_partitions": all}, "query": {"status": 500}, "instance": {"down": ["clickhouse"]}}));
    let (_, opened) = world.until_told("that nothing can be read", 30, super::is(NotificationKind::Opened)).await;
    assert_eq!(opened.title, "[warning] story: beats cannot be read back");
    let facts = opened.incident.unwrap();
    assert_eq!(facts.cause_code, "query", "{}", facts.cause);
    assert!(facts.cause.contains("PostHog says that clickhouse is down"), "{}", facts.cause);
    assert!(facts.diagnosis.advice.unwrap().contains("The problem is in PostHog"), "{}", opened.text);
    world.faults(&json!({"queue": null, "query": null, "instance": null}));
    let (_, over) = world.until_told("that it is over", 30, super::is(NotificationKind::Resolved)).await;
    assert!(over.title.starts_with("[resolved] story: read-backs work again"), "{}", over.title);
    assert!(over.text.contains("Read-backs work again: all ") && over.text.contains("beats sent meanwhile arrived"), "{}", over.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn named_events_that_stop_while_beats_are_late_are_reported_as_lateness() {
    let world = World::alerting("heartbeat", &[("watch", "signup")]).await;
    signup(&world).await;
    world.minutes(20).await;
    world.faults(&json!({"queue": {"lag_ms": 400_000}}));
    world.minutes(40).await;
    let titles = world.titles().await;
    assert!(titles[0].starts_with("[warning] story: ingestion is late"), "{titles:?}");
    assert!(titles.iter().all(|title| !title.contains("ingestion stopped")), "beats arrive: {titles:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_heartbeat_no_event_at_all_is_reported() {
    let case = Case {
        title: "[critical] story: ingestion stopped",
        code: "pipeline",
        words: "No watched event in the last 30m 00s; the newest is from",
        opens: minutes(30) + READBACK,
        closes: minutes(1) + READBACK,
        over: "[resolved] story: ingestion is back",
        ..Case::default()
    };
    let world = World::alerting_with("heartbeat", &[], |_, spec| spec.heartbeat = None).await;
    case.run_in(world, "no event, without Heartbeat", only_now).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quiet_project_is_reported_as_quiet_where_that_was_asked_for() {
    let case = Case {
        title: "[info] story: no traffic",
        code: "none",
        words: "beats arrive, so ingestion works, but no application sends events",
        opens: minutes(30) + READBACK,
        closes: minutes(1) + READBACK,
        over: "[resolved] story: traffic is back",
        ..Case::default()
    };
    let world = World::alerting("heartbeat", &[("quiet", "on")]).await;
    let world = case.run_in(world, "quiet", only_now).await;
    assert_eq!(world.incidents().await[0].incident_kind, IncidentKind::Traffic);
}

/// Looking fails with this status, and then waits for so many minutes at most; ingestion goes on, and nobody is notified that it did not.
async fn blind(name: &str, status: u16, (code, words): (&'static str, &'static str), waits: u64) {
    let case = Case {
        faults: json!({"query": {"status": status}}),
        no_faults: json!({"query": {"status": null}}),
        title: "[warning] story: beats cannot be read back",
        code,
        words,
        opens: minutes(15) + READBACK,
        closes: minutes(waits + 1) + READBACK,
        over: "[resolved] story: read-backs work again",
        ..Case::default()
    };
    let world = case.run(name).await;
    assert_eq!(world.incidents().await[0].incident_kind, IncidentKind::Monitoring);
    let beats = world.beats().await;
    assert!(beats.iter().all(|beat| beat.outcome == Outcome::Arrived), "all are found afterwards: {}", world.outcomes().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_key_is_our_own_repair() {
    blind("cannot look: 401", 401, ("personal_key", "PostHog rejects the personal API key: 401"), 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_without_its_scope_is_our_own_repair() {
    blind("cannot look: 403", 403, ("personal_key", "may not query this project: 403"), 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_that_the_key_does_not_see_is_our_own_repair() {
    blind("cannot look: 404", 404, ("personal_key", "sees no such project: 404"), 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn throttled_queries_are_reported_without_a_word_about_ingestion() {
    blind("cannot look: 429", 429, ("query", "PostHog limits the rate of queries: 429"), 10).await;
}
