//! `heartbeat bench`: what this machine can do, measured with the real service and a sink in place of PostHog.

mod course;
mod figures;
mod intake;
mod lateness;
mod limit;
mod process;
mod project;
mod sink;
mod testbed;
mod window;

use std::num::NonZeroU64;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use clap::{Args, Subcommand};

use super::global::Invocation;
use crate::clock::Speed;
use crate::config::{Database, Problem, Problems};
use crate::lifecycle::{Hangup, Lifecycle, Stop};
use crate::model::{Invalid, duration};
use course::{Course, Plan};
use figures::Figures;
use sink::SinkCommand;

pub use intake::{Intake, MinuteIntake};
pub use lateness::Lateness;
pub use process::{Process, memory_kib, processor_time};
pub use project::Projects;
pub use sink::Sink;
pub use testbed::{Service, Testbed};

/// Measure how many projects this machine can serve, and at what cost
///
/// It starts `heartbeat run` with projects of its own, and a sink that answers it in place of PostHog, each in its own process. Nothing is sent to other
/// machines, and your own database, settings and environment are not used. The first minute is not counted.
///
/// --readback gives the projects a personal API key and Ingestion Alert: each beat is also read back and judged. The processor time of a beat is then
/// measured in the seconds of a minute in which beats are sent and not read back, and that of a read-back in those in which it is the other way
/// round.
///
/// The database is a temporary SQLite file. --database gives another, which must be empty or left by an earlier bench; it is emptied afterwards.
///
/// Processor time, memory and limits are measured on Linux only.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "JSON (one object): {projects, minutes, readback, speed, database, cores, beats_expected, beats_sent, beats_late, beats_recorded, beats_read_back, \
beats_missing, requests_repeated, lateness_p50_ms, lateness_p99_ms, lateness_p999_ms, lateness_longest_ms, processor_us_per_beat, processor_us_per_readback, \
processor_ms_per_minute, memory_peak_bytes, memory_bytes_per_project, rows_per_second, service_cores_at_most, sink_cores_at_most, descriptors_at_most, \
limited_by, service_ended}; null is what was not measured. limited_by is nothing, processor, sink, store or descriptors.

Exit codes: 0 every beat was sent and recorded, and read back with --readback; 1 beats are missing, or it was stopped."
)]
pub struct Bench {
    #[command(subcommand)]
    part: Option<Part>,

    /// Number of projects, each with one beat a minute
    #[arg(long, value_name = "N", default_value = "1000", value_parser = clap::value_parser!(u32).range(1..=5_000_000))]
    projects: u32,

    /// Minutes to measure, for example 5m
    #[arg(long = "for", value_name = "TIME", allow_hyphen_values = true, default_value = "5m", value_parser = whole_minutes)]
    lasts: Duration,

    /// Read back and judge each beat as well
    #[arg(long)]
    readback: bool,

    /// Run in fast time; lateness stays in real time
    #[arg(long, value_name = "TIMES", allow_hyphen_values = true, default_value = "1", value_parser = Speed::parse, hide_default_value = true)]
    speed: Speed,

    /// Let the sink accept and drop one of N beats: they must be reported as missing (with --readback)
    #[arg(long, value_name = "N", requires = "readback")]
    lose: Option<NonZeroU64>,

    /// Measure another build of heartbeat [default: this program]
    #[arg(long, value_name = "PATH")]
    program: Option<PathBuf>,

    /// Print the figures as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Part {
    #[command(hide = true)]
    Sink(SinkCommand),
}

#[derive(Debug, thiserror::Error)]
#[error("stopped before the end: there are no figures")]
struct Stopped;

fn whole_minutes(text: &str) -> Result<Duration, Invalid> {
    let lasts = duration::within(text, Duration::from_mins(1), Duration::from_hours(24))?;
    if lasts.subsec_nanos() == 0 && lasts.as_secs().is_multiple_of(60) {
        Ok(lasts)
    } else {
        Err(Invalid::malformed(text, "whole minutes, for example `5m`"))
    }
}

impl Bench {
    pub(super) async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        if let Some(Part::Sink(sink)) = self.part {
            sink.run(invocation).await?;
            return Ok(ExitCode::SUCCESS);
        }
        let lifecycle = Lifecycle::listen(Hangup::Stops)?;
        let database = database(invocation)?;
        if !process::IS_MEASURABLE {
            invocation.screen.note("Processor time, memory and limits are measured on Linux only; the other figures follow.")?;
        }
        let testbed = unless_stopped(&lifecycle.stop(), Testbed::new(database)).await?;
        let figures = self.measure(invocation, &testbed, &lifecycle.stop()).await;
        lifecycle.guard(testbed.remove()).await??;
        let figures = figures?;
        if self.json {
            invocation.screen.json(&figures)?;
        } else {
            invocation.screen.text(&figures.to_string())?;
        }
        if let Some(ended) = &figures.service_ended {
            anyhow::bail!("the service ended by itself ({ended}), and its beats are missing since then");
        }
        Ok(if figures.beats_missing == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    async fn measure(&self, invocation: &Invocation, testbed: &Testbed, stop: &Stop) -> anyhow::Result<Figures> {
        let this_program = std::env::current_exe().context("cannot find this program")?;
        let program = self.program.as_ref().unwrap_or(&this_program);
        let plan = Plan {
            projects: self.projects,
            minutes: (self.lasts.as_secs() / 60) as u32,
            readback: self.readback,
            lose: self.lose,
            this_program: &this_program,
            service: Service { program, environment: &invocation.environment, speed: self.speed, listen: "127.0.0.1:0" },
        };
        let mut course = unless_stopped(stop, Course::new(plan, invocation.screen, testbed)).await?;
        let figures = unless_stopped(stop, course.run()).await;
        course.end().await;
        figures
    }
}

async fn unless_stopped<T>(stop: &Stop, work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::select! {
        biased;
        () = stop.asked() => Err(Stopped.into()),
        done = work => done,
    }
}

/// Only of the flag: the database of the environment or of a settings file may be one that is in use.
fn database(invocation: &Invocation) -> Result<Option<Database>, Problems> {
    let read = invocation.database_flag().map(|flag| Database::parse(flag, None)).transpose();
    read.map_err(|wrong| Problem::of("--database", wrong).placed("command line").into())
}
