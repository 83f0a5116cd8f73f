//! Messages about an incident: opened, escalated, reminder, resolved.

use std::borrow::Cow;

use url::Url;

use super::{VERSION, mark, moment, sentence};
use crate::model::{
    Counts, Diagnosis, Incident, IncidentFacts, IncidentKind, Message, Minute, NotificationKind, Place, RuleKind, Timestamp, count, span,
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
            let title = incident.why_ended().map_or(headline.over, Cow::Owned);
            format!("{project}: {title} (after {lasted})")
        }
        NotificationKind::Reminder => format!("{project}: still: {problem} (for {lasted})"),
        NotificationKind::Escalated => format!("{project}: escalated: {problem} (for {lasted})"),
        _ => format!("{project}: {problem}"),
    };
    let mut lines = match kind {
        NotificationKind::Resolved => ended(incident, ending, &lasted, at),
        _ => what_is_wrong(incident),
    };
    lines.extend(kind_of_failure(incident).map(str::to_owned));
    lines.extend(minutes(incident, at));
    if kind != NotificationKind::Resolved && incident.incident_kind == IncidentKind::Ingestion {
        lines.extend(so_far(incident));
    }
    lines.push(reference(kind, incident, at));
    Message {
        version: VERSION,
        kind,
        test: false,
        merged: false,
        at,
        title: format!("[{}] {says}", mark(kind, incident)),
        text: lines.join("\n"),
        project: project.to_string(),
        severity: incident.severity.to_string(),
        incident: Some(facts(incident, at)),
        channel: None,
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
    over: Cow<'static, str>,
}

impl Headline {
    const fn of(problem: &'static str, over: &'static str) -> Self {
        Self { problem: Cow::Borrowed(problem), over: Cow::Borrowed(over) }
    }

    /// Adds the counts of a partial loss: `beats are being lost: 9 of 30 did not arrive`.
    fn with_counts(&self, incident: &Incident) -> String {
        let tally = &incident.tally;
        if incident.rules.contains(&RuleKind::PartialLoss) && self.problem == LOSING && tally.missing > 0 {
            format!("{}: {} of {} did not arrive", self.problem, tally.missing, tally.sent)
        } else {
            self.problem.to_string()
        }
    }
}

const LOSING: &str = "beats are being lost";

fn headline(incident: &Incident) -> Headline {
    let holds = |rule| incident.rules.contains(&rule);
    let stopped_for = |problem| Headline::of(problem, "ingestion is back");
    let cause = &incident.cause;
    let named = |over: &'static str| {
        let problem = cause.title.clone().map_or(Cow::Borrowed("ingestion stopped"), Cow::Owned);
        Headline { problem, over: Cow::Borrowed(over) }
    };
    match incident.incident_kind {
        IncidentKind::Monitoring => Headline::of("beats cannot be read back", "read-backs work again"),
        IncidentKind::Traffic => Headline::of("no traffic", "traffic is back"),
        // A final cause has its own title, whichever rule noticed it.
        IncidentKind::Ingestion if cause.is_final() && cause.title.is_some() => named("ingestion is back"),
        IncidentKind::Ingestion if holds(RuleKind::PartialLoss) => Headline::of(LOSING, "no more beats are lost"),
        // The way is open, as far as is known; these events are not sent.
        IncidentKind::Ingestion
            if cause.title.is_some() && (cause.place == Place::None || (cause.place == Place::Pipeline && !cause.certain)) =>
        {
            named("the watched events arrive again")
        }
        IncidentKind::Ingestion if holds(RuleKind::Capture) && cause.title.is_some() => named("events are accepted again"),
        // Beats arrive, however late: nothing stopped.
        IncidentKind::Ingestion if cause.place == Place::Pipeline && cause.title.is_some() => named("ingestion is on time again"),
        IncidentKind::Ingestion if holds(RuleKind::Lost) || holds(RuleKind::NoEvent) => stopped_for("ingestion stopped"),
        IncidentKind::Ingestion if holds(RuleKind::Capture) => Headline::of("capture fails", "capture works again"),
        IncidentKind::Ingestion if holds(RuleKind::Lag) => Headline::of("ingestion is late", "ingestion is on time again"),
        IncidentKind::Ingestion if holds(RuleKind::AnswersLost) => {
            Headline::of("capture accepts events but does not answer", "capture answers again")
        }
        IncidentKind::Ingestion => Headline::of("ingestion is late", "ingestion is on time again"),
    }
}

#[must_use]
pub fn kind_of_failure(incident: &Incident) -> Option<&'static str> {
    match (incident.incident_kind, incident.cause.place) {
        (IncidentKind::Ingestion, _) => None,
        (IncidentKind::Monitoring, Place::PersonalKey | Place::Heartbeat) => {
            Some("The problem is on Heartbeat's side. Whether events arrive is unknown: they cannot be read back.")
        }
        (IncidentKind::Monitoring, _) => Some("Whether events arrive is unknown: they cannot be read back."),
        (IncidentKind::Traffic, _) => Some("Heartbeats arrive, so ingestion works: no application sends events."),
    }
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
