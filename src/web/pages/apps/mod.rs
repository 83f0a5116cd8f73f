//! Apps: what can be installed, where it is, and each app of each project: its settings, its log, its figures, its history.

mod head;
mod history;
mod list;
mod log;
mod metrics;
mod settings;

use std::sync::Arc;

use axum::Router;

use crate::edit;
use crate::model::{AppKind, Project};
use crate::web::site::Site;
use crate::web::trouble::Trouble;

pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new().merge(list::routes()).merge(settings::routes()).merge(log::routes()).merge(metrics::routes()).merge(history::routes())
}

/// The project and the app of an address: `/projects/shop/apps/heartbeat`.
async fn addressed(site: &Site, name: &str, app: &str) -> Result<(Project, AppKind), Trouble> {
    let kind = edit::app::kind_named(app)?;
    Ok((site.project(name).await?, kind))
}
