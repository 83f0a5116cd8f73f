//! Names that are valid in files, on the command line and in addresses.

/// Whether this is 1 to 64 ASCII letters, digits and these marks, a letter or digit first.
pub(super) fn is_plain_name(text: &str, marks: &[u8]) -> bool {
    let mut bytes = text.bytes();
    let starts = bytes.next().is_some_and(|first| first.is_ascii_alphanumeric());
    starts && bytes.all(|byte| byte.is_ascii_alphanumeric() || marks.contains(&byte)) && text.len() <= 64
}
