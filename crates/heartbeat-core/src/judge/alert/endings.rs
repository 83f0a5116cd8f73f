//! Stories: how incidents end, and causes that are found later.

use std::time::Duration;

use super::fixture::{World, only, play, project, story_of};
use super::{Scene, changes};
use crate::judge::letters::{START, beats};
use crate::model::{
    Acknowledged, EndedBecause, EntryKind, Incident, IngestionAlertApp, NotificationKind, Outcome, Parts, Readback, RuleKind, Severity,
    Tally, Timestamp, TokenReading, TokenStatus, Traffic,
};

#[test]
fn an_end_that_is_no_recovery_says_so() {
    type Change = fn(&mut World);
    type Case = (&'static [(&'static str, &'static str)], &'static str, Change, char, EndedBecause, &'static str);
    fn set(world: &mut World, key: &str, text: &str) {
        world.project.spec.ingestion_alert.as_mut().unwrap().set(key, text).unwrap();
    }
    let cases: [Case; 6] = [
        (&[("lag_above", "5m")], "A*20 s*12", |world| set(world, "lag_above", "12h"), 's', EndedBecause::LimitChanged, "lag_above"),
        (&[("lag_above", "5m")], "A*20 s*12", |world| set(world, "lag_above", "off"), 's', EndedBecause::RuleOff, "lag_above"),
        (&[("no_event", "on")], "A*40 s*31", |world| set(world, "timeRange", "90"), 's', EndedBecause::LimitChanged, "no_event"),
        (&[("lost", "on")], "A*20 s*20", |_| (), 'k', EndedBecause::KeyRemoved, "lost"),
        (&[("blind", "5m")], "A*20 f*9", |_| (), 'k', EndedBecause::KeyRemoved, "blind"),
        (&[("capture", "on")], "A*5 R*5 A*2", |_| (), 'A', EndedBecause::Recovered, "capture"),
    ];
    for (settings, row, change, letter, because, rule) in cases {
        let (mut world, mut book) = play(project(only(settings)), row);
        assert!(book.incidents[0].is_open(), "{row}");
        change(&mut world);
        for _ in 0..2 {
            let at = world.minute(letter).unwrap();
            book.readback(&world, at, None);
        }
        let ended = &book.incidents[0];
        assert_eq!((ended.is_open(), ended.ended_because), (false, Some(because)), "{settings:?} {row}");
        assert_eq!(ended.rules, [RuleKind::named(rule).unwrap()], "{row}");
        assert_eq!(ended.why_ended().is_none(), because == EndedBecause::Recovered, "{row}");
    }
}

#[test]
fn settings_that_changed_while_it_went_on_are_no_reason_for_its_end() {
    let (mut world, mut book) = play(project(only(&[("capture", "on")])), "A*5 R*5");
    world.project.spec.ingestion_alert.as_mut().unwrap().set("capture_close_after", "2").unwrap();
    for letter in "RRAA".chars() {
        let at = world.minute(letter).unwrap();
        book.readback(&world, at, None);
    }
    assert_eq!(book.incidents[0].ended_because, Some(EndedBecause::Recovered));
}

#[test]
fn answers_that_are_lost_are_told_as_such_and_are_no_outage_of_capture() {
    let settings = &[("capture", "on"), ("answers_lost", "on")];
    let (_, book) = play(project(only(settings)), "A*5 U*9 A*6");
    // A beat counts once its minute is over.
    assert_eq!(book.story(), "ingestion opened@8 closed@17");
    let ended = &book.incidents[0];
    assert_eq!(
        (ended.rules.as_slice(), ended.severity, ended.cause.code().as_str()),
        (&[RuleKind::AnswersLost][..], Severity::Warning, "answers_lost")
    );
    assert_eq!(book.words(EntryKind::Closed), ["every beat arrived: nothing was lost"]);
    assert_eq!(story_of(settings, "A*5 N*9 A*9"), "ingestion opened@7 closed@16");
}

#[test]
fn rows_that_our_own_tries_left_are_no_duplicates() {
    for (tries, copies, duplicated) in [(0, 1, 0), (1, 1, 0), (1, 2, 1), (3, 3, 0), (3, 2, 0), (3, 4, 1)] {
        let mut all = beats(1, "A");
        (all[0].tries, all[0].copies) = (tries, copies);
        assert_eq!(Tally::of(&all, START, START.plus(1)).duplicated, duplicated, "{copies} copies of {tries} tries");
    }
}

fn token_status_of(world: &World, token_status: TokenStatus, at: Timestamp) -> Readback {
    let readback = world.scene(at).readback.unwrap().clone();
    Readback { token: Some(TokenReading { token_status, asked: at, down: Parts::default() }), ..readback }
}

#[test]
fn a_cause_that_is_final_is_told_as_soon_as_it_is_known() {
    let at = |minute: i64| START.plus(minute).start().plus(Duration::from_secs(25));
    for (token_status, code) in [(TokenStatus::Unknown, "token"), (TokenStatus::OverQuota, "quota")] {
        let (world, _) = play(project(IngestionAlertApp::default()), "A*20 d*3");
        let readback = token_status_of(&world, token_status, at(22));
        let changes = changes(&[], &Scene { readback: Some(&readback), ..world.scene(at(22)) }, None);
        let incident = &changes[0].incident;
        assert_eq!((incident.cause.code().as_str(), incident.severity), (code, Severity::Critical));
        assert_eq!((incident.rules.as_slice(), incident.first_bad), (&[RuleKind::Lost][..], Some(START.plus(20))));
        assert_eq!(incident.last_good, Some(START.plus(19)));
    }
    // Afterwards the incident stays open until the beats of three minutes have arrived; a minute with dropped beats is not good.
    let (mut world, mut book) = play(project(only(&[("lost", "on")])), "A*20 d*3");
    let readback = token_status_of(&world, TokenStatus::Unknown, at(22));
    let opened = changes(&[], &Scene { readback: Some(&readback), ..world.scene(at(22)) }, None).remove(0);
    book.write(opened.counted(&world.beats));
    for letter in "dAAA".chars() {
        let at = world.minute(letter).unwrap();
        book.readback(&world, at, None);
    }
    assert_eq!(book.story(), "ingestion opened@22 closed@26");
    // A known token is no cause, and an unknown one is no cause while nothing is missing.
    let (world, _) = play(project(IngestionAlertApp::default()), "A*20 d*3");
    let readback = token_status_of(&world, TokenStatus::Known, at(22));
    assert_eq!(changes(&[], &Scene { readback: Some(&readback), ..world.scene(at(22)) }, None), []);
    let (world, _) = play(project(IngestionAlertApp::default()), "A*23");
    let readback = token_status_of(&world, TokenStatus::Unknown, at(22));
    assert_eq!(changes(&[], &Scene { readback: Some(&readback), ..world.scene(at(22)) }, None), []);
}

#[test]
fn a_cause_that_is_found_out_later_takes_the_place_of_the_first() {
    let (mut world, book) = play(project(IngestionAlertApp::default()), "A*20 d*9");
    assert_eq!((book.incidents[0].rules.as_slice(), book.incidents[0].severity), (&[RuleKind::Lag][..], Severity::Warning));
    let at = world.minute('d').unwrap();
    let readback = token_status_of(&world, TokenStatus::Unknown, at);
    let acknowledged = Some(Acknowledged { at, by: "ann".into() });
    let open = Incident { acknowledged: acknowledged.clone(), ..book.incidents[0].clone() };
    let change = changes(&[open], &Scene { readback: Some(&readback), ..world.scene(at) }, None).remove(0);
    assert_eq!((change.incident.cause.code().as_str(), change.incident.severity), ("token", Severity::Critical));
    assert_eq!(change.incident.acknowledged, acknowledged);
    assert_eq!(change.tell, [NotificationKind::Escalated]);
}

#[test]
fn lag_is_lag_while_beats_arrive_whatever_its_size() {
    let (mut world, mut book) = play(project(only(&[("lag_above", "5m")])), "A*20 s*20");
    assert_eq!(book.incidents[0].cause.code(), "pipeline");
    // The queue moves again, 20 minutes behind.
    for letter in "As".chars() {
        let at = world.minute(letter).unwrap();
        world.beats.iter_mut().filter(|beat| beat.minute >= START.plus(25)).for_each(|beat| {
            (beat.outcome, beat.seen, beat.ingested) = (Outcome::Awaiting, None, None);
            beat.missed = Some(at);
        });
        book.readback(&world, at, None);
    }
    assert_eq!(book.incidents[0].cause.code(), "pipeline", "{}", book.incidents[0].cause.summary);
}

#[test]
fn an_event_from_the_future_is_no_news() {
    let (mut world, mut book) = play(project(only(&[("no_event", "on"), ("watch", "signup")])), "A*40 q*31");
    assert_eq!(book.story(), "ingestion opened@69");
    for _ in 0..5 {
        let at = world.minute('q').unwrap();
        let newest = Some(at.plus(Duration::from_hours(2)));
        world.samples.last_mut().unwrap().result = Ok(Traffic { watched: 3, watched_newest: newest, ..Traffic::default() });
        book.readback(&world, at, None);
    }
    assert_eq!(book.story(), "ingestion opened@69", "the time of sending is unknown");
    for _ in 0..2 {
        let at = world.minute('A').unwrap();
        book.readback(&world, at, None);
    }
    assert!(!book.incidents[0].is_open());
}

#[test]
fn outside_the_hours_in_which_events_are_due_nothing_opens_and_nothing_closes() {
    // The first letter is at 08:00 UTC on a Friday.
    let at = |minutes: i64| START.plus(minutes).start().to_string();
    assert!(at(0).starts_with("2027-01-15T08:00:00"));
    let settings = |due: &'static str| [("no_event", "on"), ("watch", "signup"), ("due", due), ("no_event_reminders", "10m")];
    for (due, row, expected) in [
        ("fri 08:00-20:00", "A*40 q*31", "ingestion opened@69"),
        // The whole half hour must be due.
        ("fri 08:00-09:00", "A*40 q*90", ""),
        ("fri 08:00-09:10", "A*40 q*90 ", "ingestion opened@69"),
        ("fri 08:45-12:00", "A*40 q*90", "ingestion opened@75"),
        ("sat 00:00-24:00", "A*40 q*90", ""),
        // Events that arrive close the incident, due or not.
        ("fri 08:00-09:10", "A*40 q*60 A*3", "ingestion opened@69 closed@101"),
    ] {
        assert_eq!(story_of(&settings(due), row), expected, "{due}: {row}");
    }
    let (_, book) = play(project(only(&settings("fri 08:00-09:25"))), "A*40 q*90");
    assert_eq!(book.notifications(), "opened@69 reminder@79", "no reminder outside of the due hours");
}
