//! A response that does not accept the event: who answered, and what it shows.

use super::fix::fix;
use super::redirect::{self, Redirect};
use super::sdks::with_effect;
use super::way::{Way, quoted, responder};
use crate::model::{Address, AnsweredBy, Diagnosis, Did, Endpoint, Obstacle, Place, RejectionReason, ResponseExcerpt, Signs};

/// Diagnoses a response that did not accept an event. `token_known` is whether the token is known at that address, by the endpoint that serves
/// browsers there.
#[must_use]
pub fn rejected(way: &Way<'_>, why: RejectionReason, excerpt: &ResponseExcerpt, token_known: Option<bool>) -> Diagnosis {
    let response = quoted(excerpt.status, &excerpt.words);
    let found = match (excerpt.by, excerpt.did) {
        // A bare response to the endpoint that only newer releases have, from a PostHog that answers otherwise.
        (AnsweredBy::Unknown | AnsweredBy::Posthog, Some(Did::WrongPath)) if way.endpoint == Endpoint::V1 && token_known == Some(true) => {
            no_v1(way)
        }
        (AnsweredBy::Posthog, None) => by_posthog(way, why, (excerpt.status, &response), token_known),
        // Only the status in words: capture sends that, and so do many servers.
        (AnsweredBy::Unknown, None) if !(way.is_cloud() && is_of_the_edge(excerpt)) => bare(way, why, excerpt, token_known),
        _ if way.is_cloud() && is_of_the_edge(excerpt) => Diagnosis::at(Place::Capture, format!("PostHog Cloud's edge answers {response}"))
            .advised(
                "Look at PostHog's status page (status.posthog.com); what is sent meanwhile depends on the retries of your applications.",
            )
            .or(&[(Place::Intermediary, excerpt.did)]),
        _ => of_intermediary(way, excerpt, &way.place(), way.host.capture()),
    };
    let found = with_effect(found, excerpt, way.endpoint);
    Diagnosis { answered_by: excerpt.by, shown_by: excerpt.signs.clone(), address: way.address(), ..found }
}

/// A response that PostHog does not give, or that shows that the request was changed on the way: from an intermediary at `place`.
pub(super) fn of_intermediary(way: &Way<'_>, excerpt: &ResponseExcerpt, place: &str, base: &str) -> Diagnosis {
    let said = quoted(excerpt.status, &excerpt.words);
    let who = responder(&excerpt.signs, place);
    match (excerpt.obstacle, excerpt.did) {
        (Obstacle::WantsTls, _) => {
            return Diagnosis::at(Place::Tls, format!("The port at {place} speaks TLS, but plain http was sent to it: it answers {said}"))
                .advised("Use https:// in the host; behind a reverse proxy, in the address of its upstream.")
                .or(&[(Place::Intermediary, Some(Did::UpstreamDown))]);
        }
        (Obstacle::ClientCertificate, _) => {
            return Diagnosis::at(Place::Tls, format!("{who} requires a client certificate: it answers {said}"))
                .advised("Exempt PostHog's paths from client certificates: applications in browsers have none.");
        }
        _ => {}
    }
    if excerpt.status == 407 {
        // Only a forward proxy answers 407.
        return Diagnosis::at(Place::ForwardProxy, format!("The forward proxy on the way to {place} asks for a login: it answers {said}"))
            .advised(
                "Add user and password to the proxy's address (HTTP_PROXY, HTTPS_PROXY or ALL_PROXY), or exempt the host with NO_PROXY.",
            );
    }
    let did = excerpt.did.unwrap_or(Did::AnswersItself);
    let advice = fix(did, &excerpt.signs, place);
    let not_certain: &[(Place, Option<Did>)] = match did {
        Did::WrongPath => &[(Place::Intermediary, Some(Did::WrongUpstream)), (Place::Intermediary, Some(Did::AnswersItself))],
        Did::AnswersItself if excerpt.status < 300 => {
            &[(Place::Intermediary, Some(Did::WrongUpstream)), (Place::Intermediary, Some(Did::Swallows))]
        }
        Did::AnswersItself => &[(Place::Intermediary, Some(Did::WrongUpstream))],
        Did::UpstreamDown if excerpt.status == 503 => {
            &[(Place::Intermediary, Some(Did::Limits)), (Place::Intermediary, Some(Did::AnswersItself))]
        }
        Did::UpstreamDown if excerpt.status == 500 => &[(Place::Intermediary, Some(Did::UpstreamSlow)), (Place::Capture, None)],
        Did::RequiresLogin | Did::Blocks if excerpt.signs.software.is_none() => &[(Place::Intermediary, Some(Did::AnswersItself))],
        _ => &[],
    };
    let found = match did {
        Did::Redirects => return redirects(way, excerpt, &who, base),
        Did::AnswersItself if excerpt.status < 300 && base == way.host.capture() => {
            format!("{who} answers {said} in PostHog's place, to everything: no event gets to PostHog")
        }
        Did::AnswersItself => format!("{who} answers {said} in PostHog's place"),
        Did::UpstreamDown => format!("{who} answers {said}: it cannot reach what is behind it"),
        Did::UpstreamSlow => format!("{who} answers {said}: what is behind it does not answer in time"),
        Did::RequiresLogin => format!("{who} asks for a login in front of PostHog: it answers {said}"),
        Did::Blocks => format!("{who} blocks the request: it answers {said}"),
        Did::Limits => format!("{who} limits the rate: it answers {said}"),
        Did::TooLarge => format!("{who} rejects the request as too large: it answers {said}"),
        Did::WrongPath => format!("There is no capture at this path of {place}: the answer is {said}"),
        Did::WrongUpstream => format!("{who} leads to something that is not this PostHog: the answer is {said}"),
        Did::AltersToken => format!("The project token does not get through {place} as it was sent: PostHog answers {said}"),
        Did::DropsAuthorization => format!("The Authorization header does not get through {place}: PostHog answers {said}"),
        Did::DropsBody => format!("The request's body does not get through {place}: PostHog answers {said}"),
        Did::Swallows => format!("{who} answers as PostHog would, but passes nothing on"),
        Did::Caches => format!("{who} answers {said} from a cache: the event was not passed on"),
        Did::Encodes => format!("{who} answers in an encoding that was not requested"),
    };
    let found = Diagnosis::intermediary(did, found).titled(broken_at(&excerpt.signs)).advised(advice);
    if not_certain.is_empty() { found } else { found.or(not_certain) }
}

