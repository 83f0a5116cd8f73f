//! The built program as it is, in real time: whether every beat is sent and recorded, how close to its slot, and at what cost.

use std::time::Duration;

use heartbeat::clock::Clock;
use heartbeat::model::Minute;

use crate::bed::{Bed, Projects};
use crate::process::{Process, Sink, memory_kib, processor_time};
use crate::sink::{self, now_us};

/// Starting is measured so often.
const STARTS: usize = 15;
/// A service that has sent its first beat and made its first read-back has needed all that it needs.
const FIRST_READBACK: Duration = Duration::from_secs(15);
/// A start that takes longer has failed.
const PATIENCE: Duration = Duration::from_secs(20);

/// From the start of the process to its first request, on a store that is there; and the memory of one project.
pub(crate) async fn start() -> anyhow::Result<()> {
    let mut sink = Sink::start()?;
    let clock = Clock::system();
    let mut took_us = Vec::with_capacity(STARTS);
    for _ in 0..STARTS {
        // A store of its own: on one that has this minute's beat, none would be sent.
        let bed = bed(&sink, 1, &clock).await?;
        let begun_us = now_us();
        let _process = bed.run()?;
        took_us.push(first_request(&mut sink, &clock).await? - begun_us);
    }
    took_us.sort_unstable();
    let ms = |us: i64| us as f64 / 1e3;
    println!(
        "start to first request: median {:.1} ms, worst of {STARTS} {:.1} ms (goal: 30)",
        ms(took_us[STARTS / 2]),
        ms(took_us[STARTS - 1])
    );

    let bed = bed(&sink, 1, &clock).await?;
    let process = bed.run()?;
    first_request(&mut sink, &clock).await?;
    clock.sleep(FIRST_READBACK).await;
    let of = |figure| -> anyhow::Result<f64> { Ok(memory_kib(&process.id(), figure)? as f64 / 1024.0) };
    println!("one project: peak memory {:.1} MiB (goal: 12), idle {:.1} MiB", of("VmHWM")?, of("VmRSS")?);
    let size = std::fs::metadata(env!("CARGO_BIN_EXE_heartbeat"))?.len();
    println!("program: {:.1} MB (goal: 20)", size as f64 / 1e6);
    Ok(())
}

/// Whole minutes of `count` projects, the first of them begun in the middle.
pub(crate) async fn minutes(count: usize, minutes: i64) -> anyhow::Result<()> {
    let mut sink = Sink::start()?;
    let clock = Clock::system();
    let bed = bed(&sink, count, &clock).await?;
    let mut process = bed.run()?;
    let began = clock.now().minute();
    println!("{count} projects; the first minute is cut by the start, and its beats go at once");
    println!(
        "{:>8} {:>9} {:>9} {:>10} {:>10} {:>10} {:>11} {:>9}",
        "requests", "beats", "recorded", "p50 ms", "p99 ms", "worst ms", "CPU µs/beat", "RSS MiB"
    );
    let mut before = Duration::ZERO;
    for minute in began.until(began.plus(minutes)) {
        // Slots end 15 s before the minute does; what is not there at its end is late by all measures.
        clock.sleep_until(minute.end()).await;
        anyhow::ensure!(process.is_running(), "heartbeat has ended");
        let spent = processor_time(&process.id())?.0;
        row(&bed, &mut sink, &process, Cost { minute, cpu: spent.saturating_sub(before) }).await?;
        before = spent;
    }
    let peak = memory_kib(&process.id(), "VmHWM")?;
    println!("peak memory {:.1} MiB, {:.0} bytes a project", peak as f64 / 1024.0, peak as f64 * 1024.0 / count as f64);
    Ok(())
}

struct Cost {
    minute: Minute,
    cpu: Duration,
}

async fn row(bed: &Bed, sink: &mut Sink, process: &Process, Cost { minute, cpu }: Cost) -> anyhow::Result<()> {
    let sink::Minute { requests, beats, after_slot_us } = sink.take()?.minutes.remove(&minute.index()).unwrap_or_default();
    let recorded = bed.store.recorded(minute).await?.len();
    let at = |share: f64| {
        after_slot_us.get(((after_slot_us.len() as f64 * share) as usize).min(requests.max(1) - 1)).map_or(f64::NAN, |us| *us as f64 / 1e3)
    };
    println!(
        "{requests:>8} {beats:>9} {recorded:>9} {:>10.2} {:>10.2} {:>10.2} {:>11.1} {:>9.1}",
        at(0.5),
        at(0.99),
        at(1.0),
        cpu.as_secs_f64() * 1e6 / beats as f64,
        memory_kib(&process.id(), "VmRSS")? as f64 / 1024.0,
    );
    Ok(())
}

async fn bed(sink: &Sink, count: usize, clock: &Clock) -> anyhow::Result<Bed> {
    // A million personal keys are not needed to beat; one is, so that the memory of looking is counted.
    Bed::new(Projects { count, address: &sink.address, keyed: count == 1, watched: false }, clock.now()).await
}

async fn first_request(sink: &mut Sink, clock: &Clock) -> anyhow::Result<i64> {
    let begun = clock.monotonic();
    loop {
        if let Some(first_us) = sink.take()?.first_us {
            return Ok(first_us);
        }
        anyhow::ensure!(clock.monotonic().saturating_sub(begun) < PATIENCE, "no request came within {PATIENCE:?}");
        clock.sleep(Duration::from_millis(5)).await;
    }
}
