//! An event that was accepted and cannot be queried.

use std::time::Duration;

use super::answered::{broken_at, over_quota};
use super::fix::fix;
use super::way::Way;
use crate::model::{
    AnsweredBy, Diagnosis, Did, Filter, FilterKind, Parts, Place, Readback, Region, Signs, Timestamp, TokenStatus, Traffic, span,
};

#[derive(Debug, Clone, Copy)]
pub struct Missing {
    /// Of the oldest one.
    pub waited: Duration,
    /// The status of the response; a 204 could be anyone's.
    pub status: Option<u16>,
    pub others: Others,
    /// What happens to events with this token; none if it was not checked.
    pub token_status: Option<TokenStatus>,
    pub down: Parts,
    pub direct: Direct,
    /// Whether events sent through the proxy reach PostHog's capture; none if unknown.
    pub reaches_capture: Option<bool>,
    /// Whether they have been missing for longer than `late_after`.
    pub is_overdue: bool,
    /// Whether the project that is read is proven to be the token's: an event of ours was seen there, or the key was checked.
    pub is_proven: bool,
}

/// Events sent straight to PostHog, or through another proxy, in the same minutes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Direct {
    /// None was sent, or nothing is known yet.
    #[default]
    Unknown,
    Arrives,
    Missing,
    /// They arrive, and so does another event through the proxy: the way is not to blame.
    BothArrive,
}

/// The project's other events, while a beat is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Others {
    /// No read-back succeeded.
    Untold,
    /// None in the last 30 minutes.
    Absent,
    /// None is newer than the missing beat.
    Stopped { newest: Timestamp },
    /// Some are newer than the missing beat.
    Arrive { newest: Timestamp },
}

impl Others {
    /// The newest read-back's traffic, compared with a beat that had been missing for `waited` by then.
    #[must_use]
    pub fn in_readback(readback: Option<&Readback>, waited: Duration) -> Self {
        let Some((readback, traffic)) = readback.and_then(|readback| readback.result.as_ref().ok().map(|traffic| (readback, traffic)))
        else {
            return Self::Untold;
        };
        match traffic.newest {
            _ if traffic.others == 0 => Self::Absent,
            None => Self::Untold,
            // A timestamp in the future proves nothing.
            Some(newest) if newest > readback.at.plus(Traffic::CLOCKS_AHEAD) => Self::Untold,
            Some(newest) if newest > readback.at.minus(waited) => Self::Arrive { newest },
            Some(newest) => Self::Stopped { newest },
        }
    }
}

#[must_use]
pub fn missing(way: &Way<'_>, facts: &Missing) -> Diagnosis {
    let waited = span(facts.waited);
    let place = way.place();
    let accepted = format!("Events are accepted at {place}, and cannot be queried after {waited}");
    let behind_proxy = |did: Did, summary: String| {
        Diagnosis::intermediary(did, summary).titled(broken_at(&Signs::default())).advised(fix(did, &Signs::default(), &place))
    };
    let found = match (facts.token_status, facts.direct) {
        (Some(TokenStatus::Altered), _) => altered_token(way),
        (Some(TokenStatus::Rewritten), _) => rewritten(way),
        (_, Direct::Arrives) if facts.status == Some(204) => {
            behind_proxy(Did::AnswersItself, format!("Something at {place} answers 204 in PostHog's place: events that bypass it arrive"))
                .or(&[(Place::Intermediary, Some(Did::Swallows))])
        }
        (_, Direct::Arrives) => {
            let broken = format!("The way through {place} is broken");
            match facts.reaches_capture {
                Some(true) => behind_proxy(
                    Did::AltersToken,
                    format!(
                        "{broken}: a PostHog behind it accepts the events, but they never arrive in this project; events that bypass it do"
                    ),
                )
                .or(&[(Place::Intermediary, Some(Did::WrongUpstream))]),
                Some(false) => behind_proxy(
                    Did::Swallows,
                    format!(
                        "{broken}: it accepts everything, even what PostHog rejects, but the events never arrive; events that bypass it do"
                    ),
                )
                .or(&[(Place::Intermediary, Some(Did::Caches))]),
                None => {
                    behind_proxy(Did::Swallows, format!("{broken}: events are accepted there but never arrive; events that bypass it do"))
                        .or(&[
                            (Place::Intermediary, Some(Did::AltersToken)),
                            (Place::Intermediary, Some(Did::WrongUpstream)),
                            (Place::Intermediary, Some(Did::Caches)),
                        ])
                }
            }
        }
        (Some(TokenStatus::Unknown), _) => unknown_token(way),
        (Some(TokenStatus::Elsewhere(region)), _) => wrong_region(way, region),
        (Some(TokenStatus::OverQuota), _) => over_quota("Events are accepted and dropped: the project is over its events quota".to_owned()),
        _ if facts.status == Some(204) => {
            behind_proxy(Did::AnswersItself, format!("{accepted}: the address answers 204, as PostHog does only to a beacon"))
                .or(&[(Place::Pipeline, None), (Place::Intermediary, Some(Did::Swallows))])
        }
        // While other events arrive, the pipeline works.
        _ if facts.down.carry_events() && !matches!(facts.others, Others::Arrive { .. }) => Diagnosis::at(
            Place::Pipeline,
            format!("{accepted}: PostHog says that {}", facts.down),
        )
        .advised(
            "Look at the logs of the part that is named. Ingestion continues when it is up again; accepted events are kept in the queue.",
        ),
        _ => stuck(way, facts, &accepted),
    };
    let answered_by = if facts.status == Some(204) { AnsweredBy::Unknown } else { AnsweredBy::Posthog };
    Diagnosis {
        answered_by: if found.place == Place::Intermediary { AnsweredBy::Intermediary } else { answered_by },
        address: way.address(),
        ..found
    }
}

