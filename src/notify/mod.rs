//! Notifications: sends what is queued and stores the result.
//!
//! The loop (`run`) empties the outbox each second: `plan` decides what to send, `retry` when to try again, `outbox` sends. The [`Sender`]
//! delivers one message to one channel, with one file per kind under `channel`; [`watch_over`] sends the dead-man ping.

mod answer;
mod call;
mod channel;
mod client;
mod closing;
mod codes;
mod dead_man;
mod facts;
mod markup;
mod memory;
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

pub use call::Letter;
pub use client::SenderSettings;
pub use dead_man::watch_over;
pub use ping::{Method, Ping, State as PingState};
pub use run::Notify;
pub use send::Sender;
