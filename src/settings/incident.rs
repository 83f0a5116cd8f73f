//! A person's word on an incident: that somebody has it in hand, that nobody has, that reminders wait. The record goes on as before.

use std::time::Duration;

use super::error::{ChangeError, Clash};
use crate::config::Problem;
use crate::config::duration;
use crate::model::{Acknowledged, Entry, EntryKind, Incident, IncidentId, Timestamp};
use crate::store::{IncidentFilter, Store};

/// Reminders wait no longer than this.
const LONGEST: Duration = Duration::from_hours(30 * 24);

/// What a person says of an incident, at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    at: Timestamp,
    says: Says,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Says {
    /// Whoever has it already keeps it, where only one that nobody has is meant.
    Acknowledgement {
        by: String,
        only_if_free: bool,
    },
    Unacknowledged,
    Wait(Duration),
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The incident, as it was before.
    pub incident: Incident,
    /// What stands in its timeline now; or why nothing does.
    pub words: String,
    /// Whether nothing was written: somebody has it in hand already.
    pub is_kept: bool,
}

impl Word {
    /// Somebody has it in hand: no more reminders. `by` says who, and perhaps what is being done.
    ///
    /// # Errors
    /// A problem with `by`.
    pub fn acknowledged(by: &str, at: Timestamp) -> Result<Self, Problem> {
        let by = by.trim();
        if by.is_empty() || by.chars().count() > 200 || by.chars().any(char::is_control) {
            return Err(Problem::of("by", "must be 1 to 200 characters on one line"));
        }
        Ok(Self { at, says: Says::Acknowledgement { by: by.to_owned(), only_if_free: false } })
    }

    /// The same, but whoever has it in hand already keeps it.
    #[must_use]
    pub fn only_if_free(self) -> Self {
        match self.says {
            Says::Acknowledgement { by, .. } => Self { says: Says::Acknowledgement { by, only_if_free: true }, ..self },
            _ => self,
        }
    }

    /// Who keeps the incident in hand, where nothing is to be written.
    fn kept_by<'i>(&self, incident: &'i Incident) -> Option<&'i str> {
        let Says::Acknowledgement { by, only_if_free } = &self.says else { return None };
        let known = incident.acknowledged.as_ref().map(|known| known.by.as_str());
        known.filter(|known| *only_if_free || known == by)
    }

    /// Nobody has it in hand: reminders go on.
    #[must_use]
    pub const fn unacknowledged(at: Timestamp) -> Self {
        Self { at, says: Says::Unacknowledged }
    }

    /// Reminders wait for so long: see [`snooze_time`].
    #[must_use]
    pub const fn wait(lasts: Duration, at: Timestamp) -> Self {
        Self { at, says: Says::Wait(lasts) }
    }

    /// What stands in the timeline, where somebody had it in hand before.
    fn entry(&self, before: Option<&Acknowledged>) -> Entry {
        let (kind, words) = match &self.says {
            Says::Acknowledgement { by, .. } => {
                let before = before.map_or_else(String::new, |before| format!(" (before: {})", before.by));
                (EntryKind::Acknowledged, format!("in hand: {by}{before}"))
            }
            Says::Unacknowledged => (EntryKind::Unacknowledged, "nobody has it in hand; reminders go on".to_owned()),
            Says::Wait(lasts) => {
                let until = self.at.plus(*lasts).to_string();
                let until = until.get(..16).unwrap_or_default().replace('T', " ");
                (EntryKind::Snoozed, format!("no reminders for {}, until {until} UTC", duration::show(*lasts)))
            }
        };
        Entry { at: self.at, kind, words }
    }

    /// Who has the incident in hand, and until when reminders wait.
    fn over(&self, incident: &Incident) -> (Option<Acknowledged>, Option<Timestamp>) {
        match &self.says {
            Says::Acknowledgement { by, .. } => (Some(Acknowledged { at: self.at, by: by.clone() }), incident.snoozed_until),
            Says::Unacknowledged => (None, incident.snoozed_until),
            Says::Wait(lasts) => (incident.acknowledged.clone(), Some(self.at.plus(*lasts))),
        }
    }
}

/// Reads how long reminders may wait: to 30 days.
///
/// # Errors
/// The rest of a sentence.
pub fn snooze_time(text: &str) -> Result<Duration, String> {
    let read = duration::parse(text)?;
    if read.is_zero() || read > LONGEST { Err(format!("`{text}` must lie above 0s, and not above 30d")) } else { Ok(read) }
}

/// The incident of this number.
///
/// # Errors
/// [`EditError::NoIncident`].
pub async fn find(store: &Store, number: i64) -> Result<Incident, ChangeError> {
    let which = IncidentFilter { id: Some(IncidentId(number)), ..IncidentFilter::default() };
    let found = store.incidents(&which).await?.into_iter().next();
    found.ok_or(ChangeError::NoIncident(number))
}

/// Writes a word on an open incident.
///
/// # Errors
/// [`EditError::NoIncident`], or [`Clash::Over`].
pub async fn hold(store: &Store, number: i64, word: &Word) -> Result<Held, ChangeError> {
    let incident = find(store, number).await?;
    let Some(id) = incident.id.filter(|_| incident.is_open()) else { return Err(Clash::Over(number).into()) };
    if let Some(by) = word.kept_by(&incident) {
        let words = format!("already in hand: {by}");
        return Ok(Held { incident, words, is_kept: true });
    }
    let (acknowledged, snoozed_until) = word.over(&incident);
    let entry = word.entry(incident.acknowledged.as_ref());
    if store.hold(id, acknowledged.as_ref(), snoozed_until, &entry).await? {
        Ok(Held { incident, words: entry.words, is_kept: false })
    } else {
        Err(ChangeError::NoIncident(number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_has_it_in_hand_is_named_on_one_line() {
        for by in ["", "  ", "ann\nbob", &"x".repeat(201)] {
            assert_eq!(
                Word::acknowledged(by, Timestamp::from_ms(0)).unwrap_err().to_string(),
                "by must be 1 to 200 characters on one line"
            );
        }
        assert!(
            Word::acknowledged(" ann: calling them ", Timestamp::from_ms(0))
                .unwrap()
                .entry(None)
                .words
                .ends_with("hand: ann: calling them")
        );
        let before = Acknowledged { at: Timestamp::from_ms(0), by: "ann".to_owned() };
        assert_eq!(Word::acknowledged("bob", Timestamp::from_ms(0)).unwrap().entry(Some(&before)).words, "in hand: bob (before: ann)");
    }

    #[test]
    fn reminders_wait_for_a_while_and_not_for_ever() {
        for text in ["0s", "31d", "soon", ""] {
            assert!(snooze_time(text).is_err(), "{text}");
        }
        let at = Timestamp::parse("2026-11-23T14:32:07Z").unwrap();
        let word = Word::wait(snooze_time("2h").unwrap(), at);
        assert_eq!(word.entry(None).words, "no reminders for 2h, until 2026-11-23 16:32 UTC");
    }
}
