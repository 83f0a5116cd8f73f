//! The places where the way of an event can be broken, and what an intermediary does there.

use utoipa::ToSchema;

use super::named_enum;

named_enum! {
    /// Where the way of events is broken: one of a closed list.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, ToSchema)]
    pub serde enum Place {
        /// Nowhere: events arrive.
        #[default]
        None = "none",
        /// The name server: the host's name cannot be resolved.
        Dns = "dns",
        /// The connection: refused, no route, or timed out.
        Connect = "connect",
        /// TLS: a certificate, a protocol version, or a port that does not speak it.
        Tls = "tls",
        /// Connected, but no complete response arrived.
        NoAnswer = "no_answer",
        /// The forward proxy of this machine (`HTTPS_PROXY` and similar variables).
        ForwardProxy = "forward_proxy",
        /// Something between this machine and PostHog; [`Did`] says what it does.
        Intermediary = "intermediary",
        /// PostHog's capture service: it answers, but does not accept the event.
        Capture = "capture",
        /// The project token: unknown at this PostHog, or not a token.
        Token = "token",
        /// The events quota is used up: events are accepted and dropped.
        Quota = "quota",
        /// A filter, transformation or restriction drops the event.
        Filtered = "filtered",
        /// Behind capture: queue, ingestion workers or `ClickHouse`.
        Pipeline = "pipeline",
        /// Some partitions of the queue, and not others.
        Partition = "partition",
        /// Some of the events are lost, the others arrive.
        PartialLoss = "partial_loss",
        /// Capture accepts events, but its responses do not arrive.
        AnswersLost = "answers_lost",
        /// PostHog's query API: events cannot be read back.
        Query = "query",
        /// The personal API key.
        PersonalKey = "personal_key",
        /// A clock: this machine's or PostHog's.
        Clock = "clock",
        /// A self-hosted PostHog before 1.30.0.
        PosthogTooOld = "posthog_too_old",
        /// Heartbeat itself: not running, or out of resources.
        Heartbeat = "heartbeat",
    }
}

named_enum! {
    /// What an intermediary does.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, ToSchema)]
    pub serde enum Did {
        /// It answers in PostHog's place.
        AnswersItself = "answers_itself",
        /// It cannot reach its upstream.
        UpstreamDown = "upstream_down",
        /// It does not wait long enough for its upstream.
        UpstreamSlow = "upstream_slow",
        /// It redirects the client.
        Redirects = "redirects",
        /// It asks for its own login.
        RequiresLogin = "requires_login",
        /// It forbids the request.
        Blocks = "blocks",
        /// It limits the rate.
        Limits = "limits",
        /// The request is larger than it lets through.
        TooLarge = "too_large",
        /// It does not pass this path on, or changes it.
        WrongPath = "wrong_path",
        /// Its upstream is not this PostHog.
        WrongUpstream = "wrong_upstream",
        /// It changes or removes the project token.
        AltersToken = "alters_token",
        /// It removes the `Authorization` header.
        DropsAuthorization = "drops_authorization",
        /// It removes the body.
        DropsBody = "drops_body",
        /// It answers as PostHog would, but passes nothing on.
        Swallows = "swallows",
        /// It answers from a cache.
        Caches = "caches",
        /// It uses an encoding that was not requested.
        Encodes = "encodes",
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
