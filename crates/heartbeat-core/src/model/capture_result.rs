//! The capture result: capture's response to a beat, and how long each phase took.

use serde::{Deserialize, Serialize};

use super::{AnsweredBy, Did, Signs, Timestamp, named_enum};

named_enum! {
    /// The order is the number in the store.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    pub enum Phase {
        Dns = "dns",
        Connect = "connect",
        Tls = "tls",
        Send = "send",
        Answer = "answer",
        /// The request to this machine's forward proxy.
        ForwardProxy = "forward proxy",
    }
}

/// How long each phase took, in microseconds. The first three are absent if a connection was reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Phases {
    pub dns_us: Option<u32>,
    pub connect_us: Option<u32>,
    /// Absent on plain http too.
    pub tls_us: Option<u32>,
    /// From the request to the first byte of the response.
    pub first_byte_us: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RejectionReason {
    /// 401: not a token, or (newer builds) an unknown one.
    Token,
    /// 402, or a text that says so: over the events quota.
    OverQuota,
    /// 400, 413, 415, or `drop` in a v1 response: the event itself is rejected.
    Event,
    /// 429.
    Throttled,
    /// 408, 5xx: PostHog fails.
    Broken,
    /// 404, 405, or v1's 503 `not configured`: this endpoint does not exist here.
    NoEndpoint,
    /// 30x: not followed; the response says where to.
    Redirect,
    /// HTML, or a rejection that capture does not send: a proxy, a firewall or a login page answered.
    NotPostHog,
}

impl RejectionReason {
    /// The index is the number in the store.
    pub const ALL: [Self; 8] =
        [Self::Token, Self::OverQuota, Self::Event, Self::Throttled, Self::Broken, Self::NoEndpoint, Self::Redirect, Self::NotPostHog];
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Obstacle {
    /// Only the phase is known.
    #[default]
    Other,
    Expired,
    NotYetValid,
    WrongName,
    SelfSigned,
    /// The certificate was sent alone and its issuer is not trusted: an intermediate is missing, or the authority is private.
    IncompleteChain,
    /// The chain leads to an authority that this machine does not trust.
    PrivateAuthority,
    /// The server supports only obsolete TLS versions.
    OldTls,
    ClientCertificate,
    /// A server without TLS answered on this port.
    NotTls,
    /// This port expects TLS, but plain HTTP was sent.
    WantsTls,
    NotHttp,
    Closed,
    Reset,
    Truncated,
    TimedOut,
    /// This machine has no resources left: file descriptors, memory, disk space, local ports.
    OutOfMeans,
}

/// A response for output, without any secret.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ResponseExcerpt {
    /// 0 if there was no response.
    pub status: u16,
    /// The headers that identify who answered: `server`, `via`, `cf-ray`, `date`, `location`, `retry-after`, `content-type` ...
    pub headers: Vec<(String, String)>,
    /// The beginning of the body as text, or a web page's title and first words; or the text of the error.
    pub words: String,
    pub by: AnsweredBy,
    /// What it shows about an intermediary.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub did: Option<Did>,
    /// What identifies who answered.
    pub signs: Signs,
    /// The phase in which the request ended, if there was no response.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Phase>,
    /// What was in the way, if known.
    pub obstacle: Obstacle,
}

impl ResponseExcerpt {
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The status and the text: "503 `upstream is down`"; only one of them if the other is missing.
    #[must_use]
    pub fn said(&self) -> String {
        match (self.status, self.words.trim()) {
            // A network error, in our words or the system's.
            (0, words) => words.to_owned(),
            (status, "") => status.to_string(),
            (status, words) => format!("{status} `{words}`"),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// Accepted; this does not prove that the event will be stored.
    Accepted {
        /// 200 or another 2xx.
        status: u16,
    },
    Rejected {
        why: RejectionReason,
        excerpt: ResponseExcerpt,
    },
    /// No response. The event may have been delivered anyway.
    Unreachable {
        at: Phase,
        obstacle: Obstacle,
        words: String,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaptureResult {
    pub sent: Timestamp,
    /// After the last try.
    pub reply: Reply,
    pub phases: Phases,
    pub tries: u8,
}
