//! The headers that a user adds to a request.

use super::Invalid;

/// Headers that Heartbeat and its HTTP client set themselves.
const OWN: [&str; 5] = ["connection", "content-length", "host", "transfer-encoding", "webhook-id"];

/// Reads `Name: value`, one header per line. No error quotes a line, which may hold a secret.
pub fn headers(text: &str) -> Result<Vec<(&str, &str)>, Invalid> {
    let mut headers: Vec<(&str, &str)> = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let Some((name, value)) = line.split_once(':') else {
            return Err(Invalid::unquoted("must be written like `Authorization: Bearer abc`, one header per line"));
        };
        let (name, value) = (name.trim_end(), value.trim());
        // <https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2>
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)) {
            return Err(Invalid::unquoted("contains a header whose name is not valid"));
        }
        if value.chars().any(char::is_control) {
            return Err(Invalid::unquoted("contains a control character"));
        }
        if OWN.iter().any(|own| own.eq_ignore_ascii_case(name)) {
            return Err(Invalid::unquoted(format!("contains `{name}`, which Heartbeat sets itself")));
        }
        if headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name)) {
            return Err(Invalid::unquoted("contains a header twice"));
        }
        headers.push((name, value));
    }
    Ok(headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_one_per_line() {
        let text = "Authorization: Bearer hunter2:3\r\n\n X-Tags:a, b\nX-Empty:\n";
        assert_eq!(headers(text), Ok(vec![("Authorization", "Bearer hunter2:3"), ("X-Tags", "a, b"), ("X-Empty", "")]));
        for (text, says) in [
            ("hunter2", "must be written like"),
            ("hunter 2: x", "name is not valid"),
            (": hunter2", "name is not valid"),
            ("X: hunter2\u{7}", "control character"),
            ("HOST: hunter2", "contains `HOST`, which Heartbeat sets itself"),
            ("Webhook-Id: hunter2", "contains `Webhook-Id`, which Heartbeat sets itself"),
            ("X: hunter2\nx: hunter2", "contains a header twice"),
        ] {
            let said = headers(text).unwrap_err().to_string();
            assert!(said.contains(says) && !said.contains("hunter2"), "{text}: {said}");
        }
    }
}
