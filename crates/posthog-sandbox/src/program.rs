//! The command line of the sandbox, for its own program and for programs that have it as one of their commands.

use std::io;
use std::net::SocketAddr;

use clap::Args;
use heartbeat_clock::clock::{Clock, Speed};
use serde::Serialize;
use tokio::net::TcpListener;

use super::{PERSONAL_KEY, PROJECT_ID, Sandbox, TOKEN};

/// Where the sandbox listens, and how fast its clock runs.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8010", value_parser = address)]
    pub listen: SocketAddr,

    /// Listen on an address that other machines reach as well. There is no password but the well-known key
    #[arg(long)]
    pub allow_remote: bool,

    /// Run in fast time, for a `heartbeat run` of the same speed
    #[arg(long, value_name = "TIMES", default_value = "1", value_parser = Speed::parse, hide_default_value = true)]
    pub speed: Speed,

    /// Print the address, token and key as JSON
    #[arg(long)]
    pub json: bool,
}

/// Why the sandbox does not listen.
#[derive(Debug, thiserror::Error)]
pub enum NotListening {
    /// Other machines would reach it, and nobody allowed that.
    #[error(
        "--listen {0} can be reached from other machines; say --allow-remote if that is meant, or use 127.0.0.1:{port}",
        port = .0.port()
    )]
    Remote(SocketAddr),
    /// The address cannot be used.
    #[error("{0} cannot be listened on; is something else there? `--listen 127.0.0.1:0` takes a free port")]
    Address(SocketAddr, #[source] io::Error),
}

/// What the sandbox says once it listens. Serialized, it is what `--json` prints.
#[derive(Debug, Clone, Serialize)]
pub struct Listening {
    /// Such as `http://127.0.0.1:8010`.
    pub address: String,
    /// The token of the first project.
    pub token: &'static str,
    /// The key that may do everything.
    pub personal_api_key: &'static str,
    /// The id of the first project.
    pub project_id: u32,
    /// Clock seconds in one real second.
    pub speed: f64,
}

/// Reads `127.0.0.1:8010`, and `localhost:8010` as the same.
fn address(text: &str) -> Result<SocketAddr, String> {
    let numeric = text.strip_prefix("localhost:").map_or_else(|| text.to_owned(), |port| format!("127.0.0.1:{port}"));
    numeric.parse().map_err(|_| format!("`{text}` is no address to listen on; write it like `127.0.0.1:8010`"))
}

impl Options {
    /// Listens where it was told to.
    ///
    /// # Errors
    /// When other machines would reach it without leave, or the address cannot be used.
    pub async fn listen(&self) -> Result<TcpListener, NotListening> {
        if !self.listen.ip().is_loopback() && !self.allow_remote {
            return Err(NotListening::Remote(self.listen));
        }
        TcpListener::bind(self.listen).await.map_err(|why| NotListening::Address(self.listen, why))
    }

    /// An empty sandbox of the wanted speed.
    #[must_use]
    pub fn sandbox(&self) -> Sandbox {
        Sandbox::new(Clock::fast(self.speed))
    }

    /// What to say of a sandbox that listens.
    ///
    /// # Errors
    /// When the listener has no address.
    pub fn listening(&self, listener: &TcpListener) -> io::Result<Listening> {
        Ok(Listening {
            address: format!("http://{}", listener.local_addr()?),
            token: TOKEN,
            personal_api_key: PERSONAL_KEY,
            project_id: PROJECT_ID,
            speed: self.speed.times(),
        })
    }
}

impl Listening {
    /// The same for people, with something to try; `first` are lines to try before the others.
    #[must_use]
    pub fn words(&self, first: &[String]) -> String {
        let Self { address, token, personal_api_key, project_id, .. } = self;
        let tries = [
            format!("curl -X PUT {address}/_sandbox/faults -d '{{\"queue\":{{\"stopped\":true}}}}'"),
            format!("curl {address}/_sandbox/events"),
        ];
        let tries = [first, &tries].concat().join("\n  ");
        format!(
            "A PostHog listens on {address}\n  \
             project token     {token}\n  \
             personal API key  {personal_api_key}\n  \
             project id        {project_id}\n\n\
             Try:\n  {tries}\n"
        )
    }
}
