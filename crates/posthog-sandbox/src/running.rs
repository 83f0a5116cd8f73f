//! A sandbox that serves in a background task of a test.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use heartbeat_clock::clock::Clock;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::Sandbox;

/// A sandbox on a free loopback port, served by a background task until this value is stopped or dropped.
#[derive(Debug)]
pub struct Server {
    sandbox: Sandbox,
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    served: JoinHandle<io::Result<()>>,
}

impl Server {
    /// Starts a sandbox with the machine's clock.
    ///
    /// # Errors
    /// No port on 127.0.0.1 is free.
    pub async fn start() -> io::Result<Self> {
        Self::start_by(Clock::system()).await
    }

    /// Starts a sandbox with `clock`, for example a hand clock that the test moves.
    ///
    /// # Errors
    /// No port on 127.0.0.1 is free.
    pub async fn start_by(clock: Clock) -> io::Result<Self> {
        let sandbox = Sandbox::new(clock);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel::<()>();
        let served = tokio::spawn({
            let sandbox = sandbox.clone();
            // A dropped sender stops the server too.
            async move { sandbox.serve(listener, async { drop(stopped.await) }).await }
        });
        Ok(Self { sandbox, address, stop, served })
    }

    /// `http://127.0.0.1:PORT`, without a trailing slash: the host for a PostHog client.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The socket address, for clients that open their own sockets.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The sandbox, with its events and faults.
    #[must_use]
    pub fn sandbox(&self) -> &Sandbox {
        &self.sandbox
    }

    /// Stops the server, closes its connections, and waits until the task has ended.
    ///
    /// # Errors
    /// The listener failed.
    pub async fn stop(self) -> io::Result<()> {
        drop(self.stop);
        self.served.await.map_err(io::Error::other)?
    }
}
