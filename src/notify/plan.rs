//! Decides what to send of the due notifications: drops what a newer one replaces, and merges many into one digest. Pure.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use uuid::Uuid;

use crate::message;
use crate::model::{Channel, ChannelId, Message, Notification, NotificationKind, Timestamp};

/// Within this time a channel gets at most `at_once` messages; the rest waits and is sent as one.
const CROWD: Duration = Duration::from_mins(1);

/// One message to one channel, and the notifications that it settles.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Parcel {
    pub(super) channel: ChannelId,
    /// Lets the receiver recognize a repetition.
    pub(super) id: Uuid,
    pub(super) message: Message,
    pub(super) covers: Vec<Notification>,
    /// Older ones, superseded once it is accepted. Until then they stay queued, because nothing was delivered in their place.
    pub(super) replaces: Vec<Notification>,
}

impl Parcel {
    pub(super) fn leased(self) -> impl Iterator<Item = Notification> {
        self.replaces.into_iter().chain(self.covers)
    }
}

#[derive(Debug, Default, PartialEq)]
pub(super) struct Plan {
    pub(super) parcels: Vec<Parcel>,
    pub(super) put_back: Vec<Notification>,
}

#[derive(Debug, Default)]
pub(super) struct Crowds(HashMap<ChannelId, VecDeque<Timestamp>>);

impl Crowds {
    pub(super) fn sent(&mut self, channel: ChannelId, at: Timestamp) {
        self.0.entry(channel).or_default().push_back(at);
    }

    fn lately(&mut self, channel: ChannelId, now: Timestamp) -> (usize, Timestamp) {
        let sent = self.0.entry(channel).or_default();
        // A time in the future is from before the clock was set back.
        sent.retain(|at| *at <= now && now.since(*at) < CROWD);
        (sent.len(), sent.front().map_or(now, |first| first.plus(CROWD)))
    }
}

/// Plans the delivery of leased notifications, in the order in which they were written. Skips those of removed channels.
pub(super) fn plan(leased: Vec<Notification>, channels: &HashMap<ChannelId, &Channel>, crowds: &mut Crowds, now: Timestamp) -> Plan {
    let mut plan = Plan::default();
    for (id, notifications) in grouped(leased, |notification| notification.channel) {
        let Some(channel) = channels.get(&id) else { continue };
        let parcels = collapse(notifications);
        crowd(channel, parcels, crowds, &mut plan, now);
    }
    plan
}

fn collapse(notifications: Vec<Notification>) -> Vec<Parcel> {
    // What is about no incident stays alone.
    let groups = grouped(notifications, |notification| notification.incident.ok_or(notification.id));
    groups.into_iter().filter_map(|(_, group)| one_of(group)).collect()
}

/// Groups in the order of their first elements.
pub(super) fn grouped<K: PartialEq, T>(all: impl IntoIterator<Item = T>, key: impl Fn(&T) -> K) -> Vec<(K, Vec<T>)> {
    let mut groups: Vec<(K, Vec<T>)> = Vec::new();
    for one in all {
        let key = key(&one);
        match groups.iter_mut().find(|(known, _)| *known == key) {
            Some((_, group)) => group.push(one),
            None => groups.push((key, vec![one])),
        }
    }
    groups
}

/// Merges the notifications of one incident: the newest facts, under the most important kind among them. It has the id of the newest
/// one, so that a receiver that already has an older one, from a process that died before it stored the result, does not drop it.
fn one_of(mut group: Vec<Notification>) -> Option<Parcel> {
    // If the incident is open again, an end that was not delivered is dropped.
    let ended = group.iter().rev().skip(1).position(|notification| notification.message.kind == NotificationKind::Resolved);
    let before_end = ended.map_or(0, |back| group.len() - 1 - back);
    let newest = group.pop()?;
    let weight = |kind: NotificationKind| match kind {
        NotificationKind::Resolved => 3,
        NotificationKind::Opened => 2,
        NotificationKind::Escalated => 1,
        _ => 0,
    };
    let kind = group[before_end..]
        .iter()
        .map(|notification| notification.message.kind)
        .fold(newest.message.kind, |most, kind| if weight(kind) > weight(most) { kind } else { most });
    let is_opening_unsent = group.iter().any(|notification| notification.message.kind == NotificationKind::Opened);
    let message = match newest.message.kind {
        // The alert ends, but not its incident.
        NotificationKind::Resolved if is_opening_unsent && newest.message.incident.as_ref().is_some_and(|facts| facts.closed.is_some()) => {
            message::merged(&newest.message)
        }
        _ => Message { kind, ..newest.message.clone() },
    };
    Some(Parcel { channel: newest.channel, id: newest.id, message, covers: vec![newest], replaces: group })
}

