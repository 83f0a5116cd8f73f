//! Reads projects: rows are parsed by the parsers of user input.

use std::collections::{HashMap, HashSet};
use std::fmt::Display;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::model::{
    AppKind, DistinctId, Endpoint, Events, HeartbeatApp, Host, PersonalKey, Project, ProjectFilter, ProjectId, ProjectName, ProjectSpec,
    ProjectToken, Route, RouteId, RouteSpec, Switch, Timestamp, Timing,
};

use super::cipher::{Owner, SecretCipher, SecretField};
use super::database::{Database, Row, Work};
use super::names::{self, by_name};
use super::statement::Statement;
use super::{Spread, Store, StoreError, alert_app, error};

const PROJECTS: usize = 500;

/// What [`bare`] reads, besides the key.
const BARE: &str = "SELECT name, host, api_host, token, posthog_id, settings";

#[derive(Serialize, Deserialize)]
pub(super) struct Settings {
    pub(super) events: String,
    pub(super) host: Option<String>,
    pub(super) project_api_key: Option<String>,
}

struct Installed {
    enabled: bool,
    settings: Settings,
}

enum App {
    Heartbeat(Installed),
    IngestionAlert(alert_app::Stored),
}

#[derive(Default)]
struct Apps {
    heartbeat: Option<Installed>,
    ingestion_alert: Option<alert_app::Stored>,
}

/// Built-in routes have no place among the user's routes.
struct StoredRoute {
    is_users: bool,
    route: Route,
}

impl Store {
    /// By name, with decrypted keys, routes in use and switches.
    pub async fn projects(&self) -> Result<Vec<Project>, StoreError> {
        let mut work = self.database.snapshot("reading projects").await?;
        let ids = work.read(Statement::new("SELECT id FROM projects ORDER BY id"), |row| row.int(0)).await?;
        let (mut projects, mut hosts) = (Vec::with_capacity(ids.len()), HashMap::new());
        // Some at a time: all rows at once would need several times the memory of all projects.
        for some in ids.chunks(PROJECTS) {
            let some = read(&mut work, Some(&self.cipher), some).await?;
            projects.extend(some.into_iter().map(|project| with_shared_hosts(project, &mut hosts)));
        }
        work.commit().await?;
        Ok(by_name(projects, |project| &project.spec.name))
    }

    pub async fn project(&self, name: &ProjectName) -> Result<Option<Project>, StoreError> {
        Ok(self.projects_named(std::slice::from_ref(name)).await?.pop())
    }

    pub async fn projects_named(&self, names: &[ProjectName]) -> Result<Vec<Project>, StoreError> {
        named(&self.database, Some(&self.cipher), names).await
    }

    pub async fn project_names(&self) -> Result<Vec<(ProjectId, ProjectName)>, StoreError> {
        let all = Statement::new("SELECT id, name FROM projects");
        let names = self.database.read("reading the names of projects", all, |row| Ok((ProjectId(row.int("id")?), project_name(row)?)));
        Ok(by_name(names.await?, |(_, name)| name))
    }

    /// Those of these names that projects have.
    pub async fn existing_names(&self, names: &[ProjectName]) -> Result<HashSet<ProjectName>, StoreError> {
        let mut existing = HashSet::new();
        for some in names.chunks(names::AT_ONCE) {
            let which = Statement::new("SELECT name FROM projects WHERE name IN ").list(some.iter().map(ProjectName::as_str));
            existing.extend(self.database.read("reading the names of projects", which, project_name).await?);
        }
        Ok(existing)
    }

    /// Without keys and apps, by name: nothing is decrypted.
    pub async fn bare_projects(&self) -> Result<Vec<ProjectSpec>, StoreError> {
        let all = Statement::new(&format!("{BARE} FROM projects"));
        Ok(by_name(self.database.read("reading projects", all, bare).await?, |spec| &spec.name))
    }

