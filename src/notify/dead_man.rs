//! Who watches the watcher: a ping to a service outside, each minute, only while pulse, verify and notify all make progress and the store can be written to. When it stays
//! away, that service raises the alarm.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use super::{Ping, PingState, Sender};
use crate::clock::Clock;
use crate::liveness::{Liveness, Loop};
use crate::model::Delivery;

/// How often a ping is sent.
const EVERY: Duration = Duration::from_mins(1);
/// A loop that has finished nothing for longer than this makes no progress: a read-back may take a minute by itself.
const BEHIND: Duration = Duration::from_mins(5);
/// The loops without which nobody would be told.
const LOOPS: [Loop; 3] = [Loop::Pulse, Loop::Verify, Loop::Notify];

/// Pings, for as long as it is polled.
pub async fn watch_over(ping: Ping, sender: Arc<Sender>, clock: Clock, liveness: Liveness) -> Infallible {
    let mut fails = false;
    tell(&ping, &sender, PingState::Start, &mut fails).await;
    loop {
        if liveness.store_fails() {
            clock.sleep(EVERY).await;
        } else {
            // A store that begins to fail is told at once.
            tokio::select! {
                () = clock.sleep(EVERY) => {}
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
        tell(&ping, &sender, state, &mut fails).await;
    }
}

fn progresses(liveness: &Liveness, of: Loop) -> bool {
    liveness.behind_ms(of).is_some_and(|behind| behind <= BEHIND.as_millis() as i64)
}

async fn tell(ping: &Ping, sender: &Sender, state: PingState, fails: &mut bool) {
    match ping.send(sender, state).await {
        Delivery::Accepted(_) => {
            if std::mem::take(fails) {
                tracing::info!("the dead-man ping is taken again");
            }
        }
        Delivery::TryAgain { words, .. } | Delivery::Partly { words } | Delivery::Rejected { words } | Delivery::Unfit { words } => {
            if !std::mem::replace(fails, true) {
                tracing::warn!("the dead-man ping is not taken: {words}");
            }
        }
    }
}
