//! Opens connections: DNS, TCP and TLS, each timed, each with its own error.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};

use super::exchange::{Cut, in_words, obstacle, obstacle_here, obstacle_of_io};
use super::proxy::{Proxy, Way};
use super::track::microseconds;
use super::{Origin, Rules, Tls, Track};
use crate::clock::Clock;
use crate::model::{Obstacle, Phase};

/// How long one address may take before the next one is tried: it may drop packets.
const ONE_ADDRESS: Duration = Duration::from_secs(5);

pub(crate) struct Dialer {
    pub(crate) clock: Clock,
    pub(crate) rules: Rules,
    pub(crate) tls: Tls,
}

pub(super) enum Opened {
    Single(http1::SendRequest<Full<Bytes>>),
    Shared(http2::SendRequest<Full<Bytes>>),
}

trait Duplex: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Duplex for S {}
type Stream = Box<dyn Duplex>;

impl Dialer {
    /// Opens a connection to `origin` and stores the durations in `track`. With a proxy, DNS and TCP are measured to
    /// the proxy.
    pub(super) async fn open(&self, origin: &Origin, way: &Way, track: &Track) -> Result<Opened, Cut> {
        let (stream, is_h2) = match way {
            Way::Direct => {
                let stream = self.connect(origin, track).await?;
                if origin.is_https() { self.agree(origin, stream, track).await? } else { (stream, false) }
            }
            Way::Forward(proxy) => (self.reach_proxy(proxy, track).await?, false),
            Way::Tunnel(proxy) => {
                let mut stream = self.reach_proxy(proxy, track).await?;
                track.enter(Phase::ForwardProxy);
                proxy.open_tunnel(origin, &mut stream).await.map_err(|wrong| proxy.cut(Obstacle::Other, &wrong.to_string()))?;
                // What comes out of a tunnel is the proxy's doing.
                self.agree(origin, stream, track).await.map_err(|cut| match cut.obstacle {
                    Obstacle::NotTls => proxy.cut(cut.obstacle, "it opened a tunnel, but what comes out of it is not TLS"),
                    _ => cut,
                })?
            }
        };
        track.enter(Phase::Send);
        if is_h2 { shake_h2(stream).await } else { shake_h1(stream).await }
    }

    async fn reach_proxy(&self, proxy: &Proxy, track: &Track) -> Result<Stream, Cut> {
        let of_proxy = |cut: Cut| proxy.cut(cut.obstacle, &cut.words);
        let stream = self.connect(&proxy.origin, track).await.map_err(of_proxy)?;
        if !proxy.origin.is_https() {
            return Ok(stream);
        }
        let agreed = self.tls.agree(proxy.origin.host(), stream).await.map_err(of_proxy)?;
        Ok(Box::new(agreed))
    }

    async fn connect(&self, origin: &Origin, track: &Track) -> Result<Stream, Cut> {
        let addresses = self.look_up(origin, track).await?;
        track.enter(Phase::Connect);
        let begun = self.clock.real();
        let (mut words, mut obstacle) = (String::new(), None);
        for address in addresses {
            match self.clock.timeout(ONE_ADDRESS, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => {
                    // A request is one write: delaying it to collect more is useless. Failing to set this is harmless.
                    let _ = stream.set_nodelay(true);
                    let took = self.clock.real().saturating_sub(begun);
                    track.took(|phases| phases.connect_us = Some(microseconds(took)));
                    return Ok(Box::new(stream));
                }
                Ok(Err(rejected)) => {
                    obstacle = Some(combined(obstacle, obstacle_of_io(&rejected)));
                    append(&mut words, &format!("{address}: {rejected}"));
                }
                Err(elapsed) => {
                    obstacle = Some(combined(obstacle, Obstacle::TimedOut));
                    append(&mut words, &format!("{address}: {elapsed}"));
                }
            }
        }
        Err(Cut::new(Phase::Connect, obstacle.unwrap_or_default(), words))
    }

    async fn look_up(&self, origin: &Origin, track: &Track) -> Result<Vec<SocketAddr>, Cut> {
        let (host, port) = (origin.host(), origin.port());
        if let Ok(address) = host.parse::<IpAddr>() {
            return Ok(vec![SocketAddr::new(address, port)]);
        }
        track.enter(Phase::Dns);
        let begun = self.clock.real();
        let cut = |obstacle, why: &str| Cut::new(Phase::Dns, obstacle, format!("looking up `{host}`: {why}"));
        let found = lookup_host((host, port)).await;
        let addresses: Vec<SocketAddr> = found.map_err(|wrong| cut(obstacle_here(), &wrong.to_string()))?.collect();
        if addresses.is_empty() {
            return Err(cut(Obstacle::Other, "the name has no address"));
        }
        let took = self.clock.real().saturating_sub(begun);
        track.took(|phases| phases.dns_us = Some(microseconds(took)));
        Ok(addresses)
    }

    async fn agree(&self, origin: &Origin, stream: Stream, track: &Track) -> Result<(Stream, bool), Cut> {
        track.enter(Phase::Tls);
        self.tls.prepare().await?;
        let begun = self.clock.real();
        let stream = self.tls.agree(origin.host(), stream).await?;
        let took = self.clock.real().saturating_sub(begun);
        track.took(|phases| phases.tls_us = Some(microseconds(took)));
        let is_h2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
        Ok((Box::new(stream), is_h2))
    }
}

/// Combines the errors of several addresses: this machine lacks resources only if all failed for that reason.
fn combined(before: Option<Obstacle>, now: Obstacle) -> Obstacle {
    match (before, now) {
        (Some(before), Obstacle::OutOfMeans) => before,
        _ => now,
    }
}

async fn shake_h1(stream: Stream) -> Result<Opened, Cut> {
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(|wrong| not_sent(&wrong))?;
    drop(tokio::spawn(connection));
    Ok(Opened::Single(sender))
}

async fn shake_h2(stream: Stream) -> Result<Opened, Cut> {
    let (mut sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.map_err(|wrong| not_sent(&wrong))?;
    drop(tokio::spawn(connection));
    sender.ready().await.map_err(|wrong| not_sent(&wrong))?;
    Ok(Opened::Shared(sender))
}

fn not_sent(wrong: &hyper::Error) -> Cut {
    Cut::new(Phase::Send, obstacle(wrong), in_words(wrong))
}

fn append(words: &mut String, more: &str) {
    if !words.is_empty() {
        words.push_str("; ");
    }
    words.push_str(more);
}
