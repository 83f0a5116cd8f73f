//! Setting projects up, changing and removing them.

use std::time::Duration;

use heartbeat::model::{
    AppKind, DistinctId, Endpoint, Events, Evidence, EvidenceOf, HeartbeatApp, Host, Hour, PersonalKey, ProjectFilter, ProjectName,
    ProjectSpec, ProjectToken, RouteSpec, StatusPage, Switch, Tag, Timing,
};
use heartbeat::store::{RouteSpan, Spread, StoreError};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::bed::{Bed, cipher};
use super::samples::{START, at, awaiting, find, name, readback, set_up, spec, spec_with_routes};

over_both!(
    whatever_is_applied_comes_back_equal,
    projects_come_by_name,
    a_route_keeps_its_number_while_its_name_stays,
    a_route_that_comes_back_is_a_new_one,
    every_turn_of_the_switch_is_remembered,
    applying_the_same_again_turns_nothing,
    a_removed_project_takes_everything_with_it,
    removing_and_putting_at_once_begins_anew,
    removing_what_is_not_there_is_no_fault,
    two_routes_of_one_name_are_rejected_and_nothing_is_applied,
    the_later_of_two_with_one_name_counts,
    a_filter_finds_the_projects_that_it_names_and_those_with_its_tags,
    the_revision_grows_for_everyone,
    another_key_does_not_open_the_secrets,
    secrets_stand_nowhere_in_clear,
    thousands_of_projects_are_set_up_at_once,
    apps_are_counted_without_being_opened,
);

fn text() -> impl Strategy<Value = String> {
    // PostgreSQL's text holds no zero byte; the parsers at the door let none through either.
    "[^\u{0}]{0,12}"
}

fn host() -> impl Strategy<Value = Host> {
    let written = prop_oneof![
        Just("us".to_owned()),
        Just("EU".to_owned()),
        Just("https://app.posthog.com/".to_owned()),
        "https?://[a-z]{1,9}\\.example\\.com(:8[0-9]{3})?(/[a-z]{1,5}/?)?",
    ];
    written.prop_map(|text| Host::parse(&text).unwrap())
}

fn distinct_id() -> impl Strategy<Value = DistinctId> {
    "[a-zé ]{0,20}( \\{minute\\})?".prop_filter_map("no distinct id", |text| DistinctId::parse(&text).ok())
}

fn own_route(at: usize) -> impl Strategy<Value = RouteSpec> {
    (text(), text(), prop::option::of(host()), any::<bool>(), distinct_id()).prop_map(move |(name, event, host, v1, distinct_id)| {
        RouteSpec { name: format!("{at} {name}"), event, host, endpoint: if v1 { Endpoint::V1 } else { Endpoint::V0 }, distinct_id }
    })
}

fn heartbeat() -> impl Strategy<Value = HeartbeatApp> {
    let events = prop::sample::subsequence(vec!["heartbeat", "heartbeat_buffer", "heartbeat_api"], 1..=3);
    let routes = prop_oneof![Just(0), 0..4_usize].prop_flat_map(|count| (0..count).map(own_route).collect::<Vec<_>>());
    (any::<bool>(), events, prop::option::of(host()), any::<bool>(), routes).prop_map(|(enabled, events, host, key, routes)| HeartbeatApp {
        enabled,
        events: Events::parse(&events.join("+")).unwrap(),
        host,
        project_api_key: key.then(|| ProjectToken::parse("phc_app").unwrap()),
        routes,
    })
}

fn any_spec() -> impl Strategy<Value = ProjectSpec> {
    let timing =
        (0..10_u64.pow(12), 0..10_u64.pow(12), 0..10_u64.pow(12), 0..10_u64.pow(12)).prop_map(|(late, lost, readback, timeout)| Timing {
            late_after: Duration::from_millis(late),
            lost_after: Duration::from_millis(lost),
            readback_interval: Duration::from_millis(readback),
            timeout: Duration::from_millis(timeout),
        });
    let keys = ("[!-~]{1,40}", prop::option::of("[!-~]{1,90}"), prop::option::of(any::<u64>()));
    let tags = prop::sample::subsequence(vec!["eu", "us", "checkout"], 0..=3);
    let tags = tags.prop_map(|tags| tags.into_iter().map(|tag| Tag::parse(tag).unwrap()).collect());
    ("[a-c]", host(), prop::option::of(host()), keys, (timing, tags), prop::option::of(heartbeat())).prop_map(
        |(name, host, api_host, (token, personal_key, posthog_id), (timing, tags), heartbeat)| ProjectSpec {
            api_host,
            personal_key: personal_key.map(|key| PersonalKey::parse(&format!("phx_{key}")).unwrap()),
            posthog_id,
            timing,
            tags,
            heartbeat,
            ..ProjectSpec::new(ProjectName::parse(&name).unwrap(), host, ProjectToken::parse(&format!("phc_{token}")).unwrap())
        },
    )
}