/// Something accepts everything that is sent there and passes nothing on.
#[must_use]
pub fn takes_everything(way: &Way<'_>) -> Diagnosis {
    let place = way.place();
    let found = Diagnosis::intermediary(Did::Swallows, format!("Something at {place} accepts everything, even what PostHog rejects"))
        .titled(broken_at(&Signs::default()))
        .advised(fix(Did::AnswersItself, &Signs::default(), &place));
    Diagnosis { address: way.address(), ..found }
        .or(&[(Place::Intermediary, Some(Did::AnswersItself)), (Place::Intermediary, Some(Did::Caches))])
}

fn stuck(way: &Way<'_>, facts: &Missing, accepted: &str) -> Diagnosis {
    if facts.direct == Direct::BothArrive {
        let summary = format!("{accepted}; other events of Heartbeat arrive the same way, so only the beats are dropped or stuck");
        return Diagnosis::at(Place::Filtered, summary)
            .advised(
                "Look at the project's event filters and transformations (Data pipeline), which may drop events by name; and at the lag of each of the queue's \
                 partitions, since a beat's distinct id always uses the same one.",
            )
            .or(&[(Place::Partition, None), (Place::Pipeline, None)]);
    }
    let proxy = way.is_through_proxy().then_some((Place::Intermediary, Some(Did::Swallows)));
    let or = |found: Diagnosis, others: &[(Place, Option<Did>)]| {
        let other_project = (!facts.is_proven).then_some((Place::PersonalKey, None));
        let proxy = proxy.filter(|_| facts.direct == Direct::Unknown);
        let found = found.or(&other_project.into_iter().chain(others.iter().copied()).chain(proxy).collect::<Vec<_>>());
        if facts.is_proven {
            return found;
        }
        let advice = format!(
            "No beat was ever seen in the project that the personal API key reads: make sure that it is the project of the token. {}",
            found.advice.as_deref().unwrap_or_default()
        );
        found.advised(advice)
    };
    let token_known = facts.token_status == Some(TokenStatus::Known);
    if let Others::Arrive { newest } = facts.others {
        let summary =
            format!("{accepted}; other events arrive, the newest from {} UTC: only Heartbeat's own are missing", newest.time_of_day());
        let found = Diagnosis::at(Place::Filtered, summary).advised(
            "Look at the project's event filters and transformations (Data pipeline), which may drop unknown events; and at the reverse proxy, \
             if Heartbeat sends through one and your applications do not.",
        );
        return or(found, &[(Place::Partition, None), (Place::Pipeline, None)]);
    }
    let others = match facts.others {
        Others::Absent => "; there is no other event of the last 30 minutes either".to_owned(),
        Others::Stopped { newest } => format!("; the newest other event is from {} UTC", newest.time_of_day()),
        Others::Untold | Others::Arrive { .. } => String::new(),
    };
    let known = if token_known { "; the project token is known" } else { "" };
    if !facts.is_overdue {
        return or(Diagnosis::at(Place::Pipeline, format!("{accepted}{others}{known}")), &[]);
    }
    let found = Diagnosis::at(Place::Pipeline, format!("{accepted}{others}{known}: ingestion behind capture is stuck or slow")).advised(
        "Self-hosted: look at the lag of the queue (Kafka consumer group of the ingestion workers), the workers' logs and ClickHouse. On Cloud: \
         status.posthog.com, and the project's billing page, since events over the quota are accepted and dropped.",
    );
    if token_known {
        or(found, &[(Place::Quota, None), (Place::Filtered, None)])
    } else {
        or(found, &[(Place::Token, None), (Place::Quota, None), (Place::Filtered, None)])
    }
}

