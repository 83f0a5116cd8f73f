//! Users and API tokens, as somebody changes them: the page, the API and the command line alike. Each change leaves an audit entry.

use std::time::Duration;

use super::authenticator::{Authenticator, TOKEN_PREFIX, audit_entry, hashed};
use crate::model::{ApiToken, AuditEntry, ProjectName, Role, Secret, User, UserName};
use crate::store::{Checked, NoTurn, StoreError, Turns};

/// Users and tokens, changed by somebody.
#[derive(Clone, Copy)]
pub struct Accounts<'d> {
    authenticator: &'d Authenticator,
    who: &'d str,
    keeps_a_writer: bool,
    since: Option<i64>,
}

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// There is no such user.
    #[error("there is no user `{0}`")]
    NoUser(UserName),
    /// There is no such token. What is no name may be a token itself: it is not told.
    #[error("there is no token {}", .0.as_ref().map_or_else(|| "of this name".to_owned(), |name| format!("`{name}`")))]
    NoToken(Option<ProjectName>),
    /// Nobody else could change anything.
    #[error("{0} is the only user who may change things; let another do so first")]
    LastWriter(UserName),
    /// There is a token of this name.
    #[error("there is a token `{0}` already")]
    TokenTaken(ProjectName),
    /// It is not as it was when it was read ([`Accounts::since`]).
    #[error("something was changed since you read it; read it again")]
    Changed,
    /// Others changed things each time that we were about to.
    #[error("others were changing things at the same time; try again")]
    Busy,
    /// The store did not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Reads what a token is to be called: a name as those of projects, for it stands in audit entries and in addresses.
///
/// # Errors
/// The rest of a sentence.
pub fn token_name(text: &str) -> Result<ProjectName, String> {
    let name = ProjectName::parse(text).map_err(|wrong| wrong.to_string())?;
    if name.as_str().starts_with(TOKEN_PREFIX) {
        return Err(format!("must not begin with {TOKEN_PREFIX}, as tokens themselves do"));
    }
    Ok(name)
}

impl<'d> Accounts<'d> {
    /// Changed by `who`, as audit entries name them. Somebody must be left who may change things.
    #[must_use]
    pub const fn of(authenticator: &'d Authenticator, who: &'d str) -> Self {
        Self { authenticator, who, keeps_a_writer: true, since: None }
    }

    /// The same for the command line, which is the way back in: it may take from the last one what they may do.
    #[must_use]
    pub const fn of_owner(authenticator: &'d Authenticator, who: &'d str) -> Self {
        Self { authenticator, who, keeps_a_writer: false, since: None }
    }

    /// Only if nobody changed anything since this revision, where one is given.
    #[must_use]
    pub const fn since(self, revision: Option<i64>) -> Self {
        Self { since: revision, ..self }
    }

    /// The user of this name.
    ///
    /// # Errors
    /// When there is none, and the store's.
    pub async fn user(&self, name: &UserName) -> Result<User, AccountError> {
        self.known(name).await?.ok_or_else(|| AccountError::NoUser(name.clone()))
    }

    /// Invites a user, who is added where there is none of this name. Without `access` one who is there may do what they did, and a new one
    /// may write. Gives the code of the link, and what the user may do.
    ///
    /// # Errors
    /// When nobody would be left who may write, and the store's.
    pub async fn invite(&self, name: &UserName, role: Option<Role>) -> Result<(String, Role), AccountError> {
        let mut turns = Turns::since(self.since);
        let role = loop {
            let expected = Some(turns.next(&self.authenticator.store).await?);
            let known = self.known(name).await?;
            let desired = role.or(known.as_ref().map(|user| user.role)).unwrap_or(Role::Editor);
            self.keep_a_writer(known.as_ref(), desired).await?;
            let words = match &known {
                Some(user) if user.role == desired => break desired,
                Some(user) => format!("invited; {}", differs(user.role, desired)),
                None => format!("invited; may {desired}"),
            };
            let audit_entry = self.audit_entry(name, words);
            if written(self.authenticator.put(name, desired, None, Checked { audit_entry: &audit_entry, expected }).await)?.is_some() {
                break desired;
            }
        };
        Ok((self.authenticator.invite(Some(name.clone()), role).await?, role))
    }

    /// Lets a user do this from now on. Gives the user as it was before.
    ///
    /// # Errors
    /// When there is none, when nobody would be left who may write, and the store's.
    pub async fn set(&self, name: &UserName, role: Role) -> Result<User, AccountError> {
        let mut turns = Turns::since(self.since);
        loop {
            let expected = Some(turns.next(&self.authenticator.store).await?);
            let user = self.user(name).await?;
            self.keep_a_writer(Some(&user), role).await?;
            let audit_entry = self.audit_entry(name, differs(user.role, role));
            let checked = Checked { audit_entry: &audit_entry, expected };
            if user.role == role || written(self.authenticator.put(name, role, None, checked).await)?.is_some() {
                return Ok(user);
            }
        }
    }

