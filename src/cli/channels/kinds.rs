//! `heartbeat channels kinds`.

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
    pub(super) fn run(&self, invocation: &Invocation) -> anyhow::Result<()> {
        let kinds = match &self.kind {
            Some(name) => vec![kind_named(name).map_err(Misuse::of)?],
            None => ChannelKind::ALL.to_vec(),
        };
        if self.json {
            return Ok(invocation.screen.items(kinds.into_iter().map(ChannelKindJson::of))?);
        }
        for kind in kinds {
            invocation.screen.line(format!("{kind}: {}", kind.description()))?;
            for field in kind.fields() {
                invocation.screen.line(format!("  {}{}", field.key, remarks(field)))?;
                invocation.screen.line(format!("    {}", styled(FAINT, field.hint)))?;
            }
        }
        Ok(())
    }
}

fn remarks(field: &Field) -> String {
    let default = (!field.default.is_empty()).then(|| format!("default: {}", field.default));
    let flags = [(field.required, "required"), (field.secret, "secret")].into_iter().filter(|(is_so, _)| *is_so);
    let remarks: Vec<String> = flags.map(|(_, remark)| remark.to_owned()).chain(default).collect();
    if remarks.is_empty() { String::new() } else { format!(" ({})", remarks.join(", ")) }
}
