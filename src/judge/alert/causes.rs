//! Stories of causes: what is told as soon as it is known, and what replaces what was told.

use std::time::Duration;

use super::fixture::{World, only, play, project};
use crate::judge::letters::START;
use crate::model::{IngestionAlertApp, Look, RuleKind, Severity, Standing, Timestamp, TokenWord, Traffic};

fn told(settings: &[(&str, &str)], row: &str) -> String {
    play(project(only(settings)), row).1.story()
}

/// The newest look, with what was said of the token.
fn told_of_token(world: &World, standing: Standing, at: Timestamp) -> Look {
    let look = world.scene(at).look.unwrap().clone();
    Look { token: Some(TokenWord { standing, asked: at, down: crate::model::Parts::default() }), ..look }
}

#[test]
fn a_cause_that_is_final_is_told_as_soon_as_it_is_known() {
    for (standing, code) in [(Standing::Unknown, "token"), (Standing::OverQuota, "quota")] {
        let (world, _) = play(project(IngestionAlertApp::default()), "A*20 d*3");
        let at = START.plus(22).start().plus(Duration::from_secs(25));
        let look = told_of_token(&world, standing, at);
        let steps = super::steps(&[], &super::Scene { look: Some(&look), ..world.scene(at) }, None);
        let incident = &steps[0].incident;
        assert_eq!((incident.cause.code().as_str(), incident.severity), (code, Severity::Critical));
        assert_eq!((incident.rules.as_slice(), incident.first_bad), (&[RuleKind::Lost][..], Some(START.plus(20))));
        assert_eq!(incident.last_good, Some(START.plus(19)));
    }
    // That the token is known is no cause, and neither is one of which nothing is missing.
    let (world, _) = play(project(IngestionAlertApp::default()), "A*20 d*3");
    let at = START.plus(22).start().plus(Duration::from_secs(25));
    let look = told_of_token(&world, Standing::Known, at);
    assert_eq!(super::steps(&[], &super::Scene { look: Some(&look), ..world.scene(at) }, None), []);
    let (world, _) = play(project(IngestionAlertApp::default()), "A*23");
    let look = told_of_token(&world, Standing::Unknown, at);
    assert_eq!(super::steps(&[], &super::Scene { look: Some(&look), ..world.scene(at) }, None), []);
}

#[test]
fn a_cause_that_is_found_out_later_takes_the_place_of_the_first() {
    let (mut world, book) = play(project(IngestionAlertApp::default()), "A*20 d*9");
    assert_eq!((book.incidents[0].rules.as_slice(), book.incidents[0].severity), (&[RuleKind::Lag][..], Severity::Warning));
    let at = world.minute('d').unwrap();
    let look = told_of_token(&world, Standing::Unknown, at);
    let held = Some(crate::model::Acknowledged { at, by: "ann".into() });
    let open = crate::model::Incident { acknowledged: held.clone(), ..book.incidents[0].clone() };
    let step = super::steps(&[open], &super::Scene { look: Some(&look), ..world.scene(at) }, None).remove(0);
    assert_eq!((step.incident.cause.code().as_str(), step.incident.severity), ("token", Severity::Critical));
    assert_eq!(step.incident.acknowledged, held);
    assert_eq!(step.tell, [crate::model::NoticeKind::Worsened]);
}

#[test]
fn lag_is_lag_while_beats_arrive_whatever_its_size() {
    let (mut world, mut book) = play(project(only(&[("lag_above", "5m")])), "A*20 s*20");
    assert_eq!(book.incidents[0].cause.code(), "pipeline");
    // The queue moves again, far behind: what comes out is 20 minutes old.
    for letter in "As".chars() {
        let at = world.minute(letter).unwrap();
        world.beats.iter_mut().filter(|beat| beat.minute >= START.plus(25)).for_each(|beat| {
            (beat.outcome, beat.seen, beat.ingested) = (crate::model::Outcome::Awaiting, None, None);
            beat.missed = Some(at);
        });
        book.look(&world, at, None);
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
        world.glances.last_mut().unwrap().result = Ok(Traffic { watched: 3, watched_newest: newest, ..Traffic::default() });
        book.look(&world, at, None);
    }
    assert_eq!(book.story(), "ingestion opened@69", "nobody knows when they were sent");
    for _ in 0..2 {
        let at = world.minute('A').unwrap();
        book.look(&world, at, None);
    }
    assert!(!book.incidents[0].is_open());
}

#[test]
fn outside_the_hours_in_which_events_are_due_nothing_opens_and_nothing_closes() {
    // The first letter is at 08:00 UTC on a Friday.
    let at = |minutes: i64| START.plus(minutes).start().to_string();
    assert!(at(0).starts_with("2027-01-15T08:00:00"));
    let settings = |due: &'static str| [("no_event", "on"), ("watch", "signup"), ("due", due), ("no_event_reminders", "10m")];
    for (due, row, said) in [
        ("fri 08:00-20:00", "A*40 q*31", "ingestion opened@69"),
        // All of the half hour must be due.
        ("fri 08:00-09:00", "A*40 q*90", ""),
        ("fri 08:00-09:10", "A*40 q*90 ", "ingestion opened@69"),
        ("fri 08:45-12:00", "A*40 q*90", "ingestion opened@75"),
        ("sat 00:00-24:00", "A*40 q*90", ""),
        // They come again, due or not.
        ("fri 08:00-09:10", "A*40 q*60 A*3", "ingestion opened@69 closed@101"),
    ] {
        assert_eq!(told(&settings(due), row), said, "{due}: {row}");
    }
    let (_, book) = play(project(only(&settings("fri 08:00-09:25"))), "A*40 q*90");
    assert_eq!(book.notices(), "opened@69 reminder@79", "no reminder of what is not due");
}
