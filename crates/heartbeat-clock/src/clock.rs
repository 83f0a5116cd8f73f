//! The only place that reads the clock and waits for a time.
//! A [`Clock`] is the system clock, the system clock running fast (the demo), or a manual clock for tests. Wall time is for records and the
//! schedule; durations (timeouts, pauses) use a monotonic reading that a step of the wall clock does not change.

#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "this is the clock that all other code uses")]

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rustix::time::{ClockId, clock_gettime};
use tokio::sync::watch;

use crate::time::Timestamp;

/// Fast time and real time are equal at 2026-01-01T00:00:00Z. It never changes, so that processes started at different moments, or
/// restarted, read the same fast time.
const FAST_EPOCH_MS: i64 = 1_767_225_600_000;

/// The interval at which a wait for a wall time checks the wall clock again, so that a clock step or a suspended machine is noticed.
const WALL_CHECK_INTERVAL: Duration = Duration::from_secs(1);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a speed: give a number from 1 (real time) to {max}", max = Speed::MAX)]
pub struct NotASpeed(String);

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Speed(f64);

impl Speed {
    pub const REAL: Self = Self(1.0);
    /// Above this, one minute is shorter than a round trip.
    pub const MAX: f64 = 600.0;

    pub fn parse(text: &str) -> Result<Self, NotASpeed> {
        match text.trim_end_matches(['x', '×']).parse::<f64>() {
            Ok(times) if (1.0..=Self::MAX).contains(&times) => Ok(Self(times)),
            _ => Err(NotASpeed(text.to_owned())),
        }
    }

    /// Clock seconds per real second.
    #[must_use]
    pub fn times(self) -> f64 {
        self.0
    }

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

/// Reads the time and waits for a time. Cheap to clone; all clones are the same clock.
#[derive(Debug, Clone)]
pub struct Clock(Kind);

#[derive(Debug, Clone)]
enum Kind {
    System { started: Instant, uptime_at_start: Duration, fast_from_ms: i64, speed: Speed },
    Hand(watch::Receiver<Reading>),
}

#[derive(Debug, Clone, Copy)]
struct Reading {
    wall: Timestamp,
    monotonic: Duration,
    uptime: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no answer within {0:?}")]
pub struct Elapsed(pub Duration);

impl Clock {
    #[must_use]
    pub fn system() -> Self {
        Self::fast(Speed::REAL)
    }

    /// A clock that runs `speed` times as fast. All processes with the same speed read the same time, even after a restart.
    #[must_use]
    pub fn fast(speed: Speed) -> Self {
        Self::running(FAST_EPOCH_MS, speed)
    }

    /// A fast clock that starts at the real time of this moment. Only for a single process.
    #[must_use]
    pub fn fast_from_now(speed: Speed) -> Self {
        Self::running(Self::system().now().ms(), speed)
    }

    fn running(fast_from_ms: i64, speed: Speed) -> Self {
        Self(Kind::System { started: Instant::now(), uptime_at_start: uptime(), fast_from_ms, speed })
    }

    /// A clock that does not advance until the [`Hand`] moves it.
    #[must_use]
    pub fn hand(start: Timestamp) -> (Self, Hand) {
        let (hand, reading) = watch::channel(Reading { wall: start, monotonic: Duration::ZERO, uptime: Duration::ZERO });
        (Self(Kind::Hand(reading)), Hand(Arc::new(hand)))
    }

    #[must_use]
    pub fn is_fast(&self) -> bool {
        matches!(&self.0, Kind::System { speed, .. } if !speed.is_real())
    }

    /// How much of this clock's time passes in `real` time: for waits on external systems, which do not run at the demo's speed.
    #[must_use]
    pub fn in_real(&self, real: Duration) -> Duration {
        match &self.0 {
            Kind::System { speed, .. } => real.mul_f64(speed.times()),
            Kind::Hand(_) => real,
        }
    }

    /// The real time at any clock speed: for times that processes of different speeds compare.
    #[must_use]
    pub fn real_now(&self) -> Timestamp {
        match &self.0 {
            Kind::System { .. } => Self::system().now(),
            Kind::Hand(_) => self.now(),
        }
    }

    #[must_use]
    pub fn now(&self) -> Timestamp {
        Timestamp::from_ms(self.now_us().div_euclid(1000))
    }

    /// Microseconds since 1970, for measurements that need more than milliseconds.
    #[must_use]
    pub fn now_us(&self) -> i64 {
        match &self.0 {
            Kind::System { fast_from_ms, speed, .. } => {
                let real_us = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_micros() as i64;
                let from_us = fast_from_ms * 1000;
                if speed.is_real() { real_us } else { from_us + ((real_us - from_us) as f64 * speed.times()) as i64 }
            }
            Kind::Hand(reading) => reading.borrow().wall.ms().saturating_mul(1000),
        }
    }

