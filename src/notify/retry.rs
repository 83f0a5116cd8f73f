//! When a notification is tried again: a list of waits with jitter, so that notifications that failed together are not retried
//! together.

use std::time::Duration;

use crate::model::{Notification, NotificationState, Timestamp};

const fn minutes(count: u64) -> Duration {
    Duration::from_secs(60 * count)
}

/// Waits between tries: over a day in total.
const WAITS: [Duration; 14] = [
    Duration::from_secs(5),
    Duration::from_secs(15),
    Duration::from_secs(30),
    minutes(1),
    minutes(2),
    minutes(5),
    minutes(10),
    minutes(20),
    minutes(30),
    minutes(60),
    minutes(120),
    minutes(240),
    minutes(360),
    minutes(720),
];
/// Upper bound for `Retry-After`, so that a wrong header cannot delay a resolved notification.
const LONGEST_WISH: Duration = minutes(60);

/// The notification after a try that failed at `now`: queued again, or failed after the last try.
pub(super) fn failed(notification: Notification, words: &str, wish: Option<Duration>, now: Timestamp) -> Notification {
    let tried = Notification { tries: notification.tries.saturating_add(1), said: Some(words.to_owned()), ..notification };
    match WAITS.get(usize::from(tried.tries) - 1) {
        Some(wait) => Notification { due: now.plus(jittered(*wait, &tried).max(wish.unwrap_or_default().min(LONGEST_WISH))), ..tried },
        None => Notification { state: NotificationState::Failed, ended: Some(now), ..tried },
    }
}

/// Up to 10 % more or less, deterministic per notification and try.
fn jittered(wait: Duration, notification: &Notification) -> Duration {
    let bytes = notification.id.as_bytes();
    let part = bytes[usize::from(notification.tries) % bytes.len()];
    wait.mul_f64(0.9 + 0.2 * f64::from(part) / f64::from(u8::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message;
    use crate::model::{ChannelId, NotificationKind, ProjectName};

    const NOW: Timestamp = Timestamp::from_ms(1_800_000_000_000);

    fn queued() -> Notification {
        let message = message::sample(NotificationKind::Opened, &ProjectName::parse("shop").unwrap(), NOW);
        Notification::queued(ChannelId(1), None, "x", 0, message)
    }

    #[test]
    fn a_notice_is_tried_for_over_a_day_and_then_kept_as_dead() {
        let (mut notification, mut now, mut last) = (queued(), NOW, Duration::ZERO);
        while notification.state == NotificationState::Queued {
            notification = failed(notification, "500", None, now);
            let wait = notification.due.since(now);
            assert!(notification.state == NotificationState::Failed || wait > last.mul_f64(0.8), "waits grow");
            last = wait;
            now = notification.due.max(now);
        }
        assert_eq!(notification.state, NotificationState::Failed);
        assert!(now.since(NOW) > Duration::from_hours(24), "{:?}", now.since(NOW));
        assert_eq!(usize::from(notification.tries), WAITS.len() + 1);
    }

    #[test]
    fn a_receiver_may_ask_for_more_time_but_not_for_ever() {
        let asked = |wish| failed(queued(), "429", Some(Duration::from_secs(wish)), NOW).due.since(NOW);
        assert_eq!(asked(90), Duration::from_secs(90));
        assert!(asked(1) > Duration::from_secs(4), "a wish is a floor");
        assert_eq!(asked(1_000_000), LONGEST_WISH);
    }
}
