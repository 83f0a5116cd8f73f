//! The message as JSON, signed as in
//! <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>.
//! `webhook-id` is the notification's, the same in each try; `webhook-timestamp` is the time of the try. 410 means "do not send again".

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::HeaderName;
use sha2::Sha256;

use super::Delivered;
use crate::model::{Delivery, signing_key};
use crate::notify::call::Call;
use crate::notify::client::Ask;

pub(super) async fn deliver(call: &Call<'_>) -> Delivered {
    let body = serde_json::to_vec(call.message()).unwrap_or_default();
    let (id, seconds) = (call.id().to_string(), call.now.ms().div_euclid(1000).to_string());
    let mut ask = Ask::post(call.value("url"))
        .header(HeaderName::from_static("webhook-id"), id.clone())
        .header(HeaderName::from_static("webhook-timestamp"), seconds.clone());
    let secrets: Vec<&str> = call.value("secret").split_whitespace().collect();
    if !secrets.is_empty() {
        // One signature per secret, so that a receiver can rotate its secret.
        let signed = secrets.into_iter().map(|secret| Some(format!("v1,{}", signature(secret, &id, &seconds, &body)?)));
        let Some(signatures) = signed.collect::<Option<Vec<_>>>() else {
            return Err(Delivery::Rejected { words: "the secret must be `whsec_` followed by base64".into() });
        };
        ask = ask.header(HeaderName::from_static("webhook-signature"), signatures.join(" "));
    }
    Ok(call.ask(ask.json_bytes(body)).await?.settle_unless_html())
}

fn signature(secret: &str, id: &str, seconds: &str, body: &[u8]) -> Option<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(&signing_key(secret)?).ok()?;
    mac.update(format!("{id}.{seconds}.").as_bytes());
    mac.update(body);
    Some(STANDARD.encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_that_of_the_specification() {
        let signed =
            signature("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", br#"{"test": 2432232314}"#);
        assert_eq!(signed.as_deref(), Some("g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="));
    }

    #[test]
    fn a_secret_that_is_none_signs_nothing() {
        for secret in ["", "whsec", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_%%%"] {
            assert_eq!(signature(secret, "id", "0", b""), None, "{secret}");
        }
    }
}
