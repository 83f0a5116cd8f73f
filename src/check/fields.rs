//! Validates a project form against PostHog: instance, token, key and project. Sends no event and stores nothing.
//! The personal API key is only sent to a host that identifies itself as PostHog: a host is typed letter by letter, and a prefix of its
//! name may belong to someone else.

use std::time::Duration;

use super::Mark;
use super::arrival::advice;
use super::token::{COPY_THE_TOKEN, TokenFound, find_token};
use crate::clock::Clock;
use crate::model::{Host, KeyScope, KeyScopes, PersonalKey, ProjectSpec, ProjectToken, ReadbackError, ReadbackErrorKind, ResponseExcerpt};
use crate::posthog::Client;
use crate::posthog::instance::{self, Instance, Unidentified, identify};
use crate::posthog::query::{FoundProject, ProjectPath, Question, Watched, find_project, has_token, readback};

/// Limit for each request, in real time: the user waits at the form.
const LIMIT: Duration = Duration::from_secs(5);
const KEY_TO_MAKE: &str =
    "make a personal API key under Settings > Personal API keys that is limited to this project, with the scope query:read";

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Typed {
    pub host: Option<Host>,
    pub api_host: Option<Host>,
    pub token: Option<ProjectToken>,
    pub key: Option<PersonalKey>,
    pub posthog_id: Option<u64>,
}

impl Typed {
    #[must_use]
    pub fn of(spec: &ProjectSpec) -> Self {
        Self {
            host: Some(spec.host.clone()),
            api_host: spec.api_host.clone(),
            token: Some(spec.token.clone()),
            key: spec.personal_key.clone(),
            posthog_id: spec.posthog_id,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub field: &'static str,
    pub mark: Mark,
    /// One sentence without a full stop. Contains no secret.
    pub says: String,
    pub advice: Option<String>,
    /// A failure that may be temporary or caused by a component in between. It does not prevent saving.
    is_unsure: bool,
}

impl Finding {
    fn new(field: &'static str, mark: Mark, says: impl Into<String>) -> Self {
        Self { field, mark, says: says.into(), advice: None, is_unsure: false }
    }

    fn unsure(self) -> Self {
        Self { is_unsure: true, ..self }
    }

    /// Whether the field is certainly wrong, which prevents saving.
    #[must_use]
    pub fn rejects(&self) -> bool {
        self.mark == Mark::Fail && !self.is_unsure
    }

    #[must_use]
    pub fn line(&self) -> String {
        match &self.advice {
            Some(advice) => format!("{}: {advice}", self.says),
            None => self.says.clone(),
        }
    }

    fn advised(self, advice: impl Into<String>) -> Self {
        Self { advice: Some(advice.into()), ..self }
    }
}

pub async fn fields(client: &Client, clock: &Clock, typed: &Typed) -> Vec<Finding> {
    let Some(host) = &typed.host else { return Vec::new() };
    let inquiry = Inquiry { client, clock, typed, host };
    // 1. The instance. If the API has its own host, the token is checked at `host` and the instance at `api_host`.
    let who = Box::pin(inquiry.identify()).await;
    if let Who::Unreachable(_) = who
        && typed.api_host.is_none()
    {
        return inquiry.unreachable(&who);
    }
    // 2. Token and key concurrently.
    let (token, key) = tokio::join!(Box::pin(inquiry.token()), Box::pin(inquiry.key(&who)));
    let mut findings = inquiry.places(&who, token.as_ref());
    findings.extend(token.map(|found| token_finding(&found)));
    findings.extend(key);
    findings
}

enum Who {
    PostHog(Instance),
    Unidentified(ResponseExcerpt),
    Unreachable(String),
}

struct Inquiry<'a> {
    client: &'a Client,
    clock: &'a Clock,
    typed: &'a Typed,
    host: &'a Host,
}

impl Inquiry<'_> {
    fn api(&self) -> &str {
        self.typed.api_host.as_ref().unwrap_or(self.host).api()
    }

