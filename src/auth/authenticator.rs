//! The door: who comes in by password, invitation, session or API token, and for how long.

use std::sync::Arc;
use std::time::Duration;

use super::password::{self, check};
use super::secret::draw;
use crate::clock::Clock;
use crate::model::{ApiToken, AuditEntry, Digest, Invitation, Role, Secret, Session, Timestamp, TokenId, User, UserId, UserName};
use crate::store::{Checked, Store, StoreError};

/// How long somebody stays logged in without coming back.
pub const SESSION_LASTS: Duration = Duration::from_hours(14 * 24);
/// How long an invitation can be used.
pub const INVITATION_LASTS: Duration = Duration::from_hours(24);
/// A session's last use is written no more often than this.
const WRITE_USE_EVERY: Duration = Duration::from_mins(1);
/// How an API token begins: so that scanners for secrets, and people, know what they found.
pub const TOKEN_PREFIX: &str = "hb_";
/// What is compared with where there is no such user: so that a wrong name takes as long as a wrong password.
const NOBODYS: &str = "$argon2id$v=19$m=7168,t=5,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Lets people and programs in. Cheap to clone.
#[derive(Clone)]
pub struct Authenticator {
    /// Where users, sessions and tokens are remembered.
    pub store: Arc<Store>,
    /// The time.
    pub clock: Clock,
}

/// An audit entry of access, done now.
#[must_use]
pub fn audit_entry(who: &str, subject: String, words: String, now: Timestamp) -> AuditEntry {
    AuditEntry { place: 0, at: now, who: who.to_owned(), subject, project: None, words }
}

impl Authenticator {
    /// The user of this name and password. None when there is no such one, whichever of the two is wrong.
    ///
    /// # Errors
    /// The store's.
    pub async fn log_in(&self, name: &UserName, password: &Secret) -> Result<Option<User>, StoreError> {
        let found = self.store.user(name).await?;
        let hash = found.as_ref().and_then(|(_, hash)| hash.clone()).unwrap_or_else(|| Secret::new(NOBODYS));
        let password = password.clone();
        let fits = tokio::task::spawn_blocking(move || password::verify(&password, &hash)).await.unwrap_or(false);
        Ok(found.map(|(user, _)| user).filter(|user| fits && user.has_password))
    }

    /// Opens a session, and gives its token: the only time that it is seen.
    ///
    /// # Errors
    /// The store's, or that no token could be drawn.
    pub async fn open(&self, user: UserId, by_proxy: bool) -> Result<String, StoreError> {
        let token = drawn()?;
        let now = self.clock.now();
        self.store.open_session(&Digest::of(&token), user, now, now.plus(SESSION_LASTS), by_proxy).await?;
        Ok(token)
    }

    /// The session of this token, while it lasts.
    ///
    /// # Errors
    /// The store's.
    pub async fn session(&self, token: &str) -> Result<Option<Session>, StoreError> {
        let (digest, now) = (Digest::of(token), self.clock.now());
        let session = self.store.session(&digest, now).await?;
        if session.as_ref().is_some_and(|session| now.since(session.last_used) >= WRITE_USE_EVERY) {
            self.store.use_session(&digest, now, now.plus(SESSION_LASTS)).await?;
        }
        Ok(session)
    }

    /// The API token of this text, while it holds.
    ///
    /// # Errors
    /// The store's.
    pub async fn token(&self, text: &str) -> Result<Option<ApiToken>, StoreError> {
        self.store.token(&Digest::of(text), self.clock.now()).await
    }

    /// Makes an API token, and gives its text: the only time that it is seen. `by` is who makes it, and the revision at which it may be made.
    ///
    /// # Errors
    /// The store's, or that none could be drawn.
    pub async fn make_token(
        &self,
        name: &str,
        role: Role,
        until: Option<Timestamp>,
        by: (&str, Option<i64>),
    ) -> Result<String, StoreError> {
        let (who, expected) = by;
        let text = format!("{TOKEN_PREFIX}{}", drawn()?);
        let now = self.clock.now();
        let (name, made_by) = (name.to_owned(), who.to_owned());
        let token = ApiToken { id: TokenId(0), name, role, made_by, created: now, last_used: None, until };
        let audit_entry = audit_entry(who, format!("API token {}", token.name), format!("made; may {}", role.name()), now);
        self.store.put_token(&Digest::of(&text), &token, Checked { audit_entry: &audit_entry, expected }).await?;
        Ok(text)
    }

