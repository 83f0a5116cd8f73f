//! The retention loop: aggregates beats into hours, and hours into days, and deletes data past its retention. An hour is aggregated once no
//! read-back can change it, and again before its beats are deleted. A day is counted when its hours are aggregated. Until then an hour in which each
//! beat was seen is written as a seen hour. Each step is one transaction for one hour or day and a few hundred routes, and can be repeated.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::Clock;
use crate::liveness::FirstError;
use crate::model::{Hour, Minute, Outcome, Recorded, Retention, RouteDay, RouteId, SeenHour, Timestamp};
use crate::store::{RouteSpan, Store, StoreError};

/// The interval of rounds. An hour becomes due every hour; more rounds make up for a failed one soon.
pub const EVERY: Duration = Duration::from_mins(10);

const ROUTES: u32 = 256;

/// How long after `lost_after` a lost beat may still be found; until then its hour is not aggregated.
const LATE_ARRIVALS: Duration = Duration::from_hours(24);

/// How long after its end an hour is written as a seen hour: late read-backs of two nodes may still add copies.
const SEEN_AFTER: Duration = Duration::from_mins(10);
/// How long seen hours are stored: pages show 26 hours minute by minute.
const SEEN_FOR: Duration = Duration::from_hours(2 * 24);

/// A round deletes at most this much on this machine's clock alone: a clock that is far ahead would delete the whole history.
const AT_ONCE: Duration = Duration::from_hours(3 * 24);
/// How long the clock reading of a read-back is valid.
const CONFIRMED_FOR: Duration = Duration::from_hours(1);
/// Another clock that differs by no more than this confirms this one.
const SAME_TIME: Duration = Duration::from_hours(24);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RetentionRound {
    /// Hours aggregated while their beats stay, each for all routes.
    pub summed_up: u32,
    /// Hours aggregated with their beats deleted, each for all routes.
    pub aggregated: u32,
    pub dropped: u64,
}

/// `sign` is called after each round. A repeated error of the store is logged once, and the next round tries again.
pub async fn run(store: Arc<Store>, clock: Clock, retention: Retention, sign: impl Fn(Timestamp) + Send) -> Infallible {
    let (mut first_error, mut doubts) = (FirstError::default(), false);
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
                        "more than three days of beats would be deleted at once; nothing is deleted until PostHog's clock or the database's confirms the time of this machine"
                    );
                }
            }
            Ok(Some(finished)) => {
                doubts = false;
                if finished.aggregated > 0 || finished.dropped > 0 {
                    tracing::info!(
                        aggregated_hours = finished.aggregated,
                        dropped_rows = finished.dropped,
                        "old data was aggregated and deleted"
                    );
                }
                if finished.summed_up > 0 {
                    tracing::debug!(summed_up_hours = finished.summed_up, "final beats were aggregated");
                }
                first_error.end();
            }
            Err(error) => {
                first_error.log(&error, &format!("old beats cannot be aggregated; retried every {} minutes", EVERY.as_secs() / 60));
            }
        }
        sign(clock.now());
        clock.sleep(EVERY).await;
    }
}

/// One round: aggregates every due hour, oldest first, and deletes data past its retention. After an error the finished hours stay
/// aggregated.
pub async fn aggregate_due(store: &Store, now: Timestamp, retention: Retention) -> Result<RetentionRound, StoreError> {
    let settled_after = settled_after(store).await?;
    let beats_for = retention.beats.max(settled_after);
    let before = |age| now.minus(age).minute();
    let mut aggregated = 0;
    while let Some(oldest) = store.oldest_beat().await?.filter(|oldest| *oldest < Hour::starting(before(beats_for))) {
        over_all_routes(store, Hour::starting(oldest), Step::Drop).await?;
        aggregated += 1;
    }
    let summed_up = sum_up(store, Hour::starting(before(settled_after))).await?;
    write_seen(store, Hour::starting(before(SEEN_AFTER)), Hour::starting(before(SEEN_FOR))).await?;
    count_days(store, RouteDay::starting(before(settled_after))).await?;
    let mut dropped = store.drop_old(before(retention.hours), before(retention.evidence)).await?;
    // Samples are deleted together with their beats, because rules need both.
    dropped += store.drop_old_incidents(before(beats_for), now.minus(retention.hours)).await?;
    Ok(RetentionRound { summed_up, aggregated, dropped })
}

