//! `[[maintenance]]`: when incidents are recorded and nobody is told that they opened, as a settings file asks for it.

use std::time::Duration;

use crate::model::{Cron, ProjectName, Timestamp, When, Window};

use super::rules;
use super::section::Section;

const FIELD: &str = "maintenance";
/// No window that comes again is shorter.
const SHORTEST: Duration = Duration::from_mins(1);

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const MINUTES_OF_A_DAY: u64 = 24 * 60;

/// Reads all maintenance windows of a file. One that has a problem is left out; the problem is noted.
pub(super) fn read_all(top: &Section<'_>) -> Vec<Window> {
    let mut names = Vec::new();
    let mut windows = Vec::new();
    for (index, section) in top.sections(FIELD, FIELD).into_iter().enumerate() {
        let section = section.numbered("", "maintenance", index);
        let name = section.required("name", "night", |text| rules::name(text, "maintenance window", &names));
        names.extend(name.clone());
        windows.extend(read(section, name));
    }
    windows
}

/// Leaves the windows of a file unread, and known.
pub(super) fn pass_over(top: &Section<'_>) {
    top.pass_over(&[FIELD]);
}

fn read(section: Section<'_>, name: Option<ProjectName>) -> Option<Window> {
    let projects = section.list("projects", ProjectName::parse);
    let ways = ["from", "cron", "weekly"].map(|key| section.has(key));
    let (ends, lasts) = (section.has("to"), section.has("lasts"));
    let when = match ways {
        [false, false, false] if ends => read_once(&section),
        [false, false, false] => {
            section
                .unfit(&[], "when it is open is missing; give `from` and `to`, or `cron` and `lasts`, or `weekly = \"sun 02:00-04:00\"`");
            None
        }
        [true, false, false] => read_once(&section),
        [false, true, false] => read_cron(&section),
        [false, false, true] => read_weekly(&section),
        _ => {
            section.unfit(&["from", "cron", "weekly"], "from, cron and weekly do not go together; give one of them");
            None
        }
    };
    if ends && (ways[1] || ways[2]) {
        section.wrong("to", "goes with from alone");
    }
    if lasts && !ways[1] {
        section.wrong("lasts", "goes with cron alone");
    }
    if section.has("timezone") && ways == [true, false, false] {
        section.wrong("timezone", "goes with cron and weekly; from and to hold their own, such as `Z` or `+02:00`");
    }
    section.finish();
    Some(Window { name: name?, projects, when: when? })
}

fn read_once(section: &Section<'_>) -> Option<When> {
    let [from, to] = ["from", "to"].map(|key| {
        if !section.has(key) {
            section.wrong(key, "is missing; give a time, such as `2026-11-23T02:00:00Z`");
        }
        section.time(key, Timestamp::parse)
    });
    let (from, to) = (from?, to?);
    if from >= to {
        section.wrong("to", format!("`{to}` must be later than from `{from}`"));
        return None;
    }
    Some(When::Once(from, to))
}

fn read_cron(section: &Section<'_>) -> Option<When> {
    let zone = read_zone(section);
    let cron = section.read("cron", |text| Cron::parse(&in_zone(text, zone.as_deref())));
    let lasts = section.required("lasts", "2h", |text| rules::within(text, SHORTEST, Window::LONGEST));
    Some(When::Cron(cron?, lasts?))
}

fn read_weekly(section: &Section<'_>) -> Option<When> {
    let zone = read_zone(section);
    let (cron, lasts) = section.read("weekly", weekly)?;
    let cron = Cron::parse(&in_zone(&cron, zone.as_deref())).map_err(|says| section.wrong("weekly", says)).ok()?;
    Some(When::Cron(cron, lasts))
}

fn read_zone(section: &Section<'_>) -> Option<String> {
    section.read("timezone", |text| {
        let zone = text.trim();
        let is_one = !zone.is_empty() && !zone.contains(char::is_whitespace) && Cron::parse(&in_zone("0 0 * * *", Some(zone))).is_ok();
        is_one.then(|| zone.to_owned()).ok_or_else(|| format!("`{zone}` is no time zone; write it like `Europe/Berlin`"))
    })
}

fn in_zone(cron: &str, zone: Option<&str>) -> String {
    zone.map_or_else(|| cron.to_owned(), |zone| format!("{cron} {zone}"))
}

/// Reads `sun 02:00-04:00`, `mon-fri 22:00-06:00` or `sat,sun 00:00-24:00` as a crontab expression without a time zone, and how long it lasts.
/// What does not end later on the same day ends on the next.
fn weekly(text: &str) -> Result<(String, Duration), String> {
    let read = || {
        let (days, times) = text.trim().split_once(char::is_whitespace)?;
        let (from, to) = times.split_once('-')?;
        Some((days_of(&days.to_lowercase())?, clock_of(from).filter(|from| *from < MINUTES_OF_A_DAY)?, clock_of(to)?))
    };
    let (days, from, to) = read().ok_or_else(|| {
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
    let day = |name: &str| DAYS.iter().position(|day| *day == name);
    let mut on = [false; 7];
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (day(first)?, day(last)?);
        let many = (last + 7 - first) % 7;
        (0..=many).for_each(|after| on[(first + after) % 7] = true);
    }
    let chosen = DAYS.iter().zip(on).filter(|(_, on)| *on).map(|(day, _)| day.to_uppercase()).collect::<Vec<_>>();
    Some(if chosen.len() == 7 { "*".to_owned() } else { chosen.join(",") })
}

/// `02:30` as minutes since midnight, up to `24:00`.
fn clock_of(text: &str) -> Option<u64> {
    let (hours, minutes) = text.trim().split_once(':')?;
    let number =
        |digits: &str| (digits.len() <= 2 && digits.bytes().all(|byte| byte.is_ascii_digit())).then(|| digits.parse::<u64>().ok())?;
    let (hours, minutes) = (number(hours)?, number(minutes).filter(|minutes| *minutes < 60)?);
    Some(hours * 60 + minutes).filter(|all| *all <= MINUTES_OF_A_DAY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_times_become_a_crontab_expression() {
        for (text, cron, minutes) in [
            ("sun 02:00-04:00", "0 2 * * SUN", 120),
            ("Mon-Fri 22:30-6:00", "30 22 * * MON,TUE,WED,THU,FRI", 450),
            ("sat,sun 00:00-24:00", "0 0 * * SAT,SUN", 1440),
            ("fri-mon  09:00 - 09:01", "0 9 * * MON,FRI,SAT,SUN", 1),
            ("mon-sun 23:59-23:58", "59 23 * * *", 1439),
        ] {
            assert_eq!(weekly(text), Ok((cron.to_owned(), Duration::from_mins(minutes))), "{text}");
            assert!(Cron::parse(cron).is_ok(), "{cron}");
        }
    }

    #[test]
    fn what_is_neither_days_nor_times_is_told_how_to_write_them() {
        for text in [
            "",
            "sun",
            "02:00-04:00",
            "sun 02:00",
            "sunday 02:00-04:00",
            "sun 2-4",
            "sun 24:00-04:00",
            "sun 02:60-04:00",
            "sun 02:00-25:00",
            "sun, 02:00-04:00",
        ] {
            assert!(weekly(text).unwrap_err().contains("must be days and times"), "{text}");
        }
        assert!(weekly("sun 02:00-02:00").unwrap_err().contains("the same time"));
    }
}
