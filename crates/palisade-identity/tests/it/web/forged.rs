//! Tokens that somebody made up: the exchange takes none of them, in whatever place they stand.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use jiff::SignedDuration;
use palisade_identity::authority::Kind;
use rcgen::{KeyPair, PublicKeyData as _, SigningKey as _};
use serde_json::{Value, json};

use super::exchange::{JWT, PROXY, Stand, WEB, stand};

fn parts(token: &str) -> (Value, Value, String) {
    let mut parts = token.split('.');
    let mut json = || {
        let bytes = BASE64
            .decode(parts.next().expect("a part"))
            .expect("base64");
        serde_json::from_slice(&bytes).expect("JSON")
    };
    let (header, claims) = (json(), json());
    (
        header,
        claims,
        parts.next().expect("a signature").to_owned(),
    )
}

fn joined(header: &Value, claims: &Value, signature: &str) -> String {
    let part = |value: &Value| BASE64.encode(value.to_string());
    format!("{}.{}.{signature}", part(header), part(claims))
}

/// The key that signs tokens, by its id.
fn signing_key(stand: &Stand) -> String {
    let published = stand.authority.subscribe().borrow().clone();
    let mut all = published.authorities.iter();
    let active = all.find(|info| info.kind == Kind::Es256 && info.stage.to_string() == "active");
    active.expect("a key").id.clone()
}

async fn is_refused_everywhere(stand: &Stand, forged: &str, what: &str) {
    let error = stand.refused(forged, &[("audience", "db")]).await;
    assert_eq!(error, "invalid_request", "{what}");
    let as_actor = [
        ("audience", "db"),
        ("actor_token", forged),
        ("actor_token_type", JWT),
    ];
    let error = stand.refused(&stand.token(WEB), &as_actor).await;
    assert_eq!(error, "invalid_request", "{what} as actor");
}

#[tokio::test]
async fn headers_choose_neither_key_nor_algorithm() {
    let stand = stand().await;
    let (header, claims, signature) = parts(&stand.token(PROXY));
    let own = KeyPair::generate().expect("a key");
    let point = own.der_bytes();
    let jwk = json!({
        "kty": "EC", "crv": "P-256",
        "x": BASE64.encode(&point[1..33]), "y": BASE64.encode(&point[33..65]),
    });
    let with = |changes: &[(&str, Value)]| {
        let mut header = header.clone();
        for (name, value) in changes {
            header[*name] = value.clone();
        }
        header
    };
    let none = with(&[("alg", json!("none"))]);
    for (what, header) in [
        ("no algorithm", none.clone()),
        ("shared key", with(&[("alg", json!("HS256"))])),
        ("another algorithm", with(&[("alg", json!("RS256"))])),
        ("the small letters", with(&[("alg", json!("es256"))])),
        ("a key of its own", with(&[("jwk", jwk)])),
        (
            "a key elsewhere",
            with(&[("jku", json!("https://evil.example/keys"))]),
        ),
        (
            "a certificate of its own",
            with(&[("x5c", json!(["AAAA"]))]),
        ),
        (
            "a path as key",
            with(&[("kid", json!("../../../dev/null"))]),
        ),
        ("a query as key", with(&[("kid", json!("' OR 1=1 --"))])),
        ("no text as key", with(&[("kid", json!(["a"]))])),
        ("criticals", with(&[("crit", json!(["exp"]))])),
    ] {
        is_refused_everywhere(&stand, &joined(&header, &claims, &signature), what).await;
        is_refused_everywhere(&stand, &joined(&header, &claims, ""), what).await;
        let signed = joined(&header, &claims, "");
        let signed = signed.trim_end_matches('.');
        let der = own.sign(signed.as_bytes()).expect("signs");
        let signed = format!("{signed}.{}", BASE64.encode(der));
        is_refused_everywhere(&stand, &signed, what).await;
    }
    // The key's public half, which everybody knows, is no shared secret.
    let hmac_key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, point);
    let header = with(&[("alg", json!("HS256"))]);
    let signed = joined(&header, &claims, "");
    let tag = aws_lc_rs::hmac::sign(&hmac_key, signed.trim_end_matches('.').as_bytes());
    let signed = format!("{signed}{}", BASE64.encode(tag.as_ref()));
    is_refused_everywhere(&stand, &signed, "a known secret").await;
}

#[tokio::test]
async fn claims_that_were_changed_prove_nothing() {
    let stand = stand().await;
    let (header, claims, signature) = parts(&stand.token(PROXY));
    for (what, name, value) in [
        ("somebody else", "sub", json!(WEB)),
        ("an actor", "act", json!({ "sub": PROXY })),
        ("no end", "exp", json!(4_102_444_800_i64)),
        ("another reader", "aud", json!(["palisade", "db"])),
    ] {
        let mut changed = claims.clone();
        changed[name] = value;
        is_refused_everywhere(&stand, &joined(&header, &changed, &signature), what).await;
    }
}

#[tokio::test]
async fn a_token_ends_with_its_time_and_with_its_key() {
    let stand = stand().await;
    let shown = stand.token(WEB);
    let (_, claims, _) = parts(&shown);
    let life = claims["exp"].as_i64().expect("an end") - claims["iat"].as_i64().expect("a begin");
    stand.clock.turn(SignedDuration::from_secs(life - 1));
    let (_, answer) = stand.exchange(&shown, &[("audience", "db")]).await;
    assert_eq!(answer["expires_in"], 1, "{answer}");
    // Leeway is for readers whose clocks differ; nothing new is made of what has ended.
    stand.clock.turn(SignedDuration::from_secs(1));
    let error = stand.refused(&shown, &[("audience", "db")]).await;
    assert_eq!(error, "invalid_request");

    let (shown, actor) = (stand.token(WEB), stand.token(PROXY));
    let key = signing_key(&stand);
    stand.authority.taint(&key).await.expect("tainted");
    stand.authority.revoke(&key).await.expect("revoked");
    is_refused_everywhere(&stand, &shown, "a revoked key").await;
    is_refused_everywhere(&stand, &actor, "an actor of a revoked key").await;
}
