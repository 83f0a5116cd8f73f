//! The statement itself. That PostHog's parser and ClickHouse understand it is tested where they are installed.

use std::time::Duration;

use heartbeat::model::Timestamp;
use heartbeat::posthog::query::{MAX_BEATS_A_READBACK, ProjectPath, Question, Sent, Watched, statement, statement_of_rewritten};
use uuid::Uuid;

use super::key;

/// 2025-02-19T21:20:00Z
const NOW: Timestamp = Timestamp::from_ms(1_740_000_000_000);

fn stated(events: Vec<&str>, uuids: Vec<Uuid>, back: Duration) -> String {
    watching(events, uuids, back, Watched::default())
}

fn watching(events: Vec<&str>, uuids: Vec<Uuid>, back: Duration, watched: Watched<'_>) -> String {
    at(NOW, events, uuids, back, watched)
}

fn at(now: Timestamp, events: Vec<&str>, uuids: Vec<Uuid>, back: Duration, watched: Watched<'_>) -> String {
    let (key, posthog_id, back_to) = (key(), ProjectPath::Number(1), now.minus(back));
    statement(&Question { base: "http://localhost", key: &key, posthog_id, events, uuids, back_to, watched, now })
}

const AT: &str = "least(toUnixTimestamp64Milli(timestamp), toUnixTimestamp64Milli(created_at))";

#[test]
fn a_question_for_beats_is_two_scans_each_by_its_own_clock() {
    let uuids = vec![Uuid::from_u128(1), Uuid::from_u128(2)];
    let text = stated(vec!["heartbeat", "heartbeat_api"], uuids, Duration::from_mins(90));
    assert_eq!(
        text,
        format!(
            "SELECT 'beat' AS kind, toString(uuid) AS id, min(toUnixTimestamp64Milli(created_at)) AS at_ms, count() AS seen, \
             0 AS watched_at_ms, 0 AS watched FROM events \
             WHERE (timestamp >= toDateTime('2025-02-19T19:40:00Z') AND timestamp < toDateTime('2025-02-19T21:30:00Z') \
             OR timestamp >= now() - INTERVAL 100 MINUTE AND timestamp < now() + INTERVAL 10 MINUTE) \
             AND event IN ('heartbeat', 'heartbeat_api') \
             AND uuid IN ('00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-000000000002') GROUP BY uuid LIMIT 1000 \
             UNION ALL \
             SELECT 'traffic' AS kind, '1740000000000' AS id, \
             maxIf({AT}, event NOT IN ('heartbeat', 'heartbeat_api')) AS at_ms, countIf(event NOT IN ('heartbeat', 'heartbeat_api')) AS seen, \
             max({AT}) AS watched_at_ms, count() AS watched FROM events \
             WHERE created_at >= now() - INTERVAL 30 MINUTE \
             AND (timestamp >= now() - INTERVAL 30 MINUTE AND timestamp < now() + INTERVAL 5 MINUTE \
             OR event IN ('heartbeat', 'heartbeat_api') AND timestamp >= toDateTime('2025-02-19T20:50:00Z') \
             AND timestamp < toDateTime('2025-02-19T21:25:00Z')) LIMIT 1"
        )
    );
}

#[test]
fn a_question_without_beats_is_one_scan() {
    let none = stated(Vec::new(), Vec::new(), Duration::ZERO);
    assert_eq!(
        none,
        format!(
            "SELECT 'traffic' AS kind, '1740000000000' AS id, max({AT}) AS at_ms, count() AS seen, max({AT}) AS watched_at_ms, count() AS watched \
             FROM events WHERE created_at >= now() - INTERVAL 30 MINUTE \
             AND (timestamp >= now() - INTERVAL 30 MINUTE AND timestamp < now() + INTERVAL 5 MINUTE) LIMIT 1"
        )
    );
}

#[test]
fn no_two_questions_are_the_same_text() {
    let text = |ms: u64| at(NOW.plus(Duration::from_millis(ms)), Vec::new(), Vec::new(), Duration::ZERO, Watched::default());
    assert_ne!(text(0), text(1));
    let uuid = vec![Uuid::from_u128(1)];
    let text = |ms: u64| at(NOW.plus(Duration::from_millis(ms)), vec!["heartbeat"], uuid.clone(), Duration::ZERO, Watched::default());
    assert_ne!(text(0), text(1));
}

