//! Stories of minutes and hours: pulse, verify and the store against the sandbox, over real sockets, on the hand clock.

mod alerts;
mod alerts_down;
mod alerts_open;
mod alerts_telling;
mod capture;
mod clocks;
mod reading_back;
mod receiver;
mod silence;
mod storms;
mod switches;
mod watching;
mod ways;
mod world;

pub(crate) use world::World;
