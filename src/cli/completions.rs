//! `heartbeat completions`: shell completions.

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use super::Cli;
use super::global::Invocation;

/// Print the completions for a shell
#[derive(Debug, Args)]
#[command(after_help = "For bash: heartbeat completions bash > ~/.local/share/bash-completion/completions/heartbeat")]
pub struct Completions {
    /// Shell to print the completions for
    pub shell: Shell,
}

impl Completions {
    pub(super) fn run(&self, invocation: &Invocation) -> anyhow::Result<()> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "heartbeat", &mut script);
        Ok(invocation.screen.text(&String::from_utf8(script)?)?)
    }
}
