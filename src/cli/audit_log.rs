//! `heartbeat changes`: who changed what, and when.

use std::process::ExitCode;

use clap::Args;

use super::error::Misuse;
use super::global::Invocation;
use super::table::Table;
use crate::config::rules;
use crate::model::{AuditEntry, ProjectName};
use crate::report::AuditEntryJson;
use crate::store::AuditFilter;

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
        let which = AuditFilter { project, before: self.before, at_most: self.limit, ..AuditFilter::default() };
        let audit_entries = store.audit_entries(&which).await?;
        if self.json {
            let has_more = audit_entries.len() >= self.limit as usize;
            let next = audit_entries.last().filter(|_| has_more).map(|audit_entry| audit_entry.place.to_string());
            invocation.screen.part(audit_entries.iter().map(AuditEntryJson::of), next)?;
        } else if audit_entries.is_empty() {
            invocation.screen.note("No change.")?;
        } else {
            let mut table = Table::under(["WHEN", "WHO", "WHAT", "CHANGE"]);
            for audit_entry in &audit_entries {
                table.row([moment(audit_entry), audit_entry.who.clone(), what(audit_entry), audit_entry.words.clone()]);
            }
            invocation.screen.line(table)?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// `2026-11-23 14:02:07`
fn moment(audit_entry: &AuditEntry) -> String {
    audit_entry.at.to_string().get(..19).unwrap_or_default().replace('T', " ")
}

/// What was changed, and of which project where that does not say so.
fn what(audit_entry: &AuditEntry) -> String {
    match &audit_entry.project {
        Some(project) if audit_entry.subject != format!("project {project}") => format!("{}, project {project}", audit_entry.subject),
        _ => audit_entry.subject.clone(),
    }
}
