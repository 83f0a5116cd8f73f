//! `heartbeat beats`: lists the beats of a project.

use std::time::Duration;

use clap::Args;

use super::error::Misuse;
use super::figures::lags_of;
use super::global::Invocation;
use super::moment::Moment;
use super::screen::{BAD, FAINT, GOOD, WARN, styled};
use super::which_project::WhichProject;
use crate::check::phases;
use crate::config::{duration, rules};
use crate::model::{Minute, Outcome, Project, Recorded, RouteId};
use crate::report::json::BeatJson;
use crate::report::{proof, route_name};
use crate::store::Store;

/// List the beats of a project, with the evidence of failures
///
/// Times are UTC. Minutes without a beat are listed too; in these minutes Heartbeat was not running or not enabled.
#[derive(Debug, Args)]
#[command(
    after_help = "JSON: {items: [{minute, route, outcome, sent, status, tries, dns_us, connect_us, tls_us, first_byte_us, ingested_lag_ms,
queryable_after_ms, queryable_within_ms, copies, evidence: [text]}], next}, oldest first; absent values are null."
)]
pub struct Beats {
    #[command(flatten)]
    pub which: WhichProject,

    /// Show beats since this long ago
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, default_value = "2h", value_parser = rules::some_time)]
    pub since: Duration,

    /// Show only this route
    #[arg(long, value_name = "NAME")]
    pub route: Option<String>,

    /// Show only beats that did not arrive in time
    #[arg(long)]
    pub failures: bool,

    /// Print the beats as JSON
    #[arg(long)]
    pub json: bool,

    #[command(flatten)]
    pub moment: Moment,
}

impl Beats {
    pub(super) async fn run(self, invocation: &Invocation) -> anyhow::Result<()> {
        let store = invocation.store().await?;
        let projects = store.projects().await?;
        let project = self.which.find(&projects)?;
        let routes = self.routes(project)?;
        let now = self.moment.time();
        let (from, to) = (now.minus(self.since).minute(), now.minute().plus(1));
        let mut beats = store.beats(&routes, from, to).await?;
        beats.extend(not_sent(&store, project, &routes, from, now.minute()).await?);
        beats.sort_by_key(|beat| (beat.minute, beat.route));
        if self.failures {
            beats.retain(|beat| !matches!(beat.outcome, Outcome::Arrived | Outcome::Awaiting));
        }
        let evidence = store.evidence(&routes, from, to).await?;
        if self.json {
            return Ok(invocation.screen.items(beats.iter().map(|beat| BeatJson::of(project, beat, &evidence)))?);
        }
        for beat in &beats {
            invocation.screen.line(line(project, beat))?;
            for mine in evidence.iter().filter(|evidence| evidence.route == beat.route && evidence.minute == beat.minute) {
                invocation.screen.line(styled(FAINT, format!("       {}", proof(mine))))?;
            }
        }
        if beats.is_empty() {
            let what = if self.failures { "No failed beats" } else { "No beats" };
            invocation.screen.note(format!("{what} in the last {}.", duration::show(self.since)))?;
        }
        Ok(())
    }

    fn routes(&self, project: &Project) -> Result<Vec<RouteId>, Misuse> {
        let chosen = project.routes.iter().filter(|route| self.route.as_ref().is_none_or(|name| route.spec.name == *name));
        let ids: Vec<RouteId> = chosen.map(|route| route.id).collect();
        match &self.route {
            Some(name) if ids.is_empty() => {
                let names: Vec<&str> = project.routes.iter().map(|route| route.spec.name.as_str()).collect();
                Err(Misuse(format!("project {} has no route `{name}`; its routes are {}", project.spec.name, names.join(", "))))
            }
            _ => Ok(ids),
        }
    }
}

/// Whole minutes without a beat since each route was added.
async fn not_sent(store: &Store, project: &Project, routes: &[RouteId], from: Minute, to: Minute) -> anyhow::Result<Vec<Recorded>> {
    let since = |id: RouteId| project.routes.iter().find(|route| route.id == id).map(|route| route.since.minute());
    let begun = routes.iter().filter_map(|id| since(*id)).min().unwrap_or(from).max(from);
    let gaps = store.gaps(routes, begun, to).await?;
    let due = gaps.into_iter().filter(|(route, minute)| since(*route).is_some_and(|since| *minute >= since));
    Ok(due.map(|(route, minute)| Recorded::blank(route, minute)).collect())
}

/// `14:32 heartbeat  arrived  200  ingested after 1.8s, queryable after 0s to 20s (connect 0.2ms, first byte 1.1ms)`.
fn line(project: &Project, beat: &Recorded) -> String {
    let style = match beat.outcome {
        Outcome::Arrived => GOOD,
        Outcome::Late => WARN,
        Outcome::Awaiting | Outcome::NotSent | Outcome::Unverified => FAINT,
        Outcome::Lost | Outcome::Rejected | Outcome::Unreachable => BAD,
    };
    let minute = beat.minute.start().date_and_minute();
    let name = route_name(project, beat.route);
    let mut parts = vec![format!("{minute}  {name:<16}  {}", styled(style, format!("{:<11}", beat.outcome)))];
    parts.extend(beat.status.map(|status| status.to_string()));
    parts.extend(lags_of(beat));
    if beat.duplicates() > 0 {
        parts.push(format!("{} copies", beat.copies));
    }
    if beat.tries > 1 {
        parts.push(format!("{} tries", beat.tries));
    }
    match phases(&beat.phases).as_str() {
        "" => {}
        text => parts.push(styled(FAINT, format!("({text})"))),
    }
    if beat.outcome == Outcome::NotSent {
        let why = if project.was_on(beat.minute) { "Heartbeat was not running" } else { "not enabled" };
        parts.push(why.into());
    }
    parts.join("  ").trim_end().to_owned()
}
