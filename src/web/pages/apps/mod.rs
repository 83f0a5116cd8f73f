//! Apps: the list, and the settings, log, metrics and history of each app on each project.

mod head;
mod history;
mod list;
mod log;
mod metrics;
mod route;
mod settings;

use std::sync::Arc;

use axum::Router;

use crate::web::site::Site;

pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new()
        .merge(list::routes())
        .merge(settings::routes())
        .merge(route::routes())
        .merge(log::routes())
        .merge(metrics::routes())
        .merge(history::routes())
}
