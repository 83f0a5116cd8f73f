//! Limits password attempts. Each wrong password delays the next attempt, but nobody is locked out: with the right password a user logs in within
//! seconds, however many wrong attempts others make from the same address or for the same user.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;

use crate::clock::Clock;
use crate::model::UserName;

/// First delay; each further wrong attempt doubles it.
const FIRST_DELAY: Duration = Duration::from_millis(250);
/// Wrong attempts are forgotten after this time without another one.
const FORGET_AFTER: Duration = Duration::from_mins(10);
/// With more keys than this, forgotten ones are removed.
const MANY: usize = 10_000;
/// Maximum number of delayed attempts at once: each one holds a request.
const WAITING: usize = 256;

#[derive(Debug, Clone, Copy)]
struct Allowance {
    free: u32,
    longest: Duration,
}

/// One user from one address: a user who mistypes does not notice it, a program does.
const SAME_USER_AND_ADDRESS: Allowance = Allowance { free: 5, longest: Duration::from_secs(5) };
/// Many users from one address, which may be a proxy in front of all users; or one user from many addresses.
const ONLY_ONE_OF_THEM: Allowance = Allowance { free: 20, longest: Duration::from_secs(2) };

#[derive(Debug, Clone, Copy, Default)]
struct Wrong {
    count: u32,
    last: Duration,
}

/// In memory: a restart resets it.
#[derive(Debug)]
pub(super) struct Limiter {
    clock: Clock,
    wrong: Mutex<HashMap<u64, Wrong>>,
    waiting: Semaphore,
    /// User names are stored as hashes, so that long ones use no more memory.
    hasher: RandomState,
}

impl Limiter {
    pub(super) fn new(clock: Clock) -> Self {
        Self { clock, wrong: Mutex::default(), waiting: Semaphore::new(WAITING), hasher: RandomState::new() }
    }

    /// Waits until a password may be tried. The caller reports the result to the [`Try`]. The error says how long to wait if too many attempts wait.
    pub(super) async fn wait(&self, from: IpAddr, user: Option<&UserName>) -> Result<Try<'_>, Duration> {
        let allowed = Try { limiter: self, keys: self.keys(from, user) };
        let delay = allowed.delay();
        if !delay.is_zero() {
            let _place = self.waiting.try_acquire().map_err(|_| FIRST_DELAY)?;
            self.clock.sleep(self.clock.in_real(delay)).await;
        }
        Ok(allowed)
    }

    fn keys(&self, from: IpAddr, user: Option<&UserName>) -> Vec<(u64, Allowance)> {
        let name = user.map(UserName::as_str);
        let mut keys = vec![(self.hasher.hash_one((from, name)), SAME_USER_AND_ADDRESS), (self.hasher.hash_one(from), ONLY_ONE_OF_THEM)];
        keys.extend(name.map(|name| (self.hasher.hash_one(name), ONLY_ONE_OF_THEM)));
        keys
    }

    fn wrong(&self) -> MutexGuard<'_, HashMap<u64, Wrong>> {
        self.wrong.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Dropped without a result, it does not count.
#[derive(Debug)]
#[must_use]
pub(super) struct Try<'l> {
    limiter: &'l Limiter,
    keys: Vec<(u64, Allowance)>,
}

impl Try<'_> {
    pub(super) fn was_wrong(self) {
        let now = self.limiter.clock.monotonic();
        let mut wrong = self.limiter.wrong();
        for (key, _) in self.keys {
            let entry = wrong.entry(key).or_default();
            let count = if is_forgotten(entry, now) { 0 } else { entry.count };
            *entry = Wrong { count: count.saturating_add(1), last: now };
        }
        if wrong.len() > MANY {
            wrong.retain(|_, entry| !is_forgotten(entry, now));
        }
        if wrong.len() > 4 * MANY {
            wrong.clear();
        }
    }

    pub(super) fn was_right(self) {
        if let Some((own, _)) = self.keys.first() {
            self.limiter.wrong().remove(own);
        }
    }

    fn delay(&self) -> Duration {
        let (now, wrong) = (self.limiter.clock.monotonic(), self.limiter.wrong());
        let delays = self.keys.iter().map(|(key, allowance)| {
            let count = wrong.get(key).filter(|entry| !is_forgotten(entry, now)).map_or(0, |entry| entry.count);
            match count.checked_sub(allowance.free) {
                None => Duration::ZERO,
                Some(over) => FIRST_DELAY.saturating_mul(1 << over.min(16)).min(allowance.longest),
            }
        });
        delays.max().unwrap_or_default()
    }
}

