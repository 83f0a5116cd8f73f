//! The rules of a project: a form of Ingestion Alert's settings, which can be tried on history before it is saved.

use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;

use super::replayed::Drawn;
use super::rule_sentence::{self, sentence};
use super::submitted::{problems_of, saved};
use super::tabs::{Tab, Tabs, tabs};
use crate::config::{App, Problem, Problems, Texts};
use crate::model::{AppKind, Field, IngestionAlertApp, Project, RuleKind, RuleSetting, capital};
use crate::report::{RuleJson, RulesJson};
use crate::settings::app;
use crate::settings::replay::{self, wished};
use crate::web::control::{Control, Wrong};
use crate::web::error::WebError;
use crate::web::form::Filled;
use crate::web::layout::{Layout, drawn, page};
use crate::web::rules::{replay, settings};
use crate::web::said::go_on;
use crate::web::site::Site;
use crate::web::visitor::Writer;

const KIND: AppKind = AppKind::IngestionAlert;
const SPANS: [(&str, &str); 3] = [("24h", "24 hours"), ("7d", "7 days"), ("30d", "30 days")];

pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new().route("/projects/{name}/rules", get(show).post(change))
}

#[derive(Template)]
#[template(path = "rules.html")]
struct Page {
    layout: Layout,
    tabs: Tabs,
    project: String,
    is_installed: bool,
    is_enabled: bool,
    app: IngestionAlertApp,
    watched: Vec<Control>,
    rules: Vec<RuleForm>,
    /// The current rules, for viewers.
    shown: Vec<RuleJson>,
    wrong: Wrong,
    since: String,
    since_problem: Option<String>,
    tried: Option<Drawn>,
}

/// A row of the form.
struct RuleForm {
    kind: RuleKind,
    /// On, off, or the limit; its label is the name of the rule.
    switch: Control,
    cells: Vec<RuleCell>,
    /// Empty if a value is rejected.
    says: String,
}

struct RuleCell {
    control: Control,
    /// Shown after the control.
    unit: String,
}

impl Page {
    fn new(layout: Layout, project: &Project) -> Self {
        let name = project.spec.name.to_string();
        let rules = RulesJson::of(project);
        let app = project.spec.ingestion_alert.clone().unwrap_or_default();
        Self {
            layout: layout.of_project(&name, "Rules"),
            tabs: tabs(&project.spec.name, Tab::Rules),
            project: name,
            is_installed: rules.installed,
            is_enabled: rules.enabled,
            watched: settings().filter(|setting| IngestionAlertApp::rule_of(setting.key).is_none()).map(|one| control(&app, one)).collect(),
            rules: RuleKind::ALL.map(|kind| RuleForm::of(kind, &app)).into(),
            shown: rules.rules,
            wrong: Wrong::default(),
            since: SPANS[1].0.to_owned(),
            since_problem: None,
            tried: None,
            app,
        }
    }

    fn filled(mut self, form: &Filled, problems: &[Problem]) -> Self {
        let all: Vec<Control> = settings().map(|setting| Control::of(setting, None)).collect();
        self.wrong = Wrong::of(problems, &all);
        let filled = |control: Control| control.filled(form, problems);
        self.watched = self.watched.into_iter().map(filled).collect();
        let mut app = self.app.clone();
        for (key, text) in texts(form).iter() {
            // A rejected value is shown under its field.
            let _ = app.set(key, text);
        }
        self.rules = self.rules.into_iter().map(|rule| rule.filled(form, problems, &app)).collect();
        if let Some(since) = form.given("since") {
            since.clone_into(&mut self.since);
        }
        self.since_problem = problems.iter().find(|problem| problem.field == "since").map(Problem::says);
        self
    }

    /// Per span: its form value, its label, whether it is chosen.
    fn spans(&self) -> impl Iterator<Item = (&'static str, &'static str, bool)> {
        SPANS.into_iter().map(|(word, name)| (word, name, self.since == word))
    }
}

fn control(app: &IngestionAlertApp, setting: &'static Field) -> Control {
    Control::of(setting, app.shown(setting.key).or_else(|| Some(setting.default.to_owned())))
}

impl RuleForm {
    fn of(kind: RuleKind, app: &IngestionAlertApp) -> Self {
        let mut mine = settings().filter_map(|field| {
            let (of, setting) = RuleSetting::of_key(field.key)?;
            (of == kind).then(|| (setting, control(app, field).cell()))
        });
        let switch = mine.next().map(|(_, switch)| switch).unwrap_or_default();
        let unit = kind.row().counts.unit();
        let cell = |(setting, mut control): (RuleSetting, Control)| {
            // The row already names the rule.
            control.name = capital(setting.label());
            let unit = match setting {
                RuleSetting::OpenAfter => format!("{unit}s"),
                RuleSetting::CloseAfter => format!("good {unit}s"),
                RuleSetting::Switch | RuleSetting::Severity | RuleSetting::Reminders => String::new(),
            };
            RuleCell { control, unit }
        };
        Self { kind, switch, cells: mine.map(cell).collect(), says: sentence(kind, app) }
    }

