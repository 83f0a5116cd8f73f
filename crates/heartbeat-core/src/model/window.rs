//! A maintenance window: incidents are recorded, but their opening is not notified.

use std::time::Duration;

use super::{Cron, ProjectFilter, ProjectName, ProjectSpec, Timestamp, Weekly};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// Unique among windows.
    pub name: ProjectName,
    pub projects: ProjectFilter,
    pub when: When,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum When {
    /// From the first until the second (exclusive).
    Once(Timestamp, Timestamp),
    Weekly(Weekly),
    /// From each time of a crontab expression, for this duration in real time. The expression may end with a time zone: `0 2 * * SUN Europe/Berlin`.
    Cron(Cron, Duration),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closes {
    At(Timestamp),
    /// Never: it opens again whenever it closes.
    Never,
}

/// How far ahead the end of a window that opens again as it closes is looked for. Every calendar expression repeats within a year.
const AHEAD: Duration = Duration::from_hours(366 * 24);
/// The same as a number of openings: more than the minutes of a week.
const OPENINGS: usize = 11_000;

impl Window {
    /// The maximum duration of a repeated window.
    pub const LONGEST: Duration = Duration::from_hours(7 * 24);

    /// The end of the window if it is open for this project at `at`.
    #[must_use]
    pub fn open_until(&self, project: &ProjectSpec, at: Timestamp) -> Option<Timestamp> {
        if self.projects.matches(project) { self.open(at) } else { None }
    }

    /// The end of the window if it is open at `at`, for any project.
    #[must_use]
    pub fn open(&self, at: Timestamp) -> Option<Timestamp> {
        match &self.when {
            When::Once(from, to) => (*from <= at && at < *to).then_some(*to),
            When::Weekly(weekly) => weekly.open(at),
            When::Cron(cron, lasts) => {
                // The first opening late enough to be still open at `at`: `next_after` is strict, so an opening at `at` itself counts.
                let begun = cron.next_after(at.minus(*lasts))?;
                (begun <= at).then(|| begun.plus(*lasts))
            }
        }
    }

    /// When it closes, if it is open at `at`, ignoring ends at which it opens again at once.
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

    /// Like [`Window::open`], but if an opening began within the last minute, the end of that one.
    fn open_again(&self, at: Timestamp) -> Option<Timestamp> {
        let When::Cron(cron, lasts) = &self.when else { return self.open(at) };
        let newest = cron.next_after(at.minus(Duration::from_mins(1))).filter(|begun| *begun <= at);
        newest.map(|begun| begun.plus(*lasts)).or_else(|| self.open(at))
    }

    /// The next opening after `at`; none if there is none.
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
    use crate::model::{Host, ProjectToken};

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn project(name: &str) -> ProjectSpec {
        ProjectSpec::new(ProjectName::parse(name).unwrap(), Host::parse("us").unwrap(), ProjectToken::parse("phc_a").unwrap())
    }

    fn window(when: When, projects: &[&str]) -> Window {
        let name = |text: &&str| ProjectName::parse(text).unwrap();
        Window { name: name(&"night"), projects: projects.iter().map(name).collect(), when }
    }

    #[test]
    fn a_window_is_open_from_its_first_instant_and_without_its_last() {
        let shop = project("shop");
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
        assert!(weekly.open_until(&project("other"), at("2026-11-23T03:00:00Z")).is_none());
    }

    #[test]
    fn a_time_zone_moves_the_window_with_its_summer() {
        let shop = project("shop");
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
