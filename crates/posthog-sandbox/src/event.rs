//! An event that capture has taken, as it lies in the queue and in the table.

use uuid::Uuid;

use super::faults::PARTITIONS;
use super::moment::Moment;
use super::project::PROJECTS;

/// One event.
#[derive(Debug, Clone)]
pub(super) struct Event {
    /// The id of the project whose token it came with.
    pub(super) project: u32,
    pub(super) uuid: Uuid,
    pub(super) name: String,
    pub(super) distinct_id: String,
    /// A JSON object, as text.
    pub(super) properties: String,
    /// As it will be stored: corrected by the sender's clock error where that is asked for.
    pub(super) timestamp: Moment,
    /// When capture took it.
    pub(super) received_at: Moment,
}

/// What makes two rows the same to a `ReplacingMergeTree`: they are merged into one, some time later.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Identity {
    project: u32,
    day: i64,
    event: String,
    distinct_id: String,
    uuid: Uuid,
}

impl Event {
    /// The queue's partition: chosen by token and distinct id, so one person's events stay in order. (The real one uses
    /// murmur2; which number comes out does not matter, only that the same key always gives the same.)
    pub(super) fn partition(&self) -> u8 {
        let token = PROJECTS.iter().find(|project| project.id == self.project).map_or("", |project| project.token);
        let key = [token.as_bytes(), b":", self.distinct_id.as_bytes()].concat();
        let hash = key.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
        // Folded once more: names that differ in their last letter would share a partition otherwise.
        let aggregated = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
        ((aggregated >> 33) % u64::from(PARTITIONS)) as u8
    }

    pub(super) fn identity(&self) -> Identity {
        let (event, distinct_id) = (self.name.clone(), self.distinct_id.clone());
        Identity { project: self.project, day: self.timestamp.day(), event, distinct_id, uuid: self.uuid }
    }
}
