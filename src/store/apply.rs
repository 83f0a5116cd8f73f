//! Adds, replaces and removes projects. It reads what is stored, computes the differences and writes them in a few long statements, so that
//! a million projects take a minute and not an hour.

use std::collections::{HashMap, HashSet};

use crate::model::{AppKind, ChannelId, HeartbeatApp, ProjectId, ProjectName, ProjectSpec, RouteId, RouteSpec, Timestamp};

use super::alert_app::{self, Stored};
use super::channel_rows::{self, drop_all};
use super::channels::{self, StoredChannel};
use super::cipher::{Owner, SecretCipher, SecretField};
use super::database::Work;
use super::error::damaged;
use super::numbers::Numbers;
use super::projects::Settings;
use super::statement::Statement;
use super::value::Value;
use super::{Change, StoreError};

const PROJECTS: usize = 500;

const ROWS: usize = 1000;

pub(super) async fn apply(work: &mut Work, cipher: &SecretCipher, numbers: &mut Numbers, change: &Change<'_>) -> Result<(), StoreError> {
    let mut setting_up = SettingUp { work, cipher, now: change.at, numbers };
    setting_up.remove(change.remove_projects).await?;
    setting_up.put(change.put_projects).await
}

struct SettingUp<'a> {
    work: &'a mut Work,
    cipher: &'a SecretCipher,
    now: Timestamp,
    numbers: &'a mut Numbers,
}

#[derive(Default)]
struct Before {
    id: Option<ProjectId>,
    on: HashSet<AppKind>,
    pair: Option<StoredChannel>,
    routes: HashMap<String, (RouteId, Timestamp)>,
}

#[derive(Default)]
struct Rows {
    projects: Vec<[Value; 8]>,
    apps: Vec<[Value; 5]>,
    uninstalled: Vec<(AppKind, i64)>,
    pairs: Vec<[Value; 11]>,
    pairs_removed: Vec<ChannelId>,
    routes: Vec<[Value; 9]>,
    retired: Vec<i64>,
    switches: Vec<[Value; 5]>,
}

