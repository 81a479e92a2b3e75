//! Any text is a bundle that is written and read the same, or is refused.
#![no_main]

use libfuzzer_sys::fuzz_target;
use palisade_identity::TrustDomain;
use palisade_identity::spiffe::{Bundle, bundles_from_json};

fuzz_target!(|text: &[u8]| {
    let Ok(name) = TrustDomain::new("example.org") else {
        return;
    };
    if let Ok(read) = Bundle::from_jwks(&name, text) {
        let written = read.bundle.to_jwks().to_string();
        let again = Bundle::from_jwks(&name, written.as_bytes());
        assert!(again.is_ok_and(|again| again.bundle.jwt_authorities == read.bundle.jwt_authorities));
    }
    std::hint::black_box(bundles_from_json(text).is_ok());
});
