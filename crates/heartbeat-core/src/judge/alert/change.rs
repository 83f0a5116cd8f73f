//! How the incident of an incident kind changes from one scene to the next.

use super::ended;
use super::extent::extent;
use super::find::{find, seen_by};
use super::holding::holding_in;
use super::rules::row;
use super::scene::{Scene, View};
use super::step::{Step, closing, resolved};
use crate::model::{
    Entry, EntryKind, Incident, IncidentKind, IngestionAlertApp, Minute, NotificationKind, Place, Recorded, RuleKind, Severity, Tally,
    Timestamp,
};

/// What a scene changes about an incident. The incident may be older than the scene, so its beats are counted afterwards: [`Change::counted`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub incident: Incident,
    entries: Vec<Entry>,
    pub tell: Vec<NotificationKind>,
    /// The minutes (end exclusive) whose beats must be loaded and counted; none if the tally is complete.
    pub minutes: Option<(Minute, Minute)>,
}

impl Change {
    #[must_use]
    pub fn none(open: &Incident) -> Self {
        Self { incident: open.clone(), entries: Vec::new(), tell: Vec::new(), minutes: None }
    }

    /// This change, with an `opened` notification for channels that do not know about the incident.
    #[must_use]
    pub fn telling_anew(self, at: Timestamp) -> Self {
        Self { tell: vec![NotificationKind::Opened], minutes: Some(self.incident.counted_minutes(at)), ..self }
    }

    /// The step, with all `beats` of the minutes that this asks for.
    #[must_use]
    pub fn counted(self, beats: &[Recorded]) -> Step {
        let Self { mut incident, mut entries, tell, minutes } = self;
        if let Some((from, to)) = minutes {
            incident.tally = Tally::of(beats, from, to);
        }
        entries.extend(incident.closed.map(|at| closing(&incident, at)));
        Step { incident, entries, tell }
    }
}

/// One change per incident kind, found after a read-back. `open` are the project's open incidents, at most one per incident kind.
/// `silenced_until` is the end of an open maintenance window.
#[must_use]
pub fn changes(open: &[Incident], scene: &Scene<'_>, silenced_until: Option<Timestamp>) -> Vec<Change> {
    let before: Vec<RuleKind> = open.iter().flat_map(|incident| incident.rules.iter().copied()).collect();
    let view = &View::of(scene);
    let holding = holding_in(view, &before);
    let silenced_until = silenced_until.filter(|until| view.at < *until);
    let of_incident_kind = |incident_kind: IncidentKind| {
        let held: Vec<RuleKind> = holding.iter().copied().filter(|kind| kind.incident_kind() == incident_kind).collect();
        match (open.iter().find(|incident| incident.incident_kind == incident_kind), held.as_slice()) {
            (None, []) => None,
            (None, held) => Some(opens(view, incident_kind, held, silenced_until)),
            (Some(open), []) => Some(closes(open, view)),
            (Some(open), held) => goes_on(open, view, held, silenced_until.is_some()),
        }
    };
    IncidentKind::ALL.into_iter().filter_map(of_incident_kind).collect()
}

fn opens(view: &View<'_>, incident_kind: IncidentKind, held: &[RuleKind], silenced_until: Option<Timestamp>) -> Change {
    let at = view.at;
    let extent = extent(view, held);
    let announced = silenced_until.is_none().then_some(at);
    let mut incident = Incident {
        id: None,
        project: view.project.id,
        project_name: view.project.spec.name.clone(),
        incident_kind,
        opened: at,
        closed: None,
        ended_because: None,
        rules: held.to_vec(),
        judged_under: ended::settings(view, held),
        severity: highest_severity(view, held, None),
        cause: find(view, incident_kind, held, None).unwrap_or_else(|| seen_by(view, held)),
        first_bad: extent.first_bad,
        last_good: extent.last_good,
        tally: Tally::default(),
        announced,
        reminders: 0,
        notified: announced,
        acknowledged: None,
        snoozed_until: None,
    };
    let mut entries = vec![entry(at, EntryKind::Opened, &incident.cause.summary)];
    if let Some(until) = silenced_until {
        entries.push(entry(at, EntryKind::Silenced, &format!("maintenance window until {until}: no notification is sent")));
    }
    let minutes = count(&mut incident, view);
    let tell = if announced.is_some() { vec![NotificationKind::Opened] } else { Vec::new() };
    Change { incident, entries, tell, minutes }
}