async fn settled_after(store: &Store) -> Result<Duration, StoreError> {
    Ok(store.longest_wait().await? + LATE_ARRIVALS)
}

/// Whether data may be deleted at `now`: a large amount needs another clock that confirms this one.
pub async fn may_drop(store: &Store, now: Timestamp, retention: Retention) -> Result<bool, StoreError> {
    let past_keeping = now.minus(retention.beats.max(settled_after(store).await?)).minute();
    let is_little = store.oldest_beat().await?.is_none_or(|oldest| past_keeping.start() <= oldest.start().plus(AT_ONCE));
    Ok(is_little || is_confirmed(store, now).await?)
}

/// Whether another clock (PostHog's or the database server's) shows about the same time.
async fn is_confirmed(store: &Store, now: Timestamp) -> Result<bool, StoreError> {
    let is_same = |ahead: u64| u128::from(ahead) <= SAME_TIME.as_millis();
    if let Some(server) = store.server_time().await? {
        return Ok(is_same(server.ms().abs_diff(now.ms())));
    }
    let readbacks = store.readbacks().await?;
    let mut lately = readbacks.iter().filter(|readback| readback.at <= now && now.since(readback.at) <= CONFIRMED_FOR);
    Ok(lately.any(|readback| readback.findings.server_ahead_ms.is_some_and(|ahead| is_same(ahead.unsigned_abs()))))
}

/// Aggregates each hour that starts before `due_before` and is not aggregated. Returns the number of hours with beats.
async fn sum_up(store: &Store, due_before: Minute) -> Result<u32, StoreError> {
    let aggregated_to = store.summed_up().await?;
    // A clock that was ahead may have aggregated hours that had not ended: they are aggregated again.
    let mut from = aggregated_to.unwrap_or(Minute::from_index(i64::MIN)).min(due_before);
    let mut hours = 0;
    while let Some(start) = store.next_beat(from).await?.map(Hour::starting).filter(|start| *start < due_before) {
        over_all_routes(store, start, Step::Aggregate).await?;
        from = start.plus(60);
        store.sum_up(&[], Some(from)).await?;
        hours += 1;
    }
    if store.summed_up().await? != Some(due_before) {
        store.sum_up(&[], Some(due_before)).await?;
    }
    Ok(hours)
}

/// Writes the seen hours before `due_before`, once: an hour of which a beat is missing then is left to [`sum_up`].
async fn write_seen(store: &Store, due_before: Minute, from: Minute) -> Result<(), StoreError> {
    let seen_to = store.aggregated().await?.seen_hours_to;
    let mut next = seen_to.unwrap_or(from).max(from).min(due_before);
    while let Some(start) = store.next_beat(next).await?.map(Hour::starting).filter(|start| *start < due_before) {
        over_all_routes(store, start, Step::Look).await?;
        next = start.plus(60);
        store.set_seen_hours_to(next, from).await?;
    }
    if seen_to.is_none_or(|to| to != due_before) {
        store.set_seen_hours_to(due_before, from).await?;
    }
    Ok(())
}

