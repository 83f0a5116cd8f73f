//! Killed, down and doubled: whatever happens to Heartbeat itself, people are told.
