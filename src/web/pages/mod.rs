//! The pages: one file each. A page reads (through `report`), draws a template, and its forms write (through `edit` and `access`) and
//! send the browser on.

mod enter;
mod login;
mod projects;
mod settings;
mod status;
mod status_pages;
mod trouble;

use std::sync::Arc;

use axum::Router;

use super::site::Site;

pub(super) use trouble::{draw, dress, nowhere};

/// All pages.
pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new()
        .merge(enter::routes())
        .merge(login::routes())
        .merge(projects::routes())
        .merge(settings::routes())
        .merge(status::routes())
        .merge(status_pages::routes())
}