/// Counts each day before `due_before` that is not counted.
async fn count_days(store: &Store, due_before: Minute) -> Result<(), StoreError> {
    let counted_to = store.aggregated().await?.days_to;
    let mut from = counted_to.min(due_before);
    while let Some(start) = store.next_hour(from).await?.map(RouteDay::starting).filter(|start| *start < due_before) {
        let mut batches = Batches::default();
        while let Some((routes, _)) = batches.next(store).await? {
            store.count_day(&routes, start).await?;
        }
        from = start.plus(RouteDay::LENGTH);
        store.set_days_to(from).await?;
    }
    if from < due_before {
        store.set_days_to(due_before).await?;
    }
    Ok(())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Writes seen hours.
    Look,
    /// Writes hours.
    Aggregate,
    /// Writes hours, and deletes their beats.
    Drop,
}

/// Takes one hour, some routes at a time.
async fn over_all_routes(store: &Store, start: Minute, step: Step) -> Result<(), StoreError> {
    let mut batches = Batches::default();
    while let Some((routes, span)) = batches.next(store).await? {
        match step {
            Step::Look => store.write_seen_hours(&seen_hours_of(store, &routes, start).await?).await?,
            Step::Aggregate => {
                // Most hours are seen hours: their beats need not be read again.
                let seen = store.seen_hours(&routes, start, start.plus(60)).await?;
                let others: Vec<RouteId> = routes.into_iter().filter(|route| seen.iter().all(|hour| hour.route != *route)).collect();
                let mut hours = hours_of(store, &others, start).await?;
                hours.extend(seen.iter().map(SeenHour::hour));
                store.sum_up(&hours, None).await?;
            }
            Step::Drop => store.fold(start, span, &hours_of(store, &routes, start).await?).await?,
        }
    }
    Ok(())
}

/// All routes, some at a time. The last span covers all higher ids, so that beats of removed routes are deleted too.
#[derive(Default)]
struct Batches {
    after: Option<RouteId>,
    is_over: bool,
}

impl Batches {
    async fn next(&mut self, store: &Store) -> Result<Option<(Vec<RouteId>, RouteSpan)>, StoreError> {
        if self.is_over {
            return Ok(None);
        }
        let routes = store.routes_after(self.after, ROUTES).await?;
        let span = RouteSpan { after: self.after, to: routes.last().copied().filter(|_| routes.len() == ROUTES as usize) };
        (self.after, self.is_over) = (span.to, span.to.is_none());
        Ok(Some((routes, span)))
    }
}

async fn seen_hours_of(store: &Store, routes: &[RouteId], start: Minute) -> Result<Vec<SeenHour>, StoreError> {
    let beats = beats_by_route(store, routes, start).await?;
    Ok(beats.chunk_by(|one, other| one.route == other.route).filter_map(SeenHour::of).collect())
}

/// The hours of the routes that have beats, as far as they are not stored like this, merged with what was aggregated before: a beat that is
/// recorded after its hour was aggregated must not replace the others. An existing hour with nothing beyond the beats was aggregated from them.
async fn hours_of(store: &Store, routes: &[RouteId], start: Minute) -> Result<Vec<Hour>, StoreError> {
    let beats = beats_by_route(store, routes, start).await?;
    let earlier = store.hours(routes, start, start.plus(60)).await?;
    let earlier = |hour: &Hour| earlier.iter().find(|earlier| earlier.route == hour.route);
    let fold = |beats: &[Recorded]| {
        let mut hour = Hour::fold(beats[0].route, start, beats);
        if let Some(earlier) = earlier(&hour).filter(|earlier| says_more(earlier, beats)) {
            add(&mut hour, earlier);
        }
        hour
    };
    let mut hours: Vec<Hour> = beats.chunk_by(|one, other| one.route == other.route).map(fold).collect();
    hours.retain(|hour| earlier(hour) != Some(hour));
    Ok(hours)
}

async fn beats_by_route(store: &Store, routes: &[RouteId], start: Minute) -> Result<Vec<Recorded>, StoreError> {
    let mut beats = store.beats(routes, start, start.plus(60)).await?;
    beats.sort_unstable_by_key(|beat: &Recorded| beat.route);
    Ok(beats)
}

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
