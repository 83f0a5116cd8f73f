//! Reading one among many: a project, a read-back, a channel; and the change token, which says whether there is anything new to read.

use heartbeat::model::{EntryKind, Incident, IncidentKind, IngestionAlertApp, Notification, NotificationState, ProjectId, ProjectSpec};
use heartbeat::store::{ChangeToken, ChannelNews, Store};

use super::bed::{Bed, cipher};
use super::samples::{
    START, at, awaiting, entry, incident, name, notification_alone, open_incident, queues, readback, set_up, set_up_channel, spec,
    spec_with_routes, webhook,
};

over_both!(
    a_project_alone_is_what_it_is_among_all,
    projects_are_found_by_their_names,
    one_secret_that_does_not_open_hides_no_other_project,
    names_come_in_order_and_open_no_secret,
    a_look_alone_is_what_it_is_among_all,
    a_channel_is_found_by_the_name_that_a_person_gave_it,
    the_change_token_of_an_empty_store_is_low,
    the_change_token_changes_with_everything_that_is_new,
    the_change_token_of_a_project_does_not_change_with_the_beats_of_others,
);

async fn a_project_alone_is_what_it_is_among_all(bed: Bed) {
    let store = bed.open().await;
    for text in ["a", "b", "c"] {
        set_up(&store, spec_with_routes(text, &["proxy", "edge"])).await;
    }
    // Retired routes, turned switches, and one that has nothing installed.
    store.apply(&[spec_with_routes("b", &["edge"])], &[], at(START, 1)).await.unwrap();
    store.apply(&[ProjectSpec { heartbeat: None, ..spec("c") }], &[], at(START, 2)).await.unwrap();
    for project in store.projects().await.unwrap() {
        assert_eq!(store.project(&project.spec.name).await.unwrap(), Some(project));
    }
    assert_eq!(store.project(&name("A")).await.unwrap(), None);
}

async fn projects_are_found_by_their_names(bed: Bed) {
    let store = bed.open().await;
    let specs: Vec<_> = (0..1100).map(|at| spec(&format!("p{at:04}"))).collect();
    store.apply(&specs, &[], START.start()).await.unwrap();
    let all = store.projects().await.unwrap();
    let asked = ["p0009", "nobody", "p0003", "p0009"].map(name);
    assert_eq!(store.projects_named(&asked).await.unwrap(), [all[3].clone(), all[9].clone()], "by name, each once");
    assert_eq!(store.projects_named(&[]).await.unwrap(), []);
    // Also when they are more than one statement takes, in any order, and again.
    let mut names: Vec<_> = specs.iter().rev().map(|spec| spec.name.clone()).collect();
    names.extend([name("p0003"), name("p1099")]);
    assert_eq!(store.projects_named(&names).await.unwrap(), all);
}

async fn one_secret_that_does_not_open_hides_no_other_project(bed: Bed) {
    let store = bed.open().await;
    set_up(&store, spec("one")).await;
    set_up_alone(&store, "two").await;
    bed.execute(&format!("UPDATE projects SET personal_key = {} WHERE name = 'two'", bed.in_bytes(&[0]))).await;
    assert!(store.project(&name("two")).await.unwrap_err().to_string().contains("project two cannot be decrypted"));
    assert_eq!(store.project(&name("one")).await.unwrap().unwrap().spec, spec("one"));
}

async fn set_up_alone(store: &Store, text: &str) {
    store.apply(&[spec(text)], &[], START.start()).await.unwrap();
}

async fn names_come_in_order_and_open_no_secret(bed: Bed) {
    let store = bed.open().await;
    assert_eq!(store.project_names().await.unwrap(), []);
    for text in ["b", "B", "a"] {
        set_up_alone(&store, text).await;
    }
    let ids = store.projects().await.unwrap().into_iter().map(|project| (project.id, project.spec.name)).collect::<Vec<_>>();
    assert_eq!(ids.iter().map(|(_, name)| name.as_str()).collect::<Vec<_>>(), ["B", "a", "b"]);
    assert_eq!(bed.try_open_with(cipher('B')).await.unwrap().project_names().await.unwrap(), ids);
}

async fn a_look_alone_is_what_it_is_among_all(bed: Bed) {
    let store = bed.open().await;
    let mut projects = Vec::new();
    for text in ["a", "b", "c", "unseen"] {
        projects.push(set_up(&store, spec(text)).await);
    }
    for (project, ms) in projects[..3].iter().zip([5, 6, 7]) {
        store.settle(&readback(project, at(START, ms)), &[], &[]).await.unwrap();
    }
    let all = store.readbacks().await.unwrap();
    let ids: Vec<_> = projects.iter().map(|project| project.id).collect();
    assert_eq!(store.readback(ids[1]).await.unwrap().as_ref(), Some(&all[1]));
    assert_eq!(store.readback(ids[3]).await.unwrap(), None);
    assert_eq!(store.readbacks_of(&[ids[2], ids[3], ids[0], ids[2]]).await.unwrap(), [all[0].clone(), all[2].clone()]);
    assert_eq!(store.readbacks_of(&[]).await.unwrap(), []);
}

