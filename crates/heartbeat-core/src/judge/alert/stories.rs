//! Stories: a row of minutes in; incidents, notifications and texts out.

use std::time::Duration;

use super::fixture::{Book, World, letters, only, play, project, replayed, route, story, story_of};
use super::holding;
use crate::judge::letters::{START, beats};
use crate::model::{EndedBecause, EntryKind, IngestionAlertApp, QuotaUse, RuleKind, Severity, Tally};

#[test]
fn capture_opens_on_three_of_five_and_closes_on_three_in_a_row() {
    for (row, expected) in [
        ("A*9", ""),
        ("A*5 R*2 A*5", ""),
        ("A*5 R*3 A*5", "ingestion opened@7 closed@10"),
        ("A*5 N*9 A*5", "ingestion opened@7 closed@16"),
        // Capture accepted them without answering, and they were seen.
        ("A*5 U*9 A*5", ""),
        ("A*5 R A R A R A*3", "ingestion opened@9 closed@12"),
        ("R*3", "ingestion opened@2"),
        ("A*5 R*3 _*30 A*2", "ingestion opened@7"),
        ("A*5 R*2 _*10 R", "ingestion opened@17"),
        // Too long ago to count.
        ("A*5 R*2 _*30 R", ""),
    ] {
        assert_eq!(story_of(&[("capture", "on")], row), expected, "{row}");
    }
}

#[test]
fn lost_beats_open_once_lost_after_has_passed_for_the_third() {
    for (row, expected) in [
        // The beat of minute 20 is lost in the read-back of minute 35, the third one in that of minute 37.
        ("A*20 s*17", ""),
        ("A*20 s*18", "ingestion opened@37"),
        ("A*20 s*40 A*9", "ingestion opened@37 closed@60"),
        ("A*20 d*40 A*9", "ingestion opened@37 closed@62"),
        ("A*20 s*10 A*30", ""),
        ("A*20 f*200 A*9", ""),
        ("A*20 F*200 A*9", ""),
        ("A*20 _*200 A*9", ""),
        ("k*200", ""),
    ] {
        assert_eq!(story_of(&[("lost", "on")], row), expected, "{row}");
    }
}

#[test]
fn the_limit_of_lag_is_the_whole_wait() {
    for (limit, row, expected) in [
        // Sent at 5 s of minute 20, missed in the read-back at 25 s of minute 25: 320 s. The third is two minutes later.
        ("5m", "A*20 s*7", ""),
        ("5m", "A*20 s*8", "ingestion opened@27"),
        ("5m", "A*20 s*30 A*9", "ingestion opened@27 closed@50"),
        ("90s", "A*20 s*8", "ingestion opened@24"),
        ("10s", "A*20 s*3", "ingestion opened@22"),
        ("90s", "A*20 l*9", "ingestion opened@24"),
        ("100s", "A*20 l*20", ""),
        ("5m", "A*20 F*60", ""),
        // Lost after 15 minutes, which does not make it later than 20.
        ("20m", "A*20 s*22", ""),
        ("20m", "A*20 s*23", "ingestion opened@42"),
        ("12h", "A*20 d*90 A*20", ""),
    ] {
        assert_eq!(story_of(&[("lag_above", limit)], row), expected, "{limit}: {row}");
    }
}

#[test]
fn no_event_opens_at_the_first_look_that_sees_none() {
    for (settings, row, expected) in [
        // The last event is from 5 s of minute 39; the read-back at 25 s of minute 69 is the first one 30 minutes after it.
        (&[][..], "A*40 s*29", ""),
        (&[], "A*40 s*30", "ingestion opened@69"),
        (&[], "A*40 s*50 A*3", "ingestion opened@69 closed@91"),
        (&[("timeRange", "5")], "A*40 s*5", "ingestion opened@44"),
        (&[("timeRange", "1")], "A*40 s*5", "ingestion opened@40"),
        (&[("watch", "heartbeats")], "A*40 s*30", "ingestion opened@69"),
        // Our beats arrive: they are not what is watched, or they are.
        (&[("watch", "signup")], "A*40 q*30", "ingestion opened@69"),
        (&[], "A*40 q*60", ""),
        // Failed read-backs, and minutes in which Heartbeat is down, prove nothing.
        (&[], "A*40 F*90", ""),
        (&[], "A*40 -*90 z*2", ""),
        (&[], "A*40 -*90 z*3", "ingestion opened@132"),
        (&[], "A*40 R*90", ""),
        (&[("timeRange", "1")], "A*40 -*2 R", ""),
    ] {
        let settings = [&[("no_event", "on")], settings].concat();
        assert_eq!(story_of(&settings, row), expected, "{settings:?} {row}");
    }
}

