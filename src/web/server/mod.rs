//! Accepts connections, within limits that leave descriptors for everything else, and passes requests to the router.

mod limits;
mod registry;
mod stream;

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tower_service::Service as _;

pub use limits::ConnectionLimits;
use registry::{Place, Registry};
use stream::{RequestBody, ResponseBody, Stream};

use crate::clock::Clock;
use crate::config::WebSettings;

const LARGEST_HEADER: usize = 64 * 1024;
/// Maximum number of concurrent requests on an HTTP/2 connection.
const STREAMS: u32 = 64;
const PAUSE: Duration = Duration::from_millis(100);
const LOG_INTERVAL: Duration = Duration::from_mins(1);

/// Serves until `stop`, then until all pending responses are sent.
pub(super) async fn serve(
    listener: TcpListener,
    router: Router,
    settings: &WebSettings,
    limits: ConnectionLimits,
    stop: impl Future<Output = ()> + Send,
) {
    // Connections run in real time, even if the clock of the service runs faster.
    let clock = Clock::system();
    let registry = Registry::new(limits);
    let (ending, ended) = watch::channel(false);
    let mut connections = JoinSet::new();
    let mut last_logged: Option<Duration> = None;
    let mut stop = pin!(stop);
    loop {
        tokio::select! {
            biased;
            () = &mut stop => break,
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            accepted = listener.accept() => match accepted {
                Ok((tcp, peer)) => {
                    if let Some(place) = registry.admit(peer.ip(), most(settings, &limits, peer)) {
                        let (router, clock, ended) = (router.clone(), clock.clone(), ended.clone());
                        connections.spawn(Connection { tcp, peer, router, place, limits, clock, ended }.run());
                    }
                }
                Err(why) if is_the_visitors(&why) => {}
                Err(why) => {
                    if last_logged.is_none_or(|last| clock.real().saturating_sub(last) >= LOG_INTERVAL) {
                        last_logged = Some(clock.real());
                        tracing::warn!("the web server cannot accept a connection: {why}");
                    }
                    registry.evict_one();
                    clock.sleep(PAUSE).await;
                }
            },
        }
    }
    drop(listener);
    ending.send_replace(true);
    while connections.join_next().await.is_some() {}
}

fn most(settings: &WebSettings, limits: &ConnectionLimits, peer: SocketAddr) -> usize {
    let address = peer.ip().to_canonical();
    if settings.is_trusted_proxy(address) {
        limits.total
    } else if address.is_loopback() {
        limits.per_loopback()
    } else {
        limits.per_address
    }
}

/// The client hung up before the connection was accepted.
fn is_the_visitors(why: &io::Error) -> bool {
    matches!(why.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::Interrupted)
}

struct Connection {
    tcp: TcpStream,
    peer: SocketAddr,
    router: Router,
    place: Place,
    limits: ConnectionLimits,
    clock: Clock,
    ended: watch::Receiver<bool>,
}

impl Connection {
    async fn run(mut self) {
        // An idle connection costs only a descriptor: everything else is created when a request begins.
        tokio::select! {
            biased;
            begun = self.tcp.readable() => if begun.is_err() { return },
            () = self.place.has_to_end(&self.clock) => return,
            _ = self.ended.wait_for(|ended| *ended) => return,
        }
        Box::pin(self.answer_requests()).await;
    }

    async fn answer_requests(self) {
        let Self { tcp, peer, router, mut place, limits, clock, mut ended } = self;
        // Responses are written whole, so Nagle's algorithm would only delay them. If this fails, they are only late.
        let _ = tcp.set_nodelay(true);
        let requests = place.requests();
        let answer = service_fn(|request: Request<Incoming>| {
            let in_progress = requests.begin();
            let mut router = router.clone();
            let mut request = request.map(|body| Body::new(RequestBody::new(body, &clock, limits.body)));
            request.extensions_mut().insert(ConnectInfo(peer));
            async move {
                let answered: Result<Response, Infallible> = router.call(request).await;
                answered.map(|response| response.map(|body| ResponseBody::new(body, in_progress)))
            }
        });
        let mut builder = auto::Builder::new(TokioExecutor::new());
        builder.http1().max_buf_size(LARGEST_HEADER);
        builder.http2().max_concurrent_streams(STREAMS).max_header_list_size(LARGEST_HEADER as u32);
        let stream = TokioIo::new(Stream::new(tcp, clock.clone(), limits.stalled));
        let mut connection = pin!(builder.serve_connection(stream, answer));
        let mut asked_to_end = false;
        loop {
            tokio::select! {
                biased;
                // An error means that the client hung up.
                _ = connection.as_mut() => return,
                () = place.has_to_end(&clock) => return,
                _ = ended.wait_for(|ended| *ended), if !asked_to_end => {
                    asked_to_end = true;
                    connection.as_mut().graceful_shutdown();
                }
            }
        }
    }
}
