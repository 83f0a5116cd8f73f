//! `heartbeat channels add`, `set`, `enable`, `disable` and `remove`.

use std::io::{self, IsTerminal as _};
use std::process::ExitCode;

use clap::Args;

use super::state::Owing;
use crate::cli::edit::EditFlags;
use crate::cli::given::Given;
use crate::cli::global::{Invocation, specs};
use crate::cli::notices::channel_named;
use crate::cli::project_named;
use crate::cli::put::{channel_specs, put_channels};
use crate::cli::trouble::Misuse;
use crate::config::rules;
use crate::message::Template;
use crate::model::{ChannelSpec, Field, ProjectName, ProjectSpec, Severity};

/// `heartbeat channels add`
#[derive(Debug, Args)]
pub struct Add {
    /// What to call it
    pub name: String,

    /// What it is; `heartbeat channels kinds` lists them
    #[arg(long)]
    pub kind: String,

    #[command(flatten)]
    pub wishes: Wishes,

    /// Add it, and let no notice go there yet
    #[arg(long)]
    pub disabled: bool,

    #[command(flatten)]
    pub edit: EditFlags,
}

/// `heartbeat channels set`
#[derive(Debug, Args)]
pub struct Set {
    /// The channel
    pub name: String,

    #[command(flatten)]
    pub wishes: Wishes,

    /// Tell of all projects
    #[arg(long, conflicts_with = "project")]
    pub all_projects: bool,

    #[command(flatten)]
    pub edit: EditFlags,
}

/// A channel.
#[derive(Debug, Args)]
pub struct Which {
    /// The channel
    pub name: String,

    #[command(flatten)]
    pub edit: EditFlags,
}

/// What a channel should be; what is not given stays as it is.
#[derive(Debug, Args)]
pub struct Wishes {
    #[command(flatten)]
    pub given: Given,

    /// Tell of this project alone (may be given more than once) [default: all]
    #[arg(long, value_name = "NAME")]
    pub project: Vec<String>,

    /// Tell of nothing lighter: info, warning, critical [default: info]
    #[arg(long, value_name = "SEVERITY")]
    pub severity: Option<String>,

    /// More messages than this at once become one digest [default: 5]
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..))]
    pub at_once: Option<u16>,

    /// A template in place of the title, such as `{{ project }} {{ kind }}`; an empty one takes it away
    #[arg(long, value_name = "TEMPLATE")]
    pub title: Option<String>,

    /// A template in place of the text; an empty one takes it away
    #[arg(long, value_name = "TEMPLATE")]
    pub body: Option<String>,
}

impl Add {
    pub(super) async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        // What is given is read before the store is opened: a wrong flag makes no database.
        let name = rules::about("NAME", ProjectName::parse(&self.name)).map_err(Misuse);
        let kind = super::kind_named(&self.kind);
        let (name, kind) = match (name, kind) {
            (Ok(name), Ok(kind)) => (name, kind),
            (Err(Misuse(one)), Err(Misuse(other))) => return Err(Misuse(format!("{one}\n{other}")).into()),
            (Err(wrong), _) | (_, Err(wrong)) => return Err(wrong.into()),
        };
        let spec = ChannelSpec { enabled: !self.disabled, ..ChannelSpec::new(name, kind) };
        let mut draft = self.wishes.onto(spec, invocation);
        draft.ask()?;
        let spec = draft.finish()?;
        let store = invocation.store().await?;
        let now = channel_specs(&*store).await?;
        if now.iter().any(|known| known.name == spec.name) {
            return Err(Misuse(format!("there is a channel `{}` already; `channels set` changes it", spec.name)).into());
        }
        known_projects(&spec, &specs(&*store).await?)?;
        let name = spec.name.clone();
        let code = put_channels(&now, vec![spec], Vec::new(), (invocation, &*store, self.edit)).await?;
        if !self.edit.dry_run {
            invocation.screen.note(format!("Next: heartbeat channels test {name}"))?;
        }
        Ok(code)
    }
}

impl Set {
    pub(super) async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        let store = invocation.store().await?;
        let known = channel_named(&store.channels().await?, &self.name)?.spec.clone();
        let mut spec = known;
        if self.all_projects {
            spec.projects = Vec::new();
        }
        let spec = self.wishes.onto(spec, invocation).finish()?;
        if !self.wishes.project.is_empty() {
            known_projects(&spec, &specs(&*store).await?)?;
        }
        put_channels(&channel_specs(&*store).await?, vec![spec], Vec::new(), (invocation, &*store, self.edit)).await
    }
}

impl Which {
    pub(super) async fn switch(self, invocation: &Invocation, enabled: bool) -> anyhow::Result<ExitCode> {
        let store = invocation.store().await?;
        let known = channel_named(&store.channels().await?, &self.name)?.spec.clone();
        let put = vec![ChannelSpec { enabled, ..known }];
        put_channels(&channel_specs(&*store).await?, put, Vec::new(), (invocation, &*store, self.edit)).await
    }

