//! `/api/v1/users` and `/api/v1/tokens`: users and API tokens.

use axum::Json;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::entity::{Body, Fields};
use super::shape::{Answer, AsRead, EditorAccess, List, Routes, Sent, ViewerAccess, created};
use crate::config::access::{TOKEN_FIELDS, TokenSpec, USER_FIELDS, UserSpec};
use crate::model::{Field, Role};
use crate::report::{InvitationJson, NewTokenJson, TokenJson, UserJson};
use crate::web::accounts::user_named;
use crate::web::error::WebError;

pub(super) fn routes() -> Routes {
    Routes::new()
        .routes(routes!(list_users, invite_user))
        .routes(routes!(show_user, change_user, remove_user))
        .routes(routes!(list_tokens, make_token))
        .routes(routes!(show_token, remove_token))
        .routes(routes!(who))
}

struct UserFields;

impl Fields for UserFields {
    const SCHEMA: &'static str = "NewUser";
    const DESCRIPTION: &'static str = "A user to invite.";
    const WHAT: &'static str = "a field of a user";
    const TABLE: &'static [Field] = &USER_FIELDS;
    const IS_WHOLE: bool = true;
}

type NewUser = Body<UserFields>;

struct ChangedFields;

impl Fields for ChangedFields {
    const SCHEMA: &'static str = "UserChange";
    const DESCRIPTION: &'static str = "The new role of a user.";
    const WHAT: &'static str = "a field of a user that can change";
    /// Without the name, which is in the address.
    const TABLE: &'static [Field] = USER_FIELDS.split_at(1).1;
    const IS_WHOLE: bool = false;
}

type UserChange = Body<ChangedFields>;

/// List users
#[utoipa::path(get, path = "/api/v1/users", tag = "access", responses((status = 200, body = List<UserJson>)))]
async fn list_users(site: ViewerAccess) -> Answer<List<UserJson>> {
    Ok(Json(List::whole(site.web.store.users().await?.iter().map(UserJson::of).collect())))
}

/// Invite a user, or create another link for an existing user
///
/// Without `role`, an existing user keeps the role, and a new one becomes a viewer, or an editor if there is no editor yet.
#[utoipa::path(post, path = "/api/v1/users", tag = "access", request_body = NewUser, responses((status = 201, body = InvitationJson)))]
async fn invite_user(access: EditorAccess, headers: HeaderMap, Sent(guest): Sent<NewUser>) -> Result<Response, WebError> {
    let spec = UserSpec::read(&guest.texts)?;
    let (code, role) = access.accounts().invite(&spec).await?;
    let link = access.link(&headers, &format!("/enter/{code}"));
    Ok(created(InvitationJson { name: spec.name.to_string(), role, link }))
}

/// Show a user
#[utoipa::path(get, path = "/api/v1/users/{name}", tag = "access", responses((status = 200, body = UserJson)))]
async fn show_user(site: ViewerAccess, Path(name): Path<String>) -> Answer<UserJson> {
    Ok(Json(UserJson::of(&site.visitor.accounts(&site).user(&user_named(&name)?).await?)))
}

/// Change the role of a user
#[utoipa::path(patch, path = "/api/v1/users/{name}", tag = "access", params(AsRead), request_body = UserChange,
    responses((status = 200, body = UserJson)))]
async fn change_user(access: EditorAccess, Path(name): Path<String>, as_read: AsRead, Sent(change): Sent<UserChange>) -> Answer<UserJson> {
    let (accounts, name) = (as_read.accounts(&access), user_named(&name)?);
    as_read.check(&UserJson::of(&accounts.user(&name).await?))?;
    let (_, user) = accounts.set(&UserSpec::read(&change.texts.with("name", Some(name.as_str())))?).await?;
    Ok(Json(UserJson::of(&user)))
}

/// Remove a user and close their sessions
#[utoipa::path(delete, path = "/api/v1/users/{name}", tag = "access", params(AsRead), responses((status = 204)))]
async fn remove_user(access: EditorAccess, Path(name): Path<String>, as_read: AsRead) -> Result<StatusCode, WebError> {
    let (accounts, name) = (as_read.accounts(&access), user_named(&name)?);
    as_read.check(&UserJson::of(&accounts.user(&name).await?))?;
    accounts.remove(&name).await?;
    Ok(StatusCode::NO_CONTENT)
}

struct TokenFields;

impl Fields for TokenFields {
    const SCHEMA: &'static str = "NewTokenFields";
    const DESCRIPTION: &'static str = "An API token to create.";
    const WHAT: &'static str = "a field of an API token";
    const TABLE: &'static [Field] = &TOKEN_FIELDS;
    const IS_WHOLE: bool = true;
}

type NewTokenFields = Body<TokenFields>;

/// List API tokens
#[utoipa::path(get, path = "/api/v1/tokens", tag = "access", responses((status = 200, body = List<TokenJson>)))]
async fn list_tokens(site: ViewerAccess) -> Answer<List<TokenJson>> {
    Ok(Json(List::whole(site.web.store.tokens().await?.iter().map(TokenJson::of).collect())))
}

/// Create an API token
#[utoipa::path(post, path = "/api/v1/tokens", tag = "access", request_body = NewTokenFields,
    responses((status = 201, body = NewTokenJson)))]
async fn make_token(access: EditorAccess, Sent(wish): Sent<NewTokenFields>) -> Result<Response, WebError> {
    let spec = TokenSpec::read(&wish.texts)?;
    let token = access.accounts().make_token(&spec).await?;
    Ok(created(NewTokenJson { name: spec.name.to_string(), role: spec.role, token }))
}

/// Show an API token
#[utoipa::path(get, path = "/api/v1/tokens/{name}", tag = "access", responses((status = 200, body = TokenJson)))]
async fn show_token(site: ViewerAccess, Path(name): Path<String>) -> Answer<TokenJson> {
    Ok(Json(TokenJson::of(&site.visitor.accounts(&site).token(&name).await?)))
}

/// Remove an API token
///
/// The token stops working at once.
#[utoipa::path(delete, path = "/api/v1/tokens/{name}", tag = "access", params(AsRead), responses((status = 204)))]
async fn remove_token(access: EditorAccess, Path(name): Path<String>, as_read: AsRead) -> Result<StatusCode, WebError> {
    let accounts = as_read.accounts(&access);
    as_read.check(&TokenJson::of(&accounts.token(&name).await?))?;
    accounts.remove_token(&name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The caller.
#[derive(Debug, Serialize, ToSchema)]
struct Who {
    /// A user's name, or `token NAME`, as in the audit log.
    who: String,
    role: Role,
}

/// Show the caller and their role
#[utoipa::path(get, path = "/api/v1/who", tag = "access", responses((status = 200, body = Who)))]
async fn who(site: ViewerAccess) -> Json<Who> {
    Json(Who { role: site.visitor.role, who: site.visitor.who })
}
