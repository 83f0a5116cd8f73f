//! Changes of users and API tokens, for the page, the API and the command line. Each change writes an audit entry.

use super::authenticator::{Authenticator, audit_entry, hashed};
use crate::config::access::{TokenSpec, UserSpec, token_name, token_values, user_values};
use crate::config::differences;
use crate::model::{ApiToken, AuditEntry, ProjectName, Role, Secret, User, UserName};
use crate::store::{Checked, NoTurn, StoreError, Turns};

#[derive(Clone, Copy)]
pub struct Accounts<'d> {
    authenticator: &'d Authenticator,
    who: &'d str,
    keeps_a_writer: bool,
    since: Option<i64>,
}

#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    #[error("there is no user `{0}`")]
    NoUser(UserName),
    /// Text that is not a valid name is not quoted: it may be a token.
    #[error("there is no token {}", .0.as_ref().map_or_else(|| "of this name".to_owned(), |name| format!("`{name}`")))]
    NoToken(Option<ProjectName>),
    /// At least one editor must remain.
    #[error("{0} is the only editor; make another user an editor first")]
    LastWriter(UserName),
    #[error("there is a token `{0}` already")]
    TokenTaken(ProjectName),
    #[error("something was changed since you read it; read it again")]
    Changed,
    #[error("others were changing things at the same time; try again")]
    Busy,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl<'d> Accounts<'d> {
    /// Changes by `who`, as named in audit entries. At least one editor must remain.
    #[must_use]
    pub const fn of(authenticator: &'d Authenticator, who: &'d str) -> Self {
        Self { authenticator, who, keeps_a_writer: true, since: None }
    }

    /// For the command line, which can always restore access: it may also remove the last editor.
    #[must_use]
    pub const fn of_owner(authenticator: &'d Authenticator, who: &'d str) -> Self {
        Self { authenticator, who, keeps_a_writer: false, since: None }
    }

    /// Fails if anything changed since this revision.
    #[must_use]
    pub const fn since(self, revision: Option<i64>) -> Self {
        Self { since: revision, ..self }
    }

    pub async fn user(&self, name: &UserName) -> Result<User, AccountError> {
        self.find_user(name).await?.ok_or_else(|| AccountError::NoUser(name.clone()))
    }

    /// Invites a user, and adds the user if new. Without a role an existing user keeps the role, and a new one becomes a viewer, or an
    /// editor if there is none. Returns the code of the link and the role.
    pub async fn invite(&self, UserSpec { name, role }: &UserSpec) -> Result<(String, Role), AccountError> {
        let invited = self.change(move |expected| async move {
            let existing = self.find_user(name).await?;
            let desired = match role.or(existing.as_ref().map(|user| user.role)) {
                Some(role) => role,
                None if self.has_editor().await? => Role::Viewer,
                // The first user sets up the others.
                None => Role::Editor,
            };
            self.keep_a_writer(existing.as_ref(), desired).await?;
            let before = existing.map(|user| user.role);
            if before == Some(desired) {
                return Ok(desired);
            }
            let differences = differences(&before.map(user_values).unwrap_or_default(), &user_values(desired));
            let audit_entry = self.audit_entry(name, format!("invited; {differences}"));
            self.authenticator.put(name, desired, None, Checked { audit_entry: &audit_entry, expected }).await?;
            Ok(desired)
        });
        let role = invited.await?;
        Ok((self.authenticator.invite(Some(name.clone()), role).await?, role))
    }

    /// Sets the role, if there is one. Returns the role before, and the user as it is now.
    pub async fn set(&self, UserSpec { name, role }: &UserSpec) -> Result<(Role, User), AccountError> {
        let set = self.change(move |expected| async move {
            let user = self.user(name).await?;
            let (before, role) = (user.role, role.unwrap_or(user.role));
            self.keep_a_writer(Some(&user), role).await?;
            if before != role {
                let audit_entry = self.audit_entry(name, differences(&user_values(before), &user_values(role)));
                self.authenticator.put(name, role, None, Checked { audit_entry: &audit_entry, expected }).await?;
            }
            Ok((before, User { role, ..user }))
        });
        set.await
    }

    /// Sets a new password and closes all sessions of the user. The role does not change.
    pub async fn set_password(&self, name: &UserName, password: &Secret) -> Result<(), AccountError> {
        let (hash, audit_entry) = (&hashed(password).await?, &self.audit_entry(name, "changed the password".to_owned()));
        let set = self.change(move |expected| async move {
            let user = self.user(name).await?;
            self.authenticator.put_hashed(name, user.role, Some(hash), Checked { audit_entry, expected }).await?;
            Ok(())
        });
        set.await
    }

    pub async fn remove(&self, name: &UserName) -> Result<(), AccountError> {
        let removed = self.change(move |expected| async move {
            let user = self.user(name).await?;
            self.keep_a_writer(Some(&user), Role::Viewer).await?;
            let audit_entry = self.audit_entry(name, format!("removed; {}", differences(&user_values(user.role), &[])));
            self.authenticator.store.drop_user(name, Checked { audit_entry: &audit_entry, expected }).await?;
            Ok(())
        });
        removed.await
    }

    pub async fn token(&self, name: &str) -> Result<ApiToken, AccountError> {
        let found = self.authenticator.store.tokens().await?.into_iter().find(|token| token.name == name);
        found.ok_or_else(|| AccountError::NoToken(token_name(name).ok()))
    }

    /// Creates a token. Returns its text, which is not stored.
    pub async fn make_token(&self, spec: &TokenSpec) -> Result<String, AccountError> {
        let made = self.change(move |expected| async move {
            if self.authenticator.store.tokens().await?.iter().any(|token| token.name == spec.name.as_str()) {
                return Err(AccountError::TokenTaken(spec.name.clone()));
            }
            Ok(self.authenticator.make_token(spec, (self.who, expected)).await?)
        });
        made.await
    }

    pub async fn remove_token(&self, name: &str) -> Result<(), AccountError> {
        let removed = self.change(move |expected| async move {
            let token = self.token(name).await?;
            let words = format!("removed; {}", differences(&token_values(token.role, None), &[]));
            let audit_entry = audit_entry(self.who, format!("API token {}", token.name), words, self.authenticator.clock.now());
            self.authenticator.store.drop_token(token.id, Checked { audit_entry: &audit_entry, expected }).await?;
            Ok(())
        });
        removed.await
    }

    /// Tries again if something else was changed at the same time.
    async fn change<T, A>(&self, attempt: impl Fn(Option<i64>) -> A) -> Result<T, AccountError>
    where
        A: Future<Output = Result<T, AccountError>>,
    {
        let mut turns = Turns::since(self.since);
        loop {
            let expected = Some(turns.next(&self.authenticator.store).await?);
            match attempt(expected).await {
                Err(AccountError::Store(StoreError::Outrun)) => {}
                done => return done,
            }
        }
    }

    async fn find_user(&self, name: &UserName) -> Result<Option<User>, StoreError> {
        Ok(self.authenticator.store.user(name).await?.map(|(user, _)| user))
    }

    fn audit_entry(&self, name: &UserName, words: String) -> AuditEntry {
        audit_entry(self.who, format!("user {name}"), words, self.authenticator.clock.now())
    }

    async fn has_editor(&self) -> Result<bool, StoreError> {
        Ok(self.authenticator.store.users().await?.iter().any(|user| user.role == Role::Editor))
    }

    async fn keep_a_writer(&self, user: Option<&User>, role: Role) -> Result<(), AccountError> {
        let was_writer = user.filter(|user| user.role == Role::Editor && role < Role::Editor);
        let Some(user) = was_writer.filter(|_| self.keeps_a_writer) else { return Ok(()) };
        // A user who never accepted the invitation does not count.
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
