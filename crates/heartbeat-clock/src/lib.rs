//! Time: instants, whole minutes, and the one clock. Code that uses only this clock is tested with a manual clock and no real waits.

pub mod clock;
pub mod time;
