//! The pages, one file each. A page reads through `report` and renders a template; its forms write through `settings` and `auth` and redirect.

mod apps;
mod audit_log;
mod badge;
mod beat;
mod beats;
mod channels;
mod confirm;
mod enter;
mod entity;
mod error;
mod evidence;
mod first_beat;
mod incident;
mod incidents;
mod login;
mod maintenance;
mod new;
mod notifications;
mod project;
mod project_settings;
mod projects;
mod replayed;
mod rule_sentence;
mod rules;
mod settings;
mod sign_on;
mod status;
mod status_pages;
mod submitted;
mod tabs;

use std::sync::Arc;

use axum::Router;

use super::site::Site;

pub(super) use error::{draw, dress, nowhere};

pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new()
        .merge(enter::routes())
        .merge(login::routes())
        .merge(sign_on::routes())
        .merge(projects::routes())
        .merge(settings::routes())
        .merge(status::routes())
        .merge(status_pages::routes())
        .merge(new::routes())
        .merge(project_settings::routes())
        .merge(incidents::routes())
        .merge(incident::routes())
        .merge(maintenance::routes())
        .merge(rules::routes())
        .merge(audit_log::routes())
        .merge(notifications::routes())
        .merge(channels::routes())
        .merge(apps::routes())
        .merge(project::routes())
        .merge(beats::routes())
        .merge(beat::routes())
        .merge(badge::routes())
}
