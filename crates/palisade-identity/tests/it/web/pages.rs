//! Discovery, keys and bundle as they are served.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use palisade_identity::ManualClock;
use palisade_identity::spiffe::Bundle;
use palisade_identity::web::{ExchangeRules, Site, WebError, router};

use super::{ISSUER, ask, authority_of, get, own_domain, site};
use crate::made::start;

#[tokio::test]
async fn clouds_find_the_keys() {
    let clock = ManualClock::at(start());
    let authority = authority_of(own_domain(), Some(ISSUER), &clock).await;
    let (pages, _) = site(&authority, &clock, Vec::new());
    let (status, document) = get(&pages, "/.well-known/openid-configuration").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(document["issuer"], ISSUER);
    assert_eq!(document["jwks_uri"], format!("{ISSUER}/keys"));
    assert_eq!(document["response_types_supported"][0], "id_token");
    assert_eq!(document["subject_types_supported"][0], "public");
    assert_eq!(
        document["id_token_signing_alg_values_supported"][0],
        "ES256"
    );
    let (_, keys) = get(&pages, "/keys").await;
    let keys = keys["keys"].as_array().expect("a list").clone();
    assert_eq!(keys.len(), 1);
    assert_eq!(keys[0]["use"], "sig");
    assert_eq!(keys[0]["alg"], "ES256");
    assert!(keys[0].get("d").is_none());
}

#[tokio::test]
async fn the_bundle_is_the_latest() {
    let clock = ManualClock::at(start());
    let authority = authority_of(own_domain(), None, &clock).await;
    let (pages, _) = site(&authority, &clock, Vec::new());
    let request = Request::get("/bundle")
        .body(Body::empty())
        .expect("a request");
    let (head, body) = ask(&pages, request).await;
    assert_eq!(head.headers()[header::CONTENT_TYPE], "application/json");
    assert!(std::str::from_utf8(&body).is_ok());
    let read = Bundle::from_jwks(&own_domain(), &body).expect("a bundle");
    assert_eq!(read.bundle, *authority.subscribe().borrow().bundle);
    let kind = palisade_identity::authority::Kind::X509;
    let urgency = palisade_identity::authority::Urgency::Now;
    authority.rotate(kind, urgency).await.expect("rotated");
    let (_, later) = get(&pages, "/bundle").await;
    assert_eq!(later["keys"].as_array().expect("a list").len(), 3);
}

#[tokio::test]
async fn nothing_else_is_served() {
    let clock = ManualClock::at(start());
    let authority = authority_of(own_domain(), None, &clock).await;
    let (pages, _) = site(&authority, &clock, Vec::new());
    for path in [
        "/",
        "/token",
        "/.well-known/openid-configuration",
        "/bundle/",
    ] {
        assert_eq!(get(&pages, path).await.0, StatusCode::NOT_FOUND, "{path}");
    }
    let request = Request::post("/bundle")
        .body(Body::empty())
        .expect("a request");
    assert_eq!(
        ask(&pages, request).await.0.status(),
        StatusCode::METHOD_NOT_ALLOWED
    );
}

#[tokio::test]
async fn an_issuer_that_clouds_do_not_take_is_told() {
    let clock = ManualClock::at(start());
    for issuer in [
        "http://identity.example.org",
        "identity.example.org",
        "https://identity.example.org/",
        "https://identity.example.org?a=b",
        "https://user@identity.example.org",
        "",
    ] {
        let authority = authority_of(own_domain(), Some(issuer), &clock).await;
        let refused = router(Site {
            authority,
            clock: Arc::new(clock.clone()),
            rules: tokio::sync::watch::channel(Arc::new(ExchangeRules::default())).1,
            admit: Box::new(|| Ok(())),
            record: Box::new(|_| {}),
        });
        let refused = refused.expect_err(issuer);
        assert!(matches!(refused, WebError::Issuer(_)), "{issuer}");
    }
}
