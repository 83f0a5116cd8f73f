//! The clock on the wall of a time zone: when it reaches a time, also in the nights in which it leaves an hour out or shows one twice.

use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp};

/// No times that a person writes are longer, in bytes.
const LONGEST: usize = 200;

/// Times as they were written, in one line.
///
/// # Errors
/// The rest of a sentence that starts with the setting's name.
pub(super) fn in_one_line(text: &str) -> Result<String, String> {
    let written = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if written.len() <= LONGEST { Ok(written) } else { Err(format!("is {} characters long; {LONGEST} are enough", written.len())) }
}

/// The time zone of this name.
///
/// # Errors
/// The rest of a sentence that starts with the setting's name.
pub fn zone(name: &str) -> Result<TimeZone, String> {
    TimeZone::get(name.trim()).map_err(|_| format!("`{}` is no time zone; write it like `Europe/Berlin`", name.trim()))
}

/// The first instant at which the wall shows this time, or a later one of the same day and the next: the end of the gap where spring leaves
/// the time out, the first of the two where autumn shows it twice. None beyond the years that there are.
pub(super) fn reached(zone: &TimeZone, time: DateTime) -> Option<Timestamp> {
    match zone.to_ambiguous_timestamp(time).offset() {
        AmbiguousOffset::Unambiguous { offset } | AmbiguousOffset::Fold { before: offset, .. } => offset.to_timestamp(time).ok(),
        AmbiguousOffset::Gap { before, .. } => {
            // Counted on by the old offset, the time lies at the change or behind it.
            let behind = before.to_timestamp(time).ok()?.checked_add(SignedDuration::from_secs(1)).ok()?;
            zone.preceding(behind).next().map(|change| change.timestamp())
        }
    }
}
