//! The rules of federation that need no network.

use std::time::Duration;

use palisade_identity::TrustDomain;
use palisade_identity::spiffe::Bundle;
use palisade_identity::web::{BundleUrl, accept_bundle, next_look};

fn other() -> TrustDomain {
    TrustDomain::new("other.org").expect("a name")
}

#[test]
fn addresses_are_https_and_name_nobody() {
    for good in [
        "https://host.example.com/trust_domain",
        "https://host.example.com",
        "https://127.0.0.1:8443/bundle?x=y",
        "https://[::1]:8443/bundle",
    ] {
        BundleUrl::parse(good).expect(good);
    }
    for bad in [
        "http://host.example.com/bundle",
        "https://user@host.example.com/bundle",
        "https://user:secret@host.example.com/bundle",
        "https://@host.example.com/bundle",
        "https://",
        "https:///bundle",
        "https://host.example.com:99999/bundle",
        "host.example.com",
        "/bundle",
        "",
        "https://host.example.com/ä b",
    ] {
        assert!(BundleUrl::parse(bad).is_err(), "{bad}");
    }
    assert!(BundleUrl::parse(&format!("https://a.org/{}", "x".repeat(3000))).is_err());
}

#[test]
fn looks_follow_the_hint_within_bounds() {
    let hint = |seconds| {
        let mut bundle = Bundle::empty(other());
        bundle.refresh_hint = Some(Duration::from_secs(seconds));
        next_look(Some(&bundle)).as_secs()
    };
    assert_eq!(hint(120), 120);
    assert_eq!(hint(0), 10);
    assert_eq!(hint(u64::MAX), 3600);
    assert_eq!(next_look(Some(&Bundle::empty(other()))).as_secs(), 300);
    assert_eq!(next_look(None).as_secs(), 300);
}

#[test]
fn a_later_bundle_takes_the_place() {
    let numbered = |sequence| Bundle {
        sequence,
        ..Bundle::empty(other())
    };
    let accepted = |known: Option<u64>, read: Option<u64>| {
        accept_bundle(Some(&numbered(known)), &numbered(read)).is_ok()
    };
    assert!(accepted(Some(1), Some(2)));
    assert!(accepted(Some(2), Some(2)));
    assert!(!accepted(Some(3), Some(2)));
    assert!(accepted(None, Some(1)));
    assert!(
        accepted(Some(1), None),
        "without a number the later one counts"
    );
    assert!(accept_bundle(None, &numbered(Some(1))).is_ok());
}
