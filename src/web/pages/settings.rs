//! Users, API tokens and the user's own password.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::routing::{get, post};

use super::confirm::Confirm;
use super::submitted::{FieldProblems, password_problem};
use crate::config::Problem;
use crate::config::access::{TOKEN_FIELDS, TokenSpec, USER_FIELDS, UserSpec};
use crate::model::{ApiToken, Secret, User, UserName};
use crate::web::accounts::user_named;
use crate::web::caller::Caller;
use crate::web::control::Form;
use crate::web::error::WebError;
use crate::web::form::Filled;
use crate::web::layout::{Answer, Editing, Layout, Place, form_again, page};
use crate::web::said::{go_on, keep_session};
use crate::web::site::Site;
use crate::web::visitor::Visitor;

pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new()
        .route("/settings", get(show))
        .route("/settings/users", post(invite))
        .route("/settings/users/{name}", post(set_user))
        .route("/settings/users/{name}/remove", get(ask_remove_user).post(remove_user))
        .route("/settings/tokens", post(make_token))
        .route("/settings/tokens/{name}/remove", get(ask_remove_token).post(remove_token))
        .route("/settings/account", get(show_account).post(change_password))
}

#[derive(Template)]
#[template(path = "settings.html")]
struct Page {
    layout: Layout,
    users: Vec<User>,
    tokens: Vec<ApiToken>,
    new_user: Form,
    new_token: Form,
    /// A link or a token, shown once.
    fresh: Option<Fresh>,
}

struct Fresh {
    words: String,
    secret: String,
}

fn new_user() -> Form {
    Form::of(&USER_FIELDS, |_| None).prefixed("user-")
}

fn new_token() -> Form {
    Form::of(&TOKEN_FIELDS, |_| None).prefixed("token-")
}

impl Page {
    async fn of(site: &Site, layout: Layout) -> Result<Self, WebError> {
        let layout = layout.titled(Place::Settings, "Settings");
        let (users, tokens) = (site.web.store.users().await?, site.web.store.tokens().await?);
        Ok(Self { layout, users, tokens, new_user: new_user(), new_token: new_token(), fresh: None })
    }

    /// With what the change made. If its form was rejected, `form_of` is that form, shown again with its problems.
    fn after(mut self, made: Result<Fresh, WebError>, typed: &Filled, form_of: fn(&mut Self) -> &mut Form) -> Answer {
        match made {
            Ok(fresh) => page(&Self { fresh: Some(fresh), ..self }),
            Err(WebError::Unfit(problems)) => {
                let form = form_of(&mut self);
                *form = std::mem::take(form).filled(typed, &problems.into_iter().collect::<Vec<_>>());
                form_again(&self)
            }
            Err(error) => Err(error),
        }
    }

    fn is_own(&self, user: &User) -> bool {
        self.layout.visitor.as_ref().and_then(|visitor| visitor.user.as_ref()) == Some(&user.name)
    }
}

async fn show(State(site): State<Arc<Site>>, layout: Layout) -> Answer {
    page(&Page::of(&site, layout).await?)
}

async fn invite(Editing { site, layout, visitor }: Editing, headers: HeaderMap, form: Filled) -> Answer {
    let made = invited(&site, &visitor, &headers, &form).await;
    Page::of(&site, layout).await?.after(made, &form, |page| &mut page.new_user)
}

async fn invited(site: &Site, visitor: &Visitor, headers: &HeaderMap, form: &Filled) -> Result<Fresh, WebError> {
    let user = UserSpec::read(&new_user().texts(form))?;
    let (code, _) = visitor.accounts(site).invite(&user).await?;
    let words = format!("With this link {} sets a password. It works once, expires in a day and is not shown again:", user.name);
    Ok(Fresh { words, secret: site.link(headers, &format!("/enter/{code}")) })
}

async fn set_user(Editing { site, visitor, .. }: Editing, Path(name): Path<String>, form: Filled) -> Answer {
    let name = user_named(&name)?;
    let texts = new_user().texts(&form).only(|key| key != "name").with("name", Some(name.as_str()));
    let (_, user) = visitor.accounts(&site).set(&UserSpec::read(&texts)?).await?;
    Ok(go_on(&site, "/settings", &format!("The role of {} is now {}.", user.name, user.role.name())))
}

