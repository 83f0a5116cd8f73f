//! `heartbeat incidents ack`, `unack` and `snooze`.

use std::time::Duration;

use clap::Args;

use super::IncidentNumber;
use crate::cli::explain::{explain, explain_with};
use crate::cli::global::Invocation;
use crate::cli::moment::Moment;
use crate::config::Scope;
use crate::report::json::IncidentJson;
use crate::settings::incident::{self, Word, snooze_time};
use crate::store::IncidentFilter;

#[derive(Debug, Args)]
pub struct Ack {
    #[command(flatten)]
    pub which: IncidentNumber,

    /// Name of the person, with an optional comment [default: your user name, unless the incident is already acknowledged]
    #[arg(long, value_name = "NAME")]
    pub by: Option<String>,

    #[command(flatten)]
    pub print: Print,
}

#[derive(Debug, Args)]
pub struct Unack {
    #[command(flatten)]
    pub which: IncidentNumber,

    #[command(flatten)]
    pub print: Print,
}

#[derive(Debug, Args)]
pub struct Snooze {
    #[command(flatten)]
    pub which: IncidentNumber,

    /// Time to snooze, for example 2h
    #[arg(long = "for", value_name = "TIME", allow_hyphen_values = true, value_parser = snooze_time)]
    pub lasts: Duration,

    #[command(flatten)]
    pub print: Print,
}

#[derive(Debug, Args)]
pub struct Print {
    /// Print the incident as JSON
    #[arg(long)]
    pub json: bool,

    #[command(flatten)]
    pub moment: Moment,
}

impl Ack {
    pub(super) async fn run(self, invocation: &Invocation) -> anyhow::Result<()> {
        let by = self.by.as_deref().or(invocation.environment.value("USER")).unwrap_or("unknown");
        let word = Word::acknowledged(by, self.print.moment.time()).map_err(|wrong| explain_with(&[("by", "--by")])(wrong.into()))?;
        // Without --by, an existing acknowledgement is not replaced.
        let word = if self.by.is_some() { word } else { word.only_if_free() };
        self.print.hold(&self.which, invocation, &word).await
    }
}

impl Unack {
    pub(super) async fn run(self, invocation: &Invocation) -> anyhow::Result<()> {
        self.print.hold(&self.which, invocation, &Word::unacknowledged(self.print.moment.time())).await
    }
}

impl Snooze {
    pub(super) async fn run(self, invocation: &Invocation) -> anyhow::Result<()> {
        self.print.hold(&self.which, invocation, &Word::wait(self.lasts, self.print.moment.time())).await
    }
}

impl Print {
    async fn hold(&self, which: &IncidentNumber, invocation: &Invocation, word: &Word) -> anyhow::Result<()> {
        let public = invocation.settings(Scope::Service)?.web.public_url;
        let store = invocation.store().await?;
        let held = incident::hold(&store, which.id, word).await.map_err(explain)?;
        if self.json {
            // The current state, as the API returns it.
            let filter = IncidentFilter { id: held.incident.id, ..IncidentFilter::default() };
            let now = store.incidents(&filter).await?.pop().unwrap_or(held.incident);
            return Ok(invocation.screen.json(&IncidentJson::of(&now, self.moment.time(), public.as_ref()))?);
        }
        invocation.screen.line(format!("incident {}, {}: {}", which.id, held.incident.project_name, held.words))?;
        if held.is_kept {
            invocation.screen.note("Nothing was changed. To replace the acknowledgement, give another name with --by NAME.")?;
        }
        Ok(())
    }
}
