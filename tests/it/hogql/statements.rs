//! Statements for the oracle: what a curious person asks.

use crate::sandbox::uuid;

/// Statements that both must answer alike.
pub(super) fn answered() -> Vec<String> {
    let mut all = vec![
        // Like the product's question (`product.rs`), with the limit at the end alone.
        format!(
            "SELECT 'beat' AS kind, toString(uuid) AS id, min(toUnixTimestamp64Milli(created_at)) AS ingested, count() AS copies FROM events WHERE timestamp >= now() - INTERVAL 130 MINUTE AND event IN ('heartbeat','heartbeat_api') AND uuid IN ('{}','{}') GROUP BY uuid UNION ALL SELECT 'traffic', '', max(toUnixTimestamp64Milli(timestamp)), count() FROM events WHERE timestamp >= now() - INTERVAL 30 MINUTE AND event NOT IN ('heartbeat','heartbeat_api') LIMIT 1500",
            uuid(3),
            uuid(4)
        ),
        format!(
            "SELECT 'beat' AS kind, toString(uuid) AS id, toUnixTimestamp64Milli(created_at) AS ingested, toUnixTimestamp64Milli(timestamp) AS at FROM events WHERE timestamp >= now() - INTERVAL 2 HOUR AND event IN ('heartbeat') AND uuid IN ('{}') UNION ALL SELECT 'volume', '', count(), max(toUnixTimestamp64Milli(timestamp)) FROM events WHERE timestamp >= now() - INTERVAL 30 MINUTE LIMIT 1000",
            uuid(0)
        ),
        format!(
            "(SELECT uuid FROM events WHERE uuid = '{}' LIMIT 1) UNION ALL (SELECT uuid FROM events WHERE uuid = '{}' LIMIT 1)",
            uuid(3),
            uuid(6)
        ),
    ];
    all.extend(CURIOSITY.iter().map(|statement| (*statement).to_owned()));
    all
}

/// Statements that both must refuse.
pub(super) fn refused() -> Vec<String> {
    REFUSED.iter().map(|statement| (*statement).to_owned()).collect()
}

