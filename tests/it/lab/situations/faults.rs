//! Nothing between: the sandbox itself is at fault, or what the program was given.

use super::Before::Nothing;
use super::{Api, Situation};

fn sandbox(name: &'static str, truth: &'static str, right: &'static [&'static str], faults: &'static str) -> Situation {
    Situation::new(name, truth, right, Nothing).faults(faults)
}

fn given(name: &'static str, truth: &'static str, right: &'static [&'static str]) -> Situation {
    let mut situation = Situation::new(name, truth, right, Nothing);
    situation.asked.api = Api::Through;
    situation
}

pub(super) fn all() -> Vec<Situation> {
    vec![
        sandbox("posthog/queue-stopped", "the queue has stopped", &["pipeline"], r#"{"queue":{"stopped":true}}"#),
        sandbox("posthog/all-lost", "events are lost behind capture", &["pipeline", "filtered"], r#"{"capture":{"drop_rate":1}}"#),
        sandbox("posthog/token-unknown", "the token is unknown", &["token"], r#"{"capture":{"unknown_token":true}}"#),
        sandbox("posthog/token-unknown-v1", "the token is unknown", &["token"], r#"{"capture":{"unknown_token":true}}"#).v1(),
        sandbox("posthog/over-quota", "over the quota", &["quota"], r#"{"capture":{"over_quota":true}}"#),
        sandbox("posthog/over-quota-v1", "over the quota", &["quota"], r#"{"capture":{"over_quota":true}}"#).v1(),
        sandbox("posthog/duplicates", "no faults: each event is stored twice", &["none"], r#"{"queue":{"duplicate_rate":1}}"#),
        sandbox("posthog/query-401", "the personal API key is refused", &["personal_key"], r#"{"query":{"status":401}}"#),
        sandbox("posthog/query-403", "the personal API key lacks a scope", &["personal_key"], r#"{"query":{"status":403}}"#),
        sandbox("posthog/query-404", "no such project", &["query", "personal_key"], r#"{"query":{"status":404}}"#).project_id(1),
        sandbox(
            "posthog/query-429",
            "the read API throttles",
            &["query", "personal_key"],
            r#"{"query":{"status":429,"retry_after_s":30}}"#,
        ),
        sandbox("posthog/query-500", "the read API is broken", &["query"], r#"{"query":{"status":500}}"#),
        sandbox("posthog/query-503", "the read API is broken", &["query"], r#"{"query":{"status":503}}"#),
        sandbox("posthog/query-slow", "no faults: the read API is slow", &["none", "query"], r#"{"query":{"delay_ms":40000}}"#)
            .exits(&[0, 1, 6]),
        sandbox(
            "posthog/query-html",
            "something else answers for the read API",
            &["query", "intermediary/answers_itself", "intermediary/requires_login", "intermediary/wrong_upstream"],
            r#"{"query":{"status":200,"body":"<!doctype html><html><title>Sign in</title></html>"}}"#,
        )
        .exits(&[6]),
        sandbox("posthog/kafka-down", "Kafka is down", &["pipeline"], r#"{"queue":{"stopped":true},"instance":{"down":["kafka"]}}"#),
        sandbox("posthog/capture-401", "capture refuses the token", &["token", "capture"], r#"{"capture":{"status":401}}"#),
        sandbox("posthog/capture-402", "capture refuses for the quota", &["quota", "capture"], r#"{"capture":{"status":402}}"#),
        sandbox(
            "posthog/capture-413",
            "capture finds it too large",
            &["capture", "intermediary/too_large"],
            r#"{"capture":{"status":413}}"#,
        ),
        sandbox("posthog/capture-429", "capture limits the rate", &["capture"], r#"{"capture":{"status":429}}"#),
        sandbox("posthog/capture-500", "capture is broken", &["capture"], r#"{"capture":{"status":500}}"#),
        sandbox("posthog/capture-503", "capture is broken", &["capture"], r#"{"capture":{"status":503}}"#),
        sandbox(
            "posthog/capture-html",
            "something else answers for capture",
            &["intermediary/answers_itself", "intermediary/requires_login", "intermediary/wrong_upstream"],
            r#"{"capture":{"status":200,"body":"<html><title>Sign in</title></html>"}}"#,
        ),
        sandbox(
            "posthog/capture-cuts",
            "the connection is cut, and nothing taken",
            &["no_answer", "capture"],
            r#"{"capture":{"reset_rate":1}}"#,
        ),
        sandbox(
            "posthog/answers-lost",
            "the connection is cut, and the event taken",
            &["answers_lost"],
            r#"{"capture":{"lose_answer_rate":1}}"#,
        ),
        sandbox(
            "posthog/capture-slow",
            "capture answers after 30 s",
            &["no_answer", "answers_lost", "capture"],
            r#"{"capture":{"delay_ms":30000}}"#,
        ),
        given("given/wrong-key", "the personal API key is wrong", &["personal_key"]).key("phx_of_someone_else"),
        given("given/wrong-project", "the number of the project is wrong", &["personal_key", "query"]).project_id(77),
        given("given/wrong-token", "the token is unknown", &["token"]).token("phc_of_nobody"),
    ]
}