    /// Monotonic time since a fixed point, for durations.
    #[must_use]
    pub fn monotonic(&self) -> Duration {
        match &self.0 {
            Kind::System { started, speed, .. } => started.elapsed().mul_f64(speed.times()),
            Kind::Hand(reading) => reading.borrow().monotonic,
        }
    }

    /// Monotonic time since a fixed point, including the machine's sleep. If the wall clock gains more than this, it was stepped.
    #[must_use]
    pub fn uptime(&self) -> Duration {
        match &self.0 {
            Kind::System { uptime_at_start, speed, .. } => uptime().saturating_sub(*uptime_at_start).mul_f64(speed.times()),
            Kind::Hand(reading) => reading.borrow().uptime,
        }
    }

    /// Real time since a fixed point at any clock speed: for network timings.
    #[must_use]
    pub fn real(&self) -> Duration {
        match &self.0 {
            Kind::System { started, .. } => started.elapsed(),
            Kind::Hand(reading) => reading.borrow().monotonic,
        }
    }

    /// Waits until `pause` has passed. A step of the wall clock does not change it.
    pub async fn sleep(&self, pause: Duration) {
        match &self.0 {
            Kind::System { speed, .. } => tokio::time::sleep(pause.div_f64(speed.times())).await,
            Kind::Hand(reading) => {
                let until = reading.borrow().monotonic + pause;
                wait(reading.clone(), |now| now.monotonic >= until).await;
            }
        }
    }

    /// [`Clock::sleep`] for the loops of an idle process: on Linux it wakes the process once, where the runtime's timer wakes it at each
    /// level of its wheel. It takes a file descriptor.
    pub async fn rest(&self, pause: Duration) {
        match &self.0 {
            Kind::System { speed, .. } if speed.is_real() && alarm::after(pause).await.is_ok() => {}
            _ => self.sleep(pause).await,
        }
    }

    /// Waits until the wall clock reads `until` or later. Follows a stepped wall clock.
    pub async fn sleep_until(&self, until: Timestamp) {
        match &self.0 {
            Kind::System { speed, .. } => loop {
                let left_ms = until.ms() - self.now().ms();
                if left_ms <= 0 {
                    return;
                }
                let real = Duration::from_millis(left_ms.unsigned_abs()).div_f64(speed.times());
                tokio::time::sleep(real.min(WALL_CHECK_INTERVAL)).await;
            },
            Kind::Hand(reading) => wait(reading.clone(), |now| now.wall >= until).await,
        }
    }

    /// Waits until the wall clock reads `until`. Returns earlier when the clock is set after it read `now`, and may return earlier for no
    /// reason: for a loop that then reads the time again. On Linux the process is not woken before `until`, unless the clock runs fast.
    pub async fn wait(&self, now: Timestamp, until: Timestamp) {
        match &self.0 {
            Kind::System { speed, .. } => {
                let left = until.since(self.now());
                if left.is_zero() || speed.is_real() && alarm::at(until).await.is_ok() {
                    return;
                }
                tokio::time::sleep(left.div_f64(speed.times()).min(WALL_CHECK_INTERVAL)).await;
            }
            Kind::Hand(reading) => wait(reading.clone(), |moved| moved.wall >= until || moved.wall != now).await,
        }
    }

    /// Runs `work` for at most `limit`; drops it when `limit` passes first.
    pub async fn timeout<T>(&self, limit: Duration, work: impl Future<Output = T>) -> Result<T, Elapsed> {
        tokio::select! {
            biased;
            done = work => Ok(done),
            () = self.sleep(limit) => Err(Elapsed(limit)),
        }
    }

    /// Runs `work` for at most `limit` of real time on any clock: for local resources that may hang, such as a database.
    pub async fn real_timeout<T>(limit: Duration, work: impl Future<Output = T>) -> Result<T, Elapsed> {
        tokio::time::timeout(limit, work).await.map_err(|_| Elapsed(limit))
    }
}

/// The machine's uptime including sleep. On Linux `CLOCK_MONOTONIC` stops during sleep; on other systems it does not.
fn uptime() -> Duration {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let clock = ClockId::Boottime;
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let clock = ClockId::Monotonic;
    Duration::try_from(clock_gettime(clock)).unwrap_or_default()
}

/// Timers of the kernel. A wait for a time of the wall clock ends when the clock is set.
#[cfg(target_os = "linux")]
mod alarm {
    use std::io;
    use std::time::Duration;

    use rustix::time::{Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime};
    use tokio::io::Interest;
    use tokio::io::unix::AsyncFd;

    use super::Timestamp;

