//! The root cause of an error.

use std::error::Error;

/// The innermost source of an error, or the error itself. The outer ones repeat it in longer texts.
#[must_use]
pub fn innermost<'e>(error: &'e (dyn Error + 'static)) -> &'e (dyn Error + 'static) {
    let mut innermost = error;
    while let Some(inner) = innermost.source() {
        innermost = inner;
    }
    innermost
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{0}")]
    struct Around(&'static str, #[source] Option<Box<Around>>);

    #[test]
    fn the_reason_at_the_bottom_is_told() {
        let bottom = Around("the line broke", None);
        assert_eq!(innermost(&bottom).to_string(), "the line broke");
        let around = Around("no request", Some(Box::new(Around("no connection", Some(Box::new(bottom))))));
        assert_eq!(innermost(&around).to_string(), "the line broke");
    }
}
