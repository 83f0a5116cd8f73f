//! Sends the dead-man ping each minute, but only while pulse, verify and notify make progress and the store is writable. Without the ping,
//! the external service raises an alert.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use super::{Ping, PingState, Sender};
use crate::clock::Clock;
use crate::liveness::{Liveness, Loop};
use crate::model::Delivery;

const EVERY: Duration = Duration::from_mins(1);
const BEHIND: Duration = Duration::from_mins(5);
const LOOPS: [Loop; 3] = [Loop::Pulse, Loop::Verify, Loop::Notify];

/// Runs for as long as it is polled.
pub async fn watch_over(ping: Ping, sender: Arc<Sender>, clock: Clock, liveness: Liveness) -> Infallible {
    let mut fails = false;
    report(&ping, &sender, PingState::Start, &mut fails).await;
    loop {
        if liveness.store_fails() {
            clock.rest(EVERY).await;
        } else {
            tokio::select! {
                () = clock.rest(EVERY) => {}
                () = liveness.store_failed() => {}
            }
        }
        let stuck: Vec<&str> = LOOPS.into_iter().filter(|of| !progresses(&liveness, *of)).map(Loop::name).collect();
        let why = match (liveness.store_fails(), stuck.is_empty()) {
            (true, _) => Some("the store fails".to_owned()),
            (false, false) => Some(format!("{} made no progress for {} minutes", stuck.join(" and "), BEHIND.as_secs() / 60)),
            (false, true) => None,
        };
        if let Some(why) = &why {
            tracing::error!("no dead-man ping: {why}");
        }
        let state = if why.is_none() { PingState::Alive } else { PingState::Fail };
        report(&ping, &sender, state, &mut fails).await;
    }
}

fn progresses(liveness: &Liveness, of: Loop) -> bool {
    liveness.behind_ms(of).is_some_and(|behind| behind <= BEHIND.as_millis() as i64)
}

async fn report(ping: &Ping, sender: &Sender, state: PingState, fails: &mut bool) {
    match ping.send(sender, state).await {
        Delivery::Accepted(_) => {
            if std::mem::take(fails) {
                tracing::info!("the dead-man ping is accepted again");
            }
        }
        Delivery::TryAgain { words, .. } | Delivery::Partly { words } | Delivery::Rejected { words } | Delivery::Unfit { words } => {
            if !std::mem::replace(fails, true) {
                tracing::warn!("the dead-man ping is not accepted: {words}");
            }
        }
    }
}
