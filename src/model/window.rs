//! A maintenance window: incidents are recorded in it, and nobody is told that they opened.

use std::fmt;
use std::time::Duration;

use super::{ProjectName, Timestamp};

/// A maintenance window as a person sets it up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// Unlike that of any other window.
    pub name: ProjectName,
    /// Of these projects; of all, when empty.
    pub projects: Vec<ProjectName>,
    /// When.
    pub when: When,
}

/// When a window is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum When {
    /// From the first up to and without the second.
    Once(Timestamp, Timestamp),
    /// From each time of a crontab expression, for so long. `0 2 * * SUN Europe/Berlin`: the time zone stands at the end; a weekly window is
    /// one of these.
    Cron(Cron, Duration),
}

/// A crontab expression with a time zone, read and found right.
#[derive(Debug, Clone)]
pub struct Cron {
    written: String,
    read: cronexpr::Crontab,
}

impl Cron {
    /// Reads five fields (minute, hour, day of the month, month, day of the week) and perhaps a time zone; UTC where there is none.
    ///
    /// # Errors
    /// The rest of a sentence that starts with the setting's name.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let fields = text.split(' ').count();
        let with_zone = if fields == 5 { format!("{text} UTC") } else { text.clone() };
        match cronexpr::parse_crontab(&with_zone) {
            Ok(read) if read.find_next(jiff::Timestamp::UNIX_EPOCH).is_err() => {
                Err(format!("`{text}` never comes: there is no such day in any month"))
            }
            Ok(read) => Ok(Self { written: text, read }),
            Err(wrong) => {
                let wrong = wrong.to_string();
                // The last line points at the place with a `^`, and says what is wrong there.
                let says = wrong.lines().last().unwrap_or_default().trim_start_matches([' ', '^']);
                let says = says.split(';').next().unwrap_or_default();
                Err(format!("`{text}` is no crontab expression with a time zone, such as `0 2 * * SUN Europe/Berlin`: {says}"))
            }
        }
    }

    /// The first time after `at`; none when there is none any more.
    fn next_after(&self, at: Timestamp) -> Option<Timestamp> {
        let at = jiff::Timestamp::from_millisecond(at.ms()).ok()?;
        let next = self.read.find_next(at).ok()?;
        Some(Timestamp::from_ms(next.timestamp().as_millisecond()))
    }
}

impl PartialEq for Cron {
    fn eq(&self, other: &Self) -> bool {
        self.written == other.written
    }
}

impl Eq for Cron {}

impl fmt::Display for Cron {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

impl Window {
    /// No window that comes again is open for longer.
    pub const LONGEST: Duration = Duration::from_hours(7 * 24);

    /// When the window ends that is open over this project at `at`; none when none is.
    #[must_use]
    pub fn open_until(&self, project: &ProjectName, at: Timestamp) -> Option<Timestamp> {
        if !self.projects.is_empty() && !self.projects.contains(project) {
            return None;
        }
        self.open(at)
    }

    /// When the window ends, if it is open at `at`, over whichever project.
    #[must_use]
    pub fn open(&self, at: Timestamp) -> Option<Timestamp> {
        match &self.when {
            When::Once(from, to) => (*from <= at && at < *to).then_some(*to),
            When::Cron(cron, lasts) => {
                // The first that begins so lately that it would still be open: the instant itself counts, and `next_after` is strict.
                let begun = cron.next_after(at.minus(*lasts))?;
                (begun <= at).then(|| begun.plus(*lasts))
            }
        }
    }

    /// When it opens next after `at`; none when it never will.
    #[must_use]
    pub fn next_after(&self, at: Timestamp) -> Option<Timestamp> {
        match &self.when {
            When::Once(from, _) => (*from > at).then_some(*from),
            When::Cron(cron, _) => cron.next_after(at),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn window(when: When, projects: &[&str]) -> Window {
        let name = |text: &&str| ProjectName::parse(text).unwrap();
        Window { name: name(&"night"), projects: projects.iter().map(name).collect(), when }
    }

    #[test]
    fn a_window_is_open_from_its_first_instant_and_without_its_last() {
        let shop = ProjectName::parse("shop").unwrap();
        let once = window(When::Once(at("2026-11-23T02:00:00Z"), at("2026-11-23T04:00:00Z")), &[]);
        let weekly = window(When::Cron(Cron::parse("0 2 * * MON").unwrap(), Duration::from_hours(2)), &["shop"]);
        for window in [&once, &weekly] {
            for (when, is_open) in [
                ("2026-11-23T01:59:59Z", false),
                ("2026-11-23T02:00:00Z", true),
                ("2026-11-23T03:59:59Z", true),
                ("2026-11-23T04:00:00Z", false),
                ("2026-11-24T03:00:00Z", false),
            ] {
                let until = window.open_until(&shop, at(when));
                assert_eq!(until, is_open.then(|| at("2026-11-23T04:00:00Z")), "{when}");
            }
        }
        assert!(weekly.open_until(&ProjectName::parse("other").unwrap(), at("2026-11-23T03:00:00Z")).is_none());
    }

    #[test]
    fn a_time_zone_moves_the_window_with_its_summer() {
        let shop = ProjectName::parse("shop").unwrap();
        let daily = window(When::Cron(Cron::parse("30 2 * * * Europe/Berlin").unwrap(), Duration::from_mins(30)), &[]);
        assert!(daily.open_until(&shop, at("2026-01-10T01:45:00Z")).is_some());
        assert!(daily.open_until(&shop, at("2026-07-10T00:45:00Z")).is_some());
        assert!(daily.open_until(&shop, at("2026-07-10T01:45:00Z")).is_none());
    }

    #[test]
    fn a_window_says_when_it_opens_next() {
        let once = window(When::Once(at("2026-11-23T02:00:00Z"), at("2026-11-23T04:00:00Z")), &["shop"]);
        let daily = window(When::Cron(Cron::parse("0 2 * * *").unwrap(), Duration::from_hours(2)), &[]);
        assert_eq!(once.next_after(at("2026-11-22T02:00:00Z")), Some(at("2026-11-23T02:00:00Z")));
        assert_eq!(once.next_after(at("2026-11-23T02:00:00Z")), None);
        assert_eq!(daily.next_after(at("2026-11-23T02:00:00Z")), Some(at("2026-11-24T02:00:00Z")));
        assert_eq!(once.open(at("2026-11-23T03:00:00Z")), Some(at("2026-11-23T04:00:00Z")), "over whichever project");
    }

    #[test]
    fn a_day_that_never_comes_is_refused() {
        for text in ["0 2 31 2 *", "0 2 30 2 * Europe/Berlin", "0 2 31 4,6 *"] {
            assert!(Cron::parse(text).unwrap_err().contains("never comes"), "{text}");
        }
        assert!(Cron::parse("0 2 29 2 *").is_ok(), "in a leap year");
    }

    #[test]
    fn what_is_no_crontab_expression_is_said() {
        for text in ["", "0 2 * *", "61 2 * * *", "0 2 * * * Mars/Olympus", "0 2 * * * UTC UTC"] {
            let said = Cron::parse(text).unwrap_err();
            assert!(said.contains("is no crontab expression"), "{said}");
        }
    }
}
