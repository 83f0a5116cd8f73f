//! Invariants of the rules under any faults.

use std::time::Duration;

use proptest::prelude::*;

use super::fixture::{Book, World, only, play, project, replayed, route, story};
use super::scene::View;
use super::{History, holding, lookback, may_hold, replay, rules};
use crate::judge::letters::START;
use crate::judge::mark::MarkOf;
use crate::model::{
    Acknowledged, EntryKind, Hour, Incident, IncidentKind, IngestionAlertApp, Minute, NotificationKind, Outcome, QuotaUse, ReadbackSample,
    Recorded, RouteId, RuleKind, Switch, Watch,
};

/// Faults in runs of the same letter, so that rules with damping see some.
fn faults(letters: &'static str) -> impl Strategy<Value = String> {
    let minute_range = (prop::sample::select(letters.chars().collect::<Vec<_>>()), 1_usize..40);
    prop::collection::vec(minute_range, 1..9).prop_map(|stretches| {
        let rows = stretches.into_iter().map(|(letter, count)| letter.to_string().repeat(count));
        rows.collect::<Vec<_>>().concat()
    })
}

const ALL: &str = "AAAAsdlpRUNfFkgqzr_-";

fn apps() -> impl Strategy<Value = IngestionAlertApp> {
    let settings = prop::sample::select(vec![
        &[][..],
        &[("quiet", "on"), ("timeRange", "10")],
        &[("watch", "heartbeats"), ("lag_above", "90s"), ("lag_above_severity", "critical")],
        &[("watch", "signup"), ("timeRange", "45"), ("quiet", "on")],
        &[("lost_open_after", "1 of 1"), ("lost_close_after", "1"), ("capture_open_after", "2 of 9"), ("no_event_close_after", "5")],
        &[("partial_loss_open_after", "3 of 60"), ("partial_loss_close_after", "5"), ("answers_lost_open_after", "1"), ("lag_above", "1h")],
        &[("lag_above", "10s"), ("capture_reminders", "5m, 10m"), ("lost", "off"), ("blind", "3m"), ("timeRange", "1")],
    ]);
    settings.prop_map(|settings: &[(&str, &str)]| {
        let mut app = IngestionAlertApp::default();
        for (key, value) in settings {
            app.set(key, value).unwrap();
        }
        app
    })
}

/// What two runs must agree on, apart from the texts.
fn bones(incidents: &[Incident]) -> Vec<String> {
    let bone = |incident: &Incident| {
        let Incident {
            incident_kind, opened, closed, ended_because, rules, severity, first_bad, last_good, tally, reminders, cause, ..
        } = incident;
        format!(
            "{incident_kind} {opened} {closed:?} {ended_because:?} {rules:?} {severity} {first_bad:?} {last_good:?} {tally:?} {reminders} {}",
            cause.code()
        )
    };
    incidents.iter().map(bone).collect()
}

fn of_incident_kind(incidents: &[Incident], incident_kind: IncidentKind) -> Vec<&Incident> {
    incidents.iter().filter(|incident| incident.incident_kind == incident_kind).collect()
}

