//! `heartbeat run` with single sign-on: the issuer need not be there. What a program says that was built without it is in tests/plain.

use super::Workdir;

const SETTINGS: &str = include_str!("../../plain/single_sign_on.toml");

fn workdir() -> Workdir {
    let workdir = Workdir::new().with("HEARTBEAT_LISTEN", "127.0.0.1:0");
    workdir.file("heartbeat.toml", SETTINGS);
    workdir
}

#[cfg(feature = "oidc")]
#[tokio::test(flavor = "multi_thread")]
async fn it_starts_while_the_issuer_is_down_and_prints_no_link_and_no_secret() {
    let workdir = workdir();
    let mut service = workdir.start(&["run", "--config", "heartbeat.toml", "-vv"]);
    service.err.wait_for("beating").await;
    service.signal("TERM");
    let ended = service.end().await;
    assert_eq!(ended.code(), 0, "{ended:?}");
    assert!(format!("{}{}", ended.out, ended.err).contains("The page is at https://beat.example.com/"), "{ended:?}");
    assert!(!ended.out.contains("/enter/") && !ended.err.contains("hunter2"), "{ended:?}");
}
