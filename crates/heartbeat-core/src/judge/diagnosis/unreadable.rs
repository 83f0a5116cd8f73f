//! A failed read-back: events cannot be read, which says nothing about whether they arrive.

use super::answered::{api_place, of_intermediary};
use super::unreachable::unreachable;
use super::way::{Way, quoted};
use crate::model::{AnsweredBy, Diagnosis, Did, Parts, Phase, Place, ReadbackError, ReadbackErrorKind, capital};

/// `PostHog's API cannot be queried: the proxy at ...`
fn cannot_ask(why: &str) -> String {
    let is_name = why.starts_with("PostHog") || why.chars().nth(1).is_some_and(char::is_uppercase);
    let mut letters = why.chars();
    let first = letters.next().map(|first| if is_name { first.to_string() } else { first.to_lowercase().to_string() });
    format!("PostHog's API cannot be queried: {}{}", first.unwrap_or_default(), letters.as_str())
}

/// Diagnoses a failed read-back. `down` are the parts that PostHog reports as down, if it was asked.
#[must_use]
pub fn unreadable(way: &Way<'_>, failure: &ReadbackError, down: Parts) -> Diagnosis {
    let address = way.api_address();
    let place = api_place(address.as_ref(), way.api.api());
    let excerpt = &failure.excerpt;
    let response = quoted(excerpt.status, &excerpt.words);
    // A replay knows the kind of the error only.
    let is_quoted = excerpt.status != 0 || !excerpt.words.is_empty();
    let quoting = |words: &str| if is_quoted { format!("{words}: {response}") } else { words.to_owned() };
    let own = |otherwise: &str| Some(capital(&failure.says())).filter(|says| !says.is_empty()).unwrap_or_else(|| otherwise.to_owned());
    let advice = format!("{}.", capital(failure.kind.advice()));
    let with = |place: Place, summary: String| Diagnosis::at(place, summary).advised(advice.as_str());
    let found = match failure.kind {
        ReadbackErrorKind::NoKey => with(Place::None, "Arrival is not checked, because there is no personal API key".into()).or(&[
            (Place::Token, None),
            (Place::Quota, None),
            (Place::Pipeline, None),
        ]),
        ReadbackErrorKind::TooOld => with(Place::PosthogTooOld, own("PostHog is too old")),
        ReadbackErrorKind::Unreachable => {
            let reached = unreachable(address.clone(), excerpt.at.unwrap_or(Phase::Answer), excerpt.obstacle, &excerpt.words);
            let summary =
                if is_quoted || excerpt.at.is_some() { cannot_ask(&reached.summary) } else { "PostHog's API does not answer".into() };
            Diagnosis { summary, ..reached }
        }
        // An intermediary answered, or removed something from the query.
        _ if excerpt.did.is_some() && excerpt.by != AnsweredBy::Unknown => {
            let found = of_intermediary(way, excerpt, &place, way.api.api());
            let past = "Or bypass it: give PostHog's own address as the API host (api_host, --api-host).";
            if found.did == Some(Did::WrongPath) {
                let summary = cannot_ask(&format!("There is no API at this path of {place}: the answer is {response}"));
                Diagnosis { summary, ..found }
                    .advised(format!("Let the proxy at {place} pass on /api/ as well as the paths of capture. {past}"))
            } else {
                let advice = format!("{} {past}", found.advice.as_deref().unwrap_or_default());
                Diagnosis { summary: cannot_ask(&found.summary), ..found }.advised(advice)
            }
        }
        ReadbackErrorKind::KeyWrong => with(Place::PersonalKey, quoting("PostHog rejects the personal API key")),
        ReadbackErrorKind::KeyForbidden if excerpt.status == 0 => {
            with(Place::PersonalKey, own("The personal API key may not query this project"))
        }
        ReadbackErrorKind::KeyForbidden => with(Place::PersonalKey, quoting("The personal API key may not query this project")),
        ReadbackErrorKind::NoSuchProject => {
            let words = "The personal API key sees no such project";
            with(Place::PersonalKey, if excerpt.status == 0 { own(words) } else { quoting(words) })
        }
        ReadbackErrorKind::Broken if !down.is_empty() => {
            Diagnosis::at(Place::Query, format!("PostHog's query API is failing ({response}), and PostHog says that {down}"))
                .advised("The problem is in PostHog: check the logs of the part that is named.")
        }
        ReadbackErrorKind::Broken => with(Place::Query, quoting("PostHog's query API is failing")),
        ReadbackErrorKind::KeyNotReceived => {
            let answer = if is_quoted { format!(": PostHog answers {response}") } else { String::new() };
            Diagnosis::intermediary(Did::DropsAuthorization, format!("The Authorization header does not get through {place}{answer}"))
                .advised(advice.as_str())
        }
        ReadbackErrorKind::WhichProject => {
            with(Place::PersonalKey, own("The personal API key sees several projects, and the project id is not set"))
        }
        ReadbackErrorKind::TooExpensive => with(Place::Query, quoting("The query reads more than PostHog allows an API key")),
        ReadbackErrorKind::QueryQuota => with(Place::Query, quoting("The API queries of the plan are used up")),
        ReadbackErrorKind::BudgetUsedUp => with(Place::Query, quoting("The project's hourly API read budget is used up")),
        ReadbackErrorKind::DatabaseUnavailable => with(Place::Query, quoting("PostHog's own database is unavailable")),
        ReadbackErrorKind::Throttled => with(Place::Query, quoting("PostHog limits the rate of queries")),
        ReadbackErrorKind::QueryRejected => with(Place::Query, quoting("PostHog does not accept the query")),
        ReadbackErrorKind::NotPostHog => {
            Diagnosis::intermediary(Did::AnswersItself, quoting(&format!("Something that is not PostHog's API answers at {place}")))
                .advised(advice.as_str())
        }
    };
    let answered_by = match found.answered_by {
        AnsweredBy::Unknown => excerpt.by,
        known => known,
    };
    Diagnosis { answered_by, shown_by: excerpt.signs.clone(), address: found.address.clone().or(address), ..found }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Host, ProjectName, ProjectSpec, ProjectToken, ResponseExcerpt};

    #[test]
    fn a_replayed_error_has_words_and_no_status() {
        let host = Host::parse("https://posthog.example.com").unwrap();
        let spec = ProjectSpec::new(ProjectName::parse("shop").unwrap(), host, ProjectToken::parse("phc_a").unwrap());
        for kind in ReadbackErrorKind::ALL {
            let failure = ReadbackError::quoting(kind, ResponseExcerpt::default());
            let summary = unreadable(&Way::to_host(&spec), &failure, Parts::default()).summary;
            assert!(!summary.is_empty() && !summary.contains(" 0"), "{kind:?}: {summary}");
        }
    }
}
