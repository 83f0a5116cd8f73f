//! The pages as a person meets them, in the real Chromium that `bin/test` sets up.
//!
//! A [`Visitor`] opens, clicks, fills in and reads, by the names that assistive technology hears. What he overhears on the way (errors on the
//! console, what the page's policy forbids, requests to other servers) is reported at the end: [`Visitor::heard_nothing_bad`].

#![expect(clippy::unwrap_used, reason = "in a test, a panic is the message")]

mod accessible;
mod chromium;
mod harness;
mod long;
mod overheard;
mod part;
mod rounds;
mod visitor;
mod walk;
mod wide;

pub(crate) use visitor::{Screen, Visitor};