const CURIOSITY: [&str; 53] = [
    "SELECT count() FROM events HAVING count() > 5",
    "SELECT count() AS n FROM events WHERE event = 'nothing' HAVING n = 0",
    "SELECT person.n, count() FROM (SELECT distinct_id AS n FROM events WHERE event = 'heartbeat' UNION ALL SELECT event FROM events) AS person GROUP BY person.n ORDER BY 1",
    "SELECT 1 AS one LIMIT 1",
    "SELECT 'it''s' AS text, 2.5 AS number, NULL AS nothing LIMIT 1",
    "SELECT count() FROM events",
    "SELECT count(*), count(properties.plan), uniq(uuid), count(DISTINCT distinct_id), uniqExact(event) FROM events",
    "SELECT event, count() AS n FROM events GROUP BY event ORDER BY n DESC, event",
    "SELECT event, count() FROM events GROUP BY 1 ORDER BY 2, 1",
    "SELECT event, uniq(uuid) AS n FROM events GROUP BY event HAVING n > 30 ORDER BY event",
    "SELECT event, count() FROM events GROUP BY event HAVING count() >= 30 AND min(timestamp) > now() - INTERVAL 1 DAY ORDER BY event",
    "SELECT min(timestamp), max(timestamp), min(created_at), max(event), min(uuid) FROM events",
    "SELECT min(timestamp), max(event), sum(1), count(), avg(1) FROM events WHERE event = 'nothing'",
    "SELECT event, max(timestamp) FROM events WHERE event = 'nothing' GROUP BY event",
    "SELECT avg(toFloat(properties.amount)), min(toFloat(properties.amount)), sum(toFloat(properties.amount)) FROM events",
    "SELECT toStartOfHour(timestamp) AS hour, count() FROM events GROUP BY hour ORDER BY hour",
    "SELECT toStartOfMinute(timestamp) AS minute, uniq(uuid) FROM events GROUP BY minute ORDER BY minute DESC LIMIT 7",
    "SELECT toStartOfFiveMinutes(timestamp), toStartOfFifteenMinutes(timestamp), toStartOfDay(timestamp), toDate(timestamp) FROM events ORDER BY timestamp, uuid LIMIT 20",
    "SELECT toStartOfInterval(timestamp, INTERVAL 10 MINUTE) AS slice, count() FROM events GROUP BY slice ORDER BY slice",
    "SELECT toUnixTimestamp(timestamp), toUnixTimestamp64Milli(timestamp) FROM events ORDER BY timestamp LIMIT 5",
    "SELECT toHour(timestamp), toMinute(timestamp), toSecond(timestamp) FROM events ORDER BY timestamp LIMIT 5",
    "SELECT dateDiff('minute', timestamp, now()), dateDiff('hour', timestamp, now()), dateDiff('second', timestamp, created_at) FROM events ORDER BY timestamp, created_at LIMIT 10",
    "SELECT uuid, timestamp, created_at FROM events ORDER BY timestamp, created_at LIMIT 10",
    "SELECT toString(timestamp), toString(toStartOfHour(timestamp)), toString(toDate(timestamp)), toString(uuid), toString(5) FROM events ORDER BY timestamp LIMIT 3",
    "SELECT uuid FROM events WHERE timestamp >= '2026-11-23 15:00:00' AND timestamp < '2026-11-23 15:10:00' ORDER BY uuid",
    "SELECT count() FROM events WHERE timestamp BETWEEN '2026-11-23 15:00:00' AND '2026-11-23 15:10:00'",
    "SELECT count() FROM events WHERE timestamp > now() - INTERVAL 1 HOUR AND timestamp <= now() - INTERVAL '5' MINUTE",
    "SELECT count() FROM events WHERE timestamp > now() - toIntervalMinute(20)",
    "SELECT count() FROM events WHERE timestamp > toDateTime('2026-11-23 15:00:00')",
    "SELECT event FROM events WHERE event LIKE 'heart%' GROUP BY event ORDER BY event",
    "SELECT count() FROM events WHERE event LIKE 'HEART%'",
    "SELECT count() FROM events WHERE event ILIKE 'HEART%API'",
    "SELECT count() FROM events WHERE event NOT LIKE 'heart%' AND event NOT ILIKE '%x%'",
    "SELECT count() FROM events WHERE properties.words LIKE '%50\\\\%\\\\_off%'",
    "SELECT properties.plan, properties.amount, properties.words, properties.flag, properties.list, properties.nested FROM events ORDER BY timestamp, created_at LIMIT 10",
    "SELECT properties['$lib'], properties.$lib FROM events ORDER BY timestamp, created_at LIMIT 10",
    "SELECT properties.plan AS plan, count() FROM events GROUP BY plan ORDER BY plan",
    "SELECT properties.plan AS plan, count() FROM events GROUP BY plan ORDER BY plan DESC",
    "SELECT count() FROM events WHERE properties.plan IS NULL OR properties.amount IS NOT NULL",
    "SELECT coalesce(properties.plan, 'none') AS plan, ifNull(properties.amount, '0'), nullIf(event, 'heartbeat') FROM events ORDER BY timestamp, created_at LIMIT 8",
    "SELECT if(event = 'heartbeat', 'ours', 'theirs') AS whose, count() FROM events GROUP BY whose ORDER BY whose",
    "SELECT multiIf(event = 'heartbeat', 1, event = 'heartbeat_api', 2, 3) AS kind, count() FROM events GROUP BY kind ORDER BY kind",
    "SELECT CASE WHEN event = 'heartbeat' THEN 'a' WHEN event LIKE '$%' THEN 'b' ELSE 'c' END AS kind, CASE event WHEN 'heartbeat' THEN 1 ELSE 0 END AS ours, count() FROM events GROUP BY kind, ours ORDER BY kind",
    "SELECT countIf(event = 'heartbeat'), uniqIf(uuid, event = 'heartbeat'), maxIf(timestamp, event = 'nothing'), sumIf(2, event = 'heartbeat') FROM events",
    "SELECT 7 / 2, 7 % 4, intDiv(7, 2), 7 - 9, 2 * 3 + 1, -5, abs(-5), 1 / 4, round(2.5), round(3.5), floor(2.7), ceil(2.1), greatest(1, 3, 2), least(4, 2) LIMIT 1",
    "SELECT 1 = 1, 1 != 1, 2 > 1, NOT 1, 1 AND 0, 1 OR 0, 5 IN (1, 5), 5 NOT IN (1, 5), isNull(NULL) LIMIT 1",
    "SELECT lower('ABC'), upper('abc'), length('héllo'), concat('a', 'b', 'c'), substring('hello', 2, 3), startsWith('hello', 'he'), empty(''), notEmpty('x'), 'a' || 'b' LIMIT 1",
    "SELECT DISTINCT distinct_id FROM events ORDER BY distinct_id",
    "SELECT uuid, event FROM events ORDER BY event DESC, timestamp ASC, created_at LIMIT 5",
    "SELECT uuid FROM events ORDER BY timestamp, created_at LIMIT 5 OFFSET 10",
    "SELECT max(n), count() FROM (SELECT uuid, count() AS n FROM events GROUP BY uuid)",
    "SELECT e.event, count() FROM events AS e WHERE e.uuid IN ('0195d3a0-1111-7000-8000-000000000000') GROUP BY e.event",
    "SELECT count() / uniq(uuid), max(toUnixTimestamp64Milli(created_at) - toUnixTimestamp64Milli(timestamp)) / 1000 FROM events",
];

const REFUSED: [&str; 14] = [
    "SELECT",
    "SELECT FROM events",
    "SELECT nonsense FROM events",
    "SELECT uuid FROM nowhere",
    "SELECT count( FROM events",
    "SELECT uuid, count() FROM events",
    "SELECT event FROM events GROUP BY uuid",
    "SELECT count() FROM events WHERE max(timestamp) > now()",
    "SELECT max(count()) FROM events",
    "SELECT no_such_function(event) FROM events",
    "SELECT uuid FROM events WHERE timestamp > 'never'",
    "SELECT uuid FROM events WHERE event = 5",
    "SELECT 1 UNION ALL SELECT 1, 2",
    "SELECT uuid FROM events WHERE uuid = 'not a uuid'",
];
