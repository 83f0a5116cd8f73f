//! `heartbeat apps search`.

use clap::Args;

use super::settings::about;
use crate::cli::global::Invocation;
use crate::model::AppKind;
use crate::settings::AppKindJson;

#[derive(Debug, Args)]
pub struct Search {
    /// Part of a name or description [default: all apps]
    #[arg(default_value = "")]
    pub word: String,

    /// Print the apps as JSON
    #[arg(long)]
    pub json: bool,
}

impl Search {
    pub(super) fn run(&self, invocation: &Invocation) -> anyhow::Result<()> {
        let found = AppKind::search(&self.word).collect::<Vec<_>>();
        if self.json {
            return Ok(invocation.screen.items(found.into_iter().map(AppKindJson::of))?);
        }
        if found.is_empty() {
            invocation.screen.note(format!("No app has `{}` in its name or description.", self.word))?;
        }
        for app in found {
            invocation.screen.line(format!("{app}: {}\n", app.description()))?;
            for setting in app.settings() {
                let default = if setting.default.is_empty() { String::new() } else { format!(" (default: {})", setting.default) };
                let secret = if setting.secret { ", a secret" } else { "" };
                invocation.screen.line(format!("  {}{secret}{default}\n{}", setting.key, about(setting)))?;
            }
        }
        Ok(())
    }
}
