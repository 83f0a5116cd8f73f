//! The tally: what happened to the beats of an incident's minutes, while it is open and afterwards.

use std::time::Duration;

use super::step::Step;
use super::words::count;
use crate::model::{Entry, EntryKind, Incident, IncidentKind, Minute, Recorded, Tally, Timestamp};

/// The closing text of an incident, one sentence without a full stop: why it ended, if it did not recover, and what happened to the data. It
/// uses only the tally and claims no more than beats can prove.
#[must_use]
pub fn ending(incident: &Incident) -> String {
    let Some(why) = incident.why_ended() else { return recovery(incident) };
    let parts = beat_results(&incident.tally);
    if parts.is_empty() { why } else { format!("{why}; so far {}", parts.join("; ")) }
}

fn recovery(incident: &Incident) -> String {
    let Tally { sent, missing, rejected, unreachable, unverified, arrived, late, .. } = incident.tally;
    let parts = beat_results(&incident.tally);
    match incident.incident_kind {
        IncidentKind::Traffic => "other events arrive again".into(),
        IncidentKind::Monitoring if sent == 0 => "read-backs work again".into(),
        IncidentKind::Monitoring if missing + rejected + unreachable + unverified == 0 => {
            let count = arrived + late;
            let all =
                if count == 1 { "the one beat sent meanwhile arrived".into() } else { format!("all {count} beats sent meanwhile arrived") };
            format!("read-backs work again: {all}")
        }
        IncidentKind::Monitoring => format!("read-backs work again; of the beats sent meanwhile, {}", parts.join("; ")),
        // Without beats it is unknown what happened to the events sent meanwhile.
        IncidentKind::Ingestion if sent == 0 => "events arrive again".into(),
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
        let by = tally.last_arrival.map_or_else(String::new, |last| format!(" by {}", next_minute(last)));
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

/// The new tally of an ended incident, from all beats of its [counted minutes](Incident::counted_minutes); none if nothing improved. It does when
/// missing, rejected or unverified beats arrived since. No notification is sent; there is an entry only when no beat is missing any more.
#[must_use]
pub fn aftermath(ended: &Incident, beats: &[Recorded], at: Timestamp) -> Option<Step> {
    ended.closed?;
    let (from, to) = ended.counted_minutes(at);
    let (before, now) = (ended.tally, Tally::of(beats, from, to));
    let outstanding = |tally: &Tally| tally.missing + tally.rejected + tally.unreachable + tally.unverified;
    // Fewer beats on record than before: they have been aggregated.
    if now.sent < before.sent || outstanding(&now) >= outstanding(&before) {
        return None;
    }
    let incident = Incident { tally: now, ..ended.clone() };
    let is_complete = before.missing > 0 && now.missing == 0;
    let entries = is_complete.then(|| Entry { at, kind: EntryKind::Aftermath, words: aftermath_words(&incident) });
    Some(Step { incident, entries: entries.into_iter().collect(), tell: Vec::new(), recount: None })
}

fn aftermath_words(incident: &Incident) -> String {
    // All missing beats have arrived; why the incident ended was already said.
    recovery(&Incident { incident_kind: IncidentKind::Ingestion, ..incident.clone() })
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{only, play, project, route};
    use super::*;
    use crate::judge::letters::START;
    use crate::model::Outcome;

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
            (Tally { sent: 42, late: 42, last_arrival: at, ..Tally::default() }, "all 42 late beats arrived by 15:10: nothing was lost"),
            (
                Tally { sent: 2, late: 1, arrived: 1, last_arrival: at, ..Tally::default() },
                "the one late beat arrived by 15:10: nothing was lost",
            ),
            (Tally { sent: 42, missing: 3, ..Tally::default() }, "3 of 42 beats are still missing"),
            (Tally { sent: 1, missing: 1, ..Tally::default() }, "1 of 1 beat is still missing"),
            (
                Tally { sent: 42, missing: 3, late: 39, last_arrival: at, ..Tally::default() },
                "3 of 42 beats are still missing; 39 beats arrived late by 15:10",
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

    #[test]
    fn what_comes_after_all_is_told_by_the_timeline() {
        let mut row = project(only(&[("lost", "on")]));
        row.routes.push(route(2));
        let (world, book) = play(row, "A*20 d*40 A*9");
        let ended = &book.incidents[0];
        assert_eq!(ended.tally.missing, 80, "{:?}", ended.tally);
        let at = START.plus(200).start();
        assert_eq!(aftermath(ended, &world.beats, at), None, "nothing improved");
        let come = |count: usize| {
            let mut beats = world.beats.clone();
            let missing = beats.iter_mut().filter(|beat| !beat.outcome.is_seen());
            missing.take(count).for_each(|beat| (beat.outcome, beat.seen) = (Outcome::Late, Some(at)));
            beats
        };
        let some = aftermath(ended, &come(5), at).unwrap();
        assert_eq!((some.incident.tally.missing, some.entries.len(), some.tell.len()), (75, 0, 0));
        let all = aftermath(ended, &come(80), at).unwrap();
        assert_eq!(all.entries[0].kind, EntryKind::Aftermath);
        assert!(all.entries[0].words.starts_with("all 80 late beats arrived by"), "{}", all.entries[0].words);
        assert_eq!(aftermath(ended, &come(80)[60..], at), None, "aggregated since");
        assert_eq!(aftermath(&Incident { closed: None, ..ended.clone() }, &come(80), at), None);
    }
}
