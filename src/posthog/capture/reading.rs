//! Interprets capture's answer: the result, and whether to retry.

use std::time::Duration;

use http::StatusCode;
use http::header::LOCATION;
use serde_json::Value;
use uuid::Uuid;

use crate::model::{AnsweredBy, Endpoint, RejectionReason, Reply, ResponseExcerpt};
use crate::posthog::answerer::{asks_for_a_login, is_html};
use crate::posthog::excerpt::{excerpt, retry_after};
use crate::posthog::printable::printable;
use crate::posthog::wire::Heard;

pub(super) struct Verdict {
    pub(super) reply: Reply,
    pub(super) again: Again,
}

pub(super) enum Again {
    Never,
    /// After our own pause, at least as long as PostHog asked for.
    Soon {
        floor: Duration,
    },
    After(Duration),
    Once,
}

impl Verdict {
    pub(super) fn end(reply: Reply) -> Self {
        Self { reply, again: Again::Never }
    }

    pub(super) fn again(reply: Reply) -> Self {
        Self { reply, again: Again::Soon { floor: Duration::ZERO } }
    }

    fn rejected(why: RejectionReason, excerpt: ResponseExcerpt) -> Self {
        Self::end(Reply::Rejected { why, excerpt })
    }
}

pub(super) fn read(endpoint: Endpoint, uuid: Uuid, heard: &Heard) -> Verdict {
    if heard.status.is_success() {
        return match endpoint {
            Endpoint::V0 => read_v0(heard),
            Endpoint::V1 => read_v1(uuid, heard),
        };
    }
    let excerpt = excerpt(heard, None);
    let why = rejection(heard);
    let again = match why {
        // Without `Retry-After`, and a 404 of v1, a proxy may have answered; PostHog's own SDKs assume this too.
        RejectionReason::Throttled => retry_after(heard).map_or(Again::Once, Again::After),
        RejectionReason::NoEndpoint if endpoint == Endpoint::V1 && heard.status == StatusCode::NOT_FOUND => Again::Once,
        RejectionReason::Broken if can_pass(heard.status) => Again::Soon { floor: retry_after(heard).unwrap_or_default() },
        _ => Again::Never,
    };
    Verdict { reply: Reply::Rejected { why, excerpt }, again }
}

/// Whether PostHog's web application answered, which does not know this path: with 404, its login page or a CSRF error.
pub(super) fn is_unknown_path(heard: &Heard) -> bool {
    match heard.status {
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => true,
        StatusCode::FOUND => heard.header(LOCATION).is_some_and(|target| target.contains("/login")),
        StatusCode::FORBIDDEN => heard.contains("CSRF"),
        _ => false,
    }
}

fn rejection(heard: &Heard) -> RejectionReason {
    match heard.status.as_u16() {
        429 => RejectionReason::Throttled,
        503 if heard.contains("v1 sink router not configured") => RejectionReason::NoEndpoint,
        // Even as a web page: a load balancer reports that PostHog is not reachable.
        408 | 500..=599 => RejectionReason::Broken,
        300..=399 => RejectionReason::Redirect,
        _ if is_html(heard) || asks_for_a_login(heard) => RejectionReason::NotPostHog,
        401 => RejectionReason::Token,
        402 => RejectionReason::OverQuota,
        400 if heard.contains("billing_limit_exceeded") => RejectionReason::OverQuota,
        400 | 413 | 415 | 422 => RejectionReason::Event,
        404 | 405 | 410 => RejectionReason::NoEndpoint,
        _ => RejectionReason::NotPostHog,
    }
}

fn can_pass(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 500 | 502 | 503 | 504 | 520..=524)
}

/// v0 answers `{"status": "Ok"}`, older releases `{"status": 1}`, and an empty 204 to a beacon. Any other 2xx is from something in between:
/// the event does not count as accepted.
fn read_v0(heard: &Heard) -> Verdict {
    let answer: Value = serde_json::from_slice(&heard.body).unwrap_or_default();
    let limited = answer.get("quota_limited").and_then(Value::as_array);
    if limited.is_some_and(|limited| limited.iter().any(|what| what == "events")) {
        return Verdict::rejected(RejectionReason::OverQuota, of_posthog(excerpt(heard, None)));
    }
    let is_ok = answer.get("status").is_some_and(|status| status == "Ok" || status == 1) && heard.status.as_u16() == 200;
    let is_beacon = heard.status.as_u16() == 204 && heard.body.is_empty();
    if is_ok || is_beacon { accepted(heard) } else { Verdict::rejected(RejectionReason::NotPostHog, excerpt(heard, None)) }
}

fn of_posthog(excerpt: ResponseExcerpt) -> ResponseExcerpt {
    ResponseExcerpt { by: AnsweredBy::Posthog, did: None, ..excerpt }
}

/// v1 answers each event separately. Every result except `retry` is final, even an unknown one.
fn read_v1(uuid: Uuid, heard: &Heard) -> Verdict {
    let answer: Value = serde_json::from_slice(&heard.body).unwrap_or_default();
    let Some(ours) = answer.get("results").and_then(|results| results.get(uuid.to_string())) else {
        return Verdict::rejected(RejectionReason::NotPostHog, excerpt(heard, None));
    };
    let result = ours.get("result").and_then(Value::as_str).unwrap_or_default();
    let details = ours.get("details").and_then(Value::as_str).unwrap_or_default();
    let mut excerpt = of_posthog(excerpt(heard, None));
    excerpt.words = printable(format!("{result}: {details}").as_bytes(), 300, None);
    match result {
        "ok" | "warning" => accepted(heard),
        "retry" => {
            let reply = Reply::Rejected { why: RejectionReason::Broken, excerpt };
            Verdict { reply, again: Again::Soon { floor: retry_after(heard).unwrap_or_default() } }
        }
        _ if ["quota", "billing"].iter().any(|word| details.to_ascii_lowercase().contains(word)) => {
            Verdict::rejected(RejectionReason::OverQuota, excerpt)
        }
        _ => Verdict::rejected(RejectionReason::Event, excerpt),
    }
}

fn accepted(heard: &Heard) -> Verdict {
    Verdict::end(Reply::Accepted { status: heard.status.as_u16() })
}
