//! The API is asked everything that its own description allows, and much that it does not: it says no, and never breaks.
//!
//! Schemathesis is run by the Python of `.venv`, which `bin/test` sets up from `requirements.txt` beside this file.

use std::path::Path;
use std::time::Duration;

use heartbeat::clock::Clock;
use serde_json::Value;
use tokio::process::Command;

use crate::process::settings;
use crate::support::served::Served;

/// A project with everything: both apps, a channel, a maintenance window.
const MORE: &str = r#"
[project.ingestion_alert]
capture_open_after = 1

[[channel]]
name = "ops"
kind = "webhook"
url = "RECEIVER/hook"

[[maintenance]]
name = "night"
weekly = "sun 02:00-04:00"
"#;

/// How often each operation is asked in each way, unless `HEARTBEAT_FUZZ_EXAMPLES` says another number, as `bin/test long` does.
const EXAMPLES: u32 = 12;
/// The same in each run.
const SEED: &str = "20261124";

/// An example takes a third of that.
const AT_MOST: Duration = Duration::from_secs(30);

/// So many tokens come before the one that asks: what is tried on low numbers does not take it away.
const OTHER_TOKENS: usize = 3;

#[expect(clippy::disallowed_methods, reason = "only a test of long duration is asked for so")]
fn examples() -> u32 {
    std::env::var("HEARTBEAT_FUZZ_EXAMPLES").map_or(EXAMPLES, |number| number.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_the_api_is_asked_it_does_not_break() {
    let mut served = Served::start(60, Some(|sandbox, receiver| settings(sandbox, &MORE.replace("RECEIVER", receiver)))).await;
    for number in 0..OTHER_TOKENS {
        served.workdir.done(&["tokens", "add", &format!("other-{number}")]).await;
    }
    let made: Value = serde_json::from_str(&served.workdir.done(&["tokens", "add", "fuzz", "--role", "editor", "--json"]).await).unwrap();
    let token = made["token"].as_str().unwrap();

    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let schemathesis = root.join(".venv/bin/schemathesis");
    assert!(schemathesis.exists(), "{} is missing: run bin/test, which sets up what the tests need", schemathesis.display());
    let examples = examples();
    let mut command = served.workdir.command(&schemathesis);
    command.args(["run", &format!("{}/api/openapi.json", served.origin), "--header", &format!("Authorization: Bearer {token}")]);
    command.args(["--checks", "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"]);
    command.args([
        "--max-examples",
        &examples.to_string(),
        "--seed",
        SEED,
        "--generation-database",
        "none",
        "--no-color",
        "--continue-on-failure",
    ]);
    // One worker: in two threads at once Python 3.11 miscounts while it reads source, and the tool ends by a fault of its own (cpython #106905).
    command.args(["--request-timeout", "10", "--workers", "1"]);
    let mut command = Command::from(command);
    let found =
        Clock::system().timeout(AT_MOST * examples, command.kill_on_drop(true).output()).await.expect("it is done in time").unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&found.stdout), String::from_utf8_lossy(&found.stderr));
    assert!(found.status.success(), "{said}");

    // Neither the token nor the service was lost on the way: else most was asked of nobody.
    assert!(!said.contains("Authentication failed"), "{said}");
    let answer = reqwest::Client::new().get(format!("{}/api/v1/projects", served.origin)).bearer_auth(token).send().await.unwrap();
    assert_eq!(answer.status(), 200, "the token is gone. {said}");
    assert!(!served.sandbox.events().await.is_empty(), "nothing was sent meanwhile");
    served.process.signal("TERM");
    let ended = served.process.end().await;
    assert_eq!(ended.code(), 0, "{ended:?}");
}
