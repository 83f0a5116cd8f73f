//! The format of a project token. Capture v0 does not check whether a project has the token.

/// In bytes.
const LONGEST: usize = 64;

/// In capture's own words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum BadToken {
    #[error("empty")]
    Empty,
    #[error("too_long")]
    TooLong,
    #[error("not_ascii")]
    NotAscii,
    #[error("personal_api_key")]
    PersonalApiKey,
    #[error("null_byte")]
    NullByte,
}

/// Returns the trimmed token.
pub(super) fn check(token: &str) -> Result<&str, BadToken> {
    match token.trim() {
        "" => Err(BadToken::Empty),
        token if token.len() > LONGEST => Err(BadToken::TooLong),
        token if !token.is_ascii() => Err(BadToken::NotAscii),
        token if token.starts_with("phx_") => Err(BadToken::PersonalApiKey),
        token if token.contains('\0') => Err(BadToken::NullByte),
        token => Ok(token),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_wrong_shape_has_its_word() {
        let long = "p".repeat(LONGEST + 1);
        for (token, word) in
            [(" \n", "empty"), (long.as_str(), "too_long"), ("phc_é", "not_ascii"), ("phx_mine", "personal_api_key"), ("a\0b", "null_byte")]
        {
            assert_eq!(check(token).unwrap_err().to_string(), word);
        }
        assert_eq!(check(" phc_sandbox\n"), Ok("phc_sandbox"));
    }
}
