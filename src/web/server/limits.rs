//! How many connections visitors may have, and how long each may wait.

use std::time::Duration;

/// More connections than this are never held, however many descriptors there are: each takes some memory.
const MOST: usize = 1_024;
/// Fewer than this are no page: a browser opens six.
const FEWEST: usize = 8;
/// From one address that is not this machine's and not a proxy's.
const PER_ADDRESS: usize = 256;

/// The limits of the web server. Times are real, whatever the clock of the service does: connections are of the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// Connections in all.
    pub total: usize,
    /// Connections from one address. This machine may have three quarters of all, a trusted proxy all.
    pub per_address: usize,
    /// From the connection to the end of the first request's header.
    pub header: Duration,
    /// From the end of a request's header to the end of its body.
    pub body: Duration,
    /// From the end of an answer to the end of the next request's header.
    pub idle: Duration,
    /// How long the visitor may read nothing of what is sent to them.
    pub stalled: Duration,
}

impl ConnectionLimits {
    /// The limits of a process that may open `descriptors` files and connections. Half of them stay for beats, looks, the store and messages.
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

    /// How many this machine itself may have.
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
            [(0, 8, 4), (64, 32, 16), (256, 128, 64), (1_024, 512, 256), (524_288, 1_024, 256), (u64::MAX, 1_024, 256)]
        {
            let limits = ConnectionLimits::for_descriptors(descriptors);
            assert_eq!((limits.total, limits.per_address), (total, per_address), "{descriptors}");
            assert!(limits.per_address <= limits.per_loopback() && limits.per_loopback() < limits.total, "{descriptors}");
        }
    }
}
