//! `/api/v1/users` and `/api/v1/tokens`: users and API tokens.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::problem::Problem;
use super::shape::{AsRead, List, Sent, created};
use crate::model::{Role, User, UserName};
use crate::report::{InvitationJson, NewTokenJson, RoleName, TokenJson, UserJson};
use crate::web::accounts::{NewToken, user_named};
use crate::web::error::WebError;
use crate::web::site::Site;
use crate::web::visitor::{Visitor, Writer};

pub(super) fn routes() -> OpenApiRouter<Arc<Site>> {
    OpenApiRouter::new()
        .routes(routes!(list_users, invite_user))
        .routes(routes!(show_user, change_user, remove_user))
        .routes(routes!(list_tokens, make_token))
        .routes(routes!(show_token, remove_token))
        .routes(routes!(who))
}

/// A user to invite.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewUser {
    /// 1 to 64 letters, digits and `. _ - @ +`; the first is a letter or a digit.
    name: String,
    role: RoleName,
}

/// The new role of a user.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct UserChange {
    role: RoleName,
}

/// List users
#[utoipa::path(get, path = "/api/v1/users", tag = "access", responses(
    (status = 200, body = List<UserJson>), (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn list_users(_visitor: Visitor, State(site): State<Arc<Site>>) -> Result<Json<List<UserJson>>, WebError> {
    Ok(Json(List::whole(site.web.store.users().await?.iter().map(UserJson::of).collect())))
}

/// Invite a user, or create another link for an existing user
///
/// An existing user gets the given role.
#[utoipa::path(post, path = "/api/v1/users", tag = "access", request_body = NewUser, responses(
    (status = 201, body = InvitationJson), (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn invite_user(
    Writer(visitor): Writer,
    State(site): State<Arc<Site>>,
    headers: HeaderMap,
    Sent(guest): Sent<NewUser>,
) -> Result<Response, WebError> {
    let name = UserName::parse(&guest.name).map_err(|wrong| WebError::unfit("name", wrong))?;
    let (code, _) = visitor.accounts(&site).invite(&name, Some(guest.role.into())).await?;
    let link = site.link(&headers, &format!("/enter/{code}"));
    Ok(created(InvitationJson { name: name.to_string(), role: guest.role, link }))
}

/// Show a user
#[utoipa::path(get, path = "/api/v1/users/{name}", tag = "access", params(("name" = String, Path, description = "User name")), responses(
    (status = 200, body = UserJson), (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn show_user(visitor: Visitor, State(site): State<Arc<Site>>, Path(name): Path<String>) -> Result<Json<UserJson>, WebError> {
    Ok(Json(UserJson::of(&visitor.accounts(&site).user(&user_named(&name)?).await?)))
}

/// Change the role of a user
#[utoipa::path(patch, path = "/api/v1/users/{name}", tag = "access",
    params(("name" = String, Path, description = "User name"), AsRead), request_body = UserChange, responses(
    (status = 200, body = UserJson), (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn change_user(
    Writer(visitor): Writer,
    State(site): State<Arc<Site>>,
    Path(name): Path<String>,
    as_read: AsRead,
    Sent(change): Sent<UserChange>,
) -> Result<Json<UserJson>, WebError> {
    let (accounts, name) = (visitor.accounts(&site).since(as_read.revision()), user_named(&name)?);
    as_read.check(&UserJson::of(&accounts.user(&name).await?))?;
    let role = change.role.into();
    let before = accounts.set(&name, role).await?;
    Ok(Json(UserJson::of(&User { role, ..before })))
}

/// Remove a user and close their sessions
#[utoipa::path(delete, path = "/api/v1/users/{name}", tag = "access",
    params(("name" = String, Path, description = "User name"), AsRead),
    responses((status = 204), (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn remove_user(
    Writer(visitor): Writer,
    State(site): State<Arc<Site>>,
    Path(name): Path<String>,
    as_read: AsRead,
) -> Result<StatusCode, WebError> {
    let (accounts, name) = (visitor.accounts(&site).since(as_read.revision()), user_named(&name)?);
    as_read.check(&UserJson::of(&accounts.user(&name).await?))?;
    accounts.remove(&name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// An API token to create.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewTokenFields {
    /// 1 to 64 letters, digits, `-`, `_` and `.`.
    name: String,
    role: RoleName,
    /// Lifetime, for example `90d`. Default: the token never expires.
    lasts: Option<String>,
}

/// List API tokens
#[utoipa::path(get, path = "/api/v1/tokens", tag = "access", responses(
    (status = 200, body = List<TokenJson>), (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn list_tokens(_visitor: Visitor, State(site): State<Arc<Site>>) -> Result<Json<List<TokenJson>>, WebError> {
    Ok(Json(List::whole(site.web.store.tokens().await?.iter().map(TokenJson::of).collect())))
}

/// Create an API token
#[utoipa::path(post, path = "/api/v1/tokens", tag = "access", request_body = NewTokenFields, responses(
    (status = 201, body = NewTokenJson), (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn make_token(
    Writer(visitor): Writer,
    State(site): State<Arc<Site>>,
    Sent(wish): Sent<NewTokenFields>,
) -> Result<Response, WebError> {
    let role = Role::from(wish.role);
    let desired = NewToken { name: wish.name, role: role.name().to_owned(), lasts: wish.lasts };
    let token = desired.make(&visitor.accounts(&site)).await?;
    Ok(created(NewTokenJson { name: desired.name, role: wish.role, token }))
}

/// Show an API token
#[utoipa::path(get, path = "/api/v1/tokens/{name}", tag = "access", params(("name" = String, Path, description = "Token name")), responses(
    (status = 200, body = TokenJson), (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn show_token(visitor: Visitor, State(site): State<Arc<Site>>, Path(name): Path<String>) -> Result<Json<TokenJson>, WebError> {
    Ok(Json(TokenJson::of(&visitor.accounts(&site).token(&name).await?)))
}

/// Remove an API token
///
/// The token stops working at once.
#[utoipa::path(delete, path = "/api/v1/tokens/{name}", tag = "access",
    params(("name" = String, Path, description = "Token name"), AsRead),
    responses((status = 204), (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn remove_token(
    Writer(visitor): Writer,
    State(site): State<Arc<Site>>,
    Path(name): Path<String>,
    as_read: AsRead,
) -> Result<StatusCode, WebError> {
    let accounts = visitor.accounts(&site).since(as_read.revision());
    as_read.check(&TokenJson::of(&accounts.token(&name).await?))?;
    accounts.remove_token(&name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The caller.
#[derive(Debug, Serialize, ToSchema)]
struct Who {
    /// A user's name, or `token NAME`, as in the audit log.
    who: String,
    role: RoleName,
}

/// Show the caller and their role
#[utoipa::path(get, path = "/api/v1/who", tag = "access", responses(
    (status = 200, body = Who), (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn who(visitor: Visitor) -> Json<Who> {
    Json(Who { role: visitor.role.into(), who: visitor.who })
}
