//! The summary that the demo prints at its end.

use std::fmt;

use crate::app::Running;
use crate::cli::figures::counts;
use crate::judge::Health;
use crate::model::{Histogram, Outcome, Recorded, RouteId, Timestamp, span};

pub(super) struct Summary {
    counts: [u32; Outcome::ALL.len()],
    lags: Histogram,
    overdue: u32,
    health: Health,
    verdict: String,
}

impl Summary {
    pub(super) async fn read(demo: &Running, started: Timestamp) -> anyhow::Result<Self> {
        let board = super::Board::read(demo).await?;
        let project = &board.report.project;
        let ids: Vec<RouteId> = project.routes.iter().map(|route| route.id).collect();
        let now = demo.clock.now();
        let beats = demo.store.beats(&ids, started.minute(), now.minute().plus(1)).await?;
        let verdict = &board.report.verdict;
        let mut summary = Self {
            counts: [0; Outcome::ALL.len()],
            lags: Histogram::default(),
            overdue: 0,
            health: verdict.health,
            verdict: verdict.to_string(),
        };
        for beat in &beats {
            summary.counts[beat.outcome as usize] += 1;
            if let Some(lag) = beat.ingested_lag() {
                summary.lags.add(lag);
            }
            let waits = |beat: &Recorded| now.since(beat.counted_from()) > project.spec.timing.late_after;
            summary.overdue += u32::from(beat.outcome == Outcome::Awaiting && waits(beat));
        }
        let minutes = now.minute().index() - started.minute().index();
        summary.counts[Outcome::NotSent as usize] += (minutes.unsigned_abs() as u32 * ids.len() as u32).saturating_sub(beats.len() as u32);
        Ok(summary)
    }

    /// Whether at least one beat arrived, none failed or is overdue, and the health is up.
    pub(super) fn is_clean(&self) -> bool {
        let fine = [Outcome::Arrived, Outcome::Awaiting];
        let bad: u32 = Outcome::ALL.iter().filter(|outcome| !fine.contains(outcome)).map(|outcome| self.counts[*outcome as usize]).sum();
        self.counts[Outcome::Arrived as usize] > 0 && bad == 0 && self.overdue == 0 && self.health == Health::Up
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counted = counts(|outcome| self.counts[outcome as usize]);
        let total: u32 = self.counts.iter().sum();
        writeln!(f, "{total} beats: {}", if counted.is_empty() { "none".into() } else { counted.join(", ") })?;
        if let (Some(p50), Some(p99)) = (self.lags.percentile(0.5), self.lags.percentile(0.99)) {
            writeln!(f, "ingested after {} (median), {} (p99)", span(p50), span(p99))?;
        }
        write!(f, "at the end: {}", self.verdict)
    }
}