#[test]
fn without_heartbeats_a_zero_is_trouble_by_itself() {
    let mut without = project(only(&[("no_event", "on")]));
    (without.spec.heartbeat, without.routes) = (None, Vec::new());
    let (_, book) = play(without.clone(), "A*40 R*30 A*3");
    assert_eq!(book.story(), "ingestion opened@69 closed@71", "the last event is from the start of minute 39");
    assert!(
        book.incidents[0].cause.summary.starts_with("No watched event in the last 30m 00s; the newest is from"),
        "{book:?}",
        book = book.incidents
    );
    assert_eq!(book.words(EntryKind::Closed), ["events arrive again"]);
    // The app was switched on a moment ago.
    without.switches.iter_mut().for_each(|switch| switch.at = START.plus(40).start());
    assert_eq!(play(without, "R*70").1.story(), "");
}

#[test]
fn blindness_has_a_strand_of_its_own() {
    for (row, expected) in [
        // The last good read-back is that of minute 9.
        ("A*10 f*15", ""),
        ("A*10 f*16", "monitoring opened@25"),
        ("A*10 f*20 A*5", "monitoring opened@25 closed@31"),
        ("f*16", ""),
        ("f*17", "monitoring opened@16"),
        ("k*90", ""),
        ("k*90 f*15", ""),
        ("k*90 f*17", "monitoring opened@106"),
        // Time without read-backs is our own: the wait begins with the first failed read-back.
        ("A*10 _*90 f*14", ""),
        ("A*10 _*90 f*15", "monitoring opened@114"),
        ("k*10 _*90 f*15", ""),
        ("A*10 f*30 k*3", "monitoring opened@25 closed@40"),
        ("f*10 _*90 f*15", ""),
    ] {
        assert_eq!(story_of(&[("blind", "15m")], row), expected, "{row}");
    }
}

#[test]
fn quiet_is_told_apart_from_stalled() {
    for (range, row, expected) in [
        ("30", "A*40 q*29", ""),
        ("30", "A*40 q*30 A*3", "traffic opened@69 closed@71"),
        ("60", "A*70 q*59", ""),
        ("60", "A*70 q*60", "traffic opened@129"),
        ("60", "A*70 q*20 g*20 q*20", "traffic opened@129"),
        ("60", "A*70 q*10 g*40 q*10", ""),
        ("30", "A*40 z*90", ""),
        ("30", "A*40 s*90", ""),
    ] {
        assert_eq!(story_of(&[("quiet", "on"), ("timeRange", range)], row), expected, "{range} {row}");
    }
}

