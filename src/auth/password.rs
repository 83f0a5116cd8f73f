//! Passwords: argon2id with parameters of OWASP's cheat sheet (7 MiB, five rounds: of those it considers equal, the ones with
//! the least memory). Only the hash is stored.

use std::sync::{Mutex, PoisonError};

use argon2::password_hash::phc::{self, Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version, password_hash};

use super::secret::{NoRandomBytes, random};
use crate::model::Secret;

/// In characters. Shorter passwords are guessed too easily.
const SHORTEST: usize = 10;
/// In bytes. Bounds the work of hashing.
const LONGEST: usize = 1024;
const SALT_BYTES: usize = 16;
const OUTPUT_BYTES: usize = 32;

/// Why a text cannot be a password. Continues a sentence that begins with "password"; never quotes the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    #[error("is empty; give at least {SHORTEST} characters")]
    Empty,
    #[error("is too short: give at least {SHORTEST} characters; a few words in a row are easy to remember")]
    TooShort,
    #[error("is longer than {LONGEST} bytes")]
    TooLong,
}

pub fn check(text: &str) -> Result<(), PasswordError> {
    match text.chars().count() {
        0 => Err(PasswordError::Empty),
        count if count < SHORTEST => Err(PasswordError::TooShort),
        _ if text.len() > LONGEST => Err(PasswordError::TooLong),
        _ => Ok(()),
    }
}

#[derive(Debug, thiserror::Error)]
pub(super) enum HashError {
    #[error(transparent)]
    NoRandomBytes(#[from] NoRandomBytes),
    #[error("cannot hash the password: {0}")]
    Parameters(#[from] argon2::Error),
    #[error("cannot hash the password: {0}")]
    Format(#[from] phc::Error),
    #[error("cannot hash the password: {0}")]
    Hash(#[from] password_hash::Error),
}

/// Hashes a password; takes some tens of milliseconds.
pub(super) fn hash(password: &Secret) -> Result<Secret, HashError> {
    let salt = random::<SALT_BYTES>()?;
    let params = Params::new(7 * 1024, 5, 1, Some(OUTPUT_BYTES))?;
    let written = ParamsString::try_from(&params)?;
    let output = compute(&Argon2::new(Algorithm::Argon2id, Version::V0x13, params), password, &salt)?;
    let hashed = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: written,
        salt: Some(Salt::new(&salt)?),
        hash: Some(output),
    };
    Ok(Secret::new(&hashed.to_string()))
}

/// Verifies with the parameters in the hash. A damaged hash matches no password.
pub(super) fn verify(password: &Secret, hash: &Secret) -> bool {
    let Ok(hash) = PasswordHash::new(hash.expose()) else { return false };
    let (Some(salt), Some(expected), Ok(params)) = (&hash.salt, &hash.hash, Params::try_from(&hash)) else { return false };
    let (Ok(algorithm), Ok(version)) =
        (Algorithm::try_from(hash.algorithm.as_str()), hash.version.map_or(Ok(Version::V0x13), Version::try_from))
    else {
        return false;
    };
    // `Output` compares in constant time.
    password.expose().len() <= LONGEST
        && compute(&Argon2::new(algorithm, version, params), password, salt).is_ok_and(|output| output == *expected)
}

/// Memory for hashing, used by one password at a time and kept: allocating this much per password would fragment the heap, and the
/// process would grow with each wrong password.
static MEMORY: Mutex<Vec<Block>> = Mutex::new(Vec::new());

fn compute(argon2: &Argon2<'_>, password: &Secret, salt: &[u8]) -> Result<Output, password_hash::Error> {
    let mut output = [0; OUTPUT_BYTES];
    let mut memory = MEMORY.lock().unwrap_or_else(PoisonError::into_inner);
    let blocks = argon2.params().block_count();
    if memory.len() < blocks {
        memory.resize(blocks, Block::new());
    }
    argon2.hash_password_into_with_memory(password.expose().as_bytes(), salt, &mut output, &mut memory[..blocks])?;
    Ok(Output::new(&output)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_opens_its_own_hash_alone() {
        let hashed = hash(&Secret::new("four words in a row")).unwrap();
        assert!(hashed.expose().starts_with("$argon2id$v=19$m=7168,t=5,p=1$"), "{}", hashed.expose());
        assert!(verify(&Secret::new("four words in a row"), &hashed));
        assert!(!verify(&Secret::new("four words in a raw"), &hashed));
        assert!(!verify(&Secret::new(""), &hashed));
        assert!(!verify(&Secret::new("four words in a row"), &Secret::new("no hash")));
    }

    #[test]
    fn a_hash_of_other_parameters_is_opened_too() {
        use argon2::password_hash::PasswordHasher as _;
        let older = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(19 * 1024, 2, 1, None).unwrap());
        let hashed: PasswordHash = older.hash_password_with_salt(b"four words in a row", &[7; SALT_BYTES]).unwrap();
        let hashed = Secret::new(&hashed.to_string());
        assert!(hashed.expose().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", hashed.expose());
        assert!(verify(&Secret::new("four words in a row"), &hashed));
        assert!(!verify(&Secret::new("four words in a raw"), &hashed));
    }

    #[test]
    fn what_is_too_short_or_long_is_said_without_quoting_it() {
        assert_eq!(check(""), Err(PasswordError::Empty));
        assert_eq!(check("ninechars"), Err(PasswordError::TooShort));
        assert_eq!(check("zehnzeichn"), Ok(()));
        assert_eq!(check(&"x".repeat(1025)), Err(PasswordError::TooLong));
    }
}
