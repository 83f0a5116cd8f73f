//! `heartbeat wait-complete`: waits until the data of a project is complete, for jobs that read it.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use serde::Serialize;

use super::error::Misuse;
use super::global::Invocation;
use super::which_project::project_named;
use crate::clock::{Clock, Speed};
use crate::judge::is_complete;
use crate::model::{Timestamp, duration};
use crate::report;

const POLL_INTERVAL: Duration = Duration::from_secs(2);

/// Wait until the data of a project is complete, before a job reads it (shell, dbt, Airflow)
#[derive(Debug, Args)]
#[command(
    after_help = "The data is complete through a minute when the minute has ended and every accepted beat up to and including it has arrived.

JSON: {project, at_least, complete_through, reached}; times are RFC 3339.

Exit codes: 0 the data is complete, 1 the timeout passed."
)]
pub struct WaitComplete {
    /// Name of the project
    #[arg(long, value_name = "NAME")]
    pub project: String,

    /// Wait until the data is complete through this time, for example 2026-11-23T14:32:00Z
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, value_parser = Timestamp::parse)]
    pub at_least: Timestamp,

    /// Maximum time to wait
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, default_value = "30m", value_parser = duration::parse)]
    pub timeout: Duration,

    /// Speed of the service, when it runs in fast time
    #[arg(long, value_name = "TIMES", allow_hyphen_values = true, default_value = "1", value_parser = Speed::parse, hide_default_value = true)]
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
        let name = project_named(&specs, &self.project, |spec| spec)?.name.clone();
        let started = clock.monotonic();
        let mut is_announced = false;
        let (through, reached, verdict) = loop {
            let project = store.project(&name).await?.ok_or_else(|| Misuse(format!("project {name} was removed during the wait")))?;
            let readback = store.readback(project.id).await?;
            let report = report::report(&store, Arc::new(project), readback, clock.now()).await?;
            let (through, verdict) = (report.complete_through, report.verdict.to_string());
            let reached = is_complete(through, self.at_least, clock.now());
            if reached || clock.monotonic().saturating_sub(started) >= self.timeout {
                break (through, reached, verdict);
            }
            if !std::mem::replace(&mut is_announced, true) {
                let is = through.map_or_else(|| "nothing yet".to_owned(), |minute| format!("{minute} UTC"));
                invocation.screen.note(format!("{name}: complete through {is}; waiting for {}", self.at_least))?;
            }
            clock.sleep(POLL_INTERVAL.min(self.timeout)).await;
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
