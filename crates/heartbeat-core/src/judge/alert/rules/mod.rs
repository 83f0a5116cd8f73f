//! The rules of Ingestion Alert, one file each: how it marks beats or read-backs, and what it makes of them.

mod answers_lost;
mod blind;
mod capture;
mod lag;
mod lost;
mod no_event;
mod partial_loss;
mod quiet;
mod quota_above;

use super::row::Row;
use crate::model::RuleKind;

pub(super) const fn row(kind: RuleKind) -> &'static Row {
    match kind {
        RuleKind::NoEvent => &no_event::ROW,
        RuleKind::Lost => &lost::ROW,
        RuleKind::Lag => &lag::ROW,
        RuleKind::Capture => &capture::ROW,
        RuleKind::Blind => &blind::ROW,
        RuleKind::Quiet => &quiet::ROW,
        RuleKind::PartialLoss => &partial_loss::ROW,
        RuleKind::AnswersLost => &answers_lost::ROW,
        RuleKind::Quota => &quota_above::ROW,
    }
}

/// In the order of [`RuleKind::ALL`].
pub(super) fn rows() -> impl Iterator<Item = &'static Row> {
    RuleKind::ALL.into_iter().map(row)
}

#[cfg(test)]
mod tests {
    use super::super::row::Marks;
    use super::*;
    use crate::model::Counted;

    #[test]
    fn a_rule_counts_what_it_says_and_answers_to_its_own_name() {
        for kind in RuleKind::ALL {
            assert_eq!(row(kind).kind, kind);
            let counts_readbacks = matches!(row(kind).marks, Marks::Readbacks { .. });
            assert_eq!(counts_readbacks, kind.row().counts == Counted::Readbacks, "{kind}");
        }
    }
}
