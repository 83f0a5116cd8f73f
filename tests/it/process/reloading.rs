//! SIGHUP: a changed settings file is applied, a broken one changes nothing.

use heartbeat::clock::Clock;

use super::{Workdir, eventually, settings, speed};
use crate::sandbox::Running;

async fn has_event(sandbox: &Running, name: &str) -> bool {
    sandbox.events().await.iter().any(|event| event["event"] == name)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_file_is_applied_on_hangup() {
    let (workdir, sandbox) = (Workdir::new(), Running::start(Clock::system()).await);
    workdir.settings(&sandbox.url, "");
    let service = workdir.start(&["run", "--config", "heartbeat.toml"]);
    eventually("the first beat is sent", || service.err.text(), async || has_event(&sandbox, "heartbeat").await).await;

    workdir.settings(&sandbox.url, "[[project.heartbeat.route]]\nname = \"proxy\"\nevent = \"heartbeat_proxy\"\n");
    service.signal("HUP");
    service.err.wait_for("settings reloaded").await;
    eventually("the new route beats", || service.err.text(), async || has_event(&sandbox, "heartbeat_proxy").await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_file_changes_nothing_and_is_reported() {
    let (workdir, sandbox) = (Workdir::new(), Running::start(Clock::fast(speed(30))).await);
    workdir.settings(&sandbox.url, "");
    let mut service = workdir.start(&["run", "--config", "heartbeat.toml", "--speed", "30"]);
    service.err.wait_for("beating").await;

    workdir.file("heartbeat.toml", &settings(&sandbox.url, "evnets = \"heartbeat\"\n").replace("phc_", "phx_hunter2_"));
    service.signal("HUP");
    service.err.wait_for("the settings were not applied, and the service continues with the previous ones").await;
    let said = service.err.text();
    assert!(
        said.contains("`evnets` is not a setting here; did you mean `events`?") && said.contains("token is a personal API key"),
        "{said}"
    );
    assert!(!said.contains("hunter2"), "{said}");

    // In fast time a file may not name other machines, later no more than at the start.
    workdir.settings("us", "");
    service.signal("HUP");
    service.err.wait_for("only with addresses on this machine").await;

    let before = sandbox.events().await.len();
    eventually("beating goes on", || service.err.text(), async || sandbox.events().await.len() > before + 1).await;
    let export = workdir.done(&["export", "--config", "heartbeat.toml"]).await;
    assert!(export.contains(&sandbox.url), "{export}");

    std::fs::remove_file(workdir.path("heartbeat.toml")).unwrap();
    service.signal("HUP");
    service.err.wait_for("heartbeat.toml: ").await;
    assert!(service.lives());
}
