//! `heartbeat incidents ack`, `unack` and `snooze`: a person's word on an incident. The record goes on as before.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use super::WhichOne;
use crate::cli::global::Invocation;
use crate::cli::moment::Moment;
use crate::cli::told::{plainly, told};
use crate::edit::incident::{self, Word, snooze_time};

/// `heartbeat incidents ack`
#[derive(Debug, Args)]
pub struct Ack {
    #[command(flatten)]
    pub which: WhichOne,

    /// Who has it in hand, and perhaps what is being done [default: the name of the user]
    #[arg(long, value_name = "WORDS")]
    pub by: Option<String>,

    /// As of when.
    #[command(flatten)]
    pub moment: Moment,
}

/// `heartbeat incidents unack`
#[derive(Debug, Args)]
pub struct Unack {
    #[command(flatten)]
    pub which: WhichOne,

    /// As of when.
    #[command(flatten)]
    pub moment: Moment,
}

/// `heartbeat incidents snooze`
#[derive(Debug, Args)]
pub struct Snooze {
    #[command(flatten)]
    pub which: WhichOne,

    /// For how long, such as 2h
    #[arg(long = "for", value_name = "TIME", value_parser = snooze_time)]
    pub lasts: Duration,

    /// As of when.
    #[command(flatten)]
    pub moment: Moment,
}

impl Ack {
    pub(super) async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        let by = self.by.as_deref().or(invocation.environment.value("USER")).unwrap_or("somebody");
        let word = Word::in_hand(by, self.moment.time()).map_err(|wrong| told(&[("by", "--by")])(wrong.into()))?;
        hold(&self.which, invocation, &word).await
    }
}

impl Unack {
    pub(super) async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        hold(&self.which, invocation, &Word::in_nobodys_hand(self.moment.time())).await
    }
}

impl Snooze {
    pub(super) async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        hold(&self.which, invocation, &Word::wait(self.lasts, self.moment.time())).await
    }
}

/// Writes a word on an open incident, and shows it.
async fn hold(which: &WhichOne, invocation: &Invocation, word: &Word) -> anyhow::Result<ExitCode> {
    let store = invocation.store().await?;
    let held = incident::hold(&*store, which.id, word).await.map_err(plainly)?;
    invocation.screen.line(format!("incident {}, {}: {}", which.id, held.incident.project_name, held.words))?;
    Ok(ExitCode::SUCCESS)
}
