//! Why something failed, at the bottom of it.

use std::error::Error;

/// The innermost of an error's reasons: the error itself, where there is none. What stands around it says the same in longer words.
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
