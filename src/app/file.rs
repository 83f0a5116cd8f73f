//! Watches the database file: if it is deleted or replaced while it is open, rows go to a file that nothing can read.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseFile {
    path: PathBuf,
    opened: (u64, u64),
}

impl DatabaseFile {
    pub fn at(path: PathBuf) -> io::Result<Self> {
        let opened = identity(&path)?;
        Ok(Self { path, opened })
    }

    /// What happened to the file; none while it exists.
    #[must_use]
    pub fn gone(&self) -> Option<String> {
        let what = match identity(&self.path) {
            Ok(now) if now == self.opened => return None,
            Ok(_) => "replaced by another file",
            Err(error) if error.kind() == io::ErrorKind::NotFound => "deleted or moved away",
            // It may still exist.
            Err(_) => return None,
        };
        Some(format!(
            "the database file {} was {what} while it was in use: new rows are lost. Heartbeat stops; \
             put the file back, or start Heartbeat again with the file that is there",
            self.path.display()
        ))
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
        fs::rename(&path, folder.path().join("moved")).unwrap();
        assert!(file.gone().unwrap().contains("deleted or moved away"));
        fs::write(&path, "another").unwrap();
        assert!(file.gone().unwrap().contains("replaced by another file"));
        fs::rename(folder.path().join("moved"), &path).unwrap();
        assert_eq!(file.gone(), None, "put back in time");
    }
}
