//! Folding and dropping, as the keeping loop does them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use heartbeat::clock::Clock;
use heartbeat::model::{
    Evidence, EvidenceOf, Findings, Hour, Incident, IncidentKind, Minute, Outcome, ProjectSpec, Readback, Recorded, Retention, RouteDay,
    RouteId, SeenHour, Settled, Timestamp, Timing,
};
use heartbeat::retention::{EVERY, RetentionRound, aggregate_due, may_drop, run};
use heartbeat::store::{IncidentFilter, RouteSpan, Store};

use super::bed::Bed;
use super::samples::{START, at, awaiting, incident, name, queues, readback, set_up, spec, spec_with_routes};

over_both!(
    an_hour_is_summed_up_once_no_look_can_change_it,
    summing_up_goes_on_after_it_was_cut_off,
    an_hour_is_aggregated_again_to_the_same,
    a_beat_that_comes_after_its_hour_was_aggregated_is_aggregated_with_it,
    what_a_clock_ahead_of_time_summed_up_is_summed_up_anew,
    a_long_silence_is_passed_over,
    an_hour_whose_beats_were_all_seen_is_written_soon_and_for_two_days,
    a_day_is_counted_when_its_hours_are_aggregated,
    counting_days_goes_on_after_it_was_cut_off,
    a_day_follows_its_hours,
    days_of_a_clock_ahead_of_time_are_counted_again,
    days_are_deleted_with_their_hours,
    an_hour_is_aggregated_once_it_is_old_and_no_minute_before,
    what_may_still_be_seen_is_not_aggregated,
    folding_keeps_outcomes_lags_and_duplicates,
    folding_goes_on_after_it_was_cut_off,
    a_beat_that_comes_after_its_hour_was_aggregated_is_added,
    beats_of_routes_that_are_gone_do_not_stop_folding,
    more_routes_than_one_step_takes_are_aggregated,
    what_is_past_keeping_is_dropped,
    looks_go_with_their_beats_and_incidents_with_their_hours,
    the_loop_keeps_signs_and_goes_on,
    a_clock_that_is_far_ahead_drops_nothing_before_another_one_confirms_it,
);

const DAY: Duration = Duration::from_hours(24);

fn retention() -> Retention {
    Retention { beats: 3 * DAY, hours: 30 * DAY, evidence: 10 * DAY }
}

/// Three hours of one route from [`START`] on: each minute seen, the last two minutes of each hour with a copy too many.
async fn three_hours(store: &Store) -> (RouteId, Vec<Recorded>) {
    let route = set_up(store, spec("one")).await.routes[0].id;
    let beats: Vec<Recorded> = START
        .until(START.plus(180))
        .map(|minute| Recorded {
            outcome: Outcome::ALL[usize::try_from(minute.index() % 8).unwrap()],
            ingested: Some(at(minute, 13_000 + minute.index() % 60 * 1000)),
            copies: if minute.index() % 60 >= 58 { 2 } else { 1 },
            ..awaiting(route, minute)
        })
        .collect();
    store.record(&beats, &[]).await.unwrap();
    (route, beats)
}

fn now(age: Duration) -> Timestamp {
    START.plus(60).start().plus(age)
}

async fn hours_of(store: &Store, route: RouteId) -> Vec<Hour> {
    store.hours(&[route], START.plus(-6000), START.plus(6000)).await.unwrap()
}

/// How long after its end an hour is summed up: `lost_after`, and a day.
const SETTLED: Duration = Duration::from_mins(15 + 24 * 60);

async fn an_hour_is_summed_up_once_no_look_can_change_it(bed: Bed) {
    let store = bed.open().await;
    let (route, beats) = three_hours(&store).await;
    let expected: Vec<Hour> = (0..3).map(|hour| Hour::fold(route, START.plus(hour * 60), &beats)).collect();
    assert_eq!(store.summed_up().await.unwrap(), None);
    let just_before = Timestamp::from_ms(now(SETTLED).ms() - 1);
    assert_eq!(aggregate_due(&store, just_before, retention()).await.unwrap(), RetentionRound::default());
    assert_eq!((hours_of(&store, route).await, store.summed_up().await.unwrap()), (vec![], Some(START)));
    let one_more = RetentionRound { summed_up: 1, ..RetentionRound::default() };
    assert_eq!(aggregate_due(&store, now(SETTLED), retention()).await.unwrap(), one_more);
    assert_eq!((hours_of(&store, route).await, store.summed_up().await.unwrap()), (expected[..1].to_vec(), Some(START.plus(60))));
    assert_eq!(aggregate_due(&store, now(SETTLED), retention()).await.unwrap(), RetentionRound::default(), "nothing is summed up twice");
    assert_eq!(aggregate_due(&store, now(SETTLED + Duration::from_hours(1)), retention()).await.unwrap(), one_more);
    assert_eq!(hours_of(&store, route).await, expected[..2]);
    assert_eq!(store.beats(&[route], START, START.plus(180)).await.unwrap(), beats, "and they stay");
}

