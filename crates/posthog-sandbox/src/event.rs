//! An event that capture has accepted, as it is in the queue and in the table.

use uuid::Uuid;

use super::faults::PARTITIONS;
use super::moment::Moment;
use super::project::PROJECTS;

#[derive(Debug, Clone)]
pub(super) struct Event {
    pub(super) project: u32,
    pub(super) uuid: Uuid,
    pub(super) name: String,
    pub(super) distinct_id: String,
    /// A JSON object, as text.
    pub(super) properties: String,
    /// Corrected by the sender's clock error, if the sender stated `sent_at`.
    pub(super) timestamp: Moment,
    pub(super) received_at: Moment,
}

/// The sort key of PostHog's `ReplacingMergeTree`: rows with an equal key are merged into one, some time later.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Identity {
    project: u32,
    day: i64,
    event: String,
    distinct_id: String,
    uuid: Uuid,
}

impl Event {
    /// The partition is chosen by token and distinct id, so the events of one distinct id stay in order. PostHog uses murmur2;
    /// any stable hash will do here.
    pub(super) fn partition(&self) -> u8 {
        let token = PROJECTS.iter().find(|project| project.id == self.project).map_or("", |project| project.token);
        let key = [token.as_bytes(), b":", self.distinct_id.as_bytes()].concat();
        let hash = key.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
        // Mixed once more; otherwise names that differ only in their last letter share a partition.
        let mixed = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
        ((mixed >> 33) % u64::from(PARTITIONS)) as u8
    }

    pub(super) fn identity(&self) -> Identity {
        let (event, distinct_id) = (self.name.clone(), self.distinct_id.clone());
        Identity { project: self.project, day: self.timestamp.day(), event, distinct_id, uuid: self.uuid }
    }
}
