//! The only place that tells the time and waits for a time.
//!
//! Three clocks behind one type: the machine's own, the same one running fast (the demo), and one that a test moves by
//! hand. Wall time is for records and for the schedule; durations (timeouts, pauses) come from a monotonic reading that
//! a step of the wall clock does not touch. Takes nothing but the words for time.

#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "this is the clock that everybody else asks")]

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rustix::time::{ClockId, clock_gettime};
use tokio::sync::watch;

use crate::time::Timestamp;

/// Where fast time and real time agree: 2026-01-01T00:00:00Z. It never moves, so that processes started at different
/// moments, or started again, read the same fast time.
const FAST_EPOCH_MS: i64 = 1_767_225_600_000;

/// A wait for a wall time looks at the wall this often, so that a stepped clock or a suspended machine is noticed.
const READBACK_AT_THE_WALL_EVERY: Duration = Duration::from_secs(1);

/// How many seconds of the clock pass in one real second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Speed(f64);

impl Speed {
    /// The speed of real time.
    pub const REAL: Self = Self(1.0);
    /// Faster than this, one minute would be shorter than a round trip.
    pub const MAX: f64 = 600.0;

    /// Reads a speed from 1 to [`Speed::MAX`].
    ///
    /// # Errors
    /// Says which speeds there are when `text` is not one of them.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text.trim_end_matches(['x', '×']).parse::<f64>() {
            Ok(times) if (1.0..=Self::MAX).contains(&times) => Ok(Self(times)),
            _ => Err(format!("`{text}` is no speed: give a number from 1 (real time) to {}", Self::MAX)),
        }
    }

    /// Clock seconds per real second.
    #[must_use]
    pub fn times(self) -> f64 {
        self.0
    }

    /// Whether this is real time.
    #[must_use]
    pub fn is_real(self) -> bool {
        self.0 <= Self::REAL.0
    }
}

impl fmt::Display for Speed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}×", self.0)
    }
}

/// Tells the time and waits for a time. Cheap to clone; all clones are the same clock.
#[derive(Debug, Clone)]
pub struct Clock(Kind);

#[derive(Debug, Clone)]
enum Kind {
    System { started: Instant, uptime_at_start: Duration, fast_from_ms: i64, speed: Speed },
    Hand(watch::Receiver<Reading>),
}

/// What a clock says at one instant.
#[derive(Debug, Clone, Copy)]
struct Reading {
    wall: Timestamp,
    monotonic: Duration,
    uptime: Duration,
}

/// The time ran out before the work was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no answer within {0:?}")]
pub struct Elapsed(pub Duration);

impl Clock {
    /// The machine's own clock.
    #[must_use]
    pub fn system() -> Self {
        Self::fast(Speed::REAL)
    }

    /// A clock that runs `speed` times as fast. All processes with the same speed read the same time, also after a restart.
    #[must_use]
    pub fn fast(speed: Speed) -> Self {
        Self::running(FAST_EPOCH_MS, speed)
    }

    /// A fast clock that shows the real time at this moment and runs ahead from there. Only for one process alone.
    #[must_use]
    pub fn fast_from_now(speed: Speed) -> Self {
        Self::running(Self::system().now().ms(), speed)
    }

    fn running(fast_from_ms: i64, speed: Speed) -> Self {
        Self(Kind::System { started: Instant::now(), uptime_at_start: uptime(), fast_from_ms, speed })
    }

    /// A clock that stands still at `start` until the [`Hand`] moves it.
    #[must_use]
    pub fn hand(start: Timestamp) -> (Self, Hand) {
        let (hand, reading) = watch::channel(Reading { wall: start, monotonic: Duration::ZERO, uptime: Duration::ZERO });
        (Self(Kind::Hand(reading)), Hand(Arc::new(hand)))
    }

    /// Whether it runs faster than life.
    #[must_use]
    pub fn is_fast(&self) -> bool {
        matches!(&self.0, Kind::System { speed, .. } if !speed.is_real())
    }

    /// How much of this clock's time passes in so much real time: for waits on what is outside, which does not hurry with the demo.
    #[must_use]
    pub fn in_real(&self, real: Duration) -> Duration {
        match &self.0 {
            Kind::System { speed, .. } => real.mul_f64(speed.times()),
            Kind::Hand(_) => real,
        }
    }

