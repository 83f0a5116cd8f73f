//! What a rule does, as one sentence. `app.js` writes the same sentence while the form is edited.

use crate::model::{IncidentKind, IngestionAlertApp, RuleKind, Severity, duration};

pub(super) const fn incident(kind: RuleKind) -> &'static str {
    match kind.incident_kind() {
        IncidentKind::Ingestion => "incident",
        IncidentKind::Monitoring => "monitoring incident",
        IncidentKind::Traffic => "traffic incident",
    }
}

pub(super) fn sentence(kind: RuleKind, app: &IngestionAlertApp) -> String {
    let (rule, row) = (app.rule(kind), kind.row());
    let (unit, incident) = (row.counts.unit(), incident(kind));
    let opens = if rule.on { "Opens" } else { "Off. If switched on, it opens" };
    let article = if rule.severity == Severity::Info { "an" } else { "a" };
    let range = some(app.time_range.as_secs() / 60, "minute");
    let limit = rule.limit.map(|limit| limit.to_string()).unwrap_or_default();
    let when = row.condition.replace("{range}", &range).replace("{limit}", &limit);
    let open = match (rule.damping.bad, rule.damping.of) {
        (_, 1) => format!("1 {unit}"),
        (bad, of) => format!("{bad} of the last {of} {unit}s"),
    };
    let close = some(rule.damping.good.into(), &format!("good {unit}"));
    let reminders = match rule.reminders.iter().copied().map(duration::show).collect::<Vec<_>>() {
        none if none.is_empty() => "sends no reminders".to_owned(),
        all => format!("reminds after {}", all.join(", ")),
    };
    format!("{opens} {article} {} {incident} when {when} in {open}; closes after {close}; {reminders}.", rule.severity)
}

fn some(number: u64, unit: &str) -> String {
    format!("{number} {unit}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sentence_says_what_the_values_do() {
        let mut app = IngestionAlertApp::default();
        let lost = "Opens a critical incident when beats are lost in 3 of the last 5 minutes; closes after 3 good minutes; reminds after 1h, 4h, 12h, 1d.";
        assert_eq!(sentence(RuleKind::Lost, &app), lost);
        let quiet = "Off. If switched on, it opens an info traffic incident when heartbeats arrive, but no other event is newer than 30 minutes \
                     in 1 read-back; closes after 2 good read-backs; sends no reminders.";
        assert_eq!(sentence(RuleKind::Quiet, &app), quiet);
        for (key, text) in [("blind", "1h"), ("blind_open_after", "2 of 3"), ("blind_close_after", "1"), ("blind_reminders", "30m")] {
            app.set(key, text).unwrap();
        }
        let blind = "Opens a warning monitoring incident when reading back has failed for 1h in 2 of the last 3 read-backs; \
                     closes after 1 good read-back; reminds after 30m.";
        assert_eq!(sentence(RuleKind::Blind, &app), blind);
    }
}
