//! `heartbeat channels kinds`.

use std::process::ExitCode;

use clap::Args;

use crate::cli::error::Misuse;
use crate::cli::global::Invocation;
use crate::cli::screen::{FAINT, styled};
use crate::config::channel::kind_named;
use crate::model::{ChannelKind, Field};
use crate::settings::ChannelKindJson;

pub(super) const JSON: &str = "JSON: {items: [{name, description, open, fields: [{key, label, hint, default, required, secret, choices, others}]}], next}; open says whether the page and the API can add a channel of this kind.";

#[derive(Debug, Args)]
pub struct Kinds {
    /// Show only this kind
    pub kind: Option<String>,

    /// Print the kinds as JSON
    #[arg(long)]
    pub json: bool,
}

impl Kinds {
    pub(super) fn run(&self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        let kinds = match &self.kind {
            Some(name) => vec![kind_named(name).map_err(|wrong| Misuse(wrong.to_string()))?],
            None => ChannelKind::ALL.to_vec(),
        };
        if self.json {
            invocation.screen.items(kinds.into_iter().map(ChannelKindJson::of))?;
            return Ok(ExitCode::SUCCESS);
        }
        for kind in kinds {
            invocation.screen.line(format!("{kind}: {}", kind.description()))?;
            for field in kind.fields() {
                invocation.screen.line(format!("  {}{}", field.key, remarks(field)))?;
                invocation.screen.line(format!("    {}", styled(FAINT, field.hint)))?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn remarks(field: &Field) -> String {
    let mut remarks = Vec::new();
    if field.required {
        remarks.push("required".to_owned());
    }
    if field.secret {
        remarks.push("secret".to_owned());
    }
    if !field.default.is_empty() {
        remarks.push(format!("default: {}", field.default));
    }
    if remarks.is_empty() { String::new() } else { format!(" ({})", remarks.join(", ")) }
}
