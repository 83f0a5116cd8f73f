//! Durations as text: `90s`, `2m`, `1h30m`, `14d`.

use std::fmt::Write as _;
use std::time::Duration;

use serde::{Deserialize as _, Deserializer, Serializer, de};

use super::{Invalid, Quoted};

/// Units in milliseconds, longest first.
const UNITS: [(&str, u64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)];

/// Reads one or more numbers with units, longest unit first, each unit at most once.
pub fn parse(text: &str) -> Result<Duration, Invalid> {
    const HOW: &str = "write it like `90s`, `2m`, `1h30m` or `14d`";
    let text = text.trim();
    let is_negative = || text.strip_prefix('-').is_some_and(|rest| read(rest).is_some());
    let of = || if is_negative() { "a positive duration" } else { "a duration" };
    read(text).map(Duration::from_millis).ok_or_else(|| Invalid::NotA(Quoted::of(text), of(), HOW))
}

/// Reads a duration within these bounds.
pub fn within(text: &str, least: Duration, most: Duration) -> Result<Duration, Invalid> {
    let read = parse(text)?;
    if (least..=most).contains(&read) {
        Ok(read)
    } else {
        Err(Invalid::OutOfBounds { text: Quoted::of(text), least: show(least), most: show(most) })
    }
}

fn read(text: &str) -> Option<u64> {
    let mut total = 0_u64;
    let mut units = UNITS.iter();
    let mut rest = text;
    while !rest.is_empty() || text.is_empty() {
        let (number, after) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit())?);
        let (unit, after) = after.split_at(after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len()));
        // The search continues where it stopped: a repeated unit, or a longer one after a shorter one, is not found.
        let (_, ms) = units.find(|(name, _)| *name == unit.trim())?;
        total = total.checked_add(number.parse::<u64>().ok()?.checked_mul(*ms)?)?;
        rest = after;
    }
    Some(total)
}

/// Writes a duration so that [`parse`] reads it back, to the millisecond.
#[must_use]
pub fn show(duration: Duration) -> String {
    let mut left = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let mut text = String::new();
    for (unit, ms) in UNITS {
        if left >= ms {
            // Writing into a String cannot fail.
            let _ = write!(text, "{}{unit}", left / ms);
            left %= ms;
        }
    }
    if text.is_empty() { "0s".to_owned() } else { text }
}

/// For `#[serde(with = "duration")]`.
pub fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&show(*duration))
}

/// For `#[serde(with = "duration")]`.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    parse(&String::deserialize(deserializer)?).map_err(de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_is_read() {
        for (text, seconds) in [("90s", 90), ("2m", 120), ("1h30m", 5400), ("14d", 1_209_600), (" 1h 30m ", 5400), ("0s", 0)] {
            assert_eq!(parse(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
    }

    #[test]
    fn what_is_no_duration_is_told_how_to_write_one() {
        for text in ["", " ", "2", "m", "2x", "-2m", "1.5h", "2m 3", "30m1h", "1m1m", "99999999999999999d", "２m", "1 year"] {
            let wrong = parse(text).unwrap_err().to_string();
            assert!(wrong.contains(&format!("`{}`", text.trim())) && wrong.contains("`1h30m`"), "{wrong}");
            assert_eq!(wrong.contains("is not a positive duration"), text == "-2m", "{wrong}");
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_shown_is_read_back(ms in 0..u64::MAX / 2) {
            let duration = Duration::from_millis(ms);
            proptest::prop_assert_eq!(parse(&show(duration)), Ok(duration));
        }
    }
}
