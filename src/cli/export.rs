//! `heartbeat export`: the projects, channels and maintenance windows of the store, as a settings file.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;

use super::config::counted;
use super::global::Invocation;
use super::project_named;
use crate::config::to_toml;
use crate::settings::Stored;

/// For the owner alone: the file may hold secrets.
const MODE: u32 = 0o600;

/// Write the store as a settings file that `apply` reads back: projects, channels, maintenance windows, status pages
#[derive(Debug, Args)]
pub struct Export {
    /// Write secrets as well, in clear: personal API keys, and the keys and addresses of webhooks and channels
    #[arg(long)]
    pub with_secrets: bool,

    /// This project alone, without channels, windows and status pages (may be given more than once)
    #[arg(long, value_name = "NAME")]
    pub project: Vec<String>,

    /// Write to this file (mode 0600) and not to standard output
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

impl Export {
    pub(super) async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        let store = invocation.store().await?;
        let mut stored = Stored::read(&store).await?;
        if !self.project.is_empty() {
            let chosen = self.project.iter().map(|name| project_named(&stored.projects, name).cloned()).collect::<Result<_, _>>()?;
            stored = Stored { projects: chosen, channels: Vec::new(), windows: Vec::new(), status_pages: Vec::new() };
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
        Ok(ExitCode::SUCCESS)
    }
}

/// Writes beside the file first, then takes its place: a file is never half written, nor open to others for a moment.
fn write_whole(path: &Path, text: &str) -> io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let write = || {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(MODE).open(&beside)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&beside, path)
    };
    // One that is left from a run that was killed is in the way, and may be open to others.
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => write().inspect_err(|_| drop(fs::remove_file(&beside))),
    }
}
