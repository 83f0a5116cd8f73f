//! Damping: decides from a rule's marks whether the rule holds.

use crate::judge::mark::MarkOf;
use crate::model::Damping;

/// Whether a rule holds. `marks` are newest first; `before` is whether it held so far.
/// Good marks take precedence: a rule whose last `good` marks are all good does not hold, whatever the earlier marks are.
pub(super) fn holds(damping: Damping, marks: impl Iterator<Item = MarkOf>, before: bool) -> bool {
    let (of, good) = (usize::from(damping.of), usize::from(damping.good));
    let recent: Vec<MarkOf> = marks.take(of.max(good)).collect();
    if recent.len() >= good && recent.iter().take(good).all(|mark| *mark == MarkOf::Good) {
        return false;
    }
    let bad = recent.iter().take(of).filter(|mark| **mark == MarkOf::Bad).count();
    before || bad >= usize::from(damping.bad)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Input: a row of marks (`b` bad, `g` good). Output: `+` where the rule begins to hold, `-` where it stops, each with the index.
    fn story(bad: u8, of: u8, good: u8, row: &str) -> String {
        let damping = Damping { bad, of, good };
        let (mut marks, mut held, mut changes) = (Vec::new(), false, Vec::new());
        for (at, letter) in row.chars().enumerate() {
            marks.push(if letter == 'b' { MarkOf::Bad } else { MarkOf::Good });
            let now = holds(damping, marks.iter().rev().copied(), held);
            if now != held {
                changes.push(format!("{}{at}", if now { '+' } else { '-' }));
            }
            held = now;
        }
        changes.join(" ")
    }

    #[test]
    fn so_many_bad_ones_open_and_so_many_good_ones_close() {
        for (bad, of, good, row, expected) in [
            (3, 5, 3, "gbb", ""),
            (3, 5, 3, "gbbb", "+3"),
            (3, 5, 3, "bgbgb", "+4"),
            (3, 5, 3, "bggbgb", ""),
            (3, 5, 3, "bbbggbggg", "+2 -8"),
            (1, 1, 2, "gbgbgg", "+1 -5"),
            (3, 5, 2, "bbbggb", "+2 -4 +5"),
            (1, 1, 1, "bgbg", "+0 -1 +2 -3"),
            (2, 2, 5, "bgbbggggg", "+3 -8"),
        ] {
            assert_eq!(story(bad, of, good, row), expected, "{bad} of {of}, {good}: {row}");
        }
    }

    #[test]
    fn too_few_good_ones_close_nothing() {
        let damping = Damping { bad: 1, of: 1, good: 2 };
        assert!(holds(damping, [MarkOf::Good].into_iter(), true));
        assert!(holds(damping, std::iter::empty(), true), "no evidence changes nothing");
        assert!(!holds(damping, std::iter::empty(), false));
    }

    proptest! {
        #[test]
        fn damping_never_delays_past_its_bound(
            bad in 1_u8..6, more in 0_u8..6, good in 1_u8..6, row in prop::collection::vec(any::<bool>(), 0..40), before in any::<bool>(),
        ) {
            let damping = Damping { bad, of: bad + more, good };
            let row: Vec<MarkOf> = row.into_iter().map(|is_bad| if is_bad { MarkOf::Bad } else { MarkOf::Good }).collect();
            let then = |mark: MarkOf, count: u8| std::iter::repeat_n(mark, usize::from(count)).chain(row.iter().copied());
            prop_assert!(holds(damping, then(MarkOf::Bad, bad), before));
            prop_assert!(!holds(damping, then(MarkOf::Good, good), before));
        }

        #[test]
        fn no_rule_begins_to_hold_without_bad_marks(good in 1_u8..6, count in 0_usize..9) {
            let damping = Damping { bad: 1, of: 6, good };
            prop_assert!(!holds(damping, std::iter::repeat_n(MarkOf::Good, count), false));
        }
    }
}
