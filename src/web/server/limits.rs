//! How many connections visitors may have, and how long each may wait.

use std::time::Duration;

/// Maximum number of connections, however many descriptors there are: each one uses memory.
const MOST: usize = 384;
/// Minimum number of connections: a browser opens six.
const FEWEST: usize = 8;
/// From one address that is neither this machine nor a trusted proxy.
const PER_ADDRESS: usize = 256;

/// Times are real time, whatever the clock of the service does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectionLimits {
    pub total: usize,
    /// From one address. This machine may have three quarters of the total, a trusted proxy the total.
    pub per_address: usize,
    /// From the connection to the end of the first request header.
    pub header: Duration,
    /// From the end of a request header to the end of its body.
    pub body: Duration,
    /// From the end of a response to the end of the next request header.
    pub idle: Duration,
    /// Maximum time without progress while a response is sent.
    pub stalled: Duration,
}

impl ConnectionLimits {
    /// Half of the `descriptors` remain for beats, read-backs, the store and notifications.
    #[must_use]
    pub fn for_descriptors(descriptors: u64) -> Self {
        let half = usize::try_from(descriptors / 2).unwrap_or(usize::MAX);
        let total = half.clamp(FEWEST, MOST);
        Self {
            total,
            per_address: PER_ADDRESS.min(total / 2),
            header: Duration::from_secs(10),
            body: Duration::from_secs(30),
            idle: Duration::from_secs(75),
            stalled: Duration::from_secs(30),
        }
    }

    pub(super) const fn per_loopback(&self) -> usize {
        self.total / 4 * 3
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_the_descriptors_are_never_a_visitors() {
        for (descriptors, total, per_address) in
            [(0, 8, 4), (64, 32, 16), (256, 128, 64), (1_024, 384, 192), (524_288, 384, 192), (u64::MAX, 384, 192)]
        {
            let limits = ConnectionLimits::for_descriptors(descriptors);
            assert_eq!((limits.total, limits.per_address), (total, per_address), "{descriptors}");
            assert!(limits.per_address <= limits.per_loopback() && limits.per_loopback() < limits.total, "{descriptors}");
        }
    }
}
