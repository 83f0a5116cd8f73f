//! Keys on the command line: from a flag, a file, the environment, or a prompt that does not show what is typed.

use std::io::{self, IsTerminal as _};
use std::path::PathBuf;

use clap::Args;
use secrecy::{ExposeSecret as _, SecretString};

use super::error::Misuse;
use super::global::Invocation;
use crate::config::{key_file, rules};
use crate::model::{PersonalKey, ProjectToken};

const TOKEN_VARIABLE: &str = "POSTHOG_PROJECT_API_KEY";
const PERSONAL_KEY_VARIABLE: &str = "POSTHOG_PERSONAL_API_KEY";

/// Where the project token comes from.
#[derive(Debug, Clone, Args)]
pub struct TokenFlags {
    /// The project token (phc_...), from Settings > Project > General [default: `POSTHOG_PROJECT_API_KEY`, else asked for]
    #[arg(long, visible_alias = "project-api-key", value_name = "TOKEN")]
    pub token: Option<String>,

    /// A file that holds nothing but the project token
    #[arg(long, value_name = "FILE", conflicts_with = "token")]
    pub token_file: Option<PathBuf>,
}

impl TokenFlags {
    /// The token.
    pub fn read(&self, invocation: &Invocation) -> anyhow::Result<ProjectToken> {
        let given = Given {
            setting: "--token",
            flag: self.token.as_deref(),
            file: self.token_file.as_ref(),
            variable: TOKEN_VARIABLE,
            prompt: Some("Project token (phc_...): "),
        };
        let (setting, text) =
            given.find(invocation)?.ok_or_else(|| Misuse(format!("--token is missing; give it, or set {TOKEN_VARIABLE}")))?;
        Ok(rules::about(setting, rules::token(text.expose_secret())).map_err(Misuse)?)
    }
}

/// Where the personal API key comes from.
#[derive(Debug, Clone, Args)]
pub struct PersonalKeyFlags {
    /// The personal API key (phx_...) with the scope query:read. Other users of this machine can see flags: better
    /// a file [default: `POSTHOG_PERSONAL_API_KEY`, else asked for]
    #[arg(long, value_name = "KEY")]
    pub personal_api_key: Option<SecretString>,

    /// A file that holds nothing but the personal API key
    #[arg(long, value_name = "FILE", conflicts_with = "personal_api_key")]
    pub personal_api_key_file: Option<PathBuf>,

    /// Go without one: arrival is not checked
    #[arg(long, conflicts_with_all = ["personal_api_key", "personal_api_key_file"])]
    pub no_personal_api_key: bool,
}

impl PersonalKeyFlags {
    /// The key, or none where a person wants none. Asks for it where there is somebody to ask.
    pub fn read(&self, invocation: &Invocation) -> anyhow::Result<Option<PersonalKey>> {
        self.read_or(Some("Personal API key with the scope query:read (phx_..., not shown; empty for none): "), invocation)
    }

    /// The key, or none where none is given. Asks nobody.
    pub fn read_unasked(&self, invocation: &Invocation) -> anyhow::Result<Option<PersonalKey>> {
        self.read_or(None, invocation)
    }

    fn read_or(&self, prompt: Option<&'static str>, invocation: &Invocation) -> anyhow::Result<Option<PersonalKey>> {
        if self.no_personal_api_key {
            return Ok(None);
        }
        let given = Given {
            setting: "--personal-api-key",
            flag: self.personal_api_key.as_ref().map(SecretString::expose_secret),
            file: self.personal_api_key_file.as_ref(),
            variable: PERSONAL_KEY_VARIABLE,
            prompt,
        };
        let Some((setting, text)) = given.find(invocation)? else { return Ok(None) };
        Ok(rules::about(setting, rules::personal_key(text.expose_secret())).map_err(Misuse)?)
    }
}

/// The places one key may come from, in the order in which they are asked.
struct Given<'a> {
    setting: &'static str,
    flag: Option<&'a str>,
    file: Option<&'a PathBuf>,
    variable: &'static str,
    prompt: Option<&'static str>,
}

impl Given<'_> {
    /// The key and the name of where it was found; nothing where nobody can be asked.
    fn find(&self, invocation: &Invocation) -> anyhow::Result<Option<(&'static str, SecretString)>> {
        if let Some(key) = self.flag {
            return Ok(Some((self.setting, key.into())));
        }
        if let Some(path) = self.file {
            let text = key_file(path).map_err(|says| Misuse(format!("{}-file {says}", self.setting)))?;
            return Ok(Some((self.setting, text.into())));
        }
        if let Some(key) = invocation.environment.value(self.variable) {
            return Ok(Some((self.variable, key.into())));
        }
        match self.prompt {
            Some(prompt) if io::stdin().is_terminal() => Ok(Some((self.setting, rpassword::prompt_password(prompt)?.into()))),
            _ => Ok(None),
        }
    }
}