fn goes_on(open: &Incident, view: &View<'_>, held: &[RuleKind], is_silenced: bool) -> Option<Change> {
    let at = view.at;
    let (mut incident, mut entries, mut tell) = (open.clone(), Vec::new(), Vec::new());
    if let Some(words) = rules_changed(&open.rules, held) {
        entries.push(entry(at, EntryKind::Rules, &words));
        incident.rules = held.to_vec();
    }
    incident.judged_under = ended::settings_kept(open, view, held);
    if let Some(found) = find(view, open.incident_kind, held, Some(open)) {
        if found.code() != open.cause.code() {
            entries.push(entry(at, EntryKind::Cause, &found.summary));
        }
        // As a loss leaves the scene, fewer lost beats are counted: keep the worst.
        if !(found.place == Place::PartialLoss && open.cause.place == Place::PartialLoss && found.gone() < open.cause.gone()) {
            incident.cause = found;
        }
    }
    let severity = highest_severity(view, held, Some(open));
    if severity > open.severity {
        entries.push(entry(at, EntryKind::Escalated, &format!("now {severity}, was {}", open.severity)));
        incident.severity = severity;
        if open.announced.is_some() && !is_silenced {
            tell.push(NotificationKind::Escalated);
        }
    }
    if open.announced.is_none() && !is_silenced {
        incident.announced = Some(at);
        tell.push(NotificationKind::Opened);
    }
    if tell.is_empty() && !is_silenced && is_reminder_due(open, view, held) {
        entries.push(entry(at, EntryKind::Reminded, "still open"));
        incident.reminders += 1;
        tell.push(NotificationKind::Reminder);
    }
    if !tell.is_empty() {
        incident.notified = Some(at);
    }
    if incident == *open && entries.is_empty() {
        return None;
    }
    let minutes = count(&mut incident, view).filter(|_| !entries.is_empty() || !tell.is_empty());
    Some(Change { incident, entries, tell, minutes })
}

