//! Changes to users and tokens, with the rights of the owner of the store.

use std::sync::Arc;

use super::error::Misuse;
use super::global::Invocation;
use crate::auth::{AccountError, Accounts, Authenticator};
use crate::config::hint;
use crate::model::Field;
use crate::settings::By;
use crate::store::Store;

pub(super) struct Owner {
    authenticator: Authenticator,
    who: String,
}

impl Owner {
    pub(super) fn of(store: Arc<Store>, invocation: &Invocation) -> Self {
        let who = By::command_line(&invocation.environment).to_string();
        Self { authenticator: Authenticator { store, clock: invocation.clock.clone() }, who }
    }

    pub(super) fn accounts(&self) -> Accounts<'_> {
        Accounts::of_owner(&self.authenticator, &self.who)
    }

    pub(super) fn store(&self) -> &Store {
        &self.authenticator.store
    }
}

/// The help of the argument or flag for a field.
pub(super) fn help(fields: &[Field], key: &str) -> String {
    let Some(field) = fields.iter().find(|field| field.key == key) else { return String::new() };
    let default = if field.default.is_empty() { String::new() } else { format!(" [default: {}]", field.default) };
    format!("{}{default}", field.hint.trim_end_matches('.'))
}

/// An unknown name is an error of the user, who learns the probable name.
pub(super) fn explain(error: AccountError, name: &str, names: &[String]) -> anyhow::Error {
    match error {
        AccountError::NoUser(_) if names.is_empty() => Misuse(format!("{error}; add one with `heartbeat users invite`")).into(),
        AccountError::NoUser(_) | AccountError::NoToken(_) => {
            Misuse(format!("{error}; {}", hint(name, &names.iter().map(String::as_str).collect::<Vec<_>>()))).into()
        }
        other => other.into(),
    }
}
