//! SHA-256 hashes that identify a content without revealing it.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

pub(super) fn mark(content: impl AsRef<[u8]>) -> String {
    Sha256::digest(content).iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing into a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
