//! `heartbeat check`: sends one event and follows it to the read-back, as a checklist.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use serde::Serialize;

use super::error::Misuse;
use super::global::Invocation;
use super::keys::PersonalKeyFlags;
use super::screen::{BAD, FAINT, GOOD, ProgressLine, Screen, WARN, styled};
use crate::app;
use crate::check::{self, Ending, Line, Mark, News, Outcome, Plan};
use crate::config::{Problem, certificate_problems, conceal, duration, proxies, rules};
use crate::model::{Diagnosis, Endpoint, Host, Invalid, Place, ProjectToken, span};

/// Send one event (`heartbeat_check`) and follow it until it can be queried
///
/// Checks which PostHog this is, whether it knows the token in this region, whether capture accepts the event, and how long it takes until the event can
/// be queried. Without a personal API key, arrival is not checked, and a line says so.
#[derive(Debug, Args)]
#[command(after_help = "Exit codes:
  0  arrived, or accepted without a personal API key to check arrival (a line says which)
  1  accepted, but not found in time
  2  wrong usage
  3  rejected by capture, or answered by something that is not PostHog
  4  unreachable
  5  unknown token
  6  read-back failed (key, scope, throttled)
  7  this PostHog is too old

JSON: {ending, exit_code, diagnosis: {place, did, answered_by, shown_by: {software, server, via, title, status}, address: {scheme, host, port, path}, route,
certain, possibilities: [{place, did}], title, summary, advice, since, counts}, uuid, ingested_lag_ms, queryable_after_ms, queryable_within_ms,
lines: [{mark: ok|note|fail, what, says, advice}]}. `place` is none when nothing is broken.")]
pub struct Check {
    /// PostHog host: `us`, `eu` or an address [default: `POSTHOG_HOST`]
    #[arg(long, value_name = "HOST")]
    pub host: Option<String>,

    /// PostHog host behind --host, when --host is a reverse proxy
    #[arg(long, value_name = "HOST")]
    pub api_host: Option<String>,

    /// Project token (phc_...) [default: `POSTHOG_PROJECT_API_KEY`]
    #[arg(long, value_name = "TOKEN")]
    pub token: Option<String>,

    #[command(flatten)]
    pub key: PersonalKeyFlags,

    /// ID of the project in PostHog [default: found from the token]
    #[arg(long, value_name = "NUMBER", allow_hyphen_values = true, value_parser = rules::number::<u64>)]
    pub project_id: Option<u64>,

    /// Capture endpoint: v0 or v1
    #[arg(long, value_name = "ENDPOINT", default_value = "v0", value_parser = Endpoint::parse)]
    pub endpoint: Endpoint,

    /// How long to wait until the event can be queried
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, default_value = "2m", value_parser = duration::parse)]
    pub wait: Duration,

    /// Print the result as JSON at the end
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
        let mut waiting = ProgressLine::on(Screen { quiet: self.json || invocation.screen.quiet });
        let mut print = |news: News| match news {
            News::Line(line) => {
                waiting.clear();
                if !self.json {
                    // A closed pipe is reported when the last line is written.
                    let _ = invocation.screen.text(&page(&line));
                }
                lines.push(line);
            }
            News::Waiting { waited } => {
                waiting.show(format_args!("· arrival   waiting for {}", span(Duration::from_secs(waited.as_secs()))));
            }
        };
        let outcome = check::check(&client, &invocation.clock, &plan, &mut print).await;
        let exit_code = outcome.ending.exit_code();
        if self.json {
            invocation.screen.json(&CheckJson { exit_code, outcome: &outcome, lines: &lines })?;
        } else {
            if let Some(place) = location(&outcome.diagnosis) {
                invocation.screen.line(place)?;
            }
            invocation.screen.line(conclusion(outcome.ending))?;
        }
        Ok(ExitCode::from(exit_code))
    }

    /// Reports all problems of the flags together.
    fn plan(&self, invocation: &Invocation) -> Result<Plan, Misuse> {
        let given = |flag: &'static str, value: &Option<String>, variable: &'static str, advice: &str| match value {
            Some(value) => Ok((flag, value.clone())),
            None => invocation
                .environment
                .value(variable)
                .map(|value| (variable, value.to_owned()))
                .ok_or_else(|| Problem::of(flag, Invalid::unquoted(format!("(or {variable}) is missing; give {advice}")))),
        };
        // A problem names the flag or variable to correct.
        let host = given("--host", &self.host, "POSTHOG_HOST", "`us`, `eu` or the address of a PostHog");
        let host = host.and_then(|(place, text)| rules::about(place, Host::parse(&text)));
        let advice = "the project token (phc_...) from Settings > Project > General";
        let token = given("--token", &self.token, "POSTHOG_PROJECT_API_KEY", advice);
        let token = token.and_then(|(place, text)| rules::about(place, ProjectToken::parse(&text)));
        let api_host = self.api_host.as_deref().map(|text| rules::about("--api-host", Host::parse(text))).transpose();
        match (host, token, api_host, self.key.read_without_prompt(invocation)) {
            (Ok(host), Ok(token), Ok(api_host), Ok(key)) => {
                Ok(Plan { host, api_host, token, key, posthog_id: self.project_id, endpoint: self.endpoint, wait: self.wait })
            }
            (host, token, api_host, key) => {
                let problems = [host.err(), token.err(), api_host.err()].into_iter().flatten().map(|problem| problem.to_string());
                let problems: Vec<String> = problems.chain(key.err().map(|wrong| wrong.to_string())).collect();
                Err(Misuse(conceal(&problems.join("\n       "))))
            }
        }
    }
}

/// `✓ capture   accepted with 200 (...)`, with the advice below it.
fn page(line: &Line) -> String {
    let (style, sign) = match line.mark {
        Mark::Ok => (GOOD, "✓"),
        Mark::Note => (WARN, "!"),
        Mark::Fail => (BAD, "✗"),
    };
    let advice = line.advice.as_ref().map_or_else(String::new, |advice| format!("{}\n", styled(FAINT, format!("            → {advice}"))));
    format!("{} {:<9} {}\n{advice}", styled(style, sign), line.what, line.says)
}

/// `Where: intermediary (upstream_down) at https://example.com, answered by nginx`, or none when nothing is broken.
fn location(diagnosis: &Diagnosis) -> Option<String> {
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

fn conclusion(ending: Ending) -> String {
    match ending {
        Ending::Arrived => styled(GOOD, "The event arrived."),
        Ending::AcceptedUnchecked => styled(WARN, "The event was accepted. Its arrival was not checked."),
        Ending::NotSeen => styled(BAD, "The event was accepted, but not found in time."),
        Ending::Rejected => styled(BAD, "The event was rejected."),
        Ending::Unreachable => styled(BAD, "Capture could not be reached."),
        Ending::TokenUnknown => styled(BAD, "This PostHog does not know the token. No event was sent."),
        Ending::CannotRead => styled(BAD, "The event was accepted, but could not be read back."),
        Ending::TooOld => styled(BAD, "This PostHog is too old. No event was sent."),
    }
}
