//! `heartbeat import`: imports PostHog's own Heartbeat and Ingestion Alert apps.

use std::io::{self, IsTerminal as _};
use std::path::PathBuf;

use clap::Args;

use super::arguments::{Arguments, Fields};
use super::change_flags::{ChangeFlags, SETTINGS_JSON};
use super::error::Misuse;
use super::explain::explain;
use super::global::{Invocation, specs};
use super::keys::{PersonalKeyFlags, TokenFlags};
use crate::config::{Plan, Problem, Problems, identity, rules};
use crate::model::{AppKind, Invalid, ProjectName, ProjectSpec};
use crate::settings::{Clash, Cost, StoredEntity as _};

use app::Found;
use file::Document;

mod app;
mod file;

/// The personal API key of Ingestion Alert.
const READER: &str = "posthogApiKey";

/// Import PostHog's own Heartbeat and Ingestion Alert apps
///
/// FILE is the answer of `GET https://HOST/api/projects/ID/plugin_configs/`, called with a personal API key. The apps are recognized by the keys of their
/// settings; other apps are listed and not imported. On a terminal, it prompts for secrets that PostHog masked. An existing project keeps all
/// other settings.
#[derive(Debug, Args)]
#[command(after_help = SETTINGS_JSON)]
pub struct Import {
    /// Answer of PostHog's API, or `-` for standard input
    pub file: PathBuf,

    /// Project to install the apps on; it is added if it does not exist
    #[arg(long, value_name = "NAME", default_value = "default")]
    pub project: String,

    /// Host of a new project: us, eu or an address [default: `POSTHOG_HOST`, else the host of the apps]
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
    pub(super) async fn run(self, invocation: &Invocation) -> anyhow::Result<()> {
        // Problems that do not depend on the store are reported before it is opened.
        let name = rules::about("--project", ProjectName::parse(&self.project)).map_err(Misuse::of)?;
        let document = Document::read(&self.file).map_err(Misuse::of)?;
        let mut apps = app::find(&document).map_err(Misuse::of)?;
        let note = self.complete(&mut apps, invocation)?;
        let store = invocation.new_store().await?;
        let revision = store.revision().await?;
        let now = specs(&store).await?;
        let spec = match now.iter().find(|spec| spec.name == name) {
            Some(stored) => self.existing_project(stored, invocation)?,
            None => self.new_project(name, &apps, invocation)?,
        };
        let spec = put_on(spec, &apps)?;
        identity::own_beats(&spec, &now).map_err(Misuse::of)?;
        for line in apps.iter().flat_map(|app| app.lines(&spec)).chain(app::left_out(&document)).chain(note) {
            invocation.screen.note(line)?;
        }
        let remarks = remarks(&spec);
        let plan = Plan::of(&now, vec![spec], Vec::new());
        let changes =
            self.edit.service(invocation, &store).write(ProjectSpec::alone(plan), revision).await.map_err(explain)?.ok_or(Clash::Busy)?;
        self.edit.print(invocation, &changes)?;
        for remark in remarks {
            invocation.screen.note(remark)?;
        }
        Ok(())
    }

