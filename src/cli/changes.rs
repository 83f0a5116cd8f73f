//! `heartbeat changes`: who changed what, and when.

use std::process::ExitCode;

use clap::Args;

use super::global::Invocation;
use super::table::Table;
use super::trouble::Misuse;
use crate::config::rules;
use crate::model::{Deed, ProjectName};
use crate::report::ChangeJson;
use crate::store::WhichDeeds;

/// Show who changed what, newest first: projects, apps, channels, maintenance windows, users
///
/// Who is a user of the page, an API token, a settings file, or whoever ran a command. No secret is told.
#[derive(Debug, Args)]
#[command(
    after_help = "JSON: {items: [{number, at, who, subject, project, words}], next}, newest first; project is null where it is about \
                        none, next is what --before takes for those that came earlier, or null."
)]
pub struct Changes {
    /// Of this project alone, with its apps; it may be gone
    #[arg(long, value_name = "NAME")]
    pub project: Option<String>,

    /// Those alone that came before the one of this number
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(i64).range(1..))]
    pub before: Option<i64>,

    /// At most so many
    #[arg(long, value_name = "COUNT", default_value = "50", value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: u32,

    /// Print them as JSON
    #[arg(long)]
    pub json: bool,
}

impl Changes {
    pub(super) async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        let project = self.project.as_deref().map(|text| rules::about("--project", ProjectName::parse(text)));
        let project = project.transpose().map_err(Misuse)?;
        let store = invocation.store().await?;
        let which = WhichDeeds { project, before: self.before, at_most: self.limit, ..WhichDeeds::default() };
        let deeds = store.deeds(&which).await?;
        if self.json {
            let has_more = deeds.len() >= self.limit as usize;
            let next = deeds.last().filter(|_| has_more).map(|deed| deed.place.to_string());
            invocation.screen.part(deeds.iter().map(ChangeJson::of), next)?;
        } else if deeds.is_empty() {
            invocation.screen.note("No change.")?;
        } else {
            let mut table = Table::under(["WHEN", "WHO", "WHAT", "CHANGE"]);
            for deed in &deeds {
                table.row([moment(deed), deed.who.clone(), what(deed), deed.words.clone()]);
            }
            invocation.screen.line(table)?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// `2026-11-23 14:02:07`
fn moment(deed: &Deed) -> String {
    deed.at.to_string().get(..19).unwrap_or_default().replace('T', " ")
}

/// What was changed, and of which project where that does not say so.
fn what(deed: &Deed) -> String {
    match &deed.project {
        Some(project) if deed.subject != format!("project {project}") => format!("{}, project {project}", deed.subject),
        _ => deed.subject.clone(),
    }
}
