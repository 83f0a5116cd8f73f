//! The client is given every recorded answer, and must read in it what the file says; its requests have the recorded form.

use std::collections::BTreeSet;
use std::time::Duration;

use heartbeat::clock::Clock;
use heartbeat::model::{Beat, CaptureResult, Endpoint, PersonalKey, ProjectToken, ReadbackError, Reply, Timestamp, Timing};
use heartbeat::posthog::capture::{Event, send_telling};
use heartbeat::posthog::instance::{TokenState, identify, knows_token};
use heartbeat::posthog::query::{Answer, ProjectPath, Question, Watched, find_project, readback};
use heartbeat::sandbox::{PERSONAL_KEY, TOKEN};
use serde_json::Value;

use super::client;
use crate::support::scripted::{Act, Request, Server, answer};
use crate::wire::WireFile;

/// The beat that the recorded answers of v1 speak of.
const UUID: &str = "0195d3a0-1111-7000-8000-000000000001";

/// What the client made of an answer.
#[derive(Debug, Default)]
struct Reading {
    reads: String,
    words: String,
    again: bool,
}

impl Reading {
    fn of(reads: impl Into<String>) -> Self {
        Self { reads: reads.into(), ..Self::default() }
    }

    fn of_failure(failure: &ReadbackError) -> Self {
        let wait = failure.retry_after.map(|wait| format!(", for {}s", wait.as_secs())).unwrap_or_default();
        Self { words: failure.excerpt.words.clone(), ..Self::of(format!("read-back failed: {:?}{wait}", failure.kind)) }
    }

    fn of_capture_result(capture_result: &CaptureResult, again: bool) -> Self {
        match &capture_result.reply {
            Reply::Accepted { .. } => Self { again, ..Self::of("accepted") },
            Reply::Rejected { why, excerpt } => Self { reads: format!("refused {why:?}"), words: excerpt.words.clone(), again },
            Reply::Unreachable { at, words, .. } => Self { reads: format!("unreachable at {at}"), words: words.clone(), again },
        }
    }
}

#[tokio::test]
async fn every_recorded_answer_is_read_as_recorded() {
    let (mut wrong, mut read) = (Vec::new(), 0);
    for file in WireFile::all() {
        let Some(expected) = &file.client else { continue };
        let server = serve(&file).await;
        let reading = ask(&file, &server.base()).await;
        let as_recorded = reading.reads == expected.reads && reading.words.contains(&expected.words) && reading.again == expected.again;
        if !as_recorded {
            wrong.push(format!("{} ({}): {reading:?} and not {expected:?}", file.name, file.what));
        }
        if expected.asks {
            let asked = server.requests().into_iter().find(|request| is_asked(&file, request));
            let differences = asked.map_or_else(|| vec!["it was not asked".to_owned()], |request| unlike(&file, &request));
            wrong.extend(differences.into_iter().map(|difference| format!("{}: {difference}", file.name)));
        }
        read += 1;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(read > 40, "only {read} files say what the client reads");
}

/// A server that gives the recorded answer once to each path, and then one that ends the asking.
async fn serve(file: &WireFile) -> Server {
    let file = file.clone();
    let mut given = false;
    Server::start(move |_, request| {
        if !is_asked(&file, request) {
            // `/flags/` where an older PostHog has `/decide/`; or both out of order, where there is only the configuration left.
            return answer(if file.name.starts_with("config") { "500 Internal Server Error" } else { "404 Not Found" }, "", "");
        }
        if std::mem::replace(&mut given, true) { accepting() } else { recorded(&file) }
    })
    .await
}

fn recorded(file: &WireFile) -> Act {
    let kind = Some(("content-type", file.answer.content_type.as_str())).filter(|(_, kind)| !kind.is_empty());
    let headers = file.answer.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).chain(kind);
    let head = headers.fold(String::new(), |head, (name, value)| head + name + ": " + value + "\r\n");
    answer(&format!("{} Recorded", file.answer.status), &head, &file.answer.body)
}