    fn filled(self, form: &Filled, problems: &[Problem], app: &IngestionAlertApp) -> Self {
        let cell = |cell: RuleCell| RuleCell { control: cell.control.filled(form, problems), ..cell };
        let switch = self.switch.filled(form, problems);
        let cells: Vec<RuleCell> = self.cells.into_iter().map(cell).collect();
        let is_wrong = switch.is_wrong() || cells.iter().any(|cell| cell.control.is_wrong());
        let says = if is_wrong { String::new() } else { sentence(self.kind, app) };
        Self { switch, cells, says, ..self }
    }

    fn unit(&self) -> &'static str {
        self.kind.row().counts.unit()
    }

    fn incident(&self) -> &'static str {
        rule_sentence::incident(self.kind)
    }

    fn condition(&self) -> &'static str {
        self.kind.row().condition
    }
}

async fn show(State(site): State<Arc<Site>>, layout: Layout, Path(name): Path<String>) -> Result<Response, WebError> {
    let project = site.project(&name).await?;
    page(&Page::new(layout, &project))
}

fn texts(form: &Filled) -> Texts {
    settings().filter_map(|setting| Some((setting.key, Control::of(setting, None).given(form)?.into_owned()))).collect()
}

async fn change(
    State(site): State<Arc<Site>>,
    layout: Layout,
    Writer(visitor): Writer,
    Path(name): Path<String>,
    form: Filled,
) -> Result<Response, WebError> {
    let project = site.project(&name).await?;
    if form.has("try") {
        return try_out(&site, layout, project, &form).await;
    }
    let (settings_service, place) = (visitor.settings_service(&site), format!("/projects/{name}/rules"));
    if form.has("install") {
        settings_service.change(&name, |spec| app::install(spec, KIND, &Texts::default(), true)).await?;
        return Ok(go_on(&site, &place, "Ingestion Alert is installed with these rules."));
    }
    let texts = texts(&form);
    match settings_service.change(&name, |spec| app::configure(spec, KIND, &texts)).await {
        Ok(done) => Ok(saved(&site, &place, &done, "Saved.")),
        Err(error) => Ok(rejected(layout, &project, &form, &problems_of(error)?)),
    }
}

fn rejected(layout: Layout, project: &Project, form: &Filled, problems: &[Problem]) -> Response {
    drawn(StatusCode::UNPROCESSABLE_ENTITY, &Page::new(layout, project).filled(form, problems))
}

async fn try_out(site: &Site, layout: Layout, project: Arc<Project>, form: &Filled) -> Result<Response, WebError> {
    let (since, desired) = match (reach(form.text("since")), desired(&project, form)) {
        (Ok(since), Ok(desired)) => (since, desired),
        (since, desired) => {
            let problems: Vec<Problem> = desired.err().into_iter().flatten().chain(since.err()).collect();
            return Ok(rejected(layout, &project, form, &problems));
        }
    };
    let is_watch_another = desired.1;
    let replayed = replay(site, Arc::clone(&project), desired.0, since).await?;
    let mut page = Page::new(layout, &project).filled(form, &[]);
    let now = page.layout.now;
    page.tried = Some(Drawn::of(&replayed, is_watch_another, now));
    Ok(drawn(StatusCode::OK, &page))
}

fn reach(text: &str) -> Result<Duration, Problem> {
    let is_one = SPANS.iter().any(|(word, _)| *word == text);
    let read = replay::reach(text).ok().filter(|_| is_one);
    read.ok_or_else(|| Problem::whole("since", "choose 24 hours, 7 days or 30 days"))
}

/// The app from the form, and whether it watches other events than the stored app, which history cannot replay.
fn desired(project: &Project, form: &Filled) -> Result<(IngestionAlertApp, bool), Problems> {
    let stored = project.spec.ingestion_alert.clone().unwrap_or_default();
    let texts = texts(form);
    // Validates `watch` as well, although the replay ignores it.
    let mut app = App::IngestionAlert(Box::new(stored.clone()));
    Problems::or(app.set_all(&texts, Some(&project.spec.token)), ())?;
    let is_watch_another = matches!(&app, App::IngestionAlert(app) if app.watch != stored.watch);
    let rest: Texts = texts.iter().filter(|(key, _)| *key != "watch").collect();
    Ok((wished(&stored, &rest)?, is_watch_another))
}