#[test]
fn a_quota_that_runs_out_is_reported_before_events_are_dropped() {
    // Each letter, with the share of the quota that PostHog reports: `!` is a quota that is used up.
    let story = |settings: &[(&str, &str)], has_beats: bool, row: &[(&str, &str)]| {
        let mut project = project(only(settings));
        if !has_beats {
            (project.spec.heartbeat, project.routes) = (None, Vec::new());
        }
        let (mut world, mut book) = (World::new(project), Book::default());
        for (minutes, share) in row {
            world.quota = match *share {
                "!" => Some(QuotaUse { percent: 100, limited: true }),
                share => share.parse().ok().map(|percent| QuotaUse { percent, limited: false }),
            };
            for letter in letters(minutes).chars() {
                let at = world.minute(letter).unwrap();
                book.readback(&world, at, None);
            }
        }
        let replayed: Vec<_> = replayed(&world).into_iter().map(|replayed| replayed.incident).collect();
        assert_eq!(story(&replayed), book.story(), "{row:?}");
        book
    };
    let on = &[("quota_above", "on")][..];
    for (settings, has_beats, row, expected) in [
        (on, true, &[("A*5", "89"), ("A", "90"), ("A", "91"), ("A*2", "3")][..], "traffic opened@5 closed@8"),
        (&[("quota_above", "50 %")], true, &[("A*5", "49"), ("A*2", "50")], "traffic opened@5"),
        (on, true, &[("A*5", "89"), ("A*5", ""), ("A*5", "89")], ""),
        (on, true, &[("A*5", "95"), ("A*5", ""), ("f*5", "1"), ("A", "1")], "traffic opened@0"),
        (on, true, &[("A*5", "105"), ("A*3", "1")], "traffic opened@0 closed@6"),
        // Lost beats tell that it is used up; without beats nothing else does.
        (on, true, &[("A*5", "0"), ("d*9", "!")], ""),
        (on, false, &[("A*5", "0"), ("A*9", "!")], "traffic opened@5"),
        (on, true, &[("A*5", "95"), ("d*9", "!"), ("A*2", "1")], "traffic opened@0 closed@15"),
        (on, true, &[("k*5", "95")], ""),
    ] {
        assert_eq!(story(settings, has_beats, row).story(), expected, "{row:?}");
    }
    let dropped = story(on, false, &[("A*5", "0"), ("A", "!")]).incidents.remove(0).cause;
    assert_eq!(
        (dropped.code().as_str(), dropped.summary.as_str()),
        ("quota", "100 % of the events quota of this period is used; events are dropped")
    );
    let book = story(on, true, &[("A*5", "89"), ("A*2", "95"), ("A*2", "3")]);
    let incident = &book.incidents[0];
    assert_eq!((incident.severity, incident.cause.code().as_str()), (Severity::Warning, "none"));
    assert_eq!(incident.cause.summary, "95 % of the events quota of this period is used");
    assert_eq!((incident.first_bad, incident.last_good), (Some(START.plus(5)), Some(START.plus(4))));
    assert_eq!(book.words(EntryKind::Closed), ["enough of the events quota is left again"]);
}

#[test]
fn what_breaks_ingestion_is_one_incident_whose_timeline_keeps_each_finding() {
    let (world, book) = play(project(IngestionAlertApp::default()), "A*60 s*40 r*5 A*6");
    assert_eq!(book.story(), "ingestion opened@67 closed@107");
    let incident = &book.incidents[0];
    assert_eq!(incident.severity, Severity::Critical);
    assert_eq!((incident.first_bad, incident.last_good), (Some(START.plus(60)), Some(START.plus(59))));
    assert_eq!(incident.cause.code(), "capture");
    assert_eq!(
        book.words(EntryKind::Rules),
        ["now also lost", "now also no_event", "now also capture", "lost no longer", "no_event no longer"]
    );
    assert_eq!(book.words(EntryKind::Cause).len(), 1, "from not_queryable to capture_refuses");
    assert_eq!(book.notifications(), "opened@67 escalated@77 resolved@107");
    let Tally { late, rejected, missing, .. } = incident.tally;
    assert_eq!((late, rejected, missing), (40, 5, 0), "{:?}", incident.tally);
    let closed = book.words(EntryKind::Closed);
    assert_eq!(closed.len(), 1);
    assert!(closed[0].ends_with("5 beats were rejected: what your own applications sent meanwhile depends on their retries"), "{closed:?}");
    assert_eq!(story(&replayed(&world).into_iter().map(|replayed| replayed.incident).collect::<Vec<_>>()), book.story());
}

#[test]
fn the_cause_is_kept_when_nothing_newer_is_known() {
    let (_, book) = play(project(only(&[("lag_above", "5m")])), "A*20 s*20 F*20 _*5 F*5");
    assert_eq!(book.story(), "ingestion opened@27");
    assert_eq!(book.incidents[0].cause.code(), "pipeline", "going blind, or down, is no cause");
    let (_, book) = play(project(only(&[("lag_above", "90s")])), "A*20 l*20");
    assert_eq!(book.incidents[0].cause.code(), "pipeline");
    assert!(
        book.incidents[0].cause.summary.starts_with("Beats arrive late: the last one took 1m 40s"),
        "{}",
        book.incidents[0].cause.summary
    );
}

#[test]
fn a_long_outage_is_told_with_its_whole_length() {
    let (world, book) = play(project(only(&[("lag_above", "5m"), ("lag_above_reminders", "off")])), "A*20 s*300");
    assert!(super::lookback(&world.project) < Duration::from_hours(1));
    let words = &book.incidents[0].cause.summary;
    assert!(words.contains("cannot be queried after 4h 58m"), "{words}");
}

