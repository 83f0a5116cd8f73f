//! Logs when a loop makes no progress, or when the store fails; wakes the loops when the store changed.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use super::announce::Announcement;
use super::file::DatabaseFile;
use crate::clock::Clock;
use crate::liveness::{Liveness, LogThrottle, Loop};
use crate::store::Store;

const WATCH_EVERY: Duration = Duration::from_mins(1);
/// Longer than a round of retention, which takes ten minutes.
const BEHIND: Duration = Duration::from_mins(25);

/// Logs once when a loop makes no progress, and when it does again. It stops nothing: a store that fails for
/// an hour must not cost the beats of that hour.
pub(super) async fn watch(clock: Clock, liveness: Liveness) -> Infallible {
    let mut silent: Vec<Loop> = Vec::new();
    loop {
        clock.rest(WATCH_EVERY).await;
        for of in Loop::ALL {
            let behind = liveness.behind_ms(of).is_some_and(|behind| behind > BEHIND.as_millis() as i64);
            match (behind, silent.iter().position(|loop_of| *loop_of == of)) {
                (true, None) => {
                    silent.push(of);
                    tracing::error!("the loop {} made no progress for {} minutes", of.name(), BEHIND.as_secs() / 60);
                }
                (false, Some(at)) => {
                    silent.remove(at);
                    tracing::info!("the loop {} makes progress again", of.name());
                }
                _ => {}
            }
        }
    }
}

/// In real time, also with a fast clock.
const ASK_EVERY: Duration = Duration::from_secs(15);
/// After a failure.
const ASK_AGAIN_AFTER: Duration = Duration::from_secs(3);
const ANSWERS_WITHIN: Duration = Duration::from_secs(5);
/// Failures in a row: one long lock is not a failure. Detected within 30 seconds.
const TIMES: u32 = 2;

/// Checks whether the store is writable, and logs failures at once, repeatedly while they last, and at the end.
/// Renews the address of the page, which shows as well that the store is writable. Ends with what happened to the file if that is gone.
pub(super) async fn watch_store(
    store: Arc<Store>,
    liveness: Liveness,
    file: Option<DatabaseFile>,
    mut page: Option<Announcement>,
) -> String {
    let (real, mut failures, mut log_throttle) = (Clock::system(), 0, LogThrottle::new());
    loop {
        if let Some(gone) = file.as_ref().and_then(DatabaseFile::gone) {
            return gone;
        }
        let answer = async {
            match page.as_mut().filter(|page| page.is_due()) {
                Some(page) => page.renew(&store).await,
                None => store.check().await,
            }
        };
        let failure = match Clock::real_timeout(ANSWERS_WITHIN, answer).await {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error.to_string()),
            Err(_) => Some(format!("it does not answer within {} s", ANSWERS_WITHIN.as_secs())),
        };
        if let Some(why) = failure {
            failures += 1;
            if failures >= TIMES {
                liveness.say_of_store(true);
                if log_throttle.is_due() {
                    tracing::error!("the store fails: {why}; beats are sent and recorded when it works again");
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
        real.rest(if failures > 0 { ASK_AGAIN_AFTER } else { ASK_EVERY }).await;
    }
}

/// How often the database is asked if nothing reports its changes. In real time, as the others below.
const ASK_FOR_CHANGES_EVERY: Duration = Duration::from_secs(1);
/// How often it is asked although no change was reported.
const ASK_ANYWAY_EVERY: Duration = Duration::from_mins(1);
/// After a reported commit: it is complete a moment after it is reported, and a busy service commits hundreds of times a second.
const PAUSE: Duration = Duration::from_millis(250);

/// Lets loops sleep until settings or the outbox change. Until something is committed to SQLite, this does not wake the process.
pub(super) async fn watch_changes(store: Arc<Store>) -> Infallible {
    let (real, mut log) = (Clock::system(), None);
    loop {
        log = log.or_else(|| store.commit_log());
        // A failing store is reported elsewhere.
        let is_known = matches!(Clock::real_timeout(ANSWERS_WITHIN, store.notice_changes()).await, Ok(Ok(())));
        store.set_watched(is_known);
        let Some(commits) = log.as_ref().filter(|_| is_known) else {
            real.rest(ASK_FOR_CHANGES_EVERY).await;
            continue;
        };
        match Clock::real_timeout(ASK_ANYWAY_EVERY, commits.changed()).await {
            Ok(Ok(())) => {
                real.rest(PAUSE).await;
                // What was reported meanwhile is covered by the question that follows.
                commits.clear();
            }
            // A log that was replaced reports nothing any more.
            Ok(Err(_)) | Err(_) => log = None,
        }
    }
}
