//! `answers_lost`: capture accepts beats, but does not answer.

use super::super::marks::BeatMark;
use super::super::row::{Marks, Row, Strength};
use super::super::scene::View;
use crate::judge::diagnosis;
use crate::model::{Diagnosis, Outcome, Recorded, RuleKind, Timestamp};

pub(super) static ROW: Row = Row {
    cause: |view, _| Some((Strength::Counted, sees(view))),
    ..Row::new(RuleKind::AnswersLost, Marks::Beats(|view, beat| mark(beat, view.at)), sees)
};

/// A beat counts once its minute has ended: until then it may be retried.
fn mark(beat: &Recorded, at: Timestamp) -> BeatMark {
    match beat.outcome {
        Outcome::NotSent => BeatMark::Nothing,
        _ if beat.minute.end() > at => BeatMark::Open,
        _ if beat.answer_lost() => BeatMark::Bad,
        outcome if outcome.is_seen() || beat.status.is_some() => BeatMark::Good,
        _ => BeatMark::Nothing,
    }
}

fn sees(view: &View<'_>) -> Diagnosis {
    diagnosis::answers_lost(&view.first_way())
}
