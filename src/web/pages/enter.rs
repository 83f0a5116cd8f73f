//! The one-time link: whoever opens it sets a password. In the demo the same address lets in without one.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;

use crate::auth::{audit_entry, check_password};
use crate::config::Problem;
use crate::model::{Digest, Invitation, Role, Secret, UserName};
use crate::web::error::WebError;
use crate::web::form::Filled;
use crate::web::layout::{Layout, Place, PublicLayout, drawn, page};
use crate::web::said::{go_on, keep_session};
use crate::web::site::Site;

pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new().route("/enter/{code}", get(show).post(accept))
}

#[derive(Template)]
#[template(path = "enter.html")]
struct Page {
    layout: Layout,
    code: String,
    /// Whom it invites; none where the name is to be chosen.
    user: Option<UserName>,
    name: String,
    problems: Vec<Problem>,
}

impl Page {
    fn problem(&self, field: &str) -> Option<&str> {
        self.problems.iter().find(|problem| problem.field == field).map(|problem| problem.says.as_str())
    }
}

async fn show(State(site): State<Arc<Site>>, PublicLayout(layout): PublicLayout, Path(code): Path<String>) -> Result<Response, WebError> {
    if site.web.pass == Some(Digest::of(&code)) {
        return enter_demo(&site).await;
    }
    let invitation = invitation(&site, &code).await?;
    let layout = layout.titled(Place::Outside, "Set your password");
    let name = invitation.user.as_ref().map_or_else(|| "admin".to_owned(), ToString::to_string);
    Ok(page(&site, layout.said.is_some(), &Page { layout, code, user: invitation.user, name, problems: Vec::new() }))
}

async fn invitation(site: &Site, code: &str) -> Result<Invitation, WebError> {
    let gone = || {
        WebError::NotFound(
            "this link was used already, or its time is over; make a new one with `heartbeat users invite NAME` (or start Heartbeat again, while nobody has a password)".to_owned(),
        )
    };
    site.authenticator.invitation(code).await?.ok_or_else(gone)
}

async fn accept(
    State(site): State<Arc<Site>>,
    PublicLayout(layout): PublicLayout,
    Path(code): Path<String>,
    form: Filled,
) -> Result<Response, WebError> {
    let invitation = invitation(&site, &code).await?;
    let (password, again) = (form.raw("password"), form.raw("again"));
    let mut problems = Vec::new();
    let mut wrong = |field: &str, says: String| problems.push(Problem::whole(field, says));
    let name = match &invitation.user {
        Some(user) => Some(user.clone()),
        None => UserName::parse(form.text("name")).map_err(|says| wrong("name", says.to_string())).ok(),
    };
    match check_password(password) {
        Err(says) => wrong("password", format!("password {says}")),
        Ok(()) if password != again => wrong("again", "the two passwords are not the same".to_owned()),
        Ok(()) => {}
    }
    // An invitation to nobody makes a new user: it must not give somebody's name to another.
    if let (Some(name), None) = (&name, &invitation.user)
        && site.web.store.user(name).await?.is_some_and(|(user, _)| user.has_password)
    {
        wrong("name", format!("there is a user `{name}` already"));
    }
    let (Some(name), true) = (name, problems.is_empty()) else {
        let layout = layout.titled(Place::Outside, "Set your password");
        let name = form.text("name").chars().take(80).collect();
        let shown = Page { layout, code, user: invitation.user, name, problems };
        return Ok(drawn(StatusCode::UNPROCESSABLE_ENTITY, &shown));
    };
    let _place = site.passwords.acquire().await.map_err(|_| WebError::Busy("the end is near".to_owned()))?;
    let Some(user) = site.authenticator.accept(&code, &name, &Secret::new(password)).await? else {
        return Err(invitation_used());
    };
    let token = site.authenticator.open(user, false).await?;
    let place = if site.web.store.project_names().await?.is_empty() { "/projects/new" } else { "/" };
    let mut response = go_on(&site, place, &format!("Welcome, {name}."));
    keep_session(&site, &mut response, &token);
    Ok(response)
}

fn invitation_used() -> WebError {
    WebError::Conflict("somebody else used this link a moment ago".to_owned())
}

/// The demo has one user, who may do everything with what is gone when it ends.
async fn enter_demo(site: &Site) -> Result<Response, WebError> {
    let name = UserName::parse("demo").map_err(|says| WebError::Malformed(says.to_string()))?;
    let user = if let Some((user, _)) = site.web.store.user(&name).await? {
        user.id
    } else {
        let audit_entry = audit_entry("demo", "user demo".to_owned(), "came in by the demo's link".to_owned(), site.now());
        site.authenticator.put(&name, Role::Editor, None, (&audit_entry).into()).await?
    };
    let token = site.authenticator.open(user, false).await?;
    let mut response = Redirect::to("/projects/demo").into_response();
    keep_session(site, &mut response, &token);
    Ok(response)
}
