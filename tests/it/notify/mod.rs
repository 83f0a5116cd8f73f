//! Notifying: each kind of channel against a receiver that holds it to the service's contract, its failures and its secrets.

mod alertmanagers;
mod bed;
mod commands;
mod contracts;
mod failures;
mod keeping_state;
pub(crate) mod mails;
mod pings;
mod postfix;
mod secrets;
