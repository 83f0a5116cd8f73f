//! Trying again: when, how often, and with what.

use std::time::Duration;

use heartbeat::clock::{Clock, Hand};
use heartbeat::model::{CaptureResult, Endpoint, Obstacle, Phase, RejectionReason, Reply, Timestamp};
use heartbeat::posthog::capture::send;
use heartbeat::posthog::{Client, Settings};
use serde_json::json;
use tokio::task::JoinHandle;

use super::Sample;
use crate::support::scripted::{Act, Server, answer, eventually, ok};

const START: Timestamp = Timestamp::from_ms(1_740_000_000_000);

/// A beat being sent by a clock that only the test moves.
struct Sending {
    hand: Hand,
    capture_result: JoinHandle<CaptureResult>,
}

impl Sending {
    /// Under way: the server has the first request.
    async fn start(endpoint: Endpoint, server: &Server, room: Duration) -> Self {
        let (clock, hand) = Clock::hand(START);
        let client = Client::new(clock, &Settings::default()).unwrap();
        let base = server.base();
        let capture_result = tokio::spawn(async move { send(&client, &Sample::new(endpoint).event(&base), START.plus(room)).await });
        server.wait_for(1).await;
        Self { hand, capture_result }
    }

    /// Lets time pass in steps until the beat is through.
    async fn through(self, step: Duration) -> CaptureResult {
        eventually(|| {
            self.hand.advance(step);
            self.capture_result.is_finished()
        })
        .await;
        self.capture_result.await.unwrap()
    }
}

const MINUTE: Duration = Duration::from_mins(1);
const STEP: Duration = Duration::from_millis(50);

#[tokio::test]
async fn a_failure_that_can_pass_is_tried_again_with_the_same_bytes() {
    for (kind, endpoint) in [
        ("408 Request Timeout", Endpoint::V0),
        ("500 Internal Server Error", Endpoint::V0),
        ("502 Bad Gateway", Endpoint::V1),
        ("503 Service Unavailable", Endpoint::V0),
        ("504 Gateway Timeout", Endpoint::V1),
    ] {
        let uuid = Sample::new(endpoint).beat.uuid;
        let server = Server::start(move |at, _| match at {
            0 | 1 => answer(kind, "", "please retry"),
            _ => answer("200 OK", "", &json!({"status": "Ok", "results": {uuid.to_string(): {"result": "ok"}}}).to_string()),
        })
        .await;
        let capture_result = Sending::start(endpoint, &server, MINUTE).await.through(STEP).await;
        assert_eq!((capture_result.reply, capture_result.tries), (Reply::Accepted { status: 200 }, 3), "{kind}");
        assert_eq!(capture_result.sent, START);
        let requests = server.requests();
        assert!(requests.iter().all(|request| request.body == requests[0].body && request.line() == requests[0].line()));
        if endpoint == Endpoint::V1 {
            let attempts: Vec<_> = requests.iter().map(|request| request.header("posthog-attempt").unwrap()).collect();
            assert_eq!(attempts, ["1", "2", "3"]);
            let same = |name| requests.iter().all(|request| request.header(name) == requests[0].header(name));
            assert!(same("posthog-request-id") && same("authorization"));
            assert!(!same("posthog-request-timestamp"), "it is that of the attempt");
        }
    }
}

#[tokio::test]
async fn a_v1_answer_of_retry_is_tried_again() {
    let uuid = Sample::new(Endpoint::V1).beat.uuid.to_string();
    let server = Server::start(move |at, _| {
        answer("200 OK", "", &json!({"results": {&uuid: {"result": if at == 0 { "retry" } else { "ok" }}}}).to_string())
    })
    .await;
    let capture_result = Sending::start(Endpoint::V1, &server, MINUTE).await.through(STEP).await;
    assert_eq!((capture_result.reply, capture_result.tries), (Reply::Accepted { status: 200 }, 2));
}

#[tokio::test]
async fn a_connection_that_is_reset_is_tried_again() {
    let server = Server::start(|at, _| if at == 0 { Act::Reset } else { ok() }).await;
    let capture_result = Sending::start(Endpoint::V0, &server, MINUTE).await.through(STEP).await;
    assert_eq!((capture_result.reply, capture_result.tries), (Reply::Accepted { status: 200 }, 2));
    assert_eq!(server.requests()[0].body, server.requests()[1].body);
}

