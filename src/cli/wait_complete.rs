//! `heartbeat wait-complete`: waits until a project's data is complete, for jobs that read it.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use serde::Serialize;

use super::error::Misuse;
use super::global::Invocation;
use crate::clock::{Clock, Speed};
use crate::judge::is_complete;
use crate::model::{Timestamp, duration};
use crate::report;

/// So often it is looked whether the data is complete.
const LOOKED_AGAIN: Duration = Duration::from_secs(2);

/// Wait until a project's data is complete, before a job reads it (shell, dbt, Airflow)
#[derive(Debug, Args)]
#[command(
    after_help = "The data is complete through a minute when that minute is over and every accepted beat up to and with it has arrived.

JSON: {project, at_least, complete_through, reached}; times are RFC 3339.

Exit codes: 0 the data is complete, 1 it was not in time."
)]
pub struct WaitComplete {
    /// The project
    #[arg(long, value_name = "NAME")]
    pub project: String,

    /// The data must be complete through the minute of this time, such as 2026-11-23T14:32:00Z
    #[arg(long, value_name = "TIME", value_parser = Timestamp::parse)]
    pub at_least: Timestamp,

    /// Wait so long at most
    #[arg(long, value_name = "TIME", default_value = "30m", value_parser = duration::parse)]
    pub timeout: Duration,

    /// The speed of the service, when it runs in fast time
    #[arg(long, value_name = "TIMES", default_value = "1", value_parser = Speed::parse, hide_default_value = true)]
    pub speed: Speed,

    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Serialize)]
struct WaitedJson {
    project: String,
    at_least: String,
    complete_through: Option<String>,
    reached: bool,
}

impl WaitComplete {
    pub(super) async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        let (store, clock) = (invocation.store().await?, Clock::fast(self.speed));
        let specs = super::global::specs(&store).await?;
        let name = super::project_named(&specs, &self.project)?.name.clone();
        let begun = clock.monotonic();
        let mut told = false;
        let (through, reached, verdict) = loop {
            let project = store.project(&name).await?.ok_or_else(|| Misuse(format!("project {name} was removed meanwhile")))?;
            let readback = store.readback(project.id).await?;
            let report = report::report(&store, Arc::new(project), readback, clock.now()).await?;
            let (through, verdict) = (report.complete_through, report.verdict.to_string());
            let reached = is_complete(through, self.at_least, clock.now());
            if reached || clock.monotonic().saturating_sub(begun) >= self.timeout {
                break (through, reached, verdict);
            }
            if !std::mem::replace(&mut told, true) {
                let is = through.map_or_else(|| "nothing yet".to_owned(), |minute| format!("{minute} UTC"));
                invocation.screen.note(format!("{name}: complete through {is}; waiting for {}", self.at_least))?;
            }
            clock.sleep(LOOKED_AGAIN.min(self.timeout)).await;
        };
        let is = through.map(|minute| minute.start().to_string());
        if self.json {
            let at_least = self.at_least.to_string();
            invocation.screen.json(&WaitedJson { project: name.to_string(), at_least, complete_through: is, reached })?;
        } else if reached {
            invocation.screen.line(format!("{name}: complete through {}", is.unwrap_or_default()))?;
        } else {
            let is = is.unwrap_or_else(|| "nothing yet".to_owned());
            invocation.screen.note(format!(
                "{name}: not complete through {} after {}; complete through {is}. {verdict}",
                self.at_least,
                duration::show(self.timeout)
            ))?;
        }
        Ok(if reached { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}
