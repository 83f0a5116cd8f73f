//! The queue and its worker: accepted events wait here until they are ingested. Nothing runs in the background: each event has
//! its due time, and each reader first drains the events that are due.

use super::event::Event;
use super::faults::QueueFaults;
use super::moment::Moment;

#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) event: Event,
    /// The number of rows that it becomes: 2 for a duplicate.
    pub(super) rows: u8,
    /// `None` while its partition is stopped.
    due: Option<Moment>,
}

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
    pub(super) fn put(&mut self, event: Event, rows: u8, faults: &QueueFaults) {
        let due = due(&event, faults, event.received_at);
        self.waiting.push(Waiting { event, rows, due });
    }

    /// Removes and returns the events that are due by `now`, in order of ingestion.
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

    /// Applies faults that changed at `now` to the waiting events. An event that is due by `now` was ingested before the change
    /// and keeps its due time.
    pub(super) fn replan(&mut self, faults: &QueueFaults, now: Moment) {
        for waiting in self.waiting.iter_mut().filter(|waiting| waiting.due.is_none_or(|due| due > now)) {
            waiting.due = due(&waiting.event, faults, now);
        }
    }

    pub(super) fn waiting(&self) -> &[Waiting] {
        &self.waiting
    }

    pub(super) fn forget(&mut self, oldest: Moment) {
        self.waiting.retain(|waiting| waiting.event.received_at >= oldest);
    }
}

/// The result is `now` or later.
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
