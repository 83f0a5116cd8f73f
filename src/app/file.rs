//! Watches over the database's file: one that is deleted or replaced while it is open goes on taking rows that nobody will ever see.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::clock::Clock;

/// So often it is looked at. In real time: files do not hurry with the demo.
const EVERY: Duration = Duration::from_secs(10);

/// The file that was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseFile {
    path: PathBuf,
    /// Device and number: what it is, wherever it is called so.
    opened: (u64, u64),
}

impl DatabaseFile {
    /// The file at this path, as it is now.
    ///
    /// # Errors
    /// When there is none.
    pub fn at(path: PathBuf) -> io::Result<Self> {
        let opened = identity(&path)?;
        Ok(Self { path, opened })
    }

    /// What became of it; none while it is there.
    #[must_use]
    pub fn gone(&self) -> Option<String> {
        let what = match identity(&self.path) {
            Ok(now) if now == self.opened => return None,
            Ok(_) => "replaced by another file",
            Err(error) if error.kind() == io::ErrorKind::NotFound => "deleted or moved away",
            // It may be there: who cannot look cannot tell.
            Err(_) => return None,
        };
        Some(format!(
            "the database file {} was {what} while it was in use: what is written goes nowhere that anybody could read. Heartbeat ends; \
             put the file back, or start it anew with what is there",
            self.path.display()
        ))
    }

    /// Waits until it is gone; says what became of it.
    pub(super) async fn lost(self, clock: Clock) -> String {
        loop {
            clock.sleep(clock.in_real(EVERY)).await;
            if let Some(gone) = self.gone() {
                return gone;
            }
        }
    }
}

fn identity(path: &Path) -> io::Result<(u64, u64)> {
    let found = fs::metadata(path)?;
    Ok((found.dev(), found.ino()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_was_deleted_or_replaced_is_told_from_one_that_grew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("heartbeat.db");
        fs::write(&path, "a").unwrap();
        let file = DatabaseFile::at(path.clone()).unwrap();
        fs::write(&path, "more").unwrap();
        assert_eq!(file.gone(), None);
        fs::rename(&path, folder.path().join("kept")).unwrap();
        assert!(file.gone().unwrap().contains("deleted or moved away"));
        fs::write(&path, "another").unwrap();
        assert!(file.gone().unwrap().contains("replaced by another file"));
        fs::rename(folder.path().join("kept"), &path).unwrap();
        assert_eq!(file.gone(), None, "put back in time");
    }
}
