//! Who watches the loops and the store: somebody is told when one of them gives no sign of life any more.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::Clock;
use crate::liveness::{Liveness, LogThrottle, Loop};
use crate::store::Store;

/// How often the signs of life are looked at.
const WATCH_EVERY: Duration = Duration::from_mins(1);
/// A loop that is further behind than this has a trouble that somebody should know of. Keeping takes ten minutes a round.
const BEHIND: Duration = Duration::from_mins(25);

/// Says once when a loop gives no sign of life any more, and when it does again. It ends nothing: a store that is away for
/// an hour must not cost the beats of that hour.
pub(super) async fn watch(clock: Clock, liveness: Liveness) -> Infallible {
    let mut silent: Vec<Loop> = Vec::new();
    loop {
        clock.sleep(WATCH_EVERY).await;
        for of in Loop::ALL {
            let behind = liveness.behind_ms(of).is_some_and(|behind| behind > BEHIND.as_millis() as i64);
            match (behind, silent.iter().position(|known| *known == of)) {
                (true, None) => {
                    silent.push(of);
                    tracing::error!("the loop {} has finished nothing for {} minutes", of.name(), BEHIND.as_secs() / 60);
                }
                (false, Some(at)) => {
                    silent.remove(at);
                    tracing::info!("the loop {} goes on", of.name());
                }
                _ => {}
            }
        }
    }
}

/// How often the store is asked, and how long it may take to answer, in real time: whether the clock is fast or stands, a store is as it is.
const ASK_EVERY: Duration = Duration::from_secs(3);
const ANSWERS_WITHIN: Duration = Duration::from_secs(5);
/// A store fails once it does so many times in a row: one long lock is no failure. All of it lies within half a minute.
const TIMES: u32 = 2;

/// Asks the store whether it can be written to, and says when it cannot: at once, every few minutes while that lasts, and when it is over.
pub(super) async fn watch_store(store: Arc<Store>, liveness: Liveness) -> Infallible {
    let (real, mut failures, mut log_throttle) = (Clock::system(), 0, LogThrottle::new());
    loop {
        let failure = match Clock::real_timeout(ANSWERS_WITHIN, store.check()).await {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error.to_string()),
            Err(_) => Some(format!("it does not answer within {} s", ANSWERS_WITHIN.as_secs())),
        };
        if let Some(why) = failure {
            failures += 1;
            if failures >= TIMES {
                liveness.say_of_store(true);
                if log_throttle.is_due() {
                    tracing::error!("the store fails: {why}; beats are sent, and recorded when it works again");
                }
            }
        } else {
            if liveness.store_fails() {
                tracing::info!("the store works again");
                log_throttle = LogThrottle::new();
            }
            liveness.say_of_store(false);
            failures = 0;
        }
        real.sleep(ASK_EVERY).await;
    }
}
