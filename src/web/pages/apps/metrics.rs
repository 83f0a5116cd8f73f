//! An app's metrics.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::routing::get;

use super::head::{AppTab, Head};
use crate::model::{AppKind, Outcome};
use crate::report::{AlertFigures, Ends, HeartbeatFigures, alert_figures, heartbeat_figures};
use crate::web::layout::{Answer, Layout, page};
use crate::web::pages::tabs::Tabs;
use crate::web::site::Site;
use crate::web::words::maybe_span;

/// In units of the SVG view box; no part of a bar is narrower than `NARROWEST`.
const WIDTH: u64 = 600;
const NARROWEST: u64 = 3;

pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new().route("/projects/{name}/apps/{app}/metrics", get(show))
}

struct Period {
    name: &'static str,
    /// In the order of `Outcome::ALL`.
    counts: [u32; Outcome::ALL.len()],
    /// Rows beyond the first of each beat.
    duplicates: u32,
}

struct Part {
    outcome: Outcome,
    x: u64,
    width: u64,
}

impl Period {
    fn of(name: &'static str, ends: &Ends) -> Self {
        Self { name, counts: Outcome::ALL.map(|outcome| ends.of(outcome)), duplicates: ends.duplicates }
    }

    fn count(&self, outcome: Outcome) -> u32 {
        self.counts[outcome as usize]
    }

    fn total(&self) -> u64 {
        self.counts.into_iter().map(u64::from).sum()
    }

    /// `57 arrived, 2 late, 1 lost`
    fn counted(&self) -> String {
        let counted = Outcome::ALL.into_iter().filter(|outcome| self.count(*outcome) > 0);
        let parts = counted.map(|outcome| format!("{} {outcome}", self.count(outcome))).collect::<Vec<_>>();
        if parts.is_empty() { "no beat".to_owned() } else { parts.join(", ") }
    }

    fn parts(&self) -> Vec<Part> {
        let total = self.total().max(1);
        let mut parts = Vec::new();
        let mut x = 0;
        for outcome in Outcome::ALL.into_iter().filter(|outcome| self.count(*outcome) > 0) {
            let width = (u64::from(self.count(outcome)) * WIDTH / total).max(NARROWEST);
            parts.push(Part { outcome, x, width });
            x += width;
        }
        // The widest part gives up the width that rare outcomes got beyond their share.
        if let Some(over) = x.checked_sub(WIDTH).filter(|over| *over > 0)
            && let Some(at) = (0..parts.len()).max_by_key(|at| parts[*at].width)
        {
            parts[at].width -= over;
            parts[at + 1..].iter_mut().for_each(|part| part.x -= over);
        }
        parts
    }
}

#[derive(Template)]
#[template(path = "app_beats.html")]
struct Beats {
    layout: Layout,
    tabs: Tabs,
    head: Head,
    figures: HeartbeatFigures,
    periods: [Period; 3],
    /// p50, p95 and p99 of the last 24 hours.
    lags: [String; 3],
}

impl Beats {
    fn outcomes(&self) -> impl Iterator<Item = Outcome> {
        Outcome::ALL.into_iter().filter(|outcome| self.periods.iter().any(|period| period.count(*outcome) > 0))
    }
}

#[derive(Template)]
#[template(path = "app_alerts.html")]
struct Alerts {
    layout: Layout,
    tabs: Tabs,
    head: Head,
    figures: AlertFigures,
    /// Median and maximum time to detect.
    noticed: [String; 2],
}

async fn show(State(site): State<Arc<Site>>, layout: Layout, Path((name, app)): Path<(String, String)>) -> Answer {
    let (project, kind) = site.app(&name, &app).await?;
    let head = Head::of(&project, kind, AppTab::Metrics);
    let (layout, tabs) = head.around(layout);
    let layout = layout.live(Some(&name));
    let (store, now) = (&*site.web.store, layout.now);
    match kind {
        AppKind::Heartbeat => {
            let figures = heartbeat_figures(store, &project, now).await?;
            let periods =
                [("Last hour", &figures.last_hour), ("Last 24 hours", &figures.last_24_hours), ("Last 30 days", &figures.last_30_days)];
            let periods = periods.map(|(name, ends)| Period::of(name, ends));
            let lags = [figures.lags.p50, figures.lags.p95, figures.lags.p99].map(maybe_span);
            page(&Beats { layout, tabs, head, figures, periods, lags })
        }
        AppKind::IngestionAlert => {
            let figures = alert_figures(store, &project, now).await?;
            let noticed = [figures.time_to_detect, figures.longest_to_detect].map(maybe_span);
            page(&Alerts { layout, tabs, head, figures, noticed })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_as_wide_as_it_is_and_what_is_rare_is_seen() {
        let mut period = Period::of("Last 30 days", &Ends::default());
        for (outcome, count) in [(Outcome::Arrived, 43_190), (Outcome::Late, 9), (Outcome::Lost, 1)] {
            period.counts[outcome as usize] = count;
        }
        let parts = period.parts().iter().map(|part| (part.outcome, part.x, part.width)).collect::<Vec<_>>();
        assert_eq!(parts, [(Outcome::Arrived, 0, 594), (Outcome::Late, 594, 3), (Outcome::Lost, 597, 3)]);
        assert_eq!(period.counted(), "43190 arrived, 9 late, 1 lost");
        let none = Period::of("Last hour", &Ends::default());
        assert_eq!((none.parts().len(), none.counted().as_str()), (0, "no beat"));
    }
}