async fn summing_up_goes_on_after_it_was_cut_off(bed: Bed) {
    let store = bed.open().await;
    let (route, beats) = three_hours(&store).await;
    let other = set_up(&store, spec("other")).await.routes[0].id;
    store.record(&[awaiting(other, START)], &[]).await.unwrap();
    // The first step of an hour was made, and then the process ended.
    store.sum_up(&[Hour::fold(route, START, &beats)], None).await.unwrap();
    assert_eq!(bed.open().await.summed_up().await.unwrap(), None);
    assert_eq!(aggregate_due(&store, now(SETTLED), retention()).await.unwrap().summed_up, 1);
    assert_eq!(hours_of(&store, route).await, [Hour::fold(route, START, &beats)], "nothing of it is counted twice");
    assert_eq!(hours_of(&store, other).await, [Hour::fold(other, START, &[awaiting(other, START)])]);
}

async fn an_hour_is_aggregated_again_to_the_same(bed: Bed) {
    let store = bed.open().await;
    let (route, beats) = three_hours(&store).await;
    aggregate_due(&store, now(2 * DAY), retention()).await.unwrap();
    let summed_up = hours_of(&store, route).await;
    assert_eq!((summed_up.len(), store.oldest_beat().await.unwrap()), (3, Some(START)));
    assert_eq!(
        aggregate_due(&store, now(9 * DAY), retention()).await.unwrap(),
        RetentionRound { aggregated: 3, ..RetentionRound::default() }
    );
    assert_eq!((hours_of(&store, route).await, store.oldest_beat().await.unwrap()), (summed_up.clone(), None));
    assert_eq!(summed_up[0], Hour::fold(route, START, &beats));
}

async fn a_beat_that_comes_after_its_hour_was_aggregated_is_aggregated_with_it(bed: Bed) {
    let store = bed.open().await;
    let (route, beats) = three_hours(&store).await;
    aggregate_due(&store, now(2 * DAY), retention()).await.unwrap();
    let summed_up = hours_of(&store, route).await;
    // One that was lost is sent again by a clock that stepped back, and one comes for a minute that had none.
    let (lost, other) = (beats[4].minute, set_up(&store, spec("other")).await.routes[0].id);
    store.record(&[Recorded { outcome: Outcome::Rejected, ..awaiting(route, lost) }, awaiting(other, lost)], &[]).await.unwrap();
    let now_there = store.beats(&[route, other], START, START.plus(60)).await.unwrap();
    aggregate_due(&store, now(9 * DAY), retention()).await.unwrap();
    let aggregated = hours_of(&store, route).await;
    assert_eq!((summed_up[0].outcomes[4], aggregated[0].outcomes[4]), (Outcome::Lost, Outcome::Rejected));
    assert_eq!(aggregated[0], Hour::fold(route, START, &now_there));
    assert_eq!(aggregated[1..], summed_up[1..]);
    assert_eq!(hours_of(&store, other).await, [Hour::fold(other, START, &now_there)]);
}

async fn what_a_clock_ahead_of_time_summed_up_is_summed_up_anew(bed: Bed) {
    let store = bed.open().await;
    let route = set_up(&store, spec("one")).await.routes[0].id;
    let beats: Vec<Recorded> = START.until(START.plus(60)).map(|minute| awaiting(route, minute)).collect();
    store.record(&beats[..20], &[]).await.unwrap();
    assert_eq!(aggregate_due(&store, now(2 * DAY), retention()).await.unwrap().summed_up, 1);
    assert!(store.summed_up().await.unwrap() > Some(START.plus(60)));
    // The clock is right again, and the hour goes on.
    store.record(&beats[20..], &[]).await.unwrap();
    assert_eq!(aggregate_due(&store, START.plus(60).start(), retention()).await.unwrap(), RetentionRound::default());
    assert_eq!(store.summed_up().await.unwrap(), Some(START.plus(-24 * 60)));
    assert_eq!(aggregate_due(&store, now(SETTLED), retention()).await.unwrap().summed_up, 1);
    assert_eq!(hours_of(&store, route).await, [Hour::fold(route, START, &beats)]);
}

