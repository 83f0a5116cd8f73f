//! `heartbeat maintenance add`

use std::process::ExitCode;

use clap::Args;

use super::when::{WhenFlags, says};
use crate::cli::change_flags::{ChangeFlags, settings_service, show};
use crate::cli::error::Misuse;
use crate::cli::explain::plainly;
use crate::cli::global::Invocation;
use crate::config::{Origin, Texts, window};

/// `heartbeat maintenance add`
#[derive(Debug, Args)]
pub struct Add {
    /// What to call it
    pub name: String,

    #[command(flatten)]
    pub when: WhenFlags,

    /// Of this project alone (may be given more than once) [default: all]
    #[arg(long, value_name = "NAME")]
    pub project: Vec<String>,

    #[command(flatten)]
    pub edit: ChangeFlags,
}

impl Add {
    pub(super) async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        let mut texts = self.when.onto(Texts::default().with("name", Some(&self.name)));
        self.project.iter().for_each(|name| texts.put("projects", name));
        let window = window::added(&texts, Origin::CommandLine(invocation.clock.now())).map_err(|wrong| Misuse(says(&wrong)))?;
        let store = invocation.new_store().await?;
        let done = settings_service(invocation, &store, self.edit).add(window).await.map_err(plainly)?;
        show(&done.changes, invocation, self.edit)
    }
}
