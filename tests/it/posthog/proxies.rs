//! Proxies between: asked in the right form, named when they fail, their passwords never shown.

use heartbeat::clock::Clock;
use heartbeat::model::{Endpoint, NetworkError, Phase, Proxies, RejectionReason, Reply};
use heartbeat::posthog::{Client, Settings};

use super::Sample;
use crate::support::scripted::{Act, Request, Server, always, answer, ok};

const BASIC: &str = "Basic dXNlcjpodW50ZXIy"; // user:hunter2

fn client(proxies: Proxies, extra_roots: Vec<rustls::pki_types::CertificateDer<'static>>) -> Client {
    Client::new(Clock::system(), &Settings { proxies, extra_roots }).unwrap()
}

#[tokio::test]
async fn plain_http_goes_through_a_proxy_in_the_absolute_form() {
    let proxy = always(ok).await;
    let address = format!("http://user:hunter2@{}", proxy.address());
    for proxies in [
        Proxies { http: Some(address.clone()), ..Proxies::default() },
        Proxies { all: Some(address.clone()), ..Proxies::default() },
        Proxies { http: Some(address.clone()), https: Some("http://localhost:1".into()), ..Proxies::default() },
    ] {
        let capture_result = Sample::new(Endpoint::V0).send_once(&client(proxies, Vec::new()), "http://posthog.invalid:8000/x").await;
        assert_eq!(capture_result.reply, Reply::Accepted { status: 200 });
        let request = proxy.requests().pop().unwrap();
        assert_eq!(request.line(), "POST http://posthog.invalid:8000/x/i/v0/e/ HTTP/1.1");
        assert_eq!(request.header("host"), Some("posthog.invalid:8000"));
        assert_eq!(request.header("proxy-authorization"), Some(BASIC));
    }
}

#[tokio::test]
async fn https_goes_through_a_tunnel_of_a_plain_proxy_and_of_one_behind_tls() {
    let (server, certificate) = Server::start_tls(|_, _| ok()).await;
    let to = server.address();
    let open = move |_, _: &Request| Act::Tunnel("HTTP/1.1 200 Connection established\r\nvia: it\r\n\r\n".into(), to);
    let plain = Server::start(open).await;
    let (secured, its_certificate) = Server::start_tls(open).await;
    let trusted = vec![certificate, its_certificate];
    for (proxy, address) in [
        (&plain, format!("http://user:hunter2@{}", plain.address())),
        (&secured, format!("https://user:hunter2@localhost:{}", secured.address().port())),
    ] {
        let proxies = Proxies { https: Some(address), ..Proxies::default() };
        let capture_result = Sample::new(Endpoint::V0).send_once(&client(proxies, trusted.clone()), &server.tls_base()).await;
        assert_eq!(capture_result.reply, Reply::Accepted { status: 200 });
        assert!(capture_result.phases.tls_us.is_some());
        let connect = &proxy.requests()[0];
        assert_eq!(connect.line(), format!("CONNECT localhost:{} HTTP/1.1", to.port()));
        assert_eq!(connect.header("proxy-authorization"), Some(BASIC));
        // What is meant for PostHog is not sent to the proxy, nor the proxy's password to PostHog.
        let request = server.requests().pop().unwrap();
        assert_eq!(request.line(), "POST /i/v0/e/ HTTP/1.1");
        assert_eq!(request.header("proxy-authorization"), None);
    }
}

#[tokio::test]
async fn no_proxy_names_what_is_reached_directly_and_nothing_else_is() {
    let server = always(ok).await;
    let proxy = always(|| answer("502 Bad Gateway", "", "no such host")).await;
    for (none, direct) in [("127.0.0.0/8, example.com", true), ("*", true), ("example.com", false), ("", false)] {
        let proxies = Proxies { http: Some(proxy.base()), none: Some(none.into()), ..Proxies::default() };
        let capture_result = Sample::new(Endpoint::V0).send_once(&client(proxies, Vec::new()), &server.base()).await;
        let accepted = capture_result.reply == Reply::Accepted { status: 200 };
        // Loopback too: as for curl, only NO_PROXY makes an exception.
        assert_eq!(accepted, direct, "{none}");
    }
}

#[tokio::test]
async fn a_proxy_that_opens_no_tunnel_is_named_with_its_answer_and_without_its_password() {
    for (said, says) in [
        ("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "`HTTP/1.1 407 Proxy Authentication Required`"),
        ("HTTP/1.1 403 Forbidden\r\n\r\n", "403 Forbidden"),
        ("SSH-2.0-OpenSSH\r\n\r\n", "SSH-2.0"),
        ("", "broke off"),
    ] {
        let proxy = Server::start(move |_, _| Act::Close(said.into())).await;
        let proxies = Proxies { https: Some(format!("http://user:hunter2@{}", proxy.address())), ..Proxies::default() };
        let capture_result = Sample::new(Endpoint::V0).send_once(&client(proxies, Vec::new()), "https://posthog.invalid").await;
        let Reply::Unreachable { at, words, .. } = capture_result.reply else { panic!("answered") };
        assert_eq!(at, Phase::ForwardProxy);
        assert!(words.contains(says) && words.contains(&proxy.base()), "{words}");
        assert!(!words.contains("hunter2") && !words.contains(BASIC));
    }
}

#[tokio::test]
async fn a_plain_proxy_that_wants_a_login_is_not_posthog() {
    let proxy = always(|| answer("407 Proxy Authentication Required", "", "who are you?")).await;
    let proxies = Proxies { http: Some(proxy.base()), ..Proxies::default() };
    let capture_result = Sample::new(Endpoint::V0).send_once(&client(proxies, Vec::new()), "http://posthog.invalid").await;
    assert!(matches!(capture_result.reply, Reply::Rejected { why: RejectionReason::NotPostHog, .. }));
}

#[test]
fn an_address_that_is_no_proxy_is_rejected_by_its_variable_and_not_quoted() {
    for wrong in ["socks5://user:hunter2@localhost:1080", "http://", "ftp://x", "http://user:hunter2@", "not a proxy hunter2"] {
        let given = || Some(wrong.to_owned());
        for (proxies, variable) in [
            (Proxies { http: given(), ..Proxies::default() }, "HTTP_PROXY"),
            (Proxies { https: given(), ..Proxies::default() }, "HTTPS_PROXY"),
            (Proxies { all: given(), ..Proxies::default() }, "ALL_PROXY"),
        ] {
            let rejected = Client::new(Clock::system(), &Settings { proxies, ..Settings::default() }).err();
            assert_eq!(rejected, Some(NetworkError::Proxy(variable)), "{wrong}");
            assert!(!rejected.unwrap().to_string().contains("hunter2"));
        }
    }
}

#[test]
fn printing_proxies_shows_no_password() {
    let proxies = Proxies { http: Some("http://user:hunter2@proxy".into()), ..Proxies::default() };
    assert!(!format!("{proxies:?}").contains("hunter2"));
}
