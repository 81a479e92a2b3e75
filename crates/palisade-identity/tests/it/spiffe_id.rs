//! The forms of the SPIFFE-ID standard, legal and illegal.

use palisade_identity::{IdError, SpiffeId, TrustDomain};

fn error(text: &str) -> Option<IdError> {
    text.parse::<SpiffeId>().err()
}

#[test]
fn legal_ids_keep_their_parts() {
    for (text, domain, path) in [
        ("spiffe://example.org", "example.org", ""),
        ("spiffe://example.org/web", "example.org", "/web"),
        ("spiffe://a_b-9.c/A/..b/c-_.", "a_b-9.c", "/A/..b/c-_."),
    ] {
        let id: SpiffeId = text.parse().expect(text);
        assert_eq!(id.trust_domain().name(), domain);
        assert_eq!(id.path(), path);
        assert_eq!(id.to_string(), text);
        assert!(id.is_in(&TrustDomain::new(domain).expect(domain)));
    }
}

#[test]
fn illegal_ids_say_why() {
    for (text, why) in [
        ("", IdError::Scheme),
        ("SPIFFE://example.org", IdError::Scheme),
        ("https://example.org", IdError::Scheme),
        ("spiffe:/example.org", IdError::Scheme),
        ("spiffe://", IdError::NoTrustDomain),
        ("spiffe:///path", IdError::NoTrustDomain),
        ("spiffe://Example.org", IdError::TrustDomainCharacter('E')),
        (
            "spiffe://example.org:80/a",
            IdError::TrustDomainCharacter(':'),
        ),
        (
            "spiffe://user@example.org/a",
            IdError::TrustDomainCharacter('@'),
        ),
        ("spiffe://ex%61mple.org", IdError::TrustDomainCharacter('%')),
        ("spiffe://[::1]/a", IdError::TrustDomainCharacter('[')),
        ("spiffe://exämple.org", IdError::TrustDomainCharacter('ä')),
        ("spiffe://example.org?q", IdError::TrustDomainCharacter('?')),
        ("spiffe://example.org/", IdError::EmptySegment),
        ("spiffe://example.org/a/", IdError::EmptySegment),
        ("spiffe://example.org//a", IdError::EmptySegment),
        ("spiffe://example.org/./a", IdError::DotSegment),
        ("spiffe://example.org/a/..", IdError::DotSegment),
        ("spiffe://example.org/a?q=1", IdError::PathCharacter('?')),
        ("spiffe://example.org/a#f", IdError::PathCharacter('#')),
        ("spiffe://example.org/a%41", IdError::PathCharacter('%')),
        ("spiffe://example.org/ä", IdError::PathCharacter('ä')),
        ("spiffe://example.org/a\0", IdError::PathCharacter('\0')),
    ] {
        assert_eq!(error(text), Some(why), "{text}");
    }
}

#[test]
fn lengths_are_bounded() {
    let longest = format!("spiffe://{}/", "a".repeat(255));
    let fits = format!("{longest}{}", "b".repeat(2048 - longest.len()));
    assert!(fits.parse::<SpiffeId>().is_ok());
    assert_eq!(error(&format!("{fits}b")), Some(IdError::Length(2049)));
    let long = format!("spiffe://{}", "a".repeat(256));
    assert_eq!(error(&long), Some(IdError::TrustDomainLength(256)));
}

#[test]
fn every_name_is_treated_alike() {
    for name in [
        "192.0.2.1",
        "a..b",
        "-",
        "_",
        "example.org.",
        "1",
        "999.999.999.999",
    ] {
        let domain = TrustDomain::new(name).expect(name);
        let id = domain.with_path("/web").expect(name);
        assert_eq!(id.trust_domain(), domain);
        assert_eq!(id.to_string(), format!("spiffe://{name}/web"));
    }
    let (dotted, bare) = ("example.org.".parse::<TrustDomain>(), "example.org".parse());
    assert_ne!(dotted, bare, "names are compared letter by letter");
}