/// The app, watching events that include our own beats: then a zero may be our own fault.
fn watching_ours(mut app: IngestionAlertApp) -> IngestionAlertApp {
    if matches!(app.watch, Watch::Events(_)) {
        app.watch = Watch::Any;
    }
    app
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_replay_gives_what_was_judged_at_the_time(app in apps(), row in faults(ALL), routes in 1_i64..3) {
        let mut project = project(app);
        project.routes = (1..=routes).map(route).collect();
        // A replay knows only where the history begins.
        project.switches.iter_mut().for_each(|switch| switch.at = START.start());
        let (world, book) = play(project, &format!("A {row}"));
        let replayed: Vec<Incident> = replayed(&world).into_iter().map(|replayed| replayed.incident).collect();
        let mut lived = book.incidents.clone();
        lived.sort_by_key(|incident| (incident.opened, incident.incident_kind));
        prop_assert_eq!(bones(&replayed), bones(&lived), "{}", row);
    }

    #[test]
    fn the_same_history_gives_the_same_incidents_in_whatever_batches(
        app in apps(), row in faults(ALL), cuts in prop::collection::vec(0_i64..200, 0..4),
    ) {
        let (world, _) = play(project(app.clone()), &row);
        let whole: Vec<Incident> = replayed(&world).into_iter().map(|replayed| replayed.incident).collect();
        let end = START.plus(400);
        let mut cuts: Vec<Minute> = cuts.into_iter().map(|cut| START.plus(cut)).chain([START, end]).collect();
        cuts.sort_unstable();
        let (mut open, mut all): (Vec<Incident>, Vec<Incident>) = (Vec::new(), Vec::new());
        for pair in cuts.windows(2) {
            let part = replay(&world.history(&open), &app, pair[0].start(), pair[1].start());
            let part = part.into_iter().map(|replayed| replayed.incident);
            let (still, over): (Vec<Incident>, Vec<Incident>) = part.partition(Incident::is_open);
            all.extend(over);
            open = still;
        }
        all.extend(open);
        all.sort_by_key(|incident| (incident.opened, incident.incident_kind));
        prop_assert_eq!(whole, all);
    }

    #[test]
    fn a_scene_needs_no_more_than_its_lookback(app in apps(), row in faults(ALL)) {
        let (world, book) = play(project(app), &row);
        let (mut cut, mut short) = (World::new(world.project), Book::default());
        for letter in row.chars() {
            let Some(at) = cut.minute(letter) else { continue };
            let earliest = at.minus(lookback(&cut.project)).minute();
            let beats: Vec<Recorded> = cut.beats.iter().filter(|beat| beat.minute >= earliest).cloned().collect();
            let samples: Vec<ReadbackSample> = cut.samples.iter().filter(|sample| sample.at.minute() >= earliest).copied().collect();
            let scene = super::Scene { beats: &beats, samples: &samples, ..cut.scene(at) };
            for change in super::changes(&short.open(), &scene, None) {
                short.write(change.counted(&cut.beats));
            }
        }
        let spans = |book: &Book| {
            let span = |incident: &Incident| (incident.opened, incident.closed, incident.rules.clone(), incident.first_bad);
            book.incidents.iter().map(span).collect::<Vec<_>>()
        };
        prop_assert_eq!(spans(&short), spans(&book));
    }

    #[test]
    fn no_rule_holds_where_the_unusual_records_alone_show_none_that_may(
        app in apps(), row in faults(ALL), routes in 1_i64..3, quotas in prop::collection::vec(0_u16..120, 1..5),
        not_sent in prop::collection::vec((0_i64..200, prop::bool::ANY), 0..5),
    ) {
        let mut project = project(app);
        project.routes = (1..=routes).map(route).collect();
        let mut world = World::new(project);
        for (place, letter) in row.chars().enumerate() {
            let percent = quotas[place / 30 % quotas.len()];
            world.quota = Some(QuotaUse { percent, limited: percent > 110 });
            let Some(at) = world.minute(letter) else { continue };
            let whole = world.scene(at);
            // Minutes in which nothing was sent, as a read-back settles them.
            let not_sent = not_sent.iter().map(|(minute, missed)| {
                let minute = START.plus(*minute);
                Recorded { missed: missed.then(|| minute.start().plus(Duration::from_hours(1))), ..Recorded::blank(RouteId(1), minute) }
            });
            let in_place_of = not_sent.filter(|beat| beat.minute <= at.minute()).collect::<Vec<_>>();
            let is_sent = |beat: &&Recorded| !in_place_of.iter().any(|other| (other.route, other.minute) == (beat.route, beat.minute));
            let mut beats: Vec<Recorded> = whole.beats.iter().filter(is_sent).cloned().collect();
            beats.extend(in_place_of.iter().cloned());
            beats.sort_by_key(|beat| (beat.minute, beat.route));
            beats.dedup_by_key(|beat| (beat.minute, beat.route));
            let whole = super::Scene { beats: &beats, ..whole };
            let unusual: Vec<Recorded> = beats.iter().filter(|beat| !beat.is_ordinary()).cloned().collect();
            let samples: Vec<ReadbackSample> = whole.samples.iter().filter(|sample| !sample.is_ordinary()).copied().collect();
            let scene = super::Scene { beats: &unusual, samples: &samples, ..whole };
            let holding = holding(&whole, &[]);
            prop_assert!(may_hold(&scene) || holding.is_empty(), "{holding:?} at {at} of {row}");
            prop_assert!(may_hold(&whole) || !may_hold(&scene), "more records at {at} of {row}");
        }
    }

    #[test]
    fn opened_and_closed_alternate_and_rules_have_their_evidence(app in apps(), row in faults(ALL)) {
        let (mut world, mut book) = (World::new(project(app)), Book::default());
        for letter in row.chars() {
            let Some(at) = world.minute(letter) else { continue };
            let before: Vec<RuleKind> = book.open().iter().flat_map(|incident| incident.rules.clone()).collect();
            book.readback(&world, at, None);
            let view = View::of(&world.scene(at));
            for incident in book.open() {
                prop_assert!(!incident.rules.is_empty() && incident.rules.iter().all(|kind| kind.incident_kind() == incident.incident_kind));
                for kind in incident.rules.iter().filter(|kind| !before.contains(kind)) {
                    let damping = view.project.spec.alert().unwrap().rule(*kind).damping;
                    let bad = rules::row(*kind).marks(&view).take(damping.of.into()).filter(|mark| mark.of == MarkOf::Bad).count();
                    prop_assert!(bad >= usize::from(damping.bad), "{kind} began to hold on {bad}");
                }
            }
        }
        for incident_kind in IncidentKind::ALL {
            for pair in of_incident_kind(&book.incidents, incident_kind).windows(2) {
                prop_assert!(pair[0].closed.is_some_and(|closed| closed < pair[1].opened));
            }
        }
        for (at, incident) in book.incidents.iter().enumerate() {
            let count = |kind| book.entries.iter().filter(|(of, entry)| *of == at && entry.kind == kind).count();
            prop_assert_eq!((count(EntryKind::Opened), count(EntryKind::Closed)), (1, usize::from(!incident.is_open())));
            let (first, last) = (incident.first_bad, incident.last_good);
            prop_assert!(last.is_none() || last < first, "{:?} {:?}", last, first);
            prop_assert!(first.is_some_and(|first| first <= incident.opened.minute()));
        }
    }

    #[test]
    fn a_stretch_in_which_we_are_blind_or_down_opens_no_ingestion_incident(
        app in apps(), row in faults("AAfg_k-"), routes in 1_i64..3,
    ) {
        let mut project = project(watching_ours(app));
        project.routes = (1..=routes).map(route).collect();
        let (_, book) = play(project, &row);
        prop_assert!(of_incident_kind(&book.incidents, IncidentKind::Ingestion).is_empty(), "{}: {}", row, book.story());
    }

    #[test]
    fn while_we_are_blind_or_down_nothing_opens_whatever_happens_behind(app in apps(), row in faults("FgfF_-k"), before in 0_usize..60) {
        let (_, book) = play(project(app), &format!("A*{before} {row}"));
        prop_assert!(of_incident_kind(&book.incidents, IncidentKind::Ingestion).is_empty(), "{}: {}", row, book.story());
    }

    #[test]
    fn each_opening_that_is_told_is_told_to_be_over_once(
        app in apps(), row in faults(ALL), windows in prop::collection::vec((0_i64..200, 1_i64..60), 0..3),
        acts in prop::collection::vec((0_i64..200, 0_u8..3), 0..6),
    ) {
        let (mut world, mut book) = (World::new(project(app)), Book::default());
        for letter in row.chars() {
            let Some(at) = world.minute(letter) else { continue };
            let minute = at.minute().index() - START.index();
            let window = windows.iter().find(|(from, length)| (*from..from + length).contains(&minute));
            let silenced = window.map(|(from, length)| START.plus(from + length).start());
            for (_, act) in acts.iter().filter(|(when, _)| *when == minute) {
                for incident in book.incidents.iter_mut().filter(|incident| incident.is_open()) {
                    match act {
                        0 => incident.acknowledged = Some(Acknowledged { at, by: "ann".into() }),
                        1 => incident.acknowledged = None,
                        _ => incident.snoozed_until = Some(at.plus(Duration::from_mins(30))),
                    }
                }
            }
            let (before, sent_before) = (book.incidents.clone(), book.notified.len());
            book.readback(&world, at, silenced);
            for (of, kind, _) in &book.notified[sent_before..] {
                let is_held_back = |was: &Incident| was.acknowledged.is_some() || was.snoozed_until.is_some_and(|until| at < until);
                let held_back = before.get(*of).is_some_and(is_held_back);
                prop_assert!(*kind != NotificationKind::Reminder || !held_back, "reminded");
                prop_assert!(*kind == NotificationKind::Resolved || silenced.is_none(), "{kind} in a window");
            }
        }
        for (at, incident) in book.incidents.iter().enumerate() {
            let sent: Vec<NotificationKind> = book.notified.iter().filter(|(of, ..)| *of == at).map(|(_, kind, _)| *kind).collect();
            let count = |kind| sent.iter().filter(|sent| **sent == kind).count();
            prop_assert_eq!(count(NotificationKind::Opened), usize::from(incident.announced.is_some()));
            prop_assert_eq!(count(NotificationKind::Resolved), usize::from(incident.announced.is_some() && !incident.is_open()));
            prop_assert!(sent.is_empty() || sent[0] == NotificationKind::Opened, "{:?}", sent);
            prop_assert_eq!(u32::try_from(count(NotificationKind::Reminder)).unwrap(), incident.reminders);
        }
    }

    #[test]
    fn the_limit_of_lag_is_applied_once(limit in 30_u64..840, before in 20_i64..50) {
        let mut world = World::new(project(only(&[("lag_above", &format!("{limit}s"))])));
        for _ in 0..before {
            world.minute('A');
        }
        let bad = i64::from(RuleKind::Lag.usual().damping.bad);
        // The third beat is missing for longer than the limit in this read-back, and not in the one before.
        let due = START.plus(before + bad - 1).start().plus(Duration::from_secs(5 + limit));
        for _ in 0..40 {
            let at = world.minute('s').unwrap();
            prop_assert_eq!(holding(&world.scene(at), &[]).contains(&RuleKind::Lag), at > due, "{} {}", at, due);
        }
    }

    #[test]
    fn the_range_is_the_whole_wait(range in 1_u64..90, before in 1_i64..20) {
        let mut world = World::new(project(only(&[("no_event", "on"), ("timeRange", &range.to_string())])));
        for _ in 0..before {
            world.minute('A');
        }
        let newest = START.plus(before - 1).start().plus(Duration::from_secs(5));
        // A beat that had time to arrive must be missing; if no range holds one, it must have been sent.
        let first = if range < 4 { START } else { START.plus(before) };
        let can_tell = first.start().plus(Duration::from_secs(5 + 120));
        for _ in 0..range + 3 {
            let at = world.minute('s').unwrap();
            let is_empty = at.minus(Duration::from_mins(range)) >= newest;
            prop_assert_eq!(holding(&world.scene(at), &[]).contains(&RuleKind::NoEvent), is_empty && at >= can_tell, "{}", at);
        }
    }
}

