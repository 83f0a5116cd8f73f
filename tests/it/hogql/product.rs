//! The questions that the product itself asks, in every shape that they can have, by the function that states them.

use std::time::Duration;

use heartbeat::model::{PersonalKey, Timestamp};
use heartbeat::posthog::query::{MAX_BEATS_A_READBACK, ProjectPath, Question, Sent, Watched, statement, statement_of_rewritten};
use heartbeat::sandbox::PERSONAL_KEY;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::json;
use uuid::Uuid;

use super::{ROWS, Verdict, differences, oracle, rows_of, stored_rows, with_events_named};
use crate::sandbox::{Running, event, uuid};

/// Names of events as people may write them into a route's settings.
const NAMES: [&str; 12] = [
    "heartbeat",
    "heartbeat_buffer",
    "heartbeat_api",
    "$pageview",
    "o'clock",
    "back\\slash",
    "both \\' of them",
    "say \"hello\"",
    "Ünïcode ❤ 心跳",
    "{placeholder}",
    "') OR 1=1 --",
    "50% `off`; /* really */",
];

/// A question, owning what it asks for.
#[derive(Debug, Clone)]
struct Asked {
    events: Vec<&'static str>,
    beats: Vec<u32>,
    back: Duration,
    watched: Watched<'static>,
}

