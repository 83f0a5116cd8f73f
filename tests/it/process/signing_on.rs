//! `heartbeat run` with single sign-on: whether this program can do it, and that the issuer need not be there.

use super::Desk;

const SETTINGS: &str = r#"[web]
public_url = "https://beat.example.com"

[web.oidc]
issuer = "https://id.invalid"
client_id = "heartbeat"
client_secret = "hunter2"
allowed = ["@example.com"]
"#;

fn desk() -> Desk {
    let desk = Desk::new().with("HEARTBEAT_LISTEN", "127.0.0.1:0");
    desk.file("heartbeat.toml", SETTINGS);
    desk
}

#[cfg(feature = "oidc")]
#[tokio::test(flavor = "multi_thread")]
async fn it_starts_while_the_issuer_is_down_and_prints_no_link_and_no_secret() {
    let desk = desk();
    let mut service = desk.start(&["run", "--config", "heartbeat.toml", "-vv"]);
    service.err.wait_for("beating").await;
    service.signal("TERM");
    let ended = service.end().await;
    assert_eq!(ended.code(), 0, "{ended:?}");
    assert!(format!("{}{}", ended.out, ended.err).contains("The page is at https://beat.example.com/"), "{ended:?}");
    assert!(!ended.out.contains("/enter/") && !ended.err.contains("hunter2"), "{ended:?}");
}

#[cfg(not(feature = "oidc"))]
#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_was_built_without_it_reads_the_settings_and_does_not_start() {
    let desk = desk();
    let ended = desk.run(&["run", "--config", "heartbeat.toml"]).await;
    assert_ne!(ended.code(), 0, "{ended:?}");
    let says = "this program was built without it; build it with `cargo build --release --features oidc`";
    assert!(ended.err.contains(says) && !ended.err.contains("hunter2"), "{ended:?}");
    assert_eq!(ended.err.trim().lines().count(), 1, "{ended:?}");
    let checked = desk.run(&["config", "check", "heartbeat.toml"]).await;
    assert!(checked.code() == 2 && checked.err.contains(says), "the settings are right, and this program cannot do it: {checked:?}");
    desk.file("heartbeat.toml", &SETTINGS.replace("https://id.invalid", "http://id.invalid"));
    let ended = desk.run(&["run", "--config", "heartbeat.toml"]).await;
    assert!(ended.err.contains("web.oidc: issuer") && ended.code() == 2, "{ended:?}");
}
