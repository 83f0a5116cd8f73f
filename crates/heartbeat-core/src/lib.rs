//! Heartbeat without IO: its types (`model`), its rules (`judge`) and the texts of its messages (`message`). It is its own crate because it changes
//! most: a rule and its tests compile without the wire, the store and the pages.

pub mod judge;
pub mod message;
pub mod model;
