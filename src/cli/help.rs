//! `heartbeat help` and `heartbeat man`: the help of a command, and man pages made from the same texts.

use std::fs;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, Command, CommandFactory as _};
use clap_mangen::Man;

use super::error::Misuse;
use super::global::Invocation;
use super::{Cli, explain};

/// Print the help of a command
#[derive(Debug, Args)]
pub struct Help {
    /// Command, for example `channels add`
    pub command: Vec<String>,
}

/// Print the man page of a command, or write the pages of all commands
#[derive(Debug, Args)]
#[command(after_help = "To read a page: heartbeat man channels add | man -l -
To install all pages: heartbeat man --dir ~/.local/share/man/man1")]
pub struct ManPages {
    /// Command, for example `channels add`
    pub command: Vec<String>,

    /// Write the pages of all commands to this directory, which is created
    #[arg(long, value_name = "DIR", conflicts_with = "command")]
    pub dir: Option<PathBuf>,
}

impl Help {
    pub(super) fn run(&self, invocation: &Invocation) -> anyhow::Result<()> {
        Ok(invocation.screen.text(&find(&self.command)?.render_help().ansi().to_string())?)
    }
}

impl ManPages {
    pub(super) fn run(&self, invocation: &Invocation) -> anyhow::Result<()> {
        if let Some(dir) = &self.dir {
            fs::create_dir_all(dir).with_context(|| format!("cannot create the directory {}", dir.display()))?;
            let written = clap_mangen::generate_to(Cli::command(), dir);
            written.with_context(|| format!("cannot write the man pages to {}", dir.display()))?;
            return Ok(invocation.screen.note(format!("The man pages are in {}.", dir.display()))?);
        }
        let mut page = Vec::new();
        Man::new(find(&self.command)?).render(&mut page)?;
        Ok(invocation.screen.text(&String::from_utf8(page)?)?)
    }
}

/// The command of this path, with its full name in its usage line.
fn find(path: &[String]) -> Result<Command, Misuse> {
    let mut command = Cli::command();
    command.build();
    for name in path {
        if !command.has_subcommands() {
            return Err(Misuse(format!("`{}` has no command `{name}` below it", command.get_bin_name().unwrap_or_default())));
        }
        let names: Vec<String> = command.get_subcommands().map(|command| command.get_name().to_owned()).collect();
        let found = command.find_subcommand(name).cloned();
        command = found.ok_or_else(|| explain::absent("command", name, &names))?;
    }
    Ok(command)
}