    /// Makes an invitation, and gives its code: the only time that it is seen. With no user it is for whoever opens it first.
    ///
    /// # Errors
    /// The store's, or that no code could be drawn.
    pub async fn invite(&self, user: Option<UserName>, role: Role) -> Result<String, StoreError> {
        let code = drawn()?;
        let invitation = Invitation { user, role, until: self.clock.now().plus(INVITATION_LASTS) };
        self.store.invite(&Digest::of(&code), &invitation).await?;
        Ok(code)
    }

    /// What a code invites to, while it can be used.
    ///
    /// # Errors
    /// The store's.
    pub async fn invitation(&self, code: &str) -> Result<Option<Invitation>, StoreError> {
        self.store.invitation(&Digest::of(code), self.clock.now()).await
    }

    /// Takes an invitation: the user has this password from now on. None when the code was used, or its time is over.
    ///
    /// # Errors
    /// The store's.
    pub async fn accept(&self, code: &str, name: &UserName, password: &Secret) -> Result<Option<UserId>, StoreError> {
        let hash = hashed(password).await?;
        let now = self.clock.now();
        let audit_entry = audit_entry(name.as_str(), format!("user {name}"), "set a password by invitation".to_owned(), now);
        self.store.accept(&Digest::of(code), name, &hash, now, &audit_entry).await
    }

    /// Adds a user or changes one; a password that is given replaces the one before.
    ///
    /// # Errors
    /// The store's.
    pub async fn put(&self, name: &UserName, role: Role, password: Option<&Secret>, checked: Checked<'_>) -> Result<UserId, StoreError> {
        let hash = match password {
            Some(password) => Some(hashed(password).await?),
            None => None,
        };
        self.put_hashed(name, role, hash.as_ref(), checked).await
    }

    /// The same with the hash of a password.
    pub(super) async fn put_hashed(
        &self,
        name: &UserName,
        role: Role,
        hash: Option<&Secret>,
        checked: Checked<'_>,
    ) -> Result<UserId, StoreError> {
        self.store.put_user(name, role, hash, self.clock.now(), checked).await
    }

    /// The user of this name, for whom somebody else vouches: `by`. Whoever comes for the first time is added, and may do this much.
    ///
    /// # Errors
    /// The store's.
    pub async fn vouched(&self, name: &UserName, role: Role, by: &str) -> Result<UserId, StoreError> {
        if let Some((user, _)) = self.store.user(name).await? {
            return Ok(user.id);
        }
        let words = format!("came in by {by} for the first time; may {}", role.name());
        let audit_entry = audit_entry(name.as_str(), format!("user {name}"), words, self.clock.now());
        self.put(name, role, None, (&audit_entry).into()).await
    }

    /// Whether nobody can log in so far: then the first start invites somebody.
    ///
    /// # Errors
    /// The store's.
    pub async fn is_new(&self) -> Result<bool, StoreError> {
        Ok(!self.store.users().await?.iter().any(|user| user.has_password))
    }
}

fn drawn() -> Result<String, StoreError> {
    draw().map_err(StoreError::Damaged)
}

pub(super) async fn hashed(password: &Secret) -> Result<Secret, StoreError> {
    debug_assert!(check(password.expose()).is_ok(), "whoever sets a password checks it first, and says what is wrong");
    let password = password.clone();
    let hashed = tokio::task::spawn_blocking(move || password::hash(&password)).await;
    hashed.unwrap_or_else(|_| Err("the password could not be hashed".to_owned())).map_err(StoreError::Damaged)
}
