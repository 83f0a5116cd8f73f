//! What is shown of projects, read from a store.

mod brief;
mod days;
mod world;
