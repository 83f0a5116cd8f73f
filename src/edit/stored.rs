//! Everything in the store that settings can say, and the way from there to what a settings file asks for.

use std::collections::HashSet;

use super::problem::{Problem, Problems};
use crate::config::{Kind, Listed, Plan, Plans, Settings, Subject, few, identity};
use crate::model::{ChannelSpec, ProjectName, ProjectSpec, Window};
use crate::store::{Store, StoreError};

/// Everything in the store that settings can say.
#[derive(Debug, Clone)]
pub struct Stored {
    /// The projects, by name.
    pub projects: Vec<ProjectSpec>,
    /// The channels, by name, without those that belong to an app: they come and go with its settings.
    pub channels: Vec<ChannelSpec>,
    /// The maintenance windows, by name.
    pub windows: Vec<Window>,
}

impl Stored {
    /// Reads it.
    pub async fn read(store: &dyn Store) -> Result<Self, StoreError> {
        let channels = store.channels().await?.into_iter().filter(|channel| channel.of_app.is_none());
        Ok(Self {
            projects: store.projects().await?.into_iter().map(|project| project.spec).collect(),
            channels: channels.map(|channel| channel.spec).collect(),
            windows: store.windows().await?,
        })
    }

    /// The way from here to what the settings ask for. What they do not name stays, unless `prune`.
    ///
    /// # Errors
    /// When a channel is not whole: the settings leave a secret to the store, which does not have it.
    pub fn plans(&self, settings: &Settings, prune: bool) -> Result<Plans, Problems> {
        let projects = settings.projects.iter().map(|wanted| wanted.over(&self.projects)).collect::<Vec<_>>();
        let channels = settings.channels.iter().map(|wanted| wanted.over(&self.channels)).collect::<Vec<_>>();
        let lacking = |spec: &ChannelSpec| {
            let about = format!("channel {}", spec.name);
            spec.problems().into_iter().map(move |says| Problem::whole(&about, format!("{about}: {says}")))
        };
        let mut problems = channels.iter().flat_map(lacking).collect::<Vec<_>>();
        let is_named = |stored: &&ProjectSpec| projects.iter().any(|wanted| wanted.name == stored.name);
        let staying = self.projects.iter().filter(|stored| !prune && !is_named(stored));
        if let Some((_, says)) = identity::sharing(staying.chain(&projects)) {
            problems.push(Problem::whole("token", says));
        }
        Problems::or(problems, ())?;
        Ok(Plans {
            projects: plan(&self.projects, projects, prune),
            channels: plan(&self.channels, channels, prune),
            windows: plan(&self.windows, settings.windows.clone(), prune),
            ..Plans::default()
        })
    }

    /// What is here, and not in the settings.
    #[must_use]
    pub fn unlisted(&self, settings: &Settings) -> Vec<Subject> {
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
    #[must_use]
    pub fn strangers(&self, plans: &Plans) -> Vec<String> {
        let known = plans.projects.names_after(&self.projects).collect::<HashSet<_>>();
        let of_channels = plans.channels.put.iter().map(|spec| (Kind::Channel, &spec.name, &spec.projects));
        let of_windows = plans.windows.put.iter().map(|window| (Kind::Maintenance, &window.name, &window.projects));
        let all = of_channels.chain(of_windows).flat_map(|(kind, name, projects)| {
            let (unknown, more) = few(projects.iter().filter(|project| !known.contains(project)).collect());
            let unknown = unknown.into_iter().map(move |project| format!("{kind} {name}: there is no project `{project}`"));
            unknown.chain(more.map(|more| format!("{kind} {name}: {more}")))
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
