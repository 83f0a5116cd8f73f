//! A sandbox that serves in the background of a test.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use heartbeat_clock::clock::Clock;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::Sandbox;

/// A sandbox on a free loopback port, served by a task of its own until this is stopped or dropped.
#[derive(Debug)]
pub struct Server {
    sandbox: Sandbox,
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    served: JoinHandle<io::Result<()>>,
}

impl Server {
    /// Starts one that lives by the machine's clock.
    ///
    /// # Errors
    /// When no port on 127.0.0.1 is free.
    pub async fn start() -> io::Result<Self> {
        Self::start_by(Clock::system()).await
    }

    /// Starts one that lives by `clock`, such as one that the test moves by hand.
    ///
    /// # Errors
    /// When no port on 127.0.0.1 is free.
    pub async fn start_by(clock: Clock) -> io::Result<Self> {
        let sandbox = Sandbox::new(clock);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel::<()>();
        let served = tokio::spawn({
            let sandbox = sandbox.clone();
            // A sender that is gone says the same as one that speaks.
            async move { sandbox.serve(listener, async { drop(stopped.await) }).await }
        });
        Ok(Self { sandbox, address, stop, served })
    }

    /// `http://127.0.0.1:PORT`, without a slash at its end: the host that a client of PostHog is given.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The same for raw sockets.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The sandbox behind it: its events, and its faults.
    #[must_use]
    pub fn sandbox(&self) -> &Sandbox {
        &self.sandbox
    }

    /// Stops it, cuts its connections, and waits until it has ended.
    ///
    /// # Errors
    /// When its listener had failed.
    pub async fn stop(self) -> io::Result<()> {
        drop(self.stop);
        self.served.await.map_err(io::Error::other)?
    }
}