#[test]
fn without_faults_no_record_is_needed_to_know_that_no_rule_holds() {
    for (settings, rows, expected) in [
        (&[][..], "A*100", false),
        (&[], "A*30 k*70", false),
        (&[("quiet", "on")], "A*100", true),
        (&[("lag_above", "30s")], "A*100", true),
        (&[("quota_above", "50%")], "A*100", true),
        (&[], "A*60 l*40", false),
        (&[], "A*99 d", false),
        (&[], "A*90 d*10", true),
        (&[], "A*90 R A*9", true),
        (&[], "A*30 R A*69", false),
        (&[], "A*99 f", true),
        (&[("blind", "off")], "A*99 f", false),
    ] {
        let mut app = IngestionAlertApp::default();
        for (key, value) in settings {
            app.set(key, value).unwrap();
        }
        let mut world = World::new(project(app));
        let at = super::fixture::letters(rows).chars().filter_map(|letter| world.minute(letter)).last().unwrap();
        let beats: Vec<Recorded> = world.beats.iter().filter(|beat| !beat.is_ordinary()).cloned().collect();
        let samples: Vec<ReadbackSample> = world.samples.iter().filter(|sample| !sample.is_ordinary()).copied().collect();
        let scene = super::Scene { beats: &beats, samples: &samples, ..world.scene(at) };
        assert_eq!(may_hold(&scene), expected, "{settings:?} {rows}");
    }
}

