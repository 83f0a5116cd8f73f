//! Parts of a minute, and what the service costs in each. Beats are sent in the first 45 seconds of a minute, and each is read back 20 seconds
//! later: so there are seconds in which the service only sends, and seconds in which it only reads back.

use std::time::Duration;

/// Where the parts of a minute begin: read-backs of the minute before end within the first.
pub(super) const PARTS: [Duration; 4] = [Duration::ZERO, Duration::from_secs(8), Duration::from_secs(20), Duration::from_secs(45)];

/// What happened in one part, or in several.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Window {
    pub(super) elapsed: Duration,
    pub(super) beats: u64,
    pub(super) readbacks: u64,
    /// Processor time of the service.
    pub(super) service: Duration,
    /// Processor time of the sink.
    pub(super) sink: Duration,
}

impl Window {
    pub(super) fn add(&mut self, other: &Self) {
        self.elapsed += other.elapsed;
        self.beats += other.beats;
        self.readbacks += other.readbacks;
        self.service += other.service;
        self.sink += other.sink;
    }

    pub(super) fn service_cores(&self) -> f64 {
        share(self.service, self.elapsed)
    }

    pub(super) fn sink_cores(&self) -> f64 {
        share(self.sink, self.elapsed)
    }
}

fn share(of: Duration, elapsed: Duration) -> f64 {
    if elapsed.is_zero() { 0.0 } else { of.as_secs_f64() / elapsed.as_secs_f64() }
}

/// Processor time in microseconds; none where there was too little to measure.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Cost {
    pub(super) us_per_beat: Option<f64>,
    pub(super) us_per_readback: Option<f64>,
}

/// With less, the hundredths of a second in which the kernel counts are too coarse.
const LEAST: Duration = Duration::from_millis(200);

impl Cost {
    /// From the sums of the parts, in the order of [`PARTS`].
    pub(super) fn of(parts: &[Window; PARTS.len()]) -> Self {
        let [_, sending, _, reading_back] = parts;
        if parts.iter().all(|part| part.readbacks == 0) {
            let mut all = Window::default();
            for part in parts {
                all.add(part);
            }
            let is_measurable = all.beats > 0 && all.service >= LEAST;
            return Self { us_per_beat: is_measurable.then(|| us(all.service) / all.beats as f64), us_per_readback: None };
        }
        if sending.service < LEAST || reading_back.service < LEAST {
            return Self::default();
        }
        // A service that is late does both in either part: two equations, two unknowns.
        let [beats, readbacks] = [sending, reading_back].map(|part| [part.beats as f64, part.readbacks as f64]);
        let determinant = beats[0] * readbacks[1] - beats[1] * readbacks[0];
        let [sent, read] = [us(sending.service), us(reading_back.service)];
        let us_per_beat = (sent * readbacks[1] - read * beats[1]) / determinant;
        let us_per_readback = (beats[0] * read - readbacks[0] * sent) / determinant;
        let plausible = |us: f64| Some(us).filter(|us| us.is_finite() && *us > 0.0);
        Self { us_per_beat: plausible(us_per_beat), us_per_readback: plausible(us_per_readback) }
    }
}

fn us(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(beats: u64, readbacks: u64) -> Window {
        let service = Duration::from_micros(beats * 30 + readbacks * 200);
        Window { elapsed: Duration::from_secs(15), beats, readbacks, service, sink: Duration::ZERO }
    }

    #[test]
    fn the_cost_is_the_same_whether_the_parts_are_clean_or_not() {
        let clean = [part(20_000, 20_000), part(40_000, 0), part(60_000, 60_000), part(0, 40_000)];
        let late = [part(20_000, 20_000), part(30_000, 9_000), part(60_000, 60_000), part(5_000, 40_000)];
        for parts in [clean, late] {
            let Cost { us_per_beat, us_per_readback } = Cost::of(&parts);
            assert!((us_per_beat.unwrap() - 30.0).abs() < 1e-6 && (us_per_readback.unwrap() - 200.0).abs() < 1e-6, "{parts:?}");
        }
    }

    #[test]
    fn without_read_backs_all_of_it_is_the_beats() {
        let parts = [part(20_000, 0), part(40_000, 0), part(60_000, 0), part(0, 0)];
        let Cost { us_per_beat, us_per_readback } = Cost::of(&parts);
        assert!((us_per_beat.unwrap() - 30.0).abs() < 1e-6 && us_per_readback.is_none());
    }

    #[test]
    fn what_is_below_the_ticks_of_the_kernel_or_cannot_be_told_apart_is_no_figure() {
        assert_eq!(Cost::of(&[part(1, 1), part(3, 0), part(3, 3), part(0, 3)]), Cost::default());
        let alike = part(40_000, 40_000);
        assert_eq!(Cost::of(&[alike, alike, alike, alike]), Cost::default());
        assert_eq!(Cost::of(&[Window::default(); 4]), Cost::default());
    }
}
