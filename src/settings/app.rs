//! Changes to the app of a project.

use super::error::{ChangeError, Clash};
use crate::config::{App, Problem, Problems, Texts, rules};
use crate::model::{AppKind, ProjectSpec};

pub fn kind_named(name: &str) -> Result<AppKind, ChangeError> {
    let known = || AppKind::ALL.map(|kind| kind.name().to_owned()).into();
    AppKind::named(name).ok_or_else(|| ChangeError::Absent { what: "app", name: name.to_owned(), known: known() })
}

pub fn installed(spec: &ProjectSpec, kind: AppKind) -> Result<App, ChangeError> {
    App::on(spec, kind).ok_or_else(|| Clash::NotInstalled { app: kind, project: spec.name.clone() }.into())
}

pub fn install(spec: &ProjectSpec, kind: AppKind, texts: &Texts, enabled: bool) -> Result<ProjectSpec, ChangeError> {
    if App::on(spec, kind).is_some() {
        return Err(Clash::Installed { app: kind, project: spec.name.clone() }.into());
    }
    with(App::usual(kind).switched(enabled), spec, texts)
}

/// A setting that is not in `texts` keeps its value, secrets included.
pub fn configure(spec: &ProjectSpec, kind: AppKind, texts: &Texts) -> Result<ProjectSpec, ChangeError> {
    with(installed(spec, kind)?, spec, texts)
}

pub fn switch(spec: &ProjectSpec, kind: AppKind, enabled: bool) -> Result<ProjectSpec, ChangeError> {
    fitting(installed(spec, kind)?.switched(enabled).put_on(spec))
}

pub fn uninstall(spec: &ProjectSpec, kind: AppKind) -> Result<ProjectSpec, ChangeError> {
    installed(spec, kind).map(|_| App::taken_off(spec, kind))
}

#[must_use]
pub fn wrong(spec: &ProjectSpec, kind: AppKind, texts: &Texts) -> Vec<Problem> {
    App::usual(kind).set_all(texts, Some(&spec.token))
}

fn with(mut app: App, spec: &ProjectSpec, texts: &Texts) -> Result<ProjectSpec, ChangeError> {
    Problems::or(app.set_all(texts, Some(&spec.token)), ())?;
    fitting(app.put_on(spec))
}

fn fitting(spec: ProjectSpec) -> Result<ProjectSpec, ChangeError> {
    rules::fit(&spec)?;
    Ok(spec)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::project::tests::shop;

    #[test]
    fn every_wrong_setting_is_told_with_its_key_and_without_what_was_given() {
        let texts: Texts = [
            ("timeRange", "soon"),
            ("webHookUrlTriggered", "hooks.example.com/hunter2"),
            ("posthogApiKey", "phc_hunter2"),
            ("lots", "on"),
            ("https://x/hunter2", "1"),
        ]
        .into_iter()
        .collect();
        let Err(ChangeError::Wrong(problems)) = install(&shop(), AppKind::IngestionAlert, &texts, true) else { panic!() };
        let fields = problems.iter().map(|problem| problem.field.as_str()).collect::<Vec<_>>();
        assert_eq!(fields, ["timeRange", "webHookUrlTriggered", "posthogApiKey", "lots", ""]);
        assert!(!problems.to_string().contains("hunter2"), "{problems}");
        assert_eq!(wrong(&shop(), AppKind::IngestionAlert, &texts), problems.into_iter().collect::<Vec<_>>());
    }

    #[test]
    fn secrets_stay_where_nothing_is_said_of_them() {
        let set = |spec: &ProjectSpec, texts: &[(&str, &str)]| {
            configure(spec, AppKind::IngestionAlert, &texts.iter().copied().collect()).unwrap().ingestion_alert.unwrap()
        };
        let on = install(&shop(), AppKind::IngestionAlert, &[("posthogApiKey", "phx_hunter2")].into_iter().collect(), false).unwrap();
        let changed = set(&on, &[("timeRange", "45")]);
        assert_eq!((changed.value("posthogApiKey").as_deref(), changed.value("timeRange").as_deref()), (Some("phx_hunter2"), Some("45")));
        assert_eq!(set(&on, &[("posthogApiKey", "")]).value("posthogApiKey"), None);
    }

    #[test]
    fn an_app_comes_once_and_what_is_not_there_is_not_changed() {
        let on = install(&shop(), AppKind::Heartbeat, &Texts::default(), true).unwrap();
        assert!(on.beats() && !switch(&on, AppKind::Heartbeat, false).unwrap().beats());
        let again = install(&on, AppKind::Heartbeat, &Texts::default(), true).unwrap_err();
        assert_eq!(again.to_string(), "heartbeat is already installed on project shop");
        assert_eq!(uninstall(&on, AppKind::Heartbeat).unwrap(), shop());
        for said in [
            uninstall(&shop(), AppKind::Heartbeat),
            configure(&shop(), AppKind::Heartbeat, &Texts::default()),
            switch(&shop(), AppKind::Heartbeat, true),
        ] {
            assert_eq!(said.unwrap_err().to_string(), "heartbeat is not installed on project shop");
        }
        assert_eq!(kind_named("hartbeat").unwrap_err().to_string(), "there is no app `hartbeat`; did you mean `heartbeat`?");
    }
}
