//! The steps before arrival: which PostHog is this, does it know the token, does capture take the event?

use super::token::{COPY_THE_TOKEN, TokenFound, find_token, home};
use super::{Ending, Mark, Plan, phases};
use crate::model::{Endpoint, Receipt, Refusal, Reply};
use crate::posthog::Client;
use crate::posthog::instance::{self, Instance, Unidentified};

pub(super) async fn identify(
    client: &Client,
    plan: &Plan,
    line: &mut impl FnMut(Mark, &'static str, String, Option<String>),
) -> Option<Ending> {
    let api = plan.api_host.as_ref().unwrap_or(&plan.host).api();
    match instance::identify(client, api).await {
        Ok(found) if found.too_old().is_some() => {
            let advice = format!("upgrade it to {} or later: {}", instance::OLDEST, instance::UPGRADING);
            line(Mark::Fail, "posthog", format!("{found}: too old, Heartbeat needs {} or later", instance::OLDEST), Some(advice));
            return Some(Ending::TooOld);
        }
        Ok(found) => {
            let ailing = matches!(&found, Instance::SelfHosted { down, .. } if !down.is_empty());
            let advice = ailing.then(|| format!("see {api}/_preflight and the logs of what is named here"));
            line(if ailing { Mark::Note } else { Mark::Ok }, "posthog", found.to_string(), advice);
        }
        Err(unknown) => {
            // Where nobody answers there is nothing behind it to be named; what can be done is said of capture.
            let may_be_proxy = plan.api_host.is_none() && matches!(unknown, Unidentified::Strange(_));
            let advice = may_be_proxy.then(|| "if this is a reverse proxy, name the PostHog behind it with --api-host".into());
            line(Mark::Note, "posthog", format!("cannot tell which PostHog this is: {unknown}"), advice);
        }
    }
    None
}

pub(super) async fn know_token(
    client: &Client,
    plan: &Plan,
    line: &mut impl FnMut(Mark, &'static str, String, Option<String>),
) -> Option<Ending> {
    let home = home(&plan.host, plan.api_host.as_ref());
    let found = find_token(client, &plan.host, home, &plan.token).await;
    let advice = match &found {
        TokenFound::Here(_) | TokenFound::CannotTell(_) => None,
        TokenFound::Elsewhere(other) => Some(format!("use --host {}", other.name())),
        TokenFound::Nowhere => Some(COPY_THE_TOKEN.to_owned()),
    };
    line(found.mark(), "token", found.to_string(), advice);
    (found.mark() == Mark::Fail).then_some(Ending::TokenUnknown)
}

/// Says what the receipt says; gives the ending, when it is one.
pub(super) fn receive(plan: &Plan, receipt: &Receipt, line: &mut impl FnMut(Mark, &'static str, String, Option<String>)) -> Option<Ending> {
    let tries = if receipt.tries > 1 { format!(", after {} tries", receipt.tries) } else { String::new() };
    match &receipt.reply {
        Reply::Accepted { status } => {
            line(Mark::Ok, "capture", format!("accepted with {status}{tries} ({})", phases(&receipt.phases)), None);
            None
        }
        Reply::Refused { why, quote } => {
            let says = match why {
                // These words are a sentence of ours, which names the status.
                Refusal::Redirect => format!("refused{tries}: {}", quote.words),
                _ => format!("refused{tries}: {} `{}`", quote.status, quote.words.trim()),
            };
            line(Mark::Fail, "capture", says, Some(refusal_advice(*why, plan).into()));
            Some(Ending::Refused)
        }
        Reply::Unreachable { at, words } => {
            let advice = format!("check the address {}, the name server, the firewall and the proxy between", plan.host.capture());
            line(Mark::Fail, "capture", format!("unreachable at {at}{tries}: {words}"), Some(advice));
            Some(Ending::Unreachable)
        }
    }
}

const fn refusal_advice(why: Refusal, plan: &Plan) -> &'static str {
    match why {
        Refusal::Token => "copy the project token (phc_...) again, from Settings > Project > General",
        Refusal::OverQuota => "the project is over its events quota: raise the billing limit, or wait for the next period",
        Refusal::Event => "PostHog did not like the event itself; please report this with the words above",
        Refusal::Throttled => "PostHog limits the rate of this address or token: wait, or find out what else is sending",
        Refusal::Broken => "PostHog's capture is in trouble: see its logs, or its status page",
        Refusal::NoEndpoint => match plan.endpoint {
            Endpoint::V1 => "this PostHog has no v1 endpoint: use --endpoint v0",
            Endpoint::V0 => "there is no capture at this address: check the path, and what the reverse proxy passes on",
        },
        Refusal::Redirect => {
            "events are not sent along redirects: let what stands before PostHog pass this path on, or give the address that the answer names"
        }
        Refusal::NotPostHog => "something else answered in PostHog's place: a proxy, a firewall or a login page; check the address",
    }
}