#[test]
fn quiet_and_stalled_name_what_they_see() {
    let (_, book) = play(project(only(&[("no_event", "on"), ("watch", "signup")])), "A*40 q*31");
    let cause = &book.incidents[0].cause;
    assert_eq!(cause.code(), "none");
    assert_eq!(cause.title.as_deref(), Some("no signup for 30m; ingestion works"));
    let (begins, ends) =
        ("No signup in the last 30m 00s; the newest is from ", "; beats arrive, so ingestion works, and these events are not sent");
    assert!(cause.summary.starts_with(begins) && cause.summary.ends_with(ends), "{}", cause.summary);
    let (_, book) = play(project(only(&[("quiet", "on")])), "A*40 q*31");
    assert_eq!(book.incidents[0].cause.code(), "none");
    assert_eq!((book.incidents[0].first_bad, book.incidents[0].last_good), (Some(START.plus(40)), Some(START.plus(39))));
}

#[test]
fn a_minute_is_good_only_when_no_route_can_turn_it_bad() {
    let mut two = project(only(&[("lost", "on")]));
    two.routes.push(route(2));
    for (one, other, holds) in [
        ("AAXXX", "AAAAA", true),
        ("AXXXAAA", "AXXXAAA", false),
        ("AXXXAAA", "AXXX...", true),
        ("AXXXAAA", "AXXX???", true),
        ("AXXXAAA", "AXXXRRR", false),
        ("AXXXAAA", "AXXX___", false),
    ] {
        let mut all = [beats(1, one), beats(2, other)].concat();
        all.sort_by_key(|beat| beat.minute);
        let world = World::new(two.clone());
        let scene = super::Scene { beats: &all, ..world.scene(START.plus(9).start()) };
        assert_eq!(holding(&scene, &[RuleKind::Lost]).contains(&RuleKind::Lost), holds, "{one} {other}");
    }
}

#[test]
fn no_beat_from_before_the_app_the_route_or_heartbeat_counts() {
    for turned in [0, 1] {
        let mut late = project(only(&[("capture", "on")]));
        late.switches[turned].at = START.plus(3).start();
        assert_eq!(play(late, "R*6").1.story(), "ingestion opened@5", "{turned}");
    }
    let mut late = project(only(&[("capture", "on")]));
    late.routes[0].since = START.plus(3).start();
    assert_eq!(play(late, "R*6").1.story(), "ingestion opened@5");
    let mut other = project(only(&[("capture", "on")]));
    other.routes = vec![route(7)];
    let world = World::new(other);
    let all = beats(1, "RRRRRR");
    let scene = super::Scene { beats: &all, ..world.scene(START.plus(6).start()) };
    assert_eq!(holding(&scene, &[]), [], "the route is no longer in use");
}

#[test]
fn a_rule_that_is_switched_off_lets_go() {
    let (mut world, mut book) = play(project(only(&[("capture", "on")])), "A*5 R*5");
    world.project.spec.ingestion_alert.as_mut().unwrap().set("capture", "off").unwrap();
    let at = world.minute('R').unwrap();
    book.readback(&world, at, None);
    assert_eq!(book.story(), "ingestion opened@7 closed@10");
    assert_eq!(book.notifications(), "opened@7 resolved@10");
    assert_eq!(book.incidents[0].ended_because, Some(EndedBecause::RuleOff));
    assert!(
        book.words(EntryKind::Closed)[0].starts_with("no longer watched: rule capture was switched off; so far "),
        "{book:?}",
        book = book.entries
    );
    let (mut world, mut book) = play(project(only(&[("capture", "on")])), "A*5 R*5");
    world.project.spec.heartbeat.as_mut().unwrap().enabled = false;
    let at = world.minute('A').unwrap();
    book.readback(&world, at, None);
    let closed = book.words(EntryKind::Closed)[0];
    assert!(
        closed.starts_with("can no longer be checked: Heartbeat was switched off on this project; so far 3 beats were rejected"),
        "{closed}"
    );
    assert_eq!(book.incidents[0].ended_because, Some(EndedBecause::HeartbeatOff));
}
