//! Random secrets: session tokens, API tokens, invitations. Ids are derived, secrets never are.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// 256 bits.
const BYTES: usize = 32;

#[derive(Debug, thiserror::Error)]
#[error("the system gives no random bytes: {0}")]
pub struct NoRandomBytes(getrandom::Error);

/// A new secret of 43 letters, digits, `-` and `_`.
pub fn draw() -> Result<String, NoRandomBytes> {
    Ok(URL_SAFE_NO_PAD.encode(random::<BYTES>()?))
}

pub(super) fn random<const N: usize>() -> Result<[u8; N], NoRandomBytes> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(NoRandomBytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_are_alike_and_each_fits_into_an_address() {
        let (one, other) = (draw().unwrap(), draw().unwrap());
        assert_ne!(one, other);
        assert!(one.len() == 43 && one.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)), "{one}");
    }
}
