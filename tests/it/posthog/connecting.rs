//! The way to the server: each phase under its own name, one cold connection a minute, the rest kept.

use std::sync::atomic::Ordering;
use std::time::Duration;

use heartbeat::clock::{Clock, Hand};
use heartbeat::model::{CaptureResult, Endpoint, NetworkError, Phase, Reply, Timestamp};
use heartbeat::posthog::capture::send;
use heartbeat::posthog::{Client, Settings};
use tokio::net::TcpListener;

use super::h2_server::H2Server;
use super::{Sample, client};
use crate::support::scripted::{Act, Server, always, eventually, ok};

const MINUTE: Duration = Duration::from_mins(1);

fn unreachable(capture_result: &CaptureResult) -> (Phase, &str) {
    match &capture_result.reply {
        Reply::Unreachable { at, words, .. } => (*at, words),
        other => panic!("answered: {other:?}"),
    }
}

/// A client whose minute the test turns, trusting these certificates.
fn turned(extra_roots: Vec<rustls::pki_types::CertificateDer<'static>>) -> (Client, Hand) {
    let (clock, hand) = Clock::hand(Timestamp::from_ms(1_740_000_000_000));
    let settings = Settings { extra_roots, ..Settings::default() };
    (Client::new(clock, &settings).unwrap(), hand)
}

#[tokio::test]
async fn a_name_that_does_not_exist_fails_at_dns() {
    let capture_result = Sample::new(Endpoint::V0).send_once(&client(), "https://posthog.invalid").await;
    let (at, words) = unreachable(&capture_result);
    assert_eq!(at, Phase::Dns);
    assert!(words.contains("`posthog.invalid`"), "{words}");
}

#[tokio::test]
async fn a_closed_port_fails_at_connect() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let capture_result = Sample::new(Endpoint::V0).send_once(&client(), &format!("http://{address}")).await;
    let (at, words) = unreachable(&capture_result);
    assert_eq!(at, Phase::Connect);
    assert!(words.contains(&address.to_string()) && words.contains("refused"), "{words}");
    assert_eq!(capture_result.phases.connect_us, None);
}

#[tokio::test]
async fn every_address_of_a_name_is_tried() {
    // `localhost` is ::1 as well as 127.0.0.1 on most machines; the server listens on one of them.
    let server = always(ok).await;
    let capture_result = Sample::new(Endpoint::V0).send_once(&client(), &format!("http://localhost:{}", server.address().port())).await;
    assert_eq!(capture_result.reply, Reply::Accepted { status: 200 });
    assert!(capture_result.phases.dns_us.is_some() && capture_result.phases.connect_us.is_some());
    assert_eq!(capture_result.phases.tls_us, None);
}

#[tokio::test]
async fn a_certificate_nobody_trusts_fails_at_tls_and_a_private_authority_mends_it() {
    let (server, certificate) = Server::start_tls(|_, _| ok()).await;
    let sample = Sample::new(Endpoint::V0);
    let capture_result = sample.send_once(&client(), &server.tls_base()).await;
    let (at, words) = unreachable(&capture_result);
    assert_eq!(at, Phase::Tls);
    assert!(words.contains("certificate"), "{words}");
    assert_eq!(server.requests().len(), 0);
    assert!(capture_result.phases.connect_us.is_some());

    let (trusting, _hand) = turned(vec![certificate]);
    let capture_result = sample.send_once(&trusting, &server.tls_base()).await;
    assert_eq!(capture_result.reply, Reply::Accepted { status: 200 });
    assert!(capture_result.phases.tls_us.is_some());

    let wrong_name = format!("https://127.0.0.1:{}", server.address().port());
    assert_eq!(unreachable(&sample.send_once(&trusting, &wrong_name).await).0, Phase::Tls);
}

#[tokio::test]
async fn plain_http_where_tls_is_expected_fails_at_tls() {
    let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = server.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = server.accept().await {
            let _ = tokio::io::AsyncWriteExt::write_all(&mut stream, b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        }
    });
    let capture_result = Sample::new(Endpoint::V0).send_once(&client(), &format!("https://localhost:{port}")).await;
    assert_eq!(unreachable(&capture_result).0, Phase::Tls);
}

