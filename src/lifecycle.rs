//! The only place that hears signals: SIGINT and SIGTERM ask for the end, a second one ends at once, SIGHUP asks to read the
//! settings again. Gives handles to wait on; decides nothing.

#![expect(clippy::disallowed_methods, reason = "this is the one place that hears signals")]

use std::future::Future;
use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

/// Waits for the end to be asked for. Cheap to clone; all clones hear of it.
#[derive(Debug, Clone)]
pub struct Stop(watch::Receiver<bool>);

impl Stop {
    /// A stop that is asked for by hand.
    #[must_use]
    pub fn by_hand() -> (StopHandle, Self) {
        let (handle, stop) = watch::channel(false);
        (StopHandle(handle), Self(stop))
    }

    /// Whether it was asked for.
    #[must_use]
    pub fn is_asked(&self) -> bool {
        *self.0.borrow()
    }

    /// Returns once it was asked for; at once, if it was before. When nobody is left who could ask, the end is near as well.
    pub async fn asked(&self) {
        // An error says that the handle is gone: the same news.
        let _ = self.0.clone().wait_for(|asked| *asked).await;
    }
}

/// Asks for the end. Dropped, it asks as well.
#[derive(Debug)]
pub struct StopHandle(watch::Sender<bool>);

impl StopHandle {
    /// Asks everybody who waits on the [`Stop`] to end.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}

/// Waits for the settings to be read again.
#[derive(Debug, Clone)]
pub struct Reload(watch::Receiver<u64>);

impl Reload {
    /// Returns at the next time that it is asked for. Several asked for while nobody waited are one.
    pub async fn asked(&mut self) {
        if self.0.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// A second signal came before the work had ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("ended at once by a second signal; what was not recorded yet will be sent or looked for again")]
pub struct EndedAtOnce;

/// The signals that this process listens to, for as long as this lives.
#[derive(Debug)]
pub struct Lifecycle {
    stop: Stop,
    stop_now: Stop,
    reload: Reload,
}

impl Lifecycle {
    /// Starts to listen. From here on a signal ends nothing by itself: use [`Lifecycle::guard`].
    ///
    /// # Errors
    /// When the system does not let a signal be heard.
    pub fn listen() -> io::Result<Self> {
        let ends = [signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?];
        let hangup = signal(SignalKind::hangup())?;
        let (first, stop) = Stop::by_hand();
        let (second, stop_now) = Stop::by_hand();
        let (again, reload) = watch::channel(0);
        tokio::spawn(async move {
            hear_end(ends, &first, &second).await;
        });
        tokio::spawn(hear_reload(hangup, again));
        Ok(Self { stop, stop_now, reload: Reload(reload) })
    }

    /// A handle that hears of the end.
    #[must_use]
    pub fn stop(&self) -> Stop {
        self.stop.clone()
    }

    /// A handle that hears of settings to be read again.
    #[must_use]
    pub fn reload(&self) -> Reload {
        self.reload.clone()
    }

    /// Runs `work`, which ends by itself when [`Stop`] is asked for, to its end.
    ///
    /// # Errors
    /// [`EndedAtOnce`] when a second signal came first; `work` is dropped then.
    pub async fn guard<T>(&self, work: impl Future<Output = T>) -> Result<T, EndedAtOnce> {
        tokio::select! {
            done = work => Ok(done),
            () = self.stop_now.asked() => Err(EndedAtOnce),
        }
    }
}

async fn hear_end([mut interrupt, mut terminate]: [Signal; 2], first: &StopHandle, second: &StopHandle) {
    for handle in [first, second] {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        handle.stop();
    }
}

async fn hear_reload(mut hangup: Signal, again: watch::Sender<u64>) {
    while hangup.recv().await.is_some() {
        again.send_modify(|times| *times += 1);
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
        let lifecycle = Lifecycle::listen().unwrap();
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
