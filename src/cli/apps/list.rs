//! `heartbeat apps list`.

use std::process::ExitCode;

use clap::Args;

use crate::cli::global::{Invocation, specs};
use crate::cli::table::Table;
use crate::cli::which_project::project_named;
use crate::config::App;
use crate::model::{AppKind, ProjectSpec};
use crate::settings::InstalledAppJson;

#[derive(Debug, Args)]
pub struct List {
    /// Show only apps on this project
    #[arg(long, value_name = "NAME")]
    pub project: Option<String>,

    /// Print the list as JSON
    #[arg(long)]
    pub json: bool,
}

fn on(spec: &ProjectSpec) -> impl Iterator<Item = InstalledAppJson> {
    AppKind::ALL.into_iter().filter_map(|kind| App::on(spec, kind)).map(|app| InstalledAppJson::of(spec, &app))
}

impl List {
    pub(super) async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        let store = invocation.store().await?;
        let all = specs(&store).await?;
        let chosen = match &self.project {
            Some(name) => vec![project_named(&all, name, |spec| spec)?.clone()],
            None => all,
        };
        let apps = chosen.iter().flat_map(on).collect::<Vec<_>>();
        if self.json {
            invocation.screen.items(apps)?;
        } else if apps.is_empty() {
            invocation.screen.note("No app is installed. Install one with `heartbeat apps install heartbeat --project NAME`.")?;
        } else {
            let mut table = Table::under(["PROJECT", "APP", "STATE", "ROUTES"]);
            for app in apps {
                let state = if app.enabled { "enabled" } else { "disabled" };
                table.row([
                    app.project,
                    app.app.into(),
                    state.into(),
                    app.routes.iter().map(|route| route.name.as_str()).collect::<Vec<_>>().join(" + "),
                ]);
            }
            invocation.screen.line(table)?;
        }
        Ok(ExitCode::SUCCESS)
    }
}
