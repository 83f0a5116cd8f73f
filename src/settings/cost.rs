//! The number of events that routes send. PostHog counts each event.

use std::fmt;

use crate::model::{ProjectSpec, thousands};

const MINUTES_OF_A_DAY: usize = 1440;
const DAYS: usize = 30;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    pub routes: usize,
}

impl Cost {
    #[must_use]
    pub fn of<'s>(specs: impl IntoIterator<Item = &'s ProjectSpec>) -> Self {
        let apps = specs.into_iter().filter_map(|spec| spec.heartbeat.as_ref()).filter(|app| app.enabled);
        Self { routes: apps.map(|app| app.all_routes().len()).sum() }
    }

    /// `1 event a minute on each of 3 routes: 4,320 a day, 129,600 in 30 days`.
    #[must_use]
    pub fn sentence(self) -> String {
        let [a_day, in_all] = [self.a_day(), self.a_day() * DAYS].map(|events| thousands(events as u64));
        let each = if self.routes == 1 { "1 route".to_owned() } else { format!("each of {} routes", self.routes) };
        format!("1 event a minute on {each}: {a_day} a day, {in_all} in {DAYS} days")
    }

    /// Shown after an app is installed or changed.
    #[must_use]
    pub fn remark(self) -> String {
        format!("Heartbeat sends beats on {self}.")
    }

    #[must_use]
    pub const fn a_day(self) -> usize {
        self.routes * MINUTES_OF_A_DAY
    }
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.routes == 1 { "" } else { "s" };
        let [a_day, in_all] = [self.a_day(), self.a_day() * DAYS].map(|events| thousands(events as u64));
        write!(f, "{} route{plural}: {a_day} events a day, {in_all} in {DAYS} days", self.routes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_costs_an_event_a_minute() {
        assert_eq!(Cost { routes: 0 }.to_string(), "0 routes: 0 events a day, 0 in 30 days");
        assert_eq!(Cost { routes: 1 }.to_string(), "1 route: 1,440 events a day, 43,200 in 30 days");
        assert_eq!(Cost { routes: 1 }.sentence(), "1 event a minute on 1 route: 1,440 a day, 43,200 in 30 days");
        assert_eq!(Cost { routes: 3 }.sentence(), "1 event a minute on each of 3 routes: 4,320 a day, 129,600 in 30 days");
        assert_eq!(Cost { routes: 30 }.to_string(), "30 routes: 43,200 events a day, 1,296,000 in 30 days");
    }
}
