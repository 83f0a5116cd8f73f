//! Sending a beat: one event to capture, tried again inside its minute, and the receipt of it.

mod event;
mod reading;
mod retry;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method};
use uuid::Uuid;

use self::reading::{Again, Asked, Verdict};
use super::client::{Client, Place};
use super::wire::{Ask, Cut, Track};
use crate::model::{Beat, Endpoint, Phases, ProjectToken, Receipt, Reply, Timestamp};

/// One try, from the name to the last byte of the answer.
const ATTEMPT: Duration = Duration::from_secs(20);
/// As much of an answer is read.
const MOST: usize = 64 * 1024;
/// For so long a PostHog without `/i/v0/e/` is sent to `/e/` at once.
const OLD_FOR: Duration = Duration::from_hours(1);

const V0: &str = "/i/v0/e/";
const V0_OLD: &str = "/e/";
const V1: &str = "/i/v1/analytics/events";

/// A beat on its way: where to, as what.
#[derive(Debug, Clone, Copy)]
pub struct Event<'a> {
    /// Capture's base address, with the path of a reverse proxy and without a trailing slash.
    pub base: &'a str,
    /// Which endpoint takes it.
    pub endpoint: Endpoint,
    /// Into which project.
    pub token: &'a ProjectToken,
    /// The event's name.
    pub name: &'a str,
    /// Which beat. Its slot is the property `$timestamp`, shared by all routes of the minute.
    pub beat: &'a Beat,
    /// The event's own timestamp: that of the sending. The same in every try.
    pub timestamp: Timestamp,
}

/// Sends a beat. Where trying again can help it is tried again, with the same bytes, as long as it is not yet
/// `no_try_after`; the first try is always made.
pub async fn send(client: &Client, event: &Event<'_>, no_try_after: Timestamp) -> Receipt {
    let sent = client.clock().now();
    let parcel = match Parcel::new(client, event) {
        Ok(parcel) => parcel,
        Err(cut) => return Receipt { sent, reply: unreachable(cut), phases: Phases::default(), tries: 1 },
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
        };
        match pause {
            Some(pause) if tries < u8::MAX && client.clock().now().plus(pause) < no_try_after => client.clock().sleep(pause).await,
            _ => return Receipt { sent, reply: verdict.reply, phases: track.phases(), tries },
        }
    }
}

/// What is sent in every try.
struct Parcel {
    place: Arc<Place>,
    endpoint: Endpoint,
    uuid: Uuid,
    headers: HeaderMap,
    body: Bytes,
}

impl Parcel {
    fn new(client: &Client, event: &Event<'_>) -> Result<Self, Cut> {
        let place = client.place(event.base)?;
        let (headers, body) = match event.endpoint {
            Endpoint::V0 => (event::v0_headers(), event::v0_body(event)),
            Endpoint::V1 => (event::v1_headers(event), event::v1_body(event)),
        };
        Ok(Self { place, endpoint: event.endpoint, uuid: event.beat.uuid, headers, body })
    }

    async fn attempt(&self, client: &Client, tries: u8, track: &Track) -> Verdict {
        let now = client.clock().now();
        match self.endpoint {
            Endpoint::V1 => {
                let mut headers = self.headers.clone();
                event::stamp_attempt(&mut headers, tries, now);
                self.ask(client, V1, headers, track).await.1
            }
            Endpoint::V0 if self.place.lacks_v0(now) => self.ask(client, V0_OLD, self.headers.clone(), track).await.1,
            Endpoint::V0 => {
                let (has_no_v0, verdict) = self.ask(client, V0, self.headers.clone(), track).await;
                if !has_no_v0 {
                    return verdict;
                }
                // Releases up to 1.43 know `/e/` only. Where that is not taken either, the first answer tells more.
                let (_, old) = self.ask(client, V0_OLD, self.headers.clone(), track).await;
                if !matches!(old.reply, Reply::Accepted { .. }) {
                    return verdict;
                }
                self.place.remember_no_v0(now, OLD_FOR);
                old
            }
        }
    }

    /// Asks at one path; says also whether the answer looks as if the path were not known there.
    async fn ask(&self, client: &Client, path: &str, headers: HeaderMap, track: &Track) -> (bool, Verdict) {
        let path = match self.place.path(path) {
            Ok(path) => path,
            Err(cut) => return (false, Verdict::end(unreachable(cut))),
        };
        let ask = Ask { method: Method::POST, path, headers, body: self.body.clone(), cold: true, limit: ATTEMPT, most: MOST };
        match client.exchange(&self.place, &ask, track).await {
            Err(cut) => (false, Verdict::again(unreachable(cut))),
            Ok(heard) => {
                let asked = Asked { place: &self.place, ask: &ask, uuid: self.uuid };
                (reading::is_unknown_path(&heard), reading::read(self.endpoint, &asked, &heard))
            }
        }
    }
}

fn unreachable(cut: Cut) -> Reply {
    Reply::Unreachable { at: cut.at, words: cut.words }
}