fn aggregated(world: &World) -> Vec<Hour> {
    let mut starts: Vec<(RouteId, Minute)> = world.beats.iter().map(|beat| (beat.route, Hour::starting(beat.minute))).collect();
    starts.sort_unstable();
    starts.dedup();
    starts.into_iter().map(|(route, start)| Hour::fold(route, start, &world.beats)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn hours_beside_their_beats_change_nothing(row in faults(ALL)) {
        let app = only(&[("lost", "on"), ("lag_above", "90s"), ("capture", "on"), ("no_event", "on"), ("blind", "1m")]);
        let (world, _) = play(project(app.clone()), &row);
        let hours = aggregated(&world);
        let beats_alone = world.history(&[]);
        let until = START.plus(1000).start();
        let both = replay(&History { hours: &hours, ..beats_alone }, &app, START.start(), until);
        prop_assert_eq!(both, replay(&beats_alone, &app, START.start(), until));
    }
}

#[test]
fn a_beat_that_was_recorded_after_its_hour_was_folded_hides_no_other() {
    let app = only(&[("capture", "on")]);
    let (world, book) = play(project(app.clone()), "A*20 R*10 A*20");
    let hours = aggregated(&world);
    for stray in [&[][..], &world.beats[..1], &world.beats[24..25]] {
        let history = History { hours: &hours, beats: stray, ..world.history(&[]) };
        let found = replay(&history, &app, START.start(), START.plus(200).start());
        let first_bads: Vec<_> = found.iter().map(|found| found.incident.first_bad).collect();
        assert_eq!(first_bads, [book.incidents[0].first_bad], "{} whole", stray.len());
    }
}

#[test]
fn folded_hours_are_judged_by_their_outcomes() {
    let app = only(&[("lost", "on"), ("lag_above", "1h"), ("capture", "on"), ("no_event", "on"), ("quiet", "on"), ("blind", "1m")]);
    let mut outcomes = [Outcome::Arrived; 60];
    outcomes[10..15].fill(Outcome::Rejected);
    outcomes[30..35].fill(Outcome::Late);
    let mut next = [Outcome::Arrived; 60];
    next[..30].fill(Outcome::Lost);
    let start = Hour::starting(START);
    let hour = |start, outcomes| Hour { outcomes, ..Hour::fold(RouteId(1), start, &[]) };
    let hours = [hour(start.plus(60), next), hour(start, outcomes)];
    let mut project = project(app.clone());
    project.routes[0].since = start.start();
    let history = History { project: &project, hours: &hours, beats: &[], evidence: &[], samples: &[], open: &[] };
    let found = replay(&history, &app, start.start(), start.plus(200).start());
    let first_bad = |at: i64| Some(start.plus(at));
    let actual: Vec<_> = found.iter().map(|found| (found.incident.first_bad, found.rules.clone())).collect();
    let expected = [
        (first_bad(10), vec![RuleKind::Capture]),
        (first_bad(30), vec![RuleKind::Lag]),
        // A lost beat says nothing about a limit of an hour.
        (first_bad(60), vec![RuleKind::Lost]),
    ];
    assert_eq!(actual, expected, "{found:#?}");
    assert!(found.iter().all(|found| !found.incident.is_open()));
}

#[test]
fn before_looks_were_kept_beats_speak_for_themselves() {
    let app = only(&[("lost", "on"), ("lag_above", "5m"), ("no_event", "on"), ("blind", "1m"), ("quiet", "on")]);
    let (world, book) = play(project(app.clone()), "A*40 s*40 A*20");
    let whole = world.history(&[]);
    let found = replay(&History { samples: &[], ..whole }, &app, START.start(), START.plus(200).start());
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!(found[0].rules, [RuleKind::Lost, RuleKind::Lag], "nothing is known about other events");
    assert_eq!(found[0].incident.first_bad, book.incidents[0].first_bad);
    let apart = found[0].incident.opened.ms() - book.incidents[0].opened.ms();
    assert!(apart.abs() <= 60_000, "{apart}");
}

#[test]
fn a_replay_knows_when_heartbeat_was_off() {
    let app = only(&[("capture", "on")]);
    let mut project = project(app.clone());
    let on = project.switches[0];
    project.switches.extend([Switch { at: START.plus(20).start(), on: false, ..on }, Switch { at: START.plus(40).start(), ..on }]);
    let (world, _) = play(project, "R*20 _*20 R*2 A*5");
    let found: Vec<Incident> = replayed(&world).into_iter().map(|found| found.incident).collect();
    assert_eq!(story(&found), "ingestion opened@2 closed@44");
    let later = replay(&world.history(&[]), &app, START.plus(30).start(), START.plus(60).start());
    assert_eq!(later, [], "two rejected beats since it was switched on again");
}
