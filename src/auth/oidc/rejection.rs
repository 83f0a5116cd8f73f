//! Why a login by single sign-on failed, and what to do next. Contains no secret.

use crate::model::{NotAdmitted, Secret};

/// Characters of an issuer's text that are shown.
const SHOWN: usize = 200;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RejectionReason {
    #[error("this browser started no login in the last ten minutes; log in again at {0}")]
    Unbegun(String),
    /// Another login was started after this one.
    #[error("this is not the login that this browser started last; log in again")]
    Another,
    #[error("the issuer rejected the login and answered {words}; {next}")]
    Denied {
        /// The user may not log in, or cancelled; otherwise it is an error.
        is_no: bool,
        words: String,
        next: &'static str,
    },
    #[error("the issuer sent neither a code nor an error; log in again")]
    Empty,
    #[error("cannot read the OpenID configuration of {issuer}: {words}; try again in a minute, or log in with a password")]
    Silent { issuer: String, words: String },
    #[error(
        "the issuer does not accept this Heartbeat as a client and answered {0}; an administrator should check client_id and \
         client_secret in [web.oidc]"
    )]
    Unknown(String),
    #[error("the issuer does not accept the code and answered {0}; log in again")]
    Spent(String),
    #[error("the issuer did not answer as expected: {0}; log in again, and ask an administrator if it happens again")]
    Odd(String),
    #[error("the ID token of the issuer is not valid: {0}; log in again, and ask an administrator if it happens again")]
    Unproven(String),
    #[error(transparent)]
    NotAdmitted(#[from] NotAdmitted),
}

impl RejectionReason {
    #[must_use]
    pub fn denied(error: &str, description: Option<&str>) -> Self {
        let is_no = matches!(error, "access_denied" | "login_required" | "consent_required" | "interaction_required");
        let next = if is_no {
            "log in again, or ask an administrator of the issuer for access"
        } else {
            "try again in a minute, and ask an administrator if it happens again"
        };
        Self::Denied { is_no, words: error_text(error, description, None), next }
    }
}

pub(super) fn error_text(error: &str, description: Option<&str>, secret: Option<&Secret>) -> String {
    let words = description.map_or_else(|| error.to_owned(), |description| format!("{error}: {description}"));
    format!("`{}`", quoted(&words, secret))
}

/// Text of the issuer, shortened, escaped and without our secret.
#[must_use]
pub fn quoted(words: &str, secret: Option<&Secret>) -> String {
    let redacted = match secret {
        Some(secret) if !secret.expose().is_empty() => words.replace(secret.expose(), "***"),
        _ => words.to_owned(),
    };
    redacted.chars().take(SHOWN).collect::<String>().escape_debug().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_issuer_says_is_cut_escaped_and_holds_no_secret_of_ours() {
        let secret = Secret::new("hunter2");
        assert_eq!(quoted("no hunter2\u{202e}\nhere", Some(&secret)), "no ***\\u{202e}\\nhere");
        assert_eq!(quoted(&"x".repeat(5000), None).len(), SHOWN);
        // Redact before cutting: half a secret would remain.
        let late = format!("{}hunter2", "x".repeat(SHOWN - 3));
        assert!(!quoted(&late, Some(&secret)).contains("hun"));
    }

    #[test]
    fn a_no_is_told_from_what_is_wrong() {
        let said = RejectionReason::denied("access_denied", Some("not you"));
        assert!(
            matches!(said, RejectionReason::Denied { is_no: true, .. }) && said.to_string().contains("`access_denied: not you`"),
            "{said}"
        );
        let said = RejectionReason::denied("server_error", None);
        assert!(
            matches!(said, RejectionReason::Denied { is_no: false, .. }) && said.to_string().contains("`server_error`; try again"),
            "{said}"
        );
    }
}
