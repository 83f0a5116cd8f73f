//! Time: instants and whole minutes, and the one clock that tells them and waits for them.
//!
//! A program that asks this clock alone can be tested by hand: the test moves the clock, and no test waits.

pub mod clock;
pub mod time;
