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
    let advice = format!("{}.", capital(failure.kind.advice()));
    let with = |place: Place, summary: String| Diagnosis::at(place, summary).advised(advice.as_str());
    let found = match failure.kind {
        ReadbackErrorKind::NoKey => with(Place::None, "Arrival is not checked, because there is no personal API key".into()).or(&[
            (Place::Token, None),
            (Place::Quota, None),
            (Place::Pipeline, None),
        ]),
        ReadbackErrorKind::TooOld => with(Place::PosthogTooOld, capital(&failure.says())),
        ReadbackErrorKind::Unreachable => {
            let reached = unreachable(address.clone(), excerpt.at.unwrap_or(Phase::Answer), excerpt.obstacle, &excerpt.words);
            Diagnosis { summary: cannot_ask(&reached.summary), ..reached }
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
        ReadbackErrorKind::KeyWrong => with(Place::PersonalKey, format!("PostHog rejects the personal API key: {response}")),
        ReadbackErrorKind::KeyForbidden if excerpt.status == 0 => with(Place::PersonalKey, capital(&failure.says())),
        ReadbackErrorKind::KeyForbidden => with(Place::PersonalKey, format!("The personal API key may not query this project: {response}")),
        ReadbackErrorKind::NoSuchProject => {
            let words = if excerpt.status == 0 {
                capital(&failure.says())
            } else {
                format!("The personal API key sees no such project: {response}")
            };
            with(Place::PersonalKey, words)
        }
        ReadbackErrorKind::Broken if !down.is_empty() => {
            Diagnosis::at(Place::Query, format!("PostHog's query API is failing ({response}), and PostHog says that {down}"))
                .advised("The problem is in PostHog: check the logs of the part that is named.")
        }
        ReadbackErrorKind::Broken => with(Place::Query, format!("PostHog's query API is failing: {response}")),
        ReadbackErrorKind::KeyNotReceived => Diagnosis::intermediary(
            Did::DropsAuthorization,
            format!("The Authorization header does not get through {place}: PostHog answers {response}"),
        )
        .advised(advice.as_str()),
        ReadbackErrorKind::WhichProject => with(Place::PersonalKey, capital(&failure.says())),
        ReadbackErrorKind::TooExpensive => with(Place::Query, format!("The query reads more than PostHog allows an API key: {response}")),
        ReadbackErrorKind::QueryQuota => with(Place::Query, format!("The API queries of the plan are used up: {response}")),
        ReadbackErrorKind::BudgetUsedUp => with(Place::Query, format!("The project's hourly API read budget is used up: {response}")),
        ReadbackErrorKind::DatabaseUnavailable => with(Place::Query, format!("PostHog's own database is unavailable: {response}")),
        ReadbackErrorKind::Throttled => with(Place::Query, format!("PostHog limits the rate of queries: {response}")),
        ReadbackErrorKind::QueryRejected => with(Place::Query, format!("PostHog does not accept the query: {response}")),
        ReadbackErrorKind::NotPostHog => {
            Diagnosis::intermediary(Did::AnswersItself, format!("Something that is not PostHog's API answers at {place}: {response}"))
                .advised(advice.as_str())
        }
    };
    let answered_by = match found.answered_by {
        AnsweredBy::Unknown => excerpt.by,
        known => known,
    };
    Diagnosis { answered_by, shown_by: excerpt.signs.clone(), address: found.address.clone().or(address), ..found }
}
