//! `heartbeat apps list`.

use clap::Args;

use crate::cli::global::{Invocation, specs};
use crate::cli::table::Listing;
use crate::cli::which_project::WhichProjects;
use crate::config::App;
use crate::model::{AppKind, ProjectSpec};
use crate::settings::InstalledAppJson;

#[derive(Debug, Args)]
pub struct List {
    #[command(flatten)]
    pub which: WhichProjects,

    /// Print the list as JSON
    #[arg(long)]
    pub json: bool,
}

fn on(spec: &ProjectSpec) -> impl Iterator<Item = InstalledAppJson> {
    AppKind::ALL.into_iter().filter_map(|kind| App::on(spec, kind)).map(|app| InstalledAppJson::of(spec, &app))
}

impl List {
    pub(super) async fn run(self, invocation: &Invocation) -> anyhow::Result<()> {
        let store = invocation.store().await?;
        let all = specs(&store).await?;
        let filter = self.which.filter(&all)?;
        let apps = all.iter().filter(|spec| filter.matches(spec)).flat_map(on).collect::<Vec<_>>();
        let listing = Listing {
            json: self.json,
            none: "No app is installed. Install one with `heartbeat apps install heartbeat --project NAME`.",
            headings: ["PROJECT", "APP", "STATE", "ROUTES"],
        };
        let row = |app: &InstalledAppJson| {
            let state = if app.enabled { "enabled" } else { "disabled" };
            let routes = app.routes.iter().map(|route| route.name.as_str()).collect::<Vec<_>>().join(" + ");
            [app.project.clone(), app.app.into(), state.into(), routes]
        };
        Ok(listing.print(invocation.screen, &apps, |app| app, row)?)
    }
}
