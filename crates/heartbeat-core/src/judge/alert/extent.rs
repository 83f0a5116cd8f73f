//! The extent of an incident: its first bad minute, and the last good minute before it.

use super::row::{Extent, Marks, Row};
use super::rules::row;
use super::scene::View;
use crate::judge::mark::{Mark, MarkOf};
use crate::model::RuleKind;

/// The extent of all rules that hold: that of the rule with the earliest first bad minute.
pub(super) fn extent(view: &View<'_>, held: &[RuleKind]) -> Extent {
    let extents = held.iter().map(|kind| of_rule(row(*kind), view)).filter(|extent| extent.first_bad.is_some());
    extents.min_by_key(|extent| extent.first_bad).unwrap_or_default()
}

fn of_rule(row: &Row, view: &View<'_>) -> Extent {
    let marks: Vec<Mark> = row.marks(view).collect();
    let Some(in_window) = marks.iter().take(view.window(row.kind)).rposition(|mark| mark.of == MarkOf::Bad) else {
        return (row.extent_without_mark)(view);
    };
    // The run of bad marks may begin before the damping window.
    let run = marks[in_window..].iter().take_while(|mark| mark.of == MarkOf::Bad).count();
    let (bad, before) = marks.split_at(in_window + run);
    let by_marks = Extent {
        first_bad: bad.last().map(|mark| mark.minute),
        last_good: before.iter().find(|mark| mark.of == MarkOf::Good).map(|mark| mark.minute),
    };
    let Marks::Readbacks { extent, .. } = row.marks else { return by_marks };
    let place = view.samples.iter().position(|sample| Some(sample.at.minute()) == by_marks.first_bad);
    place.and_then(|place| extent(view, place)).unwrap_or(by_marks)
}