#[tokio::test]
async fn a_tls_handshake_without_an_end_is_given_up_at_tls() {
    let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = server.local_addr().unwrap().port();
    let (client, hand) = turned(Vec::new());
    let sending = tokio::spawn(async move { Sample::new(Endpoint::V0).send_once(&client, &format!("https://localhost:{port}")).await });
    let (_held_open, _) = server.accept().await.unwrap();
    // Once it is accepted only TLS is waited for; a step may come before the client knows, so it takes several.
    eventually(|| {
        hand.advance(Duration::from_secs(1));
        sending.is_finished()
    })
    .await;
    let capture_result = sending.await.unwrap();
    assert_eq!(unreachable(&capture_result), (Phase::Tls, "no answer within 20s"));
}

#[test]
fn a_certificate_that_is_none_is_rejected_at_the_start() {
    let settings = Settings { extra_roots: vec![vec![1, 2, 3].into()], ..Settings::default() };
    assert!(matches!(Client::new(Clock::system(), &settings), Err(NetworkError::Root(_))));
}

#[tokio::test]
async fn the_second_beat_of_a_minute_reuses_the_connection_and_a_new_minute_dials() {
    let server = always(ok).await;
    let (client, hand) = turned(Vec::new());
    let sample = Sample::new(Endpoint::V0);
    let mut dialled = Vec::new();
    for _ in 0..3 {
        for _ in 0..2 {
            let capture_result = sample.send_once(&client, &server.base()).await;
            assert_eq!(capture_result.reply, Reply::Accepted { status: 200 });
            dialled.push(capture_result.phases.connect_us.is_some());
        }
        hand.advance(MINUTE);
    }
    assert_eq!(dialled, [true, false, true, false, true, false]);
    assert_eq!(server.connections(), 3);
}

#[tokio::test]
async fn a_clock_that_steps_back_over_the_turn_of_the_minute_dials_no_more() {
    let server = always(ok).await;
    let (client, hand) = turned(Vec::new());
    let turn = Timestamp::from_ms(1_740_000_000_000);
    for (wall, dials) in
        [(turn, 1), (turn.minus(Duration::from_millis(1)), 1), (turn, 1), (turn.plus(MINUTE), 2), (turn.minus(60 * MINUTE), 3)]
    {
        hand.step_to(wall);
        Sample::new(Endpoint::V0).send_once(&client, &server.base()).await;
        assert_eq!(server.connections(), dials, "{wall}");
    }
}

#[tokio::test]
async fn a_connection_idle_for_too_long_is_not_used_again() {
    let server = always(ok).await;
    let (client, hand) = turned(Vec::new());
    let sample = Sample::new(Endpoint::V0);
    sample.send_once(&client, &server.base()).await;
    // All within one minute, so that none is dialled for being the first.
    for (later, dialled) in [(40, false), (14, false), (5, false)] {
        hand.advance(Duration::from_secs(later));
        let capture_result = sample.send_once(&client, &server.base()).await;
        assert_eq!(capture_result.phases.connect_us.is_some(), dialled);
    }
    let start = Timestamp::from_ms(1_740_000_000_000);
    hand.advance(Duration::from_secs(46));
    hand.step_to(start);
    assert!(sample.send_once(&client, &server.base()).await.phases.connect_us.is_some());
}

#[tokio::test]
async fn a_connection_that_the_server_says_it_closes_is_not_used_again() {
    let server =
        Server::start(|_, _| Act::Close("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 15\r\n\r\n{\"status\":\"Ok\"}".into()))
            .await;
    let (client, _hand) = turned(Vec::new());
    for count in 1..=3 {
        let capture_result = Sample::new(Endpoint::V0).send_once(&client, &server.base()).await;
        assert_eq!((capture_result.reply, capture_result.tries), (Reply::Accepted { status: 200 }, 1));
        assert_eq!(server.connections(), count);
    }
}

#[tokio::test]
async fn a_connection_that_the_server_closes_without_a_word_loses_no_beat() {
    let server = Server::start(|_, _| Act::Close("HTTP/1.1 200 OK\r\ncontent-length: 15\r\n\r\n{\"status\":\"Ok\"}".into())).await;
    let client = client();
    let room = Clock::system().now().plus(MINUTE);
    for count in 1..=5 {
        // Whether the next request still goes into the closed connection is a race: then it is tried again.
        let capture_result = send(&client, &Sample::new(Endpoint::V0).event(&server.base()), room).await;
        assert_eq!(capture_result.reply, Reply::Accepted { status: 200 });
        assert_eq!(server.connections(), count);
    }
}

