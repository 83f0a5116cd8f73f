//! When a notice is tried again. The waits are a list, and each is a little more or less by a hash: what failed together does not come back
//! together.

use std::time::Duration;

use crate::model::{Notice, NoticeState, Timestamp};

const fn minutes(count: u64) -> Duration {
    Duration::from_secs(60 * count)
}

/// From each try to the next: over a day in all.
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
/// No receiver's own wish is followed beyond this: a resolve must not wait for a slip in a header.
const LONGEST_WISH: Duration = minutes(60);

/// The notice after a try that failed at `now`: owed again, or given up when all tries are used.
pub(super) fn failed(notice: Notice, words: &str, wish: Option<Duration>, now: Timestamp) -> Notice {
    let tried = Notice { tries: notice.tries.saturating_add(1), said: Some(words.to_owned()), ..notice };
    match WAITS.get(usize::from(tried.tries) - 1) {
        Some(wait) => Notice { due: now.plus(jittered(*wait, &tried).max(wish.unwrap_or_default().min(LONGEST_WISH))), ..tried },
        None => Notice { state: NoticeState::Dead, ended: Some(now), ..tried },
    }
}

/// Up to a tenth more or less: the same for the same notice and try.
fn jittered(wait: Duration, notice: &Notice) -> Duration {
    let bytes = notice.id.as_bytes();
    let part = bytes[usize::from(notice.tries) % bytes.len()];
    wait.mul_f64(0.9 + 0.2 * f64::from(part) / f64::from(u8::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message;
    use crate::model::{ChannelId, NoticeKind, ProjectName};

    const NOW: Timestamp = Timestamp::from_ms(1_800_000_000_000);

    fn owed() -> Notice {
        let message = message::sample(NoticeKind::Opened, &ProjectName::parse("shop").unwrap(), NOW);
        Notice::owed(ChannelId(1), None, "x", 0, message)
    }

    #[test]
    fn a_notice_is_tried_for_over_a_day_and_then_kept_as_dead() {
        let (mut notice, mut now, mut last) = (owed(), NOW, Duration::ZERO);
        while notice.state == NoticeState::Owed {
            notice = failed(notice, "500", None, now);
            let wait = notice.due.since(now);
            assert!(notice.state == NoticeState::Dead || wait > last.mul_f64(0.8), "waits grow");
            last = wait;
            now = notice.due.max(now);
        }
        assert_eq!(notice.state, NoticeState::Dead);
        assert!(now.since(NOW) > Duration::from_hours(24), "{:?}", now.since(NOW));
        assert_eq!(usize::from(notice.tries), WAITS.len() + 1);
    }

    #[test]
    fn a_receiver_may_ask_for_more_time_but_not_for_ever() {
        let asked = |wish| failed(owed(), "429", Some(Duration::from_secs(wish)), NOW).due.since(NOW);
        assert_eq!(asked(90), Duration::from_secs(90));
        assert!(asked(1) > Duration::from_secs(4), "a wish is a floor");
        assert_eq!(asked(1_000_000), LONGEST_WISH);
    }
}
