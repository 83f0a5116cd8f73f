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
    all.extend([ODDITIES, NULLS, PRODUCT].concat().iter().map(|statement| (*statement).to_owned()));
    all.extend(CURIOSITY.iter().map(|statement| (*statement).to_owned()));
    all
}

/// Statements that both must reject.
pub(super) fn rejected() -> Vec<String> {
    REJECTED.iter().map(|statement| (*statement).to_owned()).collect()
}

/// What PostHog's parser reads otherwise than ClickHouse's, or otherwise than one would think.
const ODDITIES: &[&str] = &[
    "SELECT uuid FROM events ORDER BY timestamp, created_at LIMIT 2, 3",
    "SELECT uuid FROM events ORDER BY timestamp, created_at LIMIT 5 OFFSET 0",
    "SELECT uuid FROM events ORDER BY timestamp, created_at OFFSET 85 LIMIT 3",
    "(SELECT 1 AS n) UNION ALL (SELECT 1) LIMIT 1",
    "(SELECT 1 AS n) UNION ALL (SELECT 1) UNION ALL (SELECT 1) LIMIT 2 OFFSET 2",
    "(SELECT 1 AS n) UNION ALL (SELECT 1) LIMIT 1, 1",
    "(SELECT 1 AS n UNION ALL SELECT 1) LIMIT 1",
    "SELECT 1 AS n UNION ALL (SELECT 1) LIMIT 1",
    "(SELECT 1 AS n) UNION ALL SELECT 1 LIMIT 1",
    "SELECT 1 AS n UNION ALL SELECT 1 LIMIT 1",
    "SELECT 1 AS n LIMIT 1 UNION ALL SELECT 2 LIMIT 0 UNION ALL SELECT 3",
    "(SELECT uuid FROM events ORDER BY timestamp, created_at LIMIT 9) LIMIT 2",
    "(SELECT uuid FROM events ORDER BY timestamp, created_at LIMIT 9 OFFSET 3) LIMIT 2",
    "((SELECT uuid FROM events ORDER BY timestamp, created_at)) LIMIT 2 OFFSET 1",
    "SELECT count() FROM ((SELECT uuid FROM events LIMIT 3) UNION ALL (SELECT uuid FROM events LIMIT 3) LIMIT 4)",
    "SELECT count() FROM (SELECT uuid FROM events LIMIT 2, 3)",
    "SELECT count() FROM events WHERE timestamp > now() - INTERVAL '30 minutes'",
    "SELECT count() FROM events WHERE timestamp > now() - INTERVAL '1 minute'",
    "SELECT count() FROM events WHERE timestamp > now() - INTERVAL '2 hours' + INTERVAL '1 hour' AND timestamp < now() - INTERVAL '10 minute'",
    "SELECT count() FROM events WHERE timestamp > now() - INTERVAL 1.5 HOUR",
    "SELECT count() FROM events WHERE timestamp > now() - INTERVAL 0.9 HOUR",
    "SELECT count() FROM events WHERE timestamp > now() - INTERVAL 10 + 20 MINUTE",
    "SELECT count() FROM events WHERE timestamp > now() + INTERVAL -20 MINUTE",
    "SELECT count() FROM events WHERE timestamp > now() - toIntervalMinute(20.9) AND timestamp > now() - toIntervalHour('1')",
    "SELECT event, count(), FROM events GROUP BY event, ORDER BY event",
    "SELECT event, count(), FROM events WHERE event IN ('heartbeat', '$pageview',) GROUP BY event, HAVING count() > 1 ORDER BY event",
    "SELECT multiIf(event = 'heartbeat', 1, 2,) AS kind, count(DISTINCT uuid,) FROM events GROUP BY kind ORDER BY kind",
    "SELECT 1, 'a,', LIMIT 1",
    "SELECT properties.amount, properties.whole, properties.long, properties.power, properties.small, properties.numbers, properties.deep FROM events ORDER BY timestamp, created_at LIMIT 10",
    "SELECT properties.amount AS amount, count() FROM events GROUP BY amount ORDER BY amount",
    "SELECT count() FROM events WHERE properties.whole = '1' AND properties.long = '12345678901234567890'",
    "SELECT toInt(properties.whole), toFloat(properties.amount), toInt(properties.long), toFloat(properties.power), toInt(properties.amount) FROM events ORDER BY timestamp, created_at LIMIT 10",
    "SELECT toInt('1.0'), toInt('+7'), toInt('-'), toInt('99999999999999999999'), toInt('1e3'), toFloat('.5'), toFloat('1.'), toFloat('+1'), toFloat('1e3'), toFloat('1-2'), toFloat(''), toFloat('1e-2') LIMIT 1",
    "SELECT properties.plan AS plan FROM events GROUP BY plan ORDER BY plan NULLS FIRST",
    "SELECT properties.plan AS plan FROM events GROUP BY plan ORDER BY plan DESC NULLS FIRST",
    "SELECT \"event\", `distinct_id`, properties.`plan`, `properties`.\"$lib\" FROM `events` ORDER BY timestamp, created_at LIMIT 6",
    "SELECT e.\"event\" FROM events e WHERE e.properties.plan = 'pro' ORDER BY e.timestamp LIMIT 3",
    "SELECT event == 'heartbeat', event <> 'heartbeat' FROM events ORDER BY timestamp, created_at LIMIT 3",
    "SELECT 7.5 % 2, -7.5 % 2, -7 % 3, 7 % -3, -7 / 2, intDiv(-7, 2), 1 / 0, 0 / 0 LIMIT 1",
    "SELECT round(-2.5), round(1.25, 1), round(1.35, 1), round(7, 1), floor(-1.5), ceil(-1.5) LIMIT 1",
    "SELECT substring('hello', 0), substring('hello', 0, 2), substring('hello', -3, 2), substring('hello', 2, -1), substring('hello', -9) LIMIT 1",
    "SELECT toStartOfInterval(timestamp, INTERVAL 6 HOUR), toStartOfInterval(timestamp, INTERVAL 3 DAY), toStartOfInterval(timestamp, INTERVAL 7 MINUTE) FROM events ORDER BY timestamp LIMIT 3",
];

