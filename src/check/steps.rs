//! The steps before arrival: identify PostHog, verify the token, evaluate the answer of capture. Each step reports a line;
//! `judge` makes the diagnosis.

use super::token::{TokenFound, find_token};
use super::{Checker, Ending, Mark, Sent, phases};
use crate::judge::diagnosis;
use crate::model::{AnsweredBy, Diagnosis, Did, Place, RejectionReason, Reply, ResponseExcerpt};
use crate::posthog::instance::{self, Instance, Unidentified};

/// A result that ends the check before its event is read back.
pub(super) type End = (Ending, Diagnosis);

/// Whether capture accepted the event.
pub(super) enum Acceptance {
    Yes,
    /// Not confirmed; the event may still have arrived.
    Unconfirmed(End),
    No(End),
}

impl Checker<'_> {
    pub(super) async fn identify(&mut self) -> Option<End> {
        let api = self.plan.api().api();
        match instance::identify(self.client, api).await {
            Ok(found) if found.too_old().is_some() => {
                let summary = format!("This is {found}, and Heartbeat needs {} or later", instance::OLDEST);
                let advice = format!("Upgrade it: {}", instance::UPGRADING);
                let diagnosis =
                    Diagnosis { answered_by: AnsweredBy::Posthog, ..Diagnosis::at(Place::PosthogTooOld, summary) }.advised(advice);
                self.diagnosed("posthog", &diagnosis);
                return Some((Ending::TooOld, diagnosis));
            }
            Ok(found) => {
                let ailing = matches!(&found, Instance::SelfHosted { down, .. } if !down.is_empty());
                let advice = ailing.then(|| format!("see {api}/_preflight and the logs of these services"));
                self.line(if ailing { Mark::Note } else { Mark::Ok }, "posthog", found.to_string(), advice);
            }
            Err(unknown) => {
                // Without an answer there is no PostHog behind a proxy to name; the capture step gives the advice.
                let may_be_proxy = self.plan.api_host.is_none() && matches!(unknown, Unidentified::Strange(_));
                let advice = may_be_proxy.then(|| "if this is a reverse proxy, name the PostHog behind it with --api-host".into());
                self.line(Mark::Note, "posthog", format!("cannot identify this PostHog: {unknown}"), advice);
            }
        }
        None
    }

    /// Whether PostHog knows the token.
    pub(super) async fn verify_token(&mut self) -> Result<bool, End> {
        let plan = self.plan;
        let found = find_token(self.client, &plan.host, plan.api_host.as_ref(), &plan.token).await;
        let way = plan.way();
        let diagnosis = match &found {
            TokenFound::Here(_) | TokenFound::Lost | TokenFound::CannotTell(_) => {
                self.line(found.mark(), "token", found.to_string(), None);
                return Ok(matches!(found, TokenFound::Here(_)));
            }
            TokenFound::Elsewhere(other) => diagnosis::wrong_region(&way, *other),
            TokenFound::Nowhere => diagnosis::unknown_token(&way),
            TokenFound::Altered => diagnosis::altered_token(&way),
        };
        self.line(found.mark(), "token", found.to_string(), diagnosis.advice.clone());
        Err((Ending::TokenUnknown, diagnosis))
    }

    pub(super) fn receive(&mut self, sent: &Sent<'_>) -> Acceptance {
        let Sent { capture_result, token_known, .. } = *sent;
        let tries = if capture_result.tries > 1 { format!(", after {} tries", capture_result.tries) } else { String::new() };
        let way = self.plan.way();
        match &capture_result.reply {
            // PostHog answers 204 to a beacon; anything else may also answer 204.
            Reply::Accepted { status: 204 } if !token_known && self.plan.key.is_none() => {
                let excerpt = ResponseExcerpt { status: 204, did: Some(Did::AnswersItself), ..ResponseExcerpt::default() };
                let diagnosis = diagnosis::rejected(&way, RejectionReason::NotPostHog, &excerpt, None);
                self.diagnosed("capture", &diagnosis);
                Acceptance::No((Ending::Rejected, diagnosis))
            }
            Reply::Accepted { status } => {
                let mark = if *status == 204 { Mark::Note } else { Mark::Ok };
                self.line(mark, "capture", format!("accepted with {status}{tries} ({})", phases(&capture_result.phases)), None);
                Acceptance::Yes
            }
            Reply::Rejected { why, excerpt } => {
                let diagnosis = diagnosis::rejected(&way, *why, excerpt, Some(token_known));
                self.diagnosed("capture", &diagnosis);
                let end = (Ending::Rejected, diagnosis);
                // Some proxies forward the event and replace PostHog's answer, or do not wait for it.
                let passed_on = (200..300).contains(&excerpt.status) || excerpt.did == Some(Did::UpstreamSlow);
                if passed_on { Acceptance::Unconfirmed(end) } else { Acceptance::No(end) }
            }
            Reply::Unreachable { at, obstacle, words } => {
                let diagnosis = diagnosis::unreachable(way.address(), *at, *obstacle, words);
                self.diagnosed("capture", &diagnosis);
                let sent = diagnosis.place == Place::NoAnswer;
                let end = (Ending::Unreachable, diagnosis);
                if sent { Acceptance::Unconfirmed(end) } else { Acceptance::No(end) }
            }
        }
    }
}
