//! Routes and middleware.

use std::sync::Arc;

use axum::Router;
use axum::middleware::{from_fn_with_state, map_response};
use axum::routing::get;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;

use super::site::Site;
use super::{api, assets, guard, health, live, metrics, pages};

pub(super) fn router(site: Arc<Site>) -> Router {
    let page_routes = pages::routes()
        .route("/live", get(live::live))
        .route("/assets/{mark}/{name}", get(assets::asset))
        .route("/favicon.ico", get(assets::favicon))
        .route("/robots.txt", get(assets::robots))
        .route_layer(from_fn_with_state(Arc::clone(&site), guard::check_form))
        .fallback(pages::nowhere)
        .layer(from_fn_with_state(Arc::clone(&site), pages::dress));
    let api_routes = api::routes().layer(map_response(api::dress));
    let monitoring_routes = Router::new()
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(metrics::scrape))
        .layer(map_response(api::dress));
    Router::new()
        .merge(monitoring_routes)
        .merge(api_routes)
        .merge(page_routes)
        .layer(CompressionLayer::new())
        .layer(from_fn_with_state(Arc::clone(&site), guard::guard))
        .layer(CatchPanicLayer::new())
        .with_state(site)
}
