//! How many examples a property is tried with.

use proptest::test_runner::Config;

/// Set by `bin/test fast`: a quarter of the examples.
const FEWER: &str = "HEARTBEAT_FEWER_EXAMPLES";

/// A failure prints its smallest example; no file of seeds is written.
#[expect(clippy::disallowed_methods, reason = "the lane of the tests decides it")]
pub(crate) fn examples(all: u32) -> Config {
    let cases = if std::env::var_os(FEWER).is_some() { all.div_ceil(4) } else { all };
    Config { cases, failure_persistence: None, ..Config::default() }
}
