//! Incidents, for pages and API: filter, find, acknowledge and snooze.

use std::collections::HashSet;
use std::time::Duration;

use serde::Deserialize;
use utoipa::IntoParams;

use super::error::WebError;
use super::site::Site;
use super::visitor::Visitor;
use super::when::{When, moment};
use crate::config::Problem;
use crate::config::duration;
use crate::model::{Incident, IncidentId, IncidentKind, Invalid, Project, ProjectFilter, ProjectId, ProjectName, Timestamp, span};
use crate::report::{self, IncidentStory};
use crate::settings::ChangeError;
use crate::settings::incident::{Held, Word, find, hold, snooze_time};
use crate::store::{IncidentFilter, IncidentState, Store, StoreError};

pub(super) const STANDS: [&str; 4] = ["open", "acknowledged", "snoozed", "resolved"];
const LONGEST: Duration = Duration::from_hours(30 * 24);
const DAY: Duration = Duration::from_hours(24);
/// A snooze until tomorrow ends at 08:00 UTC, the start of the working day.
const MORNING: Duration = Duration::from_hours(8);

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Sought {
    /// Only incidents of these projects, separated by commas. A name is the one that the project had when the incident opened; the project may be
    /// removed.
    pub(super) project: Option<String>,
    /// Incident kind: `ingestion`, `monitoring` or `traffic`.
    pub(super) incident_kind: Option<String>,
    /// State: `open`, `acknowledged`, `snoozed` or `resolved`.
    pub(super) state: Option<String>,
}

impl Sought {
    /// Empty texts are no filter.
    pub(super) fn which(&self, now: Timestamp) -> Result<IncidentFilter, WebError> {
        let named = ProjectFilter::parse(self.project.as_deref().unwrap_or_default());
        let named = named.map_err(|wrong| WebError::unfit("project", wrong))?;
        let incident_kind = match given(self.incident_kind.as_deref()) {
            None => None,
            Some(text) => {
                let found = IncidentKind::ALL.into_iter().find(|incident_kind| incident_kind.name() == text);
                Some(found.ok_or_else(|| WebError::unfit("incident_kind", "must be ingestion, monitoring or traffic"))?)
            }
        };
        let how = match given(self.state.as_deref()) {
            None => None,
            Some("open") => Some(IncidentState::Open),
            Some("acknowledged") => Some(IncidentState::Acknowledged),
            Some("snoozed") => Some(IncidentState::Snoozed(now)),
            Some("resolved") => Some(IncidentState::Resolved),
            Some(_) => return Err(WebError::unfit("state", "must be open, acknowledged, snoozed or resolved")),
        };
        Ok(IncidentFilter { named, incident_kind, state: how, ..IncidentFilter::default() })
    }
}

fn given(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}

/// Position of an incident in a list, for `after`.
pub(super) fn place_of(incident: &Incident) -> String {
    format!("{}-{}", incident.opened.ms(), incident.id.map_or(0, |id| id.0))
}

pub(super) fn at_place(text: &str) -> Option<(Timestamp, IncidentId)> {
    let (opened, id) = text.split_once('-')?;
    Some((Timestamp::from_ms(opened.parse().ok()?), IncidentId(id.parse().ok()?)))
}

pub(super) async fn found(store: &Store, number: &str) -> Result<Incident, WebError> {
    let id = number.parse::<i64>().map_err(|_| WebError::no("incident", number))?;
    Ok(find(store, id).await?)
}

/// The project is none if it was removed.
pub(super) async fn story(store: &Store, incident: Incident, now: Timestamp) -> Result<(IncidentStory, Option<Project>), StoreError> {
    let project = store.project(&incident.project_name).await?;
    // Another project may have taken the name of one that was removed.
    let project = project.filter(|project| project.id == incident.project);
    let of_incident = report::incident_story(store, incident, project.as_ref(), now).await?;
    Ok((of_incident, project))
}

/// The projects of these incidents about which a maintenance window suppresses the opened notification.
pub(super) async fn silenced(
    store: &Store,
    incidents: impl IntoIterator<Item = &Incident>,
    now: Timestamp,
) -> Result<HashSet<ProjectId>, StoreError> {
    let waiting = incidents.into_iter().filter(|incident| incident.is_open() && incident.announced.is_none());
    let names: Vec<ProjectName> = waiting.map(|incident| incident.project_name.clone()).collect();
    if names.is_empty() {
        return Ok(HashSet::new());
    }
    let windows = store.windows().await?;
    let is_silenced = |project: &Project| windows.iter().any(|window| window.open_until(&project.spec, now).is_some());
    Ok(store.projects_named(&names).await?.iter().filter(|project| is_silenced(project)).map(|project| project.id).collect())
}

/// HTML: how long it lasted; it counts up while the incident is open.
pub(super) fn lasted(incident: &Incident, now: Timestamp) -> String {
    if incident.is_open() { When::counting(incident.began(), now).to_string() } else { span(incident.lasted(now)) }
}

