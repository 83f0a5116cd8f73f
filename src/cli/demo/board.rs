//! What the demo shows at one moment, read from the store, and what is new in it since the moment before.

use std::collections::HashMap;
use std::sync::Arc;

use crate::app::Running;
use crate::check::phases;
use crate::model::{Evidence, EvidenceOf, Message, Minute, Outcome, Recorded, RouteId, Timestamp, span};
use crate::report::{self, Report};

/// The demo at one moment.
pub(super) struct Board {
    pub(super) report: Report,
    /// The beats of the last hour, newest first.
    pub(super) rows: Vec<Recorded>,
    /// What the demo's channel was told, oldest first.
    pub(super) messages: Vec<Message>,
}

impl Board {
    /// Reads it.
    pub(super) async fn read(demo: &Running) -> anyhow::Result<Self> {
        let now = demo.clock.now();
        let project = demo.store.projects().await?.into_iter().next().ok_or_else(|| anyhow::anyhow!("the demo's project is gone"))?;
        let readback = demo.store.readbacks().await?.pop();
        let ids: Vec<RouteId> = project.routes.iter().map(|route| route.id).collect();
        let report = report::report(demo.store.as_ref(), Arc::new(project), readback, now).await?;
        let end = now.minute().plus(1);
        let mut rows = demo.store.beats(&ids, end.plus(-60), end).await?;
        rows.reverse();
        Ok(Self { report, rows, messages: demo.inbox.all() })
    }

    /// The route's name.
    pub(super) fn route(&self, id: RouteId) -> &str {
        self.report.project.routes.iter().find(|route| route.id == id).map_or("?", |route| route.spec.name.as_str())
    }

    /// What capture said: `accepted 200`, `refused 503`, `unreachable at answer`.
    pub(super) fn capture_result(&self, beat: &Recorded) -> String {
        match (beat.outcome, beat.status) {
            (Outcome::NotSent, _) => "not sent".into(),
            (Outcome::Rejected, Some(status)) => format!("refused {status}"),
            (_, Some(status)) => format!("accepted {status}"),
            (_, None) => match self.evidence(beat).map(|evidence| &evidence.of) {
                Some(EvidenceOf::Unreachable { at, .. }) => format!("unreachable at {at}"),
                _ => "no answer".into(),
            },
        }
    }

    fn evidence(&self, beat: &Recorded) -> Option<&Evidence> {
        self.report.evidence.iter().rfind(|evidence| evidence.route == beat.route && evidence.minute == beat.minute)
    }
}

/// What was said before, so that a line is printed once.
#[derive(Default)]
pub(super) struct Told {
    outcomes: HashMap<(RouteId, Minute), Outcome>,
    verdict: String,
    /// How many messages were printed.
    messages: usize,
}

impl Told {
    /// What is new on the board, oldest first, a line each.
    pub(super) fn news(&mut self, board: &Board, now: Timestamp) -> Vec<String> {
        let mut lines = Vec::new();
        for beat in board.rows.iter().rev() {
            let before = self.outcomes.insert((beat.route, beat.minute), beat.outcome);
            let who = format!("{} {}", beat.minute, board.route(beat.route));
            if before.is_none() && beat.sent.is_some() {
                lines.push(format!("{who}: {} ({})", board.capture_result(beat), phases(&beat.phases)));
            }
            if before != Some(beat.outcome) && !matches!(beat.outcome, Outcome::Awaiting | Outcome::Rejected | Outcome::Unreachable) {
                lines.push(format!("{who}: {}{}", beat.outcome, lag_of(beat).map_or_else(String::new, |lag| format!(" ({lag})"))));
            }
        }
        let verdict = board.report.verdict.to_string();
        // The last beat's lag changes each minute; the verdict is said again only when it is another one.
        let gist = format!("{} {:?}", board.report.verdict.health, board.report.verdict.cause.as_ref().map(crate::model::Diagnosis::code));
        if gist != self.verdict {
            self.verdict = gist;
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

/// `ingested after 1.8s, queryable within 0s to 20s`.
pub(super) fn lag_of(beat: &Recorded) -> Option<String> {
    let (ingested, (after, within)) = (beat.ingested_lag()?, beat.queryable_lag()?);
    Some(format!("ingested after {}, queryable after {} to {}", span(ingested), span(after), span(within)))
}
