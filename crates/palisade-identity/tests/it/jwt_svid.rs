//! Validation of JWT-SVIDs, rule by rule, on tokens that break one rule each.

use std::sync::Arc;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaPair, KeySize};
use aws_lc_rs::signature::{self, EcdsaKeyPair, KeyPair as _, RsaEncoding};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::SignedDuration;
use palisade_identity::Clock as _;
use palisade_identity::TrustDomain;
use palisade_identity::authority::{JwtRequest, SignError};
use palisade_identity::spiffe::{
    Bundle, Bundles, JwtAuthority, JwtError, JwtIdentity, LONGEST_TOKEN, verify_jwt,
};
use serde_json::{Value, json};

use crate::made::{authority, bundles, domain, id, start};

fn text(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A key of an elliptic curve and how it is called.
struct Ec {
    pair: EcdsaKeyPair,
    jwk: Value,
}

impl Ec {
    fn new(kind: &'static signature::EcdsaSigningAlgorithm, curve: &str) -> Self {
        let pair = EcdsaKeyPair::generate(kind).expect("a key");
        let point = pair.public_key().as_ref()[1..].to_vec();
        let (x, y) = point.split_at(point.len() / 2);
        let jwk = json!({ "kty": "EC", "crv": curve, "x": text(x), "y": text(y) });
        Self { pair, jwk }
    }

    fn p256() -> Self {
        Self::new(&signature::ECDSA_P256_SHA256_FIXED_SIGNING, "P-256")
    }

    fn sign(&self, header: &str, claims: &str) -> String {
        let signed = format!("{}.{}", text(header.as_bytes()), text(claims.as_bytes()));
        let signature = self
            .pair
            .sign(&SystemRandom::new(), signed.as_bytes())
            .expect("signed");
        format!("{signed}.{}", text(signature.as_ref()))
    }
}

fn knowing(keys: &[(&str, &Value)]) -> Bundles {
    let mut bundle = Bundle::empty(domain());
    let authority = |(id, jwk): &(&str, &Value)| JwtAuthority {
        key_id: (*id).to_owned(),
        jwk: jwk.as_object().expect("an object").clone(),
    };
    bundle.jwt_authorities = keys.iter().map(authority).collect();
    Bundles::from([(domain(), Arc::new(bundle))])
}

fn claims() -> Value {
    let exp = start().as_second() + 300;
    json!({ "sub": "spiffe://example.org/web", "aud": ["db"], "exp": exp })
}

const HEADER: &str = r#"{"alg":"ES256","kid":"k","typ":"JWT"}"#;

fn checked(header: &str, claims: &str) -> Result<JwtIdentity, JwtError> {
    let key = Ec::p256();
    verify_jwt(
        &key.sign(header, claims),
        &knowing(&[("k", &key.jwk)]),
        &["db"],
        start(),
    )
}

fn with(name: &str, value: Value) -> Result<JwtIdentity, JwtError> {
    let mut claims = claims();
    match value {
        Value::Null => claims.as_object_mut().expect("an object").remove(name),
        value => claims
            .as_object_mut()
            .expect("an object")
            .insert(name.to_owned(), value),
    };
    checked(HEADER, &claims.to_string())
}

#[test]
fn a_token_that_keeps_the_rules_is_accepted() {
    let claims = claims().to_string();
    for header in [
        HEADER,
        r#"{"alg":"ES256","kid":"k","typ":"JOSE"}"#,
        r#"{"alg":"ES256","kid":"k"}"#,
        r#"{"alg":"ES256"}"#,
    ] {
        let read = checked(header, &claims).expect(header);
        assert_eq!(read.id, id("spiffe://example.org/web"));
    }
    let read = with("aud", json!("db")).expect("one audience without a list");
    assert_eq!(read.audiences, ["db"]);
    let read = with("role", json!({ "of": "a team" })).expect("claims of one's own");
    assert_eq!(read.claims["role"]["of"], "a team");
}

#[test]
fn headers_hold_nothing_else() {
    let claims = claims().to_string();
    for header in [
        r#"{"alg":"ES256","kid":"k","jku":"https://evil.example"}"#,
        r#"{"alg":"ES256","kid":"k","jwk":{}}"#,
        r#"{"alg":"ES256","kid":"k","crit":[]}"#,
        r#"{"alg":"ES256","kid":"k","cty":"JWT"}"#,
    ] {
        assert_eq!(
            checked(header, &claims),
            Err(JwtError::HeaderMember),
            "{header}"
        );
    }
    let refused = checked(r#"{"alg":"ES256","typ":"at+jwt"}"#, &claims);
    assert_eq!(refused, Err(JwtError::Type));
    for header in [
        r#"{"alg":"ES256","kid":1}"#,
        r#"{"alg":"ES256","alg":"none"}"#,
        r#"["ES256"]"#,
        "{",
        "",
    ] {
        let refused = checked(header, &claims);
        assert!(
            matches!(refused, Err(JwtError::Header(_))),
            "{header}: {refused:?}"
        );
    }
}

#[test]
fn algorithms_are_those_of_the_standard() {
    let claims = claims().to_string();
    for name in ["none", "HS256", "EdDSA", "es256", "ES256K", ""] {
        let header = json!({ "alg": name, "kid": "k" }).to_string();
        assert_eq!(
            checked(&header, &claims),
            Err(JwtError::Algorithm(name.to_owned()))
        );
    }
    let refused = checked(r#"{"kid":"k"}"#, &claims);
    assert_eq!(refused, Err(JwtError::Algorithm(String::new())));
}

#[test]
fn every_algorithm_of_the_standard_verifies() {
    let claims = claims().to_string();
    for (name, curve, kind) in [
        (
            "ES256",
            "P-256",
            &signature::ECDSA_P256_SHA256_FIXED_SIGNING,
        ),
        (
            "ES384",
            "P-384",
            &signature::ECDSA_P384_SHA384_FIXED_SIGNING,
        ),
        (
            "ES512",
            "P-521",
            &signature::ECDSA_P521_SHA512_FIXED_SIGNING,
        ),
    ] {
        let key = Ec::new(kind, curve);
        let token = key.sign(&json!({ "alg": name, "kid": "k" }).to_string(), &claims);
        verify_jwt(&token, &knowing(&[("k", &key.jwk)]), &["db"], start()).expect(name);
    }
    let pair = RsaPair::generate(KeySize::Rsa2048).expect("a key");
    let public = pair.public_key();
    let modulus = public.modulus().big_endian_without_leading_zero();
    let jwk = json!({ "kty": "RSA", "n": text(modulus), "e": "AQAB" });
    let kinds: [(&str, &'static dyn RsaEncoding); 6] = [
        ("RS256", &signature::RSA_PKCS1_SHA256),
        ("RS384", &signature::RSA_PKCS1_SHA384),
        ("RS512", &signature::RSA_PKCS1_SHA512),
        ("PS256", &signature::RSA_PSS_SHA256),
        ("PS384", &signature::RSA_PSS_SHA384),
        ("PS512", &signature::RSA_PSS_SHA512),
    ];
    for (name, kind) in kinds {
        let header = json!({ "alg": name, "kid": "k" }).to_string();
        let signed = format!("{}.{}", text(header.as_bytes()), text(claims.as_bytes()));
        let mut signature = vec![0; pair.public_modulus_len()];
        pair.sign(
            kind,
            &SystemRandom::new(),
            signed.as_bytes(),
            &mut signature,
        )
        .expect("signed");
        let token = format!("{signed}.{}", text(&signature));
        verify_jwt(&token, &knowing(&[("k", &jwk)]), &["db"], start()).expect(name);
        let other = Ec::p256();
        let refused = verify_jwt(&token, &knowing(&[("k", &other.jwk)]), &["db"], start());
        assert_eq!(
            refused,
            Err(JwtError::Signature),
            "{name} with a key of another kind"
        );
    }
}

#[test]
fn subject_audience_and_expiry_are_there() {
    assert_eq!(with("sub", Value::Null), Err(JwtError::NoSubject));
    assert!(matches!(
        with("sub", json!("web")),
        Err(JwtError::Subject(_))
    ));
    assert_eq!(
        with("sub", json!(["spiffe://example.org/web"])),
        Err(JwtError::NoSubject)
    );
    for audience in [
        Value::Null,
        json!([]),
        json!(""),
        json!([1]),
        json!(7),
        json!(["db", ""]),
    ] {
        assert_eq!(with("aud", audience), Err(JwtError::NoAudience));
    }
    assert_eq!(
        with("aud", json!(vec!["db"; 33])),
        Err(JwtError::NoAudience)
    );
    assert_eq!(with("exp", Value::Null), Err(JwtError::NoExpiry));
    for time in [
        json!("soon"),
        json!(1e300),
        json!(-1e12),
        json!({}),
        json!(i64::MAX),
    ] {
        assert_eq!(with("exp", time), Err(JwtError::Time("exp")));
    }
}

#[test]
fn tokens_are_for_their_audience_and_time() {
    assert_eq!(with("aud", json!(["other"])), Err(JwtError::OtherAudience));
    assert_eq!(with("aud", json!(["DB"])), Err(JwtError::OtherAudience));
    let past = start().as_second() - 11;
    assert!(matches!(
        with("exp", json!(past)),
        Err(JwtError::Expired(_))
    ));
    assert!(matches!(with("exp", json!(0)), Err(JwtError::Expired(_))));
    let future = start().as_second() + 60;
    assert!(matches!(
        with("nbf", json!(future)),
        Err(JwtError::NotYet(_))
    ));
    let exact = start().as_second();
    with(
        "exp",
        json!(f64::from(u32::try_from(exact).expect("small")) + 0.5),
    )
    .expect("a fraction");
}

#[test]
fn only_the_own_trust_domain_proves() {
    let foreign = with("sub", json!("spiffe://other.org/web"));
    let other = TrustDomain::new("other.org").expect("a name");
    assert_eq!(foreign, Err(JwtError::NoBundle(other.clone())));
    let key = Ec::p256();
    let mut claims = claims();
    claims["sub"] = json!("spiffe://other.org/web");
    let token = key.sign(HEADER, &claims.to_string());
    let mut known = knowing(&[("k", &key.jwk)]);
    known.insert(other.clone(), Arc::new(Bundle::empty(other.clone())));
    let refused = verify_jwt(&token, &known, &["db"], start());
    assert_eq!(
        refused,
        Err(JwtError::NoKey(other)),
        "the key of another trust domain"
    );
}

#[test]
fn the_signature_counts() {
    let (key, other) = (Ec::p256(), Ec::p256());
    let token = key.sign(HEADER, &claims().to_string());
    let wrong = verify_jwt(&token, &knowing(&[("k", &other.jwk)]), &["db"], start());
    assert_eq!(wrong, Err(JwtError::Signature));
    let unnamed = verify_jwt(&token, &knowing(&[("x", &key.jwk)]), &["db"], start());
    assert_eq!(unnamed, Err(JwtError::NoKey(domain())));
    let (signed, _) = token.rsplit_once('.').expect("parts");
    let empty = verify_jwt(
        &format!("{signed}."),
        &knowing(&[("k", &key.jwk)]),
        &["db"],
        start(),
    );
    assert_eq!(empty, Err(JwtError::Signature));
    let mut changed = claims();
    changed["sub"] = json!("spiffe://example.org/admin");
    let (_, signature) = token.rsplit_once('.').expect("parts");
    let forged = format!(
        "{}.{}.{signature}",
        text(HEADER.as_bytes()),
        text(changed.to_string().as_bytes())
    );
    let refused = verify_jwt(&forged, &knowing(&[("k", &key.jwk)]), &["db"], start());
    assert_eq!(refused, Err(JwtError::Signature));
    let mut pinned = key.jwk.clone();
    pinned["alg"] = json!("ES384");
    let refused = verify_jwt(&token, &knowing(&[("k", &pinned)]), &["db"], start());
    assert_eq!(
        refused,
        Err(JwtError::NoKey(domain())),
        "the key is for another algorithm"
    );
}

#[test]
fn a_token_without_key_id_is_tried_with_every_key() {
    let (key, other) = (Ec::p256(), Ec::p256());
    let token = key.sign(r#"{"alg":"ES256"}"#, &claims().to_string());
    let known = knowing(&[("a", &other.jwk), ("b", &key.jwk)]);
    verify_jwt(&token, &known, &["db"], start()).expect("the second key");
}

#[test]
fn the_form_is_compact() {
    let key = Ec::p256();
    let known = knowing(&[("k", &key.jwk)]);
    let token = key.sign(HEADER, &claims().to_string());
    let json = json!({ "payload": "e30", "protected": "e30", "signature": "" }).to_string();
    for wrong in [
        "",
        ".",
        "..",
        "a.b",
        &format!("{token}.x"),
        &format!("{token}="),
        &json,
    ] {
        assert!(
            verify_jwt(wrong, &known, &["db"], start()).is_err(),
            "{wrong}"
        );
    }
    let twice = r#"{"sub":"spiffe://example.org/web","sub":"spiffe://example.org/b"}"#;
    assert!(matches!(checked(HEADER, twice), Err(JwtError::Claims(_))));
    let long = "a".repeat(LONGEST_TOKEN + 1);
    let refused = verify_jwt(&long, &known, &["db"], start());
    assert_eq!(refused, Err(JwtError::Length(LONGEST_TOKEN + 1)));
}

#[tokio::test]
async fn what_is_signed_keeps_the_rules() {
    let (authority, clock) = authority().await;
    let web = id("spiffe://example.org/web");
    let audiences = ["db".to_owned(), "cache".to_owned()];
    let mut request = JwtRequest::new(&web, &audiences);
    request.claims.insert(
        "act".to_owned(),
        json!({ "sub": "spiffe://example.org/proxy" }),
    );
    let signed = authority.sign_jwt(&request).expect("a token").document;
    let mut parts = signed.token.split('.');
    let header = URL_SAFE_NO_PAD
        .decode(parts.next().expect("a header"))
        .expect("base64url");
    let header: Value = serde_json::from_slice(&header).expect("JSON");
    let mut names: Vec<&String> = header.as_object().expect("an object").keys().collect();
    names.sort();
    assert_eq!(names, ["alg", "kid", "typ"]);
    let read = verify_jwt(&signed.token, &bundles(&authority), &["cache"], clock.now());
    let read = read.expect("valid");
    assert_eq!(read.claims["act"]["sub"], "spiffe://example.org/proxy");
    assert_eq!(read.claims["sub"], "spiffe://example.org/web");
    assert!(
        read.claims["jti"]
            .as_str()
            .is_some_and(|jti| jti.len() == 32)
    );
    clock.turn(SignedDuration::from_mins(6));
    let late = verify_jwt(&signed.token, &bundles(&authority), &["cache"], clock.now());
    assert!(matches!(late, Err(JwtError::Expired(_))));
}

#[tokio::test]
async fn nothing_else_is_signed() {
    let (authority, _) = authority().await;
    let (web, other) = (id("spiffe://example.org/web"), id("spiffe://other.org/web"));
    let one = ["db".to_owned()];
    let (none, empty, many) = (Vec::new(), vec![String::new()], vec!["a".to_owned(); 33]);
    let long = vec!["a".repeat(2049)];
    let mut own = JwtRequest::new(&web, &one);
    own.claims
        .insert("sub".to_owned(), json!("spiffe://example.org/admin"));
    let mut large = JwtRequest::new(&web, &one);
    large
        .claims
        .insert("x".to_owned(), json!("y".repeat(LONGEST_TOKEN)));
    for request in [
        JwtRequest::new(&other, &one),
        JwtRequest::new(&web, &none),
        JwtRequest::new(&web, &empty),
        JwtRequest::new(&web, &many),
        JwtRequest::new(&web, &long),
        own,
        large,
    ] {
        let error = authority.sign_jwt(&request).expect_err("refused");
        assert!(matches!(error, SignError::Request(_)), "{error}");
    }
}
