//! Bundles as they are written and read.

use std::sync::Arc;
use std::time::Duration;

use palisade_identity::authority::{Authority, Keys, MemoryKeys, Settings};
use palisade_identity::spiffe::{
    Bundle, BundleError, Bundles, KeyUse, X509Error, bundles_from_json, bundles_to_json,
    verify_x509,
};
use palisade_identity::{ManualClock, TrustDomain};
use serde_json::{Value, json};

use crate::made::{authority, bundles, domain, id, start};

async fn own() -> Arc<Bundle> {
    let (authority, _) = authority().await;
    Arc::clone(&bundles(&authority)[&domain()])
}

fn read(value: &Value) -> Bundle {
    let read = Bundle::from_jwks(&domain(), value.to_string().as_bytes()).expect("a bundle");
    read.bundle
}

/// Reads a bundle of this one key and says why it was left out.
fn skipped(key: &Value) -> Option<&'static str> {
    let text = json!({ "keys": [key] }).to_string();
    let read = Bundle::from_jwks(&domain(), text.as_bytes()).expect("a bundle");
    assert_eq!(
        read.skipped.len() + read.bundle.x509_authorities.len() + read.bundle.jwt_authorities.len(),
        1
    );
    read.skipped.first().map(|(_, reason)| *reason)
}

#[tokio::test]
async fn what_is_written_reads_the_same() {
    let clock = ManualClock::at(start());
    let keys: Arc<dyn Keys> = Arc::new(MemoryKeys::default());
    let authority = Authority::open(Settings::new(domain()), keys, None, Arc::new(clock));
    let authority = authority.await.expect("an authority");
    let own = Arc::clone(&bundles(&authority)[&domain()]);
    assert_eq!(own.jwt_authorities.len(), 2, "ES256 and RS256");
    assert_eq!(read(&own.to_jwks()), *own);
}

#[tokio::test]
async fn keys_are_written_as_the_standards_say() {
    let own = own().await;
    let written = own.to_jwks();
    assert_eq!(written["spiffe_refresh_hint"], 300);
    assert_eq!(written["spiffe_sequence"], own.sequence.expect("a number"));
    let keys = written["keys"].as_array().expect("a list");
    assert_eq!(keys.len(), 2);
    let (x509, jwt) = (&keys[0], &keys[1]);
    assert_eq!(x509["use"], "x509-svid");
    assert_eq!(x509["kty"], "EC");
    assert!(x509.get("kid").is_none());
    assert_eq!(x509["x5c"].as_array().expect("a list").len(), 1);
    assert_eq!(jwt["use"], "jwt-svid");
    assert!(jwt["kid"].is_string());
    for key in keys {
        assert!(key.get("d").is_none(), "no private key");
    }
}

#[tokio::test]
async fn jwt_keys_are_written_alone() {
    let own = own().await;
    for (key_use, word) in [(KeyUse::Spiffe, "jwt-svid"), (KeyUse::Web, "sig")] {
        let written = own.to_jwt_jwks(key_use);
        let keys = written["keys"].as_array().expect("a list");
        assert_eq!(keys.len(), 1);
        assert_eq!(keys[0]["use"], word);
        assert_eq!(keys[0]["alg"], "ES256");
    }
}

#[tokio::test]
async fn what_is_not_known_is_left_out() {
    let own = own().await.to_jwks();
    let (x509, jwt) = (own["keys"][0].clone(), own["keys"][1].clone());
    let change = |key: &Value, name: &str, value: Value| {
        let mut key = key.clone();
        match value {
            Value::Null => key.as_object_mut().expect("an object").remove(name),
            value => key
                .as_object_mut()
                .expect("an object")
                .insert(name.to_owned(), value),
        };
        key
    };
    assert_eq!(skipped(&x509), None);
    assert_eq!(skipped(&jwt), None);
    for key in [&x509, &jwt] {
        assert_eq!(
            skipped(&change(key, "kty", Value::Null)),
            Some("it has no `kty`")
        );
        assert_eq!(
            skipped(&change(key, "use", Value::Null)),
            Some("it has no `use`")
        );
        for unknown in ["wit-svid", "X509-SVID", "sig"] {
            let reason = skipped(&change(key, "use", json!(unknown)));
            assert_eq!(reason, Some("its `use` is not known"));
        }
    }
    assert!(skipped(&change(&jwt, "kty", json!("OKP"))).is_some());
    assert!(skipped(&change(&jwt, "crv", json!("secp256k1"))).is_some());
    assert!(skipped(&change(&jwt, "x", json!("AAAA"))).is_some());
    assert!(skipped(&change(&jwt, "kid", Value::Null)).is_some());
    assert!(skipped(&change(&jwt, "kid", json!(""))).is_some());
    assert!(skipped(&change(&x509, "x5c", Value::Null)).is_some());
    assert!(skipped(&change(&x509, "x5c", json!([]))).is_some());
    assert!(skipped(&change(&x509, "x5c", json!(["%"]))).is_some());
    assert!(skipped(&change(&x509, "x5c", json!(["AAAA"]))).is_some());
    assert!(skipped(&json!(7)).is_some());
    let twice = read(&json!({ "keys": [jwt, jwt] }));
    assert_eq!(twice.jwt_authorities.len(), 1, "a `kid` stands for one key");
}

