//! The wall clock of a time zone: when it reaches a time, also in nights in which it skips an hour or shows one twice.

use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp};

use super::{Invalid, Quoted};

pub(super) const MINUTES_OF_A_DAY: u16 = 24 * 60;

/// The maximum length of a written time, in bytes.
const LONGEST: usize = 200;

/// The text with single spaces.
pub(super) fn in_one_line(text: &str) -> Result<String, Invalid> {
    let written = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match written.len() {
        ..=LONGEST => Ok(written),
        length => Err(Invalid::TooLong { length, unit: "bytes", most: LONGEST }),
    }
}

pub fn zone(name: &str) -> Result<TimeZone, Invalid> {
    TimeZone::get(name.trim()).map_err(|_| Invalid::NotA(Quoted::of(name), "a time zone", "write it like `Europe/Berlin`"))
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
