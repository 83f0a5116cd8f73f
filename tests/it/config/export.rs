//! What is written reads back as what it was.

use std::ops::RangeInclusive;
use std::time::Duration;

use heartbeat::config::{Exported, to_toml};
use heartbeat::model::{
    ChannelKind, ChannelSpec, Cron, DistinctId, Endpoint, Events, Field, HeartbeatApp, Host, IngestionAlertApp, PersonalKey, ProjectFilter,
    ProjectName, ProjectSpec, ProjectToken, RouteSpec, Severity, StatusPage, Tag, Takes, Timestamp, Timing, Values, Weekly, When, Window,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::{File, environment};
use crate::support::examples::examples;

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

fn paces() -> impl Strategy<Value = Timing> {
    (1_000..7_200_000_u64, 1..36_000_000_u64, 60_000..=3_600_000_u64, 1_000..=20_000_u64).prop_map(|(late, more, readback, timeout)| {
        let [late_after, lost_after, readback_interval, timeout] = [late, late + more, readback, timeout].map(Duration::from_millis);
        Timing { late_after, lost_after, readback_interval, timeout }
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

fn tags() -> impl Strategy<Value = Vec<Tag>> {
    prop::sample::subsequence(vec!["eu", "us", "check.out_1-2"], 0..=3)
        .prop_map(|tags| tags.into_iter().map(|tag| Tag::parse(tag).unwrap()).collect())
}

fn specs() -> impl Strategy<Value = Vec<ProjectSpec>> {
    let key = option::of("phx_[!-~]{1,40}".prop_map(|text| PersonalKey::parse(&text).unwrap()));
    let spec = (
        hosts(),
        option::of(hosts()),
        tokens(),
        key,
        option::of(1..=i64::MAX.unsigned_abs()),
        (paces(), tags()),
        option::of(apps()),
        option::of(alerts()),
    )
        .prop_map(|(host, api_host, token, personal_key, posthog_id, (timing, tags), app, ingestion_alert)| {
            let heartbeat = app.map(|(app, repeat)| HeartbeatApp { project_api_key: repeat.then(|| token.clone()), ..app });
            let name = ProjectName::parse("unnamed").unwrap();
            let bare = ProjectSpec::new(name, host, token);
            ProjectSpec { api_host, personal_key, posthog_id, timing, tags, heartbeat, ingestion_alert, ..bare }
        });
    vec(spec, 1..4).prop_map(|specs| {
        let named = specs.into_iter().enumerate().map(|(index, spec)| {
            let name = ProjectName::parse(&format!("p{index}")).unwrap();
            ProjectSpec { name, ..spec }
        });
        named.collect()
    })
}

/// Ingestion Alert with some of its settings set, each to one of some values.
fn alerts() -> impl Strategy<Value = IngestionAlertApp> {
    let some: [(&str, &[&str]); 12] = [
        ("timeRange", &["1", "45", "1440"]),
        ("webHookUrlTriggered", &["https://example.com/hunter2", "http://[::1]:1/?key='hunter2'"]),
        ("webHookUrlResolved", &["https://example.com/hunter2?x=\\\""]),
        ("posthogApiKey", &["phx_hunter2", "hunter2"]),
        ("posthogHost", &["eu", "https://example.com/x"]),
        ("watch", &["heartbeats", "signup, $pageview", "a\"b"]),
        ("no_event", &["off"]),
        ("lag_above", &["off", "1m30s", "1s"]),
        ("blind", &["off", "1h"]),
        ("lost_open_after", &["1 of 1", "59 of 60"]),
        ("quiet_severity", &["critical"]),
        ("capture_reminders", &["off", "5m", "1h, 2h30m"]),
    ];
    let chosen = some.map(|(key, values)| option::of(prop::sample::select(values)).prop_map(move |value| value.map(|value| (key, value))));
    (any::<bool>(), chosen).prop_map(|(enabled, chosen)| {
        let mut app = IngestionAlertApp::default();
        app.enabled = enabled;
        for (key, value) in chosen.into_iter().flatten() {
            app.set(key, value).unwrap();
        }
        app
    })
}

fn filters(entries: RangeInclusive<usize>) -> impl Strategy<Value = ProjectFilter> {
    prop::sample::subsequence(vec!["p0", "p1", "elsewhere", "tag:eu"], entries)
        .prop_map(|entries| ProjectFilter::parse(&entries.join(",")).unwrap())
}

fn value(takes: Takes) -> BoxedStrategy<String> {
    match takes {
        Takes::Text => "hunter2[!-~]{8,20}".boxed(),
        Takes::Url => "https?://[a-z]{1,8}\\.example/hunter2[a-z'\"?=]{0,8}".boxed(),
        Takes::SmtpUrl => "smtps?://me:hunter2@[a-z]{1,8}\\.example(:25)?".boxed(),
        Takes::Addresses => Just("\\Ops <ops@example.com>, boss@example.com".to_owned()).boxed(),
        Takes::OneOf(all) => prop::sample::select(all).prop_map(str::to_owned).boxed(),
        Takes::SigningSecret => "whsec_[a-zA-Z0-9+/]{24}hunter2/[a-zA-Z0-9]{4}".boxed(),
        Takes::CommandLine => "/[ -~]{0,20}[!-~]".boxed(),
        Takes::HostName => "[a-z]{1,8}\\.example".boxed(),
        Takes::Number => "[1-9][0-9]{0,18}".boxed(),
        Takes::Thread => "[!-~]([ -~]{0,40}[!-~])?".boxed(),
        Takes::Headers => "X-Key: hunter2[!-~]{4,12}\nAuthorization: Bearer hunter2[!-~]{1,8}".boxed(),
        Takes::Payload => "\\{\"[a-z ]{0,8}\":\n?\"\\{\\{ text \\}\\}[é☃# ]{0,4}\"\\}".boxed(),
        Takes::Labels => "[a-z]{1,8}=[a-z'\"]{1,8}, team=[!-+--~]{1,8}".boxed(),
        other => unreachable!("no channel has a field of {other:?}"),
    }
}

fn channels() -> impl Strategy<Value = Vec<ChannelSpec>> {
    let template = || option::of("[a-z\"\\\\'# \t\né☃]{0,20}\\{\\{ title \\}\\}");
    let least = prop::sample::select(&Severity::ALL[..]);
    let one = (prop::sample::select(&ChannelKind::ALL[..]), any::<bool>(), filters(0..=3), least, 1..=u16::MAX, template(), template());
    let one = one.prop_flat_map(|(kind, enabled, projects, least, at_once, title, body)| {
        let must = move |field: &Field| field.required || kind == ChannelKind::GetPair;
        let values =
            kind.fields().iter().map(|field| (Just(field.key), any::<bool>().prop_map(move |on| on || must(field)), value(field.takes)));
        values.collect::<Vec<_>>().prop_map(move |set| {
            let mut values = Values::default();
            set.iter().filter(|(_, is_set, _)| *is_set).for_each(|(key, _, value)| values.set(key, value));
            let name = ProjectName::parse("unnamed").unwrap();
            let (projects, title, body) = (projects.clone(), title.clone(), body.clone());
            ChannelSpec { name, kind, enabled, projects, least, at_once, title, body, values }
        })
    });
    vec(one, 0..4).prop_map(|specs| {
        let named = specs
            .into_iter()
            .enumerate()
            .map(|(index, spec)| ChannelSpec { name: ProjectName::parse(&format!("c{index}")).unwrap(), ..spec });
        named.collect()
    })
}

fn windows() -> impl Strategy<Value = Vec<Window>> {
    let once = (0..4_000_000_000_000_i64, 1..1_000_000_000_000_i64);
    let once = once.prop_map(|(from, lasts)| When::Once(Timestamp::from_ms(from), Timestamp::from_ms(from + lasts)));
    let crons = prop::sample::select(&["0 2 * * SUN", "*/5  1-3 1 * *", "0 0 * * MON,TUE Europe/Berlin"][..]);
    let cron = (crons, 60_000..=604_800_000_u64);
    let cron = cron.prop_map(|(cron, lasts)| When::Cron(Cron::parse(cron).unwrap(), Duration::from_millis(lasts)));
    let weeks = prop::sample::select(&["sun 02:00-04:00", "Mon-Fri  22:00 - 6:00", "sat,sun 00:00-24:00"][..]);
    let weekly = (weeks, option::of(prop::sample::select(&["UTC", "America/St_Johns"][..])));
    let weekly = weekly.prop_map(|(week, zone)| When::Weekly(Weekly::parse(week, zone).unwrap()));
    vec((filters(0..=3), prop_oneof![once, cron, weekly]), 0..4).prop_map(|windows| {
        let named = windows.into_iter().enumerate().map(|(index, (projects, when))| {
            let name = ProjectName::parse(&format!("w{index}")).unwrap();
            Window { name, projects, when }
        });
        named.collect()
    })
}

fn status_pages() -> impl Strategy<Value = Vec<StatusPage>> {
    vec(("[!-~]([ -~☃]{0,30}[!-~])?", filters(1..=3), any::<bool>()), 0..3).prop_map(|pages| {
        let named = pages.into_iter().enumerate().map(|(index, (title, projects, public))| {
            let name = ProjectName::parse(&format!("s{index}")).unwrap();
            StatusPage { name, title, projects, public }
        });
        named.collect()
    })
}

proptest! {
    #![proptest_config(examples(200))]

    #[test]
    fn with_secrets_the_file_is_the_whole_truth(specs in specs(), channels in channels(), windows in windows(), pages in status_pages()) {
        let file = to_toml(Exported { projects: &specs, channels: &channels, windows: &windows, status_pages: &pages }, true);
        let read = File::of(&file).load(&environment());
        let read = read.unwrap_or_else(|problems| panic!("{problems:?} in\n{file}"));
        let desired = read.projects;
        // Over a store that holds other keys, and over none.
        for stored in [&[][..], &specs[..]] {
            let whole = desired.iter().map(|desired| desired.over(stored).unwrap()).collect::<Vec<_>>();
            prop_assert_eq!(&whole, &specs);
        }
        prop_assert_eq!(read.windows.into_iter().map(|desired| desired.spec).collect::<Vec<_>>(), windows);
        prop_assert_eq!(read.status_pages.into_iter().map(|desired| desired.spec).collect::<Vec<_>>(), pages);
        for stored in [&[][..], &channels[..]] {
            let whole = read.channels.iter().map(|desired| desired.over(stored).unwrap()).collect::<Vec<_>>();
            prop_assert_eq!(&whole, &channels);
        }
    }

    #[test]
    fn without_secrets_there_is_none_in_it_and_the_store_keeps_its_own(specs in specs(), channels in channels(), windows in windows(), pages in status_pages()) {
        let file = to_toml(Exported { projects: &specs, channels: &channels, windows: &windows, status_pages: &pages }, false);
        for key in specs.iter().filter_map(|spec| spec.personal_key.as_ref()) {
            prop_assert!(!file.contains(key.expose()));
        }
        // Fields of channels that are no secret hold the same words.
        let shown = file.lines().filter(|line| line.contains("hunter2") && !["username =", "chat =", "device =", "url ="].iter().any(|key| line.starts_with(key)));
        prop_assert_eq!(shown.collect::<Vec<_>>(), Vec::<&str>::new());
        for spec in &channels {
            for field in spec.kind.fields().iter().filter(|field| field.secret) {
                prop_assert!(spec.values.get(field.key).is_none_or(|value| !file.contains(value)), "{}", field.key);
            }
        }
        let read = File::of(&file).load(&environment()).unwrap();
        let whole = read.projects.iter().map(|desired| desired.over(&specs).unwrap()).collect::<Vec<_>>();
        prop_assert_eq!(whole, specs);
        let whole = read.channels.iter().map(|desired| desired.over(&channels).unwrap()).collect::<Vec<_>>();
        prop_assert_eq!(whole, channels);
        prop_assert_eq!(read.windows.into_iter().map(|desired| desired.spec).collect::<Vec<_>>(), windows);
        prop_assert_eq!(read.status_pages.into_iter().map(|desired| desired.spec).collect::<Vec<_>>(), pages);
    }
}
