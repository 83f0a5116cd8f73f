//! One request and its answer.

use std::error::Error;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::AsHeaderName;
use http::uri::PathAndQuery;
use http::{HeaderMap, Method, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use rustix::io::Errno;

use crate::model::{Obstacle, Phase, Timestamp};

/// The same in every try.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    pub(crate) method: Method,
    /// Path on the origin.
    pub(crate) path: PathAndQuery,
    /// Without `Host` and length.
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// Whether the first such request of a minute opens a new connection even if one is idle.
    pub(crate) cold: bool,
    pub(crate) limit: Duration,
    pub(crate) most: usize,
}

#[derive(Debug)]
pub(crate) struct Heard {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// Decoded, up to [`Ask::most`] bytes.
    pub(crate) body: Bytes,
    /// The encoding of the body (`gzip`, `br` ...), although not requested; none if plain.
    pub(crate) encoded: Option<String>,
    /// Whether the body was read completely.
    pub(crate) whole: bool,
    pub(crate) at: Timestamp,
}

impl Heard {
    /// A header, if it is text.
    pub(crate) fn header(&self, name: impl AsHeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    pub(crate) fn contains(&self, words: &str) -> bool {
        self.body.windows(words.len()).any(|window| window == words.as_bytes())
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no answer ({at}): {words}")]
pub(crate) struct Cut {
    pub(crate) at: Phase,
    pub(crate) obstacle: Obstacle,
    pub(crate) words: String,
}

impl Cut {
    pub(crate) fn new(at: Phase, obstacle: Obstacle, words: impl Into<String>) -> Self {
        Self { at, obstacle, words: words.into() }
    }

    pub(crate) fn timed_out(at: Phase, words: impl Into<String>) -> Self {
        Self::new(at, Obstacle::TimedOut, words)
    }

    /// For a request that was handed to a connection. Whether the server received it is unknown, unless the error says that
    /// it was not written.
    pub(super) fn midway(wrong: &hyper::Error) -> Self {
        let unwritten = wrong.is_canceled() || io_error(wrong).is_some_and(|io| io.kind() == std::io::ErrorKind::BrokenPipe);
        let at = if unwritten { Phase::Send } else { Phase::Answer };
        let obstacle = obstacle(wrong);
        let words = match obstacle {
            Obstacle::NotHttp => format!("the server does not speak HTTP ({})", in_words(wrong)),
            Obstacle::Closed => "the connection was closed before an answer came".to_owned(),
            Obstacle::Reset => "the connection was reset before an answer came".to_owned(),
            _ => in_words(wrong),
        };
        Self { at, obstacle, words }
    }

    fn in_body(wrong: &hyper::Error) -> Self {
        let obstacle = match obstacle(wrong) {
            Obstacle::OutOfMeans => Obstacle::OutOfMeans,
            _ => Obstacle::Truncated,
        };
        Self::new(Phase::Answer, obstacle, format!("the answer broke off ({})", in_words(wrong)))
    }
}

pub(super) async fn read(mut body: Incoming, most: usize) -> Result<(Bytes, bool), Cut> {
    let mut first = Bytes::new();
    let mut more = BytesMut::new();
    let mut ended = false;
    while first.len().max(more.len()) <= most {
        let Some(frame) = body.frame().await else {
            ended = true;
            break;
        };
        let frame = frame.map_err(|wrong| Cut::in_body(&wrong))?;
        let Ok(data) = frame.into_data() else { continue };
        if first.is_empty() && more.is_empty() {
            // Nearly every answer is one frame: no copy needed.
            first = data;
        } else {
            if more.is_empty() {
                more.extend_from_slice(&first);
            }
            more.extend_from_slice(&data);
        }
    }
    let mut all = if more.is_empty() { first } else { more.freeze() };
    let whole = ended && all.len() <= most;
    all.truncate(most);
    Ok((all, whole))
}

/// The error and its sources, each once.
pub(super) fn in_words(wrong: &dyn Error) -> String {
    let mut words = wrong.to_string();
    for text in sources(wrong).map(ToString::to_string) {
        if !words.contains(&text) {
            words.push_str(": ");
            words.push_str(&text);
        }
    }
    words
}

pub(super) fn obstacle(wrong: &hyper::Error) -> Obstacle {
    if wrong.is_parse() {
        return Obstacle::NotHttp;
    }
    match io_error(wrong).map(|io| (obstacle_of_io(io), io.kind())) {
        Some((Obstacle::OutOfMeans, _)) => Obstacle::OutOfMeans,
        Some((_, std::io::ErrorKind::ConnectionReset | std::io::ErrorKind::BrokenPipe)) => Obstacle::Reset,
        Some((_, std::io::ErrorKind::UnexpectedEof)) => Obstacle::Closed,
        _ if wrong.is_incomplete_message() => Obstacle::Closed,
        _ => Obstacle::Other,
    }
}

/// Classifies a system error. Also searches inside errors of a stream on top of another (TLS).
pub(super) fn obstacle_of_io(wrong: &std::io::Error) -> Obstacle {
    let within = wrong.get_ref().and_then(|inner| inner.downcast_ref::<std::io::Error>());
    let code = wrong.raw_os_error().map(Errno::from_raw_os_error);
    match (code, within) {
        // This machine ran out of descriptors, memory, disk space or ports, whatever the other end did.
        (Some(Errno::MFILE | Errno::NFILE | Errno::NOMEM | Errno::NOBUFS | Errno::NOSPC | Errno::ADDRNOTAVAIL), _) => Obstacle::OutOfMeans,
        (_, Some(within)) => obstacle_of_io(within),
        _ => Obstacle::Other,
    }
}

/// For an error of a library that hides its cause: checks whether this machine can still open a socket.
pub(super) fn obstacle_here() -> Obstacle {
    std::net::UdpSocket::bind((std::net::Ipv4Addr::LOCALHOST, 0)).map_or_else(|wrong| obstacle_of_io(&wrong), |_| Obstacle::Other)
}

fn io_error(wrong: &hyper::Error) -> Option<&std::io::Error> {
    sources(wrong).find_map(|behind| behind.downcast_ref::<std::io::Error>())
}

fn sources<'e>(wrong: &'e dyn Error) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(wrong.source(), |&behind| behind.source())
}

#[cfg(test)]
mod tests {
    use std::io::{Error as IoError, Result as IoResult};
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use http_body_util::Full;
    use hyper::client::conn::http1;
    use hyper_util::rt::TokioIo;
    use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

