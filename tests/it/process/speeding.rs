//! `run --speed`: fast time is for this machine alone.

use heartbeat::clock::Clock;

use super::{Workdir, eventually, settings, speed};
use crate::sandbox::Running;

#[tokio::test(flavor = "multi_thread")]
async fn fast_time_is_rejected_for_other_machines() {
    let workdir = Workdir::new();
    workdir.file("us.toml", &settings("us", ""));
    workdir.file("lan.toml", &settings("http://192.168.0.7:8010", ""));
    let route = "[[project.heartbeat.route]]\nname = \"proxy\"\nevent = \"heartbeat_proxy\"\nhost = \"https://t.example.com/ingest\"\n";
    workdir.file("route.toml", &settings("http://127.0.0.1:8010", route));
    workdir.file("app.toml", &settings("http://localhost:8010", "events = \"heartbeat_api\"\nhost = \"eu\"\n"));
    workdir.file("api.toml", &settings("http://[::1]:8010", "").replace("token", "api_host = \"https://posthog.example.com\"\ntoken"));
    for (file, host) in [
        ("us.toml", "us"),
        ("lan.toml", "http://192.168.0.7:8010"),
        ("route.toml", "https://t.example.com/ingest"),
        ("app.toml", "eu"),
        ("api.toml", "https://posthog.example.com"),
    ] {
        let ended = workdir.run(&["run", "--config", file, "--speed", "60"]).await;
        assert_eq!(ended.code(), 2, "{file}: {ended:?}");
        let says = format!("--speed 60× works only with addresses on this machine, but project shop has `{host}`");
        assert!(ended.err.contains(&says), "{file}: {ended:?}");
    }
    let export = workdir.done(&["export"]).await;
    assert!(!export.contains("[[project]]"), "what was refused is not applied: {export}");
}

#[tokio::test(flavor = "multi_thread")]
async fn fast_time_is_rejected_for_a_project_that_the_store_knows() {
    let workdir = Workdir::new();
    workdir.file("us.toml", &settings("us", ""));
    workdir.done(&["apply", "us.toml"]).await;
    let ended = workdir.run(&["run", "--speed", "60"]).await;
    assert_eq!(ended.code(), 2, "{ended:?}");
    insta::assert_snapshot!(ended.shown(""), @r"
    exit 2
    --- err
    error: --speed 60× works only with addresses on this machine, but project shop has `us`; omit --speed, or start `heartbeat sandbox`
    ");
    for wrong in ["0.5", "601", "fast"] {
        let ended = workdir.run(&["run", "--speed", wrong]).await;
        assert_eq!(ended.code(), 2, "{ended:?}");
        assert!(ended.err.contains("give a number from 1 (real time) to 600"), "{ended:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_elsewhere_that_is_added_later_gets_nothing_in_fast_time() {
    let (workdir, sandbox) = (Workdir::new(), Running::start(Clock::fast(speed(30))).await);
    workdir.settings(&sandbox.url, "");
    let service = workdir.start(&["run", "--config", "heartbeat.toml", "--speed", "30"]);
    service.err.wait_for("beating").await;
    // An address of the documentation's own network: nobody answers there, and nobody is asked.
    workdir
        .done(&["projects", "add", "far", "--host", "http://192.0.2.1", "--token", "phc_far", "--no-personal-api-key", "--no-check"])
        .await;
    workdir.done(&["apps", "install", "heartbeat", "--project", "far"]).await;
    eventually(
        "the far project's beat is refused here",
        || service.err.text(),
        async || {
            let beats = workdir.run(&["beats", "--project", "far", "--speed", "30"]).await;
            beats.out.contains("only addresses on this machine are reached")
        },
    )
    .await;
}
