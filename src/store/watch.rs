//! Notices that settings or the outbox changed, by this process or by another one, so that the loops can sleep until then.

use std::convert::Infallible;
use std::time::Duration;

use tokio::sync::watch;

use super::statement::sql;
use super::{Store, StoreError};
use crate::clock::Clock;

/// How often the database is asked where nothing reports a change. In real time, as all durations here.
const ASK_EVERY: Duration = Duration::from_secs(1);
/// How often it is asked although the kernel reported no change.
const ASK_ANYWAY_EVERY: Duration = Duration::from_mins(1);
/// Between two questions: a busy service commits hundreds of times a second.
const PAUSE: Duration = Duration::from_millis(250);

/// The counters that grow with each change of settings and of the outbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    revision: i64,
    notifications: i64,
}

impl Store {
    /// Receives a value when settings or the outbox changed, while [`Store::watch`] runs.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<Counters> {
        self.changes.subscribe()
    }

    /// SQLite appends each commit to its write-ahead log: on Linux the kernel reports when that file changes, and until then nothing wakes
    /// this process. Elsewhere the database is asked each second.
    pub async fn watch(&self) -> Infallible {
        let real = Clock::system();
        let mut log = self.database.log_file().and_then(|path| log::Log::at(&path).ok());
        loop {
            match self.counters().await {
                Ok(now) => {
                    self.changes.send_if_modified(|before| std::mem::replace(before, now) != now);
                }
                // A failing store is reported elsewhere.
                Err(_) => real.sleep(ASK_EVERY).await,
            }
            match &log {
                None => real.sleep(ASK_EVERY).await,
                Some(file) => {
                    real.sleep(PAUSE).await;
                    if matches!(Clock::real_timeout(ASK_ANYWAY_EVERY, file.changed()).await, Ok(Err(_))) {
                        log = None;
                    }
                }
            }
        }
    }

    async fn counters(&self) -> Result<Counters, StoreError> {
        let counters = sql!("SELECT name, value FROM heartbeat_meta WHERE name IN ('revision', 'next_notification')");
        let counters = self.database.read("reading what changed", counters, |row| Ok((row.text("name")?, row.int("value")?))).await?;
        let of = |name| counters.iter().find(|(counter, _)| counter == name).map_or(0, |(_, value)| *value);
        Ok(Counters { revision: of("revision"), notifications: of("next_notification") })
    }
}

#[cfg(target_os = "linux")]
mod log {
    use std::io;
    use std::os::fd::OwnedFd;
    use std::path::Path;

    use rustix::fs::inotify;
    use tokio::io::Interest;
    use tokio::io::unix::AsyncFd;

    /// Enough for 64 events about a file.
    const BUFFER: usize = 1024;

    pub(super) struct Log(AsyncFd<OwnedFd>);

    impl Log {
        pub(super) fn at(path: &Path) -> io::Result<Self> {
            let events = inotify::init(inotify::CreateFlags::NONBLOCK | inotify::CreateFlags::CLOEXEC)?;
            inotify::add_watch(&events, path, inotify::WatchFlags::MODIFY)?;
            #[expect(
                deprecated,
                reason = "sound for a descriptor that is owned; its replacement needs unsafe code, which is forbidden here"
            )]
            let events = AsyncFd::try_with_interest(events, Interest::READABLE)?;
            Ok(Self(events))
        }

        /// Waits until the file changed after the last call.
        pub(super) async fn changed(&self) -> io::Result<()> {
            let mut ready = self.0.readable().await?;
            let mut buffer = [0; BUFFER];
            loop {
                match rustix::io::read(&self.0, &mut buffer) {
                    Ok(_) => {}
                    Err(rustix::io::Errno::AGAIN) => {
                        ready.clear_ready();
                        return Ok(());
                    }
                    Err(error) => return Err(error.into()),
                }
            }
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod log {
    use std::convert::Infallible;
    use std::io;
    use std::path::Path;

    pub(super) struct Log(Infallible);

    impl Log {
        pub(super) fn at(_path: &Path) -> io::Result<Self> {
            Err(io::ErrorKind::Unsupported.into())
        }

        pub(super) async fn changed(&self) -> io::Result<()> {
            match self.0 {}
        }
    }
}
