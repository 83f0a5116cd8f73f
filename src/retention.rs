//! The keeping loop: sums up hours of beats that are settled, folds them when they are old, and drops what is past keeping: hours, evidence,
//! looks, incidents.
//!
//! An hour is summed up once no read-back can change its beats any more; they stay beside it, and what is shown of a quarter of a year is read from two
//! thousand rows. It is folded when they are past keeping: summed up again, and its beats dropped. Either way it is worked out from the beats
//! that are there, so that doing it twice is doing it once.
//!
//! It takes a store and says how long things are kept; it goes hour by hour and a few hundred routes at a time, so that its memory does
//! not grow with the history. Each step is one transaction, and the next one is found from what is in the store: it can be stopped
//! between any two and goes on from there.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::Clock;
use crate::model::{Hour, Minute, Outcome, Recorded, Retention, RouteId, Timestamp};
use crate::store::{RouteSpan, Store, StoreError};

/// From one round to the next. An hour falls due once in an hour; rounds are closer, so that a failure is made good soon.
pub const EVERY: Duration = Duration::from_mins(10);

/// So many routes are summed up in one step.
const ROUTES: u32 = 256;

/// For how long after `lost_after` a beat that was called lost may still be found, and its hour is therefore not summed up.
const LATE_ARRIVALS: Duration = Duration::from_hours(24);

/// No round drops more than so many days at once on the word of this machine's clock alone: one that is far ahead would take the whole history.
const AT_ONCE: Duration = Duration::from_hours(3 * 24);
/// For so long what a read-back said of the clock counts.
const CONFIRMED_FOR: Duration = Duration::from_hours(1);
/// Another clock that says the same time to so much confirms this one.
const SAME_TIME: Duration = Duration::from_hours(24);

/// What one round did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RetentionRound {
    /// Hours of the day that were summed up while their beats stay, each for all routes.
    pub summed_up: u32,
    /// Hours of the day that were folded, their beats dropped, each for all routes.
    pub aggregated: u32,
    /// Rows that were past keeping: hours, evidence, looks, incidents with what belongs to them.
    pub dropped: u64,
}

/// Keeps, for as long as it is polled. `sign` is called after each round. A store that fails is told of once, and asked again in the
/// next round.
pub async fn run(store: Arc<Store>, clock: Clock, retention: Retention, sign: impl Fn(Timestamp) + Send) -> Infallible {
    let (mut failing, mut doubts) = (false, false);
    loop {
        let now = clock.now();
        let round = async {
            if may_drop(&store, now, retention).await? { aggregate_due(&store, now, retention).await.map(Some) } else { Ok(None) }
        };
        match round.await {
            Ok(None) => {
                if !std::mem::replace(&mut doubts, true) {
                    tracing::warn!(
                        %now,
                        "over three days of beats would be dropped at once: nothing is, until PostHog's clock, or the database's, says about the same time"
                    );
                }
            }
            Ok(Some(kept)) => {
                doubts = false;
                if kept.aggregated > 0 || kept.dropped > 0 {
                    tracing::info!(aggregated_hours = kept.aggregated, dropped_rows = kept.dropped, "old beats were folded");
                }
                if kept.summed_up > 0 {
                    tracing::debug!(summed_up_hours = kept.summed_up, "beats that can change no more were summed up");
                }
                failing = false;
            }
            Err(error) if !failing => {
                tracing::error!(%error, "old beats could not be folded; trying again every {} minutes", EVERY.as_secs() / 60);
                failing = true;
            }
            Err(_) => {}
        }
        sign(clock.now());
        clock.sleep(EVERY).await;
    }
}

/// One round: folds and sums up every hour that is due at `now`, oldest first, and drops what is past keeping.
///
/// # Errors
/// The store's. What was folded before it stays folded.
pub async fn aggregate_due(store: &Store, now: Timestamp, retention: Retention) -> Result<RetentionRound, StoreError> {
    let settled_after = settled_after(store).await?;
    let beats_for = retention.beats.max(settled_after);
    let before = |age| now.minus(age).minute();
    let mut aggregated = 0;
    while let Some(oldest) = store.oldest_beat().await?.filter(|oldest| *oldest < Hour::starting(before(beats_for))) {
        over_all_routes(store, Hour::starting(oldest), Beats::Drop).await?;
        aggregated += 1;
    }
    let summed_up = sum_up(store, Hour::starting(before(settled_after))).await?;
    let mut dropped = store.drop_old(before(retention.hours), before(retention.evidence)).await?;
    // Read-backs go with their beats, and no sooner: rules look back at both.
    dropped += store.drop_old_incidents(before(beats_for), now.minus(retention.hours)).await?;
    Ok(RetentionRound { summed_up, aggregated, dropped })
}

/// How old a beat is when no read-back can change it any more.
async fn settled_after(store: &Store) -> Result<Duration, StoreError> {
    Ok(store.longest_wait().await? + LATE_ARRIVALS)
}

