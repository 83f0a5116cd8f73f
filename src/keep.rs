//! The keeping loop: folds hours of beats that are settled and old, and drops what is past keeping: hours, evidence, looks, incidents.
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

/// So many routes are folded in one step.
const ROUTES: u32 = 256;

/// For how long after `lost_after` a beat that was called lost may still be found, and is therefore not folded.
const LATE_ARRIVALS: Duration = Duration::from_hours(24);

/// What one round did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Kept {
    /// Hours of the day that were folded, each for all routes.
    pub folded: u32,
    /// Rows that were past keeping: hours, evidence, looks, incidents with what belongs to them.
    pub dropped: u64,
}

/// Keeps, for as long as it is polled. `sign` is called after each round. A store that fails is told of once, and asked again in the
/// next round.
pub async fn run(store: Arc<dyn Store>, clock: Clock, retention: Retention, sign: impl Fn(Timestamp) + Send) -> Infallible {
    let mut failing = false;
    loop {
        match fold_due(&*store, clock.now(), retention).await {
            Ok(kept) => {
                if kept != Kept::default() {
                    tracing::info!(folded_hours = kept.folded, dropped_rows = kept.dropped, "old beats were folded");
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

/// One round: folds every hour that is due at `now`, oldest first, and drops what is past keeping.
///
/// # Errors
/// The store's. What was folded before it stays folded.
pub async fn fold_due(store: &dyn Store, now: Timestamp, retention: Retention) -> Result<Kept, StoreError> {
    let beats_for = retention.beats.max(store.longest_wait().await? + LATE_ARRIVALS);
    let due_before = Hour::starting(now.minus(beats_for).minute());
    let mut folded = 0;
    while let Some(oldest) = store.oldest_beat().await?.filter(|oldest| *oldest < due_before) {
        fold_hour(store, Hour::starting(oldest)).await?;
        folded += 1;
    }
    let before = |age| now.minus(age).minute();
    let mut dropped = store.drop_old(before(retention.hours), before(retention.evidence)).await?;
    // Looks go with their beats, and no sooner: rules look back at both.
    dropped += store.drop_old_incidents(before(beats_for), now.minus(retention.hours)).await?;
    Ok(Kept { folded, dropped })
}

/// Folds one hour, some routes at a time. The last step takes all routes from there on: beats of routes that are gone go with it.
async fn fold_hour(store: &dyn Store, start: Minute) -> Result<(), StoreError> {
    let mut after = None;
    loop {
        let routes = store.routes_after(after, ROUTES).await?;
        let to = routes.last().copied().filter(|_| routes.len() == ROUTES as usize);
        let hours = hours_of(store, &routes, start).await?;
        store.fold(start, RouteSpan { after, to }, &hours).await?;
        if to.is_none() {
            return Ok(());
        }
        after = to;
    }
}

/// The hours of those routes that have beats, each with what was folded of it before: a beat that was recorded after its hour had been
/// folded must not push the others out.
async fn hours_of(store: &dyn Store, routes: &[RouteId], start: Minute) -> Result<Vec<Hour>, StoreError> {
    let end = start.plus(60);
    let mut beats = store.beats(routes, start, end).await?;
    beats.sort_unstable_by_key(|beat: &Recorded| beat.route);
    let earlier = store.hours(routes, start, end).await?;
    let fold = |beats: &[Recorded]| {
        let mut hour = Hour::fold(beats[0].route, start, beats);
        if let Some(earlier) = earlier.iter().find(|earlier| earlier.route == hour.route) {
            add(&mut hour, earlier);
        }
        hour
    };
    Ok(beats.chunk_by(|one, other| one.route == other.route).map(fold).collect())
}

fn add(hour: &mut Hour, earlier: &Hour) {
    for (outcome, was) in hour.outcomes.iter_mut().zip(earlier.outcomes) {
        if *outcome == Outcome::Unsent {
            *outcome = was;
        }
    }
    hour.lags.merge(&earlier.lags);
    hour.duplicates += earlier.duplicates;
}
