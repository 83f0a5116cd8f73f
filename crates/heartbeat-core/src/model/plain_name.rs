//! Names that are valid in files, on the command line and in addresses.

use super::Invalid;

/// Reads 1 to 64 ASCII letters, digits and these marks, a letter or digit first. `otherwise` is a predicate about any other text.
pub(super) fn plain_name(text: &str, marks: &[u8], otherwise: &'static str) -> Result<String, Invalid> {
    let mut bytes = text.bytes();
    let starts = bytes.next().is_some_and(|first| first.is_ascii_alphanumeric());
    if starts && bytes.all(|byte| byte.is_ascii_alphanumeric() || marks.contains(&byte)) && text.len() <= 64 {
        Ok(text.to_owned())
    } else {
        Err(Invalid::unusable(&text.chars().take(80).collect::<String>(), otherwise))
    }
}
