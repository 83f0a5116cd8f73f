//! Which path leads where.

use axum::Router;
use axum::routing::{get, post};

use super::instance::Instance;
use super::{about, annotations, capture, flags, health, inspect, private, query};

/// Paths of capture v0. Each is also served without the slash at its end.
const V0_PATHS: [&str; 5] = ["/i/v0/e/", "/e/", "/capture/", "/track/", "/batch/"];

pub(super) fn routes(instance: &Instance) -> Router {
    let mut router = Router::new();
    for path in V0_PATHS {
        router = with_and_without_slash(router, path, || post(capture::v0::take));
    }
    router = with_and_without_slash(router, "/i/v1/analytics/events/", || post(capture::v1::take));
    router = with_and_without_slash(router, "/flags/", || post(flags::evaluate));
    router = with_and_without_slash(router, "/decide/", || post(flags::evaluate));
    router = with_and_without_slash(router, "/_preflight/", || get(health::preflight));
    for path in ["/_health/", "/_livez/", "/_readyz/"] {
        router = with_and_without_slash(router, path, || get(health::alive));
    }
    router = with_and_without_slash(router, "/api/projects/", || get(private::projects));
    router = with_and_without_slash(router, "/api/projects/{project}/", || get(private::project));
    router = with_and_without_slash(router, "/api/users/@me/", || get(private::me));
    router = with_and_without_slash(router, "/api/projects/{project}/query/", || post(query::answer));
    router = with_and_without_slash(router, "/api/projects/{project}/annotations/", || get(annotations::list).post(annotations::write));
    router
        .route("/array/{token}/config.js", get(flags::config))
        .route("/", get(about::page))
        .route("/_sandbox/weather", get(inspect::weather).put(inspect::change_weather).delete(inspect::clear_weather))
        .route("/_sandbox/events", get(inspect::events))
        .with_state(instance.clone())
}

fn with_and_without_slash(
    router: Router<Instance>,
    path: &'static str,
    method: impl Fn() -> axum::routing::MethodRouter<Instance>,
) -> Router<Instance> {
    router.route(path, method()).route(path.trim_end_matches('/'), method())
}
