//! The dead-man ping: tells an external service that Heartbeat is running. When the ping stops, that service raises an alert.
//!
//! Recognized by host: healthchecks.io (<https://healthchecks.io/docs/http_api/>: `/start`, `/fail`; self-hosted by `/ping/` in the path),
//! Cronitor (<https://cronitor.io/docs/telemetry-api>: `?state=run|complete|fail`) and Better Stack
//! (<https://betterstack.com/docs/uptime/cron-and-heartbeat-monitor/>: `/fail`). Any other service, such as Dead Man's Snitch
//! (<https://deadmanssnitch.com/docs>), gets only the "alive" ping.

pub use http::Method;
use url::Url;

use super::client::Ask;
use super::redactor::Redactor;
use super::send::Sender;
use crate::model::{Delivery, SecretUrl};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Start,
    Alive,
    /// A loop makes no progress, or Heartbeat is stopping.
    Fail,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ping {
    /// Secret: anyone who knows it can send this ping.
    pub url: SecretUrl,
    /// GET, or POST with an empty body.
    pub method: Method,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Service {
    Healthchecks,
    Cronitor,
    BetterStack,
    Another,
}

impl Ping {
    /// Sends one ping. Sends nothing if the service has no such state.
    pub async fn send(&self, sender: &Sender, state: State) -> Delivery {
        let (service, address) = match self.address(state) {
            Ok(Some(found)) => found,
            Ok(None) => return Delivery::Accepted("not sent: this service has no such state".into()),
            Err(_) => return Delivery::Rejected { words: "the ping URL is not valid".into() },
        };
        let answer = match sender.ask(Ask::new(self.method.clone(), &address), &Redactor::over_address(&self.url)).await {
            Ok(answer) => answer,
            Err(unanswered) => return unanswered,
        };
        // healthchecks.io also answers 200 to an unknown check.
        let begins_with =
            |words: &str| service == Service::Healthchecks && answer.status.is_success() && answer.body.starts_with(words.as_bytes());
        if begins_with("OK (not found)") {
            return Delivery::Rejected { words: answer.words };
        }
        if begins_with("OK (rate limited)") {
            return answer.try_again();
        }
        answer.settle()
    }

    fn address(&self, state: State) -> Result<Option<(Service, String)>, url::ParseError> {
        let mut url = Url::parse(self.url.expose())?;
        let service = Service::at(&url);
        let ending = match (service, state) {
            (Service::Healthchecks, State::Start) => Some("start"),
            (Service::Healthchecks | Service::BetterStack, State::Fail) => Some("fail"),
            (Service::Cronitor, _) | (_, State::Alive) => None,
            (Service::BetterStack | Service::Another, State::Start | State::Fail) => return Ok(None),
        };
        if let (Some(ending), Ok(mut path)) = (ending, url.path_segments_mut()) {
            path.pop_if_empty().push(ending);
        }
        if service == Service::Cronitor {
            let value = match state {
                State::Start => "run",
                State::Alive => "complete",
                State::Fail => "fail",
            };
            let others: Vec<(String, String)> =
                url.query_pairs().filter(|(key, _)| key != "state").map(|(key, value)| (key.into(), value.into())).collect();
            url.query_pairs_mut().clear().extend_pairs(others).append_pair("state", value);
        }
        Ok(Some((service, url.into())))
    }
}

impl Service {
    fn at(url: &Url) -> Self {
        let host = url.host_str().unwrap_or_default();
        let is = |domain: &str| host == domain || host.strip_suffix(domain).is_some_and(|before| before.ends_with('.'));
        if is("cronitor.link") || is("cronitor.io") {
            Self::Cronitor
        } else if (is("betterstack.com") || is("betteruptime.com")) && url.path().starts_with("/api/v1/heartbeat/") {
            Self::BetterStack
        } else if is("hc-ping.com") || url.path().contains("/ping/") {
            Self::Healthchecks
        } else {
            Self::Another
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(url: &str) -> [Option<String>; 3] {
        let ping = Ping { url: SecretUrl::parse(url).unwrap(), method: Method::GET };
        [State::Start, State::Alive, State::Fail].map(|state| ping.address(state).unwrap().map(|(_, address)| address))
    }

    #[test]
    fn each_service_is_told_in_its_own_words() {
        for (url, start, alive, fail) in [
            (
                "https://hc-ping.com/uuid",
                Some("https://hc-ping.com/uuid/start"),
                "https://hc-ping.com/uuid",
                Some("https://hc-ping.com/uuid/fail"),
            ),
            (
                "https://hc.example.com/ping/uuid/?create=1",
                Some("https://hc.example.com/ping/uuid/start?create=1"),
                "https://hc.example.com/ping/uuid/?create=1",
                Some("https://hc.example.com/ping/uuid/fail?create=1"),
            ),
            (
                "https://cronitor.link/p/key/name?env=prod&state=ok",
                Some("https://cronitor.link/p/key/name?env=prod&state=run"),
                "https://cronitor.link/p/key/name?env=prod&state=complete",
                Some("https://cronitor.link/p/key/name?env=prod&state=fail"),
            ),
            (
                "https://uptime.betterstack.com/api/v1/heartbeat/key",
                None,
                "https://uptime.betterstack.com/api/v1/heartbeat/key",
                Some("https://uptime.betterstack.com/api/v1/heartbeat/key/fail"),
            ),
            ("https://nosnch.in/c2354d53d2", None, "https://nosnch.in/c2354d53d2", None),
            ("https://notcronitor.link/p/key", None, "https://notcronitor.link/p/key", None),
        ] {
            let expected = [start.map(str::to_owned), Some(alive.to_owned()), fail.map(str::to_owned)];
            assert_eq!(addresses(url), expected, "{url}");
        }
    }
}
