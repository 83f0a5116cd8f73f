//! `heartbeat maintenance add`

use std::process::ExitCode;

use clap::Args;

use super::when::WhenFlags;
use crate::cli::edit::EditFlags;
use crate::cli::global::{Invocation, specs};
use crate::cli::project_named;
use crate::cli::put::put_windows;
use crate::cli::trouble::Misuse;
use crate::config::rules;
use crate::model::{ProjectName, Window};

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
    pub edit: EditFlags,
}

impl Add {
    pub(super) async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        let window = self.window(invocation)?;
        let store = invocation.store().await?;
        let now = store.windows().await?;
        if now.iter().any(|known| known.name == window.name) {
            let says = format!("there is a maintenance window `{}` already; `maintenance remove` takes it away", window.name);
            return Err(Misuse(says).into());
        }
        let projects = specs(&*store).await?;
        let wrong = window.projects.iter().filter_map(|name| project_named(&projects, name.as_str()).err()).map(|wrong| wrong.0);
        let wrong = wrong.collect::<Vec<_>>();
        if !wrong.is_empty() {
            return Err(Misuse(wrong.join("\n")).into());
        }
        put_windows(&now, vec![window], Vec::new(), (invocation, &*store, self.edit)).await
    }

    /// The window, or everything that is wrong with what was said of it.
    fn window(&self, invocation: &Invocation) -> Result<Window, Misuse> {
        let mut problems = Vec::new();
        let name = rules::about("NAME", ProjectName::parse(&self.name)).map_err(|says| problems.push(says));
        let when = self.when.read(invocation.clock.now()).map_err(|says| problems.extend(says));
        let mut projects = Vec::new();
        for text in &self.project {
            match rules::about("--project", ProjectName::parse(text)) {
                Ok(name) if projects.contains(&name) => {}
                Ok(name) => projects.push(name),
                Err(says) => problems.push(says),
            }
        }
        match (name, when) {
            (Ok(name), Ok(when)) if problems.is_empty() => Ok(Window { name, projects, when }),
            _ => Err(Misuse(problems.join("\n"))),
        }
    }
}
