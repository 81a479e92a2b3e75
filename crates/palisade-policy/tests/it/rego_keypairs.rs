//! `crypto.x509.parse_keypair`: certificates with the keys that are theirs, and with others.

use bumpalo::Bump;
use palisade_policy::languages::rego::query;
use palisade_policy::{Budget, Context, Effects, Meter, Settings};
use rcgen::{CertificateParams, KeyPair, SignatureAlgorithm};
use serde_json::{Value, json};

use crate::rego::bundle;

/// A certificate of its own key, both as PEM.
fn made(algorithm: &'static SignatureAlgorithm) -> (String, String) {
    let key = KeyPair::generate_for(algorithm).unwrap();
    let parameters = CertificateParams::new(["harbour.example".to_owned()]).unwrap();
    (
        parameters.self_signed(&key).unwrap().pem(),
        key.serialize_pem(),
    )
}

/// The value of an expression over `pair`, or why there is none.
fn outcome(certificate: &str, key: &str, expression: &str) -> Result<Value, String> {
    let text = format!(
        "package a\nimport rego.v1\npair := crypto.x509.parse_keypair(`{certificate}`, `{key}`)\np := {expression}\n"
    );
    let arena = Bump::new();
    let context = Context::new(&arena, Meter::start(Budget::default()), Effects::default());
    let files = bundle(&[("a.rego", &text)]);
    let results = query(&files, &Settings::default(), &context, "x = data.a.p", None);
    let results = results.map_err(|error| error.to_string())?;
    Ok(results[0]["bindings"]["x"].clone())
}

#[test]
fn a_certificate_with_its_key_is_a_pair() {
    for algorithm in [
        &rcgen::PKCS_ECDSA_P256_SHA256,
        &rcgen::PKCS_ECDSA_P384_SHA384,
    ] {
        let (certificate, key) = made(algorithm);
        let expression = "[count(pair.Certificate), pair.Leaf, is_number(pair.PrivateKey.D), pair.PrivateKey.X != pair.PrivateKey.Y]";
        let found = outcome(&certificate, &key, expression);
        assert_eq!(found, Ok(json!([1, null, true, true])));
    }
    let (certificate, key) = made(&rcgen::PKCS_RSA_SHA256);
    let expression = "[pair.PrivateKey.E, pair.PrivateKey.N == pair.PrivateKey.Primes[0] * pair.PrivateKey.Primes[1]]";
    assert_eq!(
        outcome(&certificate, &key, expression),
        Ok(json!([65537, true]))
    );
    let (certificate, key) = made(&rcgen::PKCS_ED25519);
    // A seed and a public key of 32 bytes each.
    assert_eq!(
        outcome(&certificate, &key, "count(pair.PrivateKey)"),
        Ok(json!(88))
    );
}

#[test]
fn the_certificates_of_a_chain_come_in_its_order() {
    let (leaf, key) = made(&rcgen::PKCS_ED25519);
    let (authority, _) = made(&rcgen::PKCS_ED25519);
    let expression = "[c.Raw | some c in crypto.x509.parse_certificates(chain)] == pair.Certificate\nchain := concat(\"\", [`LEAF`, `AUTHORITY`])"
        .replace("LEAF", &leaf)
        .replace("AUTHORITY", &authority);
    let found = outcome(&format!("{leaf}{authority}"), &key, &expression);
    assert_eq!(found, Ok(json!(true)));
}

#[test]
fn a_key_of_another_certificate_is_undefined() {
    let (certificate, _) = made(&rcgen::PKCS_ECDSA_P256_SHA256);
    let (_, other) = made(&rcgen::PKCS_ECDSA_P256_SHA256);
    assert_eq!(outcome(&certificate, &other, "pair"), Ok(Value::Null));
    assert_eq!(outcome(&certificate, &certificate, "pair"), Ok(Value::Null));
    assert_eq!(outcome(&other, &other, "pair"), Ok(Value::Null));
    assert_eq!(outcome("no certificate", &other, "pair"), Ok(Value::Null));
}

#[test]
fn a_key_that_is_not_read_is_an_error_and_not_undefined() {
    let (certificate, _) = made(&rcgen::PKCS_ECDSA_P256_SHA256);
    let (_, other_kind) = made(&rcgen::PKCS_ED25519);
    let error = outcome(&certificate, &other_kind, "pair").expect_err("there is no answer");
    assert!(error.contains("not of the certificate's kind"), "{error}");
}
