//! Messages about an incident: opened, escalated, reminder, resolved.

use std::borrow::Cow;

use url::Url;

use super::{mark, moment, sentence, without_incident};
use crate::model::{
    Counts, Diagnosis, Incident, IncidentFacts, IncidentKind, Message, Minute, NotificationKind, Place, RuleHeadline, Timestamp, count,
    span,
};

/// The message about `incident` at `at`. `ending` says what happened to the data, once the incident has ended.
#[must_use]
pub fn of_incident(kind: NotificationKind, incident: &Incident, ending: Option<&str>, at: Timestamp) -> Message {
    let headline = headline(incident);
    let problem = headline.with_counts(incident);
    let lasted = span(incident.lasted(at));
    let project = &incident.project_name;
    let says = match kind {
        NotificationKind::Resolved => {
            let title = incident.why_ended().map_or(Cow::Borrowed(headline.over), Cow::Owned);
            format!("{project}: {title} (after {lasted})")
        }
        NotificationKind::Reminder => format!("{project}: still: {problem} (for {lasted})"),
        NotificationKind::Escalated => format!("{project}: escalated: {problem} (for {lasted})"),
        _ => self::problem(incident),
    };
    let mut lines = match kind {
        NotificationKind::Resolved => ended(incident, ending, &lasted, at),
        _ => what_is_wrong(incident),
    };
    lines.extend(kind_of_failure(incident).map(Cow::into_owned));
    lines.extend(minutes(incident, at));
    if kind != NotificationKind::Resolved && incident.incident_kind == IncidentKind::Ingestion {
        lines.extend(so_far(incident));
    }
    lines.push(reference(kind, incident, at));
    let title = format!("[{}] {says}", mark(kind, incident));
    Message {
        project: project.to_string(),
        incident: Some(facts(incident, at)),
        ..without_incident(kind, incident.severity, title, lines.join("\n"), at)
    }
}

/// The resolved message for a receiver that was never notified of the opening.
#[must_use]
pub fn merged(resolved: &Message) -> Message {
    let Some(facts) = &resolved.incident else { return resolved.clone() };
    let closed = facts.closed.unwrap_or(resolved.at);
    let (from, to) = (moment(facts.opened, resolved.at), moment(closed, resolved.at));
    let late = format!("This could not be sent while it lasted: it opened at {from} and ended at {to}.");
    let cause = format!("While it lasted: {}.", facts.cause.trim_end_matches('.'));
    let rest = resolved.text.lines().filter(|line| *line != cause);
    let text = [late.as_str(), cause.as_str()].into_iter().chain(rest).collect::<Vec<_>>().join("\n");
    Message { merged: true, title: format!("{}, sent late", resolved.title), text, ..resolved.clone() }
}

/// The message with a link to the incident's page at this public address; a sample links to the list.
#[must_use]
pub fn linked(message: &Message, public: &Url) -> Message {
    let linked = |facts: IncidentFacts| {
        if message.test {
            return IncidentFacts { url: public.join("incidents").ok().map(String::from), ..facts };
        }
        facts.linked(Some(public))
    };
    Message { incident: message.incident.clone().map(linked), ..message.clone() }
}

#[must_use]
pub fn facts(incident: &Incident, at: Timestamp) -> IncidentFacts {
    let tally = &incident.tally;
    IncidentFacts {
        id: incident.id.map_or(0, |id| id.0),
        key: incident.key(),
        incident_kind: incident.incident_kind.to_string(),
        rules: incident.rules.iter().map(ToString::to_string).collect(),
        cause_code: incident.cause.code(),
        cause: incident.cause.summary.clone(),
        diagnosis: diagnosis(incident),
        url: None,
        opened: incident.opened,
        closed: incident.closed,
        ended_because: incident.ended_because.map(|because| because.name().to_owned()),
        lasted_ms: incident.lasted(at).as_millis() as u64,
        noticed_after_ms: incident.first_bad.map(|_| incident.noticed_after().as_millis() as u64),
        first_bad: incident.first_bad.map(Minute::start),
        last_good: incident.last_good.map(Minute::start),
        beats_sent: tally.sent,
        beats_late: tally.late,
        beats_missing: tally.missing,
        beats_lost: tally.lost,
        beats_rejected: tally.rejected + tally.unreachable,
        beats_duplicated: tally.duplicated,
    }
}

/// The diagnosis for output: a full sentence, the first bad minute, and the counted beats.
fn diagnosis(incident: &Incident) -> Diagnosis {
    let (cause, tally) = (incident.cause.clone(), &incident.tally);
    let counts = Counts {
        beats: tally.sent,
        arrived: tally.arrived,
        late: tally.late,
        missing: tally.missing.saturating_sub(tally.lost),
        lost: tally.lost,
        rejected: tally.rejected,
        not_answered: tally.unreachable,
        unverified: tally.unverified,
    };
    let counts = (incident.incident_kind == IncidentKind::Ingestion).then_some(counts);
    Diagnosis { summary: format!("{}.", cause.summary.trim_end_matches('.')), counts, ..cause }.since(incident.first_bad)
}

/// The title of the opened notification without its mark: `shop: ingestion stopped`.
#[must_use]
pub fn problem(incident: &Incident) -> String {
    format!("{}: {}", incident.project_name, headline(incident).with_counts(incident))
}

/// The problem in a few words: `ingestion stopped`.
#[must_use]
pub fn summary(incident: &Incident) -> Cow<'static, str> {
    headline(incident).problem
}