/// Taken by either endpoint.
fn accepting() -> Act {
    answer("200 OK", "content-type: application/json\r\n", &format!(r#"{{"status":"Ok","results":{{"{UUID}":{{"result":"ok"}}}}}}"#))
}

/// Whether this is a request that the file answers. Capture is: whatever the file's own request was, it is an answer of capture's.
fn is_asked(file: &WireFile, request: &Request) -> bool {
    let is_capture = file.name.starts_with("v0") || file.name.starts_with("v1");
    is_capture || request.line().starts_with(&format!("{} {}", file.request.method, file.request.path))
}

/// Asks as the product does, for what the file is about.
async fn ask(file: &WireFile, base: &str) -> Reading {
    let token = if file.name == "config-unknown" { "phc_of_nobody" } else { TOKEN };
    let (token, key) = (ProjectToken::parse(token).unwrap(), PersonalKey::parse(PERSONAL_KEY).unwrap());
    match file.name.split('-').next().unwrap() {
        "v0" => send(Endpoint::V0, base, &token).await,
        "v1" => send(Endpoint::V1, base, &token).await,
        "query" => {
            let posthog_id = ProjectPath::Number(if file.request.path.contains("/2/") { 2 } else { 1 });
            // The answer repeats when it was asked.
            let now = Timestamp::from_ms(1_740_000_000_000);
            let (uuids, watched) = (Vec::new(), Watched::default());
            let question = Question { base, key: &key, posthog_id, events: vec!["heartbeat"], uuids, back_to: now, watched, now };
            match readback(&client(), &question).await {
                Ok(answer) => {
                    let Answer { arrivals, traffic, .. } = answer;
                    Reading::of(format!("{} beats, {} others, {} watched", arrivals.len(), traffic.others, traffic.watched))
                }
                Err(failure) => Reading::of_failure(&failure),
            }
        }
        "flags" | "decide" | "config" => match knows_token(&client(), base, &token).await {
            TokenState::Known => Reading::of("known"),
            TokenState::Contradicted => Reading::of("contradicted"),
            TokenState::Unknown => Reading::of("unknown"),
            TokenState::Lost => Reading::of("lost on the way"),
            TokenState::NotPostHog(excerpt) => Reading { words: excerpt.words, ..Reading::of("not PostHog") },
            TokenState::CannotTell(words) => Reading { words, ..Reading::of("cannot tell") },
        },
        "preflight" => match identify(&client(), base).await {
            Ok(instance) => Reading::of(instance.to_string()),
            Err(why) => Reading { words: why.to_string(), ..Reading::of("unidentified") },
        },
        "projects" => match find_project(&client(), base, &key, &token).await {
            Ok(found) => Reading::of(format!("project {}", found.path)),
            Err(failure) => Reading::of_failure(&failure),
        },
        other => panic!("{}: nothing of the client's asks for `{other}`", file.name),
    }
}

/// Sends a beat; gives what came of the first try, and whether there was another.
async fn send(endpoint: Endpoint, base: &str, token: &ProjectToken) -> Reading {
    let now = Clock::system().now();
    let beat = Beat { uuid: UUID.parse().unwrap(), ..Beat::alone(token, "PostHog Heartbeat Plugin", now) };
    let event = Event { base, endpoint, token, name: "heartbeat", beat: &beat, timestamp: now };
    let mut first = None;
    let last = send_telling(&client(), &event, Timing::default().timeout, now.plus(Duration::from_mins(1)), &mut |capture_result| {
        first = first.take().or(Some(capture_result));
    })
    .await;
    let again = first.is_some();
    Reading::of_capture_result(first.as_ref().unwrap_or(&last), again)
}

/// What about the client's request is not of the recorded form.
fn unlike(file: &WireFile, request: &Request) -> Vec<String> {
    let mut wrong = Vec::new();
    // A list of projects may be asked for page by page.
    let line = format!("{} {}", file.request.method, file.request.path);
    let asked = request.line().trim_end_matches(" HTTP/1.1");
    if asked != line && !asked.starts_with(&format!("{line}?")) {
        wrong.push(format!("`{asked}` and not `{line}`"));
    }
    for (name, value) in &file.request.headers {
        let sent = request.header(name);
        let must_be_equal = ["content-type", "authorization"].contains(&name.to_ascii_lowercase().as_str());
        if sent.is_none() || must_be_equal && sent != Some(value) {
            wrong.push(format!("header {name}: {sent:?} and not `{value}`"));
        }
    }
    if !file.request.body.is_empty() {
        let (recorded, sent) = (keys(&serde_json::from_str(&file.request.body).unwrap()), keys(&request.json()));
        wrong.extend(recorded.difference(&sent).map(|key| format!("`{key}` is not sent")));
        // What an event carries is ours to say, and the rest is PostHog's.
        let ours = |key: &&String| !key.contains("properties.");
        wrong.extend(sent.difference(&recorded).filter(ours).map(|key| format!("`{key}` is sent and not recorded")));
    }
    wrong
}

/// The path of each key in it: `batch.event`.
fn keys(value: &Value) -> BTreeSet<String> {
    let inside = |name: &str, value: &Value| keys(value).into_iter().map(|key| format!("{name}.{key}")).collect::<Vec<_>>();
    match value {
        Value::Object(fields) => fields.iter().flat_map(|(name, value)| [vec![name.clone()], inside(name, value)].concat()).collect(),
        Value::Array(items) => items.iter().flat_map(keys).collect(),
        _ => BTreeSet::new(),
    }
}
