//! `heartbeat incidents ack`, `unack` and `snooze`: a person's word on an incident. The record goes on as before.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use super::WhichOne;
use crate::cli::explain::{plainly, told};
use crate::cli::global::Invocation;
use crate::cli::moment::Moment;
use crate::config::Scope;
use crate::model::Timestamp;
use crate::report::json::IncidentJson;
use crate::settings::incident::{self, Word, snooze_time};
use crate::store::IncidentFilter;

/// `heartbeat incidents ack`
#[derive(Debug, Args)]
pub struct Ack {
    #[command(flatten)]
    pub which: WhichOne,

    /// Who has it in hand, and perhaps what is being done [default: the name of the user, unless somebody has it in hand already]
    #[arg(long, value_name = "WORDS")]
    pub by: Option<String>,

    /// Print the incident as JSON
    #[arg(long)]
    pub json: bool,

    /// As of when.
    #[command(flatten)]
    pub moment: Moment,
}

/// `heartbeat incidents unack`
#[derive(Debug, Args)]
pub struct Unack {
    #[command(flatten)]
    pub which: WhichOne,

    /// Print the incident as JSON
    #[arg(long)]
    pub json: bool,

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

    /// Print the incident as JSON
    #[arg(long)]
    pub json: bool,

    /// As of when.
    #[command(flatten)]
    pub moment: Moment,
}

impl Ack {
    pub(super) async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        let by = self.by.as_deref().or(invocation.environment.value("USER")).unwrap_or("somebody");
        let word = Word::acknowledged(by, self.moment.time()).map_err(|wrong| told(&[("by", "--by")])(wrong.into()))?;
        // Whoever says no name takes it from nobody.
        let word = if self.by.is_some() { word } else { word.only_if_free() };
        hold(&self.which, self.json, self.moment.time(), invocation, &word).await
    }
}

impl Unack {
    pub(super) async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        hold(&self.which, self.json, self.moment.time(), invocation, &Word::unacknowledged(self.moment.time())).await
    }
}

impl Snooze {
    pub(super) async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        hold(&self.which, self.json, self.moment.time(), invocation, &Word::wait(self.lasts, self.moment.time())).await
    }
}

/// Writes a word on an open incident, and shows it.
async fn hold(which: &WhichOne, json: bool, at: Timestamp, invocation: &Invocation, word: &Word) -> anyhow::Result<ExitCode> {
    let public = invocation.settings(Scope::Service)?.web.public_url;
    let store = invocation.store().await?;
    let held = incident::hold(&store, which.id, word).await.map_err(plainly)?;
    if json {
        // As it is now, and as the API shows it.
        let now =
            store.incidents(&IncidentFilter { id: held.incident.id, ..IncidentFilter::default() }).await?.pop().unwrap_or(held.incident);
        invocation.screen.json(&IncidentJson::of(&now, at, public.as_ref()))?;
        return Ok(ExitCode::SUCCESS);
    }
    invocation.screen.line(format!("incident {}, {}: {}", which.id, held.incident.project_name, held.words))?;
    if held.is_kept {
        invocation.screen.note("Nothing was changed. To take it over, say another name: --by NAME")?;
    }
    Ok(ExitCode::SUCCESS)
}
