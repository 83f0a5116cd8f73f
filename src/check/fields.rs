//! What a person typed to set up a project, asked of the PostHog that it names: which one is it, does it know the token, may the key query, which
//! project is it? Nothing is sent into the project, and nothing is remembered.
//!
//! The host comes first: where nobody answers, nobody is asked for the rest. The personal key is shown to nothing that does not say that it is a
//! PostHog: a host is typed letter by letter, and some other host may have the beginning of its name.

use std::time::Duration;

use super::Mark;
use super::arrival::advice;
use super::token::{COPY_THE_TOKEN, TokenFound, find_token};
use crate::clock::Clock;
use crate::model::{Host, KeyScope, KeyScopes, PersonalKey, ProjectSpec, ProjectToken, ReadbackError, ReadbackErrorKind, ResponseExcerpt};
use crate::posthog::Client;
use crate::posthog::instance::{self, Instance, Unidentified, identify};
use crate::posthog::query::{FoundProject, ProjectPath, Question, Watched, find_project, has_token, readback};

/// Each question may take so long, in real time: somebody waits for the answer with his fingers on the keys.
const LIMIT: Duration = Duration::from_secs(5);
/// The key that needs nothing else.
const KEY_TO_MAKE: &str =
    "make a personal API key under Settings > Personal API keys that is limited to this project, with the scope query:read";

/// What was typed, as far as it can be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Typed {
    /// Where events would go.
    pub host: Option<Host>,
    /// Where they would be read, when that is not the host's own API.
    pub api_host: Option<Host>,
    /// Into which project.
    pub token: Option<ProjectToken>,
    /// Reads.
    pub key: Option<PersonalKey>,
    /// PostHog's number of the project.
    pub posthog_id: Option<u64>,
}

impl Typed {
    /// All of what is set up.
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

/// What was found out about one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Which: `host`, `api_host`, `token`, `personal_api_key`, `project_id`.
    pub field: &'static str,
    /// How it came out.
    pub mark: Mark,
    /// What was found, as a sentence without a full stop. Holds no secret.
    pub says: String,
    /// What to do about it, where there is something to do.
    pub advice: Option<String>,
    /// Whether a failure may pass by itself, or be somebody else's: it is no reason not to save.
    is_unsure: bool,
}

impl Finding {
    fn new(field: &'static str, mark: Mark, says: impl Into<String>) -> Self {
        Self { field, mark, says: says.into(), advice: None, is_unsure: false }
    }

    fn unsure(self) -> Self {
        Self { is_unsure: true, ..self }
    }

    /// Whether it is a reason not to save: the field is wrong, and it is known to be.
    #[must_use]
    pub fn rejects(&self) -> bool {
        self.mark == Mark::Fail && !self.is_unsure
    }

    /// What was found and what to do about it, in one line.
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

/// Asks, and tells of each field of which there is something to tell.
pub async fn fields(client: &Client, clock: &Clock, typed: &Typed) -> Vec<Finding> {
    let Some(host) = &typed.host else { return Vec::new() };
    let inquiry = Inquiry { client, clock, typed, host };
    // 1. Who answers there? A host with an API elsewhere is asked for the token, and its API who it is.
    let who = Box::pin(inquiry.identify()).await;
    if let Who::Nobody(_) = who
        && typed.api_host.is_none()
    {
        return inquiry.unanswered(&who);
    }
    // 2. The rest at once.
    let (token, key) = tokio::join!(Box::pin(inquiry.token()), Box::pin(inquiry.key(&who)));
    let mut findings = inquiry.places(&who, token.as_ref());
    findings.extend(token.map(|found| told_of(&found)));
    findings.extend(key);
    findings
}

/// Who answers at the API.
enum Who {
    PostHog(Instance),
    /// Something that does not say that it is one.
    Stranger(ResponseExcerpt),
    Nobody(String),
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

    /// The field that names the API.
    const fn api_field(&self) -> &'static str {
        if self.typed.api_host.is_some() { "api_host" } else { "host" }
    }

