//! A server on loopback that answers what the test says, raw, and remembers what it was asked.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use heartbeat::clock::Clock;
use rustls::pki_types::CertificateDer;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// No condition is waited for longer than this.
const PATIENCE: Duration = Duration::from_secs(20);

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// `POST /i/v0/e/ HTTP/1.1`
    pub(crate) fn line(&self) -> &str {
        self.head.lines().next().unwrap_or_default()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// What the server does with a request.
pub(crate) enum Act {
    /// Writes this and goes on listening.
    Answer(String),
    /// Writes this and closes.
    Close(String),
    /// Resets the connection.
    Reset,
    /// Says nothing.
    Silence,
    /// Passes all bytes on to this address, after saying this: a proxy's tunnel.
    Tunnel(String, SocketAddr),
}

/// `HTTP/1.1 <status>`, headers, body.
pub(crate) fn answer(status: &str, headers: &str, body: &str) -> Act {
    Act::Answer(format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n\r\n{body}", body.len()))
}

pub(crate) fn ok() -> Act {
    answer("200 OK", "content-type: application/json\r\n", r#"{"status":"Ok"}"#)
}

type Script = dyn FnMut(usize, &Request) -> Act + Send;

/// The server; it ends with the test's runtime.
#[derive(Clone)]
pub(crate) struct Server {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
    connections: Arc<AtomicUsize>,
}

/// A server that says the same to everybody.
pub(crate) async fn always(act: impl Fn() -> Act + Send + 'static) -> Server {
    Server::start(move |_, _| act()).await
}

impl Server {
    /// The script is asked with the number of the request, from 0.
    pub(crate) async fn start(script: impl FnMut(usize, &Request) -> Act + Send + 'static) -> Self {
        Self::listen(None, script).await
    }

    /// The same behind TLS, with a certificate for `localhost`, which is given too.
    pub(crate) async fn start_tls(script: impl FnMut(usize, &Request) -> Act + Send + 'static) -> (Self, CertificateDer<'static>) {
        let (acceptor, certificate) = acceptor(&[b"http/1.1"]);
        (Self::listen(Some(acceptor), script).await, certificate)
    }

    async fn listen(tls: Option<TlsAcceptor>, script: impl FnMut(usize, &Request) -> Act + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = Self { address, requests: Arc::default(), connections: Arc::default() };
        let script: Arc<Mutex<Script>> = Arc::new(Mutex::new(script));
        let ours = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                ours.connections.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(ours.clone().converse(stream, tls.clone(), Arc::clone(&script)));
            }
        });
        server
    }

    async fn converse(self, stream: TcpStream, tls: Option<TlsAcceptor>, script: Arc<Mutex<Script>>) {
        match tls {
            None => {
                let stream = self.answer_all(stream, &script).await;
                if let Some(stream) = stream {
                    // Lingering for no time is how a reset is made.
                    stream.set_zero_linger().unwrap();
                }
            }
            Some(tls) => {
                if let Ok(stream) = tls.accept(stream).await {
                    self.answer_all(stream, &script).await;
                }
            }
        }
    }

    /// Answers until the connection ends; gives the stream back when it is to be reset.
    async fn answer_all<S: AsyncRead + AsyncWrite + Unpin>(&self, mut stream: S, script: &Mutex<Script>) -> Option<S> {
        while let Some(request) = read(&mut stream).await {
            let act = {
                let mut requests = self.requests.lock().unwrap();
                let act = (script.lock().unwrap())(requests.len(), &request);
                requests.push(request);
                act
            };
            match act {
                Act::Answer(bytes) => stream.write_all(bytes.as_bytes()).await.ok()?,
                Act::Close(bytes) => {
                    stream.write_all(bytes.as_bytes()).await.ok()?;
                    stream.shutdown().await.ok()?;
                    return None;
                }
                Act::Reset => return Some(stream),
                Act::Silence => std::future::pending().await,
                Act::Tunnel(said, to) => {
                    stream.write_all(said.as_bytes()).await.ok()?;
                    let mut onward = TcpStream::connect(to).await.unwrap();
                    tokio::io::copy_bidirectional(&mut stream, &mut onward).await.ok()?;
                    return None;
                }
            }
        }
        None
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://127.0.0.1:port`
    pub(crate) fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    /// `https://localhost:port`
    pub(crate) fn tls_base(&self) -> String {
        format!("https://localhost:{}", self.address.port())
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    /// How many connections were accepted.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// Waits until so many requests have come.
    pub(crate) async fn wait_for(&self, count: usize) {
        eventually(|| self.requests().len() >= count).await;
    }
}

/// Waits until it is so; fails the test when it is not in time.
pub(crate) async fn eventually(mut is_so: impl FnMut() -> bool) {
    let clock = Clock::system();
    let begun = clock.monotonic();
    while !is_so() {
        assert!(clock.monotonic().saturating_sub(begun) < PATIENCE, "it never came to that");
        clock.sleep(Duration::from_millis(2)).await;
    }
}

/// TLS for `localhost` with a certificate made for this.
pub(crate) fn acceptor(protocols: &[&[u8]]) -> (TlsAcceptor, CertificateDer<'static>) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let certificate = made.cert.der().clone();
    let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)
        .unwrap();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    (TlsAcceptor::from(Arc::new(config)), certificate)
}

async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Option<Request> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let mut request = Request { head: String::from_utf8(head).unwrap(), body: Vec::new() };
    let length = request.header("content-length").map_or(0, |length| length.parse().unwrap());
    request.body = vec![0; length];
    stream.read_exact(&mut request.body).await.ok()?;
    Some(request)
}