impl SettingUp<'_> {
    /// Removes projects with everything that belongs to them; unknown names are ignored. Incidents and the webhook channel stay: open
    /// incidents are still resolved and notified.
    async fn remove(&mut self, names: &[ProjectName]) -> Result<(), StoreError> {
        for some in names.chunks(PROJECTS) {
            let ids = Statement::new("SELECT id FROM projects WHERE name IN ").list(some.iter().map(ProjectName::as_str));
            let ids = self.work.read(ids, |row| row.int(0)).await?;
            let routes = Statement::new("SELECT id FROM routes WHERE project IN ").list(ids.iter().copied());
            let routes = self.work.read(routes, |row| row.int(0)).await?;
            for some in routes.chunks(ROWS) {
                self.drop_history("beats", "route", some).await?;
                for from in ["hours", "evidence", "beat_counts"] {
                    let statement = Statement::new("DELETE FROM ").text(from).text(" WHERE route IN ");
                    self.work.run(statement.list(some.iter().copied())).await?;
                }
            }
            self.drop_history("readback_samples", "project", &ids).await?;
            // A channel that cannot be decrypted cannot deliver, and would make reading all channels fail.
            let pairs = channels::pairs(self.work, self.cipher, some).await?;
            drop_all(self.work, pairs.into_values().filter(|pair| pair.spec.is_none()).map(|pair| pair.id)).await?;
            for from in
                ["readbacks WHERE project", "switches WHERE project", "routes WHERE project", "apps WHERE project", "projects WHERE id"]
            {
                let statement = Statement::new("DELETE FROM ").text(from).text(" IN ").list(ids.iter().copied());
                self.work.run(statement).await?;
            }
        }
        Ok(())
    }

    /// Deletes rows from a table whose key is (minute, owner). Each minute is looked up by key: a scan would read the history of all other
    /// projects.
    async fn drop_history(&mut self, table: &str, owner: &str, owners: &[i64]) -> Result<(), StoreError> {
        let statement = Statement::new(&format!(
            "DELETE FROM {table} WHERE minute IN (WITH RECURSIVE minutes(minute) AS (SELECT min(minute) FROM {table} \
             UNION ALL SELECT minute + 1 FROM minutes WHERE minute < (SELECT max(minute) FROM {table})) SELECT minute FROM minutes) \
             AND {owner} IN "
        ));
        self.work.run(statement.list(owners.iter().copied())).await.map(drop)
    }

    /// If two specs have the same name, the later one is used.
    async fn put(&mut self, specs: &[ProjectSpec]) -> Result<(), StoreError> {
        let mut names = HashSet::new();
        let mut latest: Vec<&ProjectSpec> = specs.iter().rev().filter(|spec| names.insert(&spec.name)).collect();
        latest.reverse();
        for some in latest.chunks(PROJECTS) {
            let mut before = self.before(some).await?;
            let mut rows = Rows::default();
            for spec in some {
                self.plan(spec, &before.remove(&spec.name).unwrap_or_default(), &mut rows)?;
            }
            self.write(rows).await?;
        }
        Ok(())
    }

    async fn before(&mut self, specs: &[&ProjectSpec]) -> Result<HashMap<ProjectName, Before>, StoreError> {
        let ids = Statement::new("SELECT name, id FROM projects WHERE name IN ").list(specs.iter().map(|spec| spec.name.as_str()));
        let ids: HashMap<String, i64> = self.work.read(ids, |row| Ok((row.text(0)?, row.int(1)?))).await?.into_iter().collect();
        let mut found: HashMap<i64, Before> = HashMap::new();
        let on = Statement::new("SELECT project, kind FROM apps WHERE enabled = 1 AND project IN ").list(ids.values().copied());
        for (project, app) in self.work.read(on, |row| Ok((row.int(0)?, AppKind::named(&row.text(1)?)))).await? {
            found.entry(project).or_default().on.extend(app);
        }
        let routes = Statement::new("SELECT project, name, id, since_ms FROM routes WHERE retired_ms IS NULL AND project IN ");
        let routes = self.work.read(routes.list(ids.values().copied()), |row| {
            Ok((row.int(0)?, row.text(1)?, (RouteId(row.int(2)?), Timestamp::from_ms(row.int(3)?))))
        });
        for (project, name, route) in routes.await? {
            found.entry(project).or_default().routes.insert(name, route);
        }
        let names: Vec<ProjectName> = specs.iter().map(|spec| spec.name.clone()).collect();
        let mut pairs = channels::pairs(self.work, self.cipher, &names).await?;
        let before = |name: ProjectName| {
            let id = ids.get(name.as_str()).copied();
            let before = id.and_then(|id| found.remove(&id)).unwrap_or_default();
            let before = Before { id: id.map(ProjectId), pair: pairs.remove(&name), ..before };
            (name, before)
        };
        Ok(names.into_iter().map(before).collect())
    }

    fn plan(&mut self, spec: &ProjectSpec, before: &Before, rows: &mut Rows) -> Result<(), StoreError> {
        let project = before.id.map_or_else(|| self.numbers.give(), |id| id.0);
        let key = spec
            .personal_key
            .as_ref()
            .map(|key| self.cipher.encrypt(Owner::Project(&spec.name), SecretField::PersonalKey, key.expose()))
            .transpose()?;
        let settings = spec.plain_settings().map_err(|wrong| damaged("project", &spec.name, "settings", &wrong))?;
        rows.projects.push([
            project.into(),
            spec.name.as_str().into(),
            spec.host.written().into(),
            spec.api_host.as_ref().map(|host| host.written().to_owned()).into(),
            spec.token.as_str().into(),
            key.into(),
            spec.posthog_id.map(|id| id as i64).into(),
            settings.into(),
        ]);
        self.plan_apps(project, spec, before, rows)?;
        self.plan_pair(project, spec, before, rows)?;
        self.plan_routes(project, spec, before, rows)
    }

    fn plan_apps(&mut self, project: i64, spec: &ProjectSpec, before: &Before, rows: &mut Rows) -> Result<(), StoreError> {
        for app in AppKind::ALL {
            let stored = match app {
                AppKind::Heartbeat => spec.heartbeat.as_ref().map(stored),
                AppKind::IngestionAlert => spec.ingestion_alert.as_ref().map(|app| alert_app::write(&spec.name, app, self.cipher)),
            };
            let stored = stored.transpose()?;
            let is_on = stored.as_ref().is_some_and(|stored| stored.enabled);
            match stored {
                Some(Stored { enabled, settings, secrets }) => {
                    rows.apps.push([project.into(), app.name().into(), i64::from(enabled).into(), settings.into(), secrets.into()]);
                }
                None => rows.uninstalled.push((app, project)),
            }
            if is_on != before.on.contains(&app) {
                let id = self.numbers.give();
                rows.switches.push([id.into(), project.into(), app.name().into(), self.now.ms().into(), i64::from(is_on).into()]);
            }
        }
        Ok(())
    }

    /// The app's webhook channel keeps its id. Without the app it stays until its queue is empty, like the channel of a removed project.
    fn plan_pair(&mut self, project: i64, spec: &ProjectSpec, before: &Before, rows: &mut Rows) -> Result<(), StoreError> {
        match (alert_app::pair(spec), &before.pair) {
            (None, _) if spec.ingestion_alert.is_none() => {}
            (None, removed) => rows.pairs_removed.extend(removed.as_ref().map(|removed| removed.id)),
            (Some(pair), Some(stored)) if stored.of_app == before.id && stored.spec.as_ref() == Some(&pair) => {}
            (Some(pair), stored) => {
                let id = stored.as_ref().map_or_else(|| ChannelId(self.numbers.give()), |stored| stored.id);
                rows.pairs.push(channel_rows::to_row(id, Some(project), &pair, self.cipher)?);
            }
        }
        Ok(())
    }

    fn plan_routes(&mut self, project: i64, spec: &ProjectSpec, before: &Before, rows: &mut Rows) -> Result<(), StoreError> {
        let all = spec.heartbeat.as_ref().map(HeartbeatApp::all_routes).unwrap_or_default();
        let built_in = all.len() - spec.heartbeat.as_ref().map_or(0, |app| app.routes.len());
        let mut names = HashSet::new();
        for (at, route) in all.iter().enumerate() {
            if !names.insert(route.name.as_str()) {
                return Err(StoreError::Damaged(format!("project {}: two routes have the name `{}`", spec.name, route.name)));
            }
            let (id, since) = before.routes.get(&route.name).copied().unwrap_or_else(|| (RouteId(self.numbers.give()), self.now));
            rows.routes.push(route_row(project, at.checked_sub(built_in), route, (id, since)));
        }
        rows.retired.extend(before.routes.iter().filter(|(name, _)| !names.contains(name.as_str())).map(|(_, (id, _))| id.0));
        Ok(())
    }

    async fn write(&mut self, rows: Rows) -> Result<(), StoreError> {
        for some in rows.retired.chunks(ROWS) {
            let retired = Statement::new("UPDATE routes SET retired_ms = ").bind(self.now.ms());
            self.work.run(retired.text(" WHERE id IN ").list(some.iter().copied())).await?;
        }
        for app in AppKind::ALL {
            let removed = rows.uninstalled.iter().filter(|(kind, _)| *kind == app).map(|(_, project)| *project);
            let uninstalled = Statement::new("DELETE FROM apps WHERE kind = ").bind(app.name()).text(" AND project IN ").list(removed);
            self.work.run(uninstalled).await?;
        }
        drop_all(self.work, rows.pairs_removed).await?;
        channel_rows::write(self.work, rows.pairs).await?;
        self.upsert(
            "INSERT INTO projects (id, name, host, api_host, token, personal_key, posthog_id, settings) VALUES ",
            rows.projects,
            " ON CONFLICT (id) DO UPDATE SET host = excluded.host, api_host = excluded.api_host, token = excluded.token, \
             personal_key = excluded.personal_key, posthog_id = excluded.posthog_id, settings = excluded.settings",
        )
        .await?;
        self.upsert(
            "INSERT INTO apps (project, kind, enabled, settings, secrets) VALUES ",
            rows.apps,
            " ON CONFLICT (project, kind) DO UPDATE SET enabled = excluded.enabled, settings = excluded.settings, secrets = excluded.secrets",
        )
        .await?;
        self.upsert(
            "INSERT INTO routes (id, project, place, name, event, host, endpoint, distinct_id, since_ms) VALUES ",
            rows.routes,
            " ON CONFLICT (id) DO UPDATE SET place = excluded.place, event = excluded.event, host = excluded.host, \
             endpoint = excluded.endpoint, distinct_id = excluded.distinct_id",
        )
        .await?;
        self.upsert("INSERT INTO switches (id, project, app, at_ms, turned_on) VALUES ", rows.switches, "").await
    }

    async fn upsert<const N: usize>(&mut self, insert: &str, rows: Vec<[Value; N]>, replace: &str) -> Result<(), StoreError> {
        for some in rows.chunks(ROWS) {
            self.work.run(Statement::new(insert).rows(some.iter().cloned()).text(replace)).await?;
        }
        Ok(())
    }
}

fn stored(app: &HeartbeatApp) -> Result<Stored, StoreError> {
    let settings = Settings {
        events: app.events.to_string(),
        host: app.host.as_ref().map(|host| host.written().to_owned()),
        project_api_key: app.project_api_key.as_ref().map(ToString::to_string),
    };
    let unwritten = |wrong| StoreError::Damaged(format!("the app's settings cannot be written: {wrong}"));
    Ok(Stored { enabled: app.enabled, settings: serde_json::to_string(&settings).map_err(unwritten)?, secrets: None })
}

fn route_row(project: i64, place: Option<usize>, route: &RouteSpec, (id, since): (RouteId, Timestamp)) -> [Value; 9] {
    [
        id.0.into(),
        project.into(),
        place.map(|place| place as i64).into(),
        route.name.as_str().into(),
        route.event.as_str().into(),
        route.host.as_ref().map(|host| host.written().to_owned()).into(),
        route.endpoint.name().into(),
        route.distinct_id.to_string().into(),
        since.ms().into(),
    ]
}
