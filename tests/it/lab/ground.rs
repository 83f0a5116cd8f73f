//! The ground on which situations are tried: sandboxes, the proxies before them, and what stands around.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use heartbeat::clock::Clock;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::certificates::Certificates;
use super::daemon::{ClosedPort, Daemon, Ended, HeldPorts};
use super::situations::{Api, Before, Change, Raw, Situation};
use super::{proxies, raw, relay};
use crate::sandbox::Running;

/// A port that was free may be taken by another process before the proxy has it.
const TRIES: usize = 3;
/// The ports of a situation's own.
const PORTS: [&str; 3] = ["port", "port2", "port3"];

/// All that was started; it ends with this.
pub(super) struct Ground {
    pub(super) places: Vec<Arc<Place>>,
    _daemons: Vec<Daemon>,
    _closed: ClosedPort,
    _elsewhere: Running,
    _folder: TempDir,
}

/// A situation that stands.
pub(super) struct Place {
    pub(super) situation: Situation,
    pub(super) sandbox: Arc<Running>,
    /// What the program is given as its host.
    pub(super) host: String,
    /// What it is given for the API.
    pub(super) api: Option<String>,
    /// Its environment.
    pub(super) variables: Vec<(String, String)>,
    /// The configuration of what stands before the sandbox, as it was given to that.
    pub(super) configuration: String,
}

/// Whether situations may share a sandbox; those whose sandbox is at fault never do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sandboxes {
    Shared,
    OneEach,
}

/// What a situation's configuration names in braces.
struct Names(BTreeMap<&'static str, String>);

impl Names {
    fn fill(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
    }

    fn port(&self) -> u16 {
        self.0["port"].parse().unwrap()
    }
}

impl Ground {
    pub(super) async fn start(situations: Vec<Situation>, clock: &Clock, sandboxes: Sandboxes) -> Self {
        let mut said = String::new();
        for _ in 0..TRIES {
            match Self::attempt(situations.clone(), clock, sandboxes).await {
                Ok(ground) => return ground,
                Err(Ended(why)) => said = why,
            }
        }
        panic!("the lab does not stand after {TRIES} tries: {said}");
    }

    async fn attempt(situations: Vec<Situation>, clock: &Clock, sandboxes: Sandboxes) -> Result<Self, Ended> {
        let folder = tempfile::Builder::new().prefix("heartbeat-lab.").tempdir().unwrap();
        let certificates = folder.path().join("certificates");
        let trusted = Certificates::make(&certificates).trusted();
        furnish(folder.path());
        let closed = ClosedPort::new();
        let (elsewhere, shared) = (Running::start(clock.clone()).await, Arc::new(Running::start(clock.clone()).await));
        elsewhere.faults(json!({"capture": {"unknown_token": true}})).await;
        let around = [
            ("closed", format!("127.0.0.1:{}", closed.port)),
            ("silent", raw::start(Raw::Silent).await.to_string()),
            ("breaks_off", raw::start(Raw::BreaksOff).await.to_string()),
            ("elsewhere", elsewhere.address.to_string()),
            ("nameserver", raw::nameserver().await.to_string()),
            ("folder", folder.path().display().to_string()),
            ("certificates", certificates.display().to_string()),
        ];
        let held = HeldPorts::take(situations.iter().map(ports_of).sum()).await;
        let mut ports = held.numbers().into_iter();

        let (mut built, mut proxies) = (Vec::new(), proxies::Proxies::default());
        for (number, situation) in situations.into_iter().enumerate() {
            let own = sandboxes == Sandboxes::OneEach || situation.faults.is_some();
            let sandbox = if own { Arc::new(Running::start(clock.clone()).await) } else { Arc::clone(&shared) };
            let relay = match situation.relay {
                Some(change) => relay::start(sandbox.address, change).await.to_string(),
                None => String::new(),
            };
            let mut names = Names(around.iter().cloned().collect());
            names.0.extend([("sandbox", sandbox.address.to_string()), ("relay", relay), ("rewritten", format!("r{number}"))]);
            if configuration_of(&situation).contains("{cuts}") {
                names.0.insert("cuts", raw::cuts(sandbox.address).await.to_string());
            }
            for name in PORTS.into_iter().take(ports_of(&situation)) {
                names.0.insert(name, ports.next().unwrap().to_string());
            }
            let configuration = add(&situation, &names, &mut proxies);
            built.push((situation, sandbox, names, configuration));
        }
        drop(held);
        let daemons = proxies.start(folder.path()).await?;

        let mut places = Vec::new();
        for (situation, sandbox, names, configuration) in built {
            let address = match situation.before {
                Before::Nothing => sandbox.address.to_string(),
                Before::Relay => names.0["relay"].clone(),
                Before::Closed | Before::NoName => names.0["closed"].clone(),
                Before::Raw(raw) => raw::start(raw).await.to_string(),
                Before::Next { keeps_slash, .. } => format!("127.0.0.1:{}", daemons.next_port(keeps_slash)),
                Before::Nginx(_) | Before::Caddy(_) | Before::Haproxy(_) | Before::Node(_) => {
                    format!("127.0.0.1:{}", names.port())
                }
            };
            let port = address.parse::<SocketAddr>().unwrap().port();
            let asked = &situation.asked;
            let host = match situation.before {
                Before::NoName => "http://posthog.invalid".to_owned(),
                _ => format!("{}:{port}{}", asked.origin, names.fill(asked.path)),
            };
            let mut variables: Vec<_> = asked.variables.iter().map(|(name, value)| ((*name).to_owned(), names.fill(value))).collect();
            if asked.trusts {
                variables.push(("SSL_CERT_FILE".to_owned(), trusted.display().to_string()));
            }
            let api = (asked.api == Api::Direct && !matches!(situation.before, Before::Nothing)).then(|| sandbox.url.clone());
            places.push(Arc::new(Place { situation, sandbox, host, api, variables, configuration }));
        }
        Ok(Self { places, _daemons: daemons.all, _closed: closed, _elsewhere: elsewhere, _folder: folder })
    }
}

/// What a situation wants of its proxy, as it is written; empty where no proxy is.
fn configuration_of(situation: &Situation) -> &'static str {
    match situation.before {
        Before::Nginx(text) | Before::Caddy(text) | Before::Haproxy(text) | Before::Node(text) => text,
        Before::Next { to, .. } => to,
        Before::Nothing | Before::Raw(_) | Before::Relay | Before::Closed | Before::NoName => "",
    }
}