async fn a_channel_is_found_by_the_name_that_a_person_gave_it(bed: Bed) {
    let store = bed.open().await;
    let ops = set_up_channel(&store, webhook("ops")).await;
    set_up_channel(&store, webhook("other")).await;
    // A pair of webhooks is called like its project, and is not meant.
    let mut alert = IngestionAlertApp::default();
    alert.set("webHookUrlTriggered", "https://example.com/up").unwrap();
    set_up(&store, ProjectSpec { ingestion_alert: Some(alert), ..spec("shop") }).await;
    assert_eq!(store.channels().await.unwrap().len(), 3);
    assert_eq!(store.channel(&name("ops")).await.unwrap(), Some(ops));
    assert_eq!(store.channel(&name("shop")).await.unwrap(), None);
}

async fn the_change_token_of_an_empty_store_is_low(bed: Bed) {
    let store = bed.open().await;
    let change_token = store.change_token(None).await.unwrap();
    assert_eq!((change_token.revision, change_token.readback, change_token.beat), (0, None, None));
    assert_eq!(store.change_token(Some(ProjectId(1))).await.unwrap(), change_token);
}

/// Checks that both tides moved, gives that of all.
async fn moved(store: &Store, project: ProjectId, before: &mut [ChangeToken; 2], what: &str) {
    let now = [store.change_token(None).await.unwrap(), store.change_token(Some(project)).await.unwrap()];
    for (now, before) in now.iter().zip(before.iter()) {
        assert_ne!(now, before, "{what}");
    }
    let again = [store.change_token(None).await.unwrap(), store.change_token(Some(project)).await.unwrap()];
    assert_eq!(again, now, "asking moves nothing");
    *before = now;
}

async fn the_change_token_changes_with_everything_that_is_new(bed: Bed) {
    let store = bed.open().await;
    let project = set_up(&store, spec("one")).await;
    let (id, route) = (project.id, project.routes[0].id);
    let mut change_token = [store.change_token(None).await.unwrap(), store.change_token(Some(id)).await.unwrap()];
    let channel = set_up_channel(&store, webhook("ops")).await;
    moved(&store, id, &mut change_token, "a change of what people set up").await;
    store.record(&[awaiting(route, START)], &[]).await.unwrap();
    moved(&store, id, &mut change_token, "a beat").await;
    store.settle(&readback(&project, at(START, 20_000)), &[], &[]).await.unwrap();
    moved(&store, id, &mut change_token, "a look").await;
    store.settle(&readback(&project, at(START, 40_000)), &[], &[]).await.unwrap();
    moved(&store, id, &mut change_token, "another look in the same minute").await;
    assert_eq!([change_token[0].readback, change_token[1].readback], [Some(at(START, 40_000)); 2]);
    let open = open_incident(&store, incident(&project, IncidentKind::Ingestion, 0)).await;
    moved(&store, id, &mut change_token, "an incident").await;
    let entries = [entry(EntryKind::Cause, "another cause")];
    store.write_incident(&open, &entries, &queues(&[])).await.unwrap();
    moved(&store, id, &mut change_token, "an entry").await;
    store.hold(open.id.unwrap(), None, None, &entry(EntryKind::Acknowledged, "ann")).await.unwrap();
    moved(&store, id, &mut change_token, "a person's word").await;
    let queued = notification_alone(channel.id, "a test", 0);
    store.owe(std::slice::from_ref(&queued)).await.unwrap();
    moved(&store, id, &mut change_token, "a notice").await;
    let sent = Notification { state: NotificationState::Sent, ended: Some(at(START, 1)), ..queued };
    store.mark(&[sent], &[ChannelNews::Accepted(channel.id, at(START, 1))], &[]).await.unwrap();
    moved(&store, id, &mut change_token, "what came of a notice").await;
    store.revive(channel.id, at(START, 2)).await.unwrap();
    moved(&store, id, &mut change_token, "a channel that delivers again").await;
    // What was not written is no news.
    store.write_incident(&Incident { id: None, ..open }, &[], &queues(&[])).await.unwrap();
    assert_eq!(store.change_token(None).await.unwrap(), change_token[0]);
}

async fn the_change_token_of_a_project_does_not_change_with_the_beats_of_others(bed: Bed) {
    let store = bed.open().await;
    let (one, other) = (set_up(&store, spec("one")).await, set_up(&store, spec("other")).await);
    store.record(&[awaiting(one.routes[0].id, START), awaiting(other.routes[0].id, START.plus(5))], &[]).await.unwrap();
    store.settle(&readback(&other, at(START, 1)), &[], &[]).await.unwrap();
    let change_token = store.change_token(Some(one.id)).await.unwrap();
    assert_eq!((change_token.beat, change_token.readback), (Some(START), None));
    assert_eq!(store.change_token(None).await.unwrap().beat, Some(START.plus(5)));
    store.record(&[awaiting(other.routes[0].id, START.plus(59))], &[]).await.unwrap();
    assert_eq!(store.change_token(Some(one.id)).await.unwrap(), change_token);
    // An hour behind the others it is not looked for any more.
    store.record(&[awaiting(other.routes[0].id, START.plus(60))], &[]).await.unwrap();
    assert_eq!(store.change_token(Some(one.id)).await.unwrap().beat, None);
}
