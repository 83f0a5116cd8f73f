//! All settings from file, environment and flags: either all valid, or all problems.

use std::path::{Path, PathBuf};

use secrecy::SecretString;

use crate::model::{AppKind, ChannelSpec, Invalid, ProjectSpec, Proxies, Retention, StatusPage, Window};

use super::desired::read_all;
use super::document::{Document, Findings};
use super::entity::Kind;
use super::keys::KeyPlaces;
use super::section::Section;
use super::service::{self, DeadMan, Service};
use super::{Database, Desired, Environment, Problem, Problems, Texts, WebSettings, identity, project, proxies, route, web};

/// Flags take precedence over the environment, the environment over the file, the file over defaults.
#[derive(Debug, Clone, Copy)]
pub struct Sources<'a> {
    pub environment: &'a Environment,
    /// `--config`, or the file of `apply`; `-` is standard input.
    pub file: Option<&'a Path>,
    /// `--database`.
    pub database: Option<&'a str>,
}

/// How much of the settings is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Without projects, channels and windows, so that a command that does not need them does not fail.
    Service,
    /// With projects, channels, windows and status pages. Without a file, with the project of the environment.
    Everything,
}

/// The source of the encryption key.
#[derive(Debug, Clone)]
pub enum KeySource {
    /// `HEARTBEAT_KEY`, base64.
    Given(SecretString),
    /// `HEARTBEAT_KEY_FILE`, or the file beside the database. Created with mode 0600 if it does not exist.
    File(PathBuf),
}

#[derive(Debug, Clone)]
pub struct Settings {
    pub database: Database,
    pub key: KeySource,
    pub retention: Retention,
    pub proxies: Proxies,
    /// Empty if only the store defines projects.
    pub projects: Vec<Desired<ProjectSpec>>,
    pub channels: Vec<Desired<ChannelSpec>>,
    pub windows: Vec<Desired<Window>>,
    pub status_pages: Vec<Desired<StatusPage>>,
    pub web: WebSettings,
    /// Read with [`Scope::Everything`] alone.
    pub dead_man: Option<DeadMan>,
}

impl Settings {
    pub fn load(sources: Sources<'_>, scope: Scope) -> Result<Self, Problems> {
        let environment = sources.environment;
        let Written { service, web, projects, channels, windows, status_pages, mut problems } = match sources.file {
            Some(path) => Written::in_file(path, environment, scope)?,
            None => Written::in_environment(environment, scope),
        };
        if let Some(shared) = identity::sharing(projects.iter().map(|desired| &desired.spec)) {
            problems.push(Problem::at(format!("project {}", shared.one), shared));
        }
        let dead_man = noted(choose_dead_man(environment, &service, scope), &mut problems).flatten();
        let web = noted(web::over(environment, web), &mut problems);
        let database = noted(choose_database(sources, service.database), &mut problems);
        let key = database.as_ref().and_then(|database| noted(choose_key(environment, database), &mut problems));
        match (database, key, web) {
            (Some(database), Some(key), Some(web)) if problems.is_empty() => {
                let (retention, proxies) = (service.retention, proxies(environment));
                Ok(Self { database, key, retention, proxies, projects, channels, windows, status_pages, web, dead_man })
            }
            _ => Err(Problems::of(problems)),
        }
    }
}

#[derive(Default)]
struct Written {
    service: Service,
    web: WebSettings,
    projects: Vec<Desired<ProjectSpec>>,
    channels: Vec<Desired<ChannelSpec>>,
    windows: Vec<Desired<Window>>,
    status_pages: Vec<Desired<StatusPage>>,
    problems: Vec<Problem>,
}

impl Written {
    fn in_file(path: &Path, environment: &Environment, scope: Scope) -> Result<Self, Problems> {
        let document = Document::read(path)?;
        let tables = document.tables()?;
        let findings = Findings::of(&document);
        let top = Section::top(&findings, &tables);
        let directory = path.parent().unwrap_or(Path::new(""));
        let places = KeyPlaces { environment, directory };
        let mut written = Self { service: service::read(&top, places, scope), web: web::read(&top, places, scope), ..Self::default() };
        match scope {
            Scope::Everything => {
                written.projects = read_all(&top, places);
                written.channels = read_all(&top, places);
                written.windows = read_all(&top, places);
                written.status_pages = read_all(&top, places);
            }
            Scope::Service => top.pass_over(&Kind::ALL.map(Kind::name)),
        }
        top.finish();
        written.problems = findings.into_problems();
        Ok(written)
    }

