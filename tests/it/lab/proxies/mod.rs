//! The proxies: each is started once, with the parts of its configuration that situations give it.

mod caddy;
mod haproxy;
mod next;
mod nginx;
mod node;

use std::path::{Path, PathBuf};

use super::daemon::{Daemon, Ended};

/// What situations want of each proxy.
#[derive(Default)]
pub(super) struct Proxies {
    pub(super) nginx: Parts,
    pub(super) caddy: Parts,
    pub(super) haproxy: Parts,
    pub(super) node: Parts,
    pub(super) next: next::Rewrites,
}

/// Parts of one configuration file, and the ports on which they listen.
#[derive(Default)]
pub(super) struct Parts {
    ports: Vec<u16>,
    text: String,
}

/// The proxies that run.
#[derive(Default)]
pub(super) struct Started {
    pub(super) all: Vec<Daemon>,
    next_that_keeps: Option<u16>,
    next_that_redirects: Option<u16>,
}

impl Parts {
    pub(super) fn add(&mut self, listens: u16, text: String) -> String {
        self.ports.push(listens);
        self.text += &text;
        self.text.push('\n');
        text
    }
}

impl Started {
    pub(super) fn next_port(&self, keeps_slash: bool) -> u16 {
        if keeps_slash { self.next_that_keeps } else { self.next_that_redirects }.unwrap()
    }
}

impl Proxies {
    /// Starts those that are wanted, side by side, in folders of their own.
    pub(super) async fn start(self, folder: &Path) -> Result<Started, Ended> {
        let place = |name: &str| {
            let place = folder.join(name);
            std::fs::create_dir_all(&place).unwrap();
            place
        };
        let nginx = desired(&self.nginx, place("nginx"), nginx::start);
        let caddy = desired(&self.caddy, place("caddy"), caddy::start);
        let haproxy = desired(&self.haproxy, place("haproxy"), haproxy::start);
        let node = desired(&self.node, place("node"), node::start);
        let keeps = next::start(&self.next, true, place("next-keeps"));
        let redirects = next::start(&self.next, false, place("next-redirects"));
        let (nginx, caddy, haproxy, node, keeps, redirects) = tokio::join!(nginx, caddy, haproxy, node, keeps, redirects);
        let mut started = Started::default();
        started.all.extend([nginx?, caddy?, haproxy?, node?].into_iter().flatten());
        for (next, port) in [(keeps?, &mut started.next_that_keeps), (redirects?, &mut started.next_that_redirects)] {
            if let Some((daemon, listens)) = next {
                started.all.push(daemon);
                *port = Some(listens);
            }
        }
        Ok(started)
    }
}

async fn desired<'a, F>(parts: &'a Parts, folder: PathBuf, start: impl FnOnce(&'a Parts, PathBuf) -> F) -> Result<Option<Daemon>, Ended>
where
    F: Future<Output = Result<Daemon, Ended>> + 'a,
{
    if parts.ports.is_empty() { Ok(None) } else { start(parts, folder).await.map(Some) }
}

/// The folder of the Node packages, which `bin/test` sets up.
fn node_packages() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(".node/proxies");
    assert!(
        folder.join("shop/.next/BUILD_ID").exists(),
        "the Node proxies are not on this machine: run bin/test, which sets up what the tests need"
    );
    folder
}
