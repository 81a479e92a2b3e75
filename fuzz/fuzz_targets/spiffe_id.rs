//! Any text is a SPIFFE ID in its only spelling, or is refused.
#![no_main]

use libfuzzer_sys::fuzz_target;
use palisade_identity::SpiffeId;

fuzz_target!(|text: &str| {
    if let Ok(id) = text.parse::<SpiffeId>() {
        assert_eq!(id.as_str(), text);
        let again = id.trust_domain().with_path(id.path());
        assert_eq!(again.as_ref(), Ok(&id));
    }
});
