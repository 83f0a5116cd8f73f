//! Users and API tokens, as the page and the API change them.

use crate::access::{Door, TOKEN_PREFIX, deed};
use crate::config::duration;
use crate::edit::{Problem, Problems};
use crate::model::{Access, ApiToken, ProjectName, Timestamp, User, UserName};

use super::site::Site;
use super::trouble::Trouble;
use super::visitor::Visitor;

/// Users and tokens, changed by somebody.
pub(super) struct Accounts<'s> {
    door: &'s Door,
    who: &'s str,
    now: Timestamp,
}

/// A token that somebody wants, as texts.
#[derive(Debug, Clone)]
pub(super) struct NewToken {
    pub(super) name: String,
    /// `read` or `write`.
    pub(super) access: String,
    /// Such as `90d`; until it is removed, where nothing is said.
    pub(super) lasts: Option<String>,
}

impl<'s> Accounts<'s> {
    pub(super) fn of(site: &'s Site, visitor: &'s Visitor) -> Self {
        Self { door: &site.door, who: &visitor.who, now: site.now() }
    }

    /// The user of this name.
    pub(super) async fn user(&self, name: &str) -> Result<User, Trouble> {
        let parsed = UserName::parse(name).map_err(|_| Trouble::no("user", name))?;
        let found = self.door.store.user(&parsed).await?;
        found.map(|(user, _)| user).ok_or_else(|| Trouble::no("user", name))
    }

    /// Invites a user, who is added where there is none of this name; gives the code of the link.
    pub(super) async fn invite(&self, name: &UserName, access: Access) -> Result<String, Trouble> {
        let known = self.door.store.user(name).await?.map(|(user, _)| user);
        self.keeps_a_writer(known.as_ref(), access).await?;
        if known.is_none_or(|user| user.access != access) {
            let deed = deed(self.who, format!("user {name}"), format!("invited; may {}", access.name()), self.now);
            self.door.put(name, access, None, &deed).await?;
        }
        Ok(self.door.invite(Some(name.clone()), access).await?)
    }

    /// Lets a user do this from now on.
    pub(super) async fn set(&self, name: &str, access: Access) -> Result<UserName, Trouble> {
        let user = self.user(name).await?;
        self.keeps_a_writer(Some(&user), access).await?;
        if user.access != access {
            let deed = deed(self.who, format!("user {}", user.name), format!("may {}", access.name()), self.now);
            self.door.put(&user.name, access, None, &deed).await?;
        }
        Ok(user.name)
    }

    /// Removes a user.
    pub(super) async fn remove(&self, name: &str) -> Result<(), Trouble> {
        let user = self.user(name).await?;
        self.keeps_a_writer(Some(&user), Access::Read).await?;
        let deed = deed(self.who, format!("user {}", user.name), "removed".to_owned(), self.now);
        self.door.store.drop_user(&user.name, &deed).await?;
        Ok(())
    }

    /// Somebody must be left who may change things.
    async fn keeps_a_writer(&self, user: Option<&User>, access: Access) -> Result<(), Trouble> {
        let Some(user) = user.filter(|user| user.access == Access::Write && access < Access::Write) else { return Ok(()) };
        let others = self.door.store.users().await?;
        if others.iter().any(|other| other.name != user.name && other.access == Access::Write) {
            return Ok(());
        }
        Err(Trouble::Conflict(format!("{} is the only user who may change things; let another do so first", user.name)))
    }

    /// The token of this name.
    pub(super) async fn token(&self, name: &str) -> Result<ApiToken, Trouble> {
        let found = self.door.store.tokens().await?.into_iter().find(|token| token.name == name);
        // What is no name may be the token itself: it is not quoted.
        found.ok_or_else(|| {
            if name.starts_with(TOKEN_PREFIX) { Trouble::NotFound("there is no such token".to_owned()) } else { Trouble::no("token", name) }
        })
    }

    /// Makes a token; gives its text.
    pub(super) async fn make_token(&self, wanted: &NewToken) -> Result<String, Trouble> {
        let mut problems = Vec::new();
        let name = match ProjectName::parse(&wanted.name) {
            Ok(name) => Some(name),
            Err(wrong) => {
                problems.push(Problem::of("name", wrong));
                None
            }
        };
        if name.as_ref().is_some_and(|name| name.as_str().starts_with(TOKEN_PREFIX)) {
            problems.push(Problem::of("name", format!("must not begin with {TOKEN_PREFIX}, as tokens themselves do")));
        }
        let access = Access::named(&wanted.access);
        if access.is_none() {
            problems.push(Problem::of("access", "must be `read` or `write`"));
        }
        let lasts = wanted.lasts.as_deref().map(duration::parse).transpose();
        let lasts = lasts.map_err(|wrong| problems.push(Problem::of("lasts", wrong))).ok().flatten();
        let known = self.door.store.tokens().await?;
        if let Some(name) = name.as_ref().filter(|name| known.iter().any(|token| token.name == name.as_str())) {
            problems.push(Problem::whole("name", format!("there is a token `{name}` already")));
        }
        match (name, access) {
            (Some(name), Some(access)) if problems.is_empty() => {
                let until = lasts.map(|lasts| self.now.plus(lasts));
                Ok(self.door.make_token(name.as_str(), access, until, self.who).await?)
            }
            _ => Err(Trouble::Unfit(Problems::of(problems))),
        }
    }

    /// Removes a token.
    pub(super) async fn remove_token(&self, name: &str) -> Result<(), Trouble> {
        let token = self.token(name).await?;
        let deed = deed(self.who, format!("API token {}", token.name), "removed".to_owned(), self.now);
        self.door.store.drop_token(token.id, &deed).await?;
        Ok(())
    }
}
