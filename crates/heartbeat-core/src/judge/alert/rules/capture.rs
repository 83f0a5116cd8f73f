//! `capture`: capture rejects beats, or does not answer.

use super::super::marks::BeatMark;
use super::super::row::{Marks, Row};
use crate::model::{Outcome, Place, Recorded, RuleKind, Timestamp};

pub(super) static ROW: Row = Row {
    needs_key: false,
    ..Row::new(RuleKind::Capture, Marks::Beats(|view, beat| mark(beat, view.at)), |view| {
        ROW.counted(view, Place::Capture, "not accepted by capture")
    })
};

/// Judged by the capture result. A beat that was seen was accepted, whatever the response. One without a response may have been accepted: it
/// counts once a read-back missed it, or its minute has ended.
fn mark(beat: &Recorded, at: Timestamp) -> BeatMark {
    match beat.outcome {
        Outcome::Rejected => BeatMark::Bad,
        Outcome::Unreachable if beat.missed.is_some() || beat.minute.end() <= at => BeatMark::Bad,
        Outcome::Unreachable => BeatMark::Open,
        Outcome::NotSent => BeatMark::Nothing,
        Outcome::Awaiting | Outcome::Arrived | Outcome::Late | Outcome::Lost | Outcome::Unverified => BeatMark::Good,
    }
}
