//! What a bench runs on: a database of its own with projects, in a temporary directory or at a given address. It is removed afterwards.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;

use tempfile::TempDir;
use tokio::process::Command;

use crate::cli::error::Misuse;
use crate::clock::Speed;
use crate::config::{Database, Environment};
use crate::model::{Project, Timestamp};
use crate::store::{self, SecretCipher, Store};

use super::process::Process;
use super::project::Projects;

/// Of the user's environment, what is needed to reach a PostgreSQL. The service under test must not read settings from it.
const VARIABLES: [&str; 14] = [
    "HOME",
    "PGHOST",
    "PGHOSTADDR",
    "PGPASSFILE",
    "PGPASSWORD",
    "PGPORT",
    "PGSSLCERT",
    "PGSSLKEY",
    "PGSSLMODE",
    "PGSSLROOTCERT",
    "PGUSER",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "TMPDIR",
];

/// A service under test.
#[derive(Debug, Clone, Copy)]
pub struct Service<'a> {
    /// A `heartbeat`.
    pub program: &'a Path,
    pub environment: &'a Environment,
    pub speed: Speed,
    /// Address of its page.
    pub listen: &'a str,
}

pub struct Testbed {
    folder: TempDir,
    database: Database,
    pub store: Arc<Store>,
}

impl Testbed {
    /// Without an address, the database is in the temporary directory. At an address there must be nothing, or what an earlier bench left.
    pub async fn new(database: Option<Database>) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("heartbeat-bench-").tempdir()?;
        let database = match database {
            None => Database::at(&folder.path().join("heartbeat.db")),
            Some(database) => {
                make_empty(&database).await?;
                database
            }
        };
        let cipher = SecretCipher::from_key_file(&key_in(&folder))?;
        let store = store::open(database.url(), cipher).await?;
        store.mark_as_bench().await?;
        Ok(Self { folder, database, store })
    }

    pub async fn fill(&self, projects: Projects<'_>, now: Timestamp) -> anyhow::Result<()> {
        Ok(self.store.apply(&projects.specs()?, &[], now).await?)
    }

    pub async fn projects(&self) -> anyhow::Result<Vec<Project>> {
        Ok(self.store.projects().await?)
    }

    /// Starts a service on it. It prints errors only: that a project has no key would be a warning for each.
    pub fn run(&self, service: Service<'_>) -> anyhow::Result<Process> {
        let mut command = Command::new(service.program);
        command.args(["run", "--quiet", "--listen", service.listen, "--speed", &service.speed.times().to_string()]);
        command.env_clear().envs(VARIABLES.iter().filter_map(|name| Some((name, service.environment.value(name)?))));
        // Other users of the machine can read arguments, and an address may contain a password.
        command.env("DATABASE_URL", self.database.url()).env("HEARTBEAT_KEY_FILE", key_in(&self.folder));
        command.env("HEARTBEAT_LOG", "error").stdin(Stdio::null()).stdout(Stdio::null());
        Process::start(&mut command)
    }

    /// Whether the database is a file, which is SQLite.
    pub(super) fn is_file(&self) -> bool {
        self.database.file().is_some()
    }

    /// Removes everything. The service must have ended.
    pub async fn remove(self) -> anyhow::Result<()> {
        self.store.close().await;
        match self.database.file() {
            Some(file) => remove_file(&file)?,
            None if store::empty_bench(self.database.url()).await? => {}
            None => anyhow::bail!("the database {} got other tables during the bench, and stays as it is", self.database),
        }
        Ok(self.folder.close()?)
    }
}

fn key_in(folder: &TempDir) -> PathBuf {
    folder.path().join("heartbeat.key")
}

async fn make_empty(database: &Database) -> anyhow::Result<()> {
    // A missing file must not be created by the check.
    let is_missing = database.file().is_some_and(|file| !file.exists());
    if is_missing || store::empty_bench(database.url()).await? {
        return Ok(());
    }
    let says =
        format!("the database {database} is not empty, and no bench created what it contains: give one without tables, or omit --database");
    Err(Misuse(says).into())
}

/// With what SQLite keeps beside it.
fn remove_file(file: &Path) -> anyhow::Result<()> {
    for ending in ["", "-wal", "-shm", "-journal"] {
        let mut name = file.as_os_str().to_owned();
        name.push(ending);
        match std::fs::remove_file(&name) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
    }
    Ok(())
}