fn what_is_wrong(incident: &Incident) -> Vec<String> {
    let cause = &incident.cause;
    let only = cause.route.as_ref().map_or_else(String::new, |route| format!("On the route {route}: "));
    let mut lines = vec![format!("{only}{}", sentence(&cause.summary))];
    lines.extend(help(cause, "What to do"));
    lines
}

/// The address that was asked, and the advice with this label.
pub fn help<'c>(cause: &'c Diagnosis, label: &'c str) -> impl Iterator<Item = String> + use<'c> {
    let address = cause.address.as_ref().map(|address| format!("Address: {address}"));
    address.into_iter().chain(cause.advice.as_ref().map(|advice| format!("{label}: {advice}")))
}

/// The problem in a few words, and the title after recovery.
struct Headline {
    problem: Cow<'static, str>,
    over: &'static str,
    counts_missing: bool,
}

impl Headline {
    /// With the number of missing beats, if they are the problem: `beats are being lost: 9 of 30 did not arrive`.
    fn with_counts(&self, incident: &Incident) -> String {
        let tally = &incident.tally;
        if self.counts_missing && tally.missing > 0 {
            format!("{}: {} of {} did not arrive", self.problem, tally.missing, tally.sent)
        } else {
            self.problem.to_string()
        }
    }
}

/// The title of the cause, if it says more than the rule.
fn headline(incident: &Incident) -> Headline {
    let RuleHeadline { problem, over, counts_missing, .. } = incident.leading_rule().row().headline;
    let of_cause = incident.cause.title.clone().zip(over_of_cause(incident, counts_missing));
    match of_cause {
        Some((title, over)) => Headline { problem: Cow::Owned(title), over, counts_missing: false },
        None => Headline { problem: Cow::Borrowed(problem), over, counts_missing },
    }
}

/// What is said once the cause is gone; none if the rule has the better title.
fn over_of_cause(incident: &Incident, counts_missing: bool) -> Option<&'static str> {
    let cause = &incident.cause;
    match (incident.incident_kind, cause.place) {
        (IncidentKind::Monitoring | IncidentKind::Traffic, _) => None,
        // A final cause has its own title, whichever rule noticed it.
        _ if cause.is_final() => Some("ingestion is back"),
        _ if counts_missing => None,
        // The way is open, as far as is known; these events are not sent.
        (_, Place::None) => Some("the watched events arrive again"),
        (_, Place::Pipeline) if !cause.certain => Some("the watched events arrive again"),
        (_, place) => {
            let of_rule = incident.rules.iter().find_map(|kind| kind.row().headline.cause_over);
            // Beats arrive, however late: nothing stopped.
            of_rule.or((place == Place::Pipeline).then_some("ingestion is on time again"))
        }
    }
}

#[must_use]
pub fn kind_of_failure(incident: &Incident) -> Option<Cow<'static, str>> {
    let note = incident.leading_rule().row().note?;
    let is_ours = matches!(incident.cause.place, Place::PersonalKey | Place::Heartbeat);
    let is_ours = is_ours && incident.incident_kind == IncidentKind::Monitoring;
    Some(if is_ours { format!("The problem is on Heartbeat's side. {note}").into() } else { note.into() })
}

fn minutes(incident: &Incident, at: Timestamp) -> Option<String> {
    let time = |minute: Minute| moment(minute.start(), at);
    let bad = time(incident.first_bad?);
    let good = incident.last_good.map_or_else(String::new, |good| format!(", last good one before it {}", time(good)));
    Some(format!("First bad minute {bad}{good}; noticed after {}.", span(incident.noticed_after())))
}

/// `So far, of 21 sent: 15 beats lost, 3 beats missing, 2 beats late.`
fn so_far(incident: &Incident) -> Option<String> {
    let tally = &incident.tally;
    let parts = [
        (tally.lost, "lost"),
        (tally.missing.saturating_sub(tally.lost), "missing"),
        (tally.late, "late"),
        (tally.rejected, "rejected"),
        (tally.unreachable, "without an answer"),
        (tally.duplicated, "duplicated"),
    ];
    let parts: Vec<String> =
        parts.into_iter().filter(|(beats, _)| *beats > 0).map(|(beats, what)| format!("{} {what}", count(beats, "beat"))).collect();
    (!parts.is_empty()).then(|| format!("So far, of {} sent: {}.", tally.sent, parts.join(", ")))
}

fn ended(incident: &Incident, ending: Option<&str>, lasted: &str, at: Timestamp) -> Vec<String> {
    let closed = moment(incident.closed.unwrap_or(at), at);
    let has_recovered = incident.has_recovered();
    let mut lines = vec![if has_recovered {
        format!("Resolved at {closed}, after {lasted}.")
    } else {
        format!("Closed at {closed}, after {lasted}. Whether the problem is resolved is unknown.")
    }];
    lines.extend(ending.filter(|words| !words.is_empty()).map(sentence));
    lines.push(format!("While it lasted: {}.", incident.cause.summary.trim_end_matches('.')));
    lines.extend(help(&incident.cause, if has_recovered { "If it comes back" } else { "What to do" }));
    lines
}

fn reference(kind: NotificationKind, incident: &Incident, at: Timestamp) -> String {
    let rules = incident.rules.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let opened = moment(incident.opened, at);
    match (kind, incident.id) {
        (NotificationKind::Reminder, Some(id)) => {
            format!("Incident {0}, opened {opened} ({rules}). To stop reminders: heartbeat incidents ack {0}", id.0)
        }
        (_, Some(id)) => format!("Incident {}, opened {opened} ({rules}).", id.0),
        (_, None) => format!("Opened {opened} ({rules})."),
    }
}