fn is_forgotten(entry: &Wrong, now: Duration) -> bool {
    now.saturating_sub(entry.last) >= FORGET_AFTER
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;
    use crate::clock::Hand;
    use crate::model::Timestamp;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    const THERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2));

    fn limiter() -> (Limiter, Hand) {
        let (clock, hand) = Clock::hand(Timestamp::from_ms(1_000_000));
        hand.advance(Duration::from_hours(1));
        (Limiter::new(clock), hand)
    }

    fn name(text: &str) -> UserName {
        UserName::parse(text).unwrap()
    }

    fn delay(limiter: &Limiter, from: IpAddr, user: &str) -> Duration {
        Try { limiter, keys: limiter.keys(from, Some(&name(user))) }.delay()
    }

    fn fail(limiter: &Limiter, from: IpAddr, user: &str, times: u32) {
        for _ in 0..times {
            Try { limiter, keys: limiter.keys(from, Some(&name(user))) }.was_wrong();
        }
    }

    #[test]
    fn the_delay_grows_and_ends_at_seconds_whoever_tried() {
        let (limiter, hand) = limiter();
        let mut delays = Vec::new();
        for _ in 0..13 {
            delays.push(delay(&limiter, HERE, "ann").as_millis());
            fail(&limiter, HERE, "ann", 1);
        }
        assert_eq!(delays, [0, 0, 0, 0, 0, 250, 500, 1_000, 2_000, 4_000, 5_000, 5_000, 5_000]);
        assert_eq!(delay(&limiter, THERE, "ann"), Duration::ZERO, "the user from elsewhere");
        assert_eq!(delay(&limiter, HERE, "bob"), Duration::ZERO, "another user behind the same proxy");
        fail(&limiter, HERE, "ann", 10_000);
        assert_eq!(delay(&limiter, THERE, "ann"), Duration::from_secs(2));
        assert_eq!(delay(&limiter, HERE, "bob"), Duration::from_secs(2));
        assert_eq!(delay(&limiter, THERE, "bob"), Duration::ZERO);
        hand.advance(FORGET_AFTER);
        assert_eq!(delay(&limiter, HERE, "ann"), Duration::ZERO);
    }

    #[test]
    fn a_right_password_uses_up_nothing_and_ends_the_delay_of_its_own_mistypes() {
        let (limiter, _hand) = limiter();
        for _ in 0..100 {
            limiter.wait(HERE, Some(&name("ann"))).now_or_never().unwrap().unwrap().was_right();
        }
        fail(&limiter, HERE, "ann", 8);
        assert!(delay(&limiter, HERE, "ann") > Duration::ZERO);
        Try { limiter: &limiter, keys: limiter.keys(HERE, Some(&name("ann"))) }.was_right();
        assert_eq!(delay(&limiter, HERE, "ann"), Duration::ZERO);
    }

    #[test]
    fn only_so_many_wait_at_once() {
        let (limiter, hand) = limiter();
        fail(&limiter, HERE, "ann", 8);
        let ann = name("ann");
        let mut waiting: Vec<_> = (0..WAITING).map(|_| Box::pin(limiter.wait(HERE, Some(&ann)))).collect();
        assert!(waiting.iter_mut().all(|one| one.as_mut().now_or_never().is_none()));
        assert!(limiter.wait(HERE, Some(&ann)).now_or_never().unwrap().is_err());
        assert!(limiter.wait(THERE, Some(&ann)).now_or_never().unwrap().is_ok(), "an attempt without a delay needs no place");
        hand.advance(Duration::from_secs(5));
        assert!(waiting.iter_mut().all(|one| one.as_mut().now_or_never().is_some_and(|allowed| allowed.is_ok())));
        drop(waiting);
    }
}
