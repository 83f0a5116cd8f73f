//! Incidents, their timelines, and what belongs to one transaction.

use std::time::Duration;

use futures_util::future::join_all;
use heartbeat::model::{
    Acknowledged, Diagnosis, EntryKind, Incident, IncidentId, IncidentKind, NotificationKind, ProjectId, RuleKind, Severity, Tally,
    Timestamp,
};
use heartbeat::store::{IncidentFilter, IncidentState, NotificationFilter, Store, StoreError};

use super::bed::Bed;
use super::samples::{
    START, at, entry, incident, name, notification, notification_alone, open_incident, queues, set_up, set_up_channel, spec, webhook,
};

over_both!(
    an_incident_comes_back_as_it_was,
    an_incident_kind_has_one_open_incident_and_the_second_writes_nothing,
    of_many_that_open_the_same_at_once_one_does,
    the_same_incident_does_not_open_twice,
    an_incident_its_entries_and_its_notifications_are_written_together,
    replacing_never_touches_what_a_person_wrote,
    what_is_over_is_never_open_again,
    an_incident_that_is_gone_is_not_replaced,
    entries_stay_in_the_order_in_which_they_were_written,
    holding_what_is_not_there_is_said,
    incidents_are_found_newest_first_and_by_what_is_asked,
    incidents_come_page_by_page,
    open_incidents_are_counted,
    incidents_outlive_their_project,
    what_was_over_long_ago_is_dropped_with_all_of_it,
    words_of_servers_may_hold_a_zero_byte,
    damaged_incidents_are_named,
);

async fn all(store: &Store) -> Vec<Incident> {
    store.incidents(&IncidentFilter::default()).await.unwrap()
}

async fn an_incident_comes_back_as_it_was(bed: Bed) {
    let store = bed.open().await;
    let project = set_up(&store, spec("one")).await;
    let bare = Incident { rules: Vec::new(), first_bad: None, cause: Diagnosis::default(), ..incident(&project, IncidentKind::Traffic, 0) };
    let full = Incident {
        closed: Some(at(START, 9)),
        rules: RuleKind::ALL.to_vec(),
        severity: Severity::Warning,
        last_good: Some(START.plus(-1)),
        tally: Tally {
            sent: u32::MAX,
            arrived: 1,
            late: 2,
            missing: 3,
            lost: 4,
            rejected: 5,
            unreachable: 6,
            unverified: 7,
            duplicated: 8,
            last_arrival: Some(at(START, 11)),
        },
        announced: Some(at(START, 12)),
        reminders: u32::MAX,
        notified: Some(at(START, 13)),
        ..incident(&project, IncidentKind::Monitoring, 1)
    };
    for (number, incident) in (1..).zip([full.clone(), bare]) {
        assert_eq!(store.write_incident(&incident, &[], &queues(&[])).await.unwrap(), Some(IncidentId(number)), "people count from 1");
        let which = IncidentFilter { id: Some(IncidentId(number)), ..IncidentFilter::default() };
        assert_eq!(store.incidents(&which).await.unwrap(), [Incident { id: Some(IncidentId(number)), ..incident.clone() }]);
        // And replaced by the other kind of values.
        let replaced =
            Incident { id: Some(IncidentId(number)), incident_kind: incident.incident_kind, opened: incident.opened, ..full.clone() };
        store.write_incident(&replaced, &[], &queues(&[])).await.unwrap();
        assert_eq!(store.incidents(&which).await.unwrap(), [replaced]);
    }
}

