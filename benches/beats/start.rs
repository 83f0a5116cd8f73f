//! From the start of the built program to its first request, the memory of one project, and the size of the program.

use std::time::Duration;

use heartbeat::cli::bench::{Projects, Sink, Testbed, memory_kib};
use heartbeat::clock::Clock;

use crate::{PROGRAM, run, sink, testbed};

/// Starting is measured so often.
const STARTS: usize = 15;
/// A service that has sent its first beat and made its first read-back has needed all that it needs.
const FIRST_READBACK: Duration = Duration::from_secs(15);
/// A start that takes longer has failed.
const PATIENCE: Duration = Duration::from_secs(20);

/// From the start of the process to its first request, on a store that is there; and the memory of one project.
pub(crate) async fn start() -> anyhow::Result<()> {
    let mut sink = sink().await?;
    let clock = Clock::system();
    let mut took_us = Vec::with_capacity(STARTS);
    for _ in 0..STARTS {
        // A store of its own: on one that has this minute's beat, none would be sent.
        let bed = one_project(&sink, &clock).await?;
        let begun_us = clock.now_us();
        let _process = run(&bed, "127.0.0.1:0")?;
        took_us.push(first_request(&mut sink, &clock).await? - begun_us);
    }
    took_us.sort_unstable();
    let ms = |us: i64| us as f64 / 1e3;
    println!(
        "start to first request: median {:.1} ms, worst of {STARTS} {:.1} ms (goal: 30)",
        ms(took_us[STARTS / 2]),
        ms(took_us[STARTS - 1])
    );

    let bed = one_project(&sink, &clock).await?;
    let process = run(&bed, "127.0.0.1:0")?;
    first_request(&mut sink, &clock).await?;
    clock.sleep(FIRST_READBACK).await;
    let of = |figure| -> anyhow::Result<f64> { Ok(memory_kib(&process.id(), figure)? as f64 / 1024.0) };
    println!("one project: peak memory {:.1} MiB (goal: 12), idle {:.1} MiB", of("VmHWM")?, of("VmRSS")?);
    let size = std::fs::metadata(PROGRAM)?.len();
    println!("program: {:.1} MB (goal: 20)", size as f64 / 1e6);
    Ok(())
}

async fn one_project(sink: &Sink, clock: &Clock) -> anyhow::Result<Testbed> {
    testbed(Projects { count: 1, address: &sink.address, keyed: true, watched: false }, clock.now()).await
}

async fn first_request(sink: &mut Sink, clock: &Clock) -> anyhow::Result<i64> {
    let begun = clock.monotonic();
    loop {
        if let Some(first_us) = sink.take().await?.first_us {
            return Ok(first_us);
        }
        anyhow::ensure!(clock.monotonic().saturating_sub(begun) < PATIENCE, "no request came within {PATIENCE:?}");
        clock.sleep(Duration::from_millis(5)).await;
    }
}