    const fn api_field(&self) -> &'static str {
        if self.typed.api_host.is_some() { "api_host" } else { "host" }
    }

    async fn within<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        self.clock.timeout(self.clock.in_real(LIMIT), work).await.ok()
    }

    async fn identify(&self) -> Who {
        match self.within(identify(self.client, self.api())).await {
            Some(Ok(instance)) => Who::PostHog(instance),
            Some(Err(Unidentified::Strange(excerpt))) => Who::Unidentified(excerpt),
            Some(Err(Unidentified::NoAnswer { at, words })) => Who::Unreachable(format!("does not answer ({at}): {words}")),
            None => Who::Unreachable(timed_out()),
        }
    }

    async fn token(&self) -> Option<TokenFound> {
        let token = self.typed.token.as_ref()?;
        let found = self.within(find_token(self.client, self.host, self.typed.api_host.as_ref(), token)).await;
        Some(found.unwrap_or_else(|| TokenFound::CannotTell(timed_out())))
    }

    fn unreachable(&self, who: &Who) -> Vec<Finding> {
        let mut findings = self.places(who, None);
        let unchecked = |field| Finding::new(field, Mark::Note, "not checked: the host does not answer");
        findings.extend(self.typed.token.as_ref().map(|_| unchecked("token")));
        findings.extend(self.typed.key.as_ref().map(|_| unchecked("personal_api_key")));
        findings
    }

    fn places(&self, who: &Who, token: Option<&TokenFound>) -> Vec<Finding> {
        let field = self.api_field();
        let accepts_events =
            matches!(token, Some(TokenFound::Here(_) | TokenFound::Elsewhere(_) | TokenFound::Nowhere | TokenFound::Altered));
        let of_api = match who {
            Who::PostHog(instance) => self.instance(field, instance),
            Who::Unreachable(words) => Finding::new(field, Mark::Fail, words.clone())
                .unsure()
                .advised("check the address, DNS, the firewall and any proxy in between"),
            Who::Unidentified(excerpt) => unidentified(field, excerpt, accepts_events),
        };
        let of_host = self.typed.api_host.as_ref().map(|_| match token {
            _ if accepts_events => Finding::new("host", Mark::Ok, "answers like PostHog"),
            Some(TokenFound::CannotTell(why)) => Finding::new("host", Mark::Note, format!("cannot verify that events are accepted: {why}"))
                .advised("configure the proxy to forward /i/v0/e/ and, if possible, /flags/"),
            _ => Finding::new("host", Mark::Note, "not checked: there is no token yet"),
        });
        of_host.into_iter().chain([of_api]).collect()
    }

    fn instance(&self, field: &'static str, instance: &Instance) -> Finding {
        if instance.too_old().is_some() {
            return Finding::new(field, Mark::Fail, format!("{instance}: too old, Heartbeat needs {} or later", instance::OLDEST))
                .advised(format!("upgrade it: {}", instance::UPGRADING));
        }
        match instance {
            Instance::SelfHosted { down, .. } if !down.is_empty() => Finding::new(field, Mark::Note, instance.to_string())
                .advised(format!("see {}/_preflight and the logs of these services", self.api())),
            _ => Finding::new(field, Mark::Ok, instance.to_string()),
        }
    }

    async fn key(&self, who: &Who) -> Vec<Finding> {
        let field = "personal_api_key";
        let Some(key) = &self.typed.key else {
            return vec![Finding::new(field, Mark::Note, "not set: beats are sent, but arrival is not checked").advised(KEY_TO_MAKE)];
        };
        match who {
            Who::PostHog(instance) if instance.too_old().is_none() => {}
            Who::PostHog(_) => return vec![Finding::new(field, Mark::Note, "not checked: this PostHog is too old")],
            Who::Unidentified(_) | Who::Unreachable(_) => {
                let says = "not checked: the key is only sent to a host that identifies itself as PostHog";
                return vec![Finding::new(field, Mark::Note, says)];
            }
        }
        let found = match &self.typed.token {
            Some(token) => self.within(find_project(self.client, self.api(), key, token)).await,
            None => None,
        };
        let path = match (self.typed.posthog_id, &found) {
            (Some(given), _) => ProjectPath::Number(given),
            (None, Some(Ok(found))) => found.path,
            (None, Some(Err(failure))) => return vec![failed(failure)],
            (None, None) if self.typed.token.is_none() => {
                return vec![Finding::new(field, Mark::Note, "not checked: there is no token yet")];
            }
            (None, None) => return vec![Finding::new(field, Mark::Note, format!("not checked: {}", timed_out()))],
        };
        // A project-scoped key states its project id, but not the project of the token.
        let scopes = found.as_ref().and_then(|found| found.as_ref().ok()?.scopes.clone());
        if let (None, Some(token), Some(scopes)) = (self.typed.posthog_id, &self.typed.token, &scopes)
            && scopes.allows(KeyScope::ProjectRead)
            && let [only] = scopes.projects.as_slice()
            && let Some(Ok(false)) = self.within(has_token(self.client, self.api(), key, *only, token)).await
        {
            let says = format!("the key is limited to project {only}, but the token belongs to another project");
            return vec![Finding::new(field, Mark::Fail, says).advised(KEY_TO_MAKE)];
        }
        let question = Question {
            base: self.api(),
            key,
            posthog_id: path,
            events: Vec::new(),
            uuids: Vec::new(),
            back_to: self.clock.now(),
            watched: Watched::default(),
            now: self.clock.now(),
        };
        let seen = self.within(readback(self.client, &question)).await;
        let of_key = match seen {
            Some(Ok(_)) => match (key.warning(), path) {
                (Some(warning), _) => Finding::new(field, Mark::Note, warning),
                (None, ProjectPath::Number(number)) => {
                    let finding = Finding::new(field, Mark::Ok, format!("can query project {number}"));
                    match scopes.as_ref().and_then(KeyScopes::missing_says) {
                        Some(says) => finding.advised(says),
                        None => finding,
                    }
                }
                (None, ProjectPath::Current) => {
                    let says =
                        "can query, but does not state its project: beats are read back from the project that the key's owner has open";
                    Finding::new(field, Mark::Note, says).advised(ReadbackErrorKind::WhichProject.advice())
                }
            },
            // The id is wrong; the key may be right.
            Some(Err(failure)) if failure.kind == ReadbackErrorKind::NoSuchProject && self.typed.posthog_id.is_some() => {
                let says = format!("the key has no access to project {path}: {}", failure.says());
                return vec![Finding::new("project_id", Mark::Fail, says).advised(number_advice(found.as_ref()))];
            }
            Some(Err(failure)) => failed(&failure),
            None => Finding::new(field, Mark::Note, format!("not checked: {}", timed_out())),
        };
        let found = found.and_then(Result::ok).and_then(|found| found.path.number());
        let of_number = match (self.typed.posthog_id, found) {
            (Some(given), Some(found)) if given != found => Some(
                Finding::new("project_id", Mark::Fail, format!("the token belongs to project {found}"))
                    .advised("give this id, or leave the field empty"),
            ),
            (Some(_), Some(_)) => Some(Finding::new("project_id", Mark::Ok, "the token belongs to this project")),
            (None, Some(found)) => Some(Finding::new("project_id", Mark::Ok, format!("found: {found}"))),
            _ => None,
        };
        [of_key].into_iter().chain(of_number).collect()
    }
}