    /// Gives a user another password. What the user may do stays, whatever becomes of it meanwhile. All sessions of it are closed.
    ///
    /// # Errors
    /// When there is none, and the store's.
    pub async fn set_password(&self, name: &UserName, password: &Secret) -> Result<(), AccountError> {
        let hash = hashed(password).await?;
        let audit_entry = self.audit_entry(name, "changed the password".to_owned());
        let mut turns = Turns::since(self.since);
        loop {
            let expected = Some(turns.next(&self.authenticator.store).await?);
            let user = self.user(name).await?;
            let checked = Checked { audit_entry: &audit_entry, expected };
            if written(self.authenticator.put_hashed(name, user.role, Some(&hash), checked).await)?.is_some() {
                return Ok(());
            }
        }
    }

    /// Removes a user, with the sessions that are open.
    ///
    /// # Errors
    /// When there is none, when nobody would be left who may write, and the store's.
    pub async fn remove(&self, name: &UserName) -> Result<(), AccountError> {
        let mut turns = Turns::since(self.since);
        loop {
            let expected = Some(turns.next(&self.authenticator.store).await?);
            let user = self.user(name).await?;
            self.keep_a_writer(Some(&user), Role::Viewer).await?;
            let audit_entry = self.audit_entry(name, format!("removed; access {} -> none", user.role));
            if written(self.authenticator.store.drop_user(name, Checked { audit_entry: &audit_entry, expected }).await)?.is_some() {
                return Ok(());
            }
        }
    }

    /// The token of this name.
    ///
    /// # Errors
    /// When there is none, and the store's.
    pub async fn token(&self, name: &str) -> Result<ApiToken, AccountError> {
        let found = self.authenticator.store.tokens().await?.into_iter().find(|token| token.name == name);
        found.ok_or_else(|| AccountError::NoToken(token_name(name).ok()))
    }

    /// Makes a token that holds for so long; until it is removed, where nothing is said. Gives its text: the only time that it is seen.
    ///
    /// # Errors
    /// When there is one of this name, and the store's.
    pub async fn make_token(&self, name: &ProjectName, role: Role, lasts: Option<Duration>) -> Result<String, AccountError> {
        let until = lasts.map(|lasts| self.authenticator.clock.now().plus(lasts));
        let mut turns = Turns::since(self.since);
        loop {
            let expected = Some(turns.next(&self.authenticator.store).await?);
            if self.authenticator.store.tokens().await?.iter().any(|token| token.name == name.as_str()) {
                return Err(AccountError::TokenTaken(name.clone()));
            }
            if let Some(text) = written(self.authenticator.make_token(name.as_str(), role, until, (self.who, expected)).await)? {
                return Ok(text);
            }
        }
    }

    /// Removes a token: from now on it opens nothing.
    ///
    /// # Errors
    /// When there is none, and the store's.
    pub async fn remove_token(&self, name: &str) -> Result<(), AccountError> {
        let mut turns = Turns::since(self.since);
        loop {
            let expected = Some(turns.next(&self.authenticator.store).await?);
            let token = self.token(name).await?;
            let words = format!("removed; access {} -> none", token.role);
            let audit_entry = audit_entry(self.who, format!("API token {}", token.name), words, self.authenticator.clock.now());
            if written(self.authenticator.store.drop_token(token.id, Checked { audit_entry: &audit_entry, expected }).await)?.is_some() {
                return Ok(());
            }
        }
    }

    async fn known(&self, name: &UserName) -> Result<Option<User>, StoreError> {
        Ok(self.authenticator.store.user(name).await?.map(|(user, _)| user))
    }

    fn audit_entry(&self, name: &UserName, words: String) -> AuditEntry {
        audit_entry(self.who, format!("user {name}"), words, self.authenticator.clock.now())
    }

    async fn keep_a_writer(&self, user: Option<&User>, role: Role) -> Result<(), AccountError> {
        let was_writer = user.filter(|user| user.role == Role::Editor && role < Role::Editor);
        let Some(user) = was_writer.filter(|_| self.keeps_a_writer) else { return Ok(()) };
        // Whoever was invited and never came is nobody yet who may let others in.
        let can_come = |user: &User| user.has_password || user.last_login.is_some();
        let others = self.authenticator.store.users().await?;
        let is_left = |other: &User| other.name != user.name && other.role == Role::Editor && can_come(other);
        if !can_come(user) || others.iter().any(is_left) {
            return Ok(());
        }
        Err(AccountError::LastWriter(user.name.clone()))
    }
}

impl From<NoTurn> for AccountError {
    fn from(none: NoTurn) -> Self {
        match none {
            NoTurn::Changed => Self::Changed,
            NoTurn::Busy => Self::Busy,
            NoTurn::Store(error) => Self::Store(error),
        }
    }
}

/// What was written; none where somebody was faster.
fn written<T>(done: Result<T, StoreError>) -> Result<Option<T>, StoreError> {
    match done {
        Ok(done) => Ok(Some(done)),
        Err(StoreError::Outrun) => Ok(None),
        Err(error) => Err(error),
    }
}

/// What becomes of an access.
fn differs(old: Role, new: Role) -> String {
    format!("access {old} -> {new}")
}
