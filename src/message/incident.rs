//! Messages about an incident: it opened, it is graver, it goes on, it is over.

use super::{VERSION, mark, moment, sentence};
use crate::model::{Incident, IncidentFacts, Message, Minute, NoticeKind, RuleKind, Strand, Timestamp, span};

/// The message about `incident` as it stands at `at`. `ending` is the sentence that says what became of the data, once it is over.
#[must_use]
pub fn of_incident(kind: NoticeKind, incident: &Incident, ending: Option<&str>, at: Timestamp) -> Message {
    let (trouble, over) = headline(incident);
    let lasted = span(incident.closed.unwrap_or(at).since(incident.opened));
    let project = &incident.project_name;
    let says = match kind {
        NoticeKind::Resolved => format!("{project}: {over} (after {lasted})"),
        NoticeKind::Reminder => format!("{project}: still: {trouble} (for {lasted})"),
        NoticeKind::Worsened => format!("{project}: graver: {trouble} (for {lasted})"),
        _ => format!("{project}: {trouble}"),
    };
    let mut lines = match kind {
        NoticeKind::Resolved => ended(incident, ending, &lasted, at),
        _ => vec![sentence(&incident.cause.words)],
    };
    lines.extend(kind_of_trouble(incident.strand).map(str::to_owned));
    lines.extend(minutes(incident, at));
    if kind != NoticeKind::Resolved && incident.strand == Strand::Ingestion {
        lines.extend(so_far(incident));
    }
    lines.push(reference(kind, incident, at));
    Message {
        version: VERSION,
        kind,
        test: false,
        merged: false,
        at,
        title: format!("[{}] {says}", mark(kind, incident.severity)),
        text: lines.join("\n"),
        project: project.to_string(),
        severity: incident.severity.to_string(),
        incident: Some(facts(incident, at)),
    }
}

/// The message that an incident is over, for whoever was never told that it had begun.
#[must_use]
pub fn merged(resolved: &Message) -> Message {
    let Some(facts) = &resolved.incident else { return resolved.clone() };
    let closed = facts.closed.unwrap_or(resolved.at);
    let (from, to) = (moment(facts.opened, resolved.at), moment(closed, resolved.at));
    let told = format!("This could not be told while it lasted: it opened at {from} and was over at {to}.");
    let cause = format!("While it lasted: {}.", facts.cause);
    let rest = resolved.text.lines().filter(|line| *line != cause);
    let text = [told.as_str(), cause.as_str()].into_iter().chain(rest).collect::<Vec<_>>().join("\n");
    Message { merged: true, title: format!("{}, told late", resolved.title), text, ..resolved.clone() }
}

/// The facts of an incident as it stands at `at`.
#[must_use]
pub fn facts(incident: &Incident, at: Timestamp) -> IncidentFacts {
    let tally = &incident.tally;
    IncidentFacts {
        id: incident.id.map_or(0, |id| id.0),
        key: incident.key(),
        strand: incident.strand.to_string(),
        rules: incident.rules.iter().map(ToString::to_string).collect(),
        cause_code: incident.cause.code.clone(),
        cause: incident.cause.words.clone(),
        opened: incident.opened,
        closed: incident.closed,
        lasted_ms: incident.closed.unwrap_or(at).since(incident.opened).as_millis() as u64,
        first_bad: incident.first_bad.map(Minute::start),
        last_good: incident.last_good.map(Minute::start),
        beats_sent: tally.sent,
        beats_late: tally.late,
        beats_missing: tally.missing,
        beats_lost: tally.lost,
        beats_refused: tally.refused + tally.unreachable,
        beats_doubled: tally.doubled,
    }
}

/// What is wrong in a few words: `ingestion stopped`.
#[must_use]
pub fn trouble(incident: &Incident) -> &'static str {
    headline(incident).0
}

/// What is wrong, and what it is called once it is over, in a few words.
fn headline(incident: &Incident) -> (&'static str, &'static str) {
    let holds = |rule| incident.rules.contains(&rule);
    match incident.strand {
        Strand::Blind => ("cannot look", "looking works again"),
        Strand::Quiet => ("no traffic", "traffic is back"),
        Strand::Ingestion if holds(RuleKind::Lost) || holds(RuleKind::NoEvent) => ("ingestion stopped", "ingestion is back"),
        Strand::Ingestion if holds(RuleKind::Capture) => ("capture fails", "capture works again"),
        Strand::Ingestion => ("ingestion is late", "ingestion is in time again"),
    }
}

/// What a person must know before she looks in the wrong place.
#[must_use]
pub const fn kind_of_trouble(strand: Strand) -> Option<&'static str> {
    match strand {
        Strand::Ingestion => None,
        Strand::Blind => Some("This is a repair of ours, and says nothing about PostHog's ingestion: nobody could look."),
        Strand::Quiet => Some("Heartbeats arrive, so ingestion works: nobody sends."),
    }
}

fn minutes(incident: &Incident, at: Timestamp) -> Option<String> {
    let time = |minute: Minute| moment(minute.start(), at);
    match (incident.first_bad.map(time), incident.last_good.map(time)) {
        (Some(bad), Some(good)) => Some(format!("First bad minute {bad}, last good one before it {good}.")),
        (Some(bad), None) => Some(format!("First bad minute {bad}.")),
        (None, _) => None,
    }
}

/// `18 beats are missing so far (15 of them given up), 3 came late, 2 were refused.`
fn so_far(incident: &Incident) -> Option<String> {
    let tally = &incident.tally;
    let beats = |count: u32| if count == 1 { "1 beat".to_owned() } else { format!("{count} beats") };
    let given_up = if tally.lost > 0 { format!(" ({} given up)", tally.lost) } else { String::new() };
    let parts = [
        (tally.missing > 0).then(|| format!("{} missing{given_up}", beats(tally.missing))),
        (tally.late > 0).then(|| format!("{} late", beats(tally.late))),
        (tally.refused > 0).then(|| format!("{} refused", beats(tally.refused))),
        (tally.unreachable > 0).then(|| format!("{} without an answer", beats(tally.unreachable))),
        (tally.doubled > 0).then(|| format!("{} doubled", beats(tally.doubled))),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| format!("So far, of {} sent: {}.", tally.sent, parts.join(", ")))
}

fn ended(incident: &Incident, ending: Option<&str>, lasted: &str, at: Timestamp) -> Vec<String> {
    let closed = incident.closed.unwrap_or(at);
    let mut lines = vec![format!("Over at {}, after {lasted}.", moment(closed, at))];
    lines.extend(ending.filter(|words| !words.is_empty()).map(sentence));
    lines.push(format!("While it lasted: {}.", incident.cause.words));
    lines
}

fn reference(kind: NoticeKind, incident: &Incident, at: Timestamp) -> String {
    let rules = incident.rules.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let opened = moment(incident.opened, at);
    match (kind, incident.id) {
        (NoticeKind::Reminder, Some(id)) => {
            format!("Incident {0}, opened {opened} ({rules}). No more reminders: heartbeat incidents ack {0}", id.0)
        }
        (_, Some(id)) => format!("Incident {}, opened {opened} ({rules}).", id.0),
        (_, None) => format!("Opened {opened} ({rules})."),
    }
}
