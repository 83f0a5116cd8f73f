//! Adds, changes and checks projects, for pages and API.

use serde::Serialize;
use utoipa::ToSchema;

use super::error::WebError;
use super::keys;
use super::site::Site;
use super::visitor::Visitor;
use crate::check::Mark;
use crate::check::fields::{Typed, fields};
use crate::config::project::{self, FIELDS};
use crate::config::{Problem, Problems, Texts};
use crate::message::sentence;
use crate::model::{AppKind, Host, Invalid, PersonalKey, ProjectName, ProjectSpec, ProjectToken};
use crate::settings::{ChangeError, Clash, Done, SettingsService, app};

/// Names that are addresses of our own pages.
const RESERVED: [&str; 2] = ["new", "check"];

/// Result of a check.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CheckedFields {
    /// Fields with a finding.
    pub(super) fields: Vec<CheckedField>,
}

/// Finding about a field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct CheckedField {
    /// Field name.
    #[schema(value_type = String)]
    pub(super) name: &'static str,
    /// `ok`, `note` or `fail`.
    #[schema(value_type = String)]
    pub(super) mark: &'static str,
    /// What was found, in one sentence.
    pub(super) says: String,
    /// How to fix it.
    pub(super) advice: Option<String>,
}

impl CheckedField {
    pub(super) fn of(problem: &Problem) -> Option<Self> {
        let field = FIELDS.iter().find(|field| field.key == problem.field)?;
        Some(Self { name: field.key, mark: "fail", says: sentence(&problem.named(field.label)), advice: None })
    }

    pub(super) fn word(&self) -> &'static str {
        match self.mark {
            "ok" => "Fine.",
            "note" => "Note.",
            _ => "Wrong.",
        }
    }
}

/// Validates the texts, and checks the valid ones with PostHog. `known` is the project that they change; none for a new one.
pub(super) async fn check(site: &Site, texts: &Texts, known: Option<&ProjectSpec>) -> Result<CheckedFields, WebError> {
    // A missing field of a new project is not reported before the form is sent.
    let texts = &match known {
        None => texts.clone().without_blank(FIELDS.iter().map(|field| field.key)),
        Some(_) => texts.clone(),
    };
    let mut problems = project::wrong(texts);
    problems.extend(name_problem(site, texts, known).await?);
    let is_wrong = |key: &str| problems.iter().any(|problem| problem.field == key);
    let typed = typed(texts, known, is_wrong);
    let found = Box::pin(fields(&site.web.client, &site.web.clock, &typed)).await;
    let mut checked: Vec<CheckedField> = problems.iter().filter_map(CheckedField::of).collect();
    if known.is_none() && texts.filled("name").is_some() && !is_wrong("name") {
        checked.push(CheckedField { name: "name", mark: "ok", says: "This name is free.".to_owned(), advice: None });
    }
    checked.extend(found.into_iter().filter(|finding| !is_wrong(finding.field)).map(|finding| CheckedField {
        name: finding.field,
        mark: mark(finding.mark),
        says: sentence(&finding.says),
        advice: finding.advice.as_deref().map(sentence),
    }));
    checked.sort_by_key(|field| FIELDS.iter().position(|known| known.key == field.name));
    Ok(CheckedFields { fields: checked })
}

const fn mark(mark: Mark) -> &'static str {
    match mark {
        Mark::Ok => "ok",
        Mark::Note => "note",
        Mark::Fail => "fail",
    }
}

/// The valid texts, completed from the project. Its key is used only for the address that it was given for.
fn typed(texts: &Texts, known: Option<&ProjectSpec>, is_wrong: impl Fn(&str) -> bool) -> Typed {
    let right = |key: &str| texts.filled(key).filter(|_| !is_wrong(key));
    let is_left = |key: &str| known.filter(|_| texts.one(key).is_none());
    let mut typed = Typed {
        host: right("host").and_then(|text| Host::parse(text).ok()).or_else(|| is_left("host").map(|known| known.host.clone())),
        api_host: right("api_host")
            .and_then(|text| Host::parse(text).ok())
            .or_else(|| is_left("api_host").and_then(|known| known.api_host.clone())),
        token: right("token").and_then(|text| ProjectToken::parse(text).ok()).or_else(|| is_left("token").map(|known| known.token.clone())),
        key: right("personal_api_key").and_then(|text| PersonalKey::parse(text).ok()),
        posthog_id: right("project_id")
            .and_then(|text| text.parse().ok())
            .or_else(|| is_left("project_id").and_then(|known| known.posthog_id)),
    };
    if let Some(known) = is_left("personal_api_key") {
        let api = typed.api_host.as_ref().or(typed.host.as_ref()).map(Host::api);
        if api == Some(known.own_api()) {
            typed.key.clone_from(&known.personal_key);
        }
    }
    typed
}

async fn name_problem(site: &Site, texts: &Texts, known: Option<&ProjectSpec>) -> Result<Option<Problem>, WebError> {
    let name = texts.filled("name").filter(|_| known.is_none());
    let Some(name) = name.and_then(|text| ProjectName::parse(text).ok()) else { return Ok(None) };
    if let Some(problem) = reserved(name.as_str()) {
        return Ok(Some(problem));
    }
    let there_is = site.web.store.project(&name).await?.is_some();
    Ok(there_is.then(|| taken(&name)))
}

