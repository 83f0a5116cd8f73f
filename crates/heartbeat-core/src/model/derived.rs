//! Identities that are derived, so that every writer and every retry finds the same ones.

use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::Timestamp;

/// SHA-256 over parts, each prefixed with its length, so that different lists of parts never hash the same input.
pub(super) fn digest(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    hasher.finalize().into()
}

/// A UUIDv7 (RFC 9562, 5.7) of this time, with a hash in place of the random bits.
pub(super) fn uuid_v7(time: Timestamp, hash: &[u8; 32]) -> Uuid {
    let mut bytes: [u8; 16] = first_bytes(hash);
    bytes[..6].copy_from_slice(&time.ms().to_be_bytes()[2..]);
    bytes[6] = 0x70 | (bytes[6] & 0x0f);
    bytes[8] = 0x80 | (bytes[8] & 0x3f);
    Uuid::from_bytes(bytes)
}

pub(super) fn first_bytes<const N: usize>(hash: &[u8; 32]) -> [u8; N] {
    std::array::from_fn(|at| hash[at])
}

/// A UUID (version 8, RFC 9562) that hashes the parts.
pub(super) fn uuid_v8(parts: &[&[u8]]) -> Uuid {
    uuid::Builder::from_custom_bytes(first_bytes(&digest(parts))).into_uuid()
}
