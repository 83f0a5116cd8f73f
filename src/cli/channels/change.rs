//! `heartbeat channels add`, `set`, `enable`, `disable` and `remove`.

use std::io::{self, IsTerminal as _};
use std::process::ExitCode;

use clap::Args;

use crate::cli::arguments::Arguments;
use crate::cli::change_flags::{ChangeFlags, settings_service, show};
use crate::cli::explain::{Flags, told};
use crate::cli::global::Invocation;
use crate::cli::notifications::channel_named;
use crate::config::{Environment, Origin, Problem, Problems, Texts, channel};
use crate::model::{ChannelKind, ChannelSpec, Field, ProjectName};
use crate::settings::ChangeError;

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

    /// Add it, and let no notification go there yet
    #[arg(long)]
    pub disabled: bool,

    #[command(flatten)]
    pub edit: ChangeFlags,
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
    pub edit: ChangeFlags,
}

/// A channel.
#[derive(Debug, Args)]
pub struct IncidentFilter {
    /// The channel
    pub name: String,

    #[command(flatten)]
    pub edit: ChangeFlags,
}

/// What a channel should be; what is not given stays as it is.
#[derive(Debug, Args)]
pub struct Wishes {
    #[command(flatten)]
    pub given: Arguments,

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
        let spec = self.spec(invocation)?;
        let store = invocation.new_store().await?;
        let done = settings_service(invocation, &store, self.edit).add(spec).await.map_err(told(FLAGS))?;
        let code = show(&done.changes, invocation, self.edit)?;
        if !self.edit.dry_run {
            invocation.screen.note(format!("Next: heartbeat channels test {}", done.now.name))?;
        }
        Ok(code)
    }

    fn spec(&self, invocation: &Invocation) -> anyhow::Result<ChannelSpec> {
        let origin = Origin::CommandLine(invocation.clock.now());
        let enabled = (!self.disabled).to_string();
        let named = Texts::default().with("name", Some(&self.name)).with("kind", Some(&self.kind)).with("enabled", Some(&enabled));
        let Ok(kind) = channel::kind_named(&self.kind) else {
            return channel::added(&named, origin).map_err(|wrong| told(FLAGS)(wrong.into()));
        };
        let mut given = self.wishes.read(named, kind, &invocation.environment);
        ask(&mut given, kind, origin)?;
        let added = channel::added(&given.texts, origin);
        given.finish(added).map_err(told(FLAGS))
    }
}

impl Set {
    pub(super) async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        let store = invocation.store().await?;
        let origin = Origin::CommandLine(invocation.clock.now());
        let desired = |known: &ChannelSpec| {
            let all = Texts::default().with("projects", self.all_projects.then_some(""));
            let given = self.wishes.read(all, known.kind, &invocation.environment);
            let changed = channel::changed(known, &given.texts, origin);
            given.finish(changed)
        };
        let done = settings_service(invocation, &store, self.edit).change(&self.name, desired).await.map_err(told(FLAGS))?;
        show(&done.changes, invocation, self.edit)
    }
}

impl IncidentFilter {
    pub(super) async fn switch(self, invocation: &Invocation, enabled: bool) -> anyhow::Result<ExitCode> {
        let store = invocation.store().await?;
        let switched = |known: &ChannelSpec| Ok(ChannelSpec { enabled, ..known.clone() });
        let done = settings_service(invocation, &store, self.edit).change(&self.name, switched).await.map_err(told(FLAGS))?;
        show(&done.changes, invocation, self.edit)
    }

    pub(super) async fn remove(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        let store = invocation.store().await?;
        let known = match ProjectName::parse(&self.name) {
            Ok(name) => store.channel_without_secrets(&name).await?,
            Err(_) => None,
        };
        let queues = match &known {
            Some(known) => store.queue_of(known.id).await?,
            None => store.queue_of(channel_named(&store.channels().await?, &self.name)?.id).await?,
        };
        let done = settings_service(invocation, &store, self.edit).remove::<ChannelSpec>(&self.name).await.map_err(told(FLAGS))?;
        let code = show(&done.changes, invocation, self.edit)?;
        let go = if self.edit.dry_run { "would go" } else { "went" };
        if queues.queued > 0 {
            let plural = if queues.queued == 1 { "" } else { "s" };
            invocation.screen.note(format!(
                "With it {go} {} notification{plural} owed to it. What it was notified of stays on record.",
                queues.queued
            ))?;
        }
        Ok(code)
    }
}

/// What was said of a channel, and what of that could not be read.
struct Said {
    texts: Texts,
    unread: Vec<Problem>,
    /// Fields whose value could not be read: that they are missing need not be said too.
    failed: Vec<&'static str>,
}

impl Wishes {
    /// What is given, beside `texts`.
    fn read(&self, texts: Texts, kind: ChannelKind, environment: &Environment) -> Said {
        let known = kind.fields().iter().map(|field| field.key).collect::<Vec<_>>();
        let (values, unread) = self.given.read(&known, &format!("a {kind} channel"), environment);
        let given = |key: &str| {
            let is_it = |text: &String| text.split_once('=').is_some_and(|(name, _)| name.trim() == key);
            self.given.set_file.iter().chain(&self.given.set_env).any(is_it)
        };
        let mut texts = texts
            .with("severity", self.severity.as_deref())
            .with("title", self.title.as_deref())
            .with("body", self.body.as_deref())
            .with("at_once", self.at_once.map(|number| number.to_string()).as_deref());
        for value in &values {
            texts.put(value.key.as_str(), value.expose());
        }
        self.project.iter().for_each(|name| texts.put("projects", name));
        let failed = known.into_iter().filter(|key| given(key) && values.iter().all(|value| value.key != *key)).collect();
        Said { texts, unread: unread.into_iter().map(|says| Problem::whole("", says)).collect(), failed }
    }
}

impl Said {
    /// What was made of it, or everything that is wrong.
    fn finish(self, made: Result<ChannelSpec, Problems>) -> Result<ChannelSpec, ChangeError> {
        let (made, wrong) = made.map_or_else(|wrong| (None, Some(wrong)), |made| (Some(made), None));
        let is_told = |lack: &Problem| self.failed.contains(&lack.field.as_str()) && lack.says.starts_with("is missing");
        let wrong = wrong.into_iter().flatten().filter(|problem| !is_told(problem));
        let problems: Vec<Problem> = self.unread.into_iter().chain(wrong).collect();
        match made {
            Some(made) => Ok(Problems::or(problems, made)?),
            None => Err(Problems::of(problems).into()),
        }
    }
}

/// Asks for the secrets that are missing, where there is somebody to ask and nothing else is wrong.
fn ask(said: &mut Said, kind: ChannelKind, origin: Origin) -> anyhow::Result<()> {
    let is_missing = |field: &&Field| field.required && field.secret && said.texts.filled(field.key).is_none();
    let missing = kind.fields().iter().filter(is_missing).collect::<Vec<_>>();
    let wrong = channel::added(&said.texts, origin).err().map_or(0, |wrong| wrong.count());
    if !said.unread.is_empty() || wrong > missing.len() || !io::stdin().is_terminal() {
        return Ok(());
    }
    for field in missing {
        let text = rpassword::prompt_password(format!("{}: {} (not shown): ", field.key, field.hint))?;
        said.texts.put(field.key, &text);
    }
    Ok(())
}