async fn a_long_silence_is_passed_over(bed: Bed) {
    let store = bed.open().await;
    assert_eq!(aggregate_due(&store, now(SETTLED), retention()).await.unwrap(), RetentionRound::default());
    assert_eq!(store.summed_up().await.unwrap(), Some(START.plus(60)), "an hour without a beat is summed up as well");
    let route = set_up(&store, spec("one")).await.routes[0].id;
    let years_later = START.plus(60 * 24 * 3000);
    store.record(&[awaiting(route, years_later)], &[]).await.unwrap();
    let kept = aggregate_due(&store, years_later.plus(60).start().plus(SETTLED), retention()).await.unwrap();
    assert_eq!(kept, RetentionRound { summed_up: 1, ..RetentionRound::default() });
    assert_eq!(store.hours(&[route], START, years_later.plus(1)).await.unwrap().len(), 1);
}

/// Two whole days of one route from [`START`] on, all seen except the minutes of `lost`.
async fn two_days(store: &Store, lost: &[i64]) -> (RouteId, Vec<Recorded>) {
    let route = set_up(store, spec("one")).await.routes[0].id;
    let seen =
        |minute: Minute| Recorded { outcome: Outcome::Arrived, ingested: Some(at(minute, 14_000)), copies: 1, ..awaiting(route, minute) };
    let of = |offset: i64| {
        let minute = START.plus(offset);
        if lost.contains(&offset) { Recorded { outcome: Outcome::Lost, ..awaiting(route, minute) } } else { seen(minute) }
    };
    let beats: Vec<Recorded> = (0..2 * RouteDay::LENGTH).map(of).collect();
    store.record(&beats, &[]).await.unwrap();
    (route, beats)
}

async fn days_of(store: &Store, route: RouteId) -> Vec<RouteDay> {
    store.days(&[route], START.plus(-40 * RouteDay::LENGTH), START.plus(40 * RouteDay::LENGTH)).await.unwrap()
}

/// [`START`] is a midnight.
async fn expected_days(store: &Store, route: RouteId, count: i64) -> Vec<RouteDay> {
    let hours = hours_of(store, route).await;
    (0..count).map(|day| RouteDay::fold(route, START.plus(day * RouteDay::LENGTH), &hours)).collect()
}

async fn an_hour_whose_beats_were_all_seen_is_written_soon_and_for_two_days(bed: Bed) {
    let store = bed.open().await;
    let (route, beats) = two_days(&store, &[70]).await;
    let hour = |at: usize| SeenHour::of(&beats[at * 60..][..60]).unwrap();
    let seen = async || store.seen_hours(&[route], START.plus(-6000), START.plus(6000)).await.unwrap();
    let soon = Duration::from_mins(10);
    aggregate_due(&store, Timestamp::from_ms(now(soon).ms() - 1), retention()).await.unwrap();
    assert_eq!(seen().await, []);
    aggregate_due(&store, now(soon + Duration::from_hours(2)), retention()).await.unwrap();
    assert_eq!(seen().await, [hour(0), hour(2)], "a beat of the second hour may still be seen");
    assert_eq!(hours_of(&store, route).await, []);
    aggregate_due(&store, now(SETTLED + Duration::from_hours(1)), retention()).await.unwrap();
    let hours: Vec<Hour> = (0..2).map(|at| Hour::fold(route, START.plus(at * 60), &beats)).collect();
    assert_eq!(hours_of(&store, route).await, hours, "from seen hours and from beats");
    assert_eq!(seen().await.len(), 25);
    aggregate_due(&store, now(2 * DAY), retention()).await.unwrap();
    assert_eq!(seen().await[0], hour(2));
}