/// The event arrived under another uuid: an intermediary rewrites events, and PostHog no longer deduplicates retries.
#[must_use]
pub fn rewritten(way: &Way<'_>) -> Diagnosis {
    let place = way.place();
    let summary = format!("Events sent through {place} arrive under other uuids: the proxy rewrites them");
    let found = Diagnosis::intermediary(Did::WrongUpstream, summary).titled("a proxy rewrites events").advised(
        "Let the proxy pass request bodies on unchanged. With new uuids PostHog stores each retry as a separate event, and Heartbeat cannot find its beats.",
    );
    Diagnosis { address: way.address(), ..found }.or(&[(Place::Intermediary, Some(Did::AltersToken))])
}

#[must_use]
pub fn filtered(way: &Way<'_>, filter: &Filter) -> Diagnosis {
    let excerpt = if filter.excerpt.is_empty() { String::new() } else { format!(" (“{}”)", filter.excerpt) };
    let advice = match filter.kind {
        FilterKind::EventFilter => {
            "Let the event filter pass Heartbeat's events (Data pipeline > Event filters): an allow-list drops every event that it does not name."
        }
        FilterKind::Transformation => {
            "Look at the project's transformations (Data pipeline > Transformations): let them pass Heartbeat's events."
        }
        FilterKind::Restriction => "PostHog's staff has restricted this project: contact PostHog's support.",
        FilterKind::Warning => "Look at the project's ingestion warnings (Data management > Ingestion warnings).",
    };
    let found = Diagnosis::at(Place::Filtered, format!("Events are accepted and dropped: {}{excerpt}", filter.says)).advised(advice);
    let title = Some("PostHog drops the events".into());
    Diagnosis { title, answered_by: AnsweredBy::Posthog, address: way.address(), ..found }
}

/// PostHog knows the token, but behind the proxy it is unknown.
#[must_use]
pub fn altered_token(way: &Way<'_>) -> Diagnosis {
    let place = way.place();
    let summary = format!(
        "The project token does not get through {place} as it was sent: PostHog itself knows it, but behind the proxy it is not known"
    );
    let found = Diagnosis::intermediary(Did::AltersToken, summary).titled(broken_at(&Signs::default())).advised(fix(
        Did::AltersToken,
        &Signs::default(),
        &place,
    ));
    Diagnosis { address: way.address(), ..found }.or(&[(Place::Intermediary, Some(Did::WrongUpstream))])
}

#[must_use]
pub fn unknown_token(way: &Way<'_>) -> Diagnosis {
    let place = way.place();
    let found = Diagnosis::at(
        Place::Token,
        format!("The PostHog at {place} does not know the project token: events with it are answered 200 and dropped"),
    );
    let title = Some("the project token is unknown, events are dropped".into());
    Diagnosis { answered_by: AnsweredBy::Posthog, address: way.address(), title, ..found }.advised(
        "Copy the project token (phc_...) again, from Settings > Project > General. It belongs to one PostHog, and on Cloud to one region: compare the host \
         with the address that the project's pages have in your browser.",
    )
}

#[must_use]
pub fn wrong_region(way: &Way<'_>, region: Region) -> Diagnosis {
    let name = region.name();
    let upper = name.to_ascii_uppercase();
    let summary = format!("The project token belongs to a project in PostHog Cloud {upper}, another region: events sent here are dropped");
    let found = Diagnosis::at(Place::Token, summary).advised(format!("Set the host to {name}."));
    let title = Some("the project token is of another region, events are dropped".into());
    Diagnosis { answered_by: AnsweredBy::Posthog, address: way.address(), title, ..found }
}
