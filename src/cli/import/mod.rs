//! `heartbeat import`: PostHog's own two apps, as its API gave their settings, set up here.

use std::io::{self, IsTerminal as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::arguments::Arguments;
use super::change_flags::{ChangeFlags, SETTINGS_JSON, settings_service, show};
use super::error::Misuse;
use super::explain::plainly;
use super::global::{Invocation, specs};
use super::keys::{PersonalKeyFlags, TokenFlags};
use crate::config::{Plan, identity, rules};
use crate::model::{AppKind, ProjectName, ProjectSpec, Timing};
use crate::settings::{Clash, Cost};

use app::Found;
use file::Document;

mod app;
mod file;

/// The setting that holds Ingestion Alert's own personal API key.
const READER: &str = "posthogApiKey";

/// Take over PostHog's own Heartbeat and Ingestion Alert apps
///
/// FILE holds what PostHog's API gave of them: `GET https://HOST/api/projects/ID/plugin_configs/` with a personal API key. Each app is known by its
/// settings' keys; other apps are named and left out. Secrets that PostHog masked are asked for. A project that is there already keeps
/// everything else.
#[derive(Debug, Args)]
#[command(after_help = SETTINGS_JSON)]
pub struct Import {
    /// What PostHog's API gave; `-` for standard input
    pub file: PathBuf,

    /// The project that gets the apps; it is made where it is not there yet
    #[arg(long, value_name = "NAME", default_value = "default")]
    pub project: String,

    /// For a new project, where events are sent: us, eu, or an address [default: `POSTHOG_HOST`, else the apps' own]
    #[arg(long)]
    pub host: Option<String>,

    #[command(flatten)]
    pub token: TokenFlags,

    #[command(flatten)]
    pub personal_key: PersonalKeyFlags,

    #[command(flatten)]
    pub given: Arguments,

    #[command(flatten)]
    pub edit: ChangeFlags,
}

impl Import {
    pub(super) async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        // Everything that can be wrong without the store is told before it is opened.
        let name = rules::about("--project", ProjectName::parse(&self.project)).map_err(Misuse)?;
        let document = Document::read(&self.file).map_err(Misuse)?;
        let mut apps = app::find(&document).map_err(Misuse)?;
        let asked = self.complete(&mut apps, invocation)?;
        let store = invocation.new_store().await?;
        let revision = store.revision().await?;
        let now = specs(&store).await?;
        let spec = match now.iter().find(|known| known.name == name) {
            Some(known) => self.onto_known(known, invocation)?,
            None => self.new_project(name, &apps, invocation)?,
        };
        let spec = put_on(spec, &apps)?;
        identity::own_beats(&spec, &now).map_err(Misuse)?;
        for line in apps.iter().flat_map(|app| app.lines(&spec)).chain(document.left_out()).chain(asked) {
            invocation.screen.note(line)?;
        }
        let remarks = remarks(&spec);
        let plan = Plan::of(&now, vec![spec], Vec::new());
        let changes = settings_service(invocation, &store, self.edit).write(plan, revision).await.map_err(plainly)?.ok_or(Clash::Busy)?;
        let code = show(&changes, invocation, self.edit)?;
        for remark in remarks {
            invocation.screen.note(remark)?;
        }
        Ok(code)
    }

    /// Puts in what flags give, and asks for what PostHog masked. Whatever is missing or wrong is said at once; gives what there is to know.
    fn complete(&self, apps: &mut [Found<'_>], invocation: &Invocation) -> anyhow::Result<Option<String>> {
        let keys: Vec<&str> = apps.iter().flat_map(|app| app.kind.settings()).map(|setting| setting.key).collect();
        let (values, mut problems) = self.given.read(&keys, "the apps in this file", &invocation.environment);
        for value in &values {
            for app in apps.iter_mut() {
                app.give(&value.key, value.expose());
            }
        }
        // The key that was masked is one that reads: where the project has another, it can go without.
        if apps.iter().any(|app| app.masked().iter().any(|(key, _)| *key == READER))
            && self.personal_key.read_unasked(invocation)?.is_some()
        {
            for app in apps.iter_mut() {
                app.give(READER, "");
            }
        }
        problems.extend(apps.iter().flat_map(Found::wrong));
        if problems.is_empty() && io::stdin().is_terminal() {
            for app in apps.iter_mut() {
                for (key, name) in app.masked() {
                    let text = rpassword::prompt_password(format!("{key}, which PostHog masked: {name} (not shown; empty for none): "))?;
                    app.give(key, &text);
                }
            }
        }
        let masked = apps.iter().flat_map(|app| app.masked().into_iter().map(|(key, _)| key));
        problems.extend(masked.map(|key| {
            format!(
                "{key} was masked by PostHog; give it with --set-file {key}=FILE or --set-env {key}=VARIABLE (`--set {key}=` goes without)"
            )
        }));
        if !problems.is_empty() {
            return Err(Misuse(problems.join("\n")).into());
        }
        let next = "The file is one page of several: what is on the others is not taken over (`next` names where they are).";
        Ok(apps.iter().any(|app| app.has_more).then(|| next.to_owned()))
    }

    /// A project that is there already: it keeps what it has, unless a flag says otherwise.
    fn onto_known(&self, known: &ProjectSpec, invocation: &Invocation) -> anyhow::Result<ProjectSpec> {
        let has_flags = self.host.is_some() || self.token.token.is_some() || self.token.token_file.is_some();
        if has_flags {
            let says = format!("there is a project `{}` already: its host and token stay; leave --host and --token out", known.name);
            return Err(Misuse(says).into());
        }
        let flags = &self.personal_key;
        let is_given = flags.personal_api_key.is_some() || flags.personal_api_key_file.is_some() || flags.no_personal_api_key;
        let personal_key = if is_given { flags.read_unasked(invocation)? } else { known.personal_key.clone() };
        Ok(ProjectSpec { personal_key, ..known.clone() })
    }

    /// A new project, from flags, the environment, and what the apps know.
    fn new_project(&self, name: ProjectName, apps: &[Found<'_>], invocation: &Invocation) -> anyhow::Result<ProjectSpec> {
        let value = |kind: AppKind, key| apps.iter().find(|app| app.kind == kind).and_then(|app| app.value(key));
        let host = [
            ("--host", self.host.clone()),
            ("POSTHOG_HOST", invocation.environment.value("POSTHOG_HOST").map(str::to_owned)),
            ("posthogHost", value(AppKind::IngestionAlert, "posthogHost")),
            ("host", value(AppKind::Heartbeat, "host")),
        ];
        let (setting, host) = host.into_iter().find_map(|(setting, text)| Some((setting, text?))).ok_or_else(|| {
            Misuse(format!(
                "there is no project `{name}` yet, and the apps name no host: give --host (`us`, `eu`, or the address of a PostHog)"
            ))
        })?;
        let host = rules::about(setting, rules::host(&host)).map_err(Misuse)?;
        let has_flag = self.token.token.is_some() || self.token.token_file.is_some();
        let has_variable = invocation.environment.value("POSTHOG_PROJECT_API_KEY").is_some();
        let token = match value(AppKind::Heartbeat, "project_api_key") {
            Some(text) if !has_flag && !has_variable => rules::about("project_api_key", rules::token(&text)).map_err(Misuse)?,
            _ => self.token.read(invocation)?,
        };
        let has_reader = value(AppKind::IngestionAlert, READER).is_some();
        let personal_key = if has_reader { self.personal_key.read_unasked(invocation)? } else { self.personal_key.read(invocation)? };
        let timing = Timing::default();
        Ok(ProjectSpec {
            name,
            host,
            api_host: None,
            token,
            personal_key,
            posthog_id: None,
            timing,
            heartbeat: None,
            ingestion_alert: None,
        })
    }
}

/// The project with the apps on it, or everything that is wrong with their settings.
fn put_on(spec: ProjectSpec, apps: &[Found<'_>]) -> Result<ProjectSpec, Misuse> {
    let mut problems = Vec::new();
    let mut whole = spec;
    for app in apps {
        match app.put_on(&whole) {
            Ok(spec) => whole = spec,
            Err(wrong) => problems.extend(wrong),
        }
    }
    if problems.is_empty() {
        problems.extend(rules::fit(&whole).err());
    }
    if problems.is_empty() { Ok(whole) } else { Err(Misuse(problems.join("\n"))) }
}

/// What there is to know of the apps from now on.
fn remarks(spec: &ProjectSpec) -> Vec<String> {
    let mut remarks = Vec::new();
    if spec.beats() {
        remarks.push(format!("Heartbeat beats on {}.", Cost::of([spec])));
    }
    if spec.reading_key().is_none() {
        remarks.push(format!(
            "There is no personal API key: arrival cannot be checked. `heartbeat projects set-key {}` gives one with the scope query:read.",
            spec.name
        ));
    }
    remarks
}
