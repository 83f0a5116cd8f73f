//! `heartbeat channels add`, `set`, `enable`, `disable` and `remove`.

use std::io::{self, IsTerminal as _};
use std::process::ExitCode;

use clap::Args;

use crate::cli::arguments::Arguments;
use crate::cli::change_flags::{ChangeFlags, settings_service, show};
use crate::cli::explain::{Flags, explain_with};
use crate::cli::global::Invocation;
use crate::cli::notifications::channel_named;
use crate::config::{Environment, Origin, Problem, Problems, Texts, channel};
use crate::model::{ChannelKind, ChannelSpec, Field, ProjectName};
use crate::settings::ChangeError;

const FLAGS: Flags<'_> =
    &[("name", "NAME"), ("severity", "--severity"), ("projects", "--project"), ("title", "--title"), ("body", "--body")];

#[derive(Debug, Args)]
pub struct Add {
    /// Name of the channel
    pub name: String,

    /// Kind of the channel; see `heartbeat channels kinds`
    #[arg(long)]
    pub kind: String,

    #[command(flatten)]
    pub fields: FieldFlags,

    /// Add the channel disabled
    #[arg(long)]
    pub disabled: bool,

    #[command(flatten)]
    pub edit: ChangeFlags,
}

#[derive(Debug, Args)]
pub struct Set {
    /// Name of the channel
    pub name: String,

    #[command(flatten)]
    pub fields: FieldFlags,

    /// Notify about all projects
    #[arg(long, conflicts_with = "project")]
    pub all_projects: bool,

    #[command(flatten)]
    pub edit: ChangeFlags,
}

#[derive(Debug, Args)]
pub struct ChannelFlags {
    /// Name of the channel
    pub name: String,

    #[command(flatten)]
    pub edit: ChangeFlags,
}

#[derive(Debug, Args)]
pub struct FieldFlags {
    #[command(flatten)]
    pub given: Arguments,

    /// Notify only about this project (repeatable) [default: all]
    #[arg(long, value_name = "NAME")]
    pub project: Vec<String>,

    /// Minimum severity: info, warning or critical [default: info]
    #[arg(long, value_name = "SEVERITY")]
    pub severity: Option<String>,

    /// Combine more than this many simultaneous messages into one digest [default: 5]
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..))]
    pub at_once: Option<u16>,

    /// Template for the title, for example `{{ project }} {{ kind }}`; an empty value removes it
    #[arg(long, value_name = "TEMPLATE")]
    pub title: Option<String>,

    /// Template for the text; an empty value removes it
    #[arg(long, value_name = "TEMPLATE")]
    pub body: Option<String>,
}

impl Add {
    pub(super) async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        // The flags are read before the store is opened, so that a wrong flag creates no database.
        let spec = self.spec(invocation)?;
        let store = invocation.new_store().await?;
        let done = settings_service(invocation, &store, self.edit).add(spec).await.map_err(explain_with(FLAGS))?;
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
            return channel::added(&named, origin).map_err(|wrong| explain_with(FLAGS)(wrong.into()));
        };
        let mut read = self.fields.read(named, kind, &invocation.environment);
        ask(&mut read, kind, origin)?;
        let added = channel::added(&read.texts, origin);
        read.finish(added).map_err(explain_with(FLAGS))
    }
}

impl Set {
    pub(super) async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        let store = invocation.store().await?;
        let origin = Origin::CommandLine(invocation.clock.now());
        let desired = |stored: &ChannelSpec| {
            let all = Texts::default().with("projects", self.all_projects.then_some(""));
            let read = self.fields.read(all, stored.kind, &invocation.environment);
            let changed = channel::changed(stored, &read.texts, origin);
            read.finish(changed)
        };
        let done = settings_service(invocation, &store, self.edit).change(&self.name, desired).await.map_err(explain_with(FLAGS))?;
        show(&done.changes, invocation, self.edit)
    }
}

impl ChannelFlags {
    pub(super) async fn switch(self, invocation: &Invocation, enabled: bool) -> anyhow::Result<ExitCode> {
        let store = invocation.store().await?;
        let switched = |stored: &ChannelSpec| Ok(ChannelSpec { enabled, ..stored.clone() });
        let done = settings_service(invocation, &store, self.edit).change(&self.name, switched).await.map_err(explain_with(FLAGS))?;
        show(&done.changes, invocation, self.edit)
    }

    pub(super) async fn remove(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        let store = invocation.store().await?;
        let channel = match ProjectName::parse(&self.name) {
            Ok(name) => store.channel_without_secrets(&name).await?,
            Err(_) => None,
        };
        let queues = match &channel {
            Some(channel) => store.queue_of(channel.id).await?,
            None => store.queue_of(channel_named(&store.channels().await?, &self.name)?.id).await?,
        };
        let done = settings_service(invocation, &store, self.edit).remove::<ChannelSpec>(&self.name).await.map_err(explain_with(FLAGS))?;
        let code = show(&done.changes, invocation, self.edit)?;
        let removed = if self.edit.dry_run { "would be removed" } else { "removed" };
        if queues.queued > 0 {
            let plural = if queues.queued == 1 { "" } else { "s" };
            invocation.screen.note(format!("{} queued notification{plural} {removed}. Sent notifications are kept.", queues.queued))?;
        }
        Ok(code)
    }
}

struct ReadFields {
    texts: Texts,
    unread: Vec<Problem>,
    /// Fields whose value could not be read. They are not reported as missing too.
    failed: Vec<&'static str>,
}

impl FieldFlags {
    /// Adds the flags to `texts`.
    fn read(&self, texts: Texts, kind: ChannelKind, environment: &Environment) -> ReadFields {
        let keys = kind.fields().iter().map(|field| field.key).collect::<Vec<_>>();
        let (values, unread) = self.given.read(&keys, &format!("a {kind} channel"), environment);
        let is_given = |key: &str| {
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
        let failed = keys.into_iter().filter(|key| is_given(key) && values.iter().all(|value| value.key != *key)).collect();
        ReadFields { texts, unread: unread.into_iter().map(|problem| Problem::whole("", problem)).collect(), failed }
    }
}

impl ReadFields {
    fn finish(self, made: Result<ChannelSpec, Problems>) -> Result<ChannelSpec, ChangeError> {
        let (made, wrong) = made.map_or_else(|wrong| (None, Some(wrong)), |made| (Some(made), None));
        let is_reported = |problem: &Problem| self.failed.contains(&problem.field.as_str()) && problem.says.starts_with("is missing");
        let wrong = wrong.into_iter().flatten().filter(|problem| !is_reported(problem));
        let problems: Vec<Problem> = self.unread.into_iter().chain(wrong).collect();
        match made {
            Some(made) => Ok(Problems::or(problems, made)?),
            None => Err(Problems::of(problems).into()),
        }
    }
}

/// Prompts for missing secrets on a terminal, if nothing else is wrong.
fn ask(read: &mut ReadFields, kind: ChannelKind, origin: Origin) -> anyhow::Result<()> {
    let is_missing = |field: &&Field| field.required && field.secret && read.texts.filled(field.key).is_none();
    let missing = kind.fields().iter().filter(is_missing).collect::<Vec<_>>();
    let wrong = channel::added(&read.texts, origin).err().map_or(0, |wrong| wrong.count());
    if !read.unread.is_empty() || wrong > missing.len() || !io::stdin().is_terminal() {
        return Ok(());
    }
    for field in missing {
        let text = rpassword::prompt_password(format!("{}: {} (not shown): ", field.key, field.hint))?;
        read.texts.put(field.key, &text);
    }
    Ok(())
}
