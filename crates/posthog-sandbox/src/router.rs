//! The routes. Three services share one address, as behind the proxy of a self-hosted PostHog: capture with flags, the private
//! API with the rest of the web application, and the sandbox's own addresses.

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{MethodRouter, any, get, post};

use super::instance::Instance;
use super::{about, annotations, capture, cors, flags, health, inspect, losses, private, query};

/// Each is also served without the slash at its end.
const V0_PATHS: [&str; 5] = ["/i/v0/e/", "/e/", "/capture/", "/track/", "/batch/"];

/// The prefixes of a project's addresses. The second is the older name of the first.
const PROJECT: [&str; 2] = ["/api/projects/{project}", "/api/environments/{project}"];

pub(super) fn routes(instance: &Instance) -> Router {
    Router::new().merge(capture()).merge(private(instance)).merge(own()).with_state(instance.clone())
}

/// Capture also answers every unknown path, with an empty 404.
fn capture() -> Router<Instance> {
    let mut router = Router::new();
    for path in V0_PATHS {
        router = with_and_without_slash(router, path, || get(capture::v0::take).post(capture::v0::take));
    }
    router = with_and_without_slash(router, "/i/v1/analytics/events/", || post(capture::v1::take));
    router = with_and_without_slash(router, "/flags/", || post(flags::evaluate));
    router = with_and_without_slash(router, "/decide/", || post(flags::evaluate));
    router.route("/array/{token}/config.js", get(flags::config)).fallback(capture::nowhere).layer(from_fn(cors::allow))
}

fn private(instance: &Instance) -> Router<Instance> {
    let mut router = Router::new();
    router = with_and_without_slash(router, "/_preflight/", || get(health::preflight));
    for path in ["/_health/", "/_livez/", "/_readyz/"] {
        router = with_and_without_slash(router, path, || get(health::alive));
    }
    router = with_and_without_slash(router, "/api/projects/", || get(private::projects));
    router = with_and_without_slash(router, "/api/personal_api_keys/@current/", || get(private::key));
    router = with_and_without_slash(router, "/api/users/@me/", || get(private::me));
    for project in PROJECT {
        let mut at = |path: &str, method: fn() -> MethodRouter<Instance>| {
            let path = format!("{project}{path}");
            router = with_and_without_slash(std::mem::take(&mut router), &path, method);
        };
        at("/", || get(private::project));
        at("/query/", || post(query::answer));
        at("/annotations/", || get(annotations::list).post(annotations::write));
        at("/quota_limits/", || get(losses::quota));
        at("/event_filter/", || get(losses::filter));
        at("/event_ingestion_restrictions/", || get(losses::restrictions));
        at("/ingestion_warnings_v2/", || get(losses::warnings));
    }
    router
        .route("/api/", any(private::nowhere))
        .route("/api/{*rest}", any(private::nowhere))
        .method_not_allowed_fallback(private::no_method)
        .layer(from_fn_with_state(instance.clone(), private::challenge))
}

fn own() -> Router<Instance> {
    let faults = || get(inspect::faults).put(inspect::change_faults).delete(inspect::clear_faults);
    Router::new()
        .route("/", get(about::page))
        .route("/_sandbox/faults", faults())
        // The former name, an alias.
        .route("/_sandbox/weather", faults())
        .route("/_sandbox/events", get(inspect::events))
        .route("/_sandbox/queries", get(query::running))
        .route("/_sandbox/query", post(query::answer_the_application))
}

fn with_and_without_slash(router: Router<Instance>, path: &str, method: impl Fn() -> MethodRouter<Instance>) -> Router<Instance> {
    router.route(path, method()).route(path.trim_end_matches('/'), method())
}
