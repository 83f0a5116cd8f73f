//! What Heartbeat costs, measured: `cargo bench --bench beats`, or one part of it with `-- beat 20000`, `-- readback 2000`, `-- judge 2000`, `-- start`,
//! `-- minutes 10000 2`, `-- visitors 600 10`. docs/performance.md says what came of it. Linux only; `wrk` is needed for `beat`.

#![expect(clippy::print_stdout, reason = "a bench prints")]

mod bed;
mod cost;
mod minute;
mod process;
mod sink;
mod visitors;

fn main() -> anyhow::Result<()> {
    // Cargo adds `--bench`.
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    if words == ["sink"] {
        return Ok(sink::serve()?);
    }
    // The only failure is that a provider is installed already, and then there is one.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    // As the program itself has it.
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        match words[..] {
            ["beat", count] => cost::beat(count.parse()?).await,
            ["readback", count] => cost::readback(count.parse()?, false).await,
            ["judge", count] => cost::readback(count.parse()?, true).await,
            ["start"] => minute::start().await,
            ["minutes", count, minutes] => minute::minutes(count.parse()?, minutes.parse()?).await,
            ["visitors", count, minutes] => visitors::visitors(count.parse()?, minutes.parse()?).await,
            [] => everything().await,
            _ => anyhow::bail!("there are: beat COUNT, readback COUNT, judge COUNT, start, minutes COUNT MINUTES, visitors COUNT MINUTES"),
        }
    })
}

async fn everything() -> anyhow::Result<()> {
    cost::beat(20_000).await?;
    cost::readback(2_000, false).await?;
    cost::readback(2_000, true).await?;
    minute::start().await?;
    minute::minutes(1, 4).await?;
    minute::minutes(10_000, 2).await
}
