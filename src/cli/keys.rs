//! Project tokens and personal API keys from a flag, a file, the environment or a hidden prompt.

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

#[derive(Debug, Clone, Args)]
pub struct TokenFlags {
    /// Project token (phc_...) from Settings > Project > General [default: `POSTHOG_PROJECT_API_KEY`, else a prompt]
    #[arg(long, visible_alias = "project-api-key", value_name = "TOKEN")]
    pub token: Option<String>,

    /// File that contains only the project token
    #[arg(long, value_name = "FILE", conflicts_with = "token")]
    pub token_file: Option<PathBuf>,
}

impl TokenFlags {
    pub fn read(&self, invocation: &Invocation) -> anyhow::Result<ProjectToken> {
        let sources = KeySources {
            setting: "--token",
            flag: self.token.as_deref(),
            file: self.token_file.as_ref(),
            variable: TOKEN_VARIABLE,
            prompt: Some("Project token (phc_...): "),
        };
        let (setting, text) =
            sources.find(invocation)?.ok_or_else(|| Misuse(format!("--token is missing; give it or set {TOKEN_VARIABLE}")))?;
        Ok(rules::about(setting, rules::token(text.expose_secret())).map_err(Misuse::of)?)
    }
}

#[derive(Debug, Clone, Args)]
pub struct PersonalKeyFlags {
    /// Personal API key (phx_...) with the scope query:read. Other users of this machine can see flags: use a file instead
    /// [default: `POSTHOG_PERSONAL_API_KEY`, else a prompt]
    #[arg(long, value_name = "KEY")]
    pub personal_api_key: Option<SecretString>,

    /// File that contains only the personal API key
    #[arg(long, value_name = "FILE", conflicts_with = "personal_api_key")]
    pub personal_api_key_file: Option<PathBuf>,

    /// Use no personal API key; arrival is then not checked
    #[arg(long, conflicts_with_all = ["personal_api_key", "personal_api_key_file"])]
    pub no_personal_api_key: bool,
}

impl PersonalKeyFlags {
    /// Prompts for the key on a terminal. An empty answer means no key.
    pub fn read(&self, invocation: &Invocation) -> anyhow::Result<Option<PersonalKey>> {
        self.read_or(Some("Personal API key with the scope query:read (phx_..., not shown; empty for none): "), invocation)
    }

    pub fn read_without_prompt(&self, invocation: &Invocation) -> anyhow::Result<Option<PersonalKey>> {
        self.read_or(None, invocation)
    }

    fn read_or(&self, prompt: Option<&'static str>, invocation: &Invocation) -> anyhow::Result<Option<PersonalKey>> {
        if self.no_personal_api_key {
            return Ok(None);
        }
        let sources = KeySources {
            setting: "--personal-api-key",
            flag: self.personal_api_key.as_ref().map(SecretString::expose_secret),
            file: self.personal_api_key_file.as_ref(),
            variable: PERSONAL_KEY_VARIABLE,
            prompt,
        };
        let found = sources.find(invocation)?.filter(|(_, text)| !text.expose_secret().trim().is_empty());
        let key = found.map(|(setting, text)| rules::about(setting, rules::personal_key(text.expose_secret())));
        Ok(key.transpose().map_err(Misuse::of)?)
    }
}

/// The sources of a key, in the order of precedence.
struct KeySources<'a> {
    setting: &'static str,
    flag: Option<&'a str>,
    file: Option<&'a PathBuf>,
    variable: &'static str,
    prompt: Option<&'static str>,
}

impl KeySources<'_> {
    /// Returns the name of the source and the key; none without a terminal to prompt on.
    fn find(&self, invocation: &Invocation) -> anyhow::Result<Option<(&'static str, SecretString)>> {
        if let Some(key) = self.flag {
            return Ok(Some((self.setting, key.into())));
        }
        if let Some(path) = self.file {
            let text = key_file(path).map_err(|problem| Misuse(format!("{}-file {problem}", self.setting)))?;
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