fn reserved(name: &str) -> Option<Problem> {
    RESERVED.contains(&name).then(|| Problem::of("name", Invalid::unquoted(format!("cannot be `{name}`: this name is reserved"))))
}

fn taken(name: &ProjectName) -> Problem {
    Problem::of("name", Invalid::unusable(name.as_str(), "is the name of another project; choose another one"))
}

/// Adds a project and installs `apps`, all enabled. Unless `asking` says otherwise, PostHog is asked first, and nothing is saved if it rejects
/// a value.
pub(super) async fn add(
    site: &Site,
    visitor: &Visitor,
    texts: &Texts,
    apps: &[AppKind],
    asking: Asking,
) -> Result<ProjectSpec, ChangeError> {
    if let Some(problem) = texts.filled("name").and_then(reserved) {
        return Err(problem.into());
    }
    let mut spec = project::added(texts)?;
    // A name that is taken is rejected anyway.
    if asking == Asking::First && site.web.store.project(&spec.name).await?.is_none() {
        Box::pin(ask(site, &Typed::of(&spec))).await?;
    }
    for kind in apps {
        spec = app::install(&spec, *kind, &Texts::default(), true)?;
    }
    Ok(visitor.settings_service(site).add(spec).await?.now)
}

/// For a form: reports a name that is taken as a problem of its field, together with all others.
pub(super) async fn add_by_form(
    site: &Site,
    visitor: &Visitor,
    texts: &Texts,
    apps: &[AppKind],
    asking: Asking,
) -> Result<Result<ProjectSpec, Vec<Problem>>, WebError> {
    match add(site, visitor, texts, apps, asking).await {
        Ok(spec) => Ok(Ok(spec)),
        Err(ChangeError::Wrong(problems)) => {
            let mut problems: Vec<Problem> = problems.into_iter().collect();
            if problems.iter().all(|problem| problem.field != "name") {
                problems.extend(name_problem(site, texts, None).await?);
            }
            Ok(Err(problems))
        }
        Err(ChangeError::Clash(Clash::Exists(subject))) => Ok(Err(vec![taken(&subject.name)])),
        Err(other) => Err(other.into()),
    }
}

/// PostHog is asked only if something has changed that it can check.
pub(super) async fn change(
    site: &Site,
    settings_service: &SettingsService<'_>,
    name: &str,
    texts: &Texts,
    asking: Asking,
) -> Result<Done<ProjectSpec>, ChangeError> {
    if asking == Asking::First {
        let known: ProjectSpec = settings_service.find(name).await?;
        let next = keys::of_project(&known, project::changed(&known, texts)?, texts)?;
        settings_service.check_version(&known, &next)?;
        let asked = |spec: &ProjectSpec| {
            let ProjectSpec { host, api_host, token, personal_key, posthog_id, .. } = spec.clone();
            (host, api_host, token, personal_key, posthog_id)
        };
        if asked(&known) != asked(&next) {
            Box::pin(ask(site, &Typed::of(&next))).await?;
        }
    }
    let desired = |known: &ProjectSpec| Ok(keys::of_project(known, project::changed(known, texts)?, texts)?);
    settings_service.change(name, desired).await
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asking {
    First,
    /// The user chose to save without a check.
    Not,
}

impl Asking {
    pub(super) const fn unless(unchecked: bool) -> Self {
        if unchecked { Self::Not } else { Self::First }
    }
}

async fn ask(site: &Site, typed: &Typed) -> Result<(), ChangeError> {
    let found = fields(&site.web.client, &site.web.clock, typed).await;
    let wrong = found.iter().filter(|finding| finding.rejects());
    let problems = wrong.map(|finding| Problem::whole(finding.field, sentence(&finding.line()))).collect();
    Ok(Problems::or(problems, ())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(given: &[(&str, &str)]) -> Texts {
        given.iter().copied().collect()
    }

    fn shop() -> ProjectSpec {
        project::added(&texts(&[
            ("name", "shop"),
            ("host", "https://a.example.com"),
            ("token", "phc_a"),
            ("personal_api_key", "phx_hunter2"),
        ]))
        .unwrap()
    }

    #[test]
    fn a_stored_key_is_asked_with_only_where_it_was_given_for() {
        let key = |given: &[(&str, &str)], known: Option<&ProjectSpec>| typed(&texts(given), known, |_| false).key;
        assert_eq!(key(&[("api_host", "https://b.example.com")], Some(&shop())), None);
        assert_eq!(key(&[("host", "https://b.example.com"), ("api_host", "https://a.example.com")], Some(&shop())), shop().personal_key);
        assert_eq!(key(&[("host", "https://a.example.com")], None), None);
    }

    #[test]
    fn what_is_wrong_is_not_asked_for() {
        let typed = typed(&texts(&[("host", "https://b.example.com"), ("token", "phc_b")]), Some(&shop()), |key| key == "host");
        assert_eq!((typed.host, typed.token.map(|token| token.to_string())), (None, Some("phc_b".to_owned())));
    }
}
