//! Sends a beat: one event to capture, retried within its minute, and its capture result.

mod event;
mod reading;
mod retry;

use std::sync::Arc;
use std::time::Duration;

use http::Method;
use uuid::Uuid;

use self::reading::{Again, Verdict};
use super::client::{Client, Place};
use super::wire::{Ask, Cut, Heard, Track};
use crate::model::{Beat, CaptureResult, Endpoint, Phases, ProjectToken, Reply, Timestamp, Timing};

/// Additional pause before a single retry.
const ONCE_AFTER: Duration = Duration::from_secs(1);
const MOST: usize = 64 * 1024;
/// How long a PostHog without `/i/v0/e/` is sent to `/e/` directly.
const OLD_FOR: Duration = Duration::from_hours(1);

const V0_OLD: &str = "/e/";

#[derive(Debug, Clone, Copy)]
pub struct Event<'a> {
    /// Base URL of capture, with the path of a reverse proxy and without a trailing slash.
    pub base: &'a str,
    pub endpoint: Endpoint,
    pub token: &'a ProjectToken,
    pub name: &'a str,
    /// Its slot is the property `$timestamp`, shared by all routes of the minute.
    pub beat: &'a Beat,
    /// The time of sending. The same in every try.
    pub timestamp: Timestamp,
}

/// Sends a beat and retries with the same bytes where that can help, until
/// `no_try_after`; the first try is always made.
pub async fn send(client: &Client, event: &Event<'_>, no_try_after: Timestamp) -> CaptureResult {
    send_telling(client, event, Timing::default().timeout, no_try_after, &mut |_| {}).await
}

/// With a `timeout` for each try. Also calls `tell` with the result of each failed try that is followed by another: the final result may take a
/// minute.
pub async fn send_telling(
    client: &Client,
    event: &Event<'_>,
    timeout: Duration,
    no_try_after: Timestamp,
    tell: &mut (dyn FnMut(CaptureResult) + Send),
) -> CaptureResult {
    let sent = client.clock().now();
    let mut parcel = match Parcel::new(client, event, timeout) {
        Ok(parcel) => parcel,
        Err(cut) => return CaptureResult { sent, reply: unreachable(cut), phases: Phases::default(), tries: 1 },
    };
    let mut tries = 0;
    loop {
        tries += 1;
        let track = Track::new();
        let verdict = parcel.attempt(client, tries, &track).await;
        let pause = match verdict.again {
            Again::Never => None,
            Again::Soon { floor } => Some(retry::pause(event.beat.uuid, tries).max(floor)),
            Again::After(asked) => Some(asked),
            Again::Once => (tries == 1).then(|| retry::pause(event.beat.uuid, tries) + ONCE_AFTER),
        };
        let capture_result = CaptureResult { sent, reply: verdict.reply, phases: track.phases(), tries };
        match pause {
            Some(pause) if tries < u8::MAX && client.clock().now().plus(pause) < no_try_after => {
                tell(capture_result);
                client.clock().sleep(pause).await;
            }
            _ => return capture_result,
        }
    }
}

struct Parcel {
    place: Arc<Place>,
    endpoint: Endpoint,
    uuid: Uuid,
    /// Whether an old PostHog may not have this path.
    is_new_path: bool,
    ask: Ask,
}

impl Parcel {
    fn new(client: &Client, event: &Event<'_>, timeout: Duration) -> Result<Self, Cut> {
        let place = client.place(event.base)?;
        let is_new_path = event.endpoint == Endpoint::V0 && !place.lacks_v0(client.clock().now());
        let (path, headers, body) = match event.endpoint {
            Endpoint::V0 => (if is_new_path { event.endpoint.path() } else { V0_OLD }, event::v0_headers(), event::v0_body(event)),
            Endpoint::V1 => (event.endpoint.path(), event::v1_headers(event), event::v1_body(event)),
        };
        let ask = Ask { method: Method::POST, path: place.path(path)?, headers, body, cold: true, limit: timeout, most: MOST };
        Ok(Self { place, endpoint: event.endpoint, uuid: event.beat.uuid, is_new_path, ask })
    }

    async fn attempt(&mut self, client: &Client, tries: u8, track: &Track) -> Verdict {
        if self.endpoint == Endpoint::V1 {
            event::stamp_attempt(&mut self.ask.headers, tries, client.clock().now());
        }
        let heard = match client.exchange(&self.place, &self.ask, track).await {
            Ok(heard) => heard,
            Err(cut) => return Verdict::again(unreachable(cut)),
        };
        let verdict = self.read(&heard);
        if self.is_new_path && reading::is_unknown_path(&heard) {
            return self.attempt_old_path(client, track).await.unwrap_or(verdict);
        }
        verdict
    }

    /// Releases up to 1.43 only have `/e/`. If it does not accept the event either, the first answer is more useful.
    async fn attempt_old_path(&mut self, client: &Client, track: &Track) -> Option<Verdict> {
        let new = std::mem::replace(&mut self.ask.path, self.place.path(V0_OLD).ok()?);
        if let Ok(heard) = client.exchange(&self.place, &self.ask, track).await {
            let verdict = self.read(&heard);
            if matches!(verdict.reply, Reply::Accepted { .. }) {
                self.is_new_path = false;
                self.place.remember_no_v0(client.clock().now(), OLD_FOR);
                return Some(verdict);
            }
        }
        self.ask.path = new;
        None
    }

    fn read(&self, heard: &Heard) -> Verdict {
        reading::read(self.endpoint, self.uuid, heard)
    }
}

fn unreachable(cut: Cut) -> Reply {
    Reply::Unreachable { at: cut.at, obstacle: cut.obstacle, words: cut.words }
}
