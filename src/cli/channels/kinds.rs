//! `heartbeat channels kinds`

use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use crate::cli::global::Invocation;
use crate::cli::screen::{FAINT, styled};
use crate::cli::trouble::Misuse;
use crate::config::channel::kind_named;
use crate::model::{ChannelKind, Field};

pub(super) const JSON: &str = "JSON: {items: [{kind, description, fields: [{key, hint, default, required, secret}]}], next}.";

/// `heartbeat channels kinds`
#[derive(Debug, Args)]
pub struct Kinds {
    /// This kind alone
    pub kind: Option<String>,

    /// Print them as JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Serialize)]
struct KindJson {
    kind: &'static str,
    description: &'static str,
    fields: Vec<FieldJson>,
}

#[derive(Serialize)]
struct FieldJson {
    key: &'static str,
    hint: &'static str,
    default: &'static str,
    required: bool,
    secret: bool,
}

impl KindJson {
    fn of(kind: ChannelKind) -> Self {
        let field = |field: &Field| FieldJson {
            key: field.key,
            hint: field.hint,
            default: field.default,
            required: field.required,
            secret: field.secret,
        };
        Self { kind: kind.name(), description: kind.description(), fields: kind.fields().iter().map(field).collect() }
    }
}

impl Kinds {
    pub(super) fn run(&self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        let kinds = match &self.kind {
            Some(name) => vec![kind_named(name).map_err(|wrong| Misuse(wrong.to_string()))?],
            None => ChannelKind::ALL.to_vec(),
        };
        if self.json {
            invocation.screen.items(kinds.into_iter().map(KindJson::of))?;
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