/// What becomes of NULL.
const NULLS: &[&str] = &[
    "SELECT count() FROM events WHERE properties.plan != 'pro'",
    "SELECT count() FROM events WHERE NOT properties.plan = 'pro'",
    "SELECT count() FROM events WHERE properties.plan NOT IN ('pro', 'free')",
    "SELECT count() FROM events WHERE NOT properties.plan IN ('pro', 'free')",
    "SELECT count() FROM events WHERE properties.plan IN ('pro', NULL)",
    "SELECT count() FROM events WHERE properties.plan NOT IN ('pro', NULL)",
    "SELECT count() FROM events WHERE properties.plan NOT LIKE 'p%'",
    "SELECT count() FROM events WHERE properties.plan LIKE properties.plan",
    "SELECT count() FROM events WHERE properties.plan = properties.words",
    "SELECT count() FROM events WHERE properties.plan != properties.words",
    "SELECT count() FROM events WHERE NOT (properties.plan > 'a')",
    "SELECT countIf(properties.plan = 'pro'), countIf(properties.plan != 'pro'), countIf(properties.plan IS NULL) FROM events",
    "SELECT 1 = NULL, NULL = NULL, NULL != 1, NULL != NULL, NULL IN (1), NULL IN (1, NULL), NULL < 1, 1 IN (1, NULL) LIMIT 1",
    "SELECT 1 AND NULL, 0 AND NULL, 1 OR NULL, NOT NULL, if(NULL, 1, 2), coalesce(NULL, 3), nullIf(1, NULL) LIMIT 1",
    "SELECT properties.plan = 'pro', properties.plan != 'pro', properties.plan < 'pro' FROM events ORDER BY timestamp, created_at LIMIT 10",
    "SELECT JSONExtractString(properties, 'plan'), JSONExtractString(properties, 'amount'), JSONExtractString(properties, 'words'), JSONExtractString(properties, 'flag'), JSONExtractString(properties, 'list') FROM events ORDER BY timestamp, created_at LIMIT 10",
];

