//! The statement itself. That PostHog's parser and ClickHouse understand it is tested where they are installed.

use std::time::Duration;

use heartbeat::model::Timestamp;
use heartbeat::posthog::query::{MAX_BEATS_A_LOOK, Question, Watched, statement};
use uuid::Uuid;

use super::key;

const NOW: Timestamp = Timestamp::from_ms(1_740_000_000_000);

fn stated(events: Vec<&str>, uuids: Vec<Uuid>, back: Duration) -> String {
    watching(events, uuids, back, Watched::default())
}

fn watching(events: Vec<&str>, uuids: Vec<Uuid>, back: Duration, watched: Watched<'_>) -> String {
    let key = key();
    let back_to = NOW.minus(back);
    statement(&Question { base: "http://localhost", key: &key, posthog_id: 1, events, uuids, back_to, watched, now: NOW })
}

#[test]
fn a_question_for_beats_asks_for_traffic_too() {
    let uuids = vec![Uuid::from_u128(1), Uuid::from_u128(2)];
    let text = stated(vec!["heartbeat", "heartbeat_api"], uuids, Duration::from_mins(90));
    assert_eq!(
        text,
        "SELECT 'beat' AS kind, toString(uuid) AS id, min(toUnixTimestamp64Milli(created_at)) AS ingested, count() AS copies FROM events \
         WHERE timestamp >= now() - INTERVAL 100 MINUTE AND event IN ('heartbeat', 'heartbeat_api') \
         AND uuid IN ('00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-000000000002') GROUP BY uuid LIMIT 1000 \
         UNION ALL \
         SELECT 'traffic' AS kind, '' AS id, max(toUnixTimestamp64Milli(timestamp)) AS ingested, count() AS copies FROM events \
         WHERE timestamp >= now() - INTERVAL 30 MINUTE AND timestamp < now() + INTERVAL 5 MINUTE \
         AND event NOT IN ('heartbeat', 'heartbeat_api') LIMIT 1 \
         UNION ALL \
         SELECT 'watched' AS kind, '' AS id, max(toUnixTimestamp64Milli(timestamp)) AS ingested, count() AS copies FROM events \
         WHERE timestamp >= now() - INTERVAL 30 MINUTE AND timestamp < now() + INTERVAL 5 MINUTE LIMIT 1"
    );
}

#[test]
fn a_question_without_beats_is_for_traffic_alone() {
    let traffic = "SELECT 'traffic' AS kind, '' AS id, max(toUnixTimestamp64Milli(timestamp)) AS ingested, count() AS copies FROM events \
                   WHERE timestamp >= now() - INTERVAL 30 MINUTE AND timestamp < now() + INTERVAL 5 MINUTE";
    let ours = stated(vec!["heartbeat"], Vec::new(), Duration::ZERO);
    assert!(ours.starts_with(&format!("{traffic} AND event NOT IN ('heartbeat') LIMIT 1 UNION ALL SELECT 'watched'")), "{ours}");
    let none = stated(Vec::new(), Vec::new(), Duration::ZERO);
    assert!(none.starts_with(&format!("{traffic} LIMIT 1 UNION ALL SELECT 'watched'")), "{none}");
}

#[test]
fn what_is_watched_is_asked_for_in_its_own_range_and_by_its_own_names() {
    let range = Duration::from_mins(90);
    for (events, says) in [
        (None, "INTERVAL 5 MINUTE LIMIT 1"),
        (Some(vec!["signup", "o'clock"]), r"INTERVAL 5 MINUTE AND event IN ('signup', 'o\'clock') LIMIT 1"),
        (Some(Vec::new()), "INTERVAL 5 MINUTE AND event IN ('') LIMIT 1"),
    ] {
        let text = watching(vec!["heartbeat"], Vec::new(), Duration::ZERO, Watched { events, range });
        let watched = text.split("UNION ALL ").last().unwrap();
        assert!(watched.contains("now() - INTERVAL 90 MINUTE") && watched.ends_with(says), "{watched}");
        assert!(!watched.contains("heartbeat"), "{watched}");
    }
}

#[test]
fn a_name_stays_inside_its_quotes() {
    let text = stated(vec!["o'clock", "back\\slash", "two\nlines", "') OR 1=1 --", "{brace}", "\0"], Vec::new(), Duration::ZERO);
    let list = r"NOT IN ('o\'clock', 'back\\slash', 'two\nlines', '\') OR 1=1 --', '{brace}', '\0')";
    assert!(text.contains(list), "{text}");
}

#[test]
fn a_question_is_bounded_in_beats_and_in_time() {
    let many: Vec<Uuid> = (0..MAX_BEATS_A_LOOK as u128 + 5).map(Uuid::from_u128).collect();
    let text = stated(vec!["heartbeat"], many, Duration::from_secs(61));
    assert_eq!(text.matches("'00000000-").count(), MAX_BEATS_A_LOOK);
    assert!(text.contains("INTERVAL 12 MINUTE"), "the oldest beat and the margin, rounded up");
    assert!(text.contains(&format!("LIMIT {MAX_BEATS_A_LOOK} UNION ALL")));
    assert!(text.ends_with("LIMIT 1"));
}