/// Whether the history may be shortened as of `now`: also where much would go at once, if another clock confirms this one.
///
/// # Errors
/// The store's.
pub async fn may_drop(store: &Store, now: Timestamp, retention: Retention) -> Result<bool, StoreError> {
    let past_keeping = now.minus(retention.beats.max(settled_after(store).await?)).minute();
    let is_little = store.oldest_beat().await?.is_none_or(|oldest| past_keeping.start() <= oldest.start().plus(AT_ONCE));
    Ok(is_little || is_confirmed(store, now).await?)
}

/// Whether another clock, PostHog's or that of the database's server, says about the same time.
async fn is_confirmed(store: &Store, now: Timestamp) -> Result<bool, StoreError> {
    let is_same = |ahead: u64| u128::from(ahead) <= SAME_TIME.as_millis();
    if let Some(server) = store.server_time().await? {
        return Ok(is_same(server.ms().abs_diff(now.ms())));
    }
    let readbacks = store.readbacks().await?;
    let mut lately = readbacks.iter().filter(|readback| readback.at <= now && now.since(readback.at) <= CONFIRMED_FOR);
    Ok(lately.any(|readback| readback.findings.server_ahead_ms.is_some_and(|ahead| is_same(ahead.unsigned_abs()))))
}

/// Sums up each hour that starts before `due_before` and was not summed up so far; says how many had beats.
async fn sum_up(store: &Store, due_before: Minute) -> Result<u32, StoreError> {
    let known = store.summed_up().await?;
    // A clock that had jumped ahead may have summed up hours that were not over: then they are summed up anew when they are.
    let mut from = known.unwrap_or(Minute::from_index(i64::MIN)).min(due_before);
    let mut hours = 0;
    while let Some(start) = store.next_beat(from).await?.map(Hour::starting).filter(|start| *start < due_before) {
        over_all_routes(store, start, Beats::Keep).await?;
        from = start.plus(60);
        store.sum_up(&[], Some(from)).await?;
        hours += 1;
    }
    if store.summed_up().await? != Some(due_before) {
        store.sum_up(&[], Some(due_before)).await?;
    }
    Ok(hours)
}

/// What becomes of an hour's beats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Beats {
    Keep,
    Drop,
}

/// Sums up one hour, some routes at a time. The last step takes all routes from there on: where beats are dropped, those of routes that are
/// gone go with it.
async fn over_all_routes(store: &Store, start: Minute, then: Beats) -> Result<(), StoreError> {
    let mut after = None;
    loop {
        let routes = store.routes_after(after, ROUTES).await?;
        let to = routes.last().copied().filter(|_| routes.len() == ROUTES as usize);
        let hours = hours_of(store, &routes, start).await?;
        match then {
            Beats::Keep => store.sum_up(&hours, None).await?,
            Beats::Drop => store.fold(start, RouteSpan { after, to }, &hours).await?,
        }
        if to.is_none() {
            return Ok(());
        }
        after = to;
    }
}

/// The hours of those routes that have beats, each with what was folded of it before: a beat that was recorded after its hour had been
/// folded must not push the others out. An hour that is there, and says nothing that the beats do not say, was summed up from them.
async fn hours_of(store: &Store, routes: &[RouteId], start: Minute) -> Result<Vec<Hour>, StoreError> {
    let end = start.plus(60);
    let mut beats = store.beats(routes, start, end).await?;
    beats.sort_unstable_by_key(|beat: &Recorded| beat.route);
    let earlier = store.hours(routes, start, end).await?;
    let fold = |beats: &[Recorded]| {
        let mut hour = Hour::fold(beats[0].route, start, beats);
        if let Some(earlier) = earlier.iter().find(|earlier| earlier.route == hour.route && says_more(earlier, beats)) {
            add(&mut hour, earlier);
        }
        hour
    };
    Ok(beats.chunk_by(|one, other| one.route == other.route).map(fold).collect())
}

/// Whether an hour tells of a minute that has no beat any more.
fn says_more(hour: &Hour, beats: &[Recorded]) -> bool {
    let mut has_beat = [false; 60];
    for beat in beats {
        if let Some(place) = usize::try_from(beat.minute.index() - hour.start.index()).ok().and_then(|place| has_beat.get_mut(place)) {
            *place = true;
        }
    }
    hour.outcomes.iter().zip(has_beat).any(|(outcome, has_beat)| *outcome != Outcome::NotSent && !has_beat)
}

fn add(hour: &mut Hour, earlier: &Hour) {
    for (outcome, was) in hour.outcomes.iter_mut().zip(earlier.outcomes) {
        if *outcome == Outcome::NotSent {
            *outcome = was;
        }
    }
    hour.lags.merge(&earlier.lags);
    hour.duplicates += earlier.duplicates;
}
