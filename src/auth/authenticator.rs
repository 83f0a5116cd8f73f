//! Logins by password, invitation, session or API token, and how long they last.

use std::sync::Arc;
use std::time::Duration;

use super::password::{self, check};
use super::secret::draw;
use crate::clock::Clock;
use crate::config::access::{TokenSpec, user_values};
use crate::config::differences;
use crate::model::{ApiToken, AuditEntry, Digest, Invitation, Role, Secret, Session, Timestamp, TokenId, User, UserId, UserName};
use crate::store::{Checked, Store, StoreError};

pub const SESSION_LASTS: Duration = Duration::from_hours(14 * 24);
pub const INVITATION_LASTS: Duration = Duration::from_hours(24);
/// A session's last use is stored at most this often.
const WRITE_USE_EVERY: Duration = Duration::from_mins(1);
/// Compared with for an unknown user, so that a wrong name takes as long as a wrong password.
const NOBODYS: &str = "$argon2id$v=19$m=7168,t=5,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// API tokens and invitations last in real time: the command line, which makes some, does not run at the speed of the service, which checks them.
#[derive(Clone)]
pub struct Authenticator {
    pub store: Arc<Store>,
    pub clock: Clock,
}

#[must_use]
pub fn audit_entry(who: &str, subject: String, words: String, now: Timestamp) -> AuditEntry {
    AuditEntry { place: 0, at: now, who: who.to_owned(), subject, project: None, words }
}

impl Authenticator {
    /// None for a wrong name and for a wrong password.
    pub async fn log_in(&self, name: &UserName, password: &Secret) -> Result<Option<User>, StoreError> {
        let found = self.store.user(name).await?;
        let hash = found.as_ref().and_then(|(_, hash)| hash.clone()).unwrap_or_else(|| Secret::new(NOBODYS));
        let password = password.clone();
        let fits = tokio::task::spawn_blocking(move || password::verify(&password, &hash)).await.unwrap_or(false);
        Ok(found.map(|(user, _)| user).filter(|user| fits && user.has_password))
    }

    /// Opens a session and returns its token, which is not stored.
    pub async fn open(&self, user: UserId, by_proxy: bool) -> Result<String, StoreError> {
        let token = draw_token()?;
        let now = self.clock.now();
        self.store.open_session(&Digest::of(&token), user, now, now.plus(SESSION_LASTS), by_proxy).await?;
        Ok(token)
    }

    pub async fn session(&self, token: &str) -> Result<Option<Session>, StoreError> {
        let (digest, now) = (Digest::of(token), self.clock.now());
        let session = self.store.session(&digest, now).await?;
        if session.as_ref().is_some_and(|session| now.since(session.last_used) >= WRITE_USE_EVERY) {
            self.store.use_session(&digest, now, now.plus(SESSION_LASTS)).await?;
        }
        Ok(session)
    }

    pub async fn token(&self, text: &str) -> Result<Option<ApiToken>, StoreError> {
        self.store.token(&Digest::of(text), self.clock.real_now()).await
    }

    /// Creates an API token and returns its text, which is not stored. `by`: the user, and the expected revision.
    pub async fn make_token(&self, spec: &TokenSpec, by: (&str, Option<i64>)) -> Result<String, StoreError> {
        let (who, expected) = by;
        let text = format!("{}{}", ApiToken::PREFIX, draw_token()?);
        let created = self.clock.real_now();
        let until = spec.lasts.map(|lasts| created.plus(lasts));
        let (name, made_by) = (spec.name.to_string(), who.to_owned());
        let token = ApiToken { id: TokenId(0), name, role: spec.role, made_by, created, last_used: None, until };
        let words = format!("made; {}", differences(&[], &spec.values()));
        let audit_entry = audit_entry(who, format!("API token {}", token.name), words, self.clock.now());
        self.store.put_token(&Digest::of(&text), &token, Checked { audit_entry: &audit_entry, expected }).await?;
        Ok(text)
    }

    /// Creates an invitation and returns its code, which is not stored. Without a user, the first visitor can use it.
    pub async fn invite(&self, user: Option<UserName>, role: Role) -> Result<String, StoreError> {
        let code = draw_token()?;
        let invitation = Invitation { user, role, until: self.clock.real_now().plus(INVITATION_LASTS) };
        self.store.invite(&Digest::of(&code), &invitation).await?;
        Ok(code)
    }

    pub async fn invitation(&self, code: &str) -> Result<Option<Invitation>, StoreError> {
        self.store.invitation(&Digest::of(code), self.clock.real_now()).await
    }

    /// Accepts an invitation with a new password. None if the code was used or expired.
    pub async fn accept(&self, code: &str, name: &UserName, password: &Secret) -> Result<Option<UserId>, StoreError> {
        let hash = hashed(password).await?;
        let words = "set a password by invitation".to_owned();
        let audit_entry = audit_entry(name.as_str(), format!("user {name}"), words, self.clock.now());
        self.store.accept(&Digest::of(code), name, &hash, self.clock.real_now(), &audit_entry).await
    }

    /// Adds or changes a user; none keeps the password.
    pub async fn put(&self, name: &UserName, role: Role, password: Option<&Secret>, checked: Checked<'_>) -> Result<UserId, StoreError> {
        let hash = match password {
            Some(password) => Some(hashed(password).await?),
            None => None,
        };
        self.put_hashed(name, role, hash.as_ref(), checked).await
    }

    pub(super) async fn put_hashed(
        &self,
        name: &UserName,
        role: Role,
        hash: Option<&Secret>,
        checked: Checked<'_>,
    ) -> Result<UserId, StoreError> {
        self.store.put_user(name, role, hash, self.clock.now(), checked).await
    }

    /// The user of this name, authenticated by `by` (a proxy or an issuer). A new user is added with this role.
    pub async fn vouched(&self, name: &UserName, role: Role, by: &str) -> Result<UserId, StoreError> {
        if let Some((user, _)) = self.store.user(name).await? {
            return Ok(user.id);
        }
        let words = format!("first login by {by}; {}", differences(&[], &user_values(role)));
        let audit_entry = audit_entry(name.as_str(), format!("user {name}"), words, self.clock.now());
        self.put(name, role, None, (&audit_entry).into()).await
    }

    /// Whether no user has a password yet: then the first start creates an invitation.
    pub async fn is_new(&self) -> Result<bool, StoreError> {
        Ok(!self.store.users().await?.iter().any(|user| user.has_password))
    }
}

fn draw_token() -> Result<String, StoreError> {
    draw().map_err(|wrong| StoreError::Damaged(wrong.to_string()))
}

pub(super) async fn hashed(password: &Secret) -> Result<Secret, StoreError> {
    debug_assert!(check(password.expose()).is_ok(), "passwords are checked before they are hashed");
    let password = password.clone();
    let hashed = tokio::task::spawn_blocking(move || password::hash(&password)).await;
    let hashed = hashed.map_err(|_| StoreError::Damaged("cannot hash the password".to_owned()))?;
    hashed.map_err(|wrong| StoreError::Damaged(wrong.to_string()))
}
