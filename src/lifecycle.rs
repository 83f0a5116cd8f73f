//! Signals: SIGINT and SIGTERM request a stop, a second one ends the process at once. SIGHUP requests a reload of the settings, or a stop.

#![expect(clippy::disallowed_methods, reason = "this is the one place that receives signals")]

use std::future::Future;
use std::io;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// A stop request to wait for. Cheap to clone; all clones get it.
#[derive(Debug, Clone)]
pub struct Stop(watch::Receiver<bool>);

impl Stop {
    #[must_use]
    pub fn by_hand() -> (StopHandle, Self) {
        let (handle, stop) = watch::channel(false);
        (StopHandle(handle), Self(stop))
    }

    #[must_use]
    pub fn is_asked(&self) -> bool {
        *self.0.borrow()
    }

    /// Returns as soon as a stop was requested, even earlier. Also when nothing is left that could request it.
    pub async fn asked(&self) {
        // An error means that the sender is gone: also a stop.
        let _ = self.0.clone().wait_for(|asked| *asked).await;
    }
}

/// Requests a stop, also when dropped.
#[derive(Debug)]
pub struct StopHandle(watch::Sender<bool>);

impl StopHandle {
    pub fn stop(&self) {
        self.0.send_replace(true);
    }

    fn is_asked(&self) -> bool {
        *self.0.borrow()
    }
}

/// What SIGHUP requests. A process gets it when its terminal is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hangup {
    Reloads,
    /// A second one does not end the process at once: a terminal that is closed may send several.
    Stops,
}

#[derive(Debug, Clone)]
pub struct Reload(watch::Receiver<u64>);

impl Reload {
    /// Returns at the next request. Several requests while nothing waited count as one.
    pub async fn asked(&mut self) {
        if self.0.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("ended at once by a second signal; beats without a stored result are sent or read back again")]
pub struct EndedAtOnce;

/// Receives the signals of this process while it exists.
#[derive(Debug)]
pub struct Lifecycle {
    stop: Stop,
    stop_now: Stop,
    reload: Reload,
}

impl Lifecycle {
    /// From here on a signal ends nothing by itself: use [`Lifecycle::guard`].
    pub fn listen(on_hangup: Hangup) -> io::Result<Self> {
        let [mut interrupt, mut terminate] = [signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?];
        let mut hangup = signal(SignalKind::hangup())?;
        let (first, stop) = Stop::by_hand();
        let (second, stop_now) = Stop::by_hand();
        let (again, reload) = watch::channel(0);
        tokio::spawn(async move {
            loop {
                let is_hangup = tokio::select! {
                    Some(()) = interrupt.recv() => false,
                    Some(()) = terminate.recv() => false,
                    Some(()) = hangup.recv() => true,
                    else => return,
                };
                match (is_hangup, on_hangup) {
                    (true, Hangup::Reloads) => again.send_modify(|times| *times += 1),
                    (false, _) if first.is_asked() => second.stop(),
                    _ => first.stop(),
                }
            }
        });
        Ok(Self { stop, stop_now, reload: Reload(reload) })
    }

    #[must_use]
    pub fn stop(&self) -> Stop {
        self.stop.clone()
    }

    #[must_use]
    pub fn reload(&self) -> Reload {
        self.reload.clone()
    }

    /// Runs `work`, which ends by itself on a [`Stop`], to its end. A second signal drops it and returns [`EndedAtOnce`].
    pub async fn guard<T>(&self, work: impl Future<Output = T>) -> Result<T, EndedAtOnce> {
        tokio::select! {
            done = work => Ok(done),
            () = self.stop_now.asked() => Err(EndedAtOnce),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;
    use std::time::Duration;

    use super::*;
    use crate::clock::Clock;

    fn send(signal: &str) {
        let this_process = std::process::id().to_string();
        assert!(Command::new("kill").args([signal, &this_process]).status().unwrap().success());
    }

    async fn soon<T>(work: impl Future<Output = T>) -> T {
        Clock::system().timeout(Duration::from_secs(30), work).await.unwrap()
    }

    #[tokio::test]
    async fn one_signal_asks_a_second_ends_and_hangup_reloads() {
        let lifecycle = Lifecycle::listen(Hangup::Reloads).unwrap();
        let (stop, mut reload) = (lifecycle.stop(), lifecycle.reload());

        send("-HUP");
        soon(reload.asked()).await;
        assert!(!stop.is_asked());

        send("-TERM");
        soon(stop.asked()).await;
        assert_eq!(lifecycle.guard(async { "ended by itself" }).await, Ok("ended by itself"));

        send("-INT");
        assert_eq!(soon(lifecycle.guard(std::future::pending::<()>())).await, Err(EndedAtOnce));
    }

    #[tokio::test]
    async fn a_stop_without_its_handle_is_asked_for() {
        let (handle, stop) = Stop::by_hand();
        assert!(!stop.is_asked());
        drop(handle);
        soon(stop.asked()).await;
    }
}
