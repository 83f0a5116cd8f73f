//! The steps before arrival: which PostHog is this, does it know the token, does capture take the event? Each tells its line; what is broken is
//! `judge`'s to say.

use super::token::{TokenFound, find_token};
use super::{Ending, Mark, Plan, Teller, phases};
use crate::judge::diagnosis;
use crate::model::{AnsweredBy, CaptureResult, Diagnosis, Did, Place, RejectionReason, Reply};
use crate::posthog::Client;
use crate::posthog::instance::{self, Instance, Unidentified};

/// What ends a check before its event is read back.
pub(super) type End = (Ending, Diagnosis);

pub(super) async fn identify(client: &Client, plan: &Plan, tell: &mut Teller<'_>) -> Option<End> {
    let api = plan.api().api();
    match instance::identify(client, api).await {
        Ok(found) if found.too_old().is_some() => {
            let summary = format!("This is {found}, and Heartbeat needs {} or later", instance::OLDEST);
            let advice = format!("Upgrade it: {}", instance::UPGRADING);
            let diagnosis = Diagnosis { answered_by: AnsweredBy::Posthog, ..Diagnosis::at(Place::PosthogTooOld, summary) }.advised(advice);
            tell.diagnosed("posthog", &diagnosis);
            return Some((Ending::TooOld, diagnosis));
        }
        Ok(found) => {
            let ailing = matches!(&found, Instance::SelfHosted { down, .. } if !down.is_empty());
            let advice = ailing.then(|| format!("see {api}/_preflight and the logs of what is named here"));
            tell.line(if ailing { Mark::Note } else { Mark::Ok }, "posthog", found.to_string(), advice);
        }
        Err(unknown) => {
            // Where nobody answers there is nothing behind it to be named; what can be done is said of capture.
            let may_be_proxy = plan.api_host.is_none() && matches!(unknown, Unidentified::Strange(_));
            let advice = may_be_proxy.then(|| "if this is a reverse proxy, name the PostHog behind it with --api-host".into());
            tell.line(Mark::Note, "posthog", format!("cannot tell which PostHog this is: {unknown}"), advice);
        }
    }
    None
}

/// Whether the token is known, and the end where it is not.
pub(super) async fn know_token(client: &Client, plan: &Plan, tell: &mut Teller<'_>) -> Result<bool, End> {
    let found = find_token(client, &plan.host, plan.api_host.as_ref(), &plan.token).await;
    let way = plan.way();
    let diagnosis = match &found {
        TokenFound::Here(_) | TokenFound::Lost | TokenFound::CannotTell(_) => {
            tell.line(found.mark(), "token", found.to_string(), None);
            return Ok(matches!(found, TokenFound::Here(_)));
        }
        TokenFound::Elsewhere(other) => diagnosis::wrong_region(&way, *other),
        TokenFound::Nowhere => diagnosis::unknown_token(&way),
        TokenFound::Altered => diagnosis::altered_token(&way),
    };
    tell.line(found.mark(), "token", found.to_string(), diagnosis.advice.clone());
    Err((Ending::TokenUnknown, diagnosis))
}

/// What the receipt says.
pub(super) enum Taken {
    /// By capture, as far as its answer tells.
    Yes,
    /// By nobody, as far as is known; the event may have arrived all the same.
    Perhaps(End),
    No(End),
}

/// Says what the receipt says.
pub(super) fn receive(plan: &Plan, capture_result: &CaptureResult, token_known: bool, tell: &mut Teller<'_>) -> Taken {
    let tries = if capture_result.tries > 1 { format!(", after {} tries", capture_result.tries) } else { String::new() };
    let way = plan.way();
    match &capture_result.reply {
        // 204 is what PostHog says to a beacon, and what anything says that has nothing to say.
        Reply::Accepted { status: 204 } if !token_known && plan.key.is_none() => {
            let excerpt =
                crate::model::ResponseExcerpt { status: 204, did: Some(Did::AnswersItself), ..crate::model::ResponseExcerpt::default() };
            let diagnosis = diagnosis::rejected(&way, RejectionReason::NotPostHog, &excerpt, None);
            tell.diagnosed("capture", &diagnosis);
            Taken::No((Ending::Rejected, diagnosis))
        }
        Reply::Accepted { status } => {
            let mark = if *status == 204 { Mark::Note } else { Mark::Ok };
            tell.line(mark, "capture", format!("accepted with {status}{tries} ({})", phases(&capture_result.phases)), None);
            Taken::Yes
        }
        Reply::Rejected { why, excerpt } => {
            let diagnosis = diagnosis::rejected(&way, *why, excerpt, Some(token_known));
            tell.diagnosed("capture", &diagnosis);
            let end = (Ending::Rejected, diagnosis);
            // Some proxies pass the event on and put an answer of their own in place of PostHog's, or do not wait for it.
            let passed_on = (200..300).contains(&excerpt.status) || excerpt.did == Some(Did::UpstreamSlow);
            if passed_on { Taken::Perhaps(end) } else { Taken::No(end) }
        }
        Reply::Unreachable { at, obstacle, words } => {
            let diagnosis = diagnosis::unreachable(way.address(), *at, *obstacle, words);
            tell.diagnosed("capture", &diagnosis);
            let sent = diagnosis.place == Place::NoAnswer;
            let end = (Ending::Unreachable, diagnosis);
            if sent { Taken::Perhaps(end) } else { Taken::No(end) }
        }
    }
}
