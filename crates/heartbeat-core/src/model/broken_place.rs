//! The places where the way of an event can be broken, and what an intermediary does there.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Where the way of events is broken: one of a closed list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// Nowhere: events arrive.
    #[default]
    None,
    /// The name server: the host's name cannot be resolved.
    Dns,
    /// The connection: refused, no route, or timed out.
    Connect,
    /// TLS: a certificate, a protocol version, or a port that does not speak it.
    Tls,
    /// Connected, but no complete response arrived.
    NoAnswer,
    /// The forward proxy of this machine (`HTTPS_PROXY` and similar variables).
    ForwardProxy,
    /// Something between this machine and PostHog; [`Did`] says what it does.
    Intermediary,
    /// PostHog's capture service: it answers, but does not accept the event.
    Capture,
    /// The project token: unknown at this PostHog, or not a token.
    Token,
    /// The events quota is used up: events are accepted and dropped.
    Quota,
    /// A filter, transformation or restriction drops the event.
    Filtered,
    /// Behind capture: queue, ingestion workers or `ClickHouse`.
    Pipeline,
    /// Some partitions of the queue, and not others.
    Partition,
    /// Some of the events are lost, the others arrive.
    PartialLoss,
    /// Capture accepts events, but its responses do not arrive.
    AnswersLost,
    /// PostHog's query API: events cannot be read back.
    Query,
    /// The personal API key.
    PersonalKey,
    /// A clock: this machine's or PostHog's.
    Clock,
    /// A self-hosted PostHog before 1.30.0.
    PosthogTooOld,
    /// Heartbeat itself: not running, or out of resources.
    Heartbeat,
}

/// What an intermediary does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Did {
    /// It answers in PostHog's place.
    AnswersItself,
    /// It cannot reach its upstream.
    UpstreamDown,
    /// It does not wait long enough for its upstream.
    UpstreamSlow,
    /// It redirects the client.
    Redirects,
    /// It asks for its own login.
    RequiresLogin,
    /// It forbids the request.
    Blocks,
    /// It limits the rate.
    Limits,
    /// The request is larger than it lets through.
    TooLarge,
    /// It does not pass this path on, or changes it.
    WrongPath,
    /// Its upstream is not this PostHog.
    WrongUpstream,
    /// It changes or removes the project token.
    AltersToken,
    /// It removes the `Authorization` header.
    DropsAuthorization,
    /// It removes the body.
    DropsBody,
    /// It answers as PostHog would, but passes nothing on.
    Swallows,
    /// It answers from a cache.
    Caches,
    /// It uses an encoding that was not requested.
    Encodes,
}

impl Place {
    pub const ALL: [Self; 20] = [
        Self::None,
        Self::Dns,
        Self::Connect,
        Self::Tls,
        Self::NoAnswer,
        Self::ForwardProxy,
        Self::Intermediary,
        Self::Capture,
        Self::Token,
        Self::Quota,
        Self::Filtered,
        Self::Pipeline,
        Self::Partition,
        Self::PartialLoss,
        Self::AnswersLost,
        Self::Query,
        Self::PersonalKey,
        Self::Clock,
        Self::PosthogTooOld,
        Self::Heartbeat,
    ];

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Dns => "dns",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::NoAnswer => "no_answer",
            Self::ForwardProxy => "forward_proxy",
            Self::Intermediary => "intermediary",
            Self::Capture => "capture",
            Self::Token => "token",
            Self::Quota => "quota",
            Self::Filtered => "filtered",
            Self::Pipeline => "pipeline",
            Self::Partition => "partition",
            Self::PartialLoss => "partial_loss",
            Self::AnswersLost => "answers_lost",
            Self::Query => "query",
            Self::PersonalKey => "personal_key",
            Self::Clock => "clock",
            Self::PosthogTooOld => "posthog_too_old",
            Self::Heartbeat => "heartbeat",
        }
    }
}

impl Did {
    pub const ALL: [Self; 16] = [
        Self::AnswersItself,
        Self::UpstreamDown,
        Self::UpstreamSlow,
        Self::Redirects,
        Self::RequiresLogin,
        Self::Blocks,
        Self::Limits,
        Self::TooLarge,
        Self::WrongPath,
        Self::WrongUpstream,
        Self::AltersToken,
        Self::DropsAuthorization,
        Self::DropsBody,
        Self::Swallows,
        Self::Caches,
        Self::Encodes,
    ];

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AnswersItself => "answers_itself",
            Self::UpstreamDown => "upstream_down",
            Self::UpstreamSlow => "upstream_slow",
            Self::Redirects => "redirects",
            Self::RequiresLogin => "requires_login",
            Self::Blocks => "blocks",
            Self::Limits => "limits",
            Self::TooLarge => "too_large",
            Self::WrongPath => "wrong_path",
            Self::WrongUpstream => "wrong_upstream",
            Self::AltersToken => "alters_token",
            Self::DropsAuthorization => "drops_authorization",
            Self::DropsBody => "drops_body",
            Self::Swallows => "swallows",
            Self::Caches => "caches",
            Self::Encodes => "encodes",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_json() {
        for place in Place::ALL {
            assert_eq!(serde_json::to_value(place).unwrap(), place.name());
        }
        for did in Did::ALL {
            assert_eq!(serde_json::to_value(did).unwrap(), did.name());
        }
    }
}
