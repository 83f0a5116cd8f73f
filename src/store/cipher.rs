//! Encryption of secrets with XChaCha20-Poly1305; the key is not in the database. The owner and the field are associated data, so that a
//! secret moved to another row cannot be decrypted there.

use std::fmt;
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305};
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::model::ProjectName;

/// The first byte of every ciphertext, for a change of the cipher in the future.
const XCHACHA20_POLY1305: u8 = 1;
const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;

/// Keys are accepted with and without trailing `=`: both are common.
const LENIENT: GeneralPurpose =
    GeneralPurpose::new(&base64::alphabet::STANDARD, GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent));

/// Contains neither keys nor secrets.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CipherError {
    #[error("the key file {} could not be {tried}: {why}", path.display())]
    File { path: PathBuf, tried: &'static str, why: Arc<io::Error> },
    #[error("the key file {0} is open to other users of this machine (mode {mode:04o}): run `chmod 600 {0}`", path.display())]
    TooOpen { path: PathBuf, mode: u32 },
    #[error("{0} contains no encryption key: it must be 32 bytes in base64, as printed by `openssl rand -base64 32`")]
    NotAKey(String),
    #[error("the system gives no random bytes: {0}")]
    NoRandomness(String),
    #[error("the {field} of {owner} could not be encrypted")]
    NotEncrypted { owner: String, field: &'static str },
    /// Encrypted with another key, or changed since.
    #[error(
        "the {field} of {owner} cannot be decrypted with this encryption key: use the key of this database (heartbeat.key beside it, or HEARTBEAT_KEY); if that is lost, {remove} and add it again"
    )]
    Closed { owner: String, field: &'static str, remove: String },
    /// New secrets would be encrypted with another key than the stored ones.
    #[error(
        "nothing is encrypted with this encryption key, because the {field} of {owner} cannot be decrypted with it: use the key of this database (heartbeat.key beside it, or HEARTBEAT_KEY); if that is lost, {remove} first"
    )]
    OtherKey { owner: String, field: &'static str, remove: String },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner<'a> {
    Project(&'a ProjectName),
    Channel(&'a ProjectName),
}

/// What is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SecretField {
    PersonalKey,
    /// The secret settings of Ingestion Alert.
    AppSettings,
    AppWebhooks,
    ChannelFields,
}

impl SecretField {
    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::PersonalKey => "personal API key",
            Self::AppSettings => "secret ingestion-alert settings",
            Self::AppWebhooks => "webhooks",
            Self::ChannelFields => "fields",
        }
    }

    /// Part of the associated data: a change makes stored secrets unreadable.
    const fn id(self) -> &'static str {
        match self {
            Self::PersonalKey => "personal_key",
            Self::AppSettings => "app_settings",
            Self::AppWebhooks => "app_webhooks",
            Self::ChannelFields => "channel_fields",
        }
    }
}

impl Owner<'_> {
    const fn parts(&self) -> (&'static str, &ProjectName) {
        match self {
            Self::Project(name) => ("project", name),
            Self::Channel(name) => ("channel", name),
        }
    }

    /// The associated data. Names and fields contain no zero byte, so it is different for every owner and field.
    fn associated_data(self, field: SecretField) -> Vec<u8> {
        let (kind, name) = self.parts();
        format!("{name}\0{kind}\0{}", field.id()).into_bytes()
    }

    /// The command that removes the owner; it works without the key.
    pub(super) fn removed_by(self) -> String {
        let (kind, name) = self.parts();
        format!("`heartbeat {kind}s remove {name}`")
    }
}

impl fmt::Display for Owner<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, name) = self.parts();
        write!(f, "{kind} {name}")
    }
}

/// Cheap to clone; the key is wiped when the last clone is dropped.
#[derive(Clone)]
pub struct SecretCipher(Arc<Zeroizing<[u8; KEY_BYTES]>>);

impl fmt::Debug for SecretCipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretCipher(***)")
    }
}

