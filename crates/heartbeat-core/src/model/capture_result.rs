//! The receipt: what capture said to a beat, and how long each part of asking took.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{AnsweredBy, Did, Signs, Timestamp};

/// A part of the way to capture, in the order in which it is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// The name was looked up.
    Dns,
    /// The TCP connection was made.
    Connect,
    /// TLS was agreed on.
    Tls,
    /// The request was written.
    Send,
    /// The answer was awaited.
    Answer,
    /// The forward proxy of this machine was asked for the way.
    ForwardProxy,
}

impl Phase {
    /// One word, as in the vocabulary.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Send => "send",
            Self::Answer => "answer",
            Self::ForwardProxy => "forward proxy",
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How long each phase took, in microseconds. The first three are absent where a connection was used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Phases {
    /// Looking up the name.
    pub dns_us: Option<u32>,
    /// Connecting.
    pub connect_us: Option<u32>,
    /// Agreeing on TLS; absent on plain http too.
    pub tls_us: Option<u32>,
    /// From the request to the first byte of the answer.
    pub first_byte_us: Option<u32>,
}

/// Why capture did not take a beat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RejectionReason {
    /// 401: the token is not one, or (newer builds) not known.
    Token,
    /// 402, or words that say so: over the events quota.
    OverQuota,
    /// 400, 413, 415, or `drop` in a v1 answer: the event itself was not liked.
    Event,
    /// 429.
    Throttled,
    /// 408, 5xx: PostHog is in trouble.
    Broken,
    /// 404, 405, or v1's 503 `not configured`: there is no such endpoint here.
    NoEndpoint,
    /// 30x: not followed; the answer says where to.
    Redirect,
    /// HTML, or a refusal that capture does not make: a proxy, a firewall or a login page answered.
    NotPostHog,
}

impl RejectionReason {
    /// All of them; their place here is their number in the store.
    pub const ALL: [Self; 8] =
        [Self::Token, Self::OverQuota, Self::Event, Self::Throttled, Self::Broken, Self::NoEndpoint, Self::Redirect, Self::NotPostHog];
}

/// What stood in the way where no usable answer came: what is to be done depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Obstacle {
    /// Nothing more is known than the phase.
    #[default]
    Other,
    /// The certificate has expired.
    Expired,
    /// The certificate is not valid yet.
    NotYetValid,
    /// The certificate is for another name.
    WrongName,
    /// The certificate is signed by itself.
    SelfSigned,
    /// The certificate came alone, and its issuer is not trusted: an intermediate is missing, or it is a private authority's.
    IncompleteChain,
    /// The chain leads to an authority that this machine does not trust.
    PrivateAuthority,
    /// The server speaks only TLS versions that are out of use.
    OldTls,
    /// The server wants a certificate of the client.
    ClientCertificate,
    /// Something that is not TLS answered on this port.
    NotTls,
    /// TLS is expected on this port, and plain HTTP was spoken.
    WantsTls,
    /// Something that is not HTTP answered.
    NotHttp,
    /// The connection was closed before an answer.
    Closed,
    /// The connection was reset.
    Reset,
    /// The answer broke off.
    Truncated,
    /// No answer in time.
    TimedOut,
    /// This machine has no means left: file descriptors, memory, room on its disk, local ports.
    OutOfMeans,
}

/// An answer as it can be shown to the person who must find out: never a secret in it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ResponseExcerpt {
    /// The HTTP status; 0 when no answer came.
    pub status: u16,
    /// Those headers that tell who answered: `server`, `via`, `cf-ray`, `date`, `location`, `retry-after`, `content-type` ...
    pub headers: Vec<(String, String)>,
    /// The first bytes of the body as text, of a web page its title and first words; or the words of the error.
    pub words: String,
    /// Whose answer it is.
    pub by: AnsweredBy,
    /// What it shows that an intermediary does.
    pub did: Option<Did>,
    /// What shows whose it is.
    pub signs: Signs,
    /// Where the way ended, where no answer came.
    pub at: Option<Phase>,
    /// What stood in the way, where that is known.
    pub obstacle: Obstacle,
}

impl ResponseExcerpt {
    /// A header that was kept.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The status and the words: "503 `upstream is down`"; one of them where the other is not there.
    #[must_use]
    pub fn said(&self) -> String {
        match (self.status, self.words.trim()) {
            // An error of the network, in our words or the system's.
            (0, words) => words.to_owned(),
            (status, "") => status.to_string(),
            (status, words) => format!("{status} `{words}`"),
        }
    }
}

/// What came of sending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// Taken in. No proof that it will be stored.
    Accepted {
        /// 200 or another 2xx.
        status: u16,
    },
    /// Answered, and not taken in.
    Rejected {
        /// Why.
        why: RejectionReason,
        /// The answer.
        excerpt: ResponseExcerpt,
    },
    /// No answer. The event may have been delivered all the same.
    Unreachable {
        /// Where the way ended.
        at: Phase,
        /// What stood in the way.
        obstacle: Obstacle,
        /// The words of the error.
        words: String,
    },
}

/// What capture said to one beat, after the last try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaptureResult {
    /// When the first try began.
    pub sent: Timestamp,
    /// What came back in the end.
    pub reply: Reply,
    /// How long it took, in the last try.
    pub phases: Phases,
    /// How many tries it took: 1 or more.
    pub tries: u8,
}
