//! Phrases shared by the texts of incidents.

use crate::model::RuleKind;

/// `1 beat`, `3 beats`.
pub(super) fn count(number: u32, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// The change of the rules that hold: `now also lost; lag_above no longer`.
pub(super) fn rules_changed(before: &[RuleKind], now: &[RuleKind]) -> Option<String> {
    let names = |of: &[RuleKind], without: &[RuleKind]| {
        let names: Vec<&str> = of.iter().filter(|kind| !without.contains(kind)).map(|kind| kind.name()).collect();
        names.join(", ")
    };
    let (new, gone) = (names(now, before), names(before, now));
    match (new.as_str(), gone.as_str()) {
        ("", "") => None,
        (_, "") => Some(format!("now also {new}")),
        ("", _) => Some(format!("{gone} no longer")),
        _ => Some(format!("now {new}; {gone} no longer")),
    }
}