impl Asked {
    fn new(events: &[&'static str], beats: impl Iterator<Item = u32>, back: Duration) -> Self {
        Self { events: events.to_vec(), beats: beats.collect(), back, watched: Watched::default() }
    }

    fn watching(self, events: &[&'static str], range: Duration) -> Self {
        Self { watched: Watched { events: Some(events.to_vec()), range }, ..self }
    }

    fn stated(&self, now: Timestamp) -> String {
        let key = PersonalKey::parse(PERSONAL_KEY).unwrap();
        let uuids = self.beats.iter().map(|beat| uuid(*beat).parse::<Uuid>().unwrap()).collect();
        let (back_to, events, watched) = (now.minus(self.back), self.events.clone(), self.watched.clone());
        statement(&Question {
            base: "http://localhost",
            key: &key,
            posthog_id: ProjectPath::Number(1),
            events,
            uuids,
            back_to,
            watched,
            now,
        })
    }
}

/// The corners: no beat, one, as many as there may be; one event, all of them, none; minutes, and a whole day.
fn corners() -> Vec<Asked> {
    let (minutes, day) = (Duration::from_mins(3), Duration::from_hours(24));
    let mut corners = vec![
        Asked::new(&["heartbeat"], 0..0, minutes),
        Asked::new(&[], 0..0, minutes),
        Asked::new(&[], 0..90, day),
        Asked::new(&NAMES, 0..1, day),
        Asked::new(&NAMES, 0..90, Duration::ZERO),
        Asked::new(&NAMES, 0..MAX_BEATS_A_READBACK as u32, day),
        Asked::new(&["nobody sends this"], 0..90, day),
        Asked::new(&["heartbeat"], 99_000..99_001, day),
    ];
    corners.extend(NAMES.map(|name| Asked::new(&[name], 0..90, day).watching(&[name], minutes)));
    corners.push(Asked::new(&["heartbeat"], 0..0, minutes).watching(&[], day));
    corners.push(Asked::new(&[], 0..1, minutes).watching(&NAMES, day));
    corners
}

/// Any question, at random but the same in each run: the oracle is slow to start and is asked once for all of them.
fn any(count: usize) -> Vec<Asked> {
    let asked = (
        prop::sample::subsequence(NAMES.to_vec(), 1..=NAMES.len()),
        prop::collection::vec(0_u32..120, 0..60),
        (0_u64..24 * 3600).prop_map(Duration::from_secs),
        prop::option::of(prop::sample::subsequence(NAMES.to_vec(), 0..=NAMES.len())),
        (1_u64..24 * 60).prop_map(Duration::from_mins),
    );
    let asked =
        asked.prop_map(|(events, beats, back, watched, range)| Asked { events, beats, back, watched: Watched { events: watched, range } });
    prop::collection::vec(asked, count).new_tree(&mut TestRunner::deterministic()).unwrap().current()
}

#[tokio::test]
async fn every_question_is_answered_by_the_sandbox_as_by_clickhouse() {
    let (sandbox, rows, now) = with_events_named(&NAMES).await;
    let asked = [corners(), any(120)].concat();
    let statements: Vec<String> = asked.iter().map(|asked| asked.stated(now)).collect();
    let wrong = differences(&sandbox, &rows, &statements, now).await;
    assert!(wrong.is_empty(), "{} of {} questions:\n{}", wrong.len(), statements.len(), wrong.join("\n"));
}

#[tokio::test]
async fn what_is_asked_for_is_found_and_nothing_else() {
    let (_sandbox, rows, now) = with_events_named(&NAMES).await;
    let asked = [Asked::new(&NAMES[4..5], 0..90, Duration::from_hours(24)), Asked::new(&NAMES, 0..90, Duration::from_hours(24))];
    let statements = asked.each_ref().map(|asked| asked.stated(now));
    let found = oracle(&rows, &statements, now).into_iter().map(|verdict| match verdict {
        Verdict::Answer { rows, .. } => rows.iter().filter(|row| row[0] == "beat").count(),
        Verdict::Error { error } => panic!("{error}"),
    });
    let of_name = (0..90).filter(|minute| minute % NAMES.len() == 4).count();
    assert_eq!(found.collect::<Vec<_>>(), [of_name, 90]);
}

#[tokio::test]
async fn the_types_of_a_question_are_clickhouses() {
    let (sandbox, rows, now) = with_events_named(&NAMES).await;
    let statement = Asked::new(&NAMES, 1..3, Duration::from_hours(2)).stated(now);
    let Some(Verdict::Answer { types, .. }) = oracle(&rows, std::slice::from_ref(&statement), now).pop() else {
        panic!("the oracle refuses the question")
    };
    let answer = sandbox.query(&statement).await.json();
    assert_eq!(answer["columns"], json!(["kind", "id", "at_ms", "seen", "watched_at_ms", "watched"]));
    let named = answer["types"].as_array().unwrap().iter().map(|column| column[1].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(named, types);
}

#[tokio::test]
async fn as_many_beats_as_a_question_may_hold_are_answered_at_once() {
    let (sandbox, hand) = Running::by_hand().await;
    let most = MAX_BEATS_A_READBACK as u32;
    for beat in 0..most {
        sandbox.post("/e/", &event(beat, "heartbeat")).await;
        hand.advance(Duration::from_mins(1));
    }
    let now = crate::sandbox::START.plus(Duration::from_mins(u64::from(most)));
    let asked = Asked::new(&["heartbeat"], 0..most, Duration::from_mins(u64::from(most)));
    let rows = rows_of(&sandbox.query(&asked.stated(now)).await.json());
    assert_eq!(rows.len(), MAX_BEATS_A_READBACK + 1, "PostHog gives a part without its own LIMIT 100 rows");
    assert!(rows.iter().filter(|row| row[0] == "beat").all(|row| row[3] == 1));
}

/// The row of traffic: newest and count of all, newest and count of what is watched.
fn traffic(rows: &[Vec<serde_json::Value>]) -> [i64; 4] {
    let row = rows.iter().find(|row| row[0] == "traffic").unwrap();
    [2, 3, 4, 5].map(|at| row[at].as_i64().unwrap())
}

#[tokio::test]
async fn what_a_clock_that_is_ahead_stamps_is_news_neither_when_it_comes_nor_when_its_time_has_come() {
    let (sandbox, hand) = Running::by_hand().await;
    let start = crate::sandbox::START;
    for (number, ahead) in [0, 4, 6, 60].into_iter().enumerate() {
        let mut stamped = event(number as u32, "signup");
        stamped["timestamp"] = json!(start.plus(Duration::from_mins(ahead)).to_string());
        sandbox.post("/e/", &stamped).await;
    }
    let mut seen = Vec::new();
    for minutes in [0, 29, 31, 62] {
        let now = start.plus(Duration::from_mins(minutes)).plus(Duration::from_secs(10));
        hand.advance_to(now);
        let asked = Asked::new(&["heartbeat"], 0..0, Duration::ZERO).watching(&["signup"], Duration::from_mins(30));
        let [newest, others, watched_newest, watched] = traffic(&rows_of(&sandbox.query(&asked.stated(now)).await.json()));
        assert_eq!((others, newest), (watched, watched_newest));
        assert!(others == 0 || Timestamp::from_ms(newest) < start.plus(Duration::from_secs(10)), "{newest}: no newer than its ingestion");
        seen.push(others);
    }
    // All were ingested at once: none is news for longer than half an hour from then on, whatever its own time.
    assert_eq!(seen, [2, 3, 0, 0]);
}

#[tokio::test]
async fn beats_are_found_and_counted_whatever_our_own_clock_says() {
    for off_minutes in [-1500_i64, -60, -20, 0, 20, 60, 1500] {
        let (sandbox, hand) = Running::by_hand().await;
        let ours = |at: Timestamp| Timestamp::from_ms(at.ms() + off_minutes * 60_000);
        let start = crate::sandbox::START;
        for beat in 0..3 {
            let mut sent = event(beat, "heartbeat");
            sent["timestamp"] = json!(ours(start.plus(Duration::from_mins(u64::from(beat)))).to_string());
            hand.advance_to(start.plus(Duration::from_mins(u64::from(beat))));
            sandbox.post("/e/", &sent).await;
        }
        let now = start.plus(Duration::from_mins(3));
        hand.advance_to(now);
        let asked = Asked::new(&["heartbeat"], 0..3, Duration::from_mins(3)).watching(&["heartbeat"], Duration::from_mins(30));
        let rows = rows_of(&sandbox.query(&asked.stated(ours(now))).await.json());
        assert_eq!(rows.iter().filter(|row| row[0] == "beat").count(), 3, "{off_minutes}: {rows:?}");
        let [_, others, _, watched] = traffic(&rows);
        // What is stored under the server's own time, because ours lies too far ahead, is found above, and counted by nobody's clock.
        assert_eq!((others, watched), (0, 3), "{off_minutes}");
    }
}

#[tokio::test]
async fn an_event_under_another_uuid_is_found_by_what_we_wrote_into_it() {
    let (sandbox, hand) = Running::by_hand().await;
    let start = crate::sandbox::START;
    let mut sent = event(7, "heartbeat_check");
    sent["timestamp"] = json!(start.to_string());
    sent["properties"] = json!({"$lib": "posthog-heartbeat", "$timestamp": start.to_string()});
    sandbox.post("/e/", &sent).await;
    let mut other = event(8, "heartbeat_check");
    other["properties"] = json!({"$lib": "posthog-heartbeat", "$timestamp": start.plus(Duration::from_secs(1)).to_string()});
    sandbox.post("/e/", &other).await;
    hand.advance(Duration::from_secs(5));
    let key = PersonalKey::parse(PERSONAL_KEY).unwrap();
    let now = start.plus(Duration::from_secs(5));
    let asked = |beat: u32| {
        let sent = Sent {
            base: "http://localhost",
            key: &key,
            project: ProjectPath::Current,
            event: "heartbeat_check",
            slot: start,
            uuid: uuid(beat).parse().unwrap(),
            now,
        };
        statement_of_rewritten(&sent)
    };
    let rows = rows_of(&sandbox.query(&asked(9)).await.json());
    assert_eq!(rows.iter().map(|row| row[1].clone()).collect::<Vec<_>>(), [json!(uuid(7))]);
    assert!(rows_of(&sandbox.query(&asked(7)).await.json()).is_empty(), "under its own uuid it was not rewritten");
    let stored = sandbox.rows(ROWS).await;
    let wrong = differences(&sandbox, &stored_rows(&stored), &[asked(7), asked(9)], now).await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
