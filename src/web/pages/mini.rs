//! The last hour in a list: one small picture, a rectangle for each run of equal minutes.

use crate::model::Outcome;

/// A minute is so wide, in the picture's own units.
const WIDTH: usize = 10;

/// The last hour, drawn small.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mini {
    /// For those who do not see it.
    pub(super) label: String,
    /// Where it begins, how wide it is, and the name of its outcome.
    pub(super) runs: Vec<(usize, usize, &'static str)>,
    pub(super) width: usize,
}

impl Mini {
    /// The picture of these minutes, oldest first.
    pub(super) fn of(strip: &[Option<Outcome>]) -> Self {
        let mut runs: Vec<(usize, usize, Outcome)> = Vec::new();
        for (at, outcome) in strip.iter().enumerate().filter_map(|(at, outcome)| outcome.map(|outcome| (at * WIDTH, outcome))) {
            match runs.last_mut() {
                Some((start, width, same)) if *same == outcome && *start + *width == at => *width += WIDTH,
                _ => runs.push((at, WIDTH, outcome)),
            }
        }
        let runs = runs.into_iter().map(|(at, width, outcome)| (at, width, outcome.name())).collect();
        Self { label: label(strip), runs, width: strip.len() * WIDTH }
    }
}

/// `Last hour: 57 arrived, 2 late`, the usual first.
fn label(strip: &[Option<Outcome>]) -> String {
    let order = [
        Outcome::Arrived,
        Outcome::Late,
        Outcome::Awaiting,
        Outcome::Lost,
        Outcome::Refused,
        Outcome::Unreachable,
        Outcome::Unseen,
        Outcome::Unsent,
    ];
    let counted = order.into_iter().map(|outcome| (outcome, strip.iter().filter(|minute| **minute == Some(outcome)).count()));
    let told: Vec<String> = counted.filter(|(_, count)| *count > 0).map(|(outcome, count)| format!("{count} {outcome}")).collect();
    if told.is_empty() { "Last hour: no beat was due".to_owned() } else { format!("Last hour: {}", told.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_minutes_side_by_side_are_one_rectangle() {
        use Outcome::{Arrived, Late, Unsent};
        let strip = [None, Some(Arrived), Some(Arrived), Some(Late), None, Some(Arrived), Some(Unsent)];
        let mini = Mini::of(&strip);
        assert_eq!(mini.runs, [(10, 20, "arrived"), (30, 10, "late"), (50, 10, "arrived"), (60, 10, "unsent")]);
        assert_eq!((mini.label.as_str(), mini.width), ("Last hour: 3 arrived, 1 late, 1 unsent", 70));
        assert_eq!(Mini::of(&[None, None]).label, "Last hour: no beat was due");
    }
}
