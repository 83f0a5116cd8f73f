//! Messages about an incident: it opened, it is graver, it goes on, it is over.

use std::borrow::Cow;

use url::Url;

use super::{VERSION, mark, moment, sentence};
use crate::model::{
    Counts, Diagnosis, EndedBecause, Incident, IncidentFacts, IncidentKind, Message, Minute, NotificationKind, Place, RuleKind, Timestamp,
    span,
};

/// The message about `incident` as it stands at `at`. `ending` is the sentence that says what became of the data, once it is over.
#[must_use]
pub fn of_incident(kind: NotificationKind, incident: &Incident, ending: Option<&str>, at: Timestamp) -> Message {
    let headline = headline(incident);
    let trouble = headline.with_counts(incident);
    let lasted = span(incident.lasted(at));
    let project = &incident.project_name;
    let says = match kind {
        NotificationKind::Resolved => {
            let over = incident.why_ended().map_or(headline.over, Cow::Owned);
            format!("{project}: {over} (after {lasted})")
        }
        NotificationKind::Reminder => format!("{project}: still: {trouble} (for {lasted})"),
        NotificationKind::Escalated => format!("{project}: graver: {trouble} (for {lasted})"),
        _ => format!("{project}: {trouble}"),
    };
    let mut lines = match kind {
        NotificationKind::Resolved => ended(incident, ending, &lasted, at),
        _ => told(incident),
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

/// The message that an incident is over, for whoever was never told that it had begun.
#[must_use]
pub fn merged(resolved: &Message) -> Message {
    let Some(facts) = &resolved.incident else { return resolved.clone() };
    let closed = facts.closed.unwrap_or(resolved.at);
    let (from, to) = (moment(facts.opened, resolved.at), moment(closed, resolved.at));
    let told = format!("This could not be told while it lasted: it opened at {from} and was over at {to}.");
    let cause = format!("While it lasted: {}.", facts.cause.trim_end_matches('.'));
    let rest = resolved.text.lines().filter(|line| *line != cause);
    let text = [told.as_str(), cause.as_str()].into_iter().chain(rest).collect::<Vec<_>>().join("\n");
    Message { merged: true, title: format!("{}, told late", resolved.title), text, ..resolved.clone() }
}

/// The message with a link to the incident's page at this public address; a sample's leads to the list.
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

/// The facts of an incident as it stands at `at`.
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

/// The diagnosis as it is shown: its summary a sentence, with the minute in which it began and the beats that were counted.
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

/// What is wrong in a few words: `ingestion stopped`.
#[must_use]
pub fn summary(incident: &Incident) -> Cow<'static, str> {
    headline(incident).trouble
}

/// Where the way is broken, and what to do about it.
fn told(incident: &Incident) -> Vec<String> {
    let cause = &incident.cause;
    let only = cause.route.as_ref().map_or_else(String::new, |route| format!("On the route {route}: "));
    let mut lines = vec![format!("{only}{}", sentence(&cause.summary))];
    lines.extend(help(cause, "What to do"));
    lines
}

/// The address that was asked, and the advice under a label.
pub fn help<'c>(cause: &'c Diagnosis, label: &'c str) -> impl Iterator<Item = String> + use<'c> {
    let address = cause.address.as_ref().map(|address| format!("Address: {address}"));
    address.into_iter().chain(cause.advice.as_ref().map(|advice| format!("{label}: {advice}")))
}

/// What is wrong, and what it is called once it has recovered, in a few words.
struct Headline {
    trouble: Cow<'static, str>,
    over: Cow<'static, str>,
}

impl Headline {
    const fn of(trouble: &'static str, over: &'static str) -> Self {
        Self { trouble: Cow::Borrowed(trouble), over: Cow::Borrowed(over) }
    }

    /// `beats are being lost: 9 of 30 did not arrive`.
    fn with_counts(&self, incident: &Incident) -> String {
        let tally = &incident.tally;
        if incident.rules.contains(&RuleKind::PartialLoss) && self.trouble == LOSING && tally.missing > 0 {
            format!("{}: {} of {} did not arrive", self.trouble, tally.missing, tally.sent)
        } else {
            self.trouble.to_string()
        }
    }
}

const LOSING: &str = "beats are being lost";

fn headline(incident: &Incident) -> Headline {
    let holds = |rule| incident.rules.contains(&rule);
    let stopped_for = |trouble| Headline::of(trouble, "ingestion is back");
    let cause = &incident.cause;
    let named = |over: &'static str| {
        let trouble = cause.title.clone().map_or(Cow::Borrowed("ingestion stopped"), Cow::Owned);
        Headline { trouble, over: Cow::Borrowed(over) }
    };
    match incident.incident_kind {
        IncidentKind::Monitoring => Headline::of("cannot look", "looking works again"),
        IncidentKind::Traffic => Headline::of("no traffic", "traffic is back"),
        // What is known for good has a title of its own, whichever rule noticed it.
        IncidentKind::Ingestion if cause.is_final() && cause.title.is_some() => named("ingestion is back"),
        IncidentKind::Ingestion if holds(RuleKind::PartialLoss) => Headline::of(LOSING, "no more beats are lost"),
        // These events are not sent, as far as is known; the way is open.
        IncidentKind::Ingestion
            if cause.title.is_some() && (cause.place == Place::None || (cause.place == Place::Pipeline && !cause.certain)) =>
        {
            named("the watched events come in again")
        }
        IncidentKind::Ingestion if holds(RuleKind::Capture) && cause.title.is_some() => named("events are taken again"),
        // Beats arrive, however late: nothing stopped.
        IncidentKind::Ingestion if cause.place == Place::Pipeline && cause.title.is_some() => named("ingestion is in time again"),
        IncidentKind::Ingestion if holds(RuleKind::Lost) || holds(RuleKind::NoEvent) => stopped_for("ingestion stopped"),
        IncidentKind::Ingestion if holds(RuleKind::Capture) => Headline::of("capture fails", "capture works again"),
        IncidentKind::Ingestion if holds(RuleKind::Lag) => Headline::of("ingestion is late", "ingestion is in time again"),
        IncidentKind::Ingestion if holds(RuleKind::AnswersLost) => {
            Headline::of("capture takes events but does not answer", "capture answers again")
        }
        IncidentKind::Ingestion => Headline::of("ingestion is late", "ingestion is in time again"),
    }
}