    /// Wall time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Kind::System { fast_from_ms, speed, .. } => {
                let real_us = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_micros();
                let ahead_us = real_us as f64 - (*fast_from_ms as f64) * 1e3;
                if speed.is_real() {
                    Timestamp::from_ms((real_us / 1000) as i64)
                } else {
                    Timestamp::from_ms(fast_from_ms + (ahead_us * speed.times() / 1e3) as i64)
                }
            }
            Kind::Hand(reading) => reading.borrow().wall,
        }
    }

    /// Time since some fixed point, never stepping: for durations.
    #[must_use]
    pub fn monotonic(&self) -> Duration {
        match &self.0 {
            Kind::System { started, speed, .. } => started.elapsed().mul_f64(speed.times()),
            Kind::Hand(reading) => reading.borrow().monotonic,
        }
    }

    /// Time since some fixed point, never stepping, in which the machine's sleep counts: what the wall gained beyond it was a step of the wall.
    #[must_use]
    pub fn uptime(&self) -> Duration {
        match &self.0 {
            Kind::System { uptime_at_start, speed, .. } => uptime().saturating_sub(*uptime_at_start).mul_f64(speed.times()),
            Kind::Hand(reading) => reading.borrow().uptime,
        }
    }

    /// Real time since some fixed point, however fast the clock runs: for what the network took, which is not the demo's doing.
    #[must_use]
    pub fn real(&self) -> Duration {
        match &self.0 {
            Kind::System { started, .. } => started.elapsed(),
            Kind::Hand(reading) => reading.borrow().monotonic,
        }
    }

    /// Waits for `pause` to pass. A step of the wall clock neither shortens nor lengthens it.
    pub async fn sleep(&self, pause: Duration) {
        match &self.0 {
            Kind::System { speed, .. } => tokio::time::sleep(pause.div_f64(speed.times())).await,
            Kind::Hand(reading) => {
                let until = reading.borrow().monotonic + pause;
                wait(reading.clone(), |now| now.monotonic >= until).await;
            }
        }
    }

    /// Waits until the wall shows `until`; returns at once when it does already. Follows a wall clock that is stepped.
    pub async fn sleep_until(&self, until: Timestamp) {
        match &self.0 {
            Kind::System { speed, .. } => loop {
                let left_ms = until.ms() - self.now().ms();
                if left_ms <= 0 {
                    return;
                }
                let real = Duration::from_millis(left_ms.unsigned_abs()).div_f64(speed.times());
                tokio::time::sleep(real.min(READBACK_AT_THE_WALL_EVERY)).await;
            },
            Kind::Hand(reading) => wait(reading.clone(), |now| now.wall >= until).await,
        }
    }

    /// Runs `work` for at most `limit`.
    ///
    /// # Errors
    /// [`Elapsed`] when `limit` passed first; `work` is dropped then.
    pub async fn timeout<T>(&self, limit: Duration, work: impl Future<Output = T>) -> Result<T, Elapsed> {
        tokio::select! {
            biased;
            done = work => Ok(done),
            () = self.sleep(limit) => Err(Elapsed(limit)),
        }
    }

    /// Runs `work` for at most `limit` of real time, whatever clock anybody goes by: for what may hang on this machine, such as a database.
    ///
    /// # Errors
    /// [`Elapsed`] when `limit` passed first; `work` is dropped then.
    pub async fn real_timeout<T>(limit: Duration, work: impl Future<Output = T>) -> Result<T, Elapsed> {
        tokio::time::timeout(limit, work).await.map_err(|_| Elapsed(limit))
    }
}

/// How long the machine is up, its sleep with it. What is monotonic on Linux stands still in a sleep, and goes on elsewhere.
fn uptime() -> Duration {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let clock = ClockId::Boottime;
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let clock = ClockId::Monotonic;
    Duration::try_from(clock_gettime(clock)).unwrap_or_default()
}

/// Waits on a hand clock. A hand that was dropped never moves again, and its waiters wait with it.
async fn wait(mut reading: watch::Receiver<Reading>, reached: impl Fn(&Reading) -> bool) {
    if reading.wait_for(|now| reached(now)).await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Moves a hand clock.
#[derive(Debug, Clone)]
pub struct Hand(Arc<watch::Sender<Reading>>);

impl Hand {
    /// Lets `by` pass, on the wall and monotonically.
    pub fn advance(&self, by: Duration) {
        self.0.send_modify(|now| {
            now.wall = now.wall.plus(by);
            now.monotonic += by;
            now.uptime += by;
        });
    }

    /// Lets the machine sleep for so long: the wall moves, and no time passes for who waits.
    pub fn sleep(&self, by: Duration) {
        self.0.send_modify(|now| {
            now.wall = now.wall.plus(by);
            now.uptime += by;
        });
    }

    /// Lets time pass until the wall shows `until`; does nothing when it does already.
    pub fn advance_to(&self, until: Timestamp) {
        let left_ms = until.ms() - self.0.borrow().wall.ms();
        if let Ok(left) = u64::try_from(left_ms) {
            self.advance(Duration::from_millis(left));
        }
    }

    /// Sets the wall, as an operator or NTP does; no time passes.
    pub fn step_to(&self, wall: Timestamp) {
        self.0.send_modify(|now| now.wall = wall);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fast_clocks_of_separate_processes_agree() {
        let speed = Speed::parse("12").unwrap();
        let (first, again) = (Clock::fast(speed), Clock::fast(speed));
        let (earlier, later) = (first.now().ms(), again.now().ms());
        assert!((0..60_000).contains(&(later - earlier)), "{} ms apart", later - earlier);
        assert!(Clock::system().now() < first.now());
    }

    #[test]
    fn a_speed_outside_its_range_is_named() {
        for wrong in ["0", "-1", "fast", "601", "", "NaN"] {
            assert!(Speed::parse(wrong).unwrap_err().contains("from 1 (real time) to 600"), "{wrong}");
        }
        assert_eq!(Speed::parse("12x").unwrap().to_string(), "12×");
    }

    #[tokio::test]
    async fn a_step_of_the_wall_moves_no_duration() {
        let (clock, hand) = Clock::hand(Timestamp::from_ms(1_000_000));
        let timeout = tokio::spawn({
            let clock = clock.clone();
            async move { clock.timeout(Duration::from_secs(5), std::future::pending::<()>()).await }
        });
        let wall = tokio::spawn({
            let clock = clock.clone();
            async move { clock.sleep_until(Timestamp::from_ms(4_000_000)).await }
        });
        tokio::task::yield_now().await;
        hand.step_to(Timestamp::from_ms(4_000_000));
        wall.await.unwrap();
        assert!(!timeout.is_finished());
        hand.advance(Duration::from_secs(5));
        assert_eq!(timeout.await.unwrap(), Err(Elapsed(Duration::from_secs(5))));
    }
}