    /// The names that a filter lists, and those of the other projects that match it.
    pub async fn names_in(&self, filter: &ProjectFilter) -> Result<Vec<ProjectName>, StoreError> {
        let mut names: Vec<ProjectName> = filter.names().cloned().collect();
        if !filter.is_of_names() {
            let others = self.bare_projects().await?.into_iter().filter(|project| filter.matches(project)).map(|project| project.name);
            names.extend(others.filter(|name| filter.names().all(|listed| listed != name)));
        }
        Ok(names)
    }

    pub async fn spread(&self, app: AppKind) -> Result<Spread, StoreError> {
        let counted = Statement::new("SELECT enabled, count(*) FROM apps WHERE kind = ").bind(app.name()).text(" GROUP BY enabled");
        let counted = self.database.read("counting apps", counted, |row| Ok((row.int(0)? != 0, row.int(1)? as u64))).await?;
        let of = |which: fn(bool) -> bool| counted.iter().filter(|(enabled, _)| which(*enabled)).map(|(_, count)| count).sum();
        Ok(Spread { installed: of(|_| true), enabled: of(|enabled| enabled) })
    }

    /// The longest `lost_after` of all projects: younger beats may still become lost.
    pub async fn longest_wait(&self) -> Result<Duration, StoreError> {
        let all = Statement::new("SELECT DISTINCT settings FROM projects");
        let timing = |row: &Row| {
            let settings = row.text(0)?;
            serde_json::from_str::<Timing>(&settings).map_err(|wrong| damaged(&"(any)", "settings", &wrong))
        };
        let timings = self.database.read("reading the longest lost_after", all, timing).await?;
        Ok(timings.into_iter().map(|timing| timing.lost_after).max().unwrap_or_default())
    }

    pub async fn routes_after(&self, after: Option<RouteId>, at_most: u32) -> Result<Vec<RouteId>, StoreError> {
        let statement = Statement::new("SELECT id FROM routes WHERE id > ")
            .bind(after.map_or(i64::MIN, |route| route.0))
            .text(" ORDER BY id LIMIT ")
            .bind(i64::from(at_most));
        self.database.read("listing routes", statement, |row| row.int(0).map(RouteId)).await
    }
}

/// By name, at one point in time. Without a key the secrets are left out.
pub(super) async fn named(database: &Database, cipher: Option<&SecretCipher>, names: &[ProjectName]) -> Result<Vec<Project>, StoreError> {
    let mut projects = Vec::new();
    let mut work = database.snapshot("reading projects").await?;
    for some in names.chunks(PROJECTS) {
        let ids = Statement::new("SELECT id FROM projects WHERE name IN ").list(some.iter().map(ProjectName::as_str));
        let ids = work.read(ids, |row| row.int(0)).await?;
        projects.extend(read(&mut work, cipher, &ids).await?);
    }
    work.commit().await?;
    let mut projects = by_name(projects, |project| &project.spec.name);
    projects.dedup_by_key(|project| project.id);
    Ok(projects)
}

