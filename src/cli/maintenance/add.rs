//! `heartbeat maintenance add`.

use clap::Args;
use clap::builder::NonEmptyStringValueParser;

use super::when::{FLAGS, WhenFlags};
use crate::cli::change_flags::ChangeFlags;
use crate::cli::explain::explain_with;
use crate::cli::global::Invocation;
use crate::config::{Origin, Texts, window};

#[derive(Debug, Args)]
pub struct Add {
    /// Name of the window
    pub name: String,

    #[command(flatten)]
    pub when: WhenFlags,

    /// Apply only to this project (repeatable) [default: all]
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    pub project: Vec<String>,

    #[command(flatten)]
    pub edit: ChangeFlags,
}

impl Add {
    pub(super) async fn run(self, invocation: &Invocation) -> anyhow::Result<()> {
        let mut texts = self.when.add_to(Texts::default().with("name", Some(&self.name)));
        self.project.iter().for_each(|name| texts.put("projects", name));
        let origin = Origin::CommandLine(invocation.clock.now());
        let window = window::added(&texts, origin).map_err(|wrong| explain_with(FLAGS)(wrong.into()))?;
        self.edit.add(invocation, window, FLAGS).await.map(drop)
    }
}
