//! Notices that settings or the outbox changed, by this process or by another one, so that the loops can sleep until then.

use tokio::sync::watch;

use super::numbers::{NOTIFICATIONS, REVISION};
use super::statement::{any_of, sql};
use super::{Store, StoreError};

pub use log::CommitLog;

/// The counters that grow with each change of settings and of the outbox, and whether changes by other processes are noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    revision: i64,
    notifications: i64,
    is_watched: bool,
}

impl Counters {
    /// Returns whether one of these counters is another now.
    pub(super) fn grow(&mut self, grown: &[(&str, i64)]) -> bool {
        let before = *self;
        for (counter, value) in grown {
            match *counter {
                REVISION => self.revision = *value,
                NOTIFICATIONS => self.notifications = *value,
                _ => {}
            }
        }
        *self != before
    }
}

impl Store {
    /// Receives a value when this process has changed settings or the outbox, and when [`Store::notice_changes`] finds that another one has.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<Counters> {
        self.database.changes().subscribe()
    }

    pub async fn notice_changes(&self) -> Result<(), StoreError> {
        let counters = sql!("SELECT name, value FROM heartbeat_meta WHERE name IN ?", any_of([REVISION, NOTIFICATIONS]));
        let counters = self.database.read("reading what changed", counters, |row| Ok((row.text("name")?, row.int("value")?))).await?;
        let counters: Vec<(&str, i64)> = counters.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        self.database.changes().send_if_modified(|before| {
            let mut now = Counters { is_watched: before.is_watched, ..Counters::default() };
            now.grow(&counters);
            std::mem::replace(before, now) != now
        });
        Ok(())
    }

    /// Whether something calls [`Store::notice_changes`] soon after each change: then nothing else needs to ask for changes.
    #[must_use]
    pub fn is_watched(&self) -> bool {
        self.database.changes().borrow().is_watched
    }

    pub fn set_watched(&self, is_watched: bool) {
        self.database.changes().send_if_modified(|counters| {
            counters.is_watched = is_watched;
            false
        });
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
            loop {
                let mut ready = self.0.readable().await?;
                let has_changed = self.read_all()?;
                ready.clear_ready();
                if has_changed {
                    return Ok(());
                }
            }
        }

        /// Forgets what was committed up to now. An error is returned by the next [`CommitLog::changed`].
        pub fn clear(&self) {
            let _ = self.read_all();
        }

        /// Returns whether there was something to read.
        fn read_all(&self) -> rustix::io::Result<bool> {
            let (mut buffer, mut found) = ([0; BUFFER], false);
            loop {
                match rustix::io::read(&self.0, &mut buffer) {
                    Ok(_) => found = true,
                    Err(rustix::io::Errno::AGAIN) => return Ok(found),
                    Err(error) => return Err(error),
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

        pub fn clear(&self) {
            match self.0 {}
        }
    }
}
