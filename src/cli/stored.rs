//! Everything in the store that settings can say, and the way from there to what a settings file asks for.

use super::config::count;
use super::trouble::Misuse;
use crate::config::{Kind, Listed, Plan, Plans, Settings, Subject};
use crate::model::{ChannelSpec, ProjectName, ProjectSpec, Timestamp, Window};
use crate::store::{Store, StoreError};

/// Everything in the store that settings can say.
#[derive(Debug, Clone)]
pub(super) struct Stored {
    pub(super) projects: Vec<ProjectSpec>,
    /// Without those that belong to an app: they come and go with its settings.
    pub(super) channels: Vec<ChannelSpec>,
    pub(super) windows: Vec<Window>,
}

impl Stored {
    /// Reads it.
    pub(super) async fn read(store: &dyn Store) -> Result<Self, StoreError> {
        let channels = store.channels().await?.into_iter().filter(|channel| channel.of_app.is_none());
        Ok(Self {
            projects: store.projects().await?.into_iter().map(|project| project.spec).collect(),
            channels: channels.map(|channel| channel.spec).collect(),
            windows: store.windows().await?,
        })
    }

    /// `2 projects, 1 channel`.
    pub(super) fn counted(&self) -> String {
        counted([self.projects.len(), self.channels.len(), self.windows.len()])
    }

    /// The way from here to what the settings ask for. What they do not name stays, unless `prune`.
    ///
    /// # Errors
    /// When a channel is not whole: the settings leave a secret to the store, which does not have it.
    pub(super) fn plans(&self, settings: &Settings, prune: bool) -> Result<Plans, Misuse> {
        let projects = settings.projects.iter().map(|wanted| wanted.over(&self.projects)).collect();
        let channels = settings.channels.iter().map(|wanted| wanted.over(&self.channels)).collect::<Vec<_>>();
        let problems = channels.iter().flat_map(|spec| spec.problems().into_iter().map(|says| format!("channel {}: {says}", spec.name)));
        let problems = problems.collect::<Vec<_>>();
        if !problems.is_empty() {
            return Err(Misuse(problems.join("\n")));
        }
        Ok(Plans {
            projects: plan(&self.projects, projects, prune),
            channels: plan(&self.channels, channels, prune),
            windows: plan(&self.windows, settings.windows.clone(), prune),
        })
    }

    /// What is here, and not in the settings.
    pub(super) fn unlisted(&self, settings: &Settings) -> Vec<Subject> {
        let projects = settings.projects.iter().map(|wanted| &wanted.spec.name).collect::<Vec<_>>();
        let channels = settings.channels.iter().map(|wanted| &wanted.spec.name).collect::<Vec<_>>();
        let windows = settings.windows.iter().map(Listed::name).collect::<Vec<_>>();
        let subject = |kind: Kind| move |name: &ProjectName| Subject { kind, name: name.clone() };
        let projects = others(&self.projects, &projects).map(subject(Kind::Project)).collect::<Vec<_>>();
        let channels = others(&self.channels, &channels).map(subject(Kind::Channel)).collect();
        let windows = others(&self.windows, &windows).map(subject(Kind::Maintenance)).collect();
        [projects, channels, windows].concat()
    }

    /// Projects that a channel or a window names, and that will not be there: each a sentence.
    pub(super) fn strangers(&self, plans: &Plans) -> Vec<String> {
        let known = plans.projects.names_after(&self.projects).collect::<Vec<_>>();
        let of_channels = plans.channels.put.iter().map(|spec| (Kind::Channel, &spec.name, &spec.projects));
        let of_windows = plans.windows.put.iter().map(|window| (Kind::Maintenance, &window.name, &window.projects));
        let all = of_channels.chain(of_windows).flat_map(|(kind, name, projects)| {
            let unknown = projects.iter().filter(|project| !known.contains(project));
            unknown.map(move |project| format!("{kind} {name}: there is no project `{project}`"))
        });
        all.collect()
    }
}

fn plan<T: Listed>(now: &[T], put: Vec<T>, prune: bool) -> Plan<T> {
    let listed = put.iter().map(Listed::name).collect::<Vec<_>>();
    let remove = if prune { others(now, &listed).cloned().collect() } else { Vec::new() };
    Plan::of(now, put, remove)
}

fn others<'s, T: Listed>(now: &'s [T], listed: &[&ProjectName]) -> impl Iterator<Item = &'s ProjectName> {
    now.iter().map(Listed::name).filter(|name| !listed.contains(name))
}

/// `2 projects, 1 channel`: how many projects, channels and maintenance windows; of the latter two only where there are some.
pub(super) fn counted([projects, channels, windows]: [usize; 3]) -> String {
    let others = [(channels, "channel"), (windows, "maintenance window")].into_iter().filter(|(number, _)| *number > 0);
    let others = others.map(|(number, what)| count(number, what));
    std::iter::once(count(projects, "project")).chain(others).collect::<Vec<_>>().join(", ")
}

/// Writes what there is to write: projects, then channels, then maintenance windows, each of them all or nothing.
pub(super) async fn write(plans: &Plans, store: &dyn Store, now: Timestamp) -> Result<(), StoreError> {
    let Plans { projects, channels, windows } = plans;
    if !projects.is_empty() {
        store.apply(&projects.put, &projects.remove, now).await?;
    }
    if !channels.is_empty() {
        store.apply_channels(&channels.put, &channels.remove).await?;
    }
    if !windows.is_empty() {
        store.apply_windows(&windows.put, &windows.remove).await?;
    }
    Ok(())
}
