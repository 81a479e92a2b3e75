//! No text is a valid token without the key of its trust domain.
#![no_main]

use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use palisade_identity::spiffe::{Bundle, Unverified};

/// The key of RFC 7515, appendix A.3; its private half signs nothing here.
const BUNDLE: &str = r#"{"keys":[{"use":"jwt-svid","kid":"k","kty":"EC","crv":"P-256",
"x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}"#;

fuzz_target!(|text: &str| {
    let Ok(token) = Unverified::read(text) else {
        return;
    };
    let Ok(read) = Bundle::from_jwks(&token.trust_domain(), BUNDLE.as_bytes()) else {
        return;
    };
    assert_eq!(read.bundle.jwt_authorities.len(), 1);
    assert!(token.verify(&read.bundle, &["db"], Timestamp::UNIX_EPOCH).is_err());
});
