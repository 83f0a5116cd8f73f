//! Time spans as text, the same everywhere.

use std::time::Duration;

/// `2h 05m`, `2m 05s`, `45s`, `1.2s`, `340ms`, `0s`.
#[must_use]
pub fn span(wait: Duration) -> String {
    let (seconds, ms) = (wait.as_secs(), wait.as_millis());
    match seconds {
        3600.. => format!("{}h {:02}m", seconds / 3600, seconds / 60 % 60),
        60.. => format!("{}m {:02}s", seconds / 60, seconds % 60),
        10.. => format!("{seconds}s"),
        1.. => format!("{:.1}s", wait.as_secs_f64()),
        0 if ms == 0 => "0s".into(),
        0 => format!("{ms}ms"),
    }
}
