//! Who watches the watcher: a ping to a service outside, each minute, only while pulse, verify and notify all make progress. When it stays
//! away, that service raises the alarm.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use super::{Ping, PingState, Sender};
use crate::clock::Clock;
use crate::model::Delivery;
use crate::vitals::{Loop, Vitals};

/// How often a ping is sent.
const EVERY: Duration = Duration::from_mins(1);
/// A loop that has finished nothing for longer than this makes no progress: a look may take a minute by itself.
const BEHIND: Duration = Duration::from_mins(5);
/// The loops without which nobody would be told.
const LOOPS: [Loop; 3] = [Loop::Pulse, Loop::Verify, Loop::Notify];

/// Pings, for as long as it is polled.
pub async fn watch_over(ping: Ping, sender: Arc<Sender>, clock: Clock, vitals: Vitals) -> Infallible {
    let mut fails = false;
    tell(&ping, &sender, PingState::Start, &mut fails).await;
    loop {
        clock.sleep(EVERY).await;
        let stuck: Vec<&str> = LOOPS.into_iter().filter(|of| !progresses(&vitals, *of)).map(Loop::name).collect();
        let state = if stuck.is_empty() { PingState::Alive } else { PingState::Fail };
        if !stuck.is_empty() {
            tracing::error!("no dead-man ping: {} made no progress for {} minutes", stuck.join(" and "), BEHIND.as_secs() / 60);
        }
        tell(&ping, &sender, state, &mut fails).await;
    }
}

fn progresses(vitals: &Vitals, of: Loop) -> bool {
    vitals.behind_ms(of).is_some_and(|behind| behind <= BEHIND.as_millis() as i64)
}

async fn tell(ping: &Ping, sender: &Sender, state: PingState, fails: &mut bool) {
    match ping.send(sender, state).await {
        Delivery::Taken(_) => {
            if std::mem::take(fails) {
                tracing::info!("the dead-man ping is taken again");
            }
        }
        Delivery::TryAgain { words, .. } | Delivery::Partly { words } | Delivery::Refused { words } | Delivery::Unfit { words } => {
            if !std::mem::replace(fails, true) {
                tracing::warn!("the dead-man ping is not taken: {words}");
            }
        }
    }
}