    /// Fills in the flags, prompts for masked secrets, and reports all problems together. Returns a note for the user.
    fn complete(&self, apps: &mut [Found<'_>], invocation: &Invocation) -> anyhow::Result<Option<String>> {
        let keys = apps.iter().flat_map(|app| app.kind.settings()).map(|setting| setting.key).collect();
        let assigned = self.given.read(Some(&Fields { keys, of: "the apps in this file" }), &invocation.environment);
        for (key, text) in assigned.texts.iter() {
            for app in apps.iter_mut() {
                app.set_value(key, text);
            }
        }
        let mut problems: Vec<Problem> = assigned.unread().cloned().collect();
        // The masked key is only used for reading, so a key of the project can replace it.
        if apps.iter().any(|app| app.masked().iter().any(|(key, _)| *key == READER))
            && self.personal_key.read_without_prompt(invocation)?.is_some()
        {
            for app in apps.iter_mut() {
                app.set_value(READER, "");
            }
        }
        problems.extend(apps.iter().flat_map(Found::wrong));
        if problems.is_empty() && io::stdin().is_terminal() {
            for app in apps.iter_mut() {
                for (key, name) in app.masked() {
                    let text = rpassword::prompt_password(format!("{key} (masked by PostHog): {name} (not shown; empty for none): "))?;
                    app.set_value(key, &text);
                }
            }
        }
        let masked = apps.iter().flat_map(|app| app.masked().into_iter().map(|(key, _)| key));
        problems.extend(masked.map(|key| {
            let advice = format!("give it with --set-file {key}=FILE or --set-env {key}=VARIABLE, or leave it empty with `--set {key}=`");
            Problem::of(key, Invalid::unquoted(format!("was masked by PostHog; {advice}")))
        }));
        Problems::or(problems, ()).map_err(Misuse::of)?;
        let next = "The file is one page of several. Apps on the other pages are not imported; `next` in the file is the address of the next page.";
        Ok(apps.iter().any(|app| app.has_more).then(|| next.to_owned()))
    }

    fn existing_project(&self, stored: &ProjectSpec, invocation: &Invocation) -> anyhow::Result<ProjectSpec> {
        let has_flags = self.host.is_some() || self.token.token.is_some() || self.token.token_file.is_some();
        if has_flags {
            let problem =
                format!("project `{}` exists, and import does not change its host and token; omit --host and --token", stored.name);
            return Err(Misuse(problem).into());
        }
        let flags = &self.personal_key;
        let is_given = flags.personal_api_key.is_some() || flags.personal_api_key_file.is_some() || flags.no_personal_api_key;
        let personal_key = if is_given { flags.read_without_prompt(invocation)? } else { stored.personal_key.clone() };
        Ok(ProjectSpec { personal_key, ..stored.clone() })
    }

    /// A new project from flags, the environment and the settings of the apps.
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
                "project `{name}` does not exist yet, and the apps have no host; give --host (`us`, `eu` or the address of a PostHog)"
            ))
        })?;
        let host = rules::about(setting, rules::host(&host)).map_err(Misuse::of)?;
        let has_flag = self.token.token.is_some() || self.token.token_file.is_some();
        let has_variable = invocation.environment.value("POSTHOG_PROJECT_API_KEY").is_some();
        let token = match value(AppKind::Heartbeat, "project_api_key") {
            Some(text) if !has_flag && !has_variable => rules::about("project_api_key", rules::token(&text)).map_err(Misuse::of)?,
            _ => self.token.read(invocation)?,
        };
        let has_reader = value(AppKind::IngestionAlert, READER).is_some();
        let personal_key =
            if has_reader { self.personal_key.read_without_prompt(invocation)? } else { self.personal_key.read(invocation)? };
        Ok(ProjectSpec { personal_key, ..ProjectSpec::new(name, host, token) })
    }
}

/// Adds the apps to the project, or reports all problems of their settings.
fn put_on(spec: ProjectSpec, apps: &[Found<'_>]) -> Result<ProjectSpec, Misuse> {
    let mut problems = Vec::new();
    let mut changed = spec;
    for app in apps {
        match app.put_on(&changed) {
            Ok(spec) => changed = spec,
            Err(wrong) => problems.extend(wrong),
        }
    }
    if problems.is_empty() {
        problems.extend(rules::fit(&changed).err());
    }
    Problems::or(problems, changed).map_err(Misuse::of)
}

fn remarks(spec: &ProjectSpec) -> Vec<String> {
    let mut remarks = Vec::new();
    if spec.beats() {
        remarks.push(Cost::of([spec]).remark());
    }
    if spec.reading_key().is_none() {
        remarks.push(format!(
            "There is no personal API key, so arrival cannot be checked. Add a key with the scope query:read with `heartbeat projects set-key {}`.",
            spec.name
        ));
    }
    remarks
}
