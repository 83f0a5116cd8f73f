//! What is written reads back as what it was.

use std::time::Duration;

use heartbeat::config::to_toml;
use heartbeat::model::{
    DistinctId, Endpoint, Events, HeartbeatApp, Host, Pace, PersonalKey, ProjectName, ProjectSpec, ProjectToken, RouteSpec,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::{File, environment};

/// Hosts as people write them.
fn hosts() -> impl Strategy<Value = Host> {
    let written = prop_oneof![
        Just("us".to_owned()),
        Just("EU".to_owned()),
        Just("https://app.posthog.com/".to_owned()),
        "https?://[a-z]{1,8}\\.example(:[1-9][0-9]{1,3})?(/[a-z'~]{0,6}){0,2}/?",
    ];
    written.prop_map(|text| Host::parse(&text).unwrap())
}

fn tokens() -> impl Strategy<Value = ProjectToken> {
    "phc_[!-~]{1,40}".prop_map(|text| ProjectToken::parse(&text).unwrap())
}

fn paces() -> impl Strategy<Value = Pace> {
    (1_000..7_200_000_u64, 1..36_000_000_u64, 60_000..=3_600_000_u64).prop_map(|(late, more, look)| {
        let [late_after, lost_after, look_every] = [late, late + more, look].map(Duration::from_millis);
        Pace { late_after, lost_after, look_every }
    })
}

fn routes() -> impl Strategy<Value = RouteSpec> {
    let event = prop_oneof![Just("$heartbeat".to_owned()), "[a-z\"\\\\'#=é☃]{1,20}"];
    let distinct_id = prop_oneof![
        "x[a-z \"\\\\']{0,10}y".prop_map(DistinctId::Fixed),
        "([a-z/\"\\\\'][a-z /\"\\\\']{0,10})?".prop_map(DistinctId::Fresh)
    ];
    let endpoint = prop_oneof![Just(Endpoint::V0), Just(Endpoint::V1)];
    (event, option::of(hosts()), endpoint, distinct_id).prop_map(|(event, host, endpoint, distinct_id)| RouteSpec {
        name: String::new(),
        event,
        host,
        endpoint,
        distinct_id,
    })
}

/// Apps whose routes are named `r0`, `r1`, ...; whether the token stands there once more comes with them.
fn apps() -> impl Strategy<Value = (HeartbeatApp, bool)> {
    let events = prop::sample::subsequence(vec!["heartbeat", "heartbeat_buffer", "heartbeat_api"], 1..=3);
    (any::<bool>(), events, option::of(hosts()), any::<bool>(), vec(routes(), 0..3)).prop_map(|(enabled, events, host, repeat, routes)| {
        let named = routes.into_iter().enumerate().map(|(index, route)| RouteSpec { name: format!("r{index}"), ..route });
        let events = Events::parse(&events.join("+")).unwrap();
        (HeartbeatApp { enabled, events, host, project_api_key: None, routes: named.collect() }, repeat)
    })
}

fn specs() -> impl Strategy<Value = Vec<ProjectSpec>> {
    let key = option::of("phx_[!-~]{1,40}".prop_map(|text| PersonalKey::parse(&text).unwrap()));
    let spec = (hosts(), option::of(hosts()), tokens(), key, option::of(1..=i64::MAX.unsigned_abs()), paces(), option::of(apps()))
        .prop_map(|(host, api_host, token, personal_key, posthog_id, pace, app)| {
            let heartbeat = app.map(|(app, repeat)| HeartbeatApp { project_api_key: repeat.then(|| token.clone()), ..app });
            let name = ProjectName::parse("unnamed").unwrap();
            ProjectSpec { name, host, api_host, token, personal_key, posthog_id, pace, heartbeat, ingestion_alert: None }
        });
    vec(spec, 1..4).prop_map(|specs| {
        let named = specs.into_iter().enumerate().map(|(index, spec)| {
            let name = ProjectName::parse(&format!("p{index}")).unwrap();
            ProjectSpec { name, ..spec }
        });
        named.collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn with_secrets_the_file_is_the_whole_truth(specs in specs()) {
        let file = to_toml(&specs, true);
        let read = File::of(&file).load(&environment());
        let wanted = read.unwrap_or_else(|problems| panic!("{problems:?} in\n{file}")).projects;
        // Over a store that holds other keys, and over none.
        for stored in [&[][..], &specs[..]] {
            let whole = wanted.iter().map(|wanted| wanted.over(stored)).collect::<Vec<_>>();
            prop_assert_eq!(&whole, &specs);
        }
    }

    #[test]
    fn without_secrets_there_is_none_in_it_and_the_store_keeps_its_own(specs in specs()) {
        let file = to_toml(&specs, false);
        for key in specs.iter().filter_map(|spec| spec.personal_key.as_ref()) {
            prop_assert!(!file.contains(key.expose()));
        }
        let wanted = File::of(&file).load(&environment()).unwrap().projects;
        let whole = wanted.iter().map(|wanted| wanted.over(&specs)).collect::<Vec<_>>();
        prop_assert_eq!(whole, specs);
    }
}
