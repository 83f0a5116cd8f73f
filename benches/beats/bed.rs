//! What a bench stands on: a store in a folder of its own, with as many projects as are asked for, all of them at the sink.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use heartbeat::model::{HeartbeatApp, Host, IngestionAlertApp, PersonalKey, Project, ProjectName, ProjectSpec, ProjectToken, Timestamp};
use heartbeat::store::{self, SecretCipher, Store};

use crate::process::Process;

/// A store with projects.
pub(crate) struct Bed {
    folder: tempfile::TempDir,
    pub(crate) store: Arc<Store>,
}

/// What the projects are like.
#[derive(Clone, Copy)]
pub(crate) struct Projects<'a> {
    pub(crate) count: usize,
    pub(crate) address: &'a str,
    /// Whether they can be read back.
    pub(crate) keyed: bool,
    /// Whether Ingestion Alert watches them.
    pub(crate) watched: bool,
}

impl Bed {
    /// Sets it up as of `now`.
    pub(crate) async fn new(projects: Projects<'_>, now: Timestamp) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let store = open(folder.path()).await?;
        let specs = (0..projects.count).map(|at| spec(projects, at)).collect::<anyhow::Result<Vec<_>>>()?;
        store.apply(&specs, &[], now).await?;
        Ok(Self { folder, store })
    }

    /// The program, running on it. Nothing of it reaches the terminal but errors: that a project has no key is a warning for each.
    pub(crate) fn run(&self) -> anyhow::Result<Process> {
        self.run_with(&[])
    }

    /// The same with its page at this address.
    pub(crate) fn run_with_page(&self, listen: &str) -> anyhow::Result<Process> {
        self.run_with(&["--listen", listen])
    }

    fn run_with(&self, flags: &[&str]) -> anyhow::Result<Process> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_heartbeat"));
        command
            .args(["run", "--quiet", "--database"])
            .arg(format!("sqlite:{}", self.folder.path().join("heartbeat.db").display()))
            .args(flags);
        Process::start(command.env_clear().env("HEARTBEAT_LOG", "error").stdin(Stdio::null()).stdout(Stdio::null()))
    }

    pub(crate) async fn projects(&self) -> anyhow::Result<Vec<Project>> {
        Ok(self.store.projects().await?)
    }
}

async fn open(folder: &Path) -> anyhow::Result<Arc<Store>> {
    let cipher = SecretCipher::from_key_file(&folder.join("heartbeat.key"))?;
    Ok(store::open(&format!("sqlite:{}", folder.join("heartbeat.db").display()), cipher).await?)
}

fn spec(projects: Projects<'_>, at: usize) -> anyhow::Result<ProjectSpec> {
    Ok(ProjectSpec {
        personal_key: if projects.keyed { Some(PersonalKey::parse("phx_bench")?) } else { None },
        posthog_id: Some(1),
        heartbeat: Some(HeartbeatApp::default()),
        ingestion_alert: projects.watched.then(IngestionAlertApp::default),
        ..ProjectSpec::new(
            ProjectName::parse(&format!("project-{at}"))?,
            Host::parse(projects.address)?,
            ProjectToken::parse(&format!("phc_bench{at:038}"))?,
        )
    })
}
