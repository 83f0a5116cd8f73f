//! `heartbeat channels add`, `set`, `enable`, `disable` and `remove`.

use std::io::{self, IsTerminal as _};

use clap::Args;
use clap::builder::NonEmptyStringValueParser;

use crate::cli::arguments::{Arguments, Assigned, Fields};
use crate::cli::change_flags::{ChangeFlags, Remove};
use crate::cli::explain::{Flags, explain_with};
use crate::cli::global::Invocation;
use crate::cli::notifications::channel_named;
use crate::config::{Environment, Origin, Texts, channel, rules};
use crate::model::{ChannelKind, ChannelSpec, Field, ProjectName};

const FLAGS: Flags<'_> = &[
    ("name", "NAME"),
    ("kind", "--kind"),
    ("severity", "--severity"),
    ("projects", "--project"),
    ("at_once", "--at-once"),
    ("title", "--title"),
    ("body", "--body"),
];

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
pub struct Switch {
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
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    pub project: Vec<String>,

    /// Minimum severity: info, warning or critical [default: info]
    #[arg(long, value_name = "SEVERITY")]
    pub severity: Option<String>,

    /// Combine more than this many simultaneous messages into one digest [default: 5]
    #[arg(long, value_name = "COUNT", allow_hyphen_values = true, value_parser = rules::number::<u16>)]
    pub at_once: Option<u16>,

    /// Template for the title, for example `{{ project }} {{ kind }}`; an empty value removes it
    #[arg(long, value_name = "TEMPLATE")]
    pub title: Option<String>,

    /// Template for the text; an empty value removes it
    #[arg(long, value_name = "TEMPLATE")]
    pub body: Option<String>,
}

impl Add {
    pub(super) async fn run(self, invocation: &Invocation) -> anyhow::Result<()> {
        // The flags are read before the store is opened, so that a wrong flag creates no database.
        let spec = self.spec(invocation)?;
        let added = self.edit.add(invocation, spec, FLAGS).await?;
        if !self.edit.dry_run {
            invocation.screen.note(format!("Next: heartbeat channels test {}", added.name))?;
        }
        Ok(())
    }

    fn spec(&self, invocation: &Invocation) -> anyhow::Result<ChannelSpec> {
        let origin = Origin::CommandLine(invocation.clock.now());
        let enabled = (!self.disabled).to_string();
        let named = Texts::default().with("name", Some(&self.name)).with("kind", Some(&self.kind)).with("enabled", Some(&enabled));
        let Ok(kind) = channel::kind_named(&self.kind) else {
            return channel::added(&named, origin).map_err(|wrong| explain_with(FLAGS)(wrong.into()));
        };
        let mut assigned = self.fields.read(&named, kind, &invocation.environment);
        ask(&mut assigned, kind, origin)?;
        assigned.with(|texts| Ok(channel::added(texts, origin)?)).map_err(explain_with(FLAGS))
    }
}

impl Set {
    pub(super) async fn run(self, invocation: &Invocation) -> anyhow::Result<()> {
        let origin = Origin::CommandLine(invocation.clock.now());
        let all = Texts::default().with("projects", self.all_projects.then_some(""));
        let desired = |stored: &ChannelSpec| {
            let assigned = self.fields.read(&all, stored.kind, &invocation.environment);
            assigned.with(|texts| Ok(channel::changed(stored, texts, origin)?))
        };
        self.edit.change(invocation, &self.name, FLAGS, desired).await.map(drop)
    }
}

impl Switch {
    pub(super) async fn run(self, invocation: &Invocation, enabled: bool) -> anyhow::Result<()> {
        let switched = |stored: &ChannelSpec| Ok(ChannelSpec { enabled, ..stored.clone() });
        self.edit.change(invocation, &self.name, FLAGS, switched).await.map(drop)
    }
}

/// Removes a channel, and says what becomes of its notifications.
pub(super) async fn remove(remove: Remove, invocation: &Invocation) -> anyhow::Result<()> {
    let store = invocation.store().await?;
    let channel = match ProjectName::parse(&remove.name) {
        Ok(name) => store.channel_without_secrets(&name).await?,
        Err(_) => None,
    };
    let queued = match &channel {
        Some(channel) => store.queue_of(channel.id).await?.queued,
        None => store.queue_of(channel_named(&store.channels().await?, &remove.name)?.id).await?.queued,
    };
    let removed = if remove.edit.dry_run { "would be removed" } else { "removed" };
    remove.run::<ChannelSpec>(invocation).await?;
    if queued > 0 {
        let plural = if queued == 1 { "" } else { "s" };
        invocation.screen.note(format!("{queued} queued notification{plural} {removed}. Sent notifications are kept."))?;
    }
    Ok(())
}

impl FieldFlags {
    /// Adds the flags to `texts`.
    fn read(&self, texts: &Texts, kind: ChannelKind, environment: &Environment) -> Assigned {
        let fields = Fields { keys: kind.fields().iter().map(|field| field.key).collect(), of: &kind.as_channel() };
        let mut assigned = self.given.read(Some(&fields), environment);
        texts.iter().for_each(|(name, text)| assigned.texts.put(name, text));
        let at_once = self.at_once.map(|number| number.to_string());
        let own = [("severity", &self.severity), ("title", &self.title), ("body", &self.body), ("at_once", &at_once)];
        let own = own.into_iter().filter_map(|(name, text)| Some((name, text.as_ref()?)));
        own.chain(self.project.iter().map(|name| ("projects", name))).for_each(|(name, text)| assigned.texts.put(name, text));
        assigned
    }
}

/// Prompts for missing secrets on a terminal, if nothing else is wrong.
fn ask(assigned: &mut Assigned, kind: ChannelKind, origin: Origin) -> anyhow::Result<()> {
    let is_missing = |field: &&Field| field.required && field.secret && assigned.texts.filled(field.key).is_none();
    let missing = kind.fields().iter().filter(is_missing).collect::<Vec<_>>();
    let wrong = channel::added(&assigned.texts, origin).err().map_or(0, |wrong| wrong.count());
    if assigned.unread().next().is_some() || wrong > missing.len() || !io::stdin().is_terminal() {
        return Ok(());
    }
    for field in missing {
        let text = rpassword::prompt_password(format!("{}: {} (not shown): ", field.key, field.hint))?;
        assigned.texts.put(field.key, &text);
    }
    Ok(())
}