fn crowd(channel: &Channel, parcels: Vec<Parcel>, crowds: &mut Crowds, plan: &mut Plan, now: Timestamp) {
    let (lately, free_at) = crowds.lately(channel.id, now);
    let at_once = usize::from(channel.spec.at_once.max(1));
    if channel.spec.kind.keeps_state() || lately + parcels.len() <= at_once {
        plan.parcels.extend(parcels);
    } else if lately >= at_once {
        let waiting = parcels.into_iter().flat_map(Parcel::leased);
        plan.put_back.extend(waiting.map(|notification| Notification { due: free_at, ..notification }));
    } else if let [_] = parcels[..] {
        plan.parcels.extend(parcels);
    } else {
        let messages: Vec<Message> = parcels.iter().map(|parcel| parcel.message.clone()).collect();
        let (covers, replaces): (Vec<_>, Vec<_>) = parcels.into_iter().map(|parcel| (parcel.covers, parcel.replaces)).unzip();
        let (covers, replaces) = (covers.concat(), replaces.concat());
        let id = Notification::id_of_digest(&covers);
        // The time of its newest part: sent again, it is identical.
        let at = messages.iter().map(|message| message.at).max().unwrap_or(now);
        plan.parcels.push(Parcel { channel: channel.id, id, message: message::digest(&messages, at), covers, replaces });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ChannelKind, ChannelSpec, IncidentId, ProjectName};

    const NOW: Timestamp = Timestamp::from_ms(1_800_000_000_000);

    fn channel(kind: ChannelKind, at_once: u16) -> Channel {
        let spec = ChannelSpec { at_once, ..ChannelSpec::new(ProjectName::parse("ops").unwrap(), kind) };
        Channel { id: ChannelId(7), spec, of_app: None, stopped: None, last_accepted: None, removed: false }
    }

    fn notification(incident: i64, kind: NotificationKind) -> Notification {
        let message = message::sample(kind, &ProjectName::parse(&format!("p{incident}")).unwrap(), NOW);
        let about = format!("{incident}");
        Notification::queued(ChannelId(7), Some(IncidentId(incident)), &about, 0, message)
    }

    /// Input: words `incident:kind`. Output: `project:kind*covered-replaced` for each parcel, then `|` and what waits.
    fn story(channel: &Channel, crowds: &mut Crowds, now: Timestamp, notifications: &str) -> String {
        let notifications = notifications.split_whitespace().map(|word| {
            let (incident, kind) = word.split_once(':').unwrap();
            let kind = NotificationKind::ALL.into_iter().find(|known| known.name() == kind).unwrap();
            notification(incident.parse().unwrap(), kind)
        });
        let channels = HashMap::from([(channel.id, channel)]);
        let plan = plan(notifications.collect(), &channels, crowds, now);
        let sent = plan.parcels.iter().map(|parcel| {
            crowds.sent(channel.id, now);
            let merged = if parcel.message.merged { "+" } else { "" };
            let replaced = if parcel.replaces.is_empty() { String::new() } else { format!("-{}", parcel.replaces.len()) };
            format!("{}:{}{merged}*{}{replaced}", parcel.message.project, parcel.message.kind, parcel.covers.len())
        });
        let sent = sent.collect::<Vec<_>>().join(" ");
        let back = plan.put_back.iter().map(|notification| notification.message.kind.name()).collect::<Vec<_>>();
        if back.is_empty() { sent } else { format!("{sent} | {}", back.join(" ")) }
    }

    #[test]
    fn of_one_incident_only_what_still_matters_goes_out() {
        for (notifications, sent) in [
            ("1:opened", "p1:opened*1"),
            ("1:opened 1:reminder 1:reminder", "p1:opened*1-2"),
            ("1:opened 1:escalated", "p1:opened*1-1"),
            ("1:escalated 1:reminder", "p1:escalated*1-1"),
            ("1:reminder 1:reminder", "p1:reminder*1-1"),
            ("1:opened 1:escalated 1:resolved", "p1:resolved+*1-2"),
            ("1:reminder 1:resolved", "p1:resolved*1-1"),
            ("1:resolved", "p1:resolved*1"),
            ("1:resolved 1:opened", "p1:opened*1-1"),
            ("1:opened 1:resolved 1:reminder", "p1:reminder*1-2"),
            ("1:opened 2:opened 1:resolved", "p1:resolved+*1-1 p2:opened*1"),
        ] {
            let channel = channel(ChannelKind::Slack, 5);
            assert_eq!(story(&channel, &mut Crowds::default(), NOW, notifications), sent, "{notifications}");
        }
    }

    fn parcel(kinds: &[NotificationKind], now: Timestamp) -> Parcel {
        let slack = channel(ChannelKind::Slack, 1);
        let notifications = kinds.iter().map(|kind| notification(1, *kind)).collect();
        let mut parcels = plan(notifications, &HashMap::from([(slack.id, &slack)]), &mut Crowds::default(), now).parcels;
        assert_eq!(parcels.len(), 1);
        parcels.remove(0)
    }

    #[test]
    fn what_says_more_than_was_sent_before_has_another_id_and_what_says_the_same_has_the_same() {
        use NotificationKind::{Escalated, Opened, Reminder, Resolved};
        let mut ids = Vec::new();
        for kinds in [&[Opened] as &[_], &[Opened, Escalated], &[Opened, Escalated, Reminder], &[Opened, Escalated, Reminder, Resolved]] {
            let (first, again) = (parcel(kinds, NOW), parcel(kinds, NOW.plus(CROWD)));
            assert_eq!(first, again, "sent again, it is identical");
            assert_eq!(first.replaces.len() + 1, kinds.len(), "nothing is dropped before it is accepted");
            ids.push(first.id);
        }
        ids.dedup();
        assert_eq!(ids.len(), 4);
    }

    #[test]
    fn a_crowd_becomes_one_message() {
        let slack = channel(ChannelKind::Slack, 2);
        let mut crowds = Crowds::default();
        assert_eq!(story(&slack, &mut crowds, NOW, "1:opened 2:opened 3:opened"), ":digest*3");
        let soon = NOW.plus(Duration::from_secs(10));
        assert_eq!(story(&slack, &mut crowds, soon, "4:opened"), "p4:opened*1");
        assert_eq!(story(&slack, &mut crowds, soon, "5:opened 6:opened"), " | opened opened", "the minute's two are spent");
        let later = NOW.plus(CROWD);
        assert_eq!(story(&slack, &mut crowds, later, "5:opened 6:opened 7:opened"), ":digest*3");
    }

    #[test]
    fn what_keeps_state_gets_each_message_by_itself() {
        let pager = channel(ChannelKind::PagerDuty, 1);
        let sent = story(&pager, &mut Crowds::default(), NOW, "1:opened 2:opened 3:resolved");
        assert_eq!(sent, "p1:opened*1 p2:opened*1 p3:resolved*1");
    }

    #[test]
    fn what_waits_is_due_when_there_is_room_and_a_digest_of_the_same_is_the_same() {
        let slack = channel(ChannelKind::Slack, 1);
        let channels = HashMap::from([(slack.id, &slack)]);
        let mut crowds = Crowds::default();
        crowds.sent(slack.id, NOW);
        let plan_at = |crowds: &mut Crowds, now| {
            plan(vec![notification(1, NotificationKind::Opened), notification(2, NotificationKind::Opened)], &channels, crowds, now)
        };
        let waiting = plan_at(&mut crowds, NOW.plus(Duration::from_secs(5)));
        assert!(waiting.parcels.is_empty() && waiting.put_back.iter().all(|notification| notification.due == NOW.plus(CROWD)));
        let first = plan_at(&mut Crowds::default(), NOW);
        let again = plan_at(&mut Crowds::default(), NOW.plus(CROWD));
        assert_eq!(first.parcels, again.parcels, "to the byte");
    }
}
