//! `heartbeat status`: the verdict and the figures of each project.

use std::fmt::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use super::error::Misuse;
use super::figures::{counts, percentiles, queryable};
use super::global::Invocation;
use super::moment::Moment;
use super::screen::{BAD, FAINT, GOOD, WARN, styled};
use super::which_project::WhichProjects;
use crate::judge::Health;
use crate::model::{Channel, Incident, Outcome, Stopped, Timestamp, span};
use crate::report::json::ReportJson;
use crate::report::{Report, notes, reports, watched};
use crate::store::IncidentFilter;

/// The service records that it is alive every 30 s; without a record for this long it is not running.
const ALIVE_FOR: Duration = Duration::from_secs(90);
const NOT_RUNNING: &str = "The service is not running; start it with `heartbeat run`.";

/// Show the verdict, the completeness, the lag and the last hour of each project
#[derive(Debug, Args)]
#[command(
    after_help = "The strip has one mark per minute, oldest first: ▁ arrived, ▄ late, · awaiting, ✗ lost, R rejected, U unreachable, ? unverified, blank not sent.

JSON: {items: [{project, health, verdict, diagnosis: {place, did, answered_by, shown_by, address, route, certain, possibilities, title, summary, advice, since, counts}, notes: [sentence], quota: {used, limit, limited}, missing_scopes, queries_left, since, complete_through, last_lag_ms, queryable_after_ms, queryable_within_ms, today: {p50_ms, p95_ms, p99_ms,
arrived, late, lost, rejected, unreachable, unverified, not_sent, awaiting, duplicates}, last_hour: [outcome or null]}], next}; times are RFC 3339.

Exit codes: 0 success; with --check, 1 if a project is degraded, down, unknown or not running."
)]
pub struct Status {
    #[command(flatten)]
    pub which: WhichProjects,

    /// Exit with 1 if a project is degraded, down, unknown or not running
    #[arg(long)]
    pub check: bool,

    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,

    #[command(flatten)]
    pub moment: Moment,
}

impl Status {
    pub(super) async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        let store = invocation.store().await?;
        let mut all = reports(&store, self.moment.time()).await?;
        let filter = self.which.filter(all.iter().map(|report| &report.project.spec))?;
        all.retain(|report| filter.matches(&report.project.spec));
        if all.is_empty() && !self.json {
            return Err(Misuse("there is no project yet; run `heartbeat projects add` or `heartbeat apply heartbeat.toml`".into()).into());
        }
        if self.json {
            invocation.screen.items(all.iter().map(ReportJson::of))?;
        } else {
            let runs = self.moment.at.is_some() || is_running(store.last_sign_of_life().await?, self.moment.time());
            let open = store.incidents(&IncidentFilter::open()).await?;
            for (at, report) in all.iter().enumerate() {
                if at > 0 {
                    invocation.screen.line("")?;
                }
                invocation.screen.text(&page(report, runs))?;
                let of_project = open.iter().filter(|incident| incident.project == report.project.id).collect::<Vec<_>>();
                invocation.screen.text(&below(report, &of_project))?;
            }
            invocation.screen.text(&not_delivering(&store.channels().await?))?;
        }
        let is_unwell =
            |report: &Report| matches!(report.verdict.health, Health::Degraded | Health::Down | Health::Unknown | Health::NotRunning);
        Ok(if self.check && all.iter().any(is_unwell) { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }
}

/// One line for each channel that does not deliver.
fn not_delivering(channels: &[Channel]) -> String {
    let stopped = channels.iter().filter(|channel| channel.spec.enabled).filter_map(|channel| Some((channel, channel.stopped.as_ref()?)));
    let lines = stopped.map(|(channel, Stopped { at, words, .. })| {
        styled(BAD, format!("channel {} has not delivered since {at}: {words}", channel.called()))
    });
    let lines: Vec<String> = lines.collect();
    if lines.is_empty() { String::new() } else { format!("\n{}\n", lines.join("\n")) }
}

fn is_running(last: Option<Timestamp>, now: Timestamp) -> bool {
    last.is_some_and(|last| now.since(last) < ALIVE_FOR)
}

/// What follows the figures: what Ingestion Alert watches, open incidents, and notes.
fn below(report: &Report, open: &[&Incident]) -> String {
    let mut text = String::new();
    if let Some(watched) = watched(report) {
        let _ = writeln!(text, "  watched    {watched}");
        for incident in open {
            let _ = writeln!(
                text,
                "  open       {} since {} UTC: {}",
                incident.incident_kind,
                incident.opened.minute(),
                incident.cause.summary
            );
        }
    }
    for note in notes(report) {
        let _ = writeln!(text, "  {}", styled(FAINT, format!("note       {note}")));
    }
    text
}

fn page(report: &Report, runs: bool) -> String {
    let style = match report.verdict.health {
        Health::Up => GOOD,
        Health::Pending | Health::Disabled | Health::Unverified => FAINT,
        Health::Degraded | Health::Unknown | Health::NotRunning => WARN,
        Health::Down => BAD,
    };
    let head = format!("{}  {}", report.project.spec.name, styled(style, report.verdict.health));
    let through = report.complete_through.map_or_else(|| "nothing yet".into(), |minute| format!("{minute} UTC"));
    let last =
        report.newest_seen.as_ref().and_then(|beat| Some(format!(" · last lag {} ({})", span(beat.ingested_lag()?), queryable(beat)?)));
    let last = last.unwrap_or_default();
    let lags = percentiles(&report.lags).join(" · ");
    let mut ends = counts(|outcome| report.ends.of(outcome));
    match report.ends.duplicates {
        0 => {}
        1 => ends.push("1 duplicate row".into()),
        many => ends.push(format!("{many} duplicate rows")),
    }
    let strip: String = report.strip.iter().map(|minute| minute.map_or(' ', Outcome::mark)).collect();
    let today = if ends.is_empty() { "no beat yet".into() } else { ends.join(", ") };
    // Without the service, a pending project would stay pending.
    let verdict = if runs || report.verdict.health != Health::Pending { report.verdict.to_string() } else { NOT_RUNNING.to_owned() };
    if report.project.spec.heartbeat.is_none() {
        return format!("{head}\n  {verdict}\n");
    }
    let cause = report.verdict.cause.as_ref();
    let advice = cause.and_then(|cause| cause.advice.as_ref()).map_or_else(String::new, |advice| format!("  what to do {advice}\n"));
    format!(
        "{head}\n  {verdict}\n{advice}  complete through {through}{last}\n  today      {lags} · {today}\n  last hour  {}\n",
        styled(style, strip)
    )
}
