//! Who watches the loops: somebody is told when one of them gives no sign of life any more.

use std::convert::Infallible;
use std::time::Duration;

use crate::clock::Clock;
use crate::vitals::{Loop, Vitals};

/// How often the signs of life are looked at.
const WATCH_EVERY: Duration = Duration::from_mins(1);
/// A loop that is further behind than this has a trouble that somebody should know of. Keeping takes ten minutes a round.
const BEHIND: Duration = Duration::from_mins(25);

/// Says once when a loop gives no sign of life any more, and when it does again. It ends nothing: a store that is away for
/// an hour must not cost the beats of that hour.
pub(super) async fn watch(clock: Clock, vitals: Vitals) -> Infallible {
    let mut silent: Vec<Loop> = Vec::new();
    loop {
        clock.sleep(WATCH_EVERY).await;
        for of in Loop::ALL {
            let behind = vitals.behind_ms(of).is_some_and(|behind| behind > BEHIND.as_millis() as i64);
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