async fn a_day_is_counted_when_its_hours_are_aggregated(bed: Bed) {
    let store = bed.open().await;
    let (route, _) = two_days(&store, &[5, 70, 1500]).await;
    let end = START.plus(RouteDay::LENGTH).start();
    aggregate_due(&store, Timestamp::from_ms(end.plus(SETTLED).ms() - 1), retention()).await.unwrap();
    assert_eq!((days_of(&store, route).await, store.aggregated().await.unwrap().days_to), (vec![], START));
    aggregate_due(&store, end.plus(SETTLED), retention()).await.unwrap();
    let days = days_of(&store, route).await;
    assert_eq!((&days, store.aggregated().await.unwrap().days_to), (&expected_days(&store, route, 1).await, START.plus(1440)));
    assert_eq!((days[0].first, days[0].outcomes[Outcome::Lost as usize]), (Some(START), 2));
    aggregate_due(&store, end.plus(40 * DAY), Retention::default()).await.unwrap();
    assert_eq!(days_of(&store, route).await, expected_days(&store, route, 2).await);
    assert_eq!(store.days(&[route], START.plus(1440), START.plus(2880)).await.unwrap(), expected_days(&store, route, 2).await[1..]);
}

async fn counting_days_goes_on_after_it_was_cut_off(bed: Bed) {
    let store = bed.open().await;
    let (route, _) = two_days(&store, &[5]).await;
    let other = set_up(&store, spec("other")).await.routes[0].id;
    store.record(&[awaiting(other, START)], &[]).await.unwrap();
    let later = START.plus(RouteDay::LENGTH).start().plus(SETTLED);
    aggregate_due(&store, later, retention()).await.unwrap();
    // The process ended before the day of the other route was counted.
    store.set_days_to(START).await.unwrap();
    store.count_day(&[route], START).await.unwrap();
    assert_eq!(bed.open().await.aggregated().await.unwrap().days_to, START);
    aggregate_due(&store, later, retention()).await.unwrap();
    assert_eq!(days_of(&store, route).await, expected_days(&store, route, 1).await);
    assert_eq!(days_of(&store, other).await, expected_days(&store, other, 1).await);
}

async fn a_day_follows_its_hours(bed: Bed) {
    let store = bed.open().await;
    let (route, beats) = two_days(&store, &[5]).await;
    let later = START.plus(3 * RouteDay::LENGTH).start().plus(SETTLED);
    aggregate_due(&store, later, Retention::default()).await.unwrap();
    let before = days_of(&store, route).await;
    let (project, minute) = (store.projects().await.unwrap().remove(0), beats[5].minute);
    let (seen, ingested) = (Some(at(minute, 99_500)), Some(at(minute, 99_000)));
    let settled = Settled { route, minute, outcome: Outcome::Late, missed: None, seen, ingested, copies: 3 };
    store.settle(&readback(&project, later), &[settled], &[]).await.unwrap();
    aggregate_due(&store, later.plus(20 * DAY), Retention::default()).await.unwrap();
    let after = days_of(&store, route).await;
    assert_eq!(after, expected_days(&store, route, 2).await);
    assert_eq!((before[0].outcomes[Outcome::Lost as usize], after[0].outcomes[Outcome::Lost as usize], after[0].duplicates), (1, 0, 2));
    assert_eq!(before[1..], after[1..]);
}

async fn days_of_a_clock_ahead_of_time_are_counted_again(bed: Bed) {
    let store = bed.open().await;
    let (route, beats) = two_days(&store, &[]).await;
    let later = START.plus(3 * RouteDay::LENGTH).start().plus(SETTLED);
    aggregate_due(&store, later, Retention::default()).await.unwrap();
    assert_eq!(days_of(&store, route).await.len(), 2);
    // The clock is right again, and a beat of the last hour is sent.
    let last = beats.last().unwrap().minute.plus(1);
    aggregate_due(&store, last.start(), Retention::default()).await.unwrap();
    assert!(store.aggregated().await.unwrap().days_to <= last.plus(-1440));
    store.record(&[awaiting(route, last)], &[]).await.unwrap();
    aggregate_due(&store, later, Retention::default()).await.unwrap();
    let days = days_of(&store, route).await;
    assert_eq!(days, expected_days(&store, route, 3).await);
    assert_eq!(days[2].outcomes[Outcome::Awaiting as usize], 1);
}