async fn an_incident_kind_has_one_open_incident_and_the_second_writes_nothing(bed: Bed) {
    let store = bed.open().await;
    let (one, other) = (set_up(&store, spec("one")).await, set_up(&store, spec("other")).await);
    let channel = set_up_channel(&store, webhook("ops")).await.id;
    let first = open_incident(&store, incident(&one, IncidentKind::Ingestion, 0)).await;
    let second = incident(&one, IncidentKind::Ingestion, 1);
    let notifications = [notification(channel, &second, NotificationKind::Opened, 0)];
    assert_eq!(store.write_incident(&second, &[entry(EntryKind::Opened, "it opened")], &queues(&notifications)).await.unwrap(), None);
    assert_eq!(all(&store).await, std::slice::from_ref(&first));
    assert_eq!(store.notifications(&NotificationFilter::default()).await.unwrap(), []);
    for beside in [incident(&one, IncidentKind::Monitoring, 0), incident(&other, IncidentKind::Ingestion, 0)] {
        assert!(store.write_incident(&beside, &[], &queues(&[])).await.unwrap().is_some());
    }
    store.write_incident(&Incident { closed: Some(at(START, 59_999)), ..first }, &[], &queues(&[])).await.unwrap();
    let id = store.write_incident(&second, &[entry(EntryKind::Opened, "it opened")], &queues(&notifications)).await.unwrap();
    assert_eq!(id, Some(IncidentId(4)), "what was not written took no number");
}

async fn of_many_that_open_the_same_at_once_one_does(bed: Bed) {
    let stores = join_all((0..6).map(|_| bed.open())).await;
    let project = set_up(&stores[0], spec("one")).await;
    let channel = set_up_channel(&stores[0], webhook("ops")).await.id;
    let opened = join_all(stores.iter().zip(0..).map(|(store, minute)| {
        let incident = incident(&project, IncidentKind::Ingestion, minute);
        async move {
            let notifications = [notification(channel, &incident, NotificationKind::Opened, 0)];
            store.write_incident(&incident, &[entry(EntryKind::Opened, "it opened")], &queues(&notifications)).await.unwrap()
        }
    }))
    .await;
    let opened: Vec<IncidentId> = opened.into_iter().flatten().collect();
    assert_eq!(opened.len(), 1);
    assert_eq!(all(&stores[1]).await.len(), 1);
    assert_eq!(stores[2].entries(opened[0]).await.unwrap().len(), 1);
    assert_eq!(stores[3].notifications(&NotificationFilter::default()).await.unwrap().len(), 1);
}

async fn the_same_incident_does_not_open_twice(bed: Bed) {
    let store = bed.open().await;
    let project = set_up(&store, spec("one")).await;
    let first = open_incident(&store, incident(&project, IncidentKind::Ingestion, 0)).await;
    store.write_incident(&Incident { closed: Some(at(START, 5)), ..first.clone() }, &[], &queues(&[])).await.unwrap();
    // Another node judged the same at the same time, and writes a little later: pagers would know both by one key.
    let again = Incident { id: None, ..first };
    assert_eq!(store.write_incident(&again, &[], &queues(&[])).await.unwrap(), None);
}

async fn an_incident_its_entries_and_its_notifications_are_written_together(bed: Bed) {
    let store = bed.open().await;
    let project = set_up(&store, spec("one")).await;
    let channel = set_up_channel(&store, webhook("ops")).await.id;
    let opened = incident(&project, IncidentKind::Ingestion, 0);
    let queued = notification(channel, &opened, NotificationKind::Opened, 0);
    let id = store.write_incident(&opened, &[entry(EntryKind::Opened, "it opened")], &queues(std::slice::from_ref(&queued))).await.unwrap();
    let mut numbered = queued.clone();
    numbered.incident = id;
    numbered.message.incident.as_mut().unwrap().id = id.unwrap().0;
    assert_eq!(store.notifications(&NotificationFilter::default()).await.unwrap(), [numbered.clone()]);
    // Written again, as after a crash: what is there stays as it is.
    let mut changed = queued;
    changed.message.title = "other words".into();
    let incident = Incident { id, ..opened };
    let reminder = notification(channel, &incident, NotificationKind::Reminder, 1);
    assert_eq!(store.write_incident(&incident, &[], &queues(&[changed, reminder.clone()])).await.unwrap(), id);
    let notifications = store.notifications(&NotificationFilter::default()).await.unwrap();
    assert_eq!((notifications[0].id, &notifications[1]), (reminder.id, &numbered), "newest first");
    // One of them cannot be written: nothing is.
    bed.execute("DROP TABLE notifications").await;
    let next = [notification(channel, &incident, NotificationKind::Reminder, 2)];
    let error = store
        .write_incident(&Incident { reminders: 2, ..incident }, &[entry(EntryKind::Reminded, "again")], &queues(&next))
        .await
        .unwrap_err();
    assert!(matches!(error, StoreError::Database { what: "writing an incident", .. }), "{error:?}");
    assert_eq!((all(&store).await[0].reminders, store.entries(id.unwrap()).await.unwrap().len()), (0, 1));
}

