//! The tally: what happened to the beats of an incident's minutes, while it is open and afterwards.

use std::time::Duration;

use crate::model::{Incident, IncidentKind, Minute, Tally, Timestamp, count};

/// The closing text of an incident, one sentence without a full stop: why it ended, if it did not recover, and what happened to the data. It
/// uses only the tally and claims no more than beats can prove.
#[must_use]
pub fn ending(incident: &Incident) -> String {
    let Some(why) = incident.why_ended() else { return recovery(incident) };
    let parts = beat_results(&incident.tally);
    if parts.is_empty() { why } else { format!("{why}; so far {}", parts.join("; ")) }
}

pub(super) fn recovery(incident: &Incident) -> String {
    let Tally { sent, missing, rejected, unreachable, unverified, arrived, late, .. } = incident.tally;
    let parts = beat_results(&incident.tally);
    let recovered = incident.leading_rule().row().recovered;
    match incident.incident_kind {
        IncidentKind::Traffic => recovered.into(),
        // Without beats it is unknown what happened to the events sent meanwhile.
        IncidentKind::Monitoring | IncidentKind::Ingestion if sent == 0 => recovered.into(),
        IncidentKind::Monitoring if missing + rejected + unreachable + unverified == 0 => {
            let count = arrived + late;
            let all =
                if count == 1 { "the one beat sent meanwhile arrived".into() } else { format!("all {count} beats sent meanwhile arrived") };
            format!("{recovered}: {all}")
        }
        IncidentKind::Monitoring => format!("{recovered}; of the beats sent meanwhile, {}", parts.join("; ")),
        IncidentKind::Ingestion if parts.is_empty() => "every beat arrived: nothing was lost".into(),
        IncidentKind::Ingestion => parts.join("; "),
    }
}

/// Beats that did not simply arrive. `lost` is past `lost_after`; the other missing beats are still looked for.
fn beat_results(tally: &Tally) -> Vec<String> {
    let Tally { sent, late, missing, lost, rejected, unreachable, unverified, .. } = *tally;
    let mut results = Vec::new();
    let are = |number| if number == 1 { "is" } else { "are" };
    let still = missing.saturating_sub(lost);
    let of = |number: u32, what: &str| format!("{number} of {} {} {what}", count(sent, "beat"), are(number));
    match (lost, still) {
        (0, 0) => {}
        (0, still) => results.push(of(still, "still missing")),
        (lost, 0) => results.push(of(lost, "lost")),
        (lost, still) => results.push(format!("{} and {still} still missing", of(lost, "lost"))),
    }
    if late > 0 {
        let came = match (missing, late) {
            (0, 1) => "the one late beat arrived".into(),
            (0, _) => format!("all {late} late beats arrived"),
            _ => format!("{} arrived late", count(late, "beat")),
        };
        let by = tally.last_arrival.map_or_else(String::new, |last| format!(" by {} UTC", next_minute(last)));
        let nothing_lost = if tally.outstanding() == 0 { ": nothing was lost" } else { "" };
        results.push(format!("{came}{by}{nothing_lost}"));
    }
    if rejected > 0 {
        results.push(format!("{} rejected", were(rejected)));
    }
    if unreachable > 0 {
        results.push(format!("{} not answered by capture", were(unreachable)));
    }
    if rejected + unreachable > 0 {
        let last = results.pop().unwrap_or_default();
        results.push(format!("{last}: what your own applications sent meanwhile depends on their retries"));
    }
    if unverified > 0 {
        results.push(format!("{} could not be verified", count(unverified, "beat")));
    }
    results
}

fn were(number: u32) -> String {
    format!("{} {}", count(number, "beat"), if number == 1 { "was" } else { "were" })
}

/// Rounded up: by this minute the beat was there.
fn next_minute(at: Timestamp) -> Minute {
    at.plus(Duration::from_millis(Minute::LENGTH_MS as u64 - 1)).minute()
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{only, play, project};
    use super::*;

    #[test]
    fn the_ending_claims_no_more_than_beats_can_prove() {
        let (_, book) = play(project(only(&[("lost", "on")])), "A");
        assert_eq!(book.story(), "");
        let (world, book) = play(project(only(&[("capture", "on")])), "R*3 A*3");
        assert_eq!(world.beats.len(), 6);
        let at = Some(Timestamp::parse("2026-11-23T15:09:20Z").unwrap());
        let is = |incident_kind: IncidentKind, tally: Tally| ending(&Incident { incident_kind, tally, ..book.incidents[0].clone() });
        for (tally, expected) in [
            (Tally::default(), "events arrive again"),
            (Tally { sent: 4, arrived: 4, ..Tally::default() }, "every beat arrived: nothing was lost"),
            (
                Tally { sent: 42, late: 42, last_arrival: at, ..Tally::default() },
                "all 42 late beats arrived by 15:10 UTC: nothing was lost",
            ),
            (
                Tally { sent: 2, late: 1, arrived: 1, last_arrival: at, ..Tally::default() },
                "the one late beat arrived by 15:10 UTC: nothing was lost",
            ),
            (Tally { sent: 42, missing: 3, ..Tally::default() }, "3 of 42 beats are still missing"),
            (Tally { sent: 1, missing: 1, ..Tally::default() }, "1 of 1 beat is still missing"),
            (
                Tally { sent: 42, missing: 3, late: 39, last_arrival: at, ..Tally::default() },
                "3 of 42 beats are still missing; 39 beats arrived late by 15:10 UTC",
            ),
            (
                Tally { sent: 40, rejected: 40, ..Tally::default() },
                "40 beats were rejected: what your own applications sent meanwhile depends on their retries",
            ),
            (
                Tally { sent: 3, rejected: 1, unreachable: 2, ..Tally::default() },
                "1 beat was rejected; 2 beats were not answered by capture: what your own applications sent meanwhile depends on their retries",
            ),
            (Tally { sent: 3, unverified: 3, ..Tally::default() }, "3 beats could not be verified"),
        ] {
            assert_eq!(is(IncidentKind::Ingestion, tally), expected);
        }
        assert_eq!(is(IncidentKind::Monitoring, Tally { unverified: 3, ..Tally::default() }), "read-backs work again");
    }
}
