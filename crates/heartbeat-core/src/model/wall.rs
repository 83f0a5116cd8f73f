//! The wall clock of a time zone: when it reaches a time, also in nights in which it skips an hour or shows one twice.

use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp};

pub(super) const MINUTES_OF_A_DAY: u16 = 24 * 60;

/// The maximum length of a written time, in bytes.
const LONGEST: usize = 200;

/// The text with single spaces.
pub(super) fn in_one_line(text: &str) -> Result<String, String> {
    let written = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if written.len() <= LONGEST { Ok(written) } else { Err(format!("is {} characters long; at most {LONGEST} are allowed", written.len())) }
}

pub fn zone(name: &str) -> Result<TimeZone, String> {
    TimeZone::get(name.trim()).map_err(|_| format!("`{}` is not a time zone; write it like `Europe/Berlin`", name.trim()))
}

/// The first instant at which the wall clock shows this time or a later one: the end of the gap if spring skips the time, the first of both if autumn
/// shows it twice. None beyond the supported years.
pub(super) fn reached(zone: &TimeZone, time: DateTime) -> Option<Timestamp> {
    match zone.to_ambiguous_timestamp(time).offset() {
        AmbiguousOffset::Unambiguous { offset } | AmbiguousOffset::Fold { before: offset, .. } => offset.to_timestamp(time).ok(),
        AmbiguousOffset::Gap { before, .. } => {
            // With the old offset the time is at the change or after it.
            let behind = before.to_timestamp(time).ok()?.checked_add(SignedDuration::from_secs(1)).ok()?;
            zone.preceding(behind).next().map(|change| change.timestamp())
        }
    }
}