async fn replacing_never_touches_what_a_person_wrote(bed: Bed) {
    let store = bed.open().await;
    let project = set_up(&store, spec("one")).await;
    let before = open_incident(&store, incident(&project, IncidentKind::Ingestion, 0)).await;
    let id = before.id.unwrap();
    let by = Acknowledged { at: at(START, 3), by: "anna".into() };
    let held = entry(EntryKind::Acknowledged, "anna has it in hand");
    assert!(store.hold(id, Some(&by), Some(at(START, 4)), &held).await.unwrap());
    // The rules knew it as it was before.
    store.write_incident(&Incident { reminders: 1, ..before.clone() }, &[], &queues(&[])).await.unwrap();
    let after = all(&store).await.remove(0);
    assert_eq!(after, Incident { reminders: 1, acknowledged: Some(by), snoozed_until: Some(at(START, 4)), ..before.clone() });
    let let_go = entry(EntryKind::Unacknowledged, "nobody has it in hand");
    assert!(store.hold(id, None, None, &let_go).await.unwrap());
    assert_eq!(all(&store).await, [Incident { reminders: 1, ..before }]);
    assert_eq!(store.entries(id).await.unwrap(), [held, let_go]);
}

async fn what_is_over_is_never_open_again(bed: Bed) {
    let store = bed.open().await;
    let project = set_up(&store, spec("one")).await;
    let open = open_incident(&store, incident(&project, IncidentKind::Ingestion, 0)).await;
    let over = Incident { closed: Some(at(START, 5)), ..open.clone() };
    assert_eq!(store.write_incident(&over, &[], &queues(&[])).await.unwrap(), open.id);
    // Judged before it was over, and written after.
    let stale = [entry(EntryKind::Reminded, "it goes on")];
    assert_eq!(store.write_incident(&Incident { reminders: 1, ..open.clone() }, &stale, &queues(&[])).await.unwrap(), None);
    assert_eq!(all(&store).await, std::slice::from_ref(&over));
    assert_eq!(store.entries(open.id.unwrap()).await.unwrap(), []);
    // What becomes known afterwards is written.
    let tally = Tally { late: 42, ..Tally::default() };
    let after = Incident { tally, ..over };
    assert_eq!(store.write_incident(&after, &[entry(EntryKind::Aftermath, "all arrived")], &queues(&[])).await.unwrap(), open.id);
    assert_eq!(all(&store).await, [after]);
}

async fn an_incident_that_is_gone_is_not_replaced(bed: Bed) {
    let store = bed.open().await;
    let project = set_up(&store, spec("one")).await;
    let channel = set_up_channel(&store, webhook("ops")).await.id;
    let gone = Incident { id: Some(IncidentId(77)), ..incident(&project, IncidentKind::Ingestion, 0) };
    let notifications = [notification(channel, &gone, NotificationKind::Opened, 0)];
    assert_eq!(store.write_incident(&gone, &[entry(EntryKind::Opened, "it opened")], &queues(&notifications)).await.unwrap(), None);
    assert_eq!(all(&store).await, []);
    assert_eq!(store.entries(IncidentId(77)).await.unwrap(), []);
    assert_eq!(store.notifications(&NotificationFilter::default()).await.unwrap(), []);
}

