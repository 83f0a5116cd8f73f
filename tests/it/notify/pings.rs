//! The dead-man ping against a service that answers as the real ones do.

use heartbeat::model::{Delivery, SecretUrl};
use heartbeat::notify::{Method, Ping, PingState};

use super::bed::sender;
use crate::support::scripted::{Server, answer};

async fn ping(path: &str, method: Method, state: PingState, body: &'static str) -> (Delivery, Vec<String>) {
    let server = Server::start(move |_, _| answer("200 OK", "content-type: text/plain\r\n", body)).await;
    let ping = Ping { url: SecretUrl::parse(&format!("{}{path}", server.base())).unwrap(), method };
    let delivery = ping.send(&sender().0, state).await;
    (delivery, server.requests().iter().map(|request| request.line().to_owned()).collect())
}

#[tokio::test]
async fn a_ping_goes_out_by_get_or_by_post() {
    let (delivery, lines) = ping("/anything", Method::GET, PingState::Alive, "OK").await;
    assert_eq!((delivery, lines.as_slice()), (Delivery::Accepted("200 OK: OK".into()), ["GET /anything HTTP/1.1".to_owned()].as_slice()));
    let (_, lines) = ping("/ping/uuid", Method::POST, PingState::Start, "OK").await;
    assert_eq!(lines, ["POST /ping/uuid/start HTTP/1.1"]);
}

#[tokio::test]
async fn a_service_without_a_word_for_it_is_not_asked() {
    for state in [PingState::Start, PingState::Fail] {
        let (delivery, lines) = ping("/anything", Method::GET, state, "OK").await;
        assert!(matches!(delivery, Delivery::Accepted(_)) && lines.is_empty(), "{delivery:?} {lines:?}");
    }
}

#[tokio::test]
async fn a_check_that_there_is_not_is_noticed_behind_its_200() {
    let (delivery, _) = ping("/ping/uuid", Method::GET, PingState::Alive, "OK (not found)").await;
    assert!(matches!(delivery, Delivery::Rejected { .. }), "{delivery:?}");
    let (delivery, _) = ping("/ping/uuid", Method::GET, PingState::Alive, "OK (rate limited)").await;
    assert!(matches!(delivery, Delivery::TryAgain { .. }), "{delivery:?}");
}