#[tokio::test]
async fn a_shared_connection_that_gave_no_answer_is_not_used_again() {
    let (server, certificate) = H2Server::start().await;
    let (client, hand) = turned(vec![certificate]);
    let ask = || {
        let (client, base) = (client.clone(), server.base());
        tokio::spawn(async move { Sample::new(Endpoint::V0).send_once(&client, &base).await })
    };
    let unanswered = ask();
    eventually(|| server.requests.load(Ordering::SeqCst) == 1).await;
    hand.advance(Duration::from_secs(20));
    assert_eq!(unreachable(&unanswered.await.unwrap()).0, Phase::Answer);
    let next = ask();
    eventually(|| server.requests.load(Ordering::SeqCst) == 2).await;
    server.let_go.add_permits(2);
    let capture_result = next.await.unwrap();
    assert_eq!(capture_result.reply, Reply::Accepted { status: 200 });
    assert!(capture_result.phases.tls_us.is_some(), "in the same minute, and dialled all the same");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn beats_that_meet_no_connection_at_once_share_one_of_http2() {
    let (server, certificate) = H2Server::start().await;
    let (client, hand) = turned(vec![certificate]);
    for minute in 1..=2 {
        let beats: Vec<_> = (0..50)
            .map(|_| {
                let (client, base) = (client.clone(), server.base());
                tokio::spawn(async move { Sample::new(Endpoint::V0).send_once(&client, &base).await })
            })
            .collect();
        eventually(|| server.requests.load(Ordering::SeqCst) == 50 * minute).await;
        server.let_go.add_permits(50);
        let mut dialled = 0;
        for beat in beats {
            let capture_result = beat.await.unwrap();
            assert_eq!(capture_result.reply, Reply::Accepted { status: 200 });
            dialled += usize::from(capture_result.phases.tls_us.is_some());
        }
        assert_eq!((dialled, server.connections.load(Ordering::SeqCst)), (1, minute));
        hand.advance(MINUTE);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn more_beats_than_one_http2_connection_seats_take_another() {
    let (server, certificate) = H2Server::start().await;
    let (client, _hand) = turned(vec![certificate]);
    let beats: Vec<_> = (0..250)
        .map(|_| {
            let (client, base) = (client.clone(), server.base());
            tokio::spawn(async move { Sample::new(Endpoint::V0).send_once(&client, &base).await })
        })
        .collect();
    eventually(|| server.requests.load(Ordering::SeqCst) == 250).await;
    assert_eq!(server.connections.load(Ordering::SeqCst), 3);
    server.let_go.add_permits(250);
    for beat in beats {
        assert_eq!(beat.await.unwrap().reply, Reply::Accepted { status: 200 });
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_beats_over_http1_are_all_answered() {
    let server = always(ok).await;
    let client = client();
    let beats: Vec<_> = (0..200)
        .map(|_| {
            let (client, base) = (client.clone(), server.base());
            tokio::spawn(async move { Sample::new(Endpoint::V0).send_once(&client, &base).await })
        })
        .collect();
    for beat in beats {
        assert_eq!(beat.await.unwrap().reply, Reply::Accepted { status: 200 });
    }
    assert_eq!(server.requests().len(), 200);
}

#[tokio::test]
async fn beats_that_waited_for_a_dial_that_failed_share_its_failure() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let client = client();
    let beats: Vec<_> = (0..50)
        .map(|_| {
            let (client, base) = (client.clone(), base.clone());
            tokio::spawn(async move { Sample::new(Endpoint::V0).send_once(&client, &base).await })
        })
        .collect();
    for beat in beats {
        assert_eq!(unreachable(&beat.await.unwrap()).0, Phase::Connect);
    }
}

#[tokio::test]
async fn a_server_that_never_answers_holds_no_more_than_256_connections_of_many_beats() {
    let server = Server::start(|number, _| if number == 0 { ok() } else { Act::Silence }).await;
    let (client, hand) = turned(Vec::new());
    let base = server.base();
    // That it speaks HTTP/1.1 is known from here on.
    Sample::new(Endpoint::V0).send_once(&client, &base).await;
    let mut sending = tokio::task::JoinSet::new();
    for _ in 0..400 {
        let (client, base) = (client.clone(), base.clone());
        sending.spawn(async move { Sample::new(Endpoint::V0).send_once(&client, &base).await });
    }
    server.wait_for(1 + 256).await;
    hand.advance(Duration::from_secs(20));
    while let Some(capture_result) = sending.join_next().await {
        unreachable(&capture_result.unwrap());
    }
    assert_eq!(server.requests().len(), 1 + 256);
}
