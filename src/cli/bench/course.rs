//! The course of a bench: a minute to warm up, the minutes that count, and the wait for what is still under way.

use std::num::NonZeroU64;
use std::path::Path;
use std::process::ExitStatus;
use std::time::Duration;

use super::figures::Figures;
use super::intake::{Intake, MinuteIntake};
use super::limit::Busiest;
use super::process::{IS_MEASURABLE, Process, descriptors, memory_kib, processor_time};
use super::project::Projects;
use super::sink::Sink;
use super::testbed::{Service, Testbed};
use super::window::{Cost, PARTS, Window};
use crate::cli::screen::Screen;
use crate::clock::Clock;
use crate::model::{Minute, Outcome, Timestamp, thousands};
use crate::store::StoreError;

/// How long after the last minute the service may still record and read back. A read-back follows its beat after 20 s, and one that fails is
/// repeated after a minute.
const SETTLES_WITHIN: Duration = Duration::from_secs(90);
/// In real time: how soon the end of a process is noticed.
const CHECK_EVERY: Duration = Duration::from_millis(200);

#[derive(Debug, Clone, Copy)]
pub(super) struct Plan<'a> {
    pub(super) projects: u32,
    pub(super) minutes: u32,
    pub(super) readback: bool,
    pub(super) lose: Option<NonZeroU64>,
    /// Runs the sink.
    pub(super) this_program: &'a Path,
    pub(super) service: Service<'a>,
}

/// A sink and a service, and what is known of them so far.
pub(super) struct Course<'a> {
    plan: Plan<'a>,
    screen: Screen,
    clock: Clock,
    testbed: &'a Testbed,
    sink: Sink,
    service: Option<Process>,
    ended: Option<ExitStatus>,
    intake: Intake,
    parts: [Window; PARTS.len()],
    before: Reading,
    busiest: Busiest,
    cores: usize,
    peak_kib: u64,
}

/// Totals at one moment.
#[derive(Clone, Copy, Default)]
struct Reading {
    real: Duration,
    service: Duration,
    sink: Duration,
}

/// What the store has of the minutes that count.
#[derive(Debug, Clone, Copy, Default)]
struct Stored {
    recorded: u64,
    arrived: u64,
}

impl<'a> Course<'a> {
    pub(super) async fn new(plan: Plan<'a>, screen: Screen, testbed: &'a Testbed) -> anyhow::Result<Self> {
        let speed = plan.service.speed;
        Ok(Self {
            sink: Sink::start(plan.this_program, speed, plan.lose).await?,
            cores: std::thread::available_parallelism()?.get(),
            clock: Clock::fast(speed),
            plan,
            screen,
            testbed,
            service: None,
            ended: None,
            intake: Intake::default(),
            parts: <[Window; PARTS.len()]>::default(),
            before: Reading::default(),
            busiest: Busiest::default(),
            peak_kib: 0,
        })
    }

    pub(super) async fn run(&mut self) -> anyhow::Result<Figures> {
        let Plan { projects: count, minutes, readback, service, .. } = self.plan;
        let projects = Projects { count, address: &self.sink.address, keyed: readback, watched: readback };
        self.screen.note(format!("adding {} projects", thousands(count.into())))?;
        self.testbed.fill(projects, self.clock.now()).await?;
        let warm_up = self.clock.now().minute().plus(1);
        let [from, to] = [1, 1 + i64::from(minutes)].map(|after| warm_up.plus(after));
        self.screen.note(format!("the service starts at {}; the first minute is not counted", warm_up.start()))?;
        self.clock.sleep_until(warm_up.start()).await;
        self.service = Some(self.testbed.run(service)?);
        let stored = self.measure(from, to).await?;
        Ok(self.figures(from, to, stored))
    }

    /// Ends both processes.
    pub(super) async fn end(&mut self) {
        if let Some(service) = &mut self.service {
            service.kill().await;
        }
        self.sink.process.kill().await;
    }