    fn in_environment(environment: &Environment, scope: Scope) -> Self {
        let mut written = Self::default();
        if scope == Scope::Everything {
            written.projects.extend(of_environment(environment, &mut written.problems));
        }
        written
    }
}

fn noted<T>(read: Result<T, Problem>, problems: &mut Vec<Problem>) -> Option<T> {
    read.map_err(|problem| problems.push(problem)).ok()
}

/// Flag, variable, file, default.
fn choose_database(sources: Sources<'_>, of_file: Option<Database>) -> Result<Database, Problem> {
    if let Some(flag) = sources.database {
        return Database::parse(flag, None).map_err(|wrong| Problem::of("--database", wrong).placed("command line"));
    }
    if let Some(database) = sources.environment.read("DATABASE_URL", |text| Database::parse(text, None))? {
        return Ok(database);
    }
    let usual = || sources.environment.data_directory().map(|directory| Database::at(&directory.join("heartbeat.db")));
    of_file.or_else(usual).ok_or_else(|| {
        Problem::at(Environment::PLACE, "there is no home directory for the database; give --database or DATABASE_URL (`sqlite:PATH`)")
    })
}

fn choose_key(environment: &Environment, database: &Database) -> Result<KeySource, Problem> {
    match (environment.value("HEARTBEAT_KEY"), environment.value("HEARTBEAT_KEY_FILE")) {
        (Some(_), Some(_)) => Err(Environment::problem("HEARTBEAT_KEY", Invalid::CombinedWith("HEARTBEAT_KEY_FILE".into()))),
        (Some(key), None) => Ok(KeySource::Given(SecretString::from(key))),
        (None, Some(path)) => Ok(KeySource::File(PathBuf::from(path))),
        (None, None) => {
            let beside = database.file().map(|file| file.with_extension("key"));
            let usual = || environment.data_directory().map(|directory| directory.join("heartbeat.key"));
            beside.or_else(usual).map(KeySource::File).ok_or_else(|| {
                let advice = "there is no home directory for the key; set it, or HEARTBEAT_KEY_FILE";
                Environment::problem("HEARTBEAT_KEY", Invalid::missing(advice))
            })
        }
    }
}

fn choose_dead_man(environment: &Environment, service: &Service, scope: Scope) -> Result<Option<DeadMan>, Problem> {
    let of_variable = match scope {
        Scope::Everything => environment.read("HEARTBEAT_DEAD_MAN_URL", service::secret_url)?,
        Scope::Service => None,
    };
    let url = of_variable.unwrap_or_else(|| service.dead_man_url.clone());
    Ok(url.map(|url| DeadMan { url, post: service.dead_man_post }))
}

/// The project of the environment, for example in a container. Heartbeat is installed on it; settings of apps without a variable stay as
/// they are stored.
fn of_environment(environment: &Environment, problems: &mut Vec<Problem>) -> Option<Desired<ProjectSpec>> {
    const VARIABLES: [(&str, &str); 4] = [
        ("host", "POSTHOG_HOST"),
        ("token", "POSTHOG_PROJECT_API_KEY"),
        ("personal_api_key", "POSTHOG_PERSONAL_API_KEY"),
        ("project_id", "POSTHOG_PROJECT_ID"),
    ];
    let heartbeat = AppKind::Heartbeat.section();
    let given = VARIABLES.into_iter().filter_map(|(field, name)| Some((field, environment.value(name)?)));
    let texts: Texts = given.chain([("name", "default"), (heartbeat, "enabled")]).collect();
    if texts.one("host").is_none() && texts.one("token").is_none() {
        return None;
    }
    let mut texts = texts.as_whole(&project::FIELDS);
    for key in AppKind::Heartbeat.settings().iter().map(|setting| setting.key).chain([route::ALL]) {
        texts.put(format!("{heartbeat}.{key}"), "");
    }
    let variable = |field: &str| VARIABLES.into_iter().find(|(known, _)| *known == field).map_or(field, |(_, name)| name).to_owned();
    let of_variable = |one: Problem| one.renamed(variable).placed(Environment::PLACE);
    let report = |wrong: Problems| problems.extend(wrong.into_iter().map(of_variable));
    Desired::read(texts).map_err(report).ok()
}
