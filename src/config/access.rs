//! Users and API tokens: their fields, and the conversion from texts.

use std::time::Duration;

use super::duration::{self, within};
use super::problem::Problems;
use super::reader::Reader;
use super::rules;
use super::texts::Texts;
use super::value::{self, Value};
use crate::model::{ApiToken, Field, Invalid, ProjectName, Role, Takes, UserName};

const ROLE: Field = Field::new("role", "Role", Takes::OneOf(&Role::NAMES), "`viewer` can only read, `editor` can also change everything.");

/// The default of the role depends on the stored users.
pub const USER_FIELDS: [Field; 2] = [
    Field::new(
        "name",
        "Name",
        Takes::Name,
        "Name to log in with: 1 to 64 letters, digits and `. _ - @ +`; a letter or a digit comes first.",
    )
    .required(),
    ROLE,
];

pub const TOKEN_FIELDS: [Field; 3] = [
    Field::new(
        "name",
        "Name",
        Takes::Name,
        "Name of the token, for example `prometheus`: 1 to 64 letters, digits and `. _ -`; a letter or a digit comes first.",
    )
    .required(),
    ROLE.or("viewer"),
    Field::new("lasts", "Lifetime", Takes::Duration, "Time until the token expires, from 1m to 3660d, for example `90d`.").or(NEVER),
];

const NEVER: &str = "never";
const SHORTEST: Duration = Duration::from_mins(1);

/// A user to invite or to change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserSpec {
    pub name: UserName,
    pub role: Option<Role>,
}

/// An API token to create.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenSpec {
    pub name: ProjectName,
    pub role: Role,
    /// None: it never expires.
    pub lasts: Option<Duration>,
}

impl UserSpec {
    pub fn read(texts: &Texts) -> Result<Self, Problems> {
        let mut reader = Reader::of(texts);
        let name = reader.required("name", "name the user, for example `ann`", None, UserName::parse);
        let role = reader.optional("role", None, Role::parse);
        reader.finish_fields(&USER_FIELDS, "a user", |_| false);
        reader.finish(name.map(|name| Self { name, role }))
    }
}

impl TokenSpec {
    pub fn read(texts: &Texts) -> Result<Self, Problems> {
        let mut reader = Reader::of(texts);
        let name = reader.required("name", "name the token, for example `prometheus`", None, token_name);
        let role = reader.or("role", None, Role::Viewer, Role::parse);
        let lasts = reader.or("lasts", None, None, |text| match text {
            NEVER => Ok(None),
            text => within(text, SHORTEST, rules::LONG).map(Some),
        });
        reader.finish_fields(&TOKEN_FIELDS, "an API token", |_| false);
        reader.finish(name.map(|name| Self { name, role, lasts }))
    }

    #[must_use]
    pub fn values(&self) -> Vec<Value> {
        token_values(self.role, self.lasts)
    }
}

/// A token's name appears in audit entries and URLs like a project's.
pub fn token_name(text: &str) -> Result<ProjectName, Invalid> {
    let name = ProjectName::parse(text)?;
    if name.as_str().starts_with(ApiToken::PREFIX) {
        return Err(Invalid::unquoted(format!("must not begin with {}, as tokens themselves do", ApiToken::PREFIX)));
    }
    Ok(name)
}

#[must_use]
pub fn user_values(role: Role) -> Vec<Value> {
    value::of(&USER_FIELDS, |key| (key == "role").then(|| role.name().to_owned())).collect()
}

/// `lasts` is known only while the token is created: the store has the time at which it expires.
#[must_use]
pub fn token_values(role: Role, lasts: Option<Duration>) -> Vec<Value> {
    let held = |key: &str| match key {
        "role" => Some(role.name().to_owned()),
        "lasts" => lasts.map(duration::show),
        _ => None,
    };
    value::of(&TOKEN_FIELDS, held).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::differences;

    fn texts(given: &[(&str, &str)]) -> Texts {
        given.iter().copied().collect()
    }

    fn said<T: std::fmt::Debug>(read: Result<T, Problems>) -> Vec<(String, &'static str, String)> {
        read.unwrap_err().iter().map(|problem| (problem.field.clone(), problem.wrong.code(), problem.to_string())).collect()
    }

    #[test]
    fn everything_that_is_wrong_is_reported_with_its_field() {
        let token = said(TokenSpec::read(&texts(&[("name", "a b"), ("role", "edtor"), ("lasts", "soon")])));
        let [(name, of_name, _), (role, of_role, says), (lasts, of_lasts, _)] = &token[..] else { panic!("{token:?}") };
        assert_eq!([name, role, lasts].map(String::as_str), ["name", "role", "lasts"]);
        assert_eq!([*of_name, *of_role, *of_lasts], ["unusable", "unknown_choice", "malformed"]);
        assert_eq!(says, "role `edtor` must be viewer or editor; did you mean `editor`?");
        let user = said(UserSpec::read(&texts(&[("name", "an n"), ("role", "admin"), ("lasts", "1d")])));
        let fields: Vec<&str> = user.iter().map(|(field, ..)| field.as_str()).collect();
        assert_eq!(fields, ["name", "role", "lasts"], "{user:?}");
        for (given, says) in [
            (&[][..], "name is missing; name the token"),
            (&[("name", "hb_x")], "name must not begin with hb_"),
            (&[("name", "x"), ("lasts", "0s")], "lasts `0s` must be between 1m and 3660d"),
            (&[("name", "x"), ("lasts", "99999999d")], "must be between 1m and 3660d"),
            (&[("name", "x"), ("rle", "viewer")], "`rle` is not a field of an API token; did you mean `role`?"),
        ] {
            let token = said(TokenSpec::read(&texts(given)));
            assert!(token.len() == 1 && token[0].2.contains(says), "{given:?}: {token:?}");
        }
    }

    #[test]
    fn what_is_not_given_has_its_default() {
        let name = ProjectName::parse("dbt").unwrap();
        let token = TokenSpec { name, role: Role::Viewer, lasts: None };
        assert_eq!(TokenSpec::read(&texts(&[("name", "dbt")])).unwrap(), token);
        assert_eq!(TokenSpec::read(&texts(&[("name", "dbt"), ("role", ""), ("lasts", "")])).unwrap(), token);
        let day = TokenSpec { lasts: Some(Duration::from_hours(24)), role: Role::Editor, ..token.clone() };
        assert_eq!(TokenSpec::read(&texts(&[("name", "dbt"), ("role", "editor"), ("lasts", "1d")])).unwrap(), day);
        let user = UserSpec { name: UserName::parse("ann@example.com").unwrap(), role: None };
        assert_eq!(UserSpec::read(&texts(&[("name", "ann@example.com"), ("role", "")])).unwrap(), user);
        let defaults = texts(&[("name", "dbt"), ("role", TOKEN_FIELDS[1].default), ("lasts", TOKEN_FIELDS[2].default)]);
        assert_eq!(TokenSpec::read(&defaults).unwrap(), token);
    }

    #[test]
    fn a_difference_names_the_values_before_and_after() {
        let [viewer, editor] = Role::ALL.map(user_values);
        assert_eq!(differences(&[], &viewer), "role none -> viewer");
        assert_eq!(differences(&viewer, &editor), "role viewer -> editor");
        assert_eq!(differences(&editor, &[]), "role editor -> none");
        assert_eq!(differences(&editor, &editor), "");
        let token = TokenSpec::read(&texts(&[("name", "dbt"), ("lasts", "90d")])).unwrap();
        assert_eq!(differences(&[], &token.values()), "role none -> viewer; lasts none -> 90d");
    }
}