fn timed_out() -> String {
    format!("no answer within {} s", LIMIT.as_secs())
}

fn token_finding(found: &TokenFound) -> Finding {
    let finding = Finding::new("token", found.mark(), found.to_string());
    match found {
        TokenFound::Here(_) | TokenFound::Lost | TokenFound::CannotTell(_) => finding,
        TokenFound::Elsewhere(other) => finding.advised(format!("set the host to `{}`", other.name())),
        TokenFound::Nowhere => finding.advised(COPY_THE_TOKEN),
        TokenFound::Altered => finding.advised("configure the proxy to forward request bodies unchanged to the PostHog of this project"),
    }
}

/// A host that does not identify its PostHog: a reverse proxy that passes only capture, or not PostHog at all.
fn unidentified(field: &'static str, excerpt: &ResponseExcerpt, accepts_events: bool) -> Finding {
    let answer = excerpt.said();
    if accepts_events && field == "host" {
        return Finding::new(field, Mark::Note, format!("validates tokens like PostHog, but does not identify itself: {answer}"))
            .advised("if this is a reverse proxy, give the PostHog behind it as the API host");
    }
    let is_page =
        excerpt.headers.iter().any(|(name, value)| name == "content-type" && value.contains("html")) || excerpt.words.starts_with('<');
    if is_page || (200..400).contains(&excerpt.status) {
        return Finding::new(field, Mark::Fail, format!("the answer is not from PostHog: {answer}"))
            .advised("check the address, and whether a proxy or login page is in front of it");
    }
    Finding::new(field, Mark::Note, format!("does not identify itself as PostHog: {answer}"))
        .advised("if this is a reverse proxy, give the PostHog behind it as the API host")
}

fn failed(failure: &ReadbackError) -> Finding {
    // A temporary failure says nothing about the key.
    let is_inconclusive = failure.kind.can_pass() || failure.kind == ReadbackErrorKind::QueryRejected;
    let mark = if is_inconclusive { Mark::Note } else { Mark::Fail };
    let finding = Finding::new("personal_api_key", mark, failure.says()).advised(advice(failure.kind));
    // A component in between may have sent this answer.
    let is_unsure = matches!(failure.kind, ReadbackErrorKind::NotPostHog | ReadbackErrorKind::KeyNotReceived);
    if is_unsure { finding.unsure() } else { finding }
}

fn number_advice(found: Option<&Result<FoundProject, ReadbackError>>) -> String {
    match found.and_then(|found| found.as_ref().ok()?.path.number()) {
        Some(number) => format!("the token belongs to project {number}: give this id, or leave the field empty"),
        _ => "give the number in the URL of the project's pages, or leave the field empty".to_owned(),
    }
}
