//! Telling people: delivers one message to one channel, and the ping that tells a service outside that Heartbeat itself lives.
//!
//! Takes a channel and a message whose words are made; gives what came of it ([`crate::model::Delivery`]). It knows each service's wire and
//! nothing of rules or incidents, and it never decides whether something is worth telling.

mod answer;
mod call;
mod channel;
mod facts;
mod ping;
mod send;
mod text;
mod veil;

pub use ping::{Method, Ping, State};
pub use send::{Letter, Proxies, Sender, SenderError, SenderSettings};
