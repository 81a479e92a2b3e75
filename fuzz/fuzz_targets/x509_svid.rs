//! Any bytes are a leaf certificate with an id, or are refused; nothing is valid without a bundle.
#![no_main]

use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use palisade_identity::spiffe::{Bundles, leaf_identity, verify_x509};

fuzz_target!(|der: &[u8]| {
    if let Ok(identity) = leaf_identity(der) {
        assert!(!identity.id.path().is_empty());
    }
    assert!(verify_x509(&[der], &Bundles::new(), Timestamp::UNIX_EPOCH).is_err());
});
