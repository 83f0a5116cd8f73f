//! How often a password may be tried, from one address and for one user: governor's algorithm (GCRA) on our own clock.

use std::hash::{BuildHasher as _, RandomState};
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock as GovernorClock, Reference};
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};

use crate::clock::Clock;
use crate::model::UserName;

/// So many wrong ones at once, and then one more every ten seconds: a person who mistypes does not notice, a program does.
const AT_ONCE: NonZeroU32 = NonZeroU32::new(10).unwrap();
const ONE_MORE_EVERY: Duration = Duration::from_secs(10);
/// Beyond so many keys, those that are at rest are forgotten.
const MANY: usize = 10_000;

type Keyed = RateLimiter<u64, HashMapStateStore<u64>, Ticking, NoOpMiddleware<Tick>>;

/// Limits tries. What it remembers is small, and in memory: after a restart everybody begins anew.
#[derive(Debug)]
pub(in crate::web) struct Limiter {
    clock: Ticking,
    keyed: Keyed,
    /// Names of users are kept as hashes, so that long ones take no room.
    hasher: RandomState,
}

impl Limiter {
    pub(in crate::web) fn new(clock: Clock) -> Self {
        let clock = Ticking(clock);
        let quota = Quota::with_period(ONE_MORE_EVERY).unwrap_or(Quota::per_minute(AT_ONCE)).allow_burst(AT_ONCE);
        Self { keyed: RateLimiter::new(quota, HashMapStateStore::default(), clock.clone()), clock, hasher: RandomState::new() }
    }

    /// Counts one try of a user's password by somebody who is logged in.
    ///
    /// # Errors
    /// How long to wait, when it is one too many.
    pub(in crate::web) fn try_user(&self, user: &UserName) -> Result<(), Duration> {
        self.count(&[self.hasher.hash_one(user.as_str())])
    }

    /// Counts one try of a user's password from an address.
    ///
    /// # Errors
    /// How long to wait, when it is one too many.
    pub(in crate::web) fn try_once(&self, from: IpAddr, user: Option<&UserName>) -> Result<(), Duration> {
        let keys = [Some(self.hasher.hash_one(from)), user.map(|user| self.hasher.hash_one(user.as_str()))];
        self.count(&keys.into_iter().flatten().collect::<Vec<_>>())
    }

    fn count(&self, keys: &[u64]) -> Result<(), Duration> {
        if self.keyed.len() > MANY {
            self.keyed.retain_recent();
        }
        keys.iter().try_for_each(|key| self.keyed.check_key(key).map_err(|early| early.wait_time_from(self.clock.now())))
    }
}

/// Our clock, as governor asks for one.
#[derive(Debug, Clone)]
struct Ticking(Clock);

impl GovernorClock for Ticking {
    type Instant = Tick;

    fn now(&self) -> Tick {
        Tick(self.0.monotonic())
    }
}

/// Time since some fixed point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Tick(Duration);

impl std::ops::Add<Nanos> for Tick {
    type Output = Self;

    fn add(self, more: Nanos) -> Self {
        Self(self.0 + Duration::from(more))
    }
}

impl Reference for Tick {
    fn duration_since(&self, earlier: Self) -> Nanos {
        Nanos::from(self.0.saturating_sub(earlier.0))
    }

    fn saturating_sub(&self, less: Nanos) -> Self {
        Self(self.0.saturating_sub(Duration::from(less)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;

    #[test]
    fn ten_tries_then_one_every_ten_seconds_for_an_address_and_for_a_user() {
        let (clock, hand) = Clock::hand(Timestamp::from_ms(1_000_000));
        hand.advance(Duration::from_hours(1));
        let limiter = Limiter::new(clock);
        let (here, there) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        let ann = UserName::parse("ann").unwrap();
        for _ in 0..10 {
            assert_eq!(limiter.try_once(here, Some(&ann)), Ok(()));
        }
        let wait = limiter.try_once(here, None).unwrap_err();
        assert!(wait <= Duration::from_secs(10), "{wait:?}");
        assert!(limiter.try_once(there, Some(&ann)).is_err(), "the same user from elsewhere");
        assert_eq!(limiter.try_once(there, None), Ok(()), "somebody else");
        hand.advance(Duration::from_secs(10));
        assert_eq!(limiter.try_once(here, None), Ok(()));
        assert!(limiter.try_once(here, None).is_err());
    }
}