async fn entries_stay_in_the_order_in_which_they_were_written(bed: Bed) {
    let store = bed.open().await;
    let project = set_up(&store, spec("one")).await;
    let open = open_incident(&store, incident(&project, IncidentKind::Ingestion, 0)).await;
    // Also when the wall clock was stepped back between.
    let mut all = Vec::new();
    for (step, kind) in (0..).zip(EntryKind::ALL) {
        let entries = [-1, 1].map(|sign| heartbeat::model::Entry { at: at(START, -step * sign), ..entry(kind, &format!("{step} {sign}")) });
        store.write_incident(&open, &entries, &queues(&[])).await.unwrap();
        all.extend(entries);
    }
    assert_eq!(store.entries(open.id.unwrap()).await.unwrap(), all);
    // Rules and people at once: each entry gets a place of its own.
    let (one, other) = (bed.open().await, bed.open().await);
    let by_rules = async {
        for _ in 0..20 {
            one.write_incident(&open, &[entry(EntryKind::Cause, "another cause")], &queues(&[])).await.unwrap();
        }
    };
    let by_people = async {
        for _ in 0..20 {
            other.hold(open.id.unwrap(), None, None, &entry(EntryKind::Snoozed, "later")).await.unwrap();
        }
    };
    tokio::join!(by_rules, by_people);
    assert_eq!(store.entries(open.id.unwrap()).await.unwrap().len(), all.len() + 40);
}

async fn holding_what_is_not_there_is_said(bed: Bed) {
    let store = bed.open().await;
    assert!(!store.hold(IncidentId(1), None, None, &entry(EntryKind::Snoozed, "later")).await.unwrap());
    assert_eq!(store.entries(IncidentId(1)).await.unwrap(), []);
}

async fn incidents_are_found_newest_first_and_by_what_is_asked(bed: Bed) {
    let store = bed.open().await;
    let (one, other) = (set_up(&store, spec("one")).await, set_up(&store, spec("other")).await);
    let mut ids = Vec::new();
    for (project, minute, closed) in [(&one, 0, Some(5)), (&other, 3, Some(9)), (&one, 6, Some(7)), (&one, 8, None), (&other, 8, None)] {
        let closed = closed.map(|minute| START.plus(minute).start());
        let written = Incident { closed, ..incident(project, IncidentKind::Ingestion, minute) };
        ids.push(store.write_incident(&written, &[], &queues(&[])).await.unwrap().unwrap());
    }
    let minute = |minute: i64| Some(START.plus(minute).start());
    let by = Acknowledged { at: START.start(), by: "ann".into() };
    assert!(store.hold(ids[3], Some(&by), minute(20), &entry(EntryKind::Snoozed, "later")).await.unwrap());
    let stand = |stand| IncidentFilter { state: Some(stand), ..IncidentFilter::default() };
    for (which, expected) in [
        (IncidentFilter::default(), vec![4, 3, 2, 1, 0]),
        (IncidentFilter { named: [name("one")].into_iter().collect(), ..IncidentFilter::default() }, vec![3, 2, 0]),
        (IncidentFilter { named: [name("nobody")].into_iter().collect(), ..IncidentFilter::default() }, vec![]),
        (IncidentFilter { incident_kind: Some(IncidentKind::Ingestion), at_most: 1, ..IncidentFilter::default() }, vec![4]),
        (IncidentFilter { incident_kind: Some(IncidentKind::Monitoring), ..IncidentFilter::default() }, vec![]),
        (stand(IncidentState::Open), vec![4, 3]),
        (stand(IncidentState::Acknowledged), vec![3]),
        (stand(IncidentState::Snoozed(START.plus(19).start())), vec![3]),
        (stand(IncidentState::Snoozed(START.plus(20).start())), vec![]),
        (stand(IncidentState::Resolved), vec![2, 1, 0]),
        (IncidentFilter { at_most: 2, ..IncidentFilter::default() }, vec![4, 3]),
        (IncidentFilter { at_most: 0, ..IncidentFilter::default() }, vec![]),
        (IncidentFilter { project: Some(one.id), ..IncidentFilter::default() }, vec![3, 2, 0]),
        (IncidentFilter { project: Some(ProjectId(999)), ..IncidentFilter::default() }, vec![]),
        (IncidentFilter::open(), vec![4, 3]),
        (IncidentFilter { since: minute(7), ..IncidentFilter::default() }, vec![4, 3, 2, 1]),
        (IncidentFilter { since: minute(99), project: Some(other.id), ..IncidentFilter::default() }, vec![4]),
        (IncidentFilter { id: Some(ids[2]), ..IncidentFilter::default() }, vec![2]),
        (IncidentFilter { id: Some(ids[2]), ..IncidentFilter::open() }, vec![]),
    ] {
        let found: Vec<IncidentId> = store.incidents(&which).await.unwrap().iter().filter_map(|incident| incident.id).collect();
        assert_eq!(found, expected.iter().map(|at: &usize| ids[*at]).collect::<Vec<_>>(), "{which:?}");
    }
}