/// How many ports of its own a situation has; its proxy listens on the first, whether its configuration says so or not.
fn ports_of(situation: &Situation) -> usize {
    match situation.before {
        Before::Nginx(text) | Before::Caddy(text) | Before::Haproxy(text) | Before::Node(text) => {
            PORTS.iter().rposition(|name| text.contains(&format!("{{{name}}}"))).map_or(1, |last| last + 1)
        }
        Before::Next { .. } | Before::Nothing | Before::Raw(_) | Before::Relay | Before::Closed | Before::NoName => 0,
    }
}

/// Hands a situation's configuration to its proxy; gives it as it is then.
fn add(situation: &Situation, names: &Names, proxies: &mut proxies::Proxies) -> String {
    match situation.before {
        Before::Nginx(text) => proxies.nginx.add(names.port(), names.fill(text)),
        Before::Caddy(text) => proxies.caddy.add(names.port(), names.fill(text)),
        Before::Haproxy(text) => proxies.haproxy.add(names.port(), names.fill(text)),
        Before::Node(text) => proxies.node.add(names.port(), names.fill(text)),
        Before::Next { keeps_slash, to } => {
            let path = if situation.asked.path.is_empty() { "/{rewritten}" } else { situation.asked.path };
            proxies.next.add(keeps_slash, names.fill(path), names.fill(to))
        }
        other => format!("{other:?} {:?}", situation.relay.unwrap_or(Change::Nothing)),
    }
}

/// Files that configurations name.
fn furnish(folder: &Path) {
    std::fs::create_dir_all(folder.join("site")).unwrap();
    let page = "<!doctype html><html><head><title>Shop</title></head><body><div id=\"root\"></div></body></html>";
    std::fs::write(folder.join("site/index.html"), page).unwrap();
    // nginx knows passwords in the clear.
    std::fs::write(folder.join("users"), "bob:{PLAIN}hiccup\n").unwrap();
}

impl Place {
    /// Brings about what is wrong with the sandbox, where that is what is wrong.
    pub(super) async fn break_sandbox(&self) {
        if let Some(faults) = self.situation.faults {
            self.sandbox.faults(serde_json::from_str::<Value>(faults).unwrap()).await;
        }
    }
}
