//! The figures under the verdict.

use crate::model::{Minute, Outcome, Timestamp};
use crate::report::{DAYS, Days, Ends, Report};
use crate::web::draw::strip::OUTCOMES_SHOWN;
use crate::web::when::When;
use crate::web::words::{maybe_percent, maybe_span, thousands};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tile {
    pub(super) name: &'static str,
    pub(super) figure: Figure,
    pub(super) note: String,
    /// Shown instead of `note` where set.
    pub(super) ago: Option<When>,
    /// When the records of the figure began, if they do not cover its whole period.
    pub(super) since: Option<When>,
    pub(super) is_wide: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Figure {
    Text(String),
    Time(When),
}

impl Tile {
    fn new(name: &'static str, figure: String, note: String) -> Self {
        Self { name, figure: Figure::Text(figure), note, ago: None, since: None, is_wide: false }
    }
}

pub(super) fn of(report: &Report, days: &Days) -> Vec<Tile> {
    let lags = &report.lags;
    let note = format!("p50 {} · p99 {}", maybe_span(lags.p50), maybe_span(lags.p99));
    let uptime = &days.uptime;
    let share = |name, share: Option<f64>, since: Option<Minute>| Tile {
        since: since.filter(|_| share.is_some()).map(|since| When::full(since.start())),
        ..Tile::new(name, maybe_percent(share), "arrived".to_owned())
    };
    vec![
        complete_through(report.complete_through, report.at),
        Tile::new("p95 lag today", maybe_span(lags.p95), note),
        Tile::new("Arrived today", thousands(u64::from(report.ends.seen())), rest(&report.ends)),
        share("Uptime, 24 hours", uptime.last_24_hours, days.since_within_24_hours()),
        share("7 days", uptime.last_7_days, days.since_within_days(7)),
        share("30 days", uptime.last_30_days, days.since_within_days(30)),
        share("90 days", uptime.last_90_days, days.since_within_days(DAYS)),
    ]
}

fn complete_through(minute: Option<Minute>, now: Timestamp) -> Tile {
    let name = "Complete through";
    match minute {
        Some(minute) => Tile {
            figure: Figure::Time(When::minute(minute.start(), now)),
            ago: Some(When::ago(minute.start(), now)),
            is_wide: true,
            ..Tile::new(name, String::new(), String::new())
        },
        None => Tile { is_wide: true, ..Tile::new(name, "no data yet".to_owned(), "no beat arrived in the last day".to_owned()) },
    }
}

/// Everything except what arrived in time.
fn rest(ends: &Ends) -> String {
    let others = OUTCOMES_SHOWN.into_iter().filter(|outcome| *outcome != Outcome::Arrived);
    let mut parts: Vec<String> = others
        .map(|outcome| (outcome, u64::from(ends.of(outcome))))
        .filter(|(_, count)| *count > 0)
        .map(|(outcome, count)| match outcome {
            Outcome::Late => format!("{} of them late", thousands(count)),
            other => format!("{} {other}", thousands(count)),
        })
        .collect();
    match ends.duplicates {
        0 => {}
        1 => parts.push("1 duplicate row".to_owned()),
        many => parts.push(format!("{} duplicate rows", thousands(u64::from(many)))),
    }
    match (parts.is_empty(), ends.seen()) {
        (false, _) => parts.join(", "),
        (true, 0) => "no beats yet".to_owned(),
        (true, _) => "all in time".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_complete_says_so() {
        let now = Timestamp::parse("2026-11-23T15:10:07Z").unwrap();
        let tile = complete_through(None, now);
        assert_eq!(tile.figure, Figure::Text("no data yet".into()));
        let tile = complete_through(Some(now.minute().plus(-3)), now);
        assert!(matches!(tile.figure, Figure::Time(when) if when.to_string().contains(">15:07<")));
    }
}