async fn days_are_deleted_with_their_hours(bed: Bed) {
    let store = bed.open().await;
    let (route, _) = two_days(&store, &[]).await;
    aggregate_due(&store, now(9 * DAY), retention()).await.unwrap();
    assert_eq!(days_of(&store, route).await.len(), 2);
    aggregate_due(&store, now(65 * DAY), retention()).await.unwrap();
    assert_eq!((days_of(&store, route).await, hours_of(&store, route).await), (vec![], vec![]));
}

async fn an_hour_is_aggregated_once_it_is_old_and_no_minute_before(bed: Bed) {
    let store = bed.open().await;
    assert_eq!(aggregate_due(&store, START.start(), retention()).await.unwrap(), RetentionRound::default(), "an empty store");
    let (route, beats) = three_hours(&store).await;
    let just_before = Timestamp::from_ms(now(3 * DAY).ms() - 1);
    assert_eq!(
        aggregate_due(&store, just_before, retention()).await.unwrap(),
        RetentionRound { summed_up: 3, ..RetentionRound::default() }
    );
    assert_eq!(store.beats(&[route], START, START.plus(180)).await.unwrap(), beats);
    assert_eq!(
        aggregate_due(&store, now(3 * DAY), retention()).await.unwrap(),
        RetentionRound { aggregated: 1, ..RetentionRound::default() }
    );
    assert_eq!(store.beats(&[route], START, START.plus(180)).await.unwrap(), beats[60..]);
    assert_eq!(hours_of(&store, route).await.len(), 3);
    assert_eq!(aggregate_due(&store, now(3 * DAY), retention()).await.unwrap(), RetentionRound::default(), "nothing is folded twice");
}

async fn what_may_still_be_seen_is_not_aggregated(bed: Bed) {
    let store = bed.open().await;
    three_hours(&store).await;
    let timing = Timing { lost_after: 5 * DAY, ..Timing::default() };
    set_up(&store, ProjectSpec { timing, ..spec("patient") }).await;
    let short = Retention { beats: Duration::ZERO, ..retention() };
    let just_before = Timestamp::from_ms(now(6 * DAY).ms() - 1);
    assert_eq!(aggregate_due(&store, just_before, short).await.unwrap().aggregated, 0);
    assert_eq!(aggregate_due(&store, now(6 * DAY), short).await.unwrap().aggregated, 1);
}

async fn folding_keeps_outcomes_lags_and_duplicates(bed: Bed) {
    let store = bed.open().await;
    let (route, beats) = three_hours(&store).await;
    assert_eq!(aggregate_due(&store, now(9 * DAY), retention()).await.unwrap().aggregated, 3);
    let hours = hours_of(&store, route).await;
    let expected: Vec<Hour> = (0..3).map(|hour| Hour::fold(route, START.plus(hour * 60), &beats)).collect();
    assert_eq!(hours, expected);
    assert_eq!((hours[0].duplicates, hours[0].lags.count()), (2, 60));
    let median = hours[0].lags.percentile(0.5).unwrap().as_secs_f64();
    assert!((28.0..32.5).contains(&median), "{median}");
    assert_eq!(store.oldest_beat().await.unwrap(), None);
    assert_eq!(store.hours(&[route], START.plus(1), START.plus(61)).await.unwrap(), expected[1..2], "by their starts");
}

async fn folding_goes_on_after_it_was_cut_off(bed: Bed) {
    let store = bed.open().await;
    let (route, beats) = three_hours(&store).await;
    let other = set_up(&store, spec("other")).await.routes[0].id;
    store.record(&[awaiting(other, START)], &[]).await.unwrap();
    // The first step of an hour was made, and then the process ended.
    let first = RouteSpan { after: None, to: Some(route) };
    store.fold(START, first, &[Hour::fold(route, START, &beats)]).await.unwrap();
    assert_eq!(store.beats(&[other], START, START.plus(1)).await.unwrap().len(), 1, "others are left alone");
    assert_eq!(bed.open().await.oldest_beat().await.unwrap(), Some(START));
    aggregate_due(&store, now(9 * DAY), retention()).await.unwrap();
    assert_eq!(hours_of(&store, route).await[0], Hour::fold(route, START, &beats), "what was folded stays as it was");
    assert_eq!(hours_of(&store, other).await.len(), 1);
}