/// Of the kind that a monitor asks: several figures in one scan, times as texts.
const PRODUCT: &[&str] = &[
    "SELECT countIf(event NOT IN ('heartbeat')), maxIf(toUnixTimestamp64Milli(timestamp), event NOT IN ('heartbeat')), minIf(toUnixTimestamp64Milli(timestamp), event IN ('heartbeat', 'heartbeat_api')), uniqIf(uuid, event IN ('heartbeat')) FROM events WHERE timestamp >= toDateTime('2026-11-23 14:00:00', 'UTC') AND timestamp < toDateTime64('2026-11-23 15:10:00.500', 3, 'UTC')",
    "SELECT countIf(event IN ('nothing')), maxIf(timestamp, event IN ('nothing')), minIf(timestamp, event = 'heartbeat' AND properties.plan = 'pro') FROM events",
    "SELECT count() FROM events WHERE timestamp >= toDateTime64('2026-11-23 14:50:00.123', 3, 'UTC') AND timestamp <= toDateTime('2026-11-23 15:10:00')",
    "SELECT count() FROM events WHERE timestamp = toDateTime64('2026-11-23 13:47:07.000', 3, 'UTC') OR timestamp > toDateTime64('2026-11-23 15:10:00.000001', 6)",
    "SELECT 'beat' AS kind, toString(uuid) AS id, min(toUnixTimestamp64Milli(created_at)) AS at, count() AS n FROM events WHERE timestamp >= toDateTime('2026-11-23 14:00:00', 'UTC') AND uuid IN ('0195d3a0-1111-7000-8000-000000000020') GROUP BY uuid UNION ALL SELECT 'traffic', '', maxIf(toUnixTimestamp64Milli(timestamp), event NOT IN ('heartbeat')), countIf(event NOT IN ('heartbeat')) FROM events WHERE timestamp >= toDateTime('2026-11-23 14:50:00', 'UTC') UNION ALL SELECT 'watched', '', maxIf(toUnixTimestamp64Milli(timestamp), event IN ('$pageview')), countIf(event IN ('$pageview')) FROM events WHERE timestamp >= toDateTime('2026-11-23 14:50:00', 'UTC') LIMIT 10",
    "SELECT uniq(uuid), count() FROM events WHERE properties.$lib = 'web'",
    "SELECT if(properties.$lib = 'web', 'web', toString(properties.amount)) AS source, count() FROM events GROUP BY source ORDER BY source",
    "SELECT toString(properties.amount), if(event = 'heartbeat', toUnixTimestamp64Milli(timestamp), 0) FROM events ORDER BY timestamp, created_at LIMIT 5",
    "SELECT max(seen) FROM (SELECT maxIf(toUnixTimestamp64Milli(created_at), event = 'heartbeat') AS seen FROM events UNION ALL SELECT 0)",
];

const CURIOSITY: &[&str] = &[
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

const REJECTED: &[&str] = &[
    "SELECT event FROM EVENTS",
    "SELECT EVENT FROM events",
    "SELECT event FROM events ORDER BY event,",
    "SELECT event FROM events LIMIT 1,",
    "SELECT event FROM events, WHERE event = 'heartbeat'",
    "SELECT event FROM events WHERE event = 'heartbeat', LIMIT 1",
    "SELECT event FROM events GROUP BY event HAVING count() > 1, LIMIT 1",
    "SELECT count(,) FROM events",
    "SELECT 1,,2",
    "SELECT count() FROM events WHERE timestamp > now() - INTERVAL 30 MINUTES",
    "SELECT count() FROM events WHERE timestamp > now() - INTERVAL '30'",
    "SELECT count() FROM events WHERE timestamp > now() - INTERVAL '1.5 hour'",
    "SELECT count() FROM events WHERE timestamp > now() - INTERVAL '-1 hour'",
    "SELECT count() FROM events WHERE timestamp > now() - INTERVAL '1 HOUR'",
    "SELECT count() FROM events WHERE timestamp > now() - INTERVAL '1hour'",
    "SELECT count() FROM events WHERE timestamp > now() - INTERVAL '1 hour 30 minutes'",
    "SELECT count() FROM events WHERE timestamp > now() - INTERVAL 1 MILLISECOND",
    "SELECT count() FROM events WHERE timestamp > now() - toIntervalMinutes(1)",
    "(SELECT 1) LIMIT 1 UNION ALL (SELECT 2)",
    "SELECT uuid FROM events LIMIT ALL",
    "SELECT uuid FROM events LIMIT 1.5",
    "SELECT 7 % 0",
    "SELECT intDiv(7, 0)",
    "SELECT 7 DIV 2",
    "SELECT 7 MOD 2",
    "SELECT event FROM events WHERE event LIKE 'a' ESCAPE 'b'",
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