async fn ask_remove_user(Editing { site, layout, visitor }: Editing, Path(name): Path<String>) -> Answer {
    let user = visitor.accounts(&site).user(&user_named(&name)?).await?;
    let layout = layout.titled(Place::Settings, "Remove user").below([("Settings", "/settings")]);
    let lost = "The user is logged out at once and cannot log in again. Their changes and audit entries are kept.";
    Confirm::removal(layout, format!("user {}", user.name), lost, "/settings").page()
}

async fn remove_user(Editing { site, visitor, .. }: Editing, Path(name): Path<String>, _form: Filled) -> Answer {
    visitor.accounts(&site).remove(&user_named(&name)?).await?;
    Ok(go_on(&site, "/settings", &format!("User {name} is removed.")))
}

async fn make_token(Editing { site, layout, visitor }: Editing, form: Filled) -> Answer {
    let made = made_token(&site, &visitor, &form).await;
    Page::of(&site, layout).await?.after(made, &form, |page| &mut page.new_token)
}

async fn made_token(site: &Site, visitor: &Visitor, form: &Filled) -> Result<Fresh, WebError> {
    let token = TokenSpec::read(&new_token().texts(form))?;
    let secret = visitor.accounts(site).make_token(&token).await?;
    Ok(Fresh { words: format!("API token {}. Copy it now: it is not shown again.", token.name), secret })
}

async fn ask_remove_token(Editing { site, layout, visitor }: Editing, Path(name): Path<String>) -> Answer {
    let token = visitor.accounts(&site).token(&name).await?;
    let layout = layout.titled(Place::Settings, "Remove API token").below([("Settings", "/settings")]);
    let lost = "Programs that use this token are rejected from now on.";
    Confirm::removal(layout, format!("API token {}", token.name), lost, "/settings").page()
}

async fn remove_token(Editing { site, visitor, .. }: Editing, Path(name): Path<String>, _form: Filled) -> Answer {
    visitor.accounts(&site).remove_token(&name).await?;
    Ok(go_on(&site, "/settings", &format!("API token {name} is removed.")))
}

#[derive(Template)]
#[template(path = "account.html")]
struct Account {
    layout: Layout,
    name: UserName,
    /// A user who logs in through a proxy has none.
    has_password: bool,
    problems: FieldProblems,
}

impl Account {
    fn of(layout: Layout, user: User, problems: Vec<Problem>) -> Self {
        let layout = layout.titled(Place::Settings, "Password").below([("Settings", "/settings")]);
        Self { layout, name: user.name, has_password: user.has_password, problems: FieldProblems(problems) }
    }
}

/// An API token has no account.
async fn own(site: &Site, visitor: &Visitor) -> Result<(User, Option<Secret>), WebError> {
    let name = visitor.user.as_ref().ok_or_else(|| WebError::NotFound("an API token has no account".to_owned()))?;
    site.web.store.user(name).await?.ok_or_else(|| WebError::no("user", name.as_str()))
}

async fn show_account(State(site): State<Arc<Site>>, visitor: Visitor, layout: Layout) -> Answer {
    let (user, _) = own(&site, &visitor).await?;
    page(&Account::of(layout, user, Vec::new()))
}

async fn change_password(State(site): State<Arc<Site>>, visitor: Visitor, layout: Layout, Caller(from): Caller, form: Filled) -> Answer {
    let (user, _) = own(&site, &visitor).await?;
    let mut problems: Vec<Problem> = password_problem(&form).into_iter().collect();
    let is_asked_for = problems.is_empty() && user.has_password;
    let allowed = if is_asked_for { Some(site.limiter.wait(from, Some(&user.name)).await.map_err(WebError::TooOften)?) } else { None };
    let _place = site.password_turn().await?;
    if let Some(allowed) = allowed {
        if site.authenticator.log_in(&user.name, &Secret::new(form.raw("before"))).await?.is_some() {
            allowed.was_right();
        } else {
            allowed.was_wrong();
            problems.push(Problem::whole("before", "this is not your current password"));
        }
    }
    if !problems.is_empty() {
        return form_again(&Account::of(layout, user, problems));
    }
    visitor.accounts(&site).set_password(&user.name, &Secret::new(form.raw("password"))).await?;
    // The change ended all sessions; this browser gets a new one.
    let token = site.authenticator.open(user.id, false).await?;
    let mut response = go_on(&site, "/settings", "Your password is changed. All your other sessions are ended.");
    keep_session(&site, &mut response, &token);
    Ok(response)
}