    pub(super) async fn remove(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        let store = invocation.store().await?;
        let known = channel_named(&store.channels().await?, &self.name)?.clone();
        let owing = Owing::to(known.id, &*store).await?;
        let remove = vec![known.spec.name.clone()];
        let code = put_channels(&channel_specs(&*store).await?, Vec::new(), remove, (invocation, &*store, self.edit)).await?;
        let go = if self.edit.dry_run { "would go" } else { "went" };
        match (owing.owed, owing.dead) {
            (0, 0) => {}
            (owed, 0) => invocation.screen.note(format!("With it {go} {} to it.", notices(owed, "owed")))?,
            (owed, dead) => {
                invocation.screen.note(format!(
                    "With it {go} {} to it, and {} that nobody took.",
                    notices(owed, "owed"),
                    notices(dead, "")
                ))?;
            }
        }
        Ok(code)
    }
}

/// `1 notice owed`
fn notices(count: usize, state: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} notice{plural} {state}").trim_end().to_owned()
}

/// The projects that a channel names are there: a slip would leave a project that nobody is told of.
fn known_projects(spec: &ChannelSpec, projects: &[ProjectSpec]) -> Result<(), Misuse> {
    let wrong = spec.projects.iter().filter_map(|name| project_named(projects, name.as_str()).err()).map(|wrong| wrong.0);
    let wrong = wrong.collect::<Vec<_>>();
    if wrong.is_empty() { Ok(()) } else { Err(Misuse(wrong.join("\n"))) }
}

/// A channel that is being put together, and what is wrong with what was said of it.
struct Draft {
    spec: ChannelSpec,
    problems: Vec<String>,
    /// Fields whose value could not be read: that they are missing need not be said too.
    failed: Vec<&'static str>,
}

impl Wishes {
    /// The channel as it should be.
    fn onto(&self, mut spec: ChannelSpec, invocation: &Invocation) -> Draft {
        let fields = spec.kind.fields();
        let known = fields.iter().map(|field| field.key).collect::<Vec<_>>();
        let (values, mut problems) = self.given.read(&known, &format!("a {} channel", spec.kind), &invocation.environment);
        let given = |key: &str| {
            let is_it = |text: &String| text.split_once('=').is_some_and(|(name, _)| name.trim() == key);
            self.given.set_file.iter().chain(&self.given.set_env).any(is_it)
        };
        for value in &values {
            spec.values.set(&value.key, value.expose());
        }
        let failed = known.into_iter().filter(|key| given(key) && values.iter().all(|value| value.key != *key)).collect();
        if let Some(text) = &self.severity {
            take(rules::about("--severity", Severity::parse(text)), &mut problems, |severity| spec.least = severity);
        }
        if !self.project.is_empty() {
            spec.projects = Vec::new();
            for name in &self.project {
                take(rules::about("--project", ProjectName::parse(name)), &mut problems, |name| {
                    if !spec.projects.contains(&name) {
                        spec.projects.push(name);
                    }
                });
            }
        }
        spec.at_once = self.at_once.unwrap_or(spec.at_once);
        for (flag, text, place) in [("--title", &self.title, &mut spec.title), ("--body", &self.body, &mut spec.body)] {
            let Some(text) = text else { continue };
            match text.trim() {
                "" => *place = None,
                _ => take(rules::about(flag, Template::parse(text)), &mut problems, |_| *place = Some(text.clone())),
            }
        }
        Draft { spec, problems, failed }
    }
}

fn take<T>(read: Result<T, String>, problems: &mut Vec<String>, put: impl FnOnce(T)) {
    match read {
        Ok(value) => put(value),
        Err(says) => problems.push(says),
    }
}

impl Draft {
    /// Asks for the secrets that are missing, where there is somebody to ask and nothing else is wrong.
    fn ask(&mut self) -> anyhow::Result<()> {
        let is_missing = |field: &&Field| field.required && field.secret && self.spec.values.get(field.key).is_none();
        let missing = self.spec.kind.fields().iter().filter(is_missing).collect::<Vec<_>>();
        if !self.problems.is_empty() || self.spec.problems().len() > missing.len() || !io::stdin().is_terminal() {
            return Ok(());
        }
        for field in missing {
            let text = rpassword::prompt_password(format!("{}: {} (not shown): ", field.key, field.hint))?;
            self.spec.values.set(field.key, &text);
        }
        Ok(())
    }

    /// The channel, or everything that is wrong with it.
    fn finish(self) -> Result<ChannelSpec, Misuse> {
        let Self { spec, mut problems, failed } = self;
        let is_told = |says: &String| failed.iter().any(|key| says.starts_with(&format!("{key} is missing")));
        problems.extend(spec.problems().into_iter().filter(|says| !is_told(says)));
        if problems.is_empty() { Ok(spec) } else { Err(Misuse(problems.join("\n"))) }
    }
}
