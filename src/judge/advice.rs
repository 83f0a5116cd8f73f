//! What to do about a cause: the same advice for a verdict and for an incident, which keeps only the cause's code.

use super::cause::Cause;

impl Cause {
    /// What to do about it, in a sentence with a full stop; none where its own words say that already.
    #[must_use]
    pub fn advice(&self) -> Option<&'static str> {
        match self {
            Self::OnlyRoute { cause, .. } => Some(match cause.as_ref() {
                Self::CaptureRefuses { .. } | Self::CaptureUnreachable { .. } => {
                    "The other routes are taken: look at what stands on the way of this one, its reverse proxy first."
                }
                _ => "The other routes arrive: look at what the reverse proxy on this one changes in an event.",
            }),
            other => advice(other.code()),
        }
    }
}

/// What to do about the cause of this code ([`Cause::code`]), in a sentence with a full stop; none where the cause's own words say that already, or
/// where there is no such code.
#[must_use]
pub fn advice(code: &str) -> Option<&'static str> {
    Some(match code {
        "capture_refuses" => {
            "Capture answered and did not take them: its words say why. Look at the project token, at billing, and at capture's own logs; where the \
             words are not PostHog's, at the proxy, firewall or login page before it."
        }
        "capture_unreachable" => {
            "Capture did not answer: look at the name server, the firewall, the certificate and the proxy between, in that order."
        }
        "not_queryable" => {
            "The way is broken behind capture: look at the queue's lag, the ingestion workers' logs and ClickHouse; on Cloud at PostHog's status page, and \
             at the project's billing."
        }
        "parts_down" => {
            "Look at the logs of the part that is named; ingestion goes on when it is up again, and nothing that was accepted is lost."
        }
        "token_unknown" => {
            "Compare the project token with that under Settings > Project in PostHog, and the host with the region where the project is."
        }
        "wrong_region" => "Set the project's host to the region that is named: what is sent to the other one is dropped.",
        "over_quota" => "Raise the limit on PostHog's billing page, or wait for the next billing period: until then events are dropped.",
        "only_route" => "The other routes are well: look at what stands on the way of this one, its reverse proxy first.",
        "some_partitions" => "One ingestion worker is stuck while the others work: look at the lag of each of the queue's partitions.",
        "not_running" => "Start `heartbeat run`, or see why it ended; the minutes without a beat are ours, and are not sent later.",
        "no_events" => "Look at whoever should send them: the application, its PostHog library, and the way to capture.",
        "quiet" => "PostHog is well. Look at whoever should send events: the application and its PostHog library.",
        // Its words are those of the failure, with the advice in them.
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::judge::Others;
    use crate::model::{LookFailure, LookTrouble, Parts, Phase, Quote, Region};

    #[test]
    fn every_cause_that_does_not_say_what_to_do_has_advice() {
        let waited = Duration::ZERO;
        let not_queryable = Cause::NotQueryable { waited, others: Others::Untold, token_known: false };
        let causes = [
            Cause::CaptureRefuses { words: String::new() },
            Cause::CaptureUnreachable { at: Phase::Dns, words: String::new() },
            not_queryable.clone(),
            Cause::PartsDown { waited, down: Parts::default() },
            Cause::TokenUnknown,
            Cause::TokenElsewhere(Region::Eu),
            Cause::OverQuota,
            Cause::SomePartitions { fresh_missing: true },
            Cause::NotRunning,
            Cause::NoEvents { within: waited, newest: None, heartbeats: None },
            Cause::Quiet { within: waited, newest: None },
            Cause::OnlyRoute { route: "proxy".into(), cause: Box::new(not_queryable) },
        ];
        for cause in &causes {
            assert!(cause.advice().is_some_and(|advice| advice.ends_with('.')), "{cause:?}");
            assert!(advice(cause.code()).is_some(), "an incident keeps the code alone: {}", cause.code());
        }
        let failure = LookFailure { trouble: LookTrouble::Throttled, quote: Quote::default(), retry_after: None, note: None };
        assert_eq!(Cause::CannotLook(failure).advice(), None, "its words say what to do");
    }
}