impl SecretCipher {
    /// Reads the key from a file. If there is no file, it is created with a new key, readable by its owner only.
    pub fn from_key_file(path: &Path) -> Result<Self, CipherError> {
        let file = |tried, why| CipherError::File { path: path.to_owned(), tried, why: Arc::new(why) };
        let metadata = match fs::metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                make_key_file(path)?;
                fs::metadata(path)
            }
            metadata => metadata,
        };
        let mode = metadata.map_err(|why| file("read", why))?.mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(CipherError::TooOpen { path: path.to_owned(), mode });
        }
        let text = Zeroizing::new(fs::read(path).map_err(|why| file("read", why))?);
        Self::read(&text).ok_or_else(|| CipherError::NotAKey(format!("the key file {}", path.display())))
    }

    /// Reads the key from text: 32 bytes in base64. The error does not quote the text.
    pub fn from_base64(text: &str) -> Result<Self, CipherError> {
        Self::read(text.as_bytes()).ok_or_else(|| CipherError::NotAKey("the value".into()))
    }

    fn read(text: &[u8]) -> Option<Self> {
        let bytes = Zeroizing::new(LENIENT.decode(text.trim_ascii()).ok()?);
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        (bytes.len() == KEY_BYTES).then(|| key.copy_from_slice(&bytes))?;
        Some(Self(Arc::new(key)))
    }

    pub(super) fn encrypt(&self, owner: Owner<'_>, field: SecretField, secret: &str) -> Result<Vec<u8>, CipherError> {
        let mut nonce = [0; NONCE_BYTES];
        getrandom::fill(&mut nonce).map_err(|error| CipherError::NoRandomness(error.to_string()))?;
        let payload = Payload { msg: secret.as_bytes(), aad: &owner.associated_data(field) };
        let failed = |_| CipherError::NotEncrypted { owner: owner.to_string(), field: field.label() };
        let encrypted = self.cipher().encrypt(&nonce.into(), payload).map_err(failed)?;
        Ok([&[XCHACHA20_POLY1305][..], &nonce, &encrypted].concat())
    }

    pub(super) fn open(&self, owner: Owner<'_>, field: SecretField, encrypted: &[u8]) -> Result<Zeroizing<String>, CipherError> {
        let opened = || {
            let (&XCHACHA20_POLY1305, rest) = encrypted.split_first()? else { return None };
            let (nonce, msg) = rest.split_first_chunk::<NONCE_BYTES>()?;
            let secret = self.cipher().decrypt(&(*nonce).into(), Payload { msg, aad: &owner.associated_data(field) }).ok()?;
            String::from_utf8(secret).ok()
        };
        let closed = || CipherError::Closed { owner: owner.to_string(), field: field.label(), remove: owner.removed_by() };
        opened().map(Zeroizing::new).ok_or_else(closed)
    }

    /// A keyed digest (HMAC-SHA256): without the key, nobody can find the text by trying texts.
    pub(super) fn digest(&self, text: &str) -> [u8; 32] {
        // HMAC fills the key up to the block of its hash with zeros.
        let mut block = Zeroizing::new([0; 64]);
        block[..KEY_BYTES].copy_from_slice(&**self.0);
        let block: &[u8; 64] = &block;
        Hmac::<Sha256>::new(block.into()).chain_update(text).finalize().into_bytes().into()
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        let key: &[u8; KEY_BYTES] = &self.0;
        XChaCha20Poly1305::new(key.into())
    }
}

