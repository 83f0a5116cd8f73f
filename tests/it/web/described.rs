//! The description of the API as others read it: validators, and what makes clients of it.
//!
//! They are run from `.venv` and `.node`, which `bin/test` sets up.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use heartbeat::clock::Clock;
use heartbeat::model::{IncidentKind, IngestionAlertApp, ProjectSpec, Role};
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::process::Command;

use super::bed::TestSite;
use super::history::with_history;
use super::program::Program;
use crate::store::samples::{incident, notification, open_incident, queues, set_up_channel, spec_with_routes, webhook};

const AT_MOST: Duration = Duration::from_mins(2);

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn description() -> PathBuf {
    root().join("docs/openapi.json")
}

/// An empty folder of this test's own.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// Runs a tool, which must end well; what it printed.
async fn run(tool: &str, arguments: &[&str], within: &Path) -> String {
    let path = root().join(tool);
    assert!(path.exists(), "{} is missing: run bin/test, which sets up what the tests need", path.display());
    let mut command = Command::new(path);
    command.args(arguments).current_dir(within).kill_on_drop(true);
    command.env("REDOCLY_TELEMETRY", "off").env("REDOCLY_SUPPRESS_UPDATE_NOTICE", "true");
    let done = Clock::system().timeout(AT_MOST, command.output()).await.expect("it is done in time").unwrap();
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(done.status.success(), "{tool} {arguments:?}: {said}{}", String::from_utf8_lossy(&done.stderr));
    said
}

#[tokio::test]
async fn the_description_of_the_api_is_valid() {
    let description = description().display().to_string();
    run(".venv/bin/openapi-spec-validator", &[&description], root()).await;
    let folder = folder("redocly");
    fs::write(folder.join("redocly.yaml"), "extends: [recommended]\n").unwrap();
    // A warning is an error here.
    let said = run(".node/openapi/node_modules/.bin/redocly", &["lint", &description, "--format", "json"], &folder).await;
    let found: Value = serde_json::from_str(&said).unwrap_or_else(|_| panic!("no JSON: {said}"));
    assert_eq!(found["totals"], json!({ "errors": 0, "warnings": 0, "ignored": 0 }), "{said}");
}

/// What Spectral checks, beside its own rules for `OpenAPI`.
const SPECTRAL: &str = "extends: ['spectral:oas']
rules:
  # Each operation has a summary. A description only where there is more to say.
  operation-description: off
  # Whoever runs the service is asked, and that is not the same person everywhere.
  info-contact: off
";

#[tokio::test]
async fn the_description_of_the_api_is_as_spectral_has_it() {
    let (description, folder) = (description().display().to_string(), folder("spectral"));
    fs::write(folder.join("rules.yaml"), SPECTRAL).unwrap();
    let lint = ["lint", &description, "--ruleset", "rules.yaml", "--format", "json", "--fail-severity", "hint"];
    let said = run(".node/openapi/node_modules/.bin/spectral", &lint, &folder).await;
    assert!(said.trim().starts_with("[]"), "{said}");
}

/// A site with something of everything that the API gives.
async fn with_everything() -> TestSite {
    let site = TestSite::start().await;
    let alert = Some(IngestionAlertApp::default());
    let letters = ["AALXRU?w.", "AAA", "AA", "UUU"];
    let shop = with_history(&site, ProjectSpec { ingestion_alert: alert, ..spec_with_routes("shop", &["proxy"]) }, 300, &letters).await;
    let channel = set_up_channel(&site.store, webhook("ops")).await;
    let opened = incident(&shop, IncidentKind::Ingestion, 0);
    let told = [notification(channel.id, &opened, heartbeat::model::NotificationKind::Opened, 0)];
    site.store.write_incident(&opened, &[], &queues(&told)).await.unwrap();
    open_incident(&site.store, incident(&shop, IncidentKind::Traffic, 1)).await;
    let mut program = Program::of(&site).await;
    for (path, body) in [
        ("/api/v1/maintenance/night", json!({ "weekly": "sun 02:00-04:00" })),
        ("/api/v1/maintenance/move", json!({ "from": "2026-11-23T02:00:00Z", "to": "2026-11-25T02:00:00Z" })),
        ("/api/v1/status-pages/public", json!({ "title": "Shop", "projects": ["shop"], "public": true })),
    ] {
        let (status, said) = program.put(path, &body).await;
        assert!([StatusCode::OK, StatusCode::CREATED].contains(&status), "{path}: {said}");
    }
    site.with_password("ann", Role::Editor).await;
    site
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_that_are_made_of_the_description_read_every_answer() {
    let site = with_everything().await;
    let (made, description) = (folder("clients"), description().display().to_string());
    let client = made.join("client").display().to_string();
    let making = ["generate", "--path", &description, "--meta", "none", "--output-path", &client, "--overwrite", "--fail-on-warning"];
    // It tidies up what it makes, with a tool that stands beside it; nobody reads this client.
    let config = made.join("config.yaml");
    fs::write(&config, "post_hooks: []\n").unwrap();
    let config = config.display().to_string();
    run(".venv/bin/openapi-python-client", &[&making[..], &["--config", &config]].concat(), &made).await;

    let asks = root().join("tests/it/web/client.py").display().to_string();
    let (origin, token) = (format!("http://{}", site.address), site.token(Role::Viewer).await);
    let answers = run(".venv/bin/python", &[&asks, &description, &made.display().to_string(), &origin, &token], &made).await;
    assert!(answers.lines().count() >= 28, "{answers}");

    // The same answers, as TypeScript's compiler reads them.
    let types = made.join("api.ts").display().to_string();
    run(".node/openapi/node_modules/.bin/openapi-typescript", &[&description, "-o", &types], &made).await;
    let mut checks = "import type { paths } from \"./api\";\n\
                      type Answer<P extends keyof paths> = paths[P] extends { get: { responses: { 200: { content: { \"application/json\": infer A } } } } } ? A : never;\n"
        .to_owned();
    for (at, line) in answers.lines().enumerate() {
        let (path, body) = line.split_once('\t').unwrap();
        writeln!(checks, "export const answer{at}: Answer<\"{path}\"> = {body};").unwrap();
    }
    fs::write(made.join("checks.ts"), checks).unwrap();
    run(".node/openapi/node_modules/.bin/tsc", &["--strict", "--noEmit", "--skipLibCheck", "checks.ts"], &made).await;
}