/// The change of the rules that hold: `now also lost; lag_above no longer`.
fn rules_changed(before: &[RuleKind], now: &[RuleKind]) -> Option<String> {
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

fn closes(open: &Incident, view: &View<'_>) -> Change {
    let (because, rules) = ended::why(open, view);
    let mut incident = Incident { closed: Some(view.at), ended_because: Some(because), rules, ..open.clone() };
    let minutes = count(&mut incident, view);
    Change { tell: resolved(&incident), incident, entries: Vec::new(), minutes }
}

/// Counts the incident's beats if the scene contains them all; otherwise returns the minutes to load.
fn count(incident: &mut Incident, view: &View<'_>) -> Option<(Minute, Minute)> {
    let (from, to) = incident.counted_minutes(view.at);
    if view.from <= from {
        incident.tally = Tally::of(view.beats, from, to);
        return None;
    }
    Some((from, to))
}

/// Counted from the last notification, by the most severe rule that holds now.
fn is_reminder_due(open: &Incident, view: &View<'_>, held: &[RuleKind]) -> bool {
    let is_due = |app: &IngestionAlertApp| {
        app.due.as_ref().is_none_or(|due| due.contains(view.at)) || held.iter().any(|kind| !row(*kind).reminds_when_due)
    };
    let is_snoozed = open.snoozed_until.is_some_and(|until| view.at < until);
    let is_held_back = open.acknowledged.is_some() || is_snoozed || !view.app().is_some_and(is_due);
    let (Some(notified), Some(app), false) = (open.notified.filter(|_| open.announced.is_some()), view.app(), is_held_back) else {
        return false;
    };
    let wait = most_severe_rule(app, held).and_then(|kind| app.rule(kind).reminder(open.reminders));
    wait.is_some_and(|wait| view.at >= notified.plus(wait))
}

fn highest_severity(view: &View<'_>, held: &[RuleKind], open: Option<&Incident>) -> Severity {
    let escalates = |kind: &RuleKind| open.is_none_or(|open| (row(*kind).escalates)(view, open));
    let held: Vec<RuleKind> = held.iter().copied().filter(escalates).collect();
    view.app().and_then(|app| most_severe_rule(app, &held).map(|kind| app.rule(kind).severity)).unwrap_or(Severity::Info)
}

fn most_severe_rule(app: &IngestionAlertApp, held: &[RuleKind]) -> Option<RuleKind> {
    // Of equally severe rules the first: `max_by_key` returns the last.
    held.iter().rev().copied().max_by_key(|kind| app.rule(*kind).severity)
}

fn entry(at: Timestamp, kind: EntryKind, words: &str) -> Entry {
    Entry { at, kind, words: words.to_owned() }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::fixture::{Book, World, letters, only, play, project};
    use super::*;
    use crate::judge::letters::START;
    use crate::model::Acknowledged;

    /// Plays a row of letters; `acts` changes the open incidents before each read-back.
    fn play_with(settings: &[(&str, &str)], row: &str, mut acts: impl FnMut(i64, &mut Book) -> Option<Timestamp>) -> Book {
        let (mut world, mut book) = (World::new(project(only(settings))), Book::default());
        for (at, letter) in letters(row).chars().enumerate() {
            if let Some(read_back) = world.minute(letter) {
                let silenced = acts(at as i64, &mut book);
                book.readback(&world, read_back, silenced);
            }
        }
        book
    }

    #[test]
    fn reminders_back_off_and_wait_for_those_who_asked() {
        let settings = &[("capture", "on"), ("capture_reminders", "10m, 20m")];
        let none = |_: i64, _: &mut Book| None;
        assert_eq!(play_with(settings, "R*80", none).notifications(), "opened@2 reminder@12 reminder@32 reminder@52 reminder@72");
        assert_eq!(play_with(&[("capture", "on"), ("capture_reminders", "off")], "R*80", none).notifications(), "opened@2");
        let acknowledged = |at: i64, book: &mut Book| {
            let by = || Acknowledged { at: START.plus(at).start(), by: "ann".into() };
            book.incidents.iter_mut().for_each(|incident| incident.acknowledged = (20..60).contains(&at).then(by));
            None
        };
        assert_eq!(play_with(settings, "R*70 A*3", acknowledged).notifications(), "opened@2 reminder@12 reminder@60 resolved@72");
        let snoozed = |_: i64, book: &mut Book| {
            book.incidents.iter_mut().for_each(|incident| incident.snoozed_until = Some(START.plus(40).start()));
            None
        };
        assert_eq!(play_with(settings, "R*45 A*3", snoozed).notifications(), "opened@2 reminder@40 resolved@47");
    }

    #[test]
    fn a_maintenance_window_silences_notices_and_never_the_record() {
        let until = |last: i64| move |_: i64, _: &mut Book| Some(START.plus(last).start());
        let settings = &[("capture", "on")];
        let book = play_with(settings, "A*5 R*5 A*5", until(90));
        assert_eq!((book.story().as_str(), book.notifications().as_str()), ("ingestion opened@7 closed@12", ""));
        assert_eq!(book.words(EntryKind::Silenced).len(), 1);
        // Still open when the window ends: notified then.
        let book = play_with(settings, "A*5 R*25 A*5", until(20));
        assert_eq!(book.notifications(), "opened@20 resolved@32");
        // Notified before the window began: the resolved notification is sent even in the window.
        let book = play_with(settings, "A*5 R*5 A*5", |at, _| (at > 8).then(|| START.plus(90).start()));
        assert_eq!(book.notifications(), "opened@7 resolved@12");
        let worse = &[("capture", "on"), ("capture_severity", "info"), ("lag_above", "5m")];
        assert_eq!(play_with(worse, "R*3 s*20", |_, _| None).notifications(), "opened@2 resolved@5 opened@10");
    }

    #[test]
    fn severity_grows_and_never_shrinks() {
        let settings = &[("lag_above", "5m"), ("lost", "on")];
        let book = play_with(settings, "A*20 s*40 l*20", |_, _| None);
        assert_eq!(book.notifications(), "opened@27 escalated@37 resolved@60");
        assert_eq!(book.words(EntryKind::Escalated), ["now critical, was warning"]);
        let book = play_with(settings, "A*20 s*40", |at, _| (30..50).contains(&at).then(|| START.plus(50).start()));
        assert_eq!(book.notifications(), "opened@27", "escalated in the window");
        assert_eq!(book.incidents[0].severity, Severity::Critical);
    }

    #[test]
    fn nothing_is_written_where_nothing_changed() {
        let (mut world, book) = play(project(only(&[("capture", "on")])), "A*5 R*5");
        let at = world.minute('R').unwrap();
        assert_eq!(changes(&book.open(), &world.scene(at), None), []);
        let (mut world, _) = play(project(IngestionAlertApp::default()), "A*50");
        let at = world.minute('A').unwrap();
        assert_eq!(changes(&[], &world.scene(at), None), []);
    }

    #[test]
    fn an_incident_older_than_the_scene_asks_for_its_beats() {
        let (mut world, book) = play(project(only(&[("capture", "on"), ("capture_reminders", "off")])), "R*200 A*2");
        let at = world.minute('A').unwrap();
        let all_beats = world.beats.clone();
        world.beats.retain(|beat| beat.minute >= START.plus(100));
        let change = changes(&book.open(), &world.scene(at), None).remove(0);
        assert_eq!(change.minutes.map(|(from, _)| from), Some(START));
        let step = change.counted(&all_beats);
        assert_eq!(step.incident.tally.rejected, 200);
        assert!(step.entries[0].words.starts_with("200 beats were rejected"), "{}", step.entries[0].words);
        assert!(super::super::lookback(&world.project) < Duration::from_mins(100));
    }
}
