//! Why a login by single sign-on came to nothing: what was tried, what came back, what to do next. Holds no secret.

use crate::model::{NotAdmitted, Secret};

/// Of what an issuer says, no more is shown.
const SHOWN: usize = 200;

/// Why somebody did not come in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RejectionReason {
    /// Nothing is known of a login that began in this browser.
    #[error("you came back from logging in, and this browser began no login here within the last ten minutes; log in once more, at {0}")]
    Unbegun(String),
    /// Another login was begun than the one that came back.
    #[error("you came back from another login than the one that this browser began last; log in once more")]
    Another,
    /// The issuer sent the browser back with an error.
    #[error("the issuer was asked to log you in, and said {words}; {next}")]
    Denied {
        /// Whether it was said that somebody may not, or would not, come in; otherwise something is wrong.
        is_no: bool,
        /// What it said.
        words: String,
        /// What to do.
        next: &'static str,
    },
    /// The browser came back with neither a code nor an error.
    #[error("you came back from logging in with neither a code nor an error; log in once more")]
    Empty,
    /// The issuer does not say how it logs people in.
    #[error("{issuer} was asked how it logs people in, and {words}; try again in a minute, or log in with a password")]
    Silent {
        /// Who was asked.
        issuer: String,
        /// What came back.
        words: String,
    },
    /// The issuer does not take us for Heartbeat.
    #[error(
        "the issuer was asked who you are, and does not know this Heartbeat: it said {0}; whoever runs Heartbeat should check client_id and \
         client_secret in [web.oidc]"
    )]
    Unknown(String),
    /// The issuer does not take the code.
    #[error("the issuer was asked who you are, and does not take the code that came with you: it said {0}; log in once more")]
    Spent(String),
    /// The issuer did not answer as it should.
    #[error("the issuer was asked who you are, and {0}; log in once more, and tell whoever runs Heartbeat if it stays so")]
    Odd(String),
    /// What the issuer answered proves nothing.
    #[error(
        "the issuer was asked who you are, and its answer proves nothing: {0}; log in once more, and tell whoever runs Heartbeat if it stays so"
    )]
    Unproven(String),
    /// The issuer knows somebody who may not come in.
    #[error(transparent)]
    NotAdmitted(#[from] NotAdmitted),
}

impl RejectionReason {
    /// What an issuer sent along with the browser in place of a code.
    #[must_use]
    pub fn denied(error: &str, description: Option<&str>) -> Self {
        let is_no = matches!(error, "access_denied" | "login_required" | "consent_required" | "interaction_required");
        let next = if is_no {
            "log in once more if you meant to, or ask whoever runs the issuer for access"
        } else {
            "try again in a minute, and tell whoever runs Heartbeat if it stays so"
        };
        Self::Denied { is_no, words: told(error, description, None), next }
    }
}

/// An error and what is said about it, as an issuer tells them.
pub(super) fn told(error: &str, description: Option<&str>, secret: Option<&Secret>) -> String {
    let words = description.map_or_else(|| error.to_owned(), |description| format!("{error}: {description}"));
    format!("`{}`", quoted(&words, secret))
}

/// What somebody else said, fit to be shown: not too much of it, nothing that is no letter, and never our secret.
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
        // Cut first, half a secret would be left.
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