async fn incidents_come_page_by_page(bed: Bed) {
    let store = bed.open().await;
    let (one, other) = (set_up(&store, spec("one")).await, set_up(&store, spec("other")).await);
    // Three instants, at each of which as many open as can at once.
    for opened in 0..3 {
        for (project, incident_kind) in [(&one, IncidentKind::Monitoring), (&other, IncidentKind::Traffic), (&one, IncidentKind::Ingestion)]
        {
            let over = Incident { closed: Some(START.plus(9).start()), ..incident(project, incident_kind, opened) };
            open_incident(&store, over).await;
        }
    }
    let whole = all(&store).await;
    assert_eq!(whole.len(), 9);
    for (project, expected) in [(None, whole.clone()), (Some(one.id), whole.into_iter().filter(|found| found.project == one.id).collect())]
    {
        let mut found = Vec::new();
        let mut which = IncidentFilter { project, at_most: 2, ..IncidentFilter::default() };
        loop {
            let page = store.incidents(&which).await.unwrap();
            let Some(last) = page.last() else { break };
            which.before = last.id.map(|id| (last.opened, id));
            found.extend(page);
        }
        assert_eq!(found, expected);
    }
}

async fn open_incidents_are_counted(bed: Bed) {
    let store = bed.open().await;
    assert_eq!(store.open_incidents().await.unwrap(), 0);
    let project = set_up(&store, spec("one")).await;
    let first = open_incident(&store, incident(&project, IncidentKind::Monitoring, 0)).await;
    open_incident(&store, incident(&project, IncidentKind::Traffic, 1)).await;
    assert_eq!(store.open_incidents().await.unwrap(), 2);
    store.write_incident(&Incident { closed: Some(at(START, 9)), ..first }, &[], &queues(&[])).await.unwrap();
    assert_eq!(store.open_incidents().await.unwrap(), 1);
}

async fn incidents_outlive_their_project(bed: Bed) {
    let store = bed.open().await;
    let project = set_up(&store, spec("one")).await;
    let channel = set_up_channel(&store, webhook("ops")).await.id;
    let open = open_incident(&store, incident(&project, IncidentKind::Ingestion, 0)).await;
    store.apply(&[], &[name("one")], START.start()).await.unwrap();
    let notifications = [notification(channel, &open, NotificationKind::Resolved, 0)];
    let over = Incident { closed: Some(at(START, 5)), ..open };
    assert_eq!(
        store.write_incident(&over, &[entry(EntryKind::Closed, "the project is gone")], &queues(&notifications)).await.unwrap(),
        over.id
    );
    assert_eq!(all(&store).await, [over]);
    assert_eq!(store.lease(START.start(), at(START, 9), 9).await.unwrap().len(), 1);
}

