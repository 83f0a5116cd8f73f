//! A window of every week as people write it, `sun 02:00-04:00`: read as a crontab expression and how long it lasts.

use std::time::Duration;

use crate::model::{Cron, parse_clock, parse_days};

const DAYS: [&str; 7] = ["MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"];
const MINUTES_OF_A_DAY: u64 = 24 * 60;

/// Reads `sun 02:00-04:00`, `mon-fri 22:00-06:00` or `sat,sun 00:00-24:00`. What does not end later on the same day ends on the next.
///
/// # Errors
/// The rest of a sentence that starts with the setting's name.
pub fn weekly(text: &str, timezone: Option<&str>) -> Result<(Cron, Duration), String> {
    let (cron, lasts) = read(text)?;
    Ok((zoned(&cron, timezone)?, lasts))
}

/// A crontab expression in a time zone; in UTC, where there is none.
///
/// # Errors
/// The rest of a sentence that starts with the setting's name.
pub fn zoned(cron: &str, timezone: Option<&str>) -> Result<Cron, String> {
    Cron::parse(&timezone.map_or_else(|| cron.to_owned(), |zone| format!("{cron} {zone}")))
}

fn read(text: &str) -> Result<(String, Duration), String> {
    let parts = || {
        let (days, times) = text.trim().split_once(char::is_whitespace)?;
        let (from, to) = times.split_once('-')?;
        Some((days_of(days)?, clock_of(from).filter(|from| *from < MINUTES_OF_A_DAY)?, clock_of(to)?))
    };
    let (days, from, to) = parts().ok_or_else(|| {
        format!("`{}` must be days and times, such as `sun 02:00-04:00`, `mon-fri 22:00-06:00` or `sat,sun 00:00-24:00`", text.trim())
    })?;
    if from == to {
        return Err(format!("`{}` begins and ends at the same time; a whole day is 00:00-24:00", text.trim()));
    }
    let lasts = if to > from { to - from } else { to + MINUTES_OF_A_DAY - from };
    Ok((format!("{} {} * * {days}", from % 60, from / 60), Duration::from_mins(lasts)))
}

/// `sun`, `sat,sun` or `fri-mon`, as crontab lists days.
fn days_of(text: &str) -> Option<String> {
    let on = parse_days(text)?;
    let chosen = DAYS.iter().zip(on).filter(|(_, on)| *on).map(|(day, _)| *day).collect::<Vec<_>>();
    Some(if chosen.len() == 7 { "*".to_owned() } else { chosen.join(",") })
}

/// `02:30` as minutes since midnight, up to `24:00`.
fn clock_of(text: &str) -> Option<u64> {
    parse_clock(text).map(u64::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_times_become_a_crontab_expression_in_a_time_zone() {
        for (text, zone, cron, minutes) in [
            ("sun 02:00-04:00", None, "0 2 * * SUN", 120),
            ("Mon-Fri 22:30-6:00", Some("Europe/Berlin"), "30 22 * * MON,TUE,WED,THU,FRI Europe/Berlin", 450),
            ("sat,sun 00:00-24:00", None, "0 0 * * SAT,SUN", 1440),
            ("fri-mon  09:00 - 09:01", None, "0 9 * * MON,FRI,SAT,SUN", 1),
            ("mon-sun 23:59-23:58", None, "59 23 * * *", 1439),
        ] {
            let (read, lasts) = weekly(text, zone).unwrap();
            assert_eq!((read.to_string().as_str(), lasts), (cron, Duration::from_mins(minutes)), "{text}");
        }
    }

    #[test]
    fn what_is_neither_days_nor_times_is_told_how_to_write_them() {
        for text in ["", "sun", "02:00-04:00", "sunday 02:00-04:00", "sun 2-4", "sun 24:00-04:00", "sun 02:60-04:00", "sun, 02:00-04:00"] {
            assert!(weekly(text, None).unwrap_err().contains("must be days and times"), "{text}");
        }
        assert!(weekly("sun 02:00-02:00", None).unwrap_err().contains("the same time"));
        assert!(weekly("sun 02:00-04:00", Some("Mars/Olympus")).unwrap_err().contains("is no crontab expression"));
    }
}