#[test]
fn what_is_watched_is_counted_in_its_own_range_and_by_its_own_names() {
    let longer = |events| watching(vec!["heartbeat"], Vec::new(), Duration::ZERO, Watched { events, range: Duration::from_mins(90) });
    for (events, condition) in [(Some(vec!["signup", "o'clock"]), r"event IN ('signup', 'o\'clock')"), (Some(Vec::new()), "event IN ('')")]
    {
        let text = longer(events);
        assert!(text.contains(&format!("maxIf({AT}, {condition}) AS watched_at_ms, countIf({condition}) AS watched")), "{text}");
    }
    // The scan goes over the longer range; what is traffic is counted in its own.
    let text = longer(None);
    let others = "event NOT IN ('heartbeat') AND created_at >= now() - INTERVAL 30 MINUTE AND (timestamp >= now() - INTERVAL 30 MINUTE)";
    assert!(text.contains(&format!("countIf({others}) AS seen, max({AT}) AS watched_at_ms, count() AS watched")), "{text}");
    assert!(text.contains("WHERE created_at >= now() - INTERVAL 90 MINUTE AND (timestamp >= now() - INTERVAL 90 MINUTE"), "{text}");

    let shorter = Watched { events: None, range: Duration::from_mins(5) };
    let text = watching(vec!["heartbeat"], Vec::new(), Duration::ZERO, shorter);
    let watched = "created_at >= now() - INTERVAL 5 MINUTE AND (timestamp >= now() - INTERVAL 5 MINUTE \
                   OR event IN ('heartbeat') AND timestamp >= toDateTime('2025-02-19T21:15:00Z'))";
    assert!(text.contains(&format!("countIf({watched}) AS watched")), "{text}");
    assert!(text.contains("countIf(event NOT IN ('heartbeat')) AS seen"), "{text}");
}

#[test]
fn a_name_stays_inside_its_quotes() {
    let text = stated(vec!["o'clock", "back\\slash", "two\nlines", "') OR 1=1 --", "{brace}", "\0"], Vec::new(), Duration::ZERO);
    let list = r"NOT IN ('o\'clock', 'back\\slash', 'two\nlines', '\') OR 1=1 --', '{brace}', '\0')";
    assert!(text.contains(list), "{text}");
}

#[test]
fn a_question_is_bounded_in_beats_and_in_time() {
    let many: Vec<Uuid> = (0..MAX_BEATS_A_READBACK as u128 + 5).map(Uuid::from_u128).collect();
    let text = stated(vec!["heartbeat"], many, Duration::from_secs(61));
    assert_eq!(text.matches("'00000000-").count(), MAX_BEATS_A_READBACK);
    assert!(text.contains("now() - INTERVAL 12 MINUTE"), "the oldest beat and the margin, rounded up");
    assert!(text.contains(&format!("LIMIT {MAX_BEATS_A_READBACK} UNION ALL")));
    assert!(text.ends_with("LIMIT 1"));
}

#[test]
fn a_beat_that_lies_ahead_because_the_clock_was_set_back_is_asked_for() {
    // The first 48 bits of its uuid are its slot: two hours ahead of now.
    let ahead = Uuid::from_u128((NOW.ms() as u128 + 7_200_000) << 80);
    let text = stated(vec!["heartbeat"], vec![ahead], Duration::ZERO);
    assert!(text.contains("timestamp < toDateTime('2025-02-19T23:30:00Z')"), "{text}");
}

#[test]
fn a_rewritten_event_is_asked_for_by_what_we_wrote_into_it() {
    let key = key();
    let (uuid, slot) = (Uuid::from_u128(1), NOW.minus(Duration::from_secs(30)));
    let sent = Sent { base: "http://localhost", key: &key, project: ProjectPath::Current, event: "o'clock", slot, uuid, now: NOW };
    let text = statement_of_rewritten(&sent);
    assert!(text.contains(r"event = 'o\'clock' AND properties.$lib = 'posthog-heartbeat'"), "{text}");
    assert!(text.contains("JSONExtractString(properties, '$timestamp') = '2025-02-19T21:19:30.000Z'"), "{text}");
    assert!(text.contains("uuid != '00000000-0000-0000-0000-000000000001'"), "{text}");
}
