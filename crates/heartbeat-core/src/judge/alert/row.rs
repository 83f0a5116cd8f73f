//! What a rule is made of: a function that marks beats or read-backs, and properties. Most properties have a default.

use std::time::Duration;

use super::damping;
use super::marks::{BeatMark, minutes, readbacks};
use super::scene::{Scene, View};
use crate::judge::mark::{Mark, MarkOf};
use crate::model::{
    Diagnosis, Incident, IngestionAlertApp, Minute, Place, ProjectSpec, ReadbackSample, Recorded, Rule, RuleKind, Timestamp, Traffic,
};

/// A rule as it judges. Its defaults and what is said of it are in [`RuleKind::row`].
pub(super) struct Row {
    pub(super) kind: RuleKind,
    pub(super) marks: Marks,
    /// With `Beats`, how long until a beat is decided; with `Minutes`, how far back beats are compared; with `Readbacks`, how far back a
    /// read-back looks. The rule is none without Ingestion Alert.
    pub(super) back: fn(&ProjectSpec, Option<&Rule>) -> Duration,
    /// Whether it can only judge what was read back.
    pub(super) needs_key: bool,
    /// Whether it can judge anything in the scene, apart from the key and the beats.
    pub(super) can_judge: fn(&Scene<'_>) -> bool,
    /// Whether the rule holds, if damping of its marks does not decide it. The last argument is whether it held so far.
    pub(super) holds: Option<fn(&View<'_>, &Rule, bool) -> bool>,
    /// Whether it may hold on [ordinary](Recorded::is_ordinary) records.
    pub(super) may_hold_on_ordinary: fn(&View<'_>) -> bool,
    /// The extent if the rule holds without a bad mark.
    pub(super) extent_without_mark: fn(&View<'_>) -> Extent,
    /// The cause that the rule knows while it holds. The incident is the open one, if there is one.
    pub(super) cause: fn(&View<'_>, Option<&Incident>) -> Option<Cause>,
    /// What the rule sees, if no cause is known when the incident opens.
    pub(super) sees: fn(&View<'_>) -> Diagnosis,
    /// Whether a beat that has been missing for so long, but is not late yet, can be the cause.
    pub(super) is_missing_too_long: fn(&View<'_>, Duration) -> bool,
    /// Whether its severity counts for an incident that is already open.
    pub(super) escalates: fn(&View<'_>, &Incident) -> bool,
    /// Whether its reminders are sent only in the hours in which the watched events are due.
    pub(super) reminds_when_due: bool,
    /// The settings besides those of the rule that decide whether a result is bad, each after a comma.
    pub(super) other_settings: fn(&ProjectSpec, &IngestionAlertApp) -> String,
}

/// How marks are made.
pub(super) enum Marks {
    /// A minute is bad if any of its beats is bad.
    Beats(fn(&View<'_>, &Recorded) -> BeatMark),
    Minutes {
        /// A minute is judged beside the others; newest first.
        marks: fn(&View<'_>) -> Vec<Mark>,
        /// Whether this beat alone may make a minute bad.
        may_be_bad: fn(&View<'_>, &Recorded) -> bool,
    },
    Readbacks {
        /// The mark of the read-back with this index; none if it is undecided.
        mark: fn(&View<'_>, usize) -> Option<MarkOf>,
        /// Whether this read-back may be bad, whatever was before it.
        may_be_bad: fn(&View<'_>, &ReadbackSample) -> bool,
        /// What this bad read-back proves about the time before it.
        extent: fn(&View<'_>, usize) -> Option<Extent>,
    },
}

pub(super) type Cause = (Strength, Diagnosis);

/// How good a cause is. Of several the best is reported, which is the first here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Strength {
    /// From an answer, or final.
    Certain,
    /// Beats are lost: they will not arrive.
    Lost,
    /// Beats arrive, so they are not stuck.
    Arriving,
    /// Beats are still missing.
    Missing,
    /// Only what the rule counts.
    Counted,
}

/// The first bad minute of an incident, and the last good one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Extent {
    pub(super) first_bad: Option<Minute>,
    pub(super) last_good: Option<Minute>,
}

impl Extent {
    /// For a read-back that found no event within `range`: from the newest event before it.
    pub(super) fn since_newest(view: &View<'_>, place: usize, range: Duration, newest: fn(Traffic) -> Option<Timestamp>) -> Option<Self> {
        let at = view.samples.get(place)?.at;
        let latest = at.minus(range);
        let before = view.samples.iter().take(place + 1).filter_map(|sample| sample.result.ok());
        Some(match before.filter_map(newest).filter(|newest| *newest <= at).max() {
            Some(newest) if newest <= latest => {
                let last_good = newest.minute();
                Self { first_bad: Some(last_good.plus(1)), last_good: Some(last_good) }
            }
            _ => Self { first_bad: Some(latest.minute()), last_good: None },
        })
    }
}

impl Row {
    pub(super) const fn new(kind: RuleKind, marks: Marks, sees: fn(&View<'_>) -> Diagnosis) -> Self {
        Self {
            kind,
            marks,
            back: |_, _| Duration::ZERO,
            needs_key: true,
            can_judge: |_| true,
            holds: None,
            may_hold_on_ordinary: |_| false,
            extent_without_mark: |_| Extent { first_bad: None, last_good: None },
            cause: |_, _| None,
            sees,
            is_missing_too_long: |_, _| false,
            escalates: |_, _| true,
            reminds_when_due: false,
            other_settings: |_, _| String::new(),
        }
    }

    /// Newest first.
    pub(super) fn marks<'a>(&self, view: &'a View<'a>) -> Box<dyn Iterator<Item = Mark> + 'a> {
        match self.marks {
            Marks::Beats(mark) => Box::new(minutes(view, move |beat| mark(view, beat))),
            Marks::Minutes { marks, .. } => Box::new(marks(view).into_iter()),
            Marks::Readbacks { mark, .. } => Box::new(readbacks(view, mark)),
        }
    }

    pub(super) fn can_judge(&self, scene: &Scene<'_>) -> bool {
        let is_of_readbacks = matches!(self.marks, Marks::Readbacks { .. });
        (is_of_readbacks || scene.project.spec.beats()) && !(self.needs_key && scene.is_without_key()) && (self.can_judge)(scene)
    }

    /// Whether the rule holds; `before` is whether it held so far.
    pub(super) fn holds(&self, view: &View<'_>, rule: &Rule, before: bool) -> bool {
        match self.holds {
            Some(holds) => holds(view, rule, before),
            None => damping::holds(rule.damping, self.marks(view).map(|mark| mark.of), before),
        }
    }

    /// Whether the rule may hold, if it did not hold so far, and if all that the view lacks are ordinary records.
    pub(super) fn may_hold(&self, view: &View<'_>) -> bool {
        let has_bad = match self.marks {
            Marks::Beats(mark) => view.beats.iter().any(|beat| mark(view, beat) == BeatMark::Bad),
            Marks::Minutes { may_be_bad, .. } => view.beats.iter().any(|beat| may_be_bad(view, beat)),
            Marks::Readbacks { may_be_bad, .. } => view.samples.iter().any(|sample| may_be_bad(view, sample)),
        };
        has_bad || (self.may_hold_on_ordinary)(view)
    }

    /// Whether the newest read-back is bad.
    pub(super) fn is_bad_now(&self, view: &View<'_>) -> bool {
        match (&self.marks, view.samples.len().checked_sub(1)) {
            (Marks::Readbacks { mark, .. }, Some(newest)) => mark(view, newest) == Some(MarkOf::Bad),
            _ => false,
        }
    }

    /// `Beats were lost in 3 of the last 5 minutes`
    pub(super) fn counted(&self, view: &View<'_>, place: Place, what: &str) -> Diagnosis {
        let of = view.window(self.kind);
        let bad = self.marks(view).take(of).filter(|mark| mark.of == MarkOf::Bad).count();
        Diagnosis::at(place, format!("Beats were {what} in {bad} of the last {of} minutes")).or(&[(Place::Intermediary, None)])
    }
}
