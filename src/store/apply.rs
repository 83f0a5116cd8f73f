//! Putting and removing projects. What is on record is read first, what must change is worked out from it, and then written in a few
//! long statements: a million projects are set up in a minute, not in an hour.

use std::collections::{HashMap, HashSet};

use crate::model::{AppKind, HeartbeatApp, ProjectId, ProjectName, ProjectSpec, RouteId, RouteSpec, Timestamp};

use super::StoreError;
use super::database::Work;
use super::projects::{PERSONAL_KEY, Settings};
use super::seal::Sealer;
use super::statement::{Statement, Value};

/// So many projects are put at a time.
const PROJECTS: usize = 500;

/// So many rows go into one statement.
const ROWS: usize = 1000;

/// One transaction's worth of changes: who makes them, when, and from where numbers come.
pub(super) struct Change<'a> {
    pub(super) work: &'a mut Work,
    pub(super) sealer: &'a Sealer,
    pub(super) now: Timestamp,
    next_id: i64,
}

/// What is on record of a project.
#[derive(Default)]
struct Before {
    id: Option<ProjectId>,
    /// Whether Heartbeat is on; none when it is not installed.
    enabled: Option<bool>,
    /// Numbers and beginnings of the routes in use, by name.
    routes: HashMap<String, (RouteId, Timestamp)>,
}

/// Rows to be written.
#[derive(Default)]
struct Rows {
    projects: Vec<[Value; 10]>,
    apps: Vec<[Value; 4]>,
    uninstalled: Vec<i64>,
    routes: Vec<[Value; 9]>,
    retired: Vec<i64>,
    switches: Vec<[Value; 5]>,
}

impl<'a> Change<'a> {
    /// Begins: the revision grows first, and with it whoever else would change something waits for our end.
    pub(super) async fn begin(work: &'a mut Work, sealer: &'a Sealer, now: Timestamp) -> Result<Self, StoreError> {
        work.run(Statement::new("UPDATE heartbeat_meta SET value = value + 1 WHERE name = 'revision'")).await?;
        let next = Statement::new("SELECT value FROM heartbeat_meta WHERE name = 'next_id'");
        let next_id = work.read(next, |row| row.int(0)).await?.first().copied();
        let next_id =
            next_id.ok_or_else(|| StoreError::Damaged("the database has lost count of its rows (heartbeat_meta, next_id)".into()))?;
        Ok(Self { work, sealer, now, next_id })
    }

    /// Ends, short of the commit.
    pub(super) async fn end(self) -> Result<(), StoreError> {
        let next = Statement::new("UPDATE heartbeat_meta SET value = ").bind(self.next_id).text(" WHERE name = 'next_id'");
        self.work.run(next).await.map(drop)
    }

    /// Removes projects with everything that is theirs. A name that is not there is gone already.
    pub(super) async fn remove(&mut self, names: &[ProjectName]) -> Result<(), StoreError> {
        for some in names.chunks(PROJECTS) {
            let ids = Statement::new("SELECT id FROM projects WHERE name IN ").list(some.iter().map(ProjectName::as_str));
            let ids = self.work.read(ids, |row| row.int(0)).await?;
            let routes = Statement::new("SELECT id FROM routes WHERE project IN ").list(ids.iter().copied());
            let routes = self.work.read(routes, |row| row.int(0)).await?;
            for some in routes.chunks(ROWS) {
                self.drop_history("beats", "minute", 1, some).await?;
                self.drop_history("hours", "start_minute", 60, some).await?;
                self.work.run(Statement::new("DELETE FROM evidence WHERE route IN ").list(some.iter().copied())).await?;
            }
            for from in ["looks WHERE project", "switches WHERE project", "routes WHERE project", "apps WHERE project", "projects WHERE id"]
            {
                let statement = Statement::new("DELETE FROM ").text(from).text(" IN ").list(ids.iter().copied());
                self.work.run(statement).await?;
            }
        }
        Ok(())
    }

    /// Drops rows of `routes` from a table whose key is `column`, every `step` minutes, and the route. The minutes are counted up and
    /// looked up one by one: a scan would read the history of all the other projects.
    async fn drop_history(&mut self, table: &str, column: &str, step: i64, routes: &[i64]) -> Result<(), StoreError> {
        let statement = Statement::new(&format!(
            "DELETE FROM {table} WHERE {column} IN (WITH RECURSIVE minutes(minute) AS (SELECT min({column}) FROM {table} \
             UNION ALL SELECT minute + {step} FROM minutes WHERE minute < (SELECT max({column}) FROM {table})) SELECT minute FROM minutes) \
             AND route IN "
        ));
        self.work.run(statement.list(routes.iter().copied())).await.map(drop)
    }

    /// Adds or replaces projects. Of two with one name, the later one counts.
    pub(super) async fn put(&mut self, specs: &[ProjectSpec]) -> Result<(), StoreError> {
        let mut names = HashSet::new();
        let mut latest: Vec<&ProjectSpec> = specs.iter().rev().filter(|spec| names.insert(&spec.name)).collect();
        latest.reverse();
        for some in latest.chunks(PROJECTS) {
            let before = self.before(some).await?;
            let mut rows = Rows::default();
            for spec in some {
                self.plan(spec, before.get(&spec.name).unwrap_or(&Before::default()), &mut rows)?;
            }
            self.write(rows).await?;
        }
        Ok(())
    }

