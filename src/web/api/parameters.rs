//! The query parameters of each operation, as its description lists them. An unknown one is an error: with a filter that is ignored, a list would
//! hold everything.

use std::collections::HashMap;
use std::sync::LazyLock;

use axum::extract::MatchedPath;
use axum::http::Method;
use axum::http::request::Parts;
use url::form_urlencoded;
use utoipa::openapi::RefOr;
use utoipa::openapi::path::{Operation, Parameter, ParameterIn};

use crate::config::{Problems, hint, unknown_field};
use crate::model::Suggestion;
use crate::web::error::WebError;

/// By path and method.
static KNOWN: LazyLock<HashMap<(String, Method), Vec<String>>> = LazyLock::new(|| {
    let (_, description) = super::resources().split_for_parts();
    let mut known = HashMap::new();
    for (path, item) in description.paths.paths {
        let each = [
            (Method::GET, item.get),
            (Method::PUT, item.put),
            (Method::POST, item.post),
            (Method::PATCH, item.patch),
            (Method::DELETE, item.delete),
        ];
        for (method, operation) in each {
            known.extend(operation.map(|operation| ((path.clone(), method), in_query(operation))));
        }
    }
    known
});

fn in_query(operation: Operation) -> Vec<String> {
    let name = |parameter| match parameter {
        RefOr::T(Parameter { name, parameter_in: ParameterIn::Query, .. }) => Some(name),
        RefOr::T(_) | RefOr::Ref(_) => None,
    };
    operation.parameters.into_iter().flatten().filter_map(name).collect()
}

pub(super) fn check(parts: &Parts) -> Result<(), WebError> {
    let query = parts.uri.query().unwrap_or_default();
    let mut asked: Vec<String> = form_urlencoded::parse(query.as_bytes()).map(|(key, _)| key.into_owned()).collect();
    if asked.is_empty() {
        return Ok(());
    }
    let path = parts.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str).to_owned();
    let method = if parts.method == Method::HEAD { Method::GET } else { parts.method.clone() };
    let known: Vec<&str> = KNOWN.get(&(path, method)).into_iter().flatten().map(String::as_str).collect();
    asked.retain(|key| !known.contains(&key.as_str()));
    asked.sort_unstable();
    asked.dedup();
    let suggestion = |key: &str| if known.is_empty() { Suggestion::Advice("there is none".into()) } else { hint(key, &known) };
    let problems = asked.iter().map(|key| unknown_field(key, "a query parameter of this request", suggestion(key))).collect();
    Problems::or(problems, ()).map_err(WebError::UnknownParameters)
}