async fn what_was_over_long_ago_is_dropped_with_all_of_it(bed: Bed) {
    let store = bed.open().await;
    let project = set_up(&store, spec("one")).await;
    let channel = set_up_channel(&store, webhook("ops")).await.id;
    let mut ids = Vec::new();
    for (minute, closed) in [(0, Some(5)), (1, Some(6)), (2, None)] {
        let closed = closed.map(|minute: i64| START.plus(minute).start());
        let written = Incident { closed, ..incident(&project, IncidentKind::Ingestion, minute) };
        let notifications = [notification(channel, &written, NotificationKind::Opened, 0)];
        ids.push(store.write_incident(&written, &[entry(EntryKind::Opened, "it opened")], &queues(&notifications)).await.unwrap().unwrap());
    }
    let alone = ["ended before", "ended after", "still owed"].map(|about| notification_alone(channel, about, 0));
    store.owe(&alone).await.unwrap();
    let ended = [(0, 5), (1, 6)].map(|(at, minute): (usize, i64)| heartbeat::model::Notification {
        ended: Some(START.plus(minute).start()),
        state: heartbeat::model::NotificationState::Sent,
        ..alone[at].clone()
    });
    store.mark(&ended, &[], &[]).await.unwrap();
    let before: Timestamp = START.plus(5).start().plus(Duration::from_millis(1));
    assert_eq!(store.drop_old_incidents(START, before).await.unwrap(), 4, "an incident, an entry, two notifications");
    let left: Vec<IncidentId> = all(&store).await.iter().filter_map(|incident| incident.id).collect();
    assert_eq!(left, [ids[2], ids[1]]);
    assert_eq!(store.entries(ids[0]).await.unwrap(), []);
    let left = store.notifications(&NotificationFilter::default()).await.unwrap();
    let left: Vec<_> =
        left.iter().map(|notification| (notification.incident, notification.id)).filter(|(incident, _)| incident.is_none()).collect();
    assert_eq!(left, [(None, alone[2].id), (None, alone[1].id)]);
    assert_eq!(store.drop_old_incidents(START, before).await.unwrap(), 0);
}

async fn words_of_servers_may_hold_a_zero_byte(bed: Bed) {
    let store = bed.open().await;
    let project = set_up(&store, spec("one")).await;
    let mut open = incident(&project, IncidentKind::Ingestion, 0);
    open.cause.summary = "capture refuses: `\u{0}`".into();
    let id = store.write_incident(&open, &[entry(EntryKind::Opened, "\u{0}")], &queues(&[])).await.unwrap().unwrap();
    assert_eq!(all(&store).await[0].cause.summary, open.cause.summary, "JSON escapes it");
    assert_eq!(store.entries(id).await.unwrap()[0].words, "\u{fffd}");
}

async fn damaged_incidents_are_named(bed: Bed) {
    let store = bed.open().await;
    let project = set_up(&store, spec("one")).await;
    store
        .write_incident(&incident(&project, IncidentKind::Ingestion, 0), &[entry(EntryKind::Opened, "it opened")], &queues(&[]))
        .await
        .unwrap();
    for (damage, mend, says) in [
        ("project_name = ''", "project_name = 'one'", "project_name"),
        ("incident_kind = 9", "incident_kind = 0", "incident_kind"),
        ("rules = 512", "rules = 1", "rules"),
        ("rules = -1", "rules = 1", "rules"),
        ("severity = -1", "severity = 0", "severity"),
        ("ended_because = 'luck'", "ended_because = NULL", "ended_because"),
        ("tally = '{\"sent\":-1}'", "tally = '{}'", "tally"),
        ("reminders = -1", "reminders = 0", "reminders"),
    ] {
        bed.execute(&format!("UPDATE incidents SET {damage}")).await;
        let said = store.incidents(&IncidentFilter::default()).await.unwrap_err().to_string();
        assert_eq!(said, format!("incident 1: its {says} in the database cannot be read"), "{damage}");
        bed.execute(&format!("UPDATE incidents SET {mend}")).await;
    }
    assert_eq!(all(&store).await[0].tally, Tally::default());
    bed.execute("UPDATE entries SET kind = 99").await;
    let said = store.entries(IncidentId(1)).await.unwrap_err().to_string();
    assert_eq!(said, "the timeline of incident 1: its kind in the database cannot be read");
}