/// Three names and sixty changes: most are made over something that was there before.
async fn whatever_is_applied_comes_back_equal(bed: Bed) {
    let store = bed.open().await;
    let mut runner = TestRunner::deterministic();
    for _ in 0..60 {
        let spec = any_spec().new_tree(&mut runner).unwrap().current();
        let project = set_up(&store, spec.clone()).await;
        assert_eq!(project.spec, spec);
        let routes: Vec<RouteSpec> = project.routes.iter().map(|route| route.spec.clone()).collect();
        assert_eq!(routes, spec.heartbeat.iter().flat_map(HeartbeatApp::all_routes).collect::<Vec<_>>());
        assert_eq!(project.switches.last().is_some_and(|switch| switch.on), spec.beats());
    }
}

async fn a_filter_finds_the_projects_that_it_names_and_those_with_its_tags(bed: Bed) {
    let store = bed.open().await;
    let tagged = |text: &str, tags: &[&str]| ProjectSpec { tags: tags.iter().map(|tag| Tag::parse(tag).unwrap()).collect(), ..spec(text) };
    store.apply(&[tagged("shop", &["eu", "checkout"]), tagged("blog", &["eu"]), tagged("news", &[])], &[], START.start()).await.unwrap();
    let found = async |filter: &str| {
        let names = store.names_in(&ProjectFilter::parse(filter).unwrap()).await.unwrap();
        names.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(found("").await, ["blog", "news", "shop"]);
    assert_eq!(found("shop, gone").await, ["shop", "gone"], "a listed name may be of a removed project");
    assert_eq!(found("tag:eu").await, ["blog", "shop"]);
    assert_eq!(found("tag:checkout, news, shop").await, ["news", "shop"]);
    assert_eq!(found("tag:us").await, [""; 0]);
    let page = |projects| StatusPage { name: name("data"), title: "Data".into(), projects, public: true };
    let shown = async |filter: &str| {
        let projects = store.projects_on(&page(ProjectFilter::parse(filter).unwrap())).await.unwrap();
        projects.iter().map(|project| project.spec.name.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(shown("news, gone, tag:eu").await, ["news", "blog", "shop"], "in the order of the page");
    assert_eq!(shown("").await, [""; 0], "not all");
    store.apply(&[tagged("news", &["eu"])], &[], START.start()).await.unwrap();
    assert_eq!(shown("tag:eu").await, ["blog", "news", "shop"]);
}

async fn projects_come_by_name(bed: Bed) {
    let store = bed.open().await;
    assert_eq!(store.projects().await.unwrap(), []);
    let specs = ["b-2", "B", "a", "b_1", "b.3", "10", "9"].map(spec);
    store.apply(&specs, &[], START.start()).await.unwrap();
    let names: Vec<String> = store.projects().await.unwrap().iter().map(|project| project.spec.name.to_string()).collect();
    assert_eq!(names, ["10", "9", "B", "a", "b-2", "b.3", "b_1"]);
}

async fn a_route_keeps_its_number_while_its_name_stays(bed: Bed) {
    let store = bed.open().await;
    let before = set_up(&store, spec_with_routes("one", &["proxy", "edge"])).await;
    let mut changed = spec_with_routes("one", &["edge", "proxy"]);
    changed.host = Host::parse("https://posthog.example.com").unwrap();
    let app = changed.heartbeat.as_mut().unwrap();
    app.routes[1].event = "renamed event".into();
    app.routes[1].endpoint = Endpoint::V0;
    store.apply(&[changed], &[], at(START, 999_999)).await.unwrap();
    let after = find(&store, &before.spec.name).await;
    for route in &after.routes {
        let was = before.routes.iter().find(|was| was.spec.name == route.spec.name).unwrap();
        assert_eq!((route.id, route.since), (was.id, was.since), "{}", route.spec.name);
    }
    assert_eq!(after.id, before.id);
    assert_eq!(after.routes[4].spec.event, "renamed event");
}

async fn a_route_that_comes_back_is_a_new_one(bed: Bed) {
    let store = bed.open().await;
    let first = set_up(&store, spec_with_routes("one", &["proxy"])).await.routes[3].clone();
    store.record(&[awaiting(first.id, START)], &[]).await.unwrap();
    store.apply(&[spec_with_routes("one", &[])], &[], at(START, 60_000)).await.unwrap();
    assert_eq!(find(&store, &name("one")).await.routes.len(), 3);
    assert_eq!(store.beats(&[first.id], START, START.plus(1)).await.unwrap().len(), 1, "a retired route's beats stay");
    store.apply(&[spec_with_routes("one", &["proxy"])], &[], at(START, 120_000)).await.unwrap();
    let again = find(&store, &name("one")).await.routes[3].clone();
    assert_ne!(again.id, first.id);
    assert_eq!(again.since, at(START, 120_000));
    assert_eq!(store.routes_after(None, 100).await.unwrap().len(), 5);
}

async fn every_turn_of_the_switch_is_remembered(bed: Bed) {
    let store = bed.open().await;
    let mut off = spec("one");
    off.heartbeat.as_mut().unwrap().enabled = false;
    let uninstalled = ProjectSpec { heartbeat: None, ..spec("one") };
    // The clock steps back before the last turn: the order is that of the turns all the same.
    for (spec, minute) in [(&off, 0), (&spec("one"), 1), (&off, 2), (&spec("one"), 9), (&uninstalled, 10), (&spec("one"), 5)] {
        store.apply(std::slice::from_ref(spec), &[], START.plus(minute).start()).await.unwrap();
    }
    let turns = [(1, true), (2, false), (9, true), (10, false), (5, true)];
    let expected = turns.map(|(minute, on)| Switch { app: AppKind::Heartbeat, at: START.plus(minute).start(), on });
    assert_eq!(find(&store, &name("one")).await.switches, expected);
}

async fn applying_the_same_again_turns_nothing(bed: Bed) {
    let store = bed.open().await;
    let first = set_up(&store, spec_with_routes("one", &["proxy"])).await;
    store.apply(std::slice::from_ref(&first.spec), &[], at(START, 600_000)).await.unwrap();
    assert_eq!(find(&store, &first.spec.name).await, first);
}

async fn a_removed_project_takes_everything_with_it(bed: Bed) {
    let store = bed.open().await;
    let (gone, stays) = (set_up(&store, spec("gone")).await, set_up(&store, spec("stays")).await);
    for project in [&gone, &stays] {
        let route = project.routes[0].id;
        let evidence = Evidence { route, minute: START, at: START.start(), of: EvidenceOf::Lost { read_back: START.start() } };
        let beats: Vec<_> = START.until(START.plus(3)).map(|minute| awaiting(route, minute)).collect();
        store.record(&beats, &[evidence]).await.unwrap();
        store.settle(&readback(project, START.start()), &[], &[]).await.unwrap();
        for start in [START.plus(-120), START.plus(-60)] {
            let nothing = RouteSpan { after: Some(route), to: Some(route) };
            store.fold(start, nothing, &[Hour::fold(route, start, &[])]).await.unwrap();
        }
    }
    store.apply(&[], &[name("gone")], at(START, 1)).await.unwrap();
    assert_eq!(store.projects().await.unwrap(), std::slice::from_ref(&stays));
    let (first, end) = (START.plus(-600), START.plus(600));
    for (project, there) in [(&gone, 0), (&stays, 1)] {
        let route = [project.routes[0].id];
        assert_eq!(store.beats(&route, first, end).await.unwrap().len(), 3 * there);
        assert_eq!(store.hours(&route, first, end).await.unwrap().len(), 2 * there);
        assert_eq!(store.evidence(&route, first, end).await.unwrap().len(), there);
    }
    assert_eq!(store.readbacks().await.unwrap().len(), 1);
    assert_eq!(store.routes_after(None, 100).await.unwrap(), [stays.routes[0].id]);
}

async fn removing_and_putting_at_once_begins_anew(bed: Bed) {
    let store = bed.open().await;
    let before = set_up(&store, spec("one")).await;
    store.apply(&[spec("one")], &[name("one")], at(START, 60_000)).await.unwrap();
    let after = find(&store, &name("one")).await;
    assert_ne!((after.id, after.routes[0].id), (before.id, before.routes[0].id), "no number is used twice");
    assert_eq!(after.switches.len(), 1);
}

async fn removing_what_is_not_there_is_no_fault(bed: Bed) {
    let store = bed.open().await;
    store.apply(&[], &[name("nobody")], START.start()).await.unwrap();
    assert_eq!(store.revision().await.unwrap(), 1);
}

async fn two_routes_of_one_name_are_rejected_and_nothing_is_applied(bed: Bed) {
    let store = bed.open().await;
    let stays = set_up(&store, spec("stays")).await;
    for twice in [["proxy", "proxy"], ["proxy", "heartbeat"]] {
        let specs = [spec("fine"), spec_with_routes("twice", &twice)];
        let said = store.apply(&specs, &[name("stays")], START.start()).await.unwrap_err().to_string();
        assert_eq!(said, format!("project twice: two routes have the name `{}`", twice[1]));
        assert_eq!(store.projects().await.unwrap(), std::slice::from_ref(&stays));
        assert_eq!(store.revision().await.unwrap(), 1);
    }
}

async fn the_later_of_two_with_one_name_counts(bed: Bed) {
    let store = bed.open().await;
    let later = ProjectSpec { posthog_id: Some(2), ..spec("one") };
    store.apply(&[spec("one"), later.clone()], &[], START.start()).await.unwrap();
    let all = store.projects().await.unwrap();
    assert_eq!((all.len(), &all[0].spec), (1, &later));
}

async fn the_revision_grows_for_everyone(bed: Bed) {
    let (one, other) = (bed.open().await, bed.open().await);
    assert_eq!(one.revision().await.unwrap(), 0);
    one.apply(&[spec("one")], &[], START.start()).await.unwrap();
    other.apply(&[spec("one")], &[], START.start()).await.unwrap();
    assert_eq!((one.revision().await.unwrap(), other.revision().await.unwrap()), (2, 2));
    // Both at once, again and again: none is lost, and none hinders the other.
    let applied = |store: std::sync::Arc<heartbeat::store::Store>| async move {
        for at in 0..20 {
            store.apply(&[spec(&format!("project-{at}"))], &[], START.start()).await.unwrap();
        }
    };
    tokio::join!(applied(one.clone()), applied(other));
    assert_eq!(one.revision().await.unwrap(), 42);
    assert_eq!(one.projects().await.unwrap().len(), 21);
}

async fn another_key_does_not_open_the_secrets(bed: Bed) {
    let store = bed.open().await;
    set_up(&store, spec("one")).await;
    let stranger = bed.try_open_with(cipher('B')).await.unwrap();
    let error = stranger.projects().await.unwrap_err();
    assert!(matches!(error, StoreError::Seal(_)), "{error:?}");
    let said = error.to_string();
    assert!(said.starts_with("the personal API key of project one cannot be decrypted with this encryption key"), "{said}");
    assert!(!format!("{said}{error:?}").contains("phx_"), "{error:?}");
    // Without a secret there is nothing to open.
    stranger.apply(&[ProjectSpec { personal_key: None, ..spec("one") }], &[], START.start()).await.unwrap();
    assert_eq!(stranger.projects().await.unwrap().len(), 1);
}

async fn secrets_stand_nowhere_in_clear(bed: Bed) {
    let store = bed.open().await;
    let secret = PersonalKey::parse("phx_0123456789-never-in-clear").unwrap();
    set_up(&store, ProjectSpec { personal_key: Some(secret.clone()), ..spec("one") }).await;
    let everything = bed.everything().await;
    assert!(everything.windows(7).any(|bytes| bytes == b"phc_one"), "this reads what is stored");
    assert!(!everything.windows(secret.expose().len()).any(|bytes| bytes == secret.expose().as_bytes()));
    assert!(!format!("{:?}", store.projects().await.unwrap()).contains("never-in-clear"));
}

async fn thousands_of_projects_are_set_up_at_once(bed: Bed) {
    let store = bed.open().await;
    let specs: Vec<ProjectSpec> = (0..1201).map(|at| spec_with_routes(&format!("p{at:05}"), &["proxy"])).collect();
    store.apply(&specs, &[], START.start()).await.unwrap();
    let projects = store.projects().await.unwrap();
    assert_eq!(projects.iter().map(|project| &project.spec).collect::<Vec<_>>(), specs.iter().collect::<Vec<_>>());
    let names: Vec<ProjectName> = specs.into_iter().map(|spec| spec.name).collect();
    store.apply(&[], &names[1..], START.start()).await.unwrap();
    assert_eq!(store.projects().await.unwrap(), projects[..1]);
    assert_eq!(store.longest_wait().await.unwrap(), Timing::default().lost_after);
}

async fn apps_are_counted_without_being_opened(bed: Bed) {
    let store = bed.open().await;
    assert_eq!(store.spread(AppKind::Heartbeat).await.unwrap(), Spread::default());
    let resting = HeartbeatApp { enabled: false, ..HeartbeatApp::default() };
    let specs = [
        spec("one"),
        spec("two"),
        ProjectSpec { heartbeat: Some(resting), ..spec("three") },
        ProjectSpec { heartbeat: None, ..spec("four") },
    ];
    store.apply(&specs, &[], START.start()).await.unwrap();
    assert_eq!(store.spread(AppKind::Heartbeat).await.unwrap(), Spread { installed: 3, enabled: 2 });
    assert_eq!(store.spread(AppKind::IngestionAlert).await.unwrap(), Spread::default());
}
