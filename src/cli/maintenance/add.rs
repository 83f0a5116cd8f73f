//! `heartbeat maintenance add`.

use std::process::ExitCode;

use clap::Args;

use super::when::{WhenFlags, explain_window};
use crate::cli::change_flags::{ChangeFlags, settings_service, show};
use crate::cli::error::Misuse;
use crate::cli::explain::explain;
use crate::cli::global::Invocation;
use crate::config::{Origin, Texts, window};

#[derive(Debug, Args)]
pub struct Add {
    /// Name of the window
    pub name: String,

    #[command(flatten)]
    pub when: WhenFlags,

    /// Apply only to this project (repeatable) [default: all]
    #[arg(long, value_name = "NAME")]
    pub project: Vec<String>,

    #[command(flatten)]
    pub edit: ChangeFlags,
}

impl Add {
    pub(super) async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        let mut texts = self.when.add_to(Texts::default().with("name", Some(&self.name)));
        self.project.iter().for_each(|name| texts.put("projects", name));
        let window = window::added(&texts, Origin::CommandLine(invocation.clock.now())).map_err(|wrong| Misuse(explain_window(&wrong)))?;
        let store = invocation.new_store().await?;
        let done = settings_service(invocation, &store, self.edit).add(window).await.map_err(explain)?;
        show(&done.changes, invocation, self.edit)
    }
}
