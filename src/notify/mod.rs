//! Notify: people are told. Takes owed notices from the store, delivers them to channels, and marks what came of it.
//!
//! What to send is `plan`, when to try again `retry`, the round itself `outbox`; how one message goes to one channel is `sender`, with one
//! file a kind of channel. Makes no words: those came with the notice. Knows nothing of rules.

mod outbox;
mod plan;
mod retry;