fn redirects(way: &Way<'_>, excerpt: &ResponseExcerpt, who: &str, base: &str) -> Diagnosis {
    let status = excerpt.status;
    let is_capture = base == way.host.capture();
    let (path, host_is) = if is_capture { (way.endpoint.path(), "the host") } else { ("/api/", "the API host (api_host, --api-host)") };
    let slash = "Let the proxy pass both forms of the path on, with and without the slash at the end. Next.js: skipTrailingSlashRedirect: true; nginx: \
                 proxy_pass without a rewrite or return for the slash.";
    let (summary, advice) = match redirect::read(base, path, excerpt.header("location")) {
        Redirect::Slash { adds } => {
            let form = if adds { "with" } else { "without" };
            (format!("{who} redirects ({status}) to the same path {form} its trailing slash"), slash.to_owned())
        }
        Redirect::Https(host) => (format!("{who} redirects ({status}) from http to https"), format!("Set {host_is} to {host}.")),
        Redirect::Host(host) => (format!("{who} redirects ({status}) to another address"), format!("Set {host_is} to {host}.")),
        Redirect::Itself => (
            format!("{who} redirects ({status}) to the same address"),
            "The server in front of it terminates TLS and does not say so: pass X-Forwarded-Proto on (nginx: proxy_set_header X-Forwarded-Proto $scheme;), or remove the \
             redirect to https from it; Cloudflare: SSL/TLS mode Full instead of Flexible."
                .to_owned(),
        ),
        Redirect::OtherSite(to) => (
            format!("{who} redirects ({status}) to another site, {to}"),
            "Let the proxy pass this path on unchanged. Set the host to that site only if it is yours or PostHog's.".to_owned(),
        ),
        Redirect::Elsewhere(to) => (
            format!("{who} redirects ({status}) to {to}"),
            "Let the proxy pass this path on unchanged: events are not sent along redirects.".to_owned(),
        ),
        Redirect::Nowhere => (
            format!("{who} redirects ({status}) without a target"),
            "Let the proxy pass this path on unchanged: events are not sent along redirects.".to_owned(),
        ),
    };
    Diagnosis::intermediary(Did::Redirects, summary).titled(broken_at(&excerpt.signs)).advised(advice)
}

pub(super) fn broken_at(signs: &Signs) -> String {
    match &signs.software {
        Some(software) => format!("the way to PostHog is broken at {software}"),
        None => "something in front of PostHog does not let events through".to_owned(),
    }
}

