//! `heartbeat export`: writes the settings in the store as a settings file.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;

use super::config::counted;
use super::global::Invocation;
use super::which_project::filter;
use crate::config::to_toml;
use crate::settings::Stored;

/// Only the owner can read the file, since it may contain secrets.
const MODE: u32 = 0o600;

/// Write projects, channels, maintenance windows and status pages as a settings file for `apply`
#[derive(Debug, Args)]
pub struct Export {
    /// Include secrets as plain text: personal API keys, and keys and addresses of webhooks and channels
    #[arg(long)]
    pub with_secrets: bool,

    /// Export only this project, without channels, windows and status pages (repeatable)
    #[arg(long, value_name = "NAME")]
    pub project: Vec<String>,

    /// Write to this file (mode 0600) instead of standard output
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

impl Export {
    pub(super) async fn run(self, invocation: &Invocation) -> anyhow::Result<()> {
        let store = invocation.store().await?;
        let mut stored = Stored::read(&store).await?;
        if !self.project.is_empty() {
            let filter = filter(&self.project, &stored.projects)?;
            stored.projects.retain(|project| filter.matches(project));
            stored = Stored { projects: stored.projects, channels: Vec::new(), windows: Vec::new(), status_pages: Vec::new() };
        }
        let text = to_toml(stored.exported(), self.with_secrets);
        match &self.output {
            Some(path) => {
                write_whole(path, &text).with_context(|| format!("{} could not be written", path.display()))?;
                let Stored { projects, channels, windows, status_pages } = &stored;
                let counted = counted([projects.len(), channels.len(), windows.len(), status_pages.len()]);
                invocation.screen.note(format!("Wrote {counted} to {}.", path.display()))?;
            }
            None => invocation.screen.text(&text)?,
        }
        Ok(())
    }
}

/// Writes a temporary file and renames it, so that the file is never incomplete and never readable by others.
fn write_whole(path: &Path, text: &str) -> io::Result<()> {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".new");
    let write = || {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(MODE).open(&temporary)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&temporary, path)
    };
    // A temporary file of an interrupted run may be readable by others.
    match fs::remove_file(&temporary) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => write().inspect_err(|_| drop(fs::remove_file(&temporary))),
    }
}
