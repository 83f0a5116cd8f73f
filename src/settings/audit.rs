//! Converts changes to audit entries: one for each project, app, channel, window or status page. Pure.

use super::by::By;
use crate::config::{Change, Kind, Subject, difference};
use crate::model::{AppKind, AuditEntry, ProjectName, Timestamp};

/// The subject of an audit entry: an app has entries of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
enum About<'c> {
    Whole(&'c Subject),
    App(AppKind, &'c ProjectName),
}

#[must_use]
pub(super) fn audit_entries(changes: &[Change], by: &By, at: Timestamp) -> Vec<AuditEntry> {
    let mut entries: Vec<(About<'_>, Vec<String>)> = Vec::new();
    for change in changes {
        let (about, words) = describe(change);
        match entries.last_mut().filter(|(last, _)| *last == about) {
            Some((_, last)) => last.extend(words),
            None => entries.push((about, words.into_iter().collect())),
        }
    }
    let entries = entries.into_iter().filter(|(_, words)| !words.is_empty());
    entries.map(|(about, words)| about.audit_entry(words, by, at)).collect()
}

/// The subject of an app's audit entries; the project is a field of its own.
#[must_use]
pub fn subject_of(app: AppKind) -> String {
    format!("app {app}")
}

impl About<'_> {
    fn audit_entry(&self, words: Vec<String>, by: &By, at: Timestamp) -> AuditEntry {
        let (subject, project) = match self {
            Self::Whole(subject) => {
                let project = Some(&subject.name).filter(|_| subject.kind == Kind::Project);
                (format!("{} {}", subject.kind.called(), subject.name), project)
            }
            Self::App(app, project) => (subject_of(*app), Some(*project)),
        };
        // The settings of an uninstalled app are not listed.
        let words = if words.iter().any(|word| word == UNINSTALLED) { vec![UNINSTALLED.to_owned()] } else { words };
        AuditEntry { place: 0, at, who: by.to_string(), subject, project: project.cloned(), words: words.join("; ") }
    }
}

const UNINSTALLED: &str = "uninstalled";

fn describe(change: &Change) -> (About<'_>, Option<String>) {
    let subject = change.subject();
    let whole = About::Whole(subject);
    let (field, old, new) = match change {
        Change::Added { .. } => return (whole, Some("added".to_owned())),
        Change::Removed { .. } => return (whole, Some("removed".to_owned())),
        Change::Changed { field, old, new, .. } => (field.as_str(), old.as_deref(), new.as_deref()),
    };
    let of_app = || {
        let (first, rest) = field.split_once('.').map_or((field, None), |(first, rest)| (first, Some(rest)));
        let app = AppKind::ALL.into_iter().find(|app| app.section() == first)?;
        Some((app, rest))
    };
    match of_app().filter(|_| subject.kind == Kind::Project) {
        None => (whole, Some(difference(field, old, new))),
        Some((app, Some(setting))) => (About::App(app, &subject.name), Some(difference(setting, old, new))),
        Some((app, None)) => {
            let words = match (old, new) {
                (None, Some(state)) => format!("installed, {state}"),
                (_, None) => UNINSTALLED.to_owned(),
                (Some(_), Some(state)) => state.to_owned(),
            };
            (About::App(app, &subject.name), Some(words))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::project::tests::shop;
    use crate::config::{Origin, Plan, Texts, channel};
    use crate::model::ProjectSpec;
    use crate::settings::app;

    fn told<T>(plan: Plan<T>) -> Vec<(String, Option<String>, String)> {
        let changes = plan.changes;
        let audit_entries = audit_entries(&changes, &By::user("ann"), Timestamp::from_ms(7));
        assert!(
            audit_entries.iter().all(|audit_entry| (audit_entry.who.as_str(), audit_entry.at.ms(), audit_entry.place) == ("ann", 7, 0)),
            "{audit_entries:?}"
        );
        audit_entries
            .into_iter()
            .map(|audit_entry| (audit_entry.subject, audit_entry.project.map(|name| name.to_string()), audit_entry.words))
            .collect()
    }

    fn between(before: &ProjectSpec, after: &ProjectSpec) -> Vec<(String, Option<String>, String)> {
        told(Plan::of(std::slice::from_ref(before), vec![after.clone()], Vec::new()))
    }

    fn line(subject: &str, words: &str) -> (String, Option<String>, String) {
        (subject.into(), Some("shop".into()), words.into())
    }

    #[test]
    fn what_comes_and_goes_is_told_in_a_word() {
        assert_eq!(told(Plan::of(&[], vec![shop()], Vec::new())), [line("project shop", "added")]);
        assert_eq!(told(Plan::of(&[shop()], Vec::new(), vec![shop().name])), [line("project shop", "removed")]);
        assert_eq!(between(&shop(), &shop()), []);
    }

    #[test]
    fn an_app_has_a_story_of_its_own() {
        let texts: Texts = [("timeRange", "45"), ("posthogApiKey", "phx_hunter2")].into_iter().collect();
        let on = app::install(&shop(), AppKind::IngestionAlert, &texts, true).unwrap();
        let on = ProjectSpec { posthog_id: Some(7), ..on };
        assert_eq!(
            between(&shop(), &on),
            [
                line("project shop", "project_id none -> 7"),
                line("app ingestion-alert", "installed, enabled; timeRange none -> 45; posthogApiKey none -> phx_***")
            ]
        );
        let resting = app::switch(&on, AppKind::IngestionAlert, false).unwrap();
        assert_eq!(between(&on, &resting), [line("app ingestion-alert", "disabled")]);
        let bare = app::uninstall(&on, AppKind::IngestionAlert).unwrap();
        assert_eq!(between(&on, &bare), [line("app ingestion-alert", "uninstalled")]);
    }

    #[test]
    fn no_secret_is_told() {
        let texts = |url: &str| [("name", "ops"), ("kind", "slack"), ("url", url)].into_iter().collect::<Texts>();
        let [before, after] = ["https://x.example.com/hunter2", "https://x.example.com/hunter3"]
            .map(|url| channel::added(&texts(url), Origin::Page(Timestamp::from_ms(0))).unwrap());
        let audit_entries = told(Plan::of(&[before], vec![after], Vec::new()));
        assert_eq!(audit_entries, [("channel ops".to_owned(), None, "url changed".to_owned())]);
    }
}