#[tokio::test]
async fn nothing_is_tried_after_the_end_of_the_minute() {
    let room = Duration::from_secs(5);
    let server = Server::start(|_, _| answer("503 Service Unavailable", "", "")).await;
    let capture_result = Sending::start(Endpoint::V0, &server, room).await.through(STEP).await;
    assert!(matches!(capture_result.reply, Reply::Rejected { why: RejectionReason::Broken, .. }));
    assert!((3..=6).contains(&capture_result.tries), "{} tries in {room:?}", capture_result.tries);
    assert_eq!(server.requests().len(), usize::from(capture_result.tries));
    let late = Server::start(|_, _| answer("503 Service Unavailable", "", "")).await;
    let capture_result = Sending::start(Endpoint::V0, &late, Duration::ZERO).await.capture_result.await.unwrap();
    assert_eq!((capture_result.tries, late.requests().len()), (1, 1));
}

#[tokio::test]
async fn what_is_final_is_not_tried_again() {
    for status in ["400 Bad", "401 No", "402 Pay", "403 No", "413 Big", "415 Kind", "308 There", "530 Odd"] {
        let server = Server::start(move |_, _| answer(status, "", "")).await;
        let capture_result = Sending::start(Endpoint::V0, &server, MINUTE).await.capture_result.await.unwrap();
        assert_eq!((capture_result.tries, server.requests().len()), (1, 1), "{status}");
    }
}

#[tokio::test]
async fn what_a_proxy_may_have_said_is_tried_once_more_a_good_second_later() {
    for (status, endpoint) in [("429 Slow down", Endpoint::V0), ("429 Slow down", Endpoint::V1), ("404 Not Found", Endpoint::V1)] {
        let server = Server::start(move |_, _| answer(status, "", "")).await;
        let sending = Sending::start(endpoint, &server, MINUTE).await;
        sending.hand.advance(Duration::from_secs(1));
        assert!(Clock::system().timeout(Duration::from_millis(100), server.wait_for(2)).await.is_err(), "{status}");
        let capture_result = sending.through(STEP).await;
        assert_eq!((capture_result.tries, server.requests().len()), (2, 2), "{status} {endpoint:?}");
    }
    let passing = Server::start(|at, _| if at == 0 { answer("429 Slow down", "", "") } else { ok() }).await;
    let capture_result = Sending::start(Endpoint::V0, &passing, MINUTE).await.through(STEP).await;
    assert_eq!(capture_result.reply, Reply::Accepted { status: 200 });
}

#[tokio::test]
async fn throttled_is_tried_again_only_after_the_time_asked_for_and_only_if_it_fits() {
    let server = Server::start(|at, _| if at == 0 { answer("429 Slow", "retry-after: 7\r\n", "rate limited") } else { ok() }).await;
    let sending = Sending::start(Endpoint::V0, &server, MINUTE).await;
    let hand = sending.hand.clone();
    let clock = Clock::system();
    // So much of the seven seconds at most has passed that a second request would be too early.
    hand.advance(Duration::from_millis(6_900));
    assert!(clock.timeout(Duration::from_millis(100), server.wait_for(2)).await.is_err());
    let capture_result = sending.through(STEP).await;
    assert_eq!((capture_result.reply, capture_result.tries), (Reply::Accepted { status: 200 }, 2));

    let server = Server::start(|_, _| answer("429 Slow", "retry-after: 61\r\n", "rate limited")).await;
    let capture_result = Sending::start(Endpoint::V0, &server, MINUTE).await.capture_result.await.unwrap();
    assert!(matches!(capture_result.reply, Reply::Rejected { why: RejectionReason::Throttled, .. }));
    assert_eq!(capture_result.tries, 1);
}

#[tokio::test]
async fn retry_after_is_a_floor_for_failures_too_also_as_a_date() {
    let date = "retry-after: Wed, 19 Feb 2025 21:20:30 GMT\r\n";
    let server = Server::start(move |at, _| if at == 0 { answer("503 Busy", date, "") } else { ok() }).await;
    let sending = Sending::start(Endpoint::V0, &server, MINUTE).await;
    sending.hand.advance(Duration::from_secs(9));
    assert!(Clock::system().timeout(Duration::from_millis(100), server.wait_for(2)).await.is_err());
    let capture_result = sending.through(STEP).await;
    assert_eq!(capture_result.tries, 2);
}

#[tokio::test]
async fn silence_is_given_up_when_the_clock_says_so_and_not_before() {
    let server = Server::start(|_, _| Act::Silence).await;
    let sending = Sending::start(Endpoint::V0, &server, Duration::from_secs(10)).await;
    sending.hand.advance(Duration::from_secs(19));
    let clock = Clock::system();
    assert!(clock.timeout(Duration::from_millis(100), eventually(|| sending.capture_result.is_finished())).await.is_err());
    sending.hand.advance(Duration::from_secs(1));
    let capture_result = sending.capture_result.await.unwrap();
    assert_eq!(
        capture_result.reply,
        Reply::Unreachable { at: Phase::Answer, obstacle: Obstacle::TimedOut, words: "no answer within 20s".into() }
    );
    assert_eq!(capture_result.phases.first_byte_us, None);
    assert_eq!(capture_result.tries, 1);
}
