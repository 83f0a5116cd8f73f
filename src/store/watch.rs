//! Notices that settings or the outbox changed, by this process or by another one, so that the loops can sleep until then.

use tokio::sync::watch;

use super::statement::sql;
use super::{Store, StoreError};

pub use log::CommitLog;

/// The counters that grow with each change of settings and of the outbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    revision: i64,
    notifications: i64,
}

impl Store {
    /// Receives a value when [`Store::notice_changes`] found that settings or the outbox changed.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<Counters> {
        self.changes.subscribe()
    }

    pub async fn notice_changes(&self) -> Result<(), StoreError> {
        let counters = sql!("SELECT name, value FROM heartbeat_meta WHERE name IN ('revision', 'next_notification')");
        let counters = self.database.read("reading what changed", counters, |row| Ok((row.text("name")?, row.int("value")?))).await?;
        let of = |name| counters.iter().find(|(counter, _)| counter == name).map_or(0, |(_, value)| *value);
        let now = Counters { revision: of("revision"), notifications: of("next_notification") };
        self.changes.send_if_modified(|before| std::mem::replace(before, now) != now);
        Ok(())
    }

    /// SQLite appends each commit, by any process, to a file. None for PostgreSQL, and where the system does not report changes of files.
    #[must_use]
    pub fn commit_log(&self) -> Option<CommitLog> {
        CommitLog::at(&self.database.log_file()?).ok()
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

    pub struct CommitLog(AsyncFd<OwnedFd>);

    impl CommitLog {
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

        /// Waits until something was committed after the last call.
        pub async fn changed(&self) -> io::Result<()> {
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

    pub struct CommitLog(Infallible);

    impl CommitLog {
        pub(super) fn at(_path: &Path) -> io::Result<Self> {
            Err(io::ErrorKind::Unsupported.into())
        }

        pub async fn changed(&self) -> io::Result<()> {
            match self.0 {}
        }
    }
}
