//! `heartbeat channels add`, `set`, `enable`, `disable` and `remove`.

use std::io::{self, IsTerminal as _};
use std::process::ExitCode;

use clap::Args;

use super::state::Owing;
use crate::cli::edit::{EditFlags, desk, show};
use crate::cli::given::Given;
use crate::cli::global::Invocation;
use crate::cli::notices::channel_named;
use crate::cli::told::{Flags, told};
use crate::config::Environment;
use crate::edit::{Door, EditError, Problem, Problems, Texts, channel};
use crate::model::{ChannelSpec, Field, ProjectName};

/// Fields that are flags of their own.
const FLAGS: Flags<'_> =
    &[("name", "NAME"), ("severity", "--severity"), ("projects", "--project"), ("title", "--title"), ("body", "--body")];

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
        let texts = Texts::default().with("name", Some(&self.name)).with("kind", Some(&self.kind));
        let begun = channel::begun(&texts, Door::CommandLine).map_err(|wrong| told(FLAGS)(wrong.into()))?;
        let spec = ChannelSpec { enabled: !self.disabled, ..begun };
        let mut draft = self.wishes.onto(spec, &invocation.environment);
        draft.ask()?;
        let spec = draft.finish().map_err(told(FLAGS))?;
        let store = invocation.new_store().await?;
        let done = desk(invocation, &*store, self.edit).add(spec).await.map_err(told(FLAGS))?;
        let code = show(&done.changes, invocation, self.edit)?;
        if !self.edit.dry_run {
            invocation.screen.note(format!("Next: heartbeat channels test {}", done.now.name))?;
        }
        Ok(code)
    }
}

impl Set {
    pub(super) async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        let store = invocation.store().await?;
        let wanted = |known: &ChannelSpec| {
            let mut spec = known.clone();
            if self.all_projects {
                spec.projects = Vec::new();
            }
            self.wishes.onto(spec, &invocation.environment).finish()
        };
        let done = desk(invocation, &*store, self.edit).change(&self.name, wanted).await.map_err(told(FLAGS))?;
        show(&done.changes, invocation, self.edit)
    }
}

impl Which {
    pub(super) async fn switch(self, invocation: &Invocation, enabled: bool) -> anyhow::Result<ExitCode> {
        let store = invocation.store().await?;
        let switched = |known: &ChannelSpec| Ok(ChannelSpec { enabled, ..known.clone() });
        let done = desk(invocation, &*store, self.edit).change(&self.name, switched).await.map_err(told(FLAGS))?;
        show(&done.changes, invocation, self.edit)
    }

    pub(super) async fn remove(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        let store = invocation.store().await?;
        let known = match ProjectName::parse(&self.name) {
            Ok(name) => store.channel_without_secrets(&name).await?,
            Err(_) => None,
        };
        let id = match known {
            Some(known) => known.id,
            None => channel_named(&store.channels().await?, &self.name)?.id,
        };
        let owing = Owing::to(id, &*store).await?;
        let done = desk(invocation, &*store, self.edit).remove::<ChannelSpec>(&self.name).await.map_err(told(FLAGS))?;
        let code = show(&done.changes, invocation, self.edit)?;
        let go = if self.edit.dry_run { "would go" } else { "went" };
        if owing.owed > 0 {
            let plural = if owing.owed == 1 { "" } else { "s" };
            invocation
                .screen
                .note(format!("With it {go} {} notice{plural} owed to it. What it was notified of stays on record.", owing.owed))?;
        }
        Ok(code)
    }
}

/// A channel that is being put together, and what is wrong with what was said of it.
struct Draft {
    spec: ChannelSpec,
    problems: Vec<Problem>,
    /// Fields whose value could not be read: that they are missing need not be said too.
    failed: Vec<&'static str>,
}

impl Wishes {
    /// The channel as it should be.
    fn onto(&self, spec: ChannelSpec, environment: &Environment) -> Draft {
        let known = spec.kind.fields().iter().map(|field| field.key).collect::<Vec<_>>();
        let (values, unread) = self.given.read(&known, &format!("a {} channel", spec.kind), environment);
        let given = |key: &str| {
            let is_it = |text: &String| text.split_once('=').is_some_and(|(name, _)| name.trim() == key);
            self.given.set_file.iter().chain(&self.given.set_env).any(is_it)
        };
        let mut texts = values
            .iter()
            .map(|value| (value.key.as_str(), value.expose()))
            .collect::<Texts>()
            .with("severity", self.severity.as_deref())
            .with("title", self.title.as_deref())
            .with("body", self.body.as_deref())
            .with("at_once", self.at_once.map(|number| number.to_string()).as_deref());
        self.project.iter().for_each(|name| texts.put("projects", name));
        let failed = known.into_iter().filter(|key| given(key) && values.iter().all(|value| value.key != *key)).collect();
        let (spec, wrong) = channel::onto(spec, &texts);
        let problems = unread.into_iter().map(|says| Problem::whole("", says)).chain(wrong).collect();
        Draft { spec, problems, failed }
    }
}

impl Draft {
    /// Asks for the secrets that are missing, where there is somebody to ask and nothing else is wrong.
    fn ask(&mut self) -> anyhow::Result<()> {
        let is_missing = |field: &&Field| field.required && field.secret && self.spec.values.get(field.key).is_none();
        let missing = self.spec.kind.fields().iter().filter(is_missing).collect::<Vec<_>>();
        if !self.problems.is_empty() || channel::lacks(&self.spec).len() > missing.len() || !io::stdin().is_terminal() {
            return Ok(());
        }
        for field in missing {
            let text = rpassword::prompt_password(format!("{}: {} (not shown): ", field.key, field.hint))?;
            self.spec.values.set(field.key, &text);
        }
        Ok(())
    }

    /// The channel, or everything that is wrong with it.
    fn finish(self) -> Result<ChannelSpec, EditError> {
        let Self { spec, mut problems, failed } = self;
        let is_told = |lack: &Problem| failed.contains(&lack.field.as_str()) && lack.says.starts_with("is missing");
        problems.extend(channel::lacks(&spec).into_iter().filter(|lack| !is_told(lack)));
        Ok(Problems::or(problems, spec)?)
    }
}