async fn a_beat_that_comes_after_its_hour_was_aggregated_is_added(bed: Bed) {
    let store = bed.open().await;
    let (route, beats) = three_hours(&store).await;
    aggregate_due(&store, now(9 * DAY), retention()).await.unwrap();
    let not_sent = beats.iter().find(|beat| beat.outcome == Outcome::NotSent).unwrap().minute;
    let late = Recorded { outcome: Outcome::Late, ingested: Some(at(not_sent, 99_000)), copies: 3, ..awaiting(route, not_sent) };
    store.record(&[late], &[]).await.unwrap();
    let before = hours_of(&store, route).await.remove(0);
    aggregate_due(&store, now(9 * DAY), retention()).await.unwrap();
    let after = hours_of(&store, route).await.remove(0);
    let place = usize::try_from(not_sent.index() - START.index()).unwrap();
    assert_eq!(after.outcomes[place], Outcome::Late);
    assert_eq!(after.outcomes.iter().zip(before.outcomes).filter(|(now, was)| **now != *was).count(), 1);
    assert_eq!((after.lags.count(), after.duplicates), (before.lags.count() + 1, before.duplicates + 2));
}

async fn beats_of_routes_that_are_gone_do_not_stop_folding(bed: Bed) {
    let store = bed.open().await;
    let (route, beats) = three_hours(&store).await;
    store.apply(&[], &[name("one")], START.start()).await.unwrap();
    // A capture result that was on its way while the project was removed.
    store.record(&beats[..1], &[]).await.unwrap();
    assert_eq!(aggregate_due(&store, now(9 * DAY), retention()).await.unwrap().aggregated, 1);
    assert_eq!(store.oldest_beat().await.unwrap(), None);
    assert_eq!(hours_of(&store, route).await, []);
}

async fn more_routes_than_one_step_takes_are_aggregated(bed: Bed) {
    let store = bed.open().await;
    let names: Vec<String> = (0..600).map(|at| format!("way-{at}")).collect();
    let project = set_up(&store, spec_with_routes("one", &names.iter().map(String::as_str).collect::<Vec<_>>())).await;
    let routes: Vec<RouteId> = project.routes.iter().map(|route| route.id).collect();
    let beats: Vec<Recorded> = routes.iter().map(|route| awaiting(*route, START.plus(route.0 % 60))).collect();
    store.record(&beats, &[]).await.unwrap();
    assert_eq!(aggregate_due(&store, now(9 * DAY), retention()).await.unwrap().aggregated, 1);
    let hours = store.hours(&routes, START, START.plus(1)).await.unwrap();
    let expected: Vec<Hour> = beats.iter().map(|beat| Hour::fold(beat.route, START, std::slice::from_ref(beat))).collect();
    assert_eq!(hours, expected);
    assert_eq!(store.oldest_beat().await.unwrap(), None);
}

async fn what_is_past_keeping_is_dropped(bed: Bed) {
    let store = bed.open().await;
    let (route, _) = three_hours(&store).await;
    let of = EvidenceOf::Lost { read_back: START.start() };
    let evidence = [0, 1].map(|minute| Evidence { route, minute: START.plus(minute), at: START.start(), of: of.clone() });
    store.record(&[], &evidence).await.unwrap();
    store.apply(&[ProjectSpec { heartbeat: None, ..spec("one") }], &[], START.start()).await.unwrap();
    aggregate_due(&store, now(9 * DAY), retention()).await.unwrap();

    let minute = Duration::from_mins(1);
    let one_too_old = START.start().plus(10 * DAY + minute);
    assert_eq!(aggregate_due(&store, one_too_old, retention()).await.unwrap(), RetentionRound { dropped: 1, ..RetentionRound::default() });
    assert_eq!(store.evidence(&[route], START, START.plus(9)).await.unwrap(), evidence[1..]);
    let hour_too_old = START.start().plus(30 * DAY + minute);
    let kept = aggregate_due(&store, hour_too_old, retention()).await.unwrap();
    assert_eq!(kept, RetentionRound { dropped: 3, ..RetentionRound::default() }, "an hour, evidence, the route");
    assert_eq!(hours_of(&store, route).await.len(), 2);
}

