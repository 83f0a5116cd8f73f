//! The one-time link, with which a user sets a password. In the demo the same address logs in without one.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::routing::get;

use super::login::enter;
use super::submitted::{FieldProblems, password_problem};
use crate::auth::audit_entry;
use crate::config::Problem;
use crate::model::{Digest, Invitation, Role, Secret, UserName};
use crate::web::error::WebError;
use crate::web::form::Filled;
use crate::web::layout::{Answer, Layout, Place, PublicLayout, form_again, page};
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
    /// None: the user chooses the name.
    user: Option<UserName>,
    name: String,
    problems: FieldProblems,
}

async fn show(State(site): State<Arc<Site>>, PublicLayout(layout): PublicLayout, Path(code): Path<String>) -> Answer {
    if site.web.pass == Some(Digest::of(&code)) {
        return enter_demo(&site).await;
    }
    let invitation = invitation(&site, &code).await?;
    let layout = layout.titled(Place::Outside, "New password");
    let name = invitation.user.as_ref().map_or_else(|| "admin".to_owned(), ToString::to_string);
    page(&Page { layout, code, user: invitation.user, name, problems: FieldProblems::default() })
}

async fn invitation(site: &Site, code: &str) -> Result<Invitation, WebError> {
    let gone = || {
        WebError::NotFound(
            "this link was already used or has expired; create a new one with `heartbeat users invite NAME`, or restart Heartbeat if no user has a password yet".to_owned(),
        )
    };
    site.authenticator.invitation(code).await?.ok_or_else(gone)
}

async fn accept(State(site): State<Arc<Site>>, PublicLayout(layout): PublicLayout, Path(code): Path<String>, form: Filled) -> Answer {
    let invitation = invitation(&site, &code).await?;
    let mut problems: Vec<Problem> = password_problem(&form).into_iter().collect();
    let name = match &invitation.user {
        Some(user) => Some(user.clone()),
        None => UserName::parse(form.text("name")).map_err(|wrong| problems.push(Problem::whole("name", wrong))).ok(),
    };
    // A link without a user creates one: it must not take over the name of an existing user.
    if let (Some(name), None) = (&name, &invitation.user)
        && site.web.store.user(name).await?.is_some_and(|(user, _)| user.has_password)
    {
        problems.push(Problem::whole("name", format!("user `{name}` already exists")));
    }
    let (Some(name), true) = (name, problems.is_empty()) else {
        let layout = layout.titled(Place::Outside, "New password");
        let name = form.text("name").chars().take(80).collect();
        return form_again(&Page { layout, code, user: invitation.user, name, problems: FieldProblems(problems) });
    };
    let _place = site.password_turn().await?;
    let Some(user) = site.authenticator.accept(&code, &name, &Secret::new(form.raw("password"))).await? else {
        return Err(invitation_used());
    };
    let token = site.authenticator.open(user, false).await?;
    let place = if site.web.store.project_names().await?.is_empty() { "/projects/new" } else { "/" };
    let mut response = go_on(&site, place, &format!("Welcome, {name}."));
    keep_session(&site, &mut response, &token);
    Ok(response)
}

fn invitation_used() -> WebError {
    WebError::Conflict("this link was used a moment ago by someone else".to_owned())
}

/// The demo's only user is an editor: its data is deleted when the demo ends.
async fn enter_demo(site: &Site) -> Answer {
    let name = UserName::parse("demo").map_err(|says| WebError::Malformed(says.to_string()))?;
    let user = if let Some((user, _)) = site.web.store.user(&name).await? {
        user.id
    } else {
        let audit_entry = audit_entry("demo", "user demo".to_owned(), "logged in with the link of the demo".to_owned(), site.now());
        site.authenticator.put(&name, Role::Editor, None, (&audit_entry).into()).await?
    };
    enter(site, user, false, "/projects/demo").await
}