    async fn within<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        self.clock.timeout(self.clock.in_real(LIMIT), work).await.ok()
    }

    async fn identify(&self) -> Who {
        match self.within(identify(self.client, self.api())).await {
            Some(Ok(instance)) => Who::PostHog(instance),
            Some(Err(Unidentified::Strange(excerpt))) => Who::Stranger(excerpt),
            Some(Err(Unidentified::NoAnswer { at, words })) => Who::Nobody(format!("nobody answers there ({at}): {words}")),
            None => Who::Nobody(in_vain()),
        }
    }

    async fn token(&self) -> Option<TokenFound> {
        let token = self.typed.token.as_ref()?;
        let found = self.within(find_token(self.client, self.host, self.typed.api_host.as_ref(), token)).await;
        Some(found.unwrap_or_else(|| TokenFound::CannotTell(in_vain())))
    }

    /// What is told where nobody answers: of the rest, that nobody was asked.
    fn unanswered(&self, who: &Who) -> Vec<Finding> {
        let mut findings = self.places(who, None);
        let unasked = |field| Finding::new(field, Mark::Note, "not checked: nobody answers at the host");
        findings.extend(self.typed.token.as_ref().map(|_| unasked("token")));
        findings.extend(self.typed.key.as_ref().map(|_| unasked("personal_api_key")));
        findings
    }

    /// What is told of the host, and of the API's.
    fn places(&self, who: &Who, token: Option<&TokenFound>) -> Vec<Finding> {
        let field = self.api_field();
        let takes_events =
            matches!(token, Some(TokenFound::Here(_) | TokenFound::Elsewhere(_) | TokenFound::Nowhere | TokenFound::Altered));
        let of_api = match who {
            Who::PostHog(instance) => self.instance(field, instance),
            Who::Nobody(words) => Finding::new(field, Mark::Fail, words.clone())
                .unsure()
                .advised("check the address, the name server, the firewall and the proxy between"),
            Who::Stranger(excerpt) => stranger(field, excerpt, takes_events),
        };
        let of_host = self.typed.api_host.as_ref().map(|_| match token {
            _ if takes_events => Finding::new("host", Mark::Ok, "answers as a PostHog does"),
            Some(TokenFound::CannotTell(why)) => {
                Finding::new("host", Mark::Note, format!("cannot tell whether events are taken there: {why}"))
                    .advised("let the proxy pass on /i/v0/e/, and if you can /flags/")
            }
            _ => Finding::new("host", Mark::Note, "not checked before there is a token"),
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
                .advised(format!("see {}/_preflight and the logs of what is named here", self.api())),
            _ => Finding::new(field, Mark::Ok, instance.to_string()),
        }
    }

    /// What is told of the key, and of the project's number.
    async fn key(&self, who: &Who) -> Vec<Finding> {
        let field = "personal_api_key";
        let Some(key) = &self.typed.key else {
            return vec![
                Finding::new(field, Mark::Note, "none is given: beats are sent, and whether they arrive is not checked")
                    .advised(KEY_TO_MAKE),
            ];
        };
        match who {
            Who::PostHog(instance) if instance.too_old().is_none() => {}
            Who::PostHog(_) => return vec![Finding::new(field, Mark::Note, "not checked: this PostHog is too old")],
            Who::Stranger(_) | Who::Nobody(_) => {
                let says = "not checked: a key is shown only to what says that it is a PostHog";
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
                return vec![Finding::new(field, Mark::Note, "not checked before there is a token")];
            }
            (None, None) => return vec![Finding::new(field, Mark::Note, format!("not checked: {}", in_vain()))],
        };
        // A key that is limited to one project says its number, and not whose token it is.
        let scopes = found.as_ref().and_then(|found| found.as_ref().ok()?.scopes.clone());
        if let (None, Some(token), Some(scopes)) = (self.typed.posthog_id, &self.typed.token, &scopes)
            && scopes.allows(KeyScope::ProjectRead)
            && let [only] = scopes.projects.as_slice()
            && let Some(Ok(false)) = self.within(has_token(self.client, self.api(), key, *only, token)).await
        {
            let says = format!("the key is limited to project {only}, and the token belongs to another one");
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
                    let finding = Finding::new(field, Mark::Ok, format!("may query project {number}"));
                    match scopes.as_ref().and_then(KeyScopes::missing_says) {
                        Some(says) => finding.advised(says),
                        None => finding,
                    }
                }
                (None, ProjectPath::Current) => {
                    let says =
                        "may query, and does not say which project it is for: beats are looked for in the one that its owner has open";
                    Finding::new(field, Mark::Note, says).advised(ReadbackErrorKind::WhichProject.advice())
                }
            },
            // It is the number that is wrong; the key may be right.
            Some(Err(failure)) if failure.trouble == ReadbackErrorKind::NoSuchProject && self.typed.posthog_id.is_some() => {
                let says = format!("the key sees no project {path}: {}", failure.says());
                return vec![Finding::new("project_id", Mark::Fail, says).advised(number_advice(found.as_ref()))];
            }
            Some(Err(failure)) => failed(&failure),
            None => Finding::new(field, Mark::Note, format!("not checked: {}", in_vain())),
        };
        let found = found.and_then(Result::ok).and_then(|found| found.path.number());
        let of_number = match (self.typed.posthog_id, found) {
            (Some(given), Some(found)) if given != found => Some(
                Finding::new("project_id", Mark::Fail, format!("the token belongs to project {found}"))
                    .advised("give that number, or leave the field empty"),
            ),
            (Some(_), Some(_)) => Some(Finding::new("project_id", Mark::Ok, "the token belongs to it")),
            (None, Some(found)) => Some(Finding::new("project_id", Mark::Ok, format!("found: {found}"))),
            _ => None,
        };
        [of_key].into_iter().chain(of_number).collect()
    }
}

