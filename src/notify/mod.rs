//! Telling people: what is owed goes out, and what came of it is marked.
//!
//! The loop (`run`) empties the outbox each second: what to send of what is due is `plan`, when to try again `retry`, the sending itself
//! `outbox`. One message goes to one channel by the [`Sender`], with one file a kind under `channel`; the ping that tells a service
//! outside that Heartbeat lives is sent by [`watch_over`]. Makes no words: those came with the notification. Knows each service's wire and
//! nothing of rules, and never decides whether something is worth telling.

mod answer;
mod call;
mod channel;
mod closing;
mod codes;
mod dead_man;
mod facts;
mod here;
mod markup;
mod mended;
mod outbox;
mod ping;
mod plan;
mod redactor;
mod repeat;
mod retry;
mod run;
mod send;
mod smtp;
mod text;

pub use dead_man::watch_over;
pub use ping::{Method, Ping, State as PingState};
pub use run::Notify;
pub use send::{Letter, Sender, SenderError, SenderSettings};
