//! What Heartbeat knows without any IO: its words (`model`), what they mean together (`judge`), and how it is said (`message`).
//!
//! It is a crate of its own because it is what changes most: a rule and its tests are compiled without the wire, the store and the pages.

pub mod judge;
pub mod message;
pub mod model;
