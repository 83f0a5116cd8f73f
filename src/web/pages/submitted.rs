//! What follows a submitted form: the next page with a message, or the form again with its problems.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde_json::json;

use crate::auth::check_password;
use crate::config::Problem;
use crate::model::{FilterChoices, Invalid};
use crate::settings::{ChangeError, Clash, Done};
use crate::web::control::Form;
use crate::web::error::WebError;
use crate::web::form::Filled;
use crate::web::said::go_on;
use crate::web::site::Site;

/// Up to this many projects, JavaScript offers a checkbox per project beside the text field.
const MOST_OFFERED: usize = 50;

/// The entries of filters to choose from; none if there are too many projects.
pub(super) async fn offered(site: &Site) -> Result<Vec<String>, WebError> {
    let store = &site.web.store;
    if store.project_names().await?.len() > MOST_OFFERED {
        return Ok(Vec::new());
    }
    Ok(FilterChoices::of(&store.bare_projects().await?).entries())
}

/// `words` are the message if anything was changed.
pub(super) fn saved<T>(site: &Site, place: &str, done: &Done<T>, words: &str) -> Response {
    go_on(site, place, if done.changes.is_empty() { "Nothing was changed." } else { words })
}

/// The form of what is stored now, with the input, and its status: what is wrong, or what was changed meanwhile. Other errors are not about a
/// form.
pub(super) fn again(fields: Form, form: &Filled, error: ChangeError) -> Result<(StatusCode, Form), WebError> {
    match error {
        ChangeError::Clash(Clash::Changed) => Ok((StatusCode::CONFLICT, fields.outdated(form))),
        error => Ok((StatusCode::UNPROCESSABLE_ENTITY, fields.filled(form, &problems_of(error)?))),
    }
}

/// The problems for which a form is shown again; other errors are not about its fields.
fn problems_of(error: ChangeError) -> Result<Vec<Problem>, WebError> {
    match error {
        ChangeError::Wrong(problems) => Ok(problems.into_iter().collect()),
        other => Err(other.into()),
    }
}

/// Like [`problems_of`], for a form with a new name: that it exists is a problem of the name.
pub(super) fn problems_of_new(error: ChangeError) -> Result<Vec<Problem>, WebError> {
    match error {
        ChangeError::Clash(clash) => Ok(vec![Problem::whole("name", clash)]),
        other => problems_of(other),
    }
}

/// The answer to a check while the user types.
pub(super) fn checked(problems: impl IntoIterator<Item = Problem>) -> Response {
    let fields = problems.into_iter().map(|problem| json!({ "name": problem.field, "mark": "fail", "says": problem.says() }));
    Json(json!({ "fields": fields.collect::<Vec<_>>() })).into_response()
}

/// The problems of a form whose template writes each field itself.
#[derive(Debug, Default)]
pub(super) struct FieldProblems(pub(super) Vec<Problem>);

impl FieldProblems {
    pub(super) fn of(&self, field: &str) -> Option<String> {
        self.0.iter().find(|problem| problem.field == field).map(ToString::to_string)
    }
}

/// What is wrong with a new password and its repetition, in the fields `password` and `again`.
pub(super) fn password_problem(form: &Filled) -> Option<Problem> {
    match check_password(form.raw("password")) {
        Err(wrong) => Some(Problem::of("password", Invalid::unquoted(wrong.to_string()))),
        Ok(()) => (form.raw("password") != form.raw("again")).then(|| Problem::whole("again", "the two passwords differ")),
    }
}
