//! The rules of a project: a form of Ingestion Alert's settings, which can be tried on history before it is saved.

use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::routing::get;

use super::replayed::Drawn;
use super::rule_sentence::{self, sentence};
use super::submitted::{again, saved};
use super::tabs::{Tab, Tabs, tabs};
use crate::config::{App, Group, Problem, Problems, Texts};
use crate::model::{AppKind, IngestionAlertApp, Project, ProjectSpec, RuleKind, RuleSetting, capital};
use crate::report::{RuleJson, RulesJson};
use crate::settings::replay::{self, wished};
use crate::settings::{SettingsService, app};
use crate::web::control::{Control, Form};
use crate::web::form::Filled;
use crate::web::layout::{Answer, Editing, Layout, drawn, form_again, page};
use crate::web::rules::{replay, settings};
use crate::web::said::go_on;
use crate::web::site::Site;

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
    fields: Form,
    rules: Vec<RuleForm>,
    /// The current rules, for viewers.
    shown: Vec<RuleJson>,
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
    fn new(layout: Layout, project: &Project, fields: Form) -> Self {
        let name = project.spec.name.to_string();
        let rules = RulesJson::of(project);
        let app = project.spec.ingestion_alert.clone().unwrap_or_default();
        Self {
            layout: layout.of_project(&name, "Rules"),
            tabs: tabs(&project.spec.name, Tab::Rules),
            project: name,
            is_installed: rules.installed,
            is_enabled: rules.enabled,
            rules: RuleKind::ALL.map(|kind| RuleForm::of(kind, &fields, &app)).into(),
            fields,
            shown: rules.rules,
            since: SPANS[1].0.to_owned(),
            since_problem: None,
            tried: None,
        }
    }

    fn filled(layout: Layout, project: &Project, fields: Form, form: &Filled) -> Self {
        let mut app = project.spec.ingestion_alert.clone().unwrap_or_default();
        for (key, text) in fields.texts(form).iter() {
            // A rejected value is shown under its field.
            let _ = app.set(key, text);
        }
        let rules = RuleKind::ALL.map(|kind| RuleForm::of(kind, &fields, &app)).into();
        let mut page = Self { rules, ..Self::new(layout, project, fields) };
        if let Some(since) = form.given("since") {
            since.clone_into(&mut page.since);
        }
        page
    }

    /// The settings that are no rules.
    fn watched(&self) -> impl Iterator<Item = &Control> {
        self.fields.controls.iter().filter(|control| IngestionAlertApp::rule_of(control.key).is_none())
    }

    /// Per span: its form value, its label, whether it is chosen.
    fn spans(&self) -> impl Iterator<Item = (&'static str, &'static str, bool)> {
        SPANS.into_iter().map(|(word, name)| (word, name, self.since == word))
    }
}

fn fields(site: &Site, spec: &ProjectSpec) -> Form {
    let app = spec.ingestion_alert.clone().unwrap_or_default();
    let fields = Form::of(settings(), |setting| app.shown(setting.key).or_else(|| Some(setting.default.to_owned())));
    fields.versioned(&site.web.store, spec, &Group::App(KIND))
}

impl RuleForm {
    fn of(kind: RuleKind, fields: &Form, app: &IngestionAlertApp) -> Self {
        let mut mine = fields.controls.iter().filter_map(|control| {
            let (of, setting) = RuleSetting::of_key(control.key)?;
            (of == kind).then(|| (setting, control.clone().cell()))
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
        let cells: Vec<RuleCell> = mine.map(cell).collect();
        let is_wrong = switch.is_wrong() || cells.iter().any(|cell| cell.control.is_wrong());
        let says = if is_wrong { String::new() } else { sentence(kind, app) };
        Self { kind, switch, cells, says }
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

async fn show(State(site): State<Arc<Site>>, layout: Layout, Path(name): Path<String>) -> Answer {
    let project = site.project(&name).await?;
    page(&Page::new(layout, &project, fields(&site, &project.spec)))
}

async fn change(Editing { site, layout, visitor }: Editing, Path(name): Path<String>, form: Filled) -> Answer {
    let project = site.project(&name).await?;
    let known = fields(&site, &project.spec);
    let texts = known.texts(&form);
    if form.has("try") {
        return try_out(&site, layout, project, known, &form).await;
    }
    let (settings_service, place) = (visitor.settings_service(&site), format!("/projects/{name}/rules"));
    if form.has("install") {
        settings_service.change(&name, |spec| app::install(spec, KIND, &Texts::default(), true)).await?;
        return Ok(go_on(&site, &place, "Ingestion Alert is installed with these rules."));
    }
    let settings_service = SettingsService { version: known.submitted_version(&form), ..settings_service };
    match settings_service.change(&name, |spec| app::configure(spec, KIND, &texts)).await {
        Ok(done) => Ok(saved(&site, &place, &done, "Saved.")),
        Err(error) => {
            let project = site.project(&name).await?;
            let (status, fields) = again(fields(&site, &project.spec), &form, error)?;
            Ok(drawn(status, &Page::filled(layout, &project, fields, &form)))
        }
    }
}

async fn try_out(site: &Site, layout: Layout, project: Arc<Project>, fields: Form, form: &Filled) -> Answer {
    let (since, desired) = match (reach(form.text("since")), desired(&project, &fields.texts(form))) {
        (Ok(since), Ok(desired)) => (since, desired),
        (since, desired) => {
            let since_problem = since.as_ref().err().map(Problem::says);
            let problems: Vec<Problem> = desired.err().into_iter().flatten().chain(since.err()).collect();
            let page = Page::filled(layout, &project, fields.filled(form, &problems), form);
            return form_again(&Page { since_problem, ..page });
        }
    };
    let is_watch_another = desired.1;
    let replayed = replay(site, Arc::clone(&project), desired.0, since).await?;
    let mut shown = Page::filled(layout, &project, fields.filled(form, &[]), form);
    shown.tried = Some(Drawn::of(&replayed, is_watch_another, shown.layout.now));
    page(&shown)
}

fn reach(text: &str) -> Result<Duration, Problem> {
    let is_one = SPANS.iter().any(|(word, _)| *word == text);
    let read = replay::reach(text).ok().filter(|_| is_one);
    read.ok_or_else(|| Problem::whole("since", "choose 24 hours, 7 days or 30 days"))
}

/// The app with these texts, and whether it watches other events than the stored app, which history cannot replay.
fn desired(project: &Project, texts: &Texts) -> Result<(IngestionAlertApp, bool), Problems> {
    let stored = project.spec.ingestion_alert.clone().unwrap_or_default();
    // Validates `watch` as well, although the replay ignores it.
    let mut app = App::IngestionAlert(Box::new(stored.clone()));
    Problems::or(app.set_all(texts, Some(&project.spec.token)), ())?;
    let is_watch_another = matches!(&app, App::IngestionAlert(app) if app.watch != stored.watch);
    let rest: Texts = texts.iter().filter(|(key, _)| *key != "watch").collect();
    Ok((wished(&stored, &rest)?, is_watch_another))
}
