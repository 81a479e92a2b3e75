//! Any request for an exchange of tokens is read, or refused in words that RFC 6749 allows.
#![no_main]

use libfuzzer_sys::fuzz_target;
use palisade_identity::web::parse_exchange;

fuzz_target!(|body: &[u8]| {
    if let Err(refused) = parse_exchange(body) {
        assert!(!refused.to_string().is_empty());
    }
});
