//! The client: shared by the whole program, with connections to all hosts.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use http::Uri;
use http::uri::PathAndQuery;

use super::settings::Settings;
use super::wire::{Ask, Cut, Dialer, Heard, Line, Origin, Rules, Tls, Track};
use crate::clock::Clock;
use crate::model::{Host, NetworkError, Obstacle, Phase, Timestamp};

/// Cheap to clone: clones share their connections.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    dialer: Dialer,
    directory: RwLock<Directory>,
    swept: AtomicI64,
}

#[derive(Default)]
struct Directory {
    places: HashMap<Box<str>, Arc<Place>>,
    lines: HashMap<Origin, Arc<Line>>,
}

/// A base URL: a connection pool and the path of a reverse proxy.
pub(super) struct Place {
    line: Arc<Line>,
    prefix: String,
    /// Until then (in milliseconds) the endpoint v0 is assumed to be missing.
    without_v0_until: AtomicI64,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}

impl Client {
    pub fn new(clock: Clock, settings: &Settings) -> Result<Self, NetworkError> {
        let rules = Rules::new(&settings.proxies)?;
        let tls = Tls::new(&settings.extra_roots)?;
        let dialer = Dialer { clock, rules, tls };
        Ok(Self(Arc::new(Inner { dialer, directory: RwLock::default(), swept: AtomicI64::new(0) })))
    }

    pub(super) fn clock(&self) -> &Clock {
        &self.0.dialer.clock
    }

    pub(super) fn place(&self, base: &str) -> Result<Arc<Place>, Cut> {
        if let Some(place) = self.0.directory.read().unwrap_or_else(PoisonError::into_inner).places.get(base) {
            return Ok(Arc::clone(place));
        }
        let uri: Option<Uri> = base.parse().ok();
        let (Some(uri), Some(origin)) = (&uri, uri.as_ref().and_then(Origin::of)) else {
            // Not quoted: it may hold a password.
            return Err(Cut::new(Phase::Dns, Obstacle::Other, "the host is not an http or https address"));
        };
        // Fast time sends more than one event per real minute. No other machine may get them, whatever the project's host is changed to.
        if self.clock().is_fast() && !Host::parse(base).is_ok_and(|host| host.is_loopback()) {
            return Err(Cut::new(Phase::Dns, Obstacle::Other, "in fast time (--speed), only addresses on this machine are reached"));
        }
        let mut directory = self.0.directory.write().unwrap_or_else(PoisonError::into_inner);
        let line = directory.lines.entry(origin).or_insert_with_key(|origin| Arc::new(Line::new(origin.clone(), &self.0.dialer)));
        let prefix = uri.path().trim_end_matches('/').to_owned();
        let place = Arc::new(Place { line: Arc::clone(line), prefix, without_v0_until: AtomicI64::new(i64::MIN) });
        directory.places.insert(base.into(), Arc::clone(&place));
        Ok(place)
    }

    pub(super) async fn exchange(&self, place: &Place, ask: &Ask, track: &Track) -> Result<Heard, Cut> {
        self.sweep();
        let answer = self.clock().timeout(ask.limit, place.line.exchange(&self.0.dialer, ask, track)).await;
        answer.unwrap_or_else(|elapsed| Err(Cut::timed_out(track.phase(), elapsed.to_string())))
    }

    /// Once a minute, drops idle connections and hosts that are no longer used.
    fn sweep(&self) {
        let minute = self.clock().now().minute().index();
        if self.0.swept.swap(minute, Ordering::Relaxed) == minute {
            return;
        }
        let now = self.clock().monotonic();
        let mut directory = self.0.directory.write().unwrap_or_else(PoisonError::into_inner);
        directory.lines.retain(|_, line| line.sweep(now));
        let Directory { places, lines } = &mut *directory;
        places.retain(|_, place| lines.contains_key(place.line.origin()));
    }
}

impl Place {
    pub(super) fn path(&self, tail: &str) -> Result<PathAndQuery, Cut> {
        PathAndQuery::try_from(format!("{}{tail}", self.prefix))
            .map_err(|wrong| Cut::new(Phase::Send, Obstacle::Other, format!("`{}{tail}` is not a valid path: {wrong}", self.prefix)))
    }

    pub(super) fn lacks_v0(&self, now: Timestamp) -> bool {
        now.ms() < self.without_v0_until.load(Ordering::Relaxed)
    }

    /// Assumes for `long` that the endpoint v0 is missing: PostHog may be upgraded later.
    pub(super) fn remember_no_v0(&self, now: Timestamp, long: Duration) {
        self.without_v0_until.store(now.plus(long).ms(), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Speed;

    #[test]
    fn fast_time_stays_on_this_machine() {
        let client = |speed| Client::new(Clock::fast(speed), &Settings::default()).unwrap();
        let fast = client(Speed::parse("12").unwrap());
        for base in ["http://127.0.0.1:8010", "http://localhost/ingest", "http://[::1]:1"] {
            assert!(fast.place(base).is_ok(), "{base}");
        }
        for base in ["https://us.i.posthog.com", "http://10.0.0.1:8010", "http://localhost.example.com"] {
            let rejected = fast.place(base).err().unwrap();
            assert!(rejected.words.contains("--speed"), "{base}: {rejected:?}");
            assert!(client(Speed::REAL).place(base).is_ok(), "{base}");
        }
    }

    #[test]
    fn a_host_that_nobody_asks_any_more_is_forgotten() {
        let (clock, hand) = Clock::hand(Timestamp::from_ms(0));
        let client = Client::new(clock, &Settings::default()).unwrap();
        hand.advance(Duration::from_hours(1));
        let count = || client.0.directory.read().unwrap().places.len();
        for base in ["http://a.example.com", "http://a.example.com/ingest", "http://b.example.com"] {
            assert!(client.place(base).is_ok());
        }
        client.sweep();
        assert_eq!((count(), client.0.directory.read().unwrap().lines.len()), (3, 2));
        hand.advance(Duration::from_mins(10));
        client.sweep();
        assert_eq!((count(), client.0.directory.read().unwrap().lines.len()), (0, 0));
    }
}
