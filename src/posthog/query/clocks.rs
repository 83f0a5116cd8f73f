//! The difference between PostHog's clock and ours. A proxy may replace `Date`, so it is checked against the beats: an event is ingested
//! after it was sent and before it was read back. A `Date` that contradicts this is ignored.

use uuid::Uuid;

use crate::model::{Arrival, Timestamp};
use crate::posthog::excerpt::{date, excerpt};
use crate::posthog::wire::Heard;

/// `Date` has whole seconds, and the answer takes time: a smaller difference means nothing.
const AGREE_WITHIN_MS: i64 = 2_000;

/// Milliseconds by which PostHog's clock is ahead of ours, negative if behind; none if they agree or if unknown.
pub(super) fn server_ahead(heard: &Heard, arrivals: &[Arrival]) -> Option<i64> {
    // `Date` cuts off half a second on average.
    let by_date = date(heard).map(|date| date.ms() + 500 - heard.at.ms());
    let ahead_ms = match bracket(heard.at, arrivals) {
        // Prefer `Date` if the bracket allows it; otherwise the smallest difference in the bracket.
        Some((least, most)) => match by_date.filter(|ahead| (least - AGREE_WITHIN_MS..=most + AGREE_WITHIN_MS).contains(ahead)) {
            Some(ahead) => ahead,
            None => 0_i64.clamp(least, most.max(least)),
        },
        None => by_date.filter(|_| excerpt(heard, None).signs.software.is_none())?,
    };
    (ahead_ms.abs() > AGREE_WITHIN_MS).then_some(ahead_ms)
}

fn bracket(seen: Timestamp, arrivals: &[Arrival]) -> Option<(i64, i64)> {
    let of = |arrival: &Arrival| {
        let sent = slot(arrival.uuid)?;
        Some((arrival.ingested.ms() - seen.ms(), arrival.ingested.ms() - sent.ms()))
    };
    let all = arrivals.iter().filter_map(of);
    all.reduce(|(least, most), (other_least, other_most)| (least.max(other_least), most.min(other_most)))
        .filter(|(least, most)| least <= most)
}

fn slot(uuid: Uuid) -> Option<Timestamp> {
    let (seconds, nanos) = uuid.get_timestamp()?.to_unix();
    Some(Timestamp::from_ms(i64::try_from(seconds).ok()? * 1000 + i64::from(nanos / 1_000_000)))
}

#[cfg(test)]
mod tests {
    use http::header::{DATE, SERVER};
    use http::{HeaderMap, HeaderValue, StatusCode};

    use super::*;
    use crate::model::{Beat, ProjectToken};

    const NOW: Timestamp = Timestamp::from_ms(1_800_000_000_000);

    fn heard(date_ahead_s: Option<i64>, server: Option<&'static str>) -> Heard {
        let mut headers = HeaderMap::new();
        if let Some(ahead) = date_ahead_s {
            let at = jiff::Timestamp::from_millisecond(NOW.ms() + ahead * 1000).unwrap();
            let text = at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
            headers.insert(DATE, HeaderValue::from_str(&text).unwrap());
        }
        server.map(|server| headers.insert(SERVER, HeaderValue::from_static(server)));
        Heard { status: StatusCode::OK, headers, body: "{}".into(), encoded: None, whole: true, at: NOW }
    }

    /// Due 30 s ago by our clock, ingested `ingested` seconds later by PostHog's.
    fn arrival(ingested_after_s: i64) -> Arrival {
        let sent = NOW.minus(std::time::Duration::from_secs(30));
        let beat = Beat::alone(&ProjectToken::parse("phc_a").unwrap(), "x", sent);
        Arrival { uuid: beat.uuid, ingested: Timestamp::from_ms(sent.ms() + ingested_after_s * 1000), copies: 1 }
    }

    #[test]
    fn a_date_that_contradicts_what_was_seen_is_set_aside() {
        let nginx = Some("nginx/1.22.1");
        for (date, server, ingested, ahead) in [
            // Both clocks agree; the proxy's is ten minutes behind or ahead.
            (Some(0), None, 1, None),
            (Some(-600), nginx, 1, None),
            (Some(600), nginx, 1, None),
            // PostHog's clock is ahead and its `Date` says so; behind a proxy's `Date` only the certain part counts.
            (Some(1200), None, 1201, Some(1_200_500)),
            (Some(0), nginx, 1201, Some(1_171_000)),
            // Our clock is ahead of PostHog's.
            (Some(-3600), None, -3599, Some(-3_599_500)),
            (None, None, -3599, Some(-3_599_000)),
        ] {
            assert_eq!(server_ahead(&heard(date, server), &[arrival(ingested)]), ahead, "{date:?} {server:?} {ingested}");
        }
    }

    #[test]
    fn without_an_event_only_posthogs_own_date_counts() {
        assert_eq!(server_ahead(&heard(Some(600), None), &[]), Some(600_500));
        assert_eq!(server_ahead(&heard(Some(600), Some("Caddy")), &[]), None);
        assert_eq!(server_ahead(&heard(None, None), &[]), None);
    }
}
