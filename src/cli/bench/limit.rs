//! What limited a service: the processors, the sink, the store, file descriptors, or nothing that a bench measures.

use std::fmt;

use serde::Serialize;

use super::window::Window;
use crate::model::thousands;

/// From this share on, something counts as used up.
const USED_UP: f64 = 0.9;

/// What the parts of the minutes needed at most.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Busiest {
    pub(super) service_cores: f64,
    pub(super) sink_cores: f64,
    /// Cores that the sink left to the service, in the part in which the service used the largest share of them.
    cores_left: f64,
    share_of_left: f64,
    /// Beats that were sent in a minute and not recorded at its end.
    pub(super) unrecorded: u64,
    pub(super) descriptors: u64,
    descriptors_limit: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Limit {
    Nothing,
    Processor,
    Sink,
    Store,
    Descriptors,
}

impl Busiest {
    pub(super) fn note_part(&mut self, part: &Window, cores: usize) {
        let left = (cores as f64 - part.sink_cores()).max(f64::MIN_POSITIVE);
        if part.service_cores() / left >= self.share_of_left {
            (self.share_of_left, self.cores_left) = (part.service_cores() / left, left);
        }
        self.service_cores = self.service_cores.max(part.service_cores());
        self.sink_cores = self.sink_cores.max(part.sink_cores());
    }

    pub(super) fn note_descriptors(&mut self, (open, limit): (u64, u64)) {
        if open >= self.descriptors {
            (self.descriptors, self.descriptors_limit) = (open, limit);
        }
    }

    /// The first of the limits that was reached: a processor that is used up makes the store late too.
    pub(super) fn limit(&self) -> Limit {
        if self.share_of_left >= USED_UP {
            Limit::Processor
        } else if self.sink_cores >= USED_UP {
            Limit::Sink
        } else if self.unrecorded > 0 {
            Limit::Store
        } else if self.descriptors > 0 && self.descriptors as f64 >= self.descriptors_limit as f64 * USED_UP {
            Limit::Descriptors
        } else {
            Limit::Nothing
        }
    }
}

/// The limit with its proof.
impl fmt::Display for Busiest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = |share: f64| (share * 100.0).round();
        match self.limit() {
            Limit::Nothing => write!(f, "nothing: at most {} % of one core", percent(self.service_cores)),
            Limit::Processor => {
                let (share, left) = (percent(self.share_of_left), self.cores_left);
                write!(f, "processors: the service used {share} % of the {left:.1} cores that the sink left")
            }
            Limit::Sink => write!(f, "the sink: it used {} % of its one core", percent(self.sink_cores)),
            Limit::Store => {
                write!(f, "the store: {} beats of a minute were sent and not recorded at its end", thousands(self.unrecorded))
            }
            Limit::Descriptors => {
                write!(f, "file descriptors: {} of {}", thousands(self.descriptors), thousands(self.descriptors_limit))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn part(service_ms: u64, sink_ms: u64) -> Window {
        let [elapsed, service, sink] = [1000, service_ms, sink_ms].map(Duration::from_millis);
        Window { elapsed, service, sink, ..Window::default() }
    }

    #[test]
    fn the_limit_is_named_with_its_proof() {
        for (parts, unrecorded, descriptors, says) in [
            (&[part(40, 10), part(30, 20)][..], 0, (10, 1024), "nothing: at most 4 % of one core"),
            (&[part(1000, 10), part(1250, 700)], 3, (10, 1024), "processors: the service used 96 % of the 1.3 cores that the sink left"),
            (&[part(500, 950)], 3, (10, 1024), "the sink: it used 95 % of its one core"),
            (&[part(500, 100)], 1234, (10, 1024), "the store: 1,234 beats of a minute were sent and not recorded at its end"),
            (&[part(500, 100)], 0, (950, 1024), "file descriptors: 950 of 1,024"),
            (&[], 0, (0, 0), "nothing: at most 0 % of one core"),
        ] {
            let mut busiest = Busiest { unrecorded, ..Busiest::default() };
            for part in parts {
                busiest.note_part(part, 2);
            }
            busiest.note_descriptors(descriptors);
            assert_eq!(busiest.to_string(), says);
        }
    }
}