    async fn before(&mut self, specs: &[&ProjectSpec]) -> Result<HashMap<ProjectName, Before>, StoreError> {
        let ids = Statement::new("SELECT name, id FROM projects WHERE name IN ").list(specs.iter().map(|spec| spec.name.as_str()));
        let ids: HashMap<String, i64> = self.work.read(ids, |row| Ok((row.text(0)?, row.int(1)?))).await?.into_iter().collect();
        let mut found: HashMap<i64, Before> = HashMap::new();
        let apps = Statement::new("SELECT project, enabled FROM apps WHERE project IN ").list(ids.values().copied());
        for (project, enabled) in self.work.read(apps, |row| Ok((row.int(0)?, row.int(1)? != 0))).await? {
            found.entry(project).or_default().enabled = Some(enabled);
        }
        let routes = Statement::new("SELECT project, name, id, since_ms FROM routes WHERE retired_ms IS NULL AND project IN ");
        let routes = self.work.read(routes.list(ids.values().copied()), |row| {
            Ok((row.int(0)?, row.text(1)?, (RouteId(row.int(2)?), Timestamp::from_ms(row.int(3)?))))
        });
        for (project, name, route) in routes.await? {
            found.entry(project).or_default().routes.insert(name, route);
        }
        let with_id = |spec: &&ProjectSpec| {
            let id = *ids.get(spec.name.as_str())?;
            let before = found.remove(&id).unwrap_or_default();
            Some((spec.name.clone(), Before { id: Some(ProjectId(id)), ..before }))
        };
        Ok(specs.iter().filter_map(with_id).collect())
    }

    /// Works out the rows that turn what was `before` into `spec`.
    fn plan(&mut self, spec: &ProjectSpec, before: &Before, rows: &mut Rows) -> Result<(), StoreError> {
        let project = before.id.map_or_else(|| self.new_id(), |id| id.0);
        let key = spec.personal_key.as_ref().map(|key| self.sealer.seal(&spec.name, PERSONAL_KEY, key.expose())).transpose()?;
        rows.projects.push([
            project.into(),
            spec.name.as_str().into(),
            spec.host.written().into(),
            spec.api_host.as_ref().map(|host| host.written().to_owned()).into(),
            spec.token.as_str().into(),
            key.into(),
            spec.posthog_id.map(|id| id as i64).into(),
            (spec.pace.late_after.as_millis() as i64).into(),
            (spec.pace.lost_after.as_millis() as i64).into(),
            (spec.pace.look_every.as_millis() as i64).into(),
        ]);
        match &spec.heartbeat {
            Some(app) => {
                rows.apps.push([project.into(), AppKind::Heartbeat.name().into(), i64::from(app.enabled).into(), settings(app)?.into()]);
            }
            None => rows.uninstalled.push(project),
        }
        if spec.beats() != before.enabled.unwrap_or(false) {
            let turned = [self.new_id(), i64::from(spec.beats())];
            let [id, on] = turned.map(Value::from);
            rows.switches.push([id, project.into(), AppKind::Heartbeat.name().into(), self.now.ms().into(), on]);
        }
        self.plan_routes(project, spec, before, rows)
    }

    fn plan_routes(&mut self, project: i64, spec: &ProjectSpec, before: &Before, rows: &mut Rows) -> Result<(), StoreError> {
        let all = spec.heartbeat.as_ref().map(HeartbeatApp::all_routes).unwrap_or_default();
        // The user's own stand behind those that the app brings along.
        let brought = all.len() - spec.heartbeat.as_ref().map_or(0, |app| app.routes.len());
        let mut names = HashSet::new();
        for (at, route) in all.iter().enumerate() {
            if !names.insert(route.name.as_str()) {
                return Err(StoreError::Damaged(format!("project {}: two routes are called `{}`", spec.name, route.name)));
            }
            let (id, since) = before.routes.get(&route.name).copied().unwrap_or_else(|| (RouteId(self.new_id()), self.now));
            rows.routes.push(route_row(project, at.checked_sub(brought), route, (id, since)));
        }
        rows.retired.extend(before.routes.iter().filter(|(name, _)| !names.contains(name.as_str())).map(|(_, (id, _))| id.0));
        Ok(())
    }

    async fn write(&mut self, rows: Rows) -> Result<(), StoreError> {
        for some in rows.retired.chunks(ROWS) {
            let retired = Statement::new("UPDATE routes SET retired_ms = ").bind(self.now.ms());
            self.work.run(retired.text(" WHERE id IN ").list(some.iter().copied())).await?;
        }
        let uninstalled = Statement::new("DELETE FROM apps WHERE project IN ").list(rows.uninstalled);
        self.work.run(uninstalled).await?;
        self.upsert(
            "INSERT INTO projects (id, name, host, api_host, token, personal_key, posthog_id, late_after_ms, lost_after_ms, look_every_ms) VALUES ",
            rows.projects,
            " ON CONFLICT (id) DO UPDATE SET host = excluded.host, api_host = excluded.api_host, token = excluded.token, \
             personal_key = excluded.personal_key, posthog_id = excluded.posthog_id, late_after_ms = excluded.late_after_ms, \
             lost_after_ms = excluded.lost_after_ms, look_every_ms = excluded.look_every_ms",
        )
        .await?;
        self.upsert(
            "INSERT INTO apps (project, kind, enabled, settings) VALUES ",
            rows.apps,
            " ON CONFLICT (project, kind) DO UPDATE SET enabled = excluded.enabled, settings = excluded.settings",
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

    fn new_id(&mut self) -> i64 {
        let id = self.next_id;
        self.next_id += 1;
        id
    }
}

fn settings(app: &HeartbeatApp) -> Result<String, StoreError> {
    let settings = Settings {
        events: app.events.to_string(),
        host: app.host.as_ref().map(|host| host.written().to_owned()),
        project_api_key: app.project_api_key.as_ref().map(ToString::to_string),
    };
    serde_json::to_string(&settings).map_err(|wrong| StoreError::Damaged(format!("the app's settings cannot be written: {wrong}")))
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
