//! The figures of a bench, as text and as JSON.

use std::fmt;

use serde::Serialize;

use super::lateness::LATE_AFTER;
use super::limit::{Busiest, Limit};
use crate::model::thousands;

/// Names end with their units. None is what was not asked for, or cannot be measured on this system, or was too little to measure.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Figures {
    pub(super) projects: u32,
    pub(super) minutes: u32,
    pub(super) readback: bool,
    pub(super) speed: f64,
    pub(super) database: &'static str,
    pub(super) cores: usize,
    pub(super) beats_expected: u64,
    pub(super) beats_sent: u64,
    pub(super) beats_late: u64,
    pub(super) beats_recorded: u64,
    pub(super) beats_read_back: Option<u64>,
    pub(super) beats_missing: u64,
    pub(super) requests_repeated: u64,
    pub(super) lateness_p50_ms: Option<f64>,
    pub(super) lateness_p99_ms: Option<f64>,
    pub(super) lateness_p999_ms: Option<f64>,
    pub(super) lateness_longest_ms: Option<f64>,
    pub(super) processor_us_per_beat: Option<f64>,
    pub(super) processor_us_per_readback: Option<f64>,
    pub(super) processor_ms_per_minute: Option<f64>,
    pub(super) memory_peak_bytes: Option<u64>,
    pub(super) memory_bytes_per_project: Option<f64>,
    pub(super) rows_per_second: f64,
    pub(super) service_cores_at_most: Option<f64>,
    pub(super) sink_cores_at_most: Option<f64>,
    pub(super) descriptors_at_most: Option<u64>,
    pub(super) limited_by: Option<Limit>,
    /// How the service ended, if it did by itself.
    pub(super) service_ended: Option<String>,
    #[serde(skip)]
    pub(super) busiest: Busiest,
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let readback = if self.readback { "with read-backs" } else { "without read-backs" };
        let (projects, minutes, cores) = (counted(u64::from(self.projects), "project"), counted(self.minutes.into(), "minute"), self.cores);
        writeln!(f, "{projects}, {minutes} after the first, {readback}, {}, {}\n", self.database, counted(cores as u64, "core"))?;
        let mut row = |name: &str, value: String| writeln!(f, "{name:<16}{value}");
        let late = format!("{} more than {} ms after the slot", thousands(self.beats_late), LATE_AFTER.as_millis());
        row("beats sent", format!("{} of {}, {late}", thousands(self.beats_sent), thousands(self.beats_expected)))?;
        row("recorded", thousands(self.beats_recorded))?;
        if let Some(read_back) = self.beats_read_back {
            row("read back", thousands(read_back))?;
        }
        row("missing", thousands(self.beats_missing))?;
        if let (Some(half), Some(most), Some(nearly_all), Some(longest)) =
            (self.lateness_p50_ms, self.lateness_p99_ms, self.lateness_p999_ms, self.lateness_longest_ms)
        {
            row("lateness", format!("p50 {half:.2} ms, p99 {most:.2} ms, p99.9 {nearly_all:.2} ms, longest {longest:.2} ms"))?;
        }
        if let Some(per_minute) = self.processor_ms_per_minute {
            let of = |us: Option<f64>, what: &str| us.map(|us| format!("{us:.1} µs a {what}"));
            let each = [of(self.processor_us_per_beat, "beat"), of(self.processor_us_per_readback, "read-back")];
            let all: Vec<String> = each.into_iter().flatten().chain([format!("{per_minute:.0} ms a minute")]).collect();
            row("processor time", all.join(", "))?;
        }
        if let (Some(peak), Some(per_project)) = (self.memory_peak_bytes, self.memory_bytes_per_project) {
            row(
                "memory",
                format!("{:.1} MiB at most, {} bytes a project", peak as f64 / (1024.0 * 1024.0), thousands(per_project as u64)),
            )?;
        }
        row("rows", format!("{} a second written or changed in the store", thousands(self.rows_per_second.round() as u64)))?;
        if self.limited_by.is_some() {
            row("limited by", self.busiest.to_string())?;
        }
        Ok(())
    }
}

fn counted(number: u64, of: &str) -> String {
    format!("{} {of}{}", thousands(number), if number == 1 { "" } else { "s" })
}