#[tokio::test]
async fn only_the_first_certificate_counts() {
    let (one, two) = (own().await, own().await);
    let mut key = one.to_jwks()["keys"][0].clone();
    let other = two.to_jwks()["keys"][0]["x5c"][0].clone();
    key["x5c"].as_array_mut().expect("a list").push(other);
    let read = read(&json!({ "keys": [key] }));
    assert_eq!(read.x509_authorities, one.x509_authorities);
}

#[tokio::test]
async fn an_empty_bundle_revokes_everything() {
    let (authority, _) = authority().await;
    let web = id("spiffe://example.org/web");
    let request = palisade_identity::authority::X509Request::new(&web);
    let signed = authority.sign_x509(&request).expect("a document").document;
    for text in [
        json!({ "keys": [] }),
        json!({ "keys": [{ "kty": "new", "use": "new" }] }),
    ] {
        let known = Bundles::from([(domain(), Arc::new(read(&text)))]);
        let refused = verify_x509(&signed.chain, &known, start());
        assert!(matches!(refused, Err(X509Error::Path { .. })));
    }
}

#[test]
fn nothing_but_keys_is_needed() {
    let bare = read(&json!({ "keys": [] }));
    assert_eq!((bare.sequence, bare.refresh_hint), (None, None));
    let more = json!({
        "keys": [], "spiffe_sequence": u64::MAX, "spiffe_refresh_hint": 60, "x_more": {},
    });
    let more = read(&more);
    assert_eq!(more.sequence, Some(u64::MAX));
    assert_eq!(more.refresh_hint, Some(Duration::from_mins(1)));
}

#[test]
fn what_is_no_bundle_says_why() {
    let error = |text: &str| Bundle::from_jwks(&domain(), text.as_bytes()).expect_err(text);
    assert_eq!(error("{}"), BundleError::NoKeys);
    assert_eq!(error(r#"{"keys":{}}"#), BundleError::NoKeys);
    assert_eq!(
        error(r#"{"keys":[],"spiffe_sequence":-1}"#),
        BundleError::Number("spiffe_sequence")
    );
    assert_eq!(
        error(r#"{"keys":[],"spiffe_refresh_hint":1.5}"#),
        BundleError::Number("spiffe_refresh_hint")
    );
    for text in [
        "",
        "[]",
        "nul",
        r#"{"keys":[]"#,
        r#"{"keys":[],"keys":[]}"#,
        "{}{}",
    ] {
        assert!(matches!(error(text), BundleError::Json(_)), "{text}");
    }
    let deep = "[".repeat(100_000);
    assert!(matches!(error(&deep), BundleError::Json(_)));
    let large = " ".repeat(5 * 1024 * 1024);
    assert!(matches!(error(&large), BundleError::Size(_)));
    let many = json!({ "keys": vec![1; 1025] }).to_string();
    assert_eq!(error(&many), BundleError::Count(1025));
}

#[tokio::test]
async fn maps_of_bundles_keep_names_apart() {
    let own = own().await;
    let other = TrustDomain::new("other.org").expect("a name");
    let mut map = Bundles::from([(domain(), Arc::clone(&own))]);
    map.insert(other.clone(), Arc::new(Bundle::empty(other)));
    let written = bundles_to_json(&map);
    let example = &written["trust_domains"]["example.org"];
    assert!(
        example.get("spiffe_refresh_hint").is_none(),
        "it is that of the whole map"
    );
    let read = bundles_from_json(written.to_string().as_bytes()).expect("a map");
    assert_eq!(read.len(), 2);
    assert_eq!(read[&domain()].x509_authorities, own.x509_authorities);
    let none = bundles_from_json(br#"{"trust_domains":{}}"#).expect("an empty map");
    assert!(none.is_empty());

    let twice = br#"{"trust_domains":{"a":{"keys":[]},"a":{"keys":[]}}}"#;
    assert!(matches!(
        bundles_from_json(twice),
        Err(BundleError::Json(_))
    ));
    assert_eq!(bundles_from_json(b"{}"), Err(BundleError::Map));
    let name = br#"{"trust_domains":{"A":{"keys":[]}}}"#;
    assert!(matches!(
        bundles_from_json(name),
        Err(BundleError::Name { .. })
    ));
}
