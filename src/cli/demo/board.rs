//! The state of the demo, read from the store, and what is new since the last read.

use std::collections::HashMap;
use std::sync::Arc;

use crate::app::Running;
use crate::check::phases;
use crate::cli::figures::lags_of;
use crate::model::{Diagnosis, EvidenceOf, Message, Minute, Outcome, Recorded, RouteId, Timestamp};
use crate::report::{self, Report, route_name};

pub(super) struct Board {
    pub(super) report: Report,
    /// The beats of the last hour, newest first.
    pub(super) rows: Vec<Recorded>,
    /// Messages of the demo's channel, oldest first.
    pub(super) messages: Vec<Message>,
}

impl Board {
    pub(super) async fn read(demo: &Running) -> anyhow::Result<Self> {
        let now = demo.clock.now();
        let project = demo.store.projects().await?.into_iter().next().ok_or_else(|| anyhow::anyhow!("the demo's project is missing"))?;
        let readback = demo.store.readbacks().await?.pop();
        let ids: Vec<RouteId> = project.routes.iter().map(|route| route.id).collect();
        let report = report::report(demo.store.as_ref(), Arc::new(project), readback, now).await?;
        let end = now.minute().plus(1);
        let mut rows = demo.store.beats(&ids, end.plus(-60), end).await?;
        rows.reverse();
        Ok(Self { report, rows, messages: demo.inbox.all() })
    }

    /// `accepted 200`, `rejected 503`, `unreachable at answer`.
    pub(super) fn capture_result(&self, beat: &Recorded) -> String {
        match (beat.outcome, beat.status) {
            (Outcome::NotSent, _) => "not sent".into(),
            (Outcome::Rejected, Some(status)) => format!("rejected {status}"),
            (_, Some(status)) => format!("accepted {status}"),
            (_, None) => {
                let mut evidence = self.report.evidence.iter();
                match evidence.rfind(|evidence| evidence.route == beat.route && evidence.minute == beat.minute).map(|evidence| &evidence.of)
                {
                    Some(EvidenceOf::Unreachable { at, .. }) => format!("unreachable at {at}"),
                    _ => "no answer".into(),
                }
            }
        }
    }
}

/// What was printed before, so that each line is printed once.
#[derive(Default)]
pub(super) struct Printed {
    outcomes: HashMap<(RouteId, Minute), Outcome>,
    verdict: String,
    messages: usize,
}

impl Printed {
    /// The new lines, oldest first.
    pub(super) fn news(&mut self, board: &Board, now: Timestamp) -> Vec<String> {
        let mut lines = Vec::new();
        for beat in board.rows.iter().rev() {
            let before = self.outcomes.insert((beat.route, beat.minute), beat.outcome);
            let who = format!("{} {}", beat.minute, route_name(&board.report.project, beat.route));
            if before.is_none() && beat.sent.is_some() {
                lines.push(format!("{who}: {} ({})", board.capture_result(beat), phases(&beat.phases)));
            }
            if before != Some(beat.outcome) && !matches!(beat.outcome, Outcome::Awaiting | Outcome::Rejected | Outcome::Unreachable) {
                lines.push(format!("{who}: {}{}", beat.outcome, lags_of(beat).map_or_else(String::new, |lag| format!(" ({lag})"))));
            }
        }
        let verdict = board.report.verdict.to_string();
        // The verdict names the last lag, which changes each minute; it is printed only when health or cause change.
        let key = format!("{} {:?}", board.report.verdict.health, board.report.verdict.cause.as_ref().map(Diagnosis::code));
        if key != self.verdict {
            self.verdict = key;
            lines.push(format!("== {verdict}"));
        }
        for message in board.messages.iter().skip(self.messages) {
            lines.push(format!(">> message: {}", message.title));
            lines.extend(message.text.lines().map(|line| format!(">>   {line}")));
        }
        self.messages = board.messages.len();
        lines.iter().map(|line| format!("{} {line}", now.time_of_day())).collect()
    }
}
