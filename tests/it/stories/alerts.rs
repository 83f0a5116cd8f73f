//! From the first bad beat to the message that it is over, for every cause, through the sandbox's faults.
//!
//! Each story says how long after the first bad beat it is notified, and how long after the first good one that it is resolved; `-- --nocapture`
//! prints both beside the rule's own time. docs/performance.md has the table.

#![expect(clippy::print_stdout, reason = "the table of times is read by whoever asks for it")]

mod causes;
mod ends;
mod loss;

use std::time::Duration;

use heartbeat::model::{Message, NotificationKind, span};
use serde_json::{Value, json};

use super::World;

/// From a decision to the message about it, at most.
const TELLING: Duration = Duration::from_secs(5);
/// From a slot to the read-back at it.
const READBACK: Duration = Duration::from_secs(20);

const fn minutes(count: u64) -> Duration {
    Duration::from_mins(count)
}

/// One kind of fault, and what is to be notified about it.
struct Case {
    events: &'static str,
    settings: &'static [(&'static str, &'static str)],
    faults: Value,
    no_faults: Value,
    /// The title when it opens, its cause's code, and part of its cause's words.
    title: &'static str,
    code: &'static str,
    words: &'static str,
    /// The rule's own time: from the slot of the first bad beat to the read-back that decides it, and the same for the end.
    opens: Duration,
    closes: Duration,
    over: &'static str,
}

impl Default for Case {
    fn default() -> Self {
        Self {
            events: "heartbeat",
            settings: &[],
            faults: json!({}),
            no_faults: json!({}),
            title: "",
            code: "",
            words: "",
            opens: minutes(2) + READBACK,
            closes: minutes(2) + READBACK,
            over: "",
        }
    }
}

fn is(kind: NotificationKind) -> impl Fn(&Message) -> bool {
    move |message| message.kind == kind
}

impl Case {
    async fn run(self, name: &str) -> World {
        let world = World::alerting(self.events, self.settings).await;
        self.run_in(world, name, async |_, _| ()).await
    }

    /// Runs it in this world. `turn` makes what is bad that is no faults of the sandbox, when it gets `true`, and good again.
    async fn run_in(self, world: World, name: &str, turn: impl AsyncFn(&World, bool)) -> World {
        world.minutes(6).await;
        assert_eq!(world.titles().await, Vec::<String>::new(), "no faults are no news");

        world.faults(&self.faults);
        turn(&world, true).await;
        let first_bad = World::slot(world.clock.now().minute().plus(1));
        let (opened_at, opened) = world.until_told(name, 60, is(NotificationKind::Opened)).await;
        let facts = opened.incident.clone().unwrap();
        assert_eq!(opened.title, self.title, "{}", opened.text);
        assert_eq!(facts.cause_code, self.code, "{}", facts.cause);
        assert!(facts.cause.contains(self.words), "{}", facts.cause);
        let detected = opened_at.since(first_bad);
        assert!(detected <= self.opens + TELLING, "told {} after the first bad beat", span(detected));
        assert!(detected + READBACK >= self.opens, "told {} after the first bad beat, before the rule could know", span(detected));

        world.bad_minutes(1).await;
        world.faults(&self.no_faults);
        turn(&world, false).await;
        let first_good = World::slot(world.clock.now().minute().plus(1));
        let (over_at, over) = world.until_told("that it is over", 60, is(NotificationKind::Resolved)).await;
        assert_eq!(over.title.split(" (after ").next().unwrap(), self.over, "{}", over.text);
        assert_eq!(over.incident.as_ref().unwrap().key, facts.key);
        let recovered = over_at.since(first_good);
        assert!(recovered <= self.closes + TELLING, "told {} after the first good beat", span(recovered));
        println!("| {name} | {} | {} | {} | {} |", span(self.opens), span(detected), span(self.closes), span(recovered));

        world.minutes(10).await;
        assert_eq!(world.kinds().await, "opened resolved");
        assert_eq!(world.incidents().await.len(), 1);
        world
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_capture_that_rejects_is_reported_with_its_words_and_when_it_accepts_again() {
    let case = Case {
        faults: json!({"capture": {"status": 503, "body": "transient error, please retry"}}),
        no_faults: json!({"capture": {"status": null, "body": null}}),
        title: "[critical] story: capture fails",
        code: "capture",
        words: "503 “transient error, please retry”",
        over: "[resolved] story: capture works again",
        ..Case::default()
    };
    case.run("capture refuses").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreachable_capture_is_reported_with_the_phase() {
    let case = Case {
        faults: json!({"capture": {"reset_rate": 1}}),
        no_faults: json!({"capture": {"reset_rate": 0}}),
        title: "[critical] story: capture fails",
        code: "no_answer",
        words: "accepts the connection but sends no complete response",
        over: "[resolved] story: capture works again",
        ..Case::default()
    };
    case.run("capture unreachable").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_queue_is_reported_first_as_late_and_nothing_is_lost_in_the_end() {
    let case = Case {
        faults: json!({"queue": {"stopped": true}}),
        no_faults: json!({"queue": {"stopped": false}}),
        title: "[warning] story: ingestion is late",
        code: "pipeline",
        words: "PostHog says that kafka, plugins are down",
        opens: minutes(2 + 5) + READBACK,
        over: "[resolved] story: ingestion is on time again",
        ..Case::default()
    };
    case.run("queue stopped").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_that_are_dropped_are_reported_as_lost() {
    let case = Case {
        settings: &[("lag_above", "off")],
        faults: json!({"capture": {"drop_rate": 1}}),
        no_faults: json!({"capture": {"drop_rate": 0}}),
        title: "[critical] story: ingestion stopped",
        code: "pipeline",
        words: "and cannot be queried after",
        opens: minutes(2 + 15) + READBACK,
        over: "[resolved] story: no more beats are lost",
        ..Case::default()
    };
    case.run("events dropped").await;
}
