//! Next.js: the application that `bin/test` has built, started with the rewrites that situations want.
//!
//! `next build` writes down where rewrites lead, and builds take long; so the application is built once, and the places in what was built
//! (`routes-manifest.json`) are filled in before each start.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use heartbeat::clock::Clock;
use serde_json::{Value, json};

use super::node_packages;
use crate::lab::daemon::{Daemon, Ended, HeldPorts};

/// The longest that a first answer is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// Which rewrites an application has.
#[derive(Default)]
pub(crate) struct Rewrites {
    keeps: Vec<(String, String)>,
    redirects: Vec<(String, String)>,
}

impl Rewrites {
    /// Everything below `path` leads to `to`, which ends in `/:path*`.
    pub(crate) fn add(&mut self, keeps_slash: bool, path: String, to: String) -> String {
        let said = format!("skipTrailingSlashRedirect: {keeps_slash}, rewrites: [{{ source: '{path}/:path*', destination: '{to}' }}]");
        if keeps_slash { &mut self.keeps } else { &mut self.redirects }.push((path, to));
        said
    }
}

pub(super) async fn start(rewrites: &Rewrites, keeps_slash: bool, folder: PathBuf) -> Result<Option<(Daemon, u16)>, Ended> {
    let desired = if keeps_slash { &rewrites.keeps } else { &rewrites.redirects };
    if desired.is_empty() {
        return Ok(None);
    }
    let packages = node_packages();
    copy(&packages.join("shop"), &folder);
    std::os::unix::fs::symlink(packages.join("node_modules"), folder.join("node_modules")).unwrap();
    fill_in(&folder.join(".next/routes-manifest.json"), desired, keeps_slash);
    let next = packages.join("node_modules/next/dist/bin/next");
    let port = HeldPorts::take(1).await.numbers()[0];
    let number = port.to_string();
    let arguments = [next.to_str().unwrap(), "start", "-H", "127.0.0.1", "-p", &number];
    let keeps = if keeps_slash { "1" } else { "0" };
    let variables = [("NEXT_TELEMETRY_DISABLED", "1"), ("NODE_ENV", "production"), ("KEEPS_SLASH", keeps)];
    let daemon = Daemon::start("node", &arguments, &variables, &folder, &[port]).await?;
    warm_up(port, desired).await;
    Ok(Some((daemon, port)))
}

/// The first requests to an application take a second, which is a minute in fast time; a proxy in service has had one already.
async fn warm_up(port: u16, desired: &[(String, String)]) {
    let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    for (path, _) in desired {
        for _ in 0..3 {
            // What is said is of no interest, nor whether anything is.
            let asked = http.post(format!("http://127.0.0.1:{port}{path}/_preflight")).body("{}").send();
            drop(Clock::system().timeout(PATIENCE, asked).await);
        }
    }
}

fn copy(from: &Path, to: &Path) {
    let all = format!("{}/.", from.display());
    assert!(Command::new("cp").args(["-R", &all]).arg(to).status().unwrap().success());
}

/// Writes the rewrites as `next build` does, and leaves out its own redirect of the slash where the application is to keep it.
fn fill_in(manifest: &Path, desired: &[(String, String)], keeps_slash: bool) {
    let mut routes: Value = serde_json::from_slice(&std::fs::read(manifest).unwrap()).unwrap();
    let pattern = routes["rewrites"]["afterFiles"][0].clone();
    assert_eq!(pattern["source"], "/ingest/:path*", "the application was built with another rewrite");
    let regex = pattern["regex"].as_str().unwrap();
    let written: Vec<Value> = desired
        .iter()
        .map(|(path, to)| json!({"source": format!("{path}/:path*"), "destination": to, "regex": regex.replacen("/ingest", path, 1)}))
        .collect();
    routes["rewrites"]["afterFiles"] = written.into();
    let redirects = routes["redirects"].as_array_mut().unwrap();
    assert!(redirects.iter().any(|redirect| redirect["internal"] == true), "the application was built without its redirect of the slash");
    if keeps_slash {
        redirects.retain(|redirect| redirect["internal"] != true);
    }
    std::fs::write(manifest, routes.to_string()).unwrap();
}
