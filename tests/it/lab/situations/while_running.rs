//! What `heartbeat run` is held against: a fault that lasts, its status and its first message.

use super::Before::{Nginx, Nothing};
use super::{Api, Situation};

/// One service that watches one project.
#[derive(Debug, Clone)]
pub(in super::super) struct Story {
    pub(in super::super) situation: Situation,
    pub(in super::super) expected: Expected,
    /// Whether a second route goes to the sandbox directly.
    pub(in super::super) direct_too: bool,
    /// Whether all three events of the app are on, and not one alone.
    pub(in super::super) all_events: bool,
}

/// What the service has to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Expected {
    /// Say so in its status and in a message.
    Told,
    /// Say nothing, since nothing is wrong.
    Quiet,
}

fn told(situation: Situation) -> Story {
    Story { situation, expected: Expected::Told, direct_too: false, all_events: false }
}

fn quiet(situation: Situation) -> Story {
    Story { situation, expected: Expected::Quiet, direct_too: false, all_events: false }
}

/// One of those that the check is held against.
fn known(name: &str) -> Situation {
    super::for_check().into_iter().find(|situation| situation.name == name).unwrap_or_else(|| panic!("no situation is named {name}"))
}

fn sandbox(name: &'static str, truth: &'static str, right: &'static [&'static str], faults: &'static str) -> Story {
    told(Situation::new(name, truth, right, Nothing).faults(faults))
}

/// POST is cached by its path alone, as an operator who wants to reduce load might set it.
const CACHES_POST: &str = "
    proxy_cache_path {folder}/cache{port} keys_zone=cache{port}:1m;
    server {
        listen 127.0.0.1:{port};
        location / {
            proxy_pass http://{sandbox};
            proxy_cache cache{port};
            proxy_cache_methods GET HEAD POST;
            proxy_cache_key $uri;
            proxy_cache_valid 200 10m;
            add_header X-Cache-Status $upstream_cache_status;
        }
    }";

/// The same of a project whose three events each have a beat a minute: of one a tenth that is lost is two beats in twenty minutes, if at all.
fn losing(name: &'static str, truth: &'static str, right: &'static [&'static str], faults: &'static str) -> Story {
    Story { all_events: true, ..sandbox(name, truth, right, faults) }
}

pub(super) fn all() -> Vec<Story> {
    let mut stories: Vec<Story> = [
        "nginx/upstream-down",
        "nginx/upstream-slow",
        "nginx/slash-redirected",
        "nginx/login",
        "nginx/empty-200",
        "nginx/prefix-kept",
        "nginx/firewall",
        "nginx/body-limit",
        "nginx/single-page-app",
        "nginx/token-replaced",
        "nginx/authorization-taken-v1",
        "tls/expired",
        "network/refused",
        "haproxy/upstream-down",
        "next/slash-redirected",
        "posthog/queue-stopped",
        "posthog/over-quota",
        "posthog/token-unknown",
        "posthog/query-401",
        "posthog/query-500",
        "posthog/answers-lost",
        "cloudflare/521",
        "forward/http-dead",
    ]
    .into_iter()
    .map(|name| told(known(name)))
    .collect();
    stories.extend([
        Story { direct_too: true, ..told(Situation { name: "nginx/empty-200-beside-direct", ..known("nginx/empty-200") }) },
        Story { direct_too: true, ..told(Situation { name: "swallows/ok-beside-direct", ..known("swallows/ok-nginx") }) },
        losing("posthog/loses-10", "every tenth event is lost", &["partial_loss"], r#"{"capture":{"drop_rate":0.1}}"#),
        losing("posthog/loses-30", "30 % of the events are lost", &["partial_loss"], r#"{"capture":{"drop_rate":0.3}}"#),
        losing("posthog/loses-50", "half of the events are lost", &["partial_loss"], r#"{"capture":{"drop_rate":0.5}}"#),
        losing("posthog/loses-70", "70 % of the events are lost", &["partial_loss"], r#"{"capture":{"drop_rate":0.7}}"#),
        told(
            Situation::new(
                "nginx/caches-post",
                "it answers POST from its cache",
                &["intermediary/caches", "intermediary/swallows"],
                Nginx(CACHES_POST),
            )
            .held_out(),
        ),
    ]);
    stories.extend(["nginx/date-behind", "nginx/date-ahead"].map(|name| quiet(known(name))));
    let mut direct = Situation { name: "nginx/date-behind-api-direct", ..known("nginx/date-behind") };
    direct.asked.api = Api::Direct;
    stories.push(quiet(direct));
    stories
}
