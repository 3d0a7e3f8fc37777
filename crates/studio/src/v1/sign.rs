//! Standard Webhooks: how a delivery proves where it comes from.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use sha2::Sha256;

const PREFIX: &str = "whsec_";

/// A new secret of 24 random bytes, as text.
pub(super) fn fresh_secret() -> String {
    let (a, b) = (uuid::Uuid::new_v4(), uuid::Uuid::new_v4());
    let bytes = [a.as_bytes().as_slice(), &b.as_bytes()[..8]].concat();
    format!("{PREFIX}{}", STANDARD.encode(bytes))
}

/// The value of `webhook-signature` for a body that is sent under `id` at `timestamp` (seconds since 1970).
pub(super) fn signature(secret: &str, id: &str, timestamp: i64, body: &str) -> String {
    let key = secret
        .strip_prefix(PREFIX)
        .and_then(|text| STANDARD.decode(text).ok());
    let key = key.unwrap_or_else(|| secret.as_bytes().to_vec());
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("HMAC takes keys of any length");
    mac.update(format!("{id}.{timestamp}.{body}").as_bytes());
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_standard() {
        // The example that the Standard Webhooks libraries test themselves with.
        let signed = signature(
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            r#"{"test": 2432232314}"#,
        );
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn secrets_differ() {
        let secret = fresh_secret();
        assert!(
            secret.starts_with(PREFIX) && secret.len() == PREFIX.len() + 32,
            "{secret}"
        );
        assert_ne!(secret, fresh_secret());
    }
}