    use super::*;

    const OURS: [Errno; 6] = [Errno::MFILE, Errno::NFILE, Errno::NOMEM, Errno::NOBUFS, Errno::NOSPC, Errno::ADDRNOTAVAIL];

    /// A connection on which every write fails with this error.
    struct Failing(Errno);

    impl AsyncRead for Failing {
        fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut ReadBuf<'_>) -> Poll<IoResult<()>> {
            Poll::Pending
        }
    }

    impl AsyncWrite for Failing {
        fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<IoResult<usize>> {
            Poll::Ready(Err(self.0.into()))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<IoResult<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<IoResult<()>> {
            Poll::Ready(Ok(()))
        }
    }

    #[test]
    fn what_this_machine_is_short_of_is_its_own_fault_also_inside_another_error() {
        for code in OURS {
            let plain: IoError = code.into();
            assert_eq!(obstacle_of_io(&plain), Obstacle::OutOfMeans, "{plain}");
            assert_eq!(obstacle_of_io(&IoError::other(plain)), Obstacle::OutOfMeans, "{code:?}");
        }
        for code in [Errno::CONNREFUSED, Errno::NETUNREACH, Errno::HOSTUNREACH, Errno::TIMEDOUT] {
            assert_eq!(obstacle_of_io(&code.into()), Obstacle::Other, "{code:?}");
        }
        assert_eq!(obstacle_here(), Obstacle::Other, "there are sockets left");
    }

    #[tokio::test]
    async fn a_write_that_fails_for_want_of_memory_blames_nobody_else() {
        for (code, says) in OURS.map(|code| (code, Obstacle::OutOfMeans)).into_iter().chain([(Errno::CONNRESET, Obstacle::Reset)]) {
            let (mut sender, connection) = http1::handshake(TokioIo::new(Failing(code))).await.unwrap();
            let request = http::Request::post("/").body(Full::new(Bytes::from_static(b"beat"))).unwrap();
            let (answered, ended) = tokio::join!(sender.send_request(request), connection);
            // The library decides which of the two gets the error.
            let heard = [answered.err(), ended.err()].into_iter().flatten().map(|wrong| Cut::midway(&wrong).obstacle);
            assert!(heard.collect::<Vec<_>>().contains(&says), "{code:?}");
        }
    }
}
