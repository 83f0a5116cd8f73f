//! Users and API tokens, as somebody changes them: the page, the API and the command line alike. Each change leaves a deed.

use std::time::Duration;

use super::door::{Door, TOKEN_PREFIX, deed};
use crate::model::{Access, ApiToken, Deed, ProjectName, User, UserName};
use crate::store::StoreError;

/// Users and tokens, changed by somebody.
#[derive(Clone, Copy)]
pub struct Accounts<'d> {
    door: &'d Door,
    who: &'d str,
    keeps_a_writer: bool,
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
    /// The store did not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Reads what a token is to be called: a name as those of projects, for it stands in deeds and in addresses.
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
    /// Changed by `who`, as deeds name them. Somebody must be left who may change things.
    #[must_use]
    pub const fn of(door: &'d Door, who: &'d str) -> Self {
        Self { door, who, keeps_a_writer: true }
    }

    /// The same for the command line, which is the way back in: it may take from the last one what they may do.
    #[must_use]
    pub const fn of_owner(door: &'d Door, who: &'d str) -> Self {
        Self { door, who, keeps_a_writer: false }
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
    pub async fn invite(&self, name: &UserName, access: Option<Access>) -> Result<(String, Access), AccountError> {
        let known = self.known(name).await?;
        let access = access.or(known.as_ref().map(|user| user.access)).unwrap_or(Access::Write);
        self.keep_a_writer(known.as_ref(), access).await?;
        if known.is_none_or(|user| user.access != access) {
            self.door.put(name, access, None, &self.deed(name, format!("invited; may {}", access.name()))).await?;
        }
        Ok((self.door.invite(Some(name.clone()), access).await?, access))
    }

    /// Lets a user do this from now on. Gives the user as it was before.
    ///
    /// # Errors
    /// When there is none, when nobody would be left who may write, and the store's.
    pub async fn set(&self, name: &UserName, access: Access) -> Result<User, AccountError> {
        let user = self.user(name).await?;
        self.keep_a_writer(Some(&user), access).await?;
        if user.access != access {
            self.door.put(name, access, None, &self.deed(name, format!("may {}", access.name()))).await?;
        }
        Ok(user)
    }

    /// Removes a user, with the sessions that are open.
    ///
    /// # Errors
    /// When there is none, when nobody would be left who may write, and the store's.
    pub async fn remove(&self, name: &UserName) -> Result<(), AccountError> {
        let user = self.user(name).await?;
        self.keep_a_writer(Some(&user), Access::Read).await?;
        self.door.store.drop_user(name, &self.deed(name, "removed".to_owned())).await?;
        Ok(())
    }

    /// The token of this name.
    ///
    /// # Errors
    /// When there is none, and the store's.
    pub async fn token(&self, name: &str) -> Result<ApiToken, AccountError> {
        let found = self.door.store.tokens().await?.into_iter().find(|token| token.name == name);
        found.ok_or_else(|| AccountError::NoToken(token_name(name).ok()))
    }

    /// Makes a token that holds for so long; until it is removed, where nothing is said. Gives its text: the only time that it is seen.
    ///
    /// # Errors
    /// When there is one of this name, and the store's.
    pub async fn make_token(&self, name: &ProjectName, access: Access, lasts: Option<Duration>) -> Result<String, AccountError> {
        if self.door.store.tokens().await?.iter().any(|token| token.name == name.as_str()) {
            return Err(AccountError::TokenTaken(name.clone()));
        }
        let until = lasts.map(|lasts| self.door.clock.now().plus(lasts));
        Ok(self.door.make_token(name.as_str(), access, until, self.who).await?)
    }

    /// Removes a token: from now on it opens nothing.
    ///
    /// # Errors
    /// When there is none, and the store's.
    pub async fn remove_token(&self, name: &str) -> Result<(), AccountError> {
        let token = self.token(name).await?;
        let deed = deed(self.who, format!("API token {}", token.name), "removed".to_owned(), self.door.clock.now());
        self.door.store.drop_token(token.id, &deed).await?;
        Ok(())
    }

    async fn known(&self, name: &UserName) -> Result<Option<User>, StoreError> {
        Ok(self.door.store.user(name).await?.map(|(user, _)| user))
    }

    fn deed(&self, name: &UserName, words: String) -> Deed {
        deed(self.who, format!("user {name}"), words, self.door.clock.now())
    }

    async fn keep_a_writer(&self, user: Option<&User>, access: Access) -> Result<(), AccountError> {
        let was_writer = user.filter(|user| user.access == Access::Write && access < Access::Write);
        let Some(user) = was_writer.filter(|_| self.keeps_a_writer) else { return Ok(()) };
        let others = self.door.store.users().await?;
        if others.iter().any(|other| other.name != user.name && other.access == Access::Write) {
            return Ok(());
        }
        Err(AccountError::LastWriter(user.name.clone()))
    }
}
