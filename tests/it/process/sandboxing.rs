//! `heartbeat sandbox` as a process of its own.

use serde_json::Value;
use tokio::net::TcpListener;

use super::{Process, Workdir, eventually};

/// Starts a sandbox on a free port; gives what it says of itself.
async fn start(workdir: &Workdir, more: &[&str]) -> (Process, Value) {
    let sandbox = workdir.start(&[&["sandbox", "--listen", "127.0.0.1:0", "--json"], more].concat());
    eventually("it says where it listens", || sandbox.err.text(), async || serde_json::from_str::<Value>(&sandbox.out.text()).is_ok())
        .await;
    let told = serde_json::from_str(&sandbox.out.text()).unwrap();
    (sandbox, told)
}

#[tokio::test(flavor = "multi_thread")]
async fn it_says_how_to_use_it() {
    let workdir = Workdir::new();
    let mut sandbox = workdir.start(&["sandbox", "--listen", "localhost:0"]);
    sandbox.out.wait_for("/_sandbox/events").await;
    let address = sandbox.out.text().lines().next().unwrap().rsplit(' ').next().unwrap().to_owned();
    sandbox.signal("INT");
    insta::assert_snapshot!(sandbox.end().await.shown(&address), @r#"
    exit 0
    --- out
    PostHog sandbox listening on http://ADDRESS
      project token     phc_sandbox
      personal API key  phx_sandbox
      project id        1

    Try:
      heartbeat check --host http://ADDRESS --token phc_sandbox --personal-api-key phx_sandbox
      curl -X PUT http://ADDRESS/_sandbox/faults -d '{"queue":{"stopped":true}}'
      curl http://ADDRESS/_sandbox/events
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_of_the_same_speed_beats_into_it() {
    let workdir = Workdir::new();
    let (mut sandbox, mut told) = start(&workdir, &["--speed", "60"]).await;
    let address = told["address"].take().as_str().unwrap().to_owned();
    insta::assert_snapshot!(told.to_string(), @r#"{"address":null,"personal_api_key":"phx_sandbox","project_id":1,"speed":60.0,"token":"phc_sandbox"}"#);
    workdir.settings(&address, "");
    let mut service = workdir.start(&["run", "--config", "heartbeat.toml", "--speed", "60"]);
    // Two processes, two clocks: a beat arrives within the minute only where they agree.
    eventually(
        "beats arrive",
        || service.err.text(),
        async || {
            let status = workdir.run(&["status", "--speed", "60", "--json"]).await;
            status.code() == 0
                && status.json()["items"][0]["health"] == "up"
                && status.json()["items"][0]["today"]["arrived"].as_u64() >= Some(3)
        },
    )
    .await;
    let check = workdir.run(&["status", "--speed", "60", "--check"]).await;
    assert!(check.out.starts_with("shop  up\n  Every beat arrives; the last one took "), "{check:?}");
    for process in [&mut service, &mut sandbox] {
        process.signal("TERM");
        assert_eq!(process.end().await.code(), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn other_machines_reach_it_only_where_that_is_said() {
    let workdir = Workdir::new();
    for open in ["0.0.0.0:0", "[::]:0", "192.0.2.1:8010"] {
        let ended = workdir.run(&["sandbox", "--listen", open]).await;
        assert_eq!(ended.code(), 2, "{open}: {ended:?}");
        assert!(ended.err.contains(&format!("--listen {open} can be reached from other machines")), "{ended:?}");
    }
    insta::assert_snapshot!(workdir.run(&["sandbox", "--listen", "0.0.0.0:8010"]).await.shown(""), @r"
    exit 2
    --- err
    error: --listen 0.0.0.0:8010 can be reached from other machines; add --allow-remote to allow that, or use 127.0.0.1:8010
    ");
    let mut allowed = workdir.start(&["sandbox", "--listen", "0.0.0.0:0", "--allow-remote"]);
    allowed.out.wait_for("PostHog sandbox listening on http://0.0.0.0:").await;
    allowed.signal("TERM");
    assert_eq!(allowed.end().await.code(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_cannot_be_had_is_reported() {
    let workdir = Workdir::new();
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = taken.local_addr().unwrap().to_string();
    insta::assert_snapshot!(workdir.run(&["sandbox", "--listen", &address]).await.shown(&address), @r"
    exit 1
    --- err
    error: cannot listen on ADDRESS; `--listen 127.0.0.1:0` chooses a free port: Address already in use (os error 98)
    ");
    insta::assert_snapshot!(workdir.run(&["sandbox", "--listen", "8010"]).await.shown(""), @r"
    exit 2
    --- err
    error: invalid value '8010' for '--listen <ADDRESS>': `8010` is not an address and port; write it like `127.0.0.1:8010`

    For more information, try '--help'.
    ");
}