async fn read(work: &mut Work, cipher: Option<&SecretCipher>, ids: &[i64]) -> Result<Vec<Project>, StoreError> {
    let of = |text: &str| Statement::new(text).text(" IN ").list(ids.iter().copied());
    let rows = of("SELECT project, kind, enabled, settings, secrets FROM apps WHERE project");
    let mut apps: HashMap<ProjectId, Apps> = HashMap::new();
    for (project, app) in work.read(rows, installed).await? {
        let apps = apps.entry(project).or_default();
        match app {
            App::Heartbeat(app) => apps.heartbeat = Some(app),
            App::IngestionAlert(app) => apps.ingestion_alert = Some(app),
        }
    }
    let routes = of(
        "SELECT project, place, id, name, event, host, endpoint, distinct_id, since_ms FROM routes WHERE retired_ms IS NULL AND project",
    );
    let routes = by_project(work.read(routes.text(" ORDER BY place, id"), stored_route).await?);
    let switches = of("SELECT project, app, at_ms, turned_on FROM switches WHERE project").text(" ORDER BY id");
    let mut switches = by_project(work.read(switches, switch).await?);
    let all = of(&format!("{BARE}, id, personal_key FROM projects WHERE id"));
    let mut projects = work
        .read(all, |row| {
            let id = ProjectId(row.int("id")?);
            let stored = routes.get(&id).map_or(&[][..], Vec::as_slice);
            let mut spec = bare(row)?;
            spec.personal_key = personal_key(&spec.name, row, cipher)?;
            if let Some(apps) = apps.get(&id) {
                spec.heartbeat = apps.heartbeat.as_ref().map(|app| heartbeat(&spec.name, app, stored)).transpose()?;
                spec.ingestion_alert = apps.ingestion_alert.as_ref().map(|app| alert_app::read(&spec.name, app, cipher)).transpose()?;
            }
            Ok(Project { id, routes: in_use(&spec, stored)?, spec, switches: Vec::new() })
        })
        .await?;
    for project in &mut projects {
        project.switches = switches.remove(&project.id).unwrap_or_default();
        project.switches.shrink_to_fit();
    }
    Ok(projects)
}

fn project_name(row: &Row) -> Result<ProjectName, StoreError> {
    let name = row.text("name")?;
    ProjectName::parse(&name).map_err(|wrong| damaged(&name, "name", &wrong))
}

/// Without its key and its apps.
fn bare(row: &Row) -> Result<ProjectSpec, StoreError> {
    let name = project_name(row)?;
    let host = read_host(&name, &row.text("host")?)?;
    let token = ProjectToken::parse(&row.text("token")?).map_err(|wrong| damaged(&name, "project token", &wrong))?;
    let api_host = row.maybe_text("api_host")?.map(|text| read_host(&name, &text)).transpose()?;
    let posthog_id = row.maybe_int("posthog_id")?.map(|id| id as u64);
    let spec = ProjectSpec { api_host, posthog_id, ..ProjectSpec::new(name.clone(), host, token) };
    spec.with_plain_settings(&row.text("settings")?).map_err(|wrong| damaged(&name, "settings", &wrong))
}

/// None without a cipher.
fn personal_key(project: &ProjectName, row: &Row, cipher: Option<&SecretCipher>) -> Result<Option<PersonalKey>, StoreError> {
    let key = row.maybe_bytes("personal_key")?.zip(cipher).map(|(encrypted, cipher)| {
        let opened = cipher.open(Owner::Project(project), SecretField::PersonalKey, &encrypted)?;
        PersonalKey::parse(&opened).map_err(|wrong| damaged(project, SecretField::PersonalKey.label(), &wrong))
    });
    key.transpose()
}

fn heartbeat(project: &ProjectName, app: &Installed, stored: &[StoredRoute]) -> Result<HeartbeatApp, StoreError> {
    let Installed { enabled, settings: Settings { events, host, project_api_key } } = app;
    let token = |text: &String| ProjectToken::parse(text).map_err(|wrong| damaged(project, "app's project_api_key", &wrong));
    Ok(HeartbeatApp {
        enabled: *enabled,
        events: Events::parse(events).map_err(|wrong| damaged(project, "app's list of events", &wrong))?,
        host: host.as_ref().map(|text| read_host(project, text)).transpose()?,
        project_api_key: project_api_key.as_ref().map(token).transpose()?,
        routes: stored.iter().filter(|stored| stored.is_users).map(|stored| stored.route.spec.clone()).collect(),
    })
}

/// The routes of the app, with the ids of their rows.
fn in_use(spec: &ProjectSpec, stored: &[StoredRoute]) -> Result<Vec<Route>, StoreError> {
    let all = spec.heartbeat.iter().flat_map(HeartbeatApp::all_routes);
    all.map(|route| {
        let found = stored.iter().find(|stored| stored.route.spec.name == route.name);
        let found = found.ok_or_else(|| damaged(&spec.name, "list of routes", &format!("it lacks `{}`", route.name)))?;
        Ok(Route { spec: route, ..found.route.clone() })
    })
    .collect()
}

