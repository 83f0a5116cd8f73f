//! What Heartbeat costs, measured: `cargo bench --bench beats`, or one part of it with `-- beat 20000`, `-- readback 2000`, `-- judge 2000`, `-- judge 1000 1440` after a day of history, `-- start`,
//! `-- minutes 10000 2`, `-- visitors 600 10`. docs/performance.md says what came of it. Linux only; `wrk` is needed for `beat`.

#![expect(clippy::print_stdout, reason = "a bench prints")]

mod cost;
mod start;
mod visitors;

use std::path::Path;
use std::process::Command;

use anyhow::Context as _;
use heartbeat::cli::bench::{Process, Projects, Service, Sink, Testbed};
use heartbeat::clock::Speed;
use heartbeat::config::Environment;
use heartbeat::model::Timestamp;

/// What is measured.
const PROGRAM: &str = env!("CARGO_BIN_EXE_heartbeat");

fn main() -> anyhow::Result<()> {
    // Cargo adds `--bench`.
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    // The only failure is that a provider is installed already, and then there is one.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    // As the program itself has it.
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        match words[..] {
            ["beat", count] => cost::beat(count.parse()?).await,
            ["readback", count] => cost::readback(count.parse()?, false, 0).await,
            ["readback", count, history] => cost::readback(count.parse()?, false, history.parse()?).await,
            ["judge", count] => cost::readback(count.parse()?, true, 0).await,
            ["judge", count, history] => cost::readback(count.parse()?, true, history.parse()?).await,
            ["start"] => start::start().await,
            ["minutes", count, minutes] => whole_minutes(count, minutes),
            ["visitors", count, minutes] => visitors::visitors(count.parse()?, minutes.parse()?).await,
            [] => everything().await,
            _ => anyhow::bail!("there are: beat COUNT, readback COUNT [HISTORY], judge COUNT [HISTORY], start, minutes COUNT MINUTES, visitors COUNT MINUTES"),
        }
    })
}

async fn everything() -> anyhow::Result<()> {
    cost::beat(20_000).await?;
    cost::readback(2_000, false, 0).await?;
    cost::readback(2_000, true, 0).await?;
    cost::readback(1_000, true, 24 * 60).await?;
    start::start().await?;
    whole_minutes("1", "4")?;
    whole_minutes("10000", "2")
}

/// `heartbeat bench`, which measures whole minutes.
fn whole_minutes(count: &str, minutes: &str) -> anyhow::Result<()> {
    let mut bench = Command::new(PROGRAM);
    bench.args(["bench", "--projects", count, "--for", &format!("{minutes}m")]);
    anyhow::ensure!(bench.status().context("the program cannot be started")?.success(), "beats are missing");
    Ok(())
}

async fn sink() -> anyhow::Result<Sink> {
    Sink::start(Path::new(PROGRAM), Speed::REAL, None).await
}

/// A store with projects.
async fn testbed(projects: Projects<'_>, now: Timestamp) -> anyhow::Result<Testbed> {
    let testbed = Testbed::new(None).await?;
    testbed.fill(projects, now).await?;
    Ok(testbed)
}

/// The program, running on it, with its page at this address.
fn run(testbed: &Testbed, listen: &str) -> anyhow::Result<Process> {
    testbed.run(Service { program: Path::new(PROGRAM), environment: &Environment::default(), speed: Speed::REAL, listen })
}