fn by_posthog(way: &Way<'_>, why: RejectionReason, (status, said): (u16, &str), token_known: Option<bool>) -> Diagnosis {
    let place = way.place();
    let at = |place: Place, summary: String| Diagnosis::at(place, summary);
    match why {
        // The token is known where it is sent in the body: the header that carries it here does not get through.
        RejectionReason::Token if way.endpoint == Endpoint::V1 && token_known == Some(true) => {
            let summary = format!("The Authorization header does not get through {place}: PostHog knows the token, but v1 answers {said}");
            let advice = fix(Did::DropsAuthorization, &Signs::default(), &place);
            Diagnosis::intermediary(Did::DropsAuthorization, summary).advised(advice).or(&[(Place::Intermediary, Some(Did::AltersToken))])
        }
        RejectionReason::Token => at(Place::Token, format!("PostHog's capture at {place} rejects the project token: {said}"))
            .advised("Copy the project token (phc_...) again, from Settings > Project > General; a personal API key (phx_...) is not one."),
        RejectionReason::OverQuota => over_quota(format!("PostHog's capture rejects events: the project is over its events quota ({said})")),
        RejectionReason::Throttled => at(Place::Capture, format!("PostHog's capture at {place} limits the rate of this address or token: {said}"))
            .advised("Find what else sends from this address or with this token, and wait."),
        RejectionReason::Broken => at(Place::Capture, format!("PostHog's capture at {place} is failing: {said}")).advised(
            "Self-hosted: look at the logs of the capture service, and whether its queue (Kafka) takes messages. On Cloud: status.posthog.com.",
        ),
        RejectionReason::NoEndpoint => no_v1(way),
        // Rejected only for its size: the content got through.
        RejectionReason::Event if status == 413 => at(Place::Capture, format!("PostHog's capture at {place} rejects the event as too large: {said}"))
            .advised("This is not expected of Heartbeat's small events: please report it with the text above."),
        RejectionReason::Event => at(Place::Capture, format!("PostHog's capture at {place} rejects the event itself: {said}"))
            .advised("This is not expected of Heartbeat's events: please report it with the text above; a proxy that changes bodies can also cause it.")
            .or(&[(Place::Intermediary, Some(Did::DropsBody))]),
        RejectionReason::Redirect | RejectionReason::NotPostHog => at(Place::Capture, format!("PostHog at {place} answers {said}"))
            .advised("Look at the logs of PostHog's capture service."),
    }
}

/// A response that anyone could give: through a proxy it is probably the proxy's, otherwise PostHog's.
fn bare(way: &Way<'_>, why: RejectionReason, excerpt: &ResponseExcerpt, token_known: Option<bool>) -> Diagnosis {
    let did = match excerpt.status {
        401 => Did::RequiresLogin,
        500 | 503 => Did::UpstreamDown,
        _ => Did::AnswersItself,
    };
    let said = quoted(excerpt.status, &excerpt.words);
    let by_posthog = by_posthog(way, why, (excerpt.status, &said), token_known);
    if way.is_through_proxy() {
        let excerpt = ResponseExcerpt { did: Some(did), ..excerpt.clone() };
        return of_intermediary(way, &excerpt, &way.place(), way.host.capture()).or(&[(by_posthog.place, by_posthog.did)]);
    }
    by_posthog.or(&[(Place::Intermediary, Some(did))])
}

pub(super) fn over_quota(summary: String) -> Diagnosis {
    Diagnosis::at(Place::Quota, summary)
        .titled("over the events quota, events are dropped")
        .advised("Raise the limit on PostHog's billing page (Organization > Billing), or wait for the next billing period: until then events are dropped.")
}

fn no_v1(way: &Way<'_>) -> Diagnosis {
    Diagnosis::at(Place::Capture, format!("The PostHog at {} has no v1 endpoint for events", way.place()))
        .advised("Use v0: --endpoint v0, or endpoint = \"v0\" for the route.")
}

/// An error of PostHog Cloud's own load balancer, if no proxy is in front of it.
fn is_of_the_edge(excerpt: &ResponseExcerpt) -> bool {
    excerpt.status >= 500 && !matches!(excerpt.signs.software.as_deref(), Some("Squid"))
}

pub(super) fn api_place(address: Option<&Address>, otherwise: &str) -> String {
    address.map_or_else(|| otherwise.to_owned(), ToString::to_string)
}
