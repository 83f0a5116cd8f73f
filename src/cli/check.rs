//! `heartbeat check`: one event now, followed all the way, as a checklist that grows.

use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use serde::Serialize;

use super::error::Misuse;
use super::global::Invocation;
use super::keys::PersonalKeyFlags;
use super::screen::{BAD, FAINT, GOOD, WARN, styled};
use crate::app;
use crate::check::{self, Ending, Line, Mark, News, Outcome, Plan};
use crate::config::{certificate_problems, conceal, duration, proxies};
use crate::model::{Diagnosis, Endpoint, Host, Place, ProjectToken, span};

/// Send one event (`heartbeat_check`) now, and follow it all the way
///
/// Which PostHog is this, does it know the token in this region, does capture take the event, and how long until it can be
/// queried. Without a personal API key arrival is not checked, and a line says so.
#[derive(Debug, Args)]
#[command(after_help = "Exit codes:
  0  arrived; or, without a personal API key, accepted with arrival unchecked (a line says which)
  1  accepted, not seen in time
  2  wrong usage
  3  not taken: rejected by capture, or answered by something that is not PostHog
  4  unreachable
  5  the token is not known here
  6  could not be read back (key, scope, throttled)
  7  this PostHog is too old

JSON: {ending, exit_code, diagnosis: {place, did, answered_by, shown_by: {software, server, via, title, status}, address: {scheme, host, port, path}, route,
certain, possibilities: [{place, did}], title, summary, advice, since, counts}, uuid, ingested_lag_ms, queryable_after_ms, queryable_within_ms,
lines: [{mark: ok|note|fail, what, says, advice}]}. `place` is none where nothing is broken.")]
pub struct Check {
    /// Where PostHog is: `us`, `eu`, or an address [default: `POSTHOG_HOST`]
    #[arg(long, value_name = "HOST")]
    pub host: Option<String>,

    /// The PostHog behind it, when --host is a reverse proxy
    #[arg(long, value_name = "HOST")]
    pub api_host: Option<String>,

    /// The project token, phc_... [default: `POSTHOG_PROJECT_API_KEY`]
    #[arg(long, value_name = "TOKEN")]
    pub token: Option<String>,

    #[command(flatten)]
    pub key: PersonalKeyFlags,

    /// PostHog's number of the project [default: found from the token]
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..))]
    pub project_id: Option<u64>,

    /// Which of capture's endpoints: v0 or v1
    #[arg(long, value_name = "ENDPOINT", default_value = "v0", value_parser = Endpoint::parse)]
    pub endpoint: Endpoint,

    /// How long to wait for the event to be queryable
    #[arg(long, value_name = "TIME", default_value = "2m", value_parser = duration::parse)]
    pub wait: Duration,

    /// Print the result as JSON, at the end
    #[arg(long)]
    pub json: bool,
}

#[derive(Serialize)]
struct CheckJson<'a> {
    exit_code: u8,
    #[serde(flatten)]
    outcome: &'a Outcome,
    lines: &'a [Line],
}

