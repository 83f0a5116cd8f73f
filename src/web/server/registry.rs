//! The open connections, by address. If there is no place for a new one, the connection that has been idle for longest is closed.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use super::limits::ConnectionLimits;
use crate::clock::Clock;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Activity {
    /// Requests whose response is not completely sent.
    requests: usize,
    served: bool,
    evicted: bool,
}

#[derive(Debug)]
pub(super) struct Registry {
    pub(super) limits: ConnectionLimits,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    next: u64,
    connections: BTreeMap<u64, (IpAddr, watch::Sender<Activity>)>,
    per_address: HashMap<IpAddr, usize>,
}

impl Registry {
    pub(super) fn new(limits: ConnectionLimits) -> Arc<Self> {
        Arc::new(Self { limits, open: Mutex::default() })
    }

    /// `most` is the limit of this address. None if all connections that could be closed are busy.
    pub(super) fn admit(self: &Arc<Self>, address: IpAddr, most: usize) -> Option<Place> {
        let address = group(address);
        let mut open = self.open();
        if open.per_address.get(&address).is_some_and(|count| *count >= most) && !open.evict(Some(address)) {
            return None;
        }
        if open.connections.len() >= self.limits.total && !open.evict(None) {
            return None;
        }
        let id = open.next;
        open.next += 1;
        let (activity, heard) = watch::channel(Activity::default());
        open.connections.insert(id, (address, activity.clone()));
        *open.per_address.entry(address).or_default() += 1;
        Some(Place { registry: Arc::clone(self), id, activity, heard })
    }

    /// Closes the connection that has been idle for longest, to free a descriptor; false if there is none.
    pub(super) fn evict_one(&self) -> bool {
        self.open().evict(None)
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    fn evict(&mut self, of: Option<IpAddr>) -> bool {
        let waits = |(_, (address, activity)): &(&u64, &(IpAddr, watch::Sender<Activity>))| {
            of.is_none_or(|of| of == *address) && activity.borrow().requests == 0
        };
        let Some(id) = self.connections.iter().find(waits).map(|(id, _)| *id) else { return false };
        if let Some((_, activity)) = self.connections.get(&id) {
            activity.send_modify(|activity| activity.evicted = true);
        }
        self.remove(id);
        true
    }

    fn remove(&mut self, id: u64) {
        let Some((address, _)) = self.connections.remove(&id) else { return };
        if let Some(count) = self.per_address.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                self.per_address.remove(&address);
            }
        }
    }
}

/// A household has an IPv6 network of 64 bits and can use any address in it.
fn group(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) if !address.is_loopback() => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        other => other,
    }
}

#[derive(Debug)]
pub(super) struct Place {
    registry: Arc<Registry>,
    id: u64,
    activity: watch::Sender<Activity>,
    heard: watch::Receiver<Activity>,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.registry.open().remove(self.id);
    }
}

impl Place {
    pub(super) fn requests(&self) -> Requests {
        Requests(self.activity.clone())
    }

    /// Returns when the connection must be closed: its time is up, or another one needs the place.
    pub(super) async fn has_to_end(&mut self, clock: &Clock) {
        loop {
            let now = *self.heard.borrow_and_update();
            if now.evicted {
                return;
            }
            let limit = match now {
                Activity { requests: 1.., .. } => None,
                Activity { served: true, .. } => Some(self.registry.limits.idle),
                Activity { .. } => Some(self.registry.limits.header),
            };
            tokio::select! {
                biased;
                changed = self.heard.changed() => if changed.is_err() { return },
                () = passed(clock, limit) => return,
            }
        }
    }
}

async fn passed(clock: &Clock, limit: Option<Duration>) {
    match limit {
        Some(limit) => clock.sleep(limit).await,
        None => std::future::pending().await,
    }
}

#[derive(Debug, Clone)]
pub(super) struct Requests(watch::Sender<Activity>);

impl Requests {
    pub(super) fn begin(&self) -> InProgress {
        self.0.send_modify(|activity| {
            activity.requests += 1;
            activity.served = true;
        });
        InProgress(self.0.clone())
    }
}

#[derive(Debug)]
pub(super) struct InProgress(watch::Sender<Activity>);

impl Drop for InProgress {
    fn drop(&mut self) {
        self.0.send_modify(|activity| activity.requests = activity.requests.saturating_sub(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;
    use futures_util::FutureExt as _;

    fn registry(total: usize) -> Arc<Registry> {
        Registry::new(ConnectionLimits { total, ..ConnectionLimits::for_descriptors(64) })
    }

    fn address(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    fn is_evicted(place: &Place) -> bool {
        place.heard.borrow().evicted
    }

    #[test]
    fn the_one_that_waits_longest_gives_way_and_never_a_busy_one() {
        let registry = registry(3);
        let places: Vec<Place> = (1..=3).map(|last| registry.admit(address(last), 3).unwrap()).collect();
        let busy = places[0].requests().begin();
        let fourth = registry.admit(address(4), 3).unwrap();
        assert_eq!(places.iter().map(is_evicted).collect::<Vec<_>>(), [false, true, false]);
        let all_busy = (places[2].requests().begin(), fourth.requests().begin());
        assert!(registry.admit(address(5), 3).is_none(), "all are busy");
        drop((busy, all_busy));
        assert!(registry.admit(address(5), 3).is_some());
        assert!(is_evicted(&places[0]));
    }

    #[test]
    fn an_address_that_has_its_share_takes_no_other_ones_place() {
        let registry = registry(8);
        let other = registry.admit(address(1), 2).unwrap();
        let mine: Vec<Place> = (0..5).map(|_| registry.admit(address(2), 2).unwrap()).collect();
        assert_eq!(mine.iter().map(is_evicted).collect::<Vec<_>>(), [true, true, true, false, false]);
        assert!(!is_evicted(&other));
        drop((mine, other));
        let open = registry.open();
        assert_eq!((open.connections.len(), open.per_address.len()), (0, 0), "every place is given back once");
    }

    #[test]
    fn a_network_of_version_6_is_one_visitor() {
        let of = |text: &str| group(text.parse().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:1"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        assert_eq!(of("::1"), "::1".parse::<IpAddr>().unwrap());
    }

    #[test]
    fn the_first_request_is_awaited_shortly_the_next_one_longer_and_an_answer_as_long_as_it_takes() {
        let (clock, hand) = Clock::hand(Timestamp::from_ms(0));
        let registry = registry(4);
        let mut place = registry.admit(address(1), 4).unwrap();
        let requests = place.requests();
        let limits = registry.limits;
        {
            let mut end = Box::pin(place.has_to_end(&clock));
            assert!(end.as_mut().now_or_never().is_none());
            let request = requests.begin();
            assert!(end.as_mut().now_or_never().is_none());
            hand.advance(Duration::from_hours(1));
            assert!(end.as_mut().now_or_never().is_none(), "an answer takes as long as it takes");
            drop(request);
            assert!(end.as_mut().now_or_never().is_none());
            hand.advance(limits.header);
            assert!(end.as_mut().now_or_never().is_none(), "between two requests there is more time");
            hand.advance(limits.idle);
            assert!(end.as_mut().now_or_never().is_some());
        }
        let mut silent = registry.admit(address(1), 4).unwrap();
        let mut end = Box::pin(silent.has_to_end(&clock));
        assert!(end.as_mut().now_or_never().is_none());
        hand.advance(limits.header);
        assert!(end.as_mut().now_or_never().is_some());
    }
}