fn installed(row: &Row) -> Result<(ProjectId, App), StoreError> {
    let (project, kind, enabled, settings) = (row.int("project")?, row.text("kind")?, row.int("enabled")? != 0, row.text("settings")?);
    let app = match app_named(&kind)? {
        AppKind::Heartbeat => {
            let settings = serde_json::from_str(&settings).map_err(|wrong| damaged(&project, "app's settings", &wrong))?;
            App::Heartbeat(Installed { enabled, settings })
        }
        AppKind::IngestionAlert => App::IngestionAlert(alert_app::Stored { enabled, settings, secrets: row.maybe_bytes("secrets")? }),
    };
    Ok((ProjectId(project), app))
}

fn stored_route(row: &Row) -> Result<(ProjectId, StoredRoute), StoreError> {
    let (project, name) = (row.int("project")?, row.text("name")?);
    let host = row.maybe_text("host")?.map(|text| read_host(&project, &text)).transpose()?;
    let spec = RouteSpec {
        event: row.text("event")?,
        host,
        endpoint: Endpoint::parse(&row.text("endpoint")?).map_err(|wrong| damaged(&project, "route's endpoint", &wrong))?,
        distinct_id: DistinctId::parse(&row.text("distinct_id")?).map_err(|wrong| damaged(&project, "route's distinct id", &wrong))?,
        name,
    };
    let route = Route { id: RouteId(row.int("id")?), spec, since: Timestamp::from_ms(row.int("since_ms")?) };
    Ok((ProjectId(project), StoredRoute { is_users: row.maybe_int("place")?.is_some(), route }))
}

fn switch(row: &Row) -> Result<(ProjectId, Switch), StoreError> {
    let app = app_named(&row.text("app")?)?;
    let switch = Switch { app, at: Timestamp::from_ms(row.int("at_ms")?), on: row.int("turned_on")? != 0 };
    Ok((ProjectId(row.int("project")?), switch))
}

fn app_named(kind: &str) -> Result<AppKind, StoreError> {
    AppKind::named(kind).ok_or_else(|| {
        StoreError::Damaged(format!("the database contains an app `{kind}`, which this version of Heartbeat does not support"))
    })
}

fn read_host(project: &dyn Display, text: &str) -> Result<Host, StoreError> {
    Host::parse(text).map_err(|wrong| damaged(project, "host", &wrong))
}

/// The same project. Its hosts share their texts with those of earlier projects.
fn with_shared_hosts(mut project: Project, hosts: &mut HashMap<String, Host>) -> Project {
    let spec = &mut project.spec;
    let of_app =
        spec.heartbeat.iter_mut().flat_map(|app| app.host.iter_mut().chain(app.routes.iter_mut().filter_map(|route| route.host.as_mut())));
    let of_alert = spec.ingestion_alert.iter_mut().filter_map(|app| app.posthog_host.as_mut());
    let of_routes = project.routes.iter_mut().filter_map(|route| route.spec.host.as_mut());
    for host in std::iter::once(&mut spec.host).chain(&mut spec.api_host).chain(of_app).chain(of_alert).chain(of_routes) {
        match hosts.get(host.written()) {
            Some(shared) => *host = shared.clone(),
            None => drop(hosts.insert(host.written().to_owned(), host.clone())),
        }
    }
    project
}

fn damaged(project: &dyn Display, field: &str, wrong: &dyn Display) -> StoreError {
    error::damaged("project", project, field, wrong)
}

fn by_project<T>(all: Vec<(ProjectId, T)>) -> HashMap<ProjectId, Vec<T>> {
    let mut found: HashMap<ProjectId, Vec<T>> = HashMap::new();
    for (project, one) in all {
        found.entry(project).or_default().push(one);
    }
    found
}