async fn looks_go_with_their_beats_and_incidents_with_their_hours(bed: Bed) {
    let store = bed.open().await;
    let project = set_up(&store, spec("one")).await;
    for minute in 0..3 {
        store.settle(&readback(&project, START.plus(minute).start()), &[], &[]).await.unwrap();
    }
    let over = Incident { closed: Some(START.plus(1).start()), ..incident(&project, IncidentKind::Ingestion, 0) };
    store.write_incident(&over, &[], &queues(&[])).await.unwrap();
    let minute = Duration::from_mins(1);
    let dropped = async |now: Timestamp| aggregate_due(&store, now, retention()).await.unwrap().dropped;
    assert_eq!(dropped(START.start().plus(3 * DAY)).await, 0);
    assert_eq!(dropped(START.start().plus(3 * DAY + minute)).await, 1);
    assert_eq!(store.samples(project.id, START, START.plus(9)).await.unwrap().len(), 2);
    assert_eq!(dropped(START.start().plus(30 * DAY + minute)).await, 2, "the readbacks that were left");
    assert_eq!(dropped(START.start().plus(30 * DAY + 2 * minute)).await, 1, "the incident");
    assert_eq!(store.incidents(&IncidentFilter::default()).await.unwrap(), []);
}

async fn the_loop_keeps_signs_and_goes_on(bed: Bed) {
    let store = bed.open().await;
    let (route, _) = three_hours(&store).await;
    let (clock, hand) = Clock::hand(Timestamp::from_ms(now(3 * DAY).ms() - 1));
    let signs = Arc::new(AtomicU32::new(0));
    let heard = Arc::clone(&signs);
    let looping = tokio::spawn(run(bed.open().await, clock, retention(), move |_: Timestamp| {
        heard.fetch_add(1, Ordering::SeqCst);
    }));
    until(|| signs.load(Ordering::SeqCst) == 1).await;
    assert_eq!((hours_of(&store, route).await.len(), store.oldest_beat().await.unwrap()), (3, Some(START)));
    // The hand may move before the loop waits for it: it is moved until the loop was round again.
    until(|| {
        hand.advance(EVERY);
        signs.load(Ordering::SeqCst) >= 2
    })
    .await;
    assert_eq!(store.oldest_beat().await.unwrap(), Some(START.plus(60)));
    looping.abort();
}

/// Polls for at most ten seconds of real time.
#[expect(clippy::disallowed_methods, reason = "a bound on a test is real time")]
async fn until(mut reached: impl FnMut() -> bool) {
    let poll = async {
        while !reached() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), poll).await.expect("it comes about within ten seconds");
}

#[test]
fn the_defaults_keep_two_weeks_a_year_and_a_quarter() {
    let Retention { beats: beats_for, hours: hours_for, evidence: evidence_for } = Retention::default();
    assert_eq!((beats_for, hours_for, evidence_for), (14 * DAY, 400 * DAY, 90 * DAY));
    assert_eq!(Hour::starting(Minute::from_index(START.index() + 59)), START);
}

async fn a_clock_that_is_far_ahead_drops_nothing_before_another_one_confirms_it(bed: Bed) {
    const FAR: Duration = Duration::from_hours(400 * 24);
    let store = bed.open().await;
    three_hours(&store).await;
    let project = store.projects().await.unwrap().remove(0);
    let may = async |now: Timestamp| may_drop(&store, now, retention()).await.unwrap();
    assert!(may(now(5 * DAY)).await, "a day or two go at once without more ado");
    let server = store.server_time().await.unwrap();
    let ahead = server.unwrap_or(now(20 * DAY)).plus(FAR);
    assert!(!may(ahead).await);
    let read_back = async |at: Timestamp, server_ahead_ms: i64| {
        let findings = Findings { server_ahead_ms: Some(server_ahead_ms), ..Findings::default() };
        store.settle(&Readback { findings, ..readback(&project, at) }, &[], &[]).await.unwrap();
    };
    read_back(ahead, -(FAR.as_millis() as i64)).await;
    assert!(!may(ahead).await, "PostHog says another time");
    if let Some(server) = server {
        assert!(may(server).await, "the database says the same");
        return;
    }
    read_back(ahead, 30_000).await;
    assert!(may(ahead).await, "PostHog says the same");
    assert!(!may(ahead.plus(Duration::from_hours(2))).await, "it said so some time ago");
}