fn in_vain() -> String {
    format!("no answer within {} s", LIMIT.as_secs())
}

fn told_of(found: &TokenFound) -> Finding {
    let finding = Finding::new("token", found.mark(), found.to_string());
    match found {
        TokenFound::Here(_) | TokenFound::Lost | TokenFound::CannotTell(_) => finding,
        TokenFound::Elsewhere(other) => finding.advised(format!("make the host `{}`", other.name())),
        TokenFound::Nowhere => finding.advised(COPY_THE_TOKEN),
        TokenFound::Altered => finding.advised("let the proxy pass request bodies on unchanged, to the PostHog that the project is in"),
    }
}

/// What does not say which PostHog it is: a reverse proxy that passes capture alone, or no PostHog at all.
fn stranger(field: &'static str, excerpt: &ResponseExcerpt, takes_events: bool) -> Finding {
    let answer = excerpt.said();
    if takes_events && field == "host" {
        return Finding::new(field, Mark::Note, format!("knows tokens as a PostHog does, and does not say which PostHog it is: {answer}"))
            .advised("if this is a reverse proxy, give the PostHog behind it as the API host");
    }
    let is_page =
        excerpt.headers.iter().any(|(name, value)| name == "content-type" && value.contains("html")) || excerpt.words.starts_with('<');
    if is_page || (200..400).contains(&excerpt.status) {
        return Finding::new(field, Mark::Fail, format!("something that is not PostHog answers there: {answer}"))
            .advised("check the address, and a proxy or login page before it");
    }
    Finding::new(field, Mark::Note, format!("does not say which PostHog it is: {answer}"))
        .advised("if this is a reverse proxy, give the PostHog behind it as the API host")
}

/// A question with the key failed.
fn failed(failure: &ReadbackError) -> Finding {
    // What passes says nothing of the key.
    let says_nothing = failure.trouble.can_pass() || failure.trouble == ReadbackErrorKind::QueryRejected;
    let mark = if says_nothing { Mark::Note } else { Mark::Fail };
    let finding = Finding::new("personal_api_key", mark, failure.says()).advised(advice(failure.trouble));
    // Something between may have said that.
    let is_unsure = matches!(failure.trouble, ReadbackErrorKind::NotPostHog | ReadbackErrorKind::KeyNotReceived);
    if is_unsure { finding.unsure() } else { finding }
}

fn number_advice(found: Option<&Result<FoundProject, ReadbackError>>) -> String {
    match found.and_then(|found| found.as_ref().ok()?.path.number()) {
        Some(number) => format!("the token belongs to project {number}: give that, or leave the field empty"),
        _ => "it is the number in the address of the project's pages; or leave the field empty".to_owned(),
    }
}