/// CSS class and text of each badge.
pub(super) fn badges(incident: &Incident, silenced: &HashSet<ProjectId>, now: Timestamp) -> Vec<(&'static str, &'static str)> {
    if !incident.is_open() {
        return vec![("resolved", "resolved")];
    }
    let is_silenced = incident.announced.is_none() && silenced.contains(&incident.project);
    let all = [
        (true, ("open", "open")),
        (incident.acknowledged.is_some(), ("acked", "acknowledged")),
        (incident.snoozed_until.is_some_and(|until| until > now), ("snoozed", "snoozed")),
        (is_silenced, ("maintenance", "maintenance")),
    ];
    all.into_iter().filter(|(is, _)| *is).map(|(_, badge)| badge).collect()
}

/// Without words, an acknowledgement by another user is kept: two users may press the same button.
pub(super) fn acknowledged(visitor: &Visitor, words: &str, now: Timestamp) -> Result<Word, Problem> {
    let words = words.trim();
    let by = if words.is_empty() { visitor.who.clone() } else { format!("{}: {words}", visitor.who) };
    let word = Word::acknowledged(&by, now);
    let word = word.map_err(|_| Problem::whole("words", "use one line of at most 200 characters, including your name"))?;
    Ok(if words.is_empty() { word.only_if_free() } else { word })
}

pub(super) fn snoozed(lasts: Option<&str>, until: Option<&str>, now: Timestamp) -> Result<Word, Problem> {
    let lasts = match (given(lasts), given(until)) {
        (Some("tomorrow"), None) => tomorrow(now).since(now),
        (Some(lasts), None) => snooze_time(lasts).map_err(|wrong| Problem::of("for", wrong))?,
        (None, Some(text)) => {
            let until = moment(text).map_err(|wrong| Problem::of("until", wrong))?;
            let lasts = until.since(now);
            if lasts.is_zero() || lasts > LONGEST {
                let longest = duration::show(LONGEST);
                return Err(Problem::of("until", Invalid::malformed(text, format!("in the future, at most {longest} from now"))));
            }
            lasts
        }
        (None, None) => return Err(Problem::whole("until", "give a duration, for example 2h, or an end")),
        (Some(_), Some(_)) => return Err(Problem::of("until", Invalid::CombinedWith("for".into()))),
    };
    Ok(Word::wait(lasts, now))
}

fn tomorrow(now: Timestamp) -> Timestamp {
    let day = i64::try_from(DAY.as_millis()).unwrap_or(i64::MAX);
    Timestamp::from_ms(now.ms().div_euclid(day) * day).plus(DAY + MORNING)
}

pub(super) async fn say(site: &Site, incident: &Incident, word: &Word) -> Result<Held, ChangeError> {
    let number = incident.id.map_or(0, |id| id.0);
    hold(&site.web.store, number, word).await
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2026-11-23T15:10:07Z";

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    #[test]
    fn reminders_wait_for_a_while_or_until_a_time() {
        for (lasts, until, seconds) in [
            (Some("2h"), None, 7200),
            (Some("tomorrow"), Some(" "), 16 * 3600 + 49 * 60 + 53),
            (None, Some("2026-11-23 15:11"), 53),
            (None, Some("2026-11-23T15:11Z"), 53),
            (Some(""), Some("2026-11-23T16:11:00+01:00"), 53),
        ] {
            let word = snoozed(lasts, until, at(NOW)).unwrap();
            assert_eq!(word, Word::wait(Duration::from_secs(seconds), at(NOW)), "{lasts:?} {until:?}");
        }
        for (lasts, until, field) in [
            (Some("soon"), None, "for"),
            (Some("31d"), None, "for"),
            (None, Some("soon"), "until"),
            (None, Some("2026-11-23 15:10"), "until"),
            (None, Some("2027-11-23 15:10"), "until"),
            (None, None, "until"),
            (Some("2h"), Some("2026-11-23 16:10"), "until"),
            (None, Some("ü026-11-23T15:10:000"), "until"),
        ] {
            assert_eq!(snoozed(lasts, until, at(NOW)).unwrap_err().field, field, "{lasts:?} {until:?}");
        }
    }

    #[test]
    fn what_is_sought_is_said_in_words() {
        let sought = |project: &str, incident_kind: &str, state: &str| {
            let some = |text: &str| Some(text.to_owned());
            Sought { project: some(project), incident_kind: some(incident_kind), state: some(state) }.which(at(NOW))
        };
        assert_eq!(sought("", " ", "").unwrap(), IncidentFilter::default());
        let which = sought("shop", "monitoring", "snoozed").unwrap();
        assert_eq!((which.incident_kind, which.state), (Some(IncidentKind::Monitoring), Some(IncidentState::Snoozed(at(NOW)))));
        for (project, incident_kind, state) in [("the shop", "", ""), ("", "bad", ""), ("", "", "bad")] {
            assert!(matches!(sought(project, incident_kind, state), Err(WebError::Unfit(_))));
        }
        for state in STANDS {
            assert!(sought("", "", state).is_ok(), "{state}");
        }
    }

    #[test]
    fn a_place_is_read_back_and_nothing_else_is() {
        assert_eq!(at_place("1795000000000-17"), Some((Timestamp::from_ms(1_795_000_000_000), IncidentId(17))));
        for text in ["", "-", "17", "a-b", "1-2-3"] {
            assert_eq!(at_place(text), None, "{text}");
        }
    }
}
