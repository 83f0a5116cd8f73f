//! The queue and the worker behind it: what was taken waits here until it is ingested.
//!
//! Nothing runs in the background. Each event carries the moment at which it will be ingested, and whoever looks drains
//! what is due by then: the same answers as from a worker that never sleeps, at no cost while nobody looks.

use super::event::Event;
use super::faults::QueueFaults;
use super::moment::Moment;

/// Taken, and not ingested.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) event: Event,
    /// How many rows it will make.
    pub(super) rows: u8,
    /// When it is ingested; none while its partition is stopped.
    due: Option<Moment>,
}

/// Ingested: a row that queries see.
#[derive(Debug)]
pub(super) struct Ingested {
    pub(super) event: Event,
    pub(super) created_at: Moment,
}

#[derive(Debug, Default)]
pub(super) struct Pipeline {
    waiting: Vec<Waiting>,
}

impl Pipeline {
    /// Puts an event into its partition.
    pub(super) fn put(&mut self, event: Event, rows: u8, faults: &QueueFaults) {
        let due = due(&event, faults, event.received_at);
        self.waiting.push(Waiting { event, rows, due });
    }

    /// Takes out what is ingested by `now`, in the order in which it was.
    pub(super) fn drain(&mut self, now: Moment) -> Vec<Ingested> {
        let mut ingested = Vec::new();
        self.waiting.retain_mut(|waiting| {
            let Some(created_at) = waiting.due.filter(|due| *due <= now) else { return true };
            ingested.extend((0..waiting.rows).map(|_| Ingested { event: waiting.event.clone(), created_at }));
            false
        });
        ingested.sort_by_key(|row| row.created_at);
        ingested
    }

    /// The faults changed at `now`: what waits is stopped, started, hastened or slowed. What is due by now was
    /// ingested in the old faults, and keeps its moment.
    pub(super) fn replan(&mut self, faults: &QueueFaults, now: Moment) {
        for waiting in self.waiting.iter_mut().filter(|waiting| waiting.due.is_none_or(|due| due > now)) {
            waiting.due = due(&waiting.event, faults, now);
        }
    }

    pub(super) fn waiting(&self) -> &[Waiting] {
        &self.waiting
    }

    /// Forgets what was received before `oldest`.
    pub(super) fn forget(&mut self, oldest: Moment) {
        self.waiting.retain(|waiting| waiting.event.received_at >= oldest);
    }
}

/// When an event is ingested in this faults: not before `now`.
fn due(event: &Event, faults: &QueueFaults, now: Moment) -> Option<Moment> {
    let lag_ms = i64::try_from(faults.lag_ms).unwrap_or(i64::MAX);
    (!faults.holds(event.partition())).then(|| event.received_at.plus_ms(lag_ms).max(now))
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn event(received_at: Moment) -> Event {
        Event {
            project: 1,
            uuid: Uuid::from_u128(1),
            name: "heartbeat".into(),
            distinct_id: "someone".into(),
            properties: "{}".into(),
            timestamp: received_at,
            received_at,
        }
    }

    fn at(ms: i64) -> Moment {
        Moment::from_ms(ms)
    }

    #[test]
    fn an_event_is_ingested_after_the_lag() {
        let mut pipeline = Pipeline::default();
        pipeline.put(event(at(1000)), 1, &QueueFaults { lag_ms: 50, ..QueueFaults::default() });
        assert!(pipeline.drain(at(1049)).is_empty());
        assert_eq!(pipeline.drain(at(9999))[0].created_at, at(1050));
        assert!(pipeline.waiting().is_empty());
    }

    #[test]
    fn a_stopped_queue_is_drained_when_it_starts_again() {
        let mut pipeline = Pipeline::default();
        pipeline.put(event(at(1000)), 1, &QueueFaults { stopped: true, ..QueueFaults::default() });
        assert!(pipeline.drain(at(1_000_000)).is_empty());
        pipeline.replan(&QueueFaults::default(), at(2000));
        assert_eq!(pipeline.drain(at(2000))[0].created_at, at(2000));
    }

    #[test]
    fn stopping_holds_what_was_on_its_way() {
        let mut pipeline = Pipeline::default();
        pipeline.put(event(at(1000)), 1, &QueueFaults { lag_ms: 500, ..QueueFaults::default() });
        pipeline.replan(&QueueFaults { stopped: true, ..QueueFaults::default() }, at(1100));
        assert!(pipeline.drain(at(5000)).is_empty());
    }

    #[test]
    fn only_a_stopped_partition_waits() {
        let mine = event(at(1000)).partition();
        for (stopped, ingested) in [(mine, 0), ((mine + 1) % 8, 1)] {
            let mut pipeline = Pipeline::default();
            pipeline.put(event(at(1000)), 1, &QueueFaults { stopped_partitions: vec![stopped], ..QueueFaults::default() });
            assert_eq!(pipeline.drain(at(1000)).len(), ingested);
        }
    }
}
