//! The situations of the lab: what stands before the sandbox, what is wrong with it, and every answer that is right.
//!
//! A configuration holds names in braces, which the ground fills in: `{port}`, `{port2}`, `{port3}` are ports of the situation's own,
//! `{sandbox}` is the sandbox's address, `{relay}` that of the relay which leads there (where the situation has one), `{cuts}` the sandbox
//! behind connections that serve one request each, `{closed}` an address where nobody listens, `{silent}` one where nobody answers,
//! `{breaks_off}` one whose answers break off, `{elsewhere}` another PostHog, which does not know the token, `{nameserver}` a name server
//! that knows no name, `{folder}` the lab's folder and `{certificates}` that of its certificates.

#![expect(clippy::too_many_lines, reason = "lists are as long as there are situations")]

mod caddy;
mod faults;
mod haproxy;
mod held_out;
mod next;
mod nginx;
mod nginx_answers;
mod node;
mod raw;
mod tls;
mod while_running;

use std::time::Duration;

/// One situation.
#[derive(Debug, Clone)]
pub(super) struct Situation {
    /// `nginx/upstream-down`: what stands there, and what is the matter.
    pub(super) name: &'static str,
    /// What is true, in a few words.
    pub(super) truth: &'static str,
    /// Every right answer: `place`, `place/did`, perhaps `@` and who may be said to have answered.
    pub(super) right: &'static [&'static str],
    /// What stands before the sandbox.
    pub(super) before: Before,
    /// What the relay behind the proxy does, where there is one.
    pub(super) relay: Option<Change>,
    /// How the program learns of it.
    pub(super) asked: Asked,
    /// What is wrong with the sandbox, as its own JSON.
    pub(super) faults: Option<&'static str>,
    /// The exit codes that are right, where they do not follow from the right answers.
    pub(super) exits: Option<&'static [i32]>,
    /// Not one of those that the diagnosis was made for: it shows whether the kind is understood, or only the case.
    pub(super) held_out: bool,
}

/// What stands before the sandbox.
#[derive(Debug, Clone, Copy)]
pub(super) enum Before {
    /// Nothing: the program speaks with the sandbox.
    Nothing,
    /// A part of `nginx.conf`, inside `http`.
    Nginx(&'static str),
    /// A site of a Caddyfile.
    Caddy(&'static str),
    /// Sections of `haproxy.cfg`.
    Haproxy(&'static str),
    /// A rewrite of Next.js from `/<a name>/:path*` to this address, by an app that keeps the slash at a path's end (`skipTrailingSlashRedirect`), or not.
    Next { keeps_slash: bool, to: &'static str },
    /// A piece of JavaScript that sets up an express `app`.
    Node(&'static str),
    /// A server of the test's own.
    Raw(Raw),
    /// The relay alone.
    Relay,
    /// A port where nobody listens.
    Closed,
    /// A name that does not exist.
    NoName,
}

/// What a server of the test's own does.
#[derive(Debug, Clone, Copy)]
pub(super) enum Raw {
    /// Reads a request, and closes.
    Closes,
    /// Resets each connection.
    Resets,
    /// Never answers.
    Silent,
    /// Promises more than it sends.
    BreaksOff,
    /// Speaks first, as SSH does.
    Ssh,
    /// Says this to everybody: status line and headers, an empty line, and the body.
    Says(&'static str),
}

/// What a relay does with what goes through it to the sandbox.
#[derive(Debug, Clone, Copy)]
pub(super) enum Change {
    /// Nothing.
    Nothing,
    /// Passes requests on, and keeps each answer of capture back for so long.
    Late(Duration),
    /// Puts another token in the place of the token.
    OtherToken,
    /// Takes the token out of the body.
    NoToken,
    /// Its own clock stands so many minutes ahead.
    Date(i64),
    /// Takes the event's uuid out of the body.
    NoUuid,
    /// Passes requests on without their body.
    NoBody,
    /// Takes what looks like a query string to be none of the upstream's business, and compresses what it says with gzip, asked or not.
    Gzip,
    /// Says this in capture's place, and passes on all other requests: status line and headers, an empty line, and the body.
    ForCapture(&'static str),
    /// Says this in the place of capture and of `/flags`.
    ForIngestion(&'static str),
}

/// How the program learns of the place.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    /// `http://127.0.0.1`, or `https://localhost`.
    pub(super) origin: &'static str,
    /// Behind the port.
    pub(super) path: &'static str,
    /// Whether the sandbox is read directly (`--api-host`), or through the proxy too.
    pub(super) api: Api,
    pub(super) v1: bool,
    pub(super) token: &'static str,
    pub(super) key: &'static str,
    pub(super) project_id: Option<u32>,
    /// Whether the lab's authority is trusted (`SSL_CERT_FILE`).
    pub(super) trusts: bool,
    /// More of the environment.
    pub(super) variables: &'static [(&'static str, &'static str)],
}

/// Where the API is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Api {
    Direct,
    Through,
}

impl Situation {
    fn new(name: &'static str, truth: &'static str, right: &'static [&'static str], before: Before) -> Self {
        let asked = Asked {
            origin: "http://127.0.0.1",
            path: "",
            api: Api::Direct,
            v1: false,
            token: heartbeat::sandbox::TOKEN,
            key: heartbeat::sandbox::PERSONAL_KEY,
            project_id: None,
            trusts: true,
            variables: &[],
        };
        Self { name, truth, right, before, relay: None, asked, faults: None, exits: None, held_out: false }
    }

    /// The host's path.
    fn at(mut self, path: &'static str) -> Self {
        self.asked.path = path;
        self
    }

    fn https(mut self) -> Self {
        self.asked.origin = "https://localhost";
        self
    }

    fn origin(mut self, origin: &'static str) -> Self {
        self.asked.origin = origin;
        self
    }

    fn api_through(mut self) -> Self {
        self.asked.api = Api::Through;
        self
    }

    fn v1(mut self) -> Self {
        self.asked.v1 = true;
        self
    }

    fn token(mut self, token: &'static str) -> Self {
        self.asked.token = token;
        self
    }

    fn key(mut self, key: &'static str) -> Self {
        self.asked.key = key;
        self
    }

    fn project_id(mut self, number: u32) -> Self {
        self.asked.project_id = Some(number);
        self
    }

    fn trusting_nobody(mut self) -> Self {
        self.asked.trusts = false;
        self
    }

    fn variables(mut self, variables: &'static [(&'static str, &'static str)]) -> Self {
        self.asked.variables = variables;
        self
    }

    fn behind(mut self, change: Change) -> Self {
        self.relay = Some(change);
        self
    }

    fn faults(mut self, faults: &'static str) -> Self {
        self.faults = Some(faults);
        self
    }

    fn exits(mut self, codes: &'static [i32]) -> Self {
        self.exits = Some(codes);
        self
    }

    fn held_out(mut self) -> Self {
        self.held_out = true;
        self
    }
}

/// All that `heartbeat check` is held against.
pub(super) fn for_check() -> Vec<Situation> {
    let known =
        [nginx::all(), nginx_answers::all(), tls::all(), raw::all(), caddy::all(), haproxy::all(), next::all(), node::all(), faults::all()];
    let held_out = held_out::all().into_iter().map(Situation::held_out);
    known.into_iter().flatten().chain(held_out).collect()
}

/// All that `heartbeat run` is held against.
pub(super) fn for_run() -> Vec<Story> {
    while_running::all()
}

pub(super) use while_running::{Expected, Story};
