//! `heartbeat run` as a service: how it starts, waits and ends.

use std::time::Duration;

use heartbeat::clock::Clock;
use heartbeat::sandbox::{PERSONAL_KEY, TOKEN};
use serde_json::json;

use super::{Process, Workdir, eventually, settings, speed};
use crate::sandbox::Running;

/// A sandbox in real time, and a settings file that names it.
async fn beside_a_sandbox() -> (Workdir, Running) {
    let (workdir, sandbox) = (Workdir::new(), Running::start(Clock::system()).await);
    workdir.settings(&sandbox.url, "");
    (workdir, sandbox)
}

async fn holds(sandbox: &Running, count: usize, by: &Process) {
    eventually(&format!("the sandbox holds {count} events"), || by.err.text(), async || sandbox.events().await.len() >= count).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_ends_it_well_while_a_request_hangs() {
    let (workdir, sandbox) = beside_a_sandbox().await;
    sandbox.faults(json!({"capture": {"delay_ms": 600_000}})).await;
    for (signal, sent) in [("TERM", 1), ("INT", 2)] {
        let mut service = workdir.start(&["run", "--config", "heartbeat.toml"]);
        service.err.wait_for("beating").await;
        holds(&sandbox, sent, &service).await;
        service.signal(signal);
        let ended = service.end_within(Duration::from_secs(5)).await;
        assert_eq!(ended.code(), 0, "{signal}: {ended:?}");
        assert!(ended.err.contains("stopped before every answer arrived") && ended.err.trim_end().ends_with("stopped"), "{ended:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_ends_it_well_while_a_look_hangs() {
    let workdir = Workdir::new();
    let sandbox = Running::start(Clock::fast(speed(30))).await;
    workdir.settings(&sandbox.url, "");
    // The read-back hangs before PostHog knows of it: at the question which project the token belongs to.
    sandbox.faults(json!({"query": {"delay_ms": 3_600_000}})).await;
    let mut service = workdir.start(&["run", "--config", "heartbeat.toml", "--speed", "30", "-v"]);
    // By the second beat the first read-back, which comes ten seconds after the start, is under way.
    holds(&sandbox, 2, &service).await;
    service.signal("TERM");
    let ended = service.end_within(Duration::from_secs(5)).await;
    assert_eq!(ended.code(), 0, "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_ends_it_at_once() {
    let (workdir, sandbox) = beside_a_sandbox().await;
    sandbox.faults(json!({"capture": {"delay_ms": 600_000}})).await;
    let mut service = workdir.start(&["run", "--config", "heartbeat.toml"]);
    service.err.wait_for("beating").await;
    holds(&sandbox, 1, &service).await;
    service.signal("TERM");
    service.signal("INT");
    let ended = service.end_within(Duration::from_millis(1500)).await;
    assert_eq!(ended.code(), 1, "{ended:?}");
    assert!(ended.err.contains("ended at once by a second signal"), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_environment_alone_is_a_project() {
    let sandbox = Running::start(Clock::system()).await;
    let workdir = Workdir::new()
        .with("POSTHOG_HOST", &sandbox.url)
        .with("POSTHOG_PROJECT_API_KEY", TOKEN)
        .with("POSTHOG_PERSONAL_API_KEY", PERSONAL_KEY);
    let service = workdir.start(&["run"]);
    holds(&sandbox, 1, &service).await;
    let status = workdir.run(&["status", "--json"]).await;
    assert_eq!(status.json()["items"][0]["project"], "default", "{status:?}");
    assert!(!service.err.text().contains(PERSONAL_KEY), "{}", service.err.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_project_it_waits_and_picks_up_the_one_that_is_added() {
    let (workdir, sandbox) = (Workdir::new(), Running::start(Clock::system()).await);
    let mut service = workdir.start(&["run"]);
    service.err.wait_for("There is no project yet").await;
    workdir.done(&["projects", "add", "shop", "--host", &sandbox.url, "--token", TOKEN, "--personal-api-key", PERSONAL_KEY]).await;
    assert!(service.lives());
    assert!(sandbox.events().await.is_empty(), "nothing is sent before the app is installed");
    workdir.done(&["apps", "install", "heartbeat", "--project", "shop"]).await;
    holds(&sandbox, 1, &service).await;
    service.signal("TERM");
    assert_eq!(service.end().await.code(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_posthog_says_to_be_wrong_is_not_added_unless_nobody_is_to_be_asked() {
    let (workdir, sandbox) = (Workdir::new(), Running::start(Clock::system()).await);
    let add = async |token: &str, key: &str, more: &[&str]| {
        let given = ["projects", "add", "shop", "--host", sandbox.url.as_str(), "--token", token, "--personal-api-key", key];
        workdir.run(&[&given, more].concat()).await
    };
    let unknown = add("phc_of_nobody", PERSONAL_KEY, &[]).await;
    assert_eq!(unknown.code(), 2);
    let said = unknown.shown("");
    assert!(said.contains("--token not valid here") && said.contains("use --no-check to save it anyway"), "{said}");
    let wrong = add(TOKEN, "phx_of_nobody", &[]).await;
    assert_eq!(wrong.code(), 2);
    assert!(wrong.shown("").contains("--personal-api-key 401") && !wrong.shown("").contains("phx_of_nobody"), "{}", wrong.shown(""));
    let number = add(TOKEN, PERSONAL_KEY, &["--project-id", "7"]).await;
    assert_eq!(number.code(), 2);
    assert!(number.shown("").contains("--project-id"), "{}", number.shown(""));
    let none = workdir.run(&["projects", "list", "--json"]).await;
    assert!(none.code() == 1 && none.shown("").contains("there is no database"), "{}", none.shown(""));
    let added = add("phc_of_nobody", PERSONAL_KEY, &["--no-check"]).await;
    assert_eq!(added.code(), 0, "{}", added.shown(""));
    workdir.done(&["projects", "remove", "shop"]).await;
    // Limited to the project, with the scope to query alone: the recommended key. And nobody there is no reason not to save.
    let limited = add(TOKEN, heartbeat::sandbox::LIMITED_KEY, &[]).await;
    assert_eq!((limited.code(), limited.shown("").contains("Note")), (0, false), "{}", limited.shown(""));
    workdir.done(&["projects", "remove", "shop"]).await;
    let nobody = workdir.run(&["projects", "add", "shop", "--host", "http://127.0.0.1:9", "--token", TOKEN, "--no-personal-api-key"]).await;
    assert!(nobody.code() == 0 && nobody.shown("").contains("Note: --host does not answer"), "{}", nobody.shown(""));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_services_on_one_store_send_the_same_events() {
    let workdir = Workdir::new();
    let sandbox = Running::start(Clock::fast(speed(30))).await;
    workdir.file("heartbeat.toml", &settings(&sandbox.url, "events = \"heartbeat + heartbeat_buffer\"\n"));
    let start = || workdir.start(&["run", "--config", "heartbeat.toml", "--speed", "30"]);
    let mut services = [start(), start()];
    holds(&sandbox, 8, &services[0]).await;
    for service in &mut services {
        service.signal("TERM");
        assert_eq!(service.end().await.code(), 0, "{}", service.err.text());
    }
    let events = sandbox.events().await;
    let mut beats: Vec<_> = events.iter().map(|event| (event["timestamp"].as_str().unwrap()[..16].to_owned(), &event["event"])).collect();
    beats.sort_by_key(|(minute, name)| (minute.clone(), name.to_string()));
    let with_doubles = beats.len();
    beats.dedup();
    assert_eq!(beats.len(), with_doubles, "two services made two events of one beat: {events:?}");
    assert!(events.iter().any(|event| event["copies"].as_u64() > Some(1)), "both were sending: {events:?}");
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn the_limit_of_open_files_is_raised_at_the_start() {
    let workdir = Workdir::new();
    let mut command = workdir.command("/bin/sh");
    command.args(["-c", "ulimit -Sn 64; ulimit -Hn 512; exec \"$0\" run --listen off", env!("CARGO_BIN_EXE_heartbeat")]);
    let mut service = Process::start(command);
    service.err.wait_for("beating").await;
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", service.child.id())).unwrap();
    let files = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    assert_eq!(files.split_whitespace().skip(3).take(2).collect::<Vec<_>>(), ["512", "512"], "{limits}");
    service.signal("TERM");
    service.end().await;
}

/// Where the page of a service is, as it says itself: `http://127.0.0.1:port`.
async fn origin_of(service: &Process) -> String {
    let said = || format!("{}{}", service.out.text(), service.err.text());
    eventually("the page is told", said, async || said().contains("The page is at http://")).await;
    let said = said();
    let (_, rest) = said.split_once("The page is at ").unwrap();
    rest.split_whitespace().next().unwrap().trim_end_matches(['.', '/']).to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn users_are_invited_to_the_page_that_runs_and_else_to_the_configured_one() {
    let workdir = Workdir::new();
    let mut service = workdir.start(&["run", "--listen", "127.0.0.1:0"]);
    let origin = origin_of(&service).await;
    let link = async |name: &str| workdir.done(&["users", "invite", name]).await;
    assert!(link("ann").await.contains(&format!("{origin}/enter/")), "{origin}");
    let told = workdir.run(&["users", "invite", "bob", "--json"]).await.json();
    assert!(told["link"].as_str().unwrap().starts_with(&origin), "{told}");
    // One that came later, and one that was killed: the one that was seen last.
    let mut other = workdir.start(&["run", "--listen", "127.0.0.1:0"]);
    let second = origin_of(&other).await;
    assert_ne!(second, origin);
    assert!(link("cyd").await.contains(&second), "{second}");
    for process in [&mut other, &mut service] {
        process.signal("TERM");
        assert_eq!(process.end().await.code(), 0);
    }
    assert!(link("ann").await.contains("http://127.0.0.1:8400/enter/"), "nothing runs any more");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_finds_its_place_taken_has_changed_nothing() {
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let place = taken.local_addr().unwrap().to_string();
    let workdir = Workdir::new();
    workdir.settings("http://127.0.0.1:9", "");
    let run = ["run", "--config", "heartbeat.toml", "--listen", &place];
    let rejected = workdir.run(&run).await;
    assert!(rejected.code() == 1 && rejected.err.contains(&format!("the page cannot listen on {place}")), "{rejected:?}");
    let none = workdir.run(&["projects", "list"]).await;
    assert!(none.code() == 1 && none.err.contains("there is no database"), "{none:?}");
    workdir.done(&["projects", "add", "other", "--host", "us", "--token", "phc_o", "--no-personal-api-key", "--no-check"]).await;
    assert_eq!(workdir.run(&run).await.code(), 1);
    let listed = workdir.run(&["projects", "list", "--json"]).await.json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1, "{listed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_not_be_as_it_was_meant_is_said_at_the_start() {
    let workdir = Workdir::new().with("SSL_CERT_FILE", "/nowhere/ca.pem").with("SSL_CERT_DIR", "/nowhere/certs");
    workdir.settings("http://127.0.0.1:9", "\n[web]\nmetrics_projects = [\"shpo\", \"shop\"]\n");
    let service = workdir.start(&["run", "--config", "heartbeat.toml"]);
    service.err.wait_for("beating").await;
    let said = service.err.text();
    for words in [
        "SSL_CERT_FILE names `/nowhere/ca.pem`, which does not exist",
        "SSL_CERT_DIR names `/nowhere/certs`, which does not exist",
        "metrics_projects in [web] names `shpo`, and there is no such project; did you mean `shop`?",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    let checked = workdir.run(&["check", "--host", "http://127.0.0.1:9", "--token", TOKEN, "--no-personal-api-key"]).await;
    assert!(checked.err.contains("SSL_CERT_FILE names `/nowhere/ca.pem`, which does not exist"), "{checked:?}");
}
