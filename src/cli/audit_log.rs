//! `heartbeat audit-log`: the audit log.

use clap::Args;

use super::global::Invocation;
use super::table::Table;
use super::which_project::WhichProjects;
use crate::config::rules;
use crate::model::AuditEntry;
use crate::report::AuditEntryJson;
use crate::store::AuditFilter;

/// Show the audit log, newest first
///
/// The audit log lists changes of projects, apps, channels, maintenance windows, status pages, users and tokens. WHO is a user, an API token, a settings file
/// or the command line. It contains no secrets. The entries of a removed project are kept.
#[derive(Debug, Args)]
#[command(after_help = "JSON: {items: [{number, at, who, subject, project, words}], next}, newest first; project is null \
                        for entries without a project; next is the --before value of the next page, or null.")]
pub struct AuditLog {
    #[command(flatten)]
    pub which: WhichProjects,

    /// Show only entries before this number
    #[arg(long, value_name = "NUMBER", allow_hyphen_values = true, value_parser = rules::number::<i64>)]
    pub before: Option<i64>,

    /// Maximum number of entries
    #[arg(long, value_name = "COUNT", allow_hyphen_values = true, default_value = "50", value_parser = rules::number::<u32>)]
    pub limit: u32,

    /// Print the entries as JSON
    #[arg(long)]
    pub json: bool,
}

impl AuditLog {
    pub(super) async fn run(self, invocation: &Invocation) -> anyhow::Result<()> {
        let named = self.which.with_removed()?;
        let store = invocation.store().await?;
        let which = AuditFilter { named, before: self.before, at_most: self.limit, ..AuditFilter::default() };
        let audit_entries = store.audit_entries(&which).await?;
        if self.json {
            let has_more = audit_entries.len() >= self.limit as usize;
            let next = audit_entries.last().filter(|_| has_more).map(|audit_entry| audit_entry.place.to_string());
            invocation.screen.part(audit_entries.iter().map(AuditEntryJson::of), next)?;
        } else if audit_entries.is_empty() {
            invocation.screen.note("No entries.")?;
        } else {
            let row = |entry: &AuditEntry| [entry.at.date_and_second(), entry.who.clone(), what(entry), entry.words.clone()];
            invocation.screen.line(Table::of(["WHEN", "WHO", "WHAT", "CHANGE"], audit_entries.iter().map(row)))?;
        }
        Ok(())
    }
}

/// The subject, with its project unless the subject is the project.
fn what(audit_entry: &AuditEntry) -> String {
    match &audit_entry.project {
        Some(project) if audit_entry.subject != format!("project {project}") => format!("{}, project {project}", audit_entry.subject),
        _ => audit_entry.subject.clone(),
    }
}
