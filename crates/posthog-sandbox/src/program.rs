//! The sandbox's command line, for its own program and for programs that have it as a subcommand.

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
    /// Address to listen on; port 0 chooses a free port
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8010", value_parser = address)]
    pub listen: SocketAddr,

    /// Allow an address that other machines can reach. The sandbox's only password is its well-known key
    #[arg(long)]
    pub allow_remote: bool,

    /// Run the clock this many times as fast; start `heartbeat run` with the same speed
    #[arg(long, value_name = "TIMES", allow_hyphen_values = true, default_value = "1", value_parser = Speed::parse, hide_default_value = true)]
    pub speed: Speed,

    /// Print the address, token and key as JSON
    #[arg(long)]
    pub json: bool,
}

/// The reasons why the sandbox does not listen.
#[derive(Debug, thiserror::Error)]
pub enum NotListening {
    /// Other machines can reach the address, and `--allow-remote` is not set.
    #[error(
        "--listen {0} can be reached from other machines; add --allow-remote to allow that, or use 127.0.0.1:{port}",
        port = .0.port()
    )]
    Remote(SocketAddr),
    /// The address cannot be bound.
    #[error("cannot listen on {0}; `--listen 127.0.0.1:0` chooses a free port")]
    Address(SocketAddr, #[source] io::Error),
}

/// The sandbox's address and keys, as `--json` prints them.
#[derive(Debug, Clone, Serialize)]
pub struct Listening {
    /// For example `http://127.0.0.1:8010`.
    pub address: String,
    /// The token of the first project.
    pub token: &'static str,
    /// The personal API key with every scope.
    pub personal_api_key: &'static str,
    /// The id of the first project.
    pub project_id: u32,
    /// Clock seconds per real second.
    pub speed: f64,
}

#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not an address and port; write it like `127.0.0.1:8010`")]
struct NotAnAddress(String);

/// Accepts `localhost:8010` for `127.0.0.1:8010`.
fn address(text: &str) -> Result<SocketAddr, NotAnAddress> {
    let numeric = text.strip_prefix("localhost:").map_or_else(|| text.to_owned(), |port| format!("127.0.0.1:{port}"));
    numeric.parse().map_err(|_| NotAnAddress(text.to_owned()))
}

impl Options {
    /// Binds the address.
    ///
    /// # Errors
    /// Other machines can reach the address without `--allow-remote`, or it cannot be bound.
    pub async fn listen(&self) -> Result<TcpListener, NotListening> {
        if !self.listen.ip().is_loopback() && !self.allow_remote {
            return Err(NotListening::Remote(self.listen));
        }
        TcpListener::bind(self.listen).await.map_err(|why| NotListening::Address(self.listen, why))
    }

    /// An empty sandbox with a clock of this speed.
    #[must_use]
    pub fn sandbox(&self) -> Sandbox {
        Sandbox::new(Clock::fast(self.speed))
    }

    /// The address and keys to print for `listener`.
    ///
    /// # Errors
    /// The listener has no local address.
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
    /// The same as text, with example commands; `first` are commands to list before the others.
    #[must_use]
    pub fn words(&self, first: &[String]) -> String {
        let Self { address, token, personal_api_key, project_id, .. } = self;
        let examples = [
            format!("curl -X PUT {address}/_sandbox/faults -d '{{\"queue\":{{\"stopped\":true}}}}'"),
            format!("curl {address}/_sandbox/events"),
        ];
        let examples = [first, &examples].concat().join("\n  ");
        format!(
            "PostHog sandbox listening on {address}\n  \
             project token     {token}\n  \
             personal API key  {personal_api_key}\n  \
             project id        {project_id}\n\n\
             Try:\n  {examples}\n"
        )
    }
}