    pub(super) async fn at(until: Timestamp) -> io::Result<()> {
        let at_ms = until.ms();
        let at = Timespec { tv_sec: at_ms / 1000, tv_nsec: (at_ms % 1000) * 1_000_000 };
        ring(TimerfdClockId::Realtime, TimerfdTimerFlags::ABSTIME | TimerfdTimerFlags::CANCEL_ON_SET, at).await
    }

    pub(super) async fn after(pause: Duration) -> io::Result<()> {
        let after = Timespec::try_from(pause).map_err(io::Error::other)?;
        ring(TimerfdClockId::Monotonic, TimerfdTimerFlags::empty(), after).await
    }

    async fn ring(clock: TimerfdClockId, flags: TimerfdTimerFlags, value: Timespec) -> io::Result<()> {
        let alarm = timerfd_create(clock, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)?;
        // Zero would turn it off.
        let it_value = value.max(Timespec { tv_sec: 0, tv_nsec: 1 });
        timerfd_settime(&alarm, flags, &Itimerspec { it_interval: Timespec::default(), it_value })?;
        #[expect(deprecated, reason = "sound for a descriptor that is owned; its replacement needs unsafe code, which is forbidden here")]
        let alarm = AsyncFd::try_with_interest(alarm, Interest::READABLE)?;
        alarm.readable().await.map(drop)
    }
}

#[cfg(not(target_os = "linux"))]
mod alarm {
    use std::io;
    use std::time::Duration;

    use super::Timestamp;

    pub(super) async fn at(_until: Timestamp) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(super) async fn after(_pause: Duration) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// Waits on a manual clock. If its [`Hand`] was dropped, it never advances and this never returns.
async fn wait(mut reading: watch::Receiver<Reading>, reached: impl Fn(&Reading) -> bool) {
    if reading.wait_for(|now| reached(now)).await.is_err() {
        std::future::pending::<()>().await;
    }
}

#[derive(Debug, Clone)]
pub struct Hand(Arc<watch::Sender<Reading>>);

impl Hand {
    pub fn advance(&self, by: Duration) {
        self.0.send_modify(|now| {
            now.wall = now.wall.plus(by);
            now.monotonic += by;
            now.uptime += by;
        });
    }

    /// Simulates a sleep of the machine: the wall clock advances, the monotonic time does not.
    pub fn sleep(&self, by: Duration) {
        self.0.send_modify(|now| {
            now.wall = now.wall.plus(by);
            now.uptime += by;
        });
    }

    /// Advances until the wall clock reads `until`; does nothing if it already does.
    pub fn advance_to(&self, until: Timestamp) {
        let left_ms = until.ms() - self.0.borrow().wall.ms();
        if let Ok(left) = u64::try_from(left_ms) {
            self.advance(Duration::from_millis(left));
        }
    }

    /// Steps the wall clock, as an operator or NTP does; no time passes.
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
            assert!(Speed::parse(wrong).unwrap_err().to_string().contains("from 1 (real time) to 600"), "{wrong}");
        }
        assert_eq!(Speed::parse("12x").unwrap().to_string(), "12×");
    }

    #[tokio::test]
    async fn a_wait_for_the_wall_ends_in_its_millisecond() {
        let clock = Clock::system();
        for ahead in [0, 3, 40] {
            let until = clock.now().plus(Duration::from_millis(ahead));
            while clock.now() < until {
                clock.wait(clock.now(), until).await;
            }
            assert!(until <= clock.now());
        }
    }

    #[tokio::test]
    async fn a_rest_takes_its_time_on_every_clock() {
        let clock = Clock::system();
        for pause in [Duration::ZERO, Duration::from_micros(1), Duration::from_millis(40)] {
            let begun = clock.monotonic();
            clock.rest(pause).await;
            assert!(clock.monotonic() >= begun + pause);
        }
        let (clock, hand) = Clock::hand(Timestamp::from_ms(0));
        let rest = tokio::spawn(async move { clock.rest(Duration::from_secs(5)).await });
        tokio::task::yield_now().await;
        hand.step_to(Timestamp::from_ms(60_000));
        tokio::task::yield_now().await;
        assert!(!rest.is_finished());
        hand.advance(Duration::from_secs(5));
        rest.await.unwrap();
    }

    #[tokio::test]
    async fn a_wait_for_the_wall_ends_when_the_clock_is_set() {
        let start = Timestamp::from_ms(1_000_000);
        let (clock, hand) = Clock::hand(start);
        clock.wait(start, start).await;
        clock.wait(start.plus(Duration::from_secs(1)), start.plus(Duration::from_mins(1))).await;
        let waits = tokio::spawn({
            let clock = clock.clone();
            async move { clock.wait(start, start.plus(Duration::from_mins(1))).await }
        });
        tokio::task::yield_now().await;
        assert!(!waits.is_finished());
        hand.step_to(Timestamp::from_ms(5));
        waits.await.unwrap();
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
