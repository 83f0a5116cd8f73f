//! The format of a project token. Capture v0 does not check whether a project has the token.

/// In bytes.
const LONGEST: usize = 64;

/// Returns the trimmed token, or capture's own code for the error.
pub(super) fn check(token: &str) -> Result<&str, &'static str> {
    let token = token.trim();
    if token.is_empty() {
        return Err("empty");
    }
    if token.len() > LONGEST {
        return Err("too_long");
    }
    if !token.is_ascii() {
        return Err("not_ascii");
    }
    if token.starts_with("phx_") {
        return Err("personal_api_key");
    }
    if token.contains('\0') {
        return Err("null_byte");
    }
    Ok(token)
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
            assert_eq!(check(token), Err(word));
        }
        assert_eq!(check(" phc_sandbox\n"), Ok("phc_sandbox"));
    }
}
