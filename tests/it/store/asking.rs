//! Reading one among many: a project, a look, a channel; and the tide, which says whether there is anything new to read.

use heartbeat::model::{EntryKind, Incident, IngestionAlertApp, Notice, NoticeState, ProjectId, ProjectSpec, Strand};
use heartbeat::store::{ChannelNews, Store, Tide};

use super::bed::{Bed, sealer};
use super::samples::{
    START, at, awaiting, entry, incident, look, name, notice_alone, open_incident, owing, set_up, set_up_channel, spec, spec_with_routes,
    webhook,
};

over_both!(
    a_project_alone_is_what_it_is_among_all,
    projects_are_found_by_their_names,
    one_secret_that_does_not_open_hides_no_other_project,
    names_come_in_order_and_open_no_secret,
    a_look_alone_is_what_it_is_among_all,
    a_channel_is_found_by_the_name_that_a_person_gave_it,
    the_tide_of_an_empty_store_is_low,
    the_tide_moves_with_everything_that_is_new,
    the_tide_of_a_project_does_not_move_with_the_beats_of_others,
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
    assert!(store.project(&name("two")).await.unwrap_err().to_string().contains("project two does not open"));
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
    assert_eq!(bed.try_open_with(sealer('B')).await.unwrap().project_names().await.unwrap(), ids);
}

async fn a_look_alone_is_what_it_is_among_all(bed: Bed) {
    let store = bed.open().await;
    let mut projects = Vec::new();
    for text in ["a", "b", "c", "unseen"] {
        projects.push(set_up(&store, spec(text)).await);
    }
    for (project, ms) in projects[..3].iter().zip([5, 6, 7]) {
        store.settle(&look(project, at(START, ms)), &[], &[]).await.unwrap();
    }
    let all = store.looks().await.unwrap();
    let ids: Vec<_> = projects.iter().map(|project| project.id).collect();
    assert_eq!(store.look(ids[1]).await.unwrap().as_ref(), Some(&all[1]));
    assert_eq!(store.look(ids[3]).await.unwrap(), None);
    assert_eq!(store.looks_of(&[ids[2], ids[3], ids[0], ids[2]]).await.unwrap(), [all[0].clone(), all[2].clone()]);
    assert_eq!(store.looks_of(&[]).await.unwrap(), []);
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

async fn the_tide_of_an_empty_store_is_low(bed: Bed) {
    let store = bed.open().await;
    let tide = store.tide(None).await.unwrap();
    assert_eq!((tide.revision, tide.look, tide.beat), (0, None, None));
    assert_eq!(store.tide(Some(ProjectId(1))).await.unwrap(), tide);
}

/// Checks that both tides moved, gives that of all.
async fn moved(store: &Store, project: ProjectId, before: &mut [Tide; 2], what: &str) {
    let now = [store.tide(None).await.unwrap(), store.tide(Some(project)).await.unwrap()];
    for (now, before) in now.iter().zip(before.iter()) {
        assert_ne!(now, before, "{what}");
    }
    let again = [store.tide(None).await.unwrap(), store.tide(Some(project)).await.unwrap()];
    assert_eq!(again, now, "asking moves nothing");
    *before = now;
}

async fn the_tide_moves_with_everything_that_is_new(bed: Bed) {
    let store = bed.open().await;
    let project = set_up(&store, spec("one")).await;
    let (id, route) = (project.id, project.routes[0].id);
    let mut tide = [store.tide(None).await.unwrap(), store.tide(Some(id)).await.unwrap()];
    let channel = set_up_channel(&store, webhook("ops")).await;
    moved(&store, id, &mut tide, "a change of what people set up").await;
    store.record(&[awaiting(route, START)], &[]).await.unwrap();
    moved(&store, id, &mut tide, "a beat").await;
    store.settle(&look(&project, at(START, 20_000)), &[], &[]).await.unwrap();
    moved(&store, id, &mut tide, "a look").await;
    store.settle(&look(&project, at(START, 40_000)), &[], &[]).await.unwrap();
    moved(&store, id, &mut tide, "another look in the same minute").await;
    assert_eq!([tide[0].look, tide[1].look], [Some(at(START, 40_000)); 2]);
    let open = open_incident(&store, incident(&project, Strand::Ingestion, 0)).await;
    moved(&store, id, &mut tide, "an incident").await;
    let entries = [entry(EntryKind::Cause, "another cause")];
    store.write_incident(&open, &entries, &owing(&[])).await.unwrap();
    moved(&store, id, &mut tide, "an entry").await;
    store.hold(open.id.unwrap(), None, None, &entry(EntryKind::Acknowledged, "ann")).await.unwrap();
    moved(&store, id, &mut tide, "a person's word").await;
    let owed = notice_alone(channel.id, "a test", 0);
    store.owe(std::slice::from_ref(&owed)).await.unwrap();
    moved(&store, id, &mut tide, "a notice").await;
    let sent = Notice { state: NoticeState::Sent, ended: Some(at(START, 1)), ..owed };
    store.mark(&[sent], &[ChannelNews::Taken(channel.id, at(START, 1))], &[]).await.unwrap();
    moved(&store, id, &mut tide, "what came of a notice").await;
    store.revive(channel.id, at(START, 2)).await.unwrap();
    moved(&store, id, &mut tide, "a channel that delivers again").await;
    // What was not written is no news.
    store.write_incident(&Incident { id: None, ..open }, &[], &owing(&[])).await.unwrap();
    assert_eq!(store.tide(None).await.unwrap(), tide[0]);
}

async fn the_tide_of_a_project_does_not_move_with_the_beats_of_others(bed: Bed) {
    let store = bed.open().await;
    let (one, other) = (set_up(&store, spec("one")).await, set_up(&store, spec("other")).await);
    store.record(&[awaiting(one.routes[0].id, START), awaiting(other.routes[0].id, START.plus(5))], &[]).await.unwrap();
    store.settle(&look(&other, at(START, 1)), &[], &[]).await.unwrap();
    let tide = store.tide(Some(one.id)).await.unwrap();
    assert_eq!((tide.beat, tide.look), (Some(START), None));
    assert_eq!(store.tide(None).await.unwrap().beat, Some(START.plus(5)));
    store.record(&[awaiting(other.routes[0].id, START.plus(59))], &[]).await.unwrap();
    assert_eq!(store.tide(Some(one.id)).await.unwrap(), tide);
    // An hour behind the others it is not looked for any more.
    store.record(&[awaiting(other.routes[0].id, START.plus(60))], &[]).await.unwrap();
    assert_eq!(store.tide(Some(one.id)).await.unwrap().beat, None);
}