/// Creates the key file atomically: two processes that start at the same time use the same key.
fn make_key_file(path: &Path) -> Result<(), CipherError> {
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    getrandom::fill(key.as_mut()).map_err(|error| CipherError::NoRandomness(error.to_string()))?;
    let text = Zeroizing::new(STANDARD.encode(key.as_ref()) + "\n");
    let made = || {
        let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::create_dir_all(directory)?;
        // Readable by its owner only.
        let mut beside = tempfile::NamedTempFile::new_in(directory)?;
        beside.write_all(text.as_bytes())?;
        beside.as_file().sync_all()?;
        match beside.persist_noclobber(path) {
            Err(there) if there.error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            Err(failed) => Err(failed.error),
            Ok(_) => fs::File::open(directory)?.sync_all(),
        }
    };
    made().map_err(|why| CipherError::File { path: path.to_owned(), tried: "created", why: Arc::new(why) })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn name(text: &str) -> ProjectName {
        ProjectName::parse(text).unwrap()
    }

    fn cipher(byte: u8) -> SecretCipher {
        SecretCipher::from_base64(&STANDARD.encode([byte; KEY_BYTES])).unwrap()
    }

    #[test]
    fn what_is_no_key_is_refused_and_never_quoted() {
        for wrong in ["", "hunter2", "aHVudGVyMg==", &"A".repeat(44), &STANDARD.encode([7; 31]), &STANDARD.encode([7; 33]), "ü"] {
            let message = SecretCipher::from_base64(wrong).unwrap_err().to_string();
            assert!(message.contains("32 bytes in base64"), "{message}");
            assert!(wrong.is_empty() || !message.contains(wrong), "{message}");
        }
    }

    #[test]
    fn a_key_may_come_without_padding_and_with_a_newline() {
        let text = STANDARD.encode([9; KEY_BYTES]);
        let encrypted = cipher(9).encrypt(Owner::Project(&name("a")), SecretField::PersonalKey, "secret").unwrap();
        for text in [format!("{text}\n"), text.trim_end_matches('=').to_owned()] {
            assert_eq!(
                *SecretCipher::from_base64(&text).unwrap().open(Owner::Project(&name("a")), SecretField::PersonalKey, &encrypted).unwrap(),
                "secret"
            );
        }
    }

    #[test]
    fn only_the_same_key_project_and_field_open_a_seal() {
        let encrypted = cipher(1).encrypt(Owner::Project(&name("a")), SecretField::PersonalKey, "phx_secret").unwrap();
        assert_eq!(*cipher(1).open(Owner::Project(&name("a")), SecretField::PersonalKey, &encrypted).unwrap(), "phx_secret");
        for (key, project, field) in
            [(2, "a", SecretField::PersonalKey), (1, "b", SecretField::PersonalKey), (1, "a", SecretField::AppSettings)]
        {
            let message = cipher(key).open(Owner::Project(&name(project)), field, &encrypted).unwrap_err().to_string();
            assert!(message.contains(&format!("the {} of project {project} ", field.label())) && !message.contains("phx_"), "{message}");
        }
        let message = cipher(1).open(Owner::Channel(&name("a")), SecretField::PersonalKey, &encrypted).unwrap_err().to_string();
        assert!(message.contains("of channel a cannot be decrypted"), "a channel may be called like a project: {message}");
    }

    #[test]
    fn a_seal_with_any_byte_changed_or_cut_stays_closed() {
        let encrypted = cipher(1).encrypt(Owner::Project(&name("a")), SecretField::PersonalKey, "phx_secret").unwrap();
        for at in 0..encrypted.len() {
            let mut changed = encrypted.clone();
            changed[at] ^= 1;
            assert!(cipher(1).open(Owner::Project(&name("a")), SecretField::PersonalKey, &changed).is_err(), "byte {at} changed");
            assert!(cipher(1).open(Owner::Project(&name("a")), SecretField::PersonalKey, &encrypted[..at]).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn a_digest_depends_on_text_and_key() {
        assert_eq!(cipher(1).digest("hunter2"), cipher(1).digest("hunter2"));
        for other in [cipher(1).digest("hunter3"), cipher(2).digest("hunter2")] {
            assert_ne!(cipher(1).digest("hunter2"), other);
        }
        // Compared with another implementation: `openssl dgst -sha256 -mac HMAC -macopt hexkey:01...`.
        let of_openssl = "f26b540759235a9d2d6decc1bddffcf36ee1b113d12bf4928ebdfc77a8d2a181";
        let hex: String = cipher(1).digest("hunter2").iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
        assert_eq!(hex, of_openssl);
    }

    #[test]
    fn the_same_secret_is_never_sealed_the_same_way_twice() {
        let encrypt = || cipher(1).encrypt(Owner::Project(&name("a")), SecretField::PersonalKey, "phx_secret").unwrap();
        assert_ne!(encrypt(), encrypt());
    }

    #[test]
    fn a_missing_key_file_is_made_for_its_owner_alone_and_read_again() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("deep/er/heartbeat.key");
        let first = SecretCipher::from_key_file(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "something was left behind");
        let encrypted = first.encrypt(Owner::Project(&name("a")), SecretField::PersonalKey, "secret").unwrap();
        assert_eq!(
            *SecretCipher::from_key_file(&path).unwrap().open(Owner::Project(&name("a")), SecretField::PersonalKey, &encrypted).unwrap(),
            "secret"
        );
    }

    #[test]
    fn many_that_start_at_once_agree_on_one_key() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("heartbeat.key");
        let starting: Vec<_> = (0..8)
            .map(|_| {
                let path = path.clone();
                std::thread::spawn(move || SecretCipher::from_key_file(&path).unwrap())
            })
            .collect();
        let ciphers: Vec<SecretCipher> = starting.into_iter().map(|one| one.join().unwrap()).collect();
        let encrypted = ciphers[0].encrypt(Owner::Project(&name("a")), SecretField::PersonalKey, "secret").unwrap();
        assert!(ciphers.iter().all(|cipher| cipher.open(Owner::Project(&name("a")), SecretField::PersonalKey, &encrypted).is_ok()));
    }

    #[test]
    fn a_key_file_open_to_others_is_refused_with_what_to_do() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("heartbeat.key");
        SecretCipher::from_key_file(&path).unwrap();
        for mode in [0o644, 0o640, 0o602] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let message = SecretCipher::from_key_file(&path).unwrap_err().to_string();
            assert!(message.contains(&format!("chmod 600 {}", path.display())) && message.contains(&format!("{mode:04o}")), "{message}");
        }
    }

    #[test]
    fn a_key_file_that_holds_no_key_or_cannot_be_made_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("heartbeat.key");
        SecretCipher::from_key_file(&path).unwrap();
        fs::write(&path, "not a key\n").unwrap();
        let message = SecretCipher::from_key_file(&path).unwrap_err().to_string();
        assert!(message.contains("heartbeat.key contains no encryption key") && !message.contains("not a key"), "{message}");
        let message = SecretCipher::from_key_file(&path.join("below-a-file.key")).unwrap_err().to_string();
        assert!(message.contains("below-a-file.key could not be"), "{message}");
    }

    #[test]
    fn a_sealer_prints_nothing_of_its_key() {
        assert_eq!(format!("{:?}", cipher(1)), "SecretCipher(***)");
    }
}
