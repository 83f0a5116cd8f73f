//! `/metrics`, for Prometheus. What is history comes from the store when it is asked for; what this process did is counted.

use std::sync::Arc;

use axum::extract::{FromRequestParts, State};
use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

use super::site::Site;
use super::trouble::Trouble;
use super::visitor::Visitor;
use crate::model::{Severity, Strand};
use crate::report::{Brief, briefs};
use crate::store::Which;
use crate::vitals::Loop;

/// With more projects than this, each has no figures of its own: one scrape would read too much. The sums stay.
const PROJECTS: usize = 1000;
/// So many are read at a time.
const AT_A_TIME: usize = 100;

const TEXT: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfLoop {
    r#loop: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfProject {
    project: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfHealth {
    project: String,
    health: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfIncidents {
    strand: &'static str,
    severity: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfChannel {
    channel: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfVersion {
    version: &'static str,
}

/// A seconds gauge.
type Seconds = Gauge<f64, std::sync::atomic::AtomicU64>;

/// Who may scrape: whoever may read, or everybody where the settings say so.
pub(super) struct Scraper;

impl FromRequestParts<Arc<Site>> for Scraper {
    type Rejection = Trouble;

    async fn from_request_parts(parts: &mut Parts, site: &Arc<Site>) -> Result<Self, Trouble> {
        if !site.web.settings.open_metrics {
            Visitor::from_request_parts(parts, site).await?;
        }
        Ok(Self)
    }
}

/// All figures, as text of `OpenMetrics`.
pub(super) async fn scrape(_scraper: Scraper, State(site): State<Arc<Site>>) -> Result<Response, Trouble> {
    let mut registry = Registry::with_prefix("heartbeat");
    let build: Family<OfVersion, Gauge> = Family::default();
    build.get_or_create(&OfVersion { version: env!("CARGO_PKG_VERSION") }).set(1);
    registry.register("build", "Which Heartbeat this is", build);
    process(&site, &mut registry);
    incidents(&site, &mut registry).await?;
    channels(&site, &mut registry).await?;
    projects(&site, &mut registry).await?;
    let mut text = String::new();
    // Writing into a String cannot fail.
    let _ = encode(&mut text, &registry);
    Ok(([(CONTENT_TYPE, HeaderValue::from_static(TEXT))], text).into_response())
}

/// What this process did, and how far its loops are behind.
fn process(site: &Site, registry: &mut Registry) {
    let (done, behind): (Family<OfLoop, Counter>, Family<OfLoop, Seconds>) = Default::default();
    for of in Loop::ALL {
        let label = OfLoop { r#loop: of.name() };
        done.get_or_create(&label).inc_by(site.web.vitals.done(of));
        if let Some(behind_ms) = site.web.vitals.behind_ms(of) {
            behind.get_or_create(&label).set(behind_ms as f64 / 1e3);
        }
    }
    registry.register("done", "Beats sent and recorded (pulse), looks made (verify), messages taken (notify), since the start", done);
    registry.register_with_unit("behind", "How far a loop is behind what is due", Unit::Seconds, behind);
}

/// Open incidents. Every kind has its line, also where there is none: a gap is no zero.
async fn incidents(site: &Site, registry: &mut Registry) -> Result<(), Trouble> {
    let open: Family<OfIncidents, Gauge> = Family::default();
    for strand in Strand::ALL {
        for severity in Severity::ALL {
            open.get_or_create(&OfIncidents { strand: strand.name(), severity: severity.name() }).set(0);
        }
    }
    for incident in site.web.store.incidents(&Which { open_only: true, ..Which::default() }).await? {
        open.get_or_create(&OfIncidents { strand: incident.strand.name(), severity: incident.severity.name() }).inc();
    }
    registry.register("incidents_open", "Incidents that are open", open);
    Ok(())
}

/// Whether channels deliver, and what they are owed.
async fn channels(site: &Site, registry: &mut Registry) -> Result<(), Trouble> {
    let (stopped, owed, dead): (Family<OfChannel, Gauge>, Family<OfChannel, Gauge>, Family<OfChannel, Gauge>) = Default::default();
    let owing = site.web.store.owing().await?;
    for channel in site.web.store.channels().await? {
        let label = OfChannel { channel: channel.spec.name.to_string() };
        stopped.get_or_create(&label).set(i64::from(channel.stopped.is_some()));
        let owing = owing.iter().find(|(id, _)| *id == channel.id).map(|(_, owing)| owing);
        owed.get_or_create(&label).set(owing.map_or(0, |owing| owing.owed as i64));
        dead.get_or_create(&label).set(owing.map_or(0, |owing| owing.dead as i64));
    }
    registry.register("channel_stopped", "1 where a channel does not deliver", stopped);
    registry.register("notices_owed", "Messages that are to be delivered", owed);
    registry.register("notices_dead", "Messages that nobody took, and that can be sent again", dead);
    Ok(())
}

/// The projects' health, lag, and how far their data is complete.
async fn projects(site: &Site, registry: &mut Registry) -> Result<(), Trouble> {
    let names = site.web.store.project_names().await?;
    let all = Gauge::<i64>::default();
    all.set(names.len() as i64);
    registry.register("projects", "How many projects there are", all);
    if names.len() > PROJECTS {
        return Ok(());
    }
    let health: Family<OfHealth, Gauge> = Family::default();
    let (lag, through): (Family<OfProject, Seconds>, Family<OfProject, Gauge>) = Default::default();
    let names: Vec<_> = names.into_iter().map(|(_, name)| name).collect();
    for some in names.chunks(AT_A_TIME) {
        let projects: Vec<_> = site.web.store.projects_named(some).await?.into_iter().map(Arc::new).collect();
        let ids: Vec<_> = projects.iter().map(|project| project.id).collect();
        let looks = site.web.store.looks_of(&ids).await?;
        for brief in briefs(&*site.web.store, &projects, &looks, site.now()).await? {
            let project = brief.project.spec.name.to_string();
            health.get_or_create(&OfHealth { project: project.clone(), health: brief.verdict.health.name() }).set(1);
            let label = OfProject { project };
            if let Some(newest) = brief.newest_lag() {
                lag.get_or_create(&label).set(newest.as_secs_f64());
            }
            if let Some(minute) = complete_through_s(&brief) {
                through.get_or_create(&label).set(minute);
            }
        }
    }
    registry.register("health", "1 for the health that a project has: good, slow, bad, blind, idle, pending, unchecked, off", health);
    registry.register_with_unit("lag", "How late the newest beat was ingested", Unit::Seconds, lag);
    registry.register_with_unit(
        "complete_through_timestamp",
        "The newest minute up to which every accepted beat has arrived, in seconds since 1970",
        Unit::Seconds,
        through,
    );
    Ok(())
}

fn complete_through_s(brief: &Brief) -> Option<i64> {
    brief.complete_through.map(|minute| minute.start().ms() / 1000)
}
