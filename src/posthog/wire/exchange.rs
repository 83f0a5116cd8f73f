//! One request for one answer.

use std::error::Error;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::uri::PathAndQuery;
use http::{HeaderMap, Method, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Incoming;

use crate::model::{Obstacle, Phase, Timestamp};

/// A request, the same in every try.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    /// GET or POST.
    pub(crate) method: Method,
    /// Where, on the origin.
    pub(crate) path: PathAndQuery,
    /// Without `Host` and lengths.
    pub(crate) headers: HeaderMap,
    /// What is sent.
    pub(crate) body: Bytes,
    /// Whether the first such request of a minute dials, also where a connection is kept.
    pub(crate) cold: bool,
    /// How long the whole may take.
    pub(crate) limit: Duration,
    /// How much of the answer's body is read; the rest is left.
    pub(crate) most: usize,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Heard {
    /// Its status.
    pub(crate) status: StatusCode,
    /// Its headers.
    pub(crate) headers: HeaderMap,
    /// Its body, up to [`Ask::most`], decoded.
    pub(crate) body: Bytes,
    /// The encoding of its body (`gzip`, `br` ...), which nobody asked for; none where it came plain.
    pub(crate) encoded: Option<String>,
    /// Whether that is all of it.
    pub(crate) whole: bool,
    /// When its head came.
    pub(crate) at: Timestamp,
}

/// The way ended before an answer was there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cut {
    /// In which phase.
    pub(crate) at: Phase,
    /// What stood in the way.
    pub(crate) obstacle: Obstacle,
    /// The words of the error.
    pub(crate) words: String,
}

impl Cut {
    /// In this phase, in these words.
    pub(crate) fn new(at: Phase, obstacle: Obstacle, words: impl Into<String>) -> Self {
        Self { at, obstacle, words: words.into() }
    }

    /// No answer in time.
    pub(crate) fn timed_out(at: Phase, words: impl Into<String>) -> Self {
        Self::new(at, Obstacle::TimedOut, words)
    }

    /// A request that had been put into a connection. Whether the server has it is not known, unless the error says that
    /// it could not be written.
    pub(super) fn midway(wrong: &hyper::Error) -> Self {
        let unwritten = wrong.is_canceled() || io_kind(wrong) == Some(std::io::ErrorKind::BrokenPipe);
        let at = if unwritten { Phase::Send } else { Phase::Answer };
        let obstacle = obstacle(wrong);
        let words = match obstacle {
            Obstacle::NotHttp => format!("what answers there does not speak HTTP ({})", in_words(wrong)),
            Obstacle::Closed => "the connection was closed before an answer came".to_owned(),
            Obstacle::Reset => "the connection was reset before an answer came".to_owned(),
            _ => in_words(wrong),
        };
        Self { at, obstacle, words }
    }

    /// An answer that broke off in its body.
    fn in_body(wrong: &hyper::Error) -> Self {
        Self::new(Phase::Answer, Obstacle::Truncated, format!("the answer broke off ({})", in_words(wrong)))
    }
}

/// Reads a body up to `most` bytes; says whether that was all.
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
            // Nearly every answer is one frame: no byte of it is copied.
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

/// An error and what is behind it, once each.
pub(super) fn in_words(wrong: &dyn Error) -> String {
    let mut words = wrong.to_string();
    let mut behind = wrong.source();
    while let Some(next) = behind {
        let said = next.to_string();
        if !words.contains(&said) {
            words.push_str(": ");
            words.push_str(&said);
        }
        behind = next.source();
    }
    words
}

/// What an error of a request says of the way.
fn obstacle(wrong: &hyper::Error) -> Obstacle {
    if wrong.is_parse() {
        return Obstacle::NotHttp;
    }
    match io_kind(wrong) {
        Some(std::io::ErrorKind::ConnectionReset | std::io::ErrorKind::BrokenPipe) => Obstacle::Reset,
        Some(std::io::ErrorKind::UnexpectedEof) => Obstacle::Closed,
        _ if wrong.is_incomplete_message() => Obstacle::Closed,
        _ => Obstacle::Other,
    }
}

/// What a failed connection says of this machine.
pub(super) fn obstacle_of_io(wrong: &std::io::Error) -> Obstacle {
    // EMFILE, ENFILE and ENOMEM, ENOBUFS: this machine has none left, whatever is at the other end.
    match wrong.raw_os_error() {
        Some(24 | 23 | 12 | 105) => Obstacle::OutOfMeans,
        _ => Obstacle::Other,
    }
}

fn io_kind(wrong: &dyn Error) -> Option<std::io::ErrorKind> {
    let mut behind = wrong.source();
    while let Some(next) = behind {
        if let Some(io) = next.downcast_ref::<std::io::Error>() {
            return Some(io.kind());
        }
        behind = next.source();
    }
    None
}