/// What a person must know before she Read-backs in the wrong place.
#[must_use]
pub fn kind_of_failure(incident: &Incident) -> Option<&'static str> {
    match (incident.incident_kind, incident.cause.place) {
        (IncidentKind::Ingestion, _) => None,
        (IncidentKind::Monitoring, Place::PersonalKey | Place::Heartbeat) => {
            Some("What has to be repaired is on Heartbeat's side. Whether events get in is not known: they cannot be read back.")
        }
        (IncidentKind::Monitoring, _) => Some("Whether events get in is not known: they cannot be read back."),
        (IncidentKind::Traffic, _) => Some("Heartbeats arrive, so ingestion works: nobody sends."),
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
    let beats = |count: u32| if count == 1 { "1 beat".to_owned() } else { format!("{count} beats") };
    let parts = [
        (tally.lost, "lost"),
        (tally.missing.saturating_sub(tally.lost), "missing"),
        (tally.late, "late"),
        (tally.rejected, "rejected"),
        (tally.unreachable, "without an answer"),
        (tally.duplicated, "duplicated"),
    ];
    let parts: Vec<String> =
        parts.into_iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{} {what}", beats(count))).collect();
    (!parts.is_empty()).then(|| format!("So far, of {} sent: {}.", tally.sent, parts.join(", ")))
}

fn ended(incident: &Incident, ending: Option<&str>, lasted: &str, at: Timestamp) -> Vec<String> {
    let closed = moment(incident.closed.unwrap_or(at), at);
    let has_recovered = incident.ended_because.is_none_or(|because| because == EndedBecause::Recovered);
    let mut lines = vec![if has_recovered {
        format!("Over at {closed}, after {lasted}.")
    } else {
        format!("Closed at {closed}, after {lasted}. Whether the trouble is over is not known.")
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