    async fn measure(&mut self, from: Minute, to: Minute) -> anyhow::Result<Stored> {
        if self.runs_until(from.start()).await?
            && let Some(first) = self.read().await?
        {
            self.before = first;
            self.sink.take().await?;
            'counted: for (number, minute) in from.until(to).enumerate() {
                for part in 0..PARTS.len() {
                    let end = PARTS.get(part + 1).map_or(minute.end(), |offset| minute.start().plus(*offset));
                    if !self.runs_until(end).await? || !self.note_part(part).await? {
                        break 'counted;
                    }
                }
                self.note_minute(number + 1, minute).await?;
            }
        }
        self.settle(from, to).await
    }

    /// Waits; returns false as soon as the service has ended.
    async fn runs_until(&mut self, until: Timestamp) -> anyhow::Result<bool> {
        loop {
            self.ended = self.service.as_mut().map_or(Ok(None), Process::ended)?;
            anyhow::ensure!(self.sink.process.ended()?.is_none(), "the sink has ended");
            let left = until.since(self.clock.now());
            if self.ended.is_some() || left.is_zero() {
                return Ok(self.ended.is_none());
            }
            self.clock.sleep(left.min(self.clock.in_real(CHECK_EVERY))).await;
        }
    }

    /// None if the service has ended.
    async fn read(&mut self) -> anyhow::Result<Option<Reading>> {
        let real = self.clock.real();
        let Some(service) = self.service.as_ref().filter(|_| IS_MEASURABLE) else {
            return Ok(Some(Reading { real, ..Reading::default() }));
        };
        let id = service.id();
        let usage = || Ok((descriptors(&id)?, memory_kib(&id, "VmHWM")?, processor_time(&id)?.0));
        let usage: anyhow::Result<_> = usage();
        match usage {
            Ok((descriptors, peak_kib, service)) => {
                self.busiest.note_descriptors(descriptors);
                self.peak_kib = peak_kib;
                Ok(Some(Reading { real, service, sink: processor_time(&self.sink.process.id())?.0 }))
            }
            // A process that ends has no memory any more, a moment before it has ended.
            Err(error) => {
                if self.runs_until(self.clock.now().plus(self.clock.in_real(CHECK_EVERY))).await? {
                    Err(error)
                } else {
                    Ok(None)
                }
            }
        }
    }

    /// Returns false if the service has ended.
    async fn note_part(&mut self, part: usize) -> anyhow::Result<bool> {
        let Some(now) = self.read().await? else { return Ok(false) };
        let before = self.before;
        let intake = self.sink.take().await?;
        let window = Window {
            elapsed: now.real.saturating_sub(before.real),
            beats: intake.requests(),
            readbacks: intake.readbacks,
            service: now.service.saturating_sub(before.service),
            sink: now.sink.saturating_sub(before.sink),
        };
        self.busiest.note_part(&window, self.cores);
        self.parts[part].add(&window);
        self.before = now;
        self.intake.merge(&intake);
        Ok(true)
    }

    async fn note_minute(&mut self, number: usize, minute: Minute) -> anyhow::Result<()> {
        let recorded = self.stored(minute, minute.plus(1)).await?.recorded;
        let MinuteIntake { beats, late, read_back, .. } = self.of(minute, minute.plus(1));
        self.busiest.unrecorded = self.busiest.unrecorded.max(beats.saturating_sub(recorded));
        let [sent, of, late, read_back] = [beats, self.plan.projects.into(), late, read_back].map(thousands);
        let read_back = if self.plan.readback { format!(", {read_back} read back so far") } else { String::new() };
        Ok(self.screen.note(format!("minute {number} of {}: {sent} of {of} beats sent, {late} late{read_back}", self.plan.minutes))?)
    }

    /// What the sink got of these minutes.
    fn of(&self, from: Minute, to: Minute) -> MinuteIntake {
        let mut all = MinuteIntake::default();
        self.intake.minutes.range(from.index()..to.index()).for_each(|(_, minute)| all.merge(minute));
        all
    }

    async fn stored(&self, from: Minute, to: Minute) -> Result<Stored, StoreError> {
        let mut stored = Stored::default();
        for (outcome, count) in self.testbed.store.outcomes(from, to).await? {
            stored.recorded += if outcome == Outcome::NotSent { 0 } else { count };
            stored.arrived += if outcome.is_seen() { count } else { 0 };
        }
        Ok(stored)
    }

    /// Waits until everything that was sent is recorded, and read back if that was asked for.
    async fn settle(&mut self, from: Minute, to: Minute) -> anyhow::Result<Stored> {
        let until = to.start().plus(SETTLES_WITHIN);
        loop {
            let intake = self.sink.take().await?;
            self.intake.merge(&intake);
            let (came, stored) = (self.of(from, to), self.stored(from, to).await?);
            let is_settled = stored.recorded >= came.beats && (!self.plan.readback || stored.arrived >= came.beats);
            let again = self.clock.now().plus(self.clock.in_real(CHECK_EVERY));
            if is_settled || again > until || !self.runs_until(again).await? {
                return Ok(stored);
            }
        }
    }

    fn figures(&self, from: Minute, to: Minute, stored: Stored) -> Figures {
        let Plan { projects, minutes, readback, service, .. } = self.plan;
        let came = self.of(from, to);
        let mut all = Window::default();
        self.parts.iter().for_each(|part| all.add(part));
        let expected = u64::from(projects) * u64::from(minutes);
        // A read-back counts if the sink answered it and the service stored its result.
        let read_back = readback.then(|| stored.arrived.min(came.read_back));
        let least = [came.beats, stored.recorded].into_iter().chain(read_back).min().unwrap_or_default();
        let cost = Cost::of(&self.parts);
        let measured = |value: f64| IS_MEASURABLE.then_some(value);
        let (peak_bytes, real_seconds) = (self.peak_kib * 1024, all.elapsed.as_secs_f64());
        let measured_minutes = real_seconds * service.speed.times() / 60.0;
        let some = |value: f64| if value.is_finite() { value } else { 0.0 };
        Figures {
            projects,
            minutes,
            readback,
            speed: service.speed.times(),
            database: if self.testbed.is_file() { "SQLite" } else { "PostgreSQL" },
            cores: self.cores,
            beats_expected: expected,
            beats_sent: came.beats,
            beats_late: came.late,
            beats_recorded: stored.recorded,
            beats_read_back: read_back,
            beats_missing: expected.saturating_sub(least),
            requests_repeated: came.requests.saturating_sub(came.beats),
            lateness_p50_ms: came.lateness.percentile_ms(0.5),
            lateness_p99_ms: came.lateness.percentile_ms(0.99),
            lateness_p999_ms: came.lateness.percentile_ms(0.999),
            lateness_longest_ms: (came.beats > 0).then(|| came.lateness.longest_ms()),
            processor_us_per_beat: cost.us_per_beat,
            processor_us_per_readback: cost.us_per_readback,
            processor_ms_per_minute: measured(some(all.service.as_secs_f64() * 1e3 / measured_minutes)),
            memory_peak_bytes: IS_MEASURABLE.then_some(peak_bytes),
            memory_bytes_per_project: measured(peak_bytes as f64 / f64::from(projects)),
            rows_per_second: some((stored.recorded + stored.arrived) as f64 / real_seconds),
            service_cores_at_most: measured(self.busiest.service_cores),
            sink_cores_at_most: measured(self.busiest.sink_cores),
            descriptors_at_most: IS_MEASURABLE.then_some(self.busiest.descriptors),
            limited_by: IS_MEASURABLE.then(|| self.busiest.limit()),
            service_ended: self.ended.map(|status| status.to_string()),
            busiest: self.busiest,
        }
    }
}
