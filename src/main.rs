//! Heartbeat: see the library, `heartbeat`.

fn main() {}
