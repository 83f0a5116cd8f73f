//! What the same response does to the user's own events: PostHog's official libraries lose, duplicate or misdate them. Every sentence was observed
//! with the versions in docs/sdks.md; `tests/sdks/run` repeats the runs.

use crate::model::{AnsweredBy, Diagnosis, Did, Endpoint, Place, ResponseExcerpt};

/// What the libraries do with this response, as one sentence; none if that was not tested.
pub(super) fn effect(excerpt: &ResponseExcerpt, endpoint: Endpoint) -> Option<&'static str> {
    let is_v1 = endpoint == Endpoint::V1;
    Some(match (excerpt.status, excerpt.did) {
        (202, _) => {
            "posthog-node and posthog-rs (v0) count this as sent and silently lose every event; posthog-python sends each batch four times, then reports \
             an error"
        }
        (200..=299, Some(Did::AnswersItself | Did::RequiresLogin | Did::Caches)) => {
            "posthog-python, posthog-node, posthog-js and posthog-rs (v0) count this answer as sent: every event is lost, and no library reports it"
        }
        (301..=303, Some(Did::RequiresLogin)) => {
            "the libraries (v0) follow this redirect to a page, count it as sent and silently lose every event"
        }
        (301..=303, _) => "posthog-python, posthog-node, posthog-js and posthog-rs follow this redirect with a GET and lose every event",
        (307 | 308, _) => {
            "posthog-node on Node 20 and 22 loses every event behind this redirect (four requests each); Node 24, posthog-python and posthog-rs follow it"
        }
        (404, _) if is_v1 => "posthog-python and posthog-node retry three times; posthog-rs loses these events at once",
        (404, _) => "every library loses these events at once",
        (413, _) => {
            "posthog-python, posthog-js and posthog-rs lose the whole batch; posthog-node (v0) halves its batches and keeps them small until it is restarted"
        }
        (429, _) if excerpt.header("retry-after").is_some() => {
            "posthog-js and posthog-rs (v1) lose these events at once; posthog-node (v0) ignores Retry-After and retries every 3 s"
        }
        (429, _) => "posthog-js and posthog-rs lose these events at once; posthog-python and posthog-node retry three times",
        (504, _) => "the libraries resend what PostHog may have accepted: up to four times the load, under the same uuids",
        (520, _) => "posthog-rs, and posthog-python and posthog-node with capture v1, lose these events at once",
        (500 | 502 | 503, _) => {
            "posthog-rs gives up after 0.6 s, posthog-python after 7 s, posthog-node after 9 s; posthog-js retries for about 50 minutes while the page is open"
        }
        _ => return None,
    })
}

/// The diagnosis, with the effect of the same response on the user's own events in its advice.
pub(super) fn with_effect(found: Diagnosis, excerpt: &ResponseExcerpt, endpoint: Endpoint) -> Diagnosis {
    // A rejection of this one event says nothing about other events.
    let is_of_this_event = excerpt.by == AnsweredBy::Posthog && matches!(excerpt.status, 400 | 413);
    let concerns_all = matches!(found.place, Place::Intermediary | Place::Capture) && !is_of_this_event;
    let Some(effect) = effect(excerpt, endpoint).filter(|_| concerns_all) else { return found };
    let advice = found.advice.as_deref().unwrap_or_default();
    let advice = format!("{advice} Your own events: {effect} (docs/sdks.md).").trim_start().to_owned();
    Diagnosis { advice: Some(advice), ..found }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_and_a_page_say_what_they_cost() {
        let excerpt = |status, did| ResponseExcerpt { status, did: Some(did), ..ResponseExcerpt::default() };
        for (excerpt, says) in [
            (excerpt(308, Did::Redirects), "posthog-node on Node 20 and 22 loses every event"),
            (excerpt(302, Did::RequiresLogin), "silently lose"),
            (excerpt(200, Did::AnswersItself), "no library reports it"),
            (excerpt(413, Did::TooLarge), "keeps them small"),
        ] {
            let found = with_effect(Diagnosis::intermediary(Did::Redirects, "x").advised("Do."), &excerpt, Endpoint::V0);
            let advice = found.advice.unwrap();
            assert!(advice.starts_with("Do. Your own events: ") && advice.contains(says), "{advice}");
        }
        let of_token = with_effect(Diagnosis::at(Place::Token, "x"), &excerpt(404, Did::WrongPath), Endpoint::V0);
        assert_eq!(of_token.advice, None);
        assert_eq!(effect(&excerpt(401, Did::RequiresLogin), Endpoint::V0), None);
    }
}
