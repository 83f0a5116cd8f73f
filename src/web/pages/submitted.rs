//! What follows a submitted form: the next page with a message, or the form again with its problems.

use axum::Json;
use axum::response::{IntoResponse as _, Response};
use serde_json::json;

use crate::config::Problem;
use crate::model::ProjectName;
use crate::settings::{ChangeError, Done};
use crate::web::error::WebError;
use crate::web::said::go_on;
use crate::web::site::Site;

/// Up to this many projects, JavaScript offers a checkbox per project beside the text field.
const MOST_OFFERED: usize = 50;

/// The projects to choose from; none if there are too many.
pub(super) async fn offered(site: &Site) -> Result<Vec<ProjectName>, WebError> {
    let names = site.web.store.project_names().await?;
    let names = if names.len() > MOST_OFFERED { Vec::new() } else { names };
    Ok(names.into_iter().map(|(_, name)| name).collect())
}

/// `words` are the message if anything was changed.
pub(super) fn saved<T>(site: &Site, place: &str, done: &Done<T>, words: &str) -> Response {
    go_on(site, place, if done.changes.is_empty() { "Nothing was changed." } else { words })
}

/// The problems for which a form is shown again; other errors are not about its fields.
pub(super) fn problems_of(error: ChangeError) -> Result<Vec<Problem>, WebError> {
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
    let fields = problems.into_iter().map(|problem| json!({ "name": problem.field, "mark": "fail", "says": problem.says }));
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
