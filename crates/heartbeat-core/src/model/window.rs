//! A maintenance window: incidents are recorded in it, and nobody is told that they opened.

use std::time::Duration;

use super::{Cron, ProjectName, Timestamp, Weekly};

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
    /// Each week, by the wall.
    Weekly(Weekly),
    /// From each time of a crontab expression, for so long in real time. `0 2 * * SUN Europe/Berlin`: the time zone stands at the end.
    Cron(Cron, Duration),
}

/// When a window that is open closes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closes {
    /// At this time.
    At(Timestamp),
    /// Never: whenever it closes it opens again.
    Never,
}

/// So far ahead the end of a window is looked for that opens again as it closes. Whatever comes by a calendar comes again within a year.
const AHEAD: Duration = Duration::from_hours(366 * 24);
/// The same in openings: as many as there are minutes in a week, and some.
const OPENINGS: usize = 11_000;

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
            When::Weekly(weekly) => weekly.open(at),
            When::Cron(cron, lasts) => {
                // The first that begins so lately that it would still be open: the instant itself counts, and `next_after` is strict.
                let begun = cron.next_after(at.minus(*lasts))?;
                (begun <= at).then(|| begun.plus(*lasts))
            }
        }
    }

    /// When it closes, if it is open at `at`, and does not open again in the same instant.
    #[must_use]
    pub fn closes(&self, at: Timestamp) -> Option<Closes> {
        let mut until = self.open(at)?;
        for _ in 0..OPENINGS {
            match self.open_again(until) {
                None => return Some(Closes::At(until)),
                Some(_) if until.since(at) > AHEAD => break,
                Some(next) => until = next,
            }
        }
        Some(Closes::Never)
    }

    /// The same as [`Window::open`], but for the opening that ends last, where that began within the last minute.
    fn open_again(&self, at: Timestamp) -> Option<Timestamp> {
        let When::Cron(cron, lasts) = &self.when else { return self.open(at) };
        let newest = cron.next_after(at.minus(Duration::from_mins(1))).filter(|begun| *begun <= at);
        newest.map(|begun| begun.plus(*lasts)).or_else(|| self.open(at))
    }

    /// When it opens next after `at`; none when it never will.
    #[must_use]
    pub fn next_after(&self, at: Timestamp) -> Option<Timestamp> {
        match &self.when {
            When::Once(from, _) => (*from > at).then_some(*from),
            When::Weekly(weekly) => weekly.next_after(at),
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
        let cron = window(When::Cron(Cron::parse("0 2 * * MON").unwrap(), Duration::from_hours(2)), &["shop"]);
        let weekly = window(When::Weekly(Weekly::parse("mon 02:00-04:00", None).unwrap()), &["shop"]);
        for window in [&once, &cron, &weekly] {
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
    fn a_window_that_opens_again_as_it_closes_has_no_end() {
        let now = at("2026-11-23T14:00:30Z");
        let cron = |text: &str, minutes| window(When::Cron(Cron::parse(text).unwrap(), Duration::from_mins(minutes)), &[]);
        let weekly = |text: &str| window(When::Weekly(Weekly::parse(text, None).unwrap()), &[]);
        for endless in [
            cron("* * * * *", 1),
            cron("* * * * *", 60),
            cron("0 * * * *", 60),
            cron("0 2 * * * Europe/Berlin", 25 * 60),
            cron("0 0 * * MON", 7 * 24 * 60),
            weekly("mon-sun 00:00-24:00"),
        ] {
            assert_eq!(endless.closes(now), Some(Closes::Never), "{endless:?}");
        }
        for (window, until) in [
            (cron("* 8-18 * * *", 1), "2026-11-23T19:00:00Z"),
            (cron("*/2 14 * * *", 3), "2026-11-23T15:01:00Z"),
            (cron("* * * * MON", 1), "2026-11-24T00:00:00Z"),
            (weekly("mon-tue 00:00-24:00"), "2026-11-25T00:00:00Z"),
            (window(When::Once(at("2026-11-23T02:00:00Z"), at("2026-11-23T15:00:00Z")), &[]), "2026-11-23T15:00:00Z"),
        ] {
            assert_eq!(window.closes(now), Some(Closes::At(at(until))), "{window:?}");
        }
        assert_eq!(cron("0 2 * * *", 60).closes(now), None);
    }
}
