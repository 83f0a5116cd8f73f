//! The lab: real nginx, Caddy, `HAProxy`, Next.js and a proxy in Node before the sandbox, in situations of which it is known what is true; and
//! what the program says of each.
//!
//! `HEARTBEAT_LAB=nginx/login cargo test --all-features --test it lab::checking -- --nocapture` tries those whose name begins so (or as one of several,
//! between commas), and shows their configuration and all that was said. `bin/test` installs the proxies.

mod certificates;
mod checking;
mod daemon;
mod document;
mod ground;
mod judging;
mod no_faults;
mod proxies;
mod raw;
mod relay;
mod running;
mod situations;

/// Those that are to be tried, and whether they were chosen.
#[expect(clippy::disallowed_methods, reason = "asked by whoever runs the tests, not by the program")]
fn chosen<T>(all: Vec<T>, name: impl Fn(&T) -> &'static str) -> (Vec<T>, bool) {
    let Ok(desired) = std::env::var("HEARTBEAT_LAB") else { return (all, false) };
    let some: Vec<T> = all.into_iter().filter(|one| desired.split(',').any(|begins| name(one).starts_with(begins))).collect();
    (some, true)
}
