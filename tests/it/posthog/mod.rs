//! The client of PostHog's wire, against servers that answer what a test sets, byte by byte.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod capturing;
mod connecting;
mod h2_server;
mod identifying;
mod proxies;
mod reading_back;
mod recorded;
mod retrying;
mod stating;

use std::time::Duration;

use heartbeat::clock::Clock;
use heartbeat::model::{Beat, CaptureResult, DistinctId, Endpoint, Minute, PersonalKey, ProjectToken, RouteSpec, Timestamp};
use heartbeat::posthog::capture::{Event, send};
use heartbeat::posthog::{Client, Settings};

/// A token, a route, a beat of it: what the tests send.
struct Sample {
    token: ProjectToken,
    beat: Beat,
    endpoint: Endpoint,
}

impl Sample {
    fn new(endpoint: Endpoint) -> Self {
        let token = ProjectToken::parse("phc_sample").unwrap();
        let route = RouteSpec {
            name: "heartbeat".into(),
            event: "heartbeat".into(),
            host: None,
            endpoint,
            distinct_id: DistinctId::Fixed("PostHog Heartbeat Plugin".into()),
        };
        let beat = Beat::derive(&token, &route, Minute::from_index(29_000_000));
        Self { token, beat, endpoint }
    }

    fn event<'a>(&'a self, base: &'a str) -> Event<'a> {
        let timestamp = self.beat.slot.plus(Duration::from_millis(7));
        Event { base, endpoint: self.endpoint, token: &self.token, name: "heartbeat", beat: &self.beat, timestamp }
    }

    /// Sends it once, whatever comes of it.
    async fn send_once(&self, client: &Client, base: &str) -> CaptureResult {
        send(client, &self.event(base), Timestamp::from_ms(0)).await
    }
}

fn client() -> Client {
    Client::new(Clock::system(), &Settings::default()).unwrap()
}

fn key() -> PersonalKey {
    PersonalKey::parse("phx_this_is_secret").unwrap()
}