impl Check {
    pub(super) async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        let plan = self.plan(invocation)?;
        for problem in certificate_problems(&invocation.environment) {
            invocation.screen.note(styled(WARN, problem))?;
        }
        let client = app::client(&proxies(&invocation.environment), invocation.clock.clone())?;
        let mut lines: Vec<Line> = Vec::new();
        let mut counter = Counter { shown: false, on: !self.json && !invocation.screen.quiet && std::io::stderr().is_terminal() };
        let mut tell = |news: News| match news {
            News::Line(line) => {
                counter.clear();
                if !self.json {
                    // A closed pipe ends the command when the last line is written.
                    let _ = invocation.screen.text(&page(&line));
                }
                lines.push(line);
            }
            News::Waiting { waited } => counter.show(waited),
        };
        let outcome = check::check(&client, &invocation.clock, &plan, &mut tell).await;
        let exit_code = outcome.ending.exit_code();
        if self.json {
            invocation.screen.json(&CheckJson { exit_code, outcome: &outcome, lines: &lines })?;
        } else {
            if let Some(place) = whereabouts(&outcome.diagnosis) {
                invocation.screen.line(place)?;
            }
            invocation.screen.line(last_words(outcome.ending))?;
        }
        Ok(ExitCode::from(exit_code))
    }

    /// Every problem of the flags at once.
    fn plan(&self, invocation: &Invocation) -> Result<Plan, Misuse> {
        let mut problems = Vec::new();
        let given = |flag, value: &Option<String>, variable| match value {
            Some(value) => Some((flag, value.clone())),
            None => invocation.environment.value(variable).map(|value| (variable, value.to_owned())),
        };
        // A problem is told of the place where it is to be mended.
        let mut read = |place: &str, problem: String| problems.push(format!("{place} {problem}"));
        let host = match given("--host", &self.host, "POSTHOG_HOST") {
            None => {
                read("--host", "is missing (or POSTHOG_HOST): give `us`, `eu`, or the address of a PostHog".into());
                None
            }
            Some((place, text)) => Host::parse(&text).map_err(|wrong| read(place, wrong.to_string())).ok(),
        };
        let token = match given("--token", &self.token, "POSTHOG_PROJECT_API_KEY") {
            None => {
                let says = "is missing (or POSTHOG_PROJECT_API_KEY): the project token (phc_...), from Settings > Project > General";
                read("--token", says.into());
                None
            }
            Some((place, text)) => ProjectToken::parse(&text).map_err(|wrong| read(place, wrong.to_string())).ok(),
        };
        let api_host = self.api_host.as_deref().map(Host::parse).transpose().map_err(|wrong| read("--api-host", wrong.to_string())).ok();
        let key = self.key.read_unasked(invocation).map_err(|wrong| problems.push(wrong.to_string())).ok();
        match (host, token, api_host, key) {
            (Some(host), Some(token), Some(api_host), Some(key)) if problems.is_empty() => {
                Ok(Plan { host, api_host, token, key, posthog_id: self.project_id, endpoint: self.endpoint, wait: self.wait })
            }
            _ => Err(Misuse(conceal(&problems.join("\n       ")))),
        }
    }
}

/// `✓ capture   accepted with 200 (...)`, and what to do below it.
fn page(line: &Line) -> String {
    let (style, sign) = match line.mark {
        Mark::Ok => (GOOD, "✓"),
        Mark::Note => (WARN, "!"),
        Mark::Fail => (BAD, "✗"),
    };
    let advice = line.advice.as_ref().map_or_else(String::new, |advice| format!("{}\n", styled(FAINT, format!("            → {advice}"))));
    format!("{} {:<9} {}\n{advice}", styled(style, sign), line.what, line.says)
}

/// `Where: intermediary (upstream_down) at https://example.com, answered by nginx`; none where nothing is broken.
fn whereabouts(diagnosis: &Diagnosis) -> Option<String> {
    if diagnosis.place == Place::None {
        return None;
    }
    let did = diagnosis.did.map_or_else(String::new, |did| format!(" ({})", did.name()));
    let at = diagnosis.address.as_ref().map_or_else(String::new, |address| format!(" at {address}"));
    let by = diagnosis.shown_by.software.as_ref().map_or_else(String::new, |software| format!(", answered by {software}"));
    let others: Vec<String> = diagnosis.possibilities.iter().map(ToString::to_string).collect();
    let or = if others.is_empty() { String::new() } else { format!("; or {}", others.join(", ")) };
    Some(format!("Where: {}{did}{at}{by}{or}", diagnosis.place.name()))
}

fn last_words(ending: Ending) -> String {
    match ending {
        Ending::Arrived => styled(GOOD, "The event arrived."),
        Ending::AcceptedUnchecked => styled(WARN, "The event was accepted; arrival unchecked."),
        Ending::NotSeen => styled(BAD, "The event was accepted, and not seen in time."),
        Ending::Rejected => styled(BAD, "The event was not taken."),
        Ending::Unreachable => styled(BAD, "Capture could not be reached."),
        Ending::TokenUnknown => styled(BAD, "The token is not known here; no event was sent."),
        Ending::CannotRead => styled(BAD, "The event was accepted; it could not be read back."),
        Ending::TooOld => styled(BAD, "This PostHog is too old; no event was sent."),
    }
}

/// Counts the seconds on a terminal, in one line that is written over.
struct Counter {
    on: bool,
    shown: bool,
}

impl Counter {
    fn show(&mut self, waited: Duration) {
        if self.on {
            self.shown = true;
            let _ = write!(anstream::stderr(), "\r· arrival   waiting for {} ", span(Duration::from_secs(waited.as_secs())));
        }
    }

    fn clear(&mut self) {
        if std::mem::take(&mut self.shown) {
            let _ = write!(anstream::stderr(), "\r\x1b[K");
        }
    }
}
