//! The exchange of tokens: what rules allow, and nothing beyond.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use jiff::SignedDuration;
use palisade_identity::ManualClock;
use palisade_identity::authority::{Authority, JwtRequest};
use palisade_identity::spiffe::{JwtIdentity, verify_jwt};
use palisade_identity::web::ExchangeRule;
use serde_json::{Value, json};

use super::{ISSUER, Records, ask, authority_of, own_domain, site, token};
use crate::made::{bundles, id, start};

const GRANT: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
pub(super) const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
pub(super) const WEB: &str = "spiffe://example.org/web";
pub(super) const PROXY: &str = "spiffe://example.org/proxies/a";

pub(super) struct Stand {
    pub(super) authority: Arc<Authority>,
    pub(super) clock: ManualClock,
    pages: Router,
    records: Records,
}

pub(super) async fn stand() -> Stand {
    let clock = ManualClock::at(start());
    let authority = authority_of(own_domain(), Some(ISSUER), &clock).await;
    let rules = json!([
        {
            "subject": WEB,
            "actors": ["spiffe://example.org/proxies/*"],
            "audiences": ["db", "https://cache.example.org"],
            "scopes": ["read", "write"],
        },
        { "subject": "spiffe://example.org/jobs/*", "audiences": ["db"], "lifetime_seconds": 60 },
    ]);
    let rules: Vec<ExchangeRule> = serde_json::from_value(rules).expect("rules");
    let (pages, records) = site(&authority, &clock, rules);
    Stand {
        authority,
        clock,
        pages,
        records,
    }
}

impl Stand {
    pub(super) fn token(&self, of: &str) -> String {
        token(&self.authority, &id(of), "palisade")
    }

    async fn post(&self, parameters: &[(&str, &str)]) -> (StatusCode, Value) {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(parameters);
        let request = Request::post("/token")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(form.finish()))
            .expect("a request");
        let (head, body) = ask(&self.pages, request).await;
        assert_eq!(head.headers()[header::CACHE_CONTROL], "no-store");
        (head.status(), serde_json::from_slice(&body).expect("JSON"))
    }

    pub(super) async fn exchange(&self, token: &str, more: &[(&str, &str)]) -> (StatusCode, Value) {
        let mut all = vec![
            ("grant_type", GRANT),
            ("subject_token", token),
            ("subject_token_type", JWT),
        ];
        all.extend_from_slice(more);
        self.post(&all).await
    }

    /// The word for the error.
    pub(super) async fn refused(&self, token: &str, more: &[(&str, &str)]) -> String {
        let (status, answer) = self.exchange(token, more).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{answer}");
        assert!(answer.get("access_token").is_none());
        let text = answer["error_description"].as_str().expect("a description");
        assert!(
            text.bytes()
                .all(|b| (b' '..=b'~').contains(&b) && b != b'"' && b != b'\\')
        );
        answer["error"].as_str().expect("an error").to_owned()
    }

    fn read(&self, answer: &Value, audience: &str) -> JwtIdentity {
        let token = answer["access_token"].as_str().expect("a token");
        let now = palisade_identity::Clock::now(&self.clock);
        verify_jwt(token, &bundles(&self.authority), &[audience], now).expect("valid")
    }
}

#[tokio::test]
async fn a_token_for_here_becomes_one_for_there() {
    let stand = stand().await;
    let shown = stand.token(WEB);
    let (status, answer) = stand.exchange(&shown, &[("audience", "db")]).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert_eq!(answer["issued_token_type"], JWT);
    assert_eq!(answer["token_type"], "Bearer");
    assert_eq!(answer["expires_in"], 300);
    let read = stand.read(&answer, "db");
    assert_eq!(read.id, id(WEB));
    assert_eq!(read.audiences, ["db"]);
    assert_eq!(read.claims["iss"], ISSUER);
    assert!(read.claims.get("act").is_none());

    let more = [("audience", "db"), ("requested_token_type", ACCESS_TOKEN)];
    let (_, answer) = stand.exchange(&shown, &more).await;
    assert_eq!(answer["issued_token_type"], ACCESS_TOKEN);
    let (_, answer) = stand
        .exchange(&shown, &[("resource", "https://cache.example.org")])
        .await;
    assert_eq!(
        stand
            .read(&answer, "https://cache.example.org")
            .audiences
            .len(),
        1
    );
    let (_, answer) = stand.exchange(&shown, &[]).await;
    assert_eq!(
        stand.read(&answer, "db").audiences,
        ["db"],
        "the first of the rule"
    );

    let records = stand.records.lock().expect("records");
    assert_eq!(records.len(), 4);
    assert!(records.iter().all(|record| record.refused.is_none()));
    assert_eq!(records[0].subject, Some(id(WEB)));
    assert_eq!(records[0].audiences, ["db"]);
}

#[tokio::test]
async fn audiences_are_pinned() {
    let stand = stand().await;
    let shown = stand.token(WEB);
    assert_eq!(
        stand.refused(&shown, &[("audience", "other")]).await,
        "invalid_target"
    );
    let both = [("audience", "db"), ("audience", "other")];
    assert_eq!(stand.refused(&shown, &both).await, "invalid_target");
    assert_eq!(
        stand.refused(&shown, &[("resource", "db")]).await,
        "invalid_target"
    );
    let stranger = stand.token("spiffe://example.org/stranger");
    assert_eq!(
        stand.refused(&stranger, &[("audience", "db")]).await,
        "invalid_request"
    );
    let near = stand.token("spiffe://example.org/jobsx/a");
    assert_eq!(
        stand.refused(&near, &[("audience", "db")]).await,
        "invalid_request"
    );
    let records = stand.records.lock().expect("records");
    assert!(records.iter().all(|record| record.refused.is_some()));
}

#[tokio::test]
async fn only_tokens_for_here_are_taken() {
    let stand = stand().await;
    let meant_for_db = token(&stand.authority, &id(WEB), "db");
    assert_eq!(
        stand.refused(&meant_for_db, &[("audience", "db")]).await,
        "invalid_request"
    );
    assert_eq!(
        stand.refused("a.b.c", &[("audience", "db")]).await,
        "invalid_request"
    );
    for audience in [ISSUER, &format!("{ISSUER}/token")] {
        let shown = token(&stand.authority, &id(WEB), audience);
        assert_eq!(
            stand.exchange(&shown, &[("audience", "db")]).await.0,
            StatusCode::OK
        );
    }
    let other = "other.org".parse().expect("a name");
    let foreign = authority_of(other, Some(ISSUER), &stand.clock).await;
    let shown = token(&foreign, &id("spiffe://other.org/web"), ISSUER);
    assert_eq!(
        stand.refused(&shown, &[("audience", "db")]).await,
        "invalid_request"
    );
    let shown = stand.token(WEB);
    stand.clock.turn(SignedDuration::from_mins(6));
    assert_eq!(
        stand.refused(&shown, &[("audience", "db")]).await,
        "invalid_request"
    );
}

#[tokio::test]
async fn who_acts_stays_visible() {
    let stand = stand().await;
    let (subject, actor) = (stand.token(WEB), stand.token(PROXY));
    let more = [
        ("audience", "db"),
        ("actor_token", actor.as_str()),
        ("actor_token_type", JWT),
    ];
    let (_, answer) = stand.exchange(&subject, &more).await;
    let read = stand.read(&answer, "db");
    assert_eq!(read.id, id(WEB));
    assert_eq!(read.claims["act"], json!({ "sub": PROXY }));
    assert_eq!(
        stand.records.lock().expect("records")[0].actor,
        Some(id(PROXY))
    );

    let audiences = ["palisade".to_owned()];
    let web = id(WEB);
    let mut before = JwtRequest::new(&web, &audiences);
    before.claims.insert(
        "act".to_owned(),
        json!({ "sub": "spiffe://example.org/first" }),
    );
    let chained = stand
        .authority
        .sign_jwt(&before)
        .expect("a token")
        .document
        .token;
    let (_, answer) = stand.exchange(&chained, &more).await;
    let read = stand.read(&answer, "db");
    assert_eq!(read.claims["act"]["sub"], PROXY);
    assert_eq!(
        read.claims["act"]["act"]["sub"],
        "spiffe://example.org/first"
    );
    let (_, answer) = stand.exchange(&chained, &[("audience", "db")]).await;
    let read = stand.read(&answer, "db");
    assert_eq!(
        read.claims["act"]["sub"], "spiffe://example.org/first",
        "it does not get lost"
    );

    let mut chain = json!({ "sub": "spiffe://example.org/end" });
    for _ in 0..8 {
        chain = json!({ "sub": "spiffe://example.org/link", "act": chain });
    }
    before.claims.insert("act".to_owned(), chain);
    let long = stand
        .authority
        .sign_jwt(&before)
        .expect("a token")
        .document
        .token;
    assert_eq!(stand.refused(&long, &more).await, "invalid_request");
}

#[tokio::test]
async fn only_named_actors_act() {
    let stand = stand().await;
    let (subject, stranger) = (
        stand.token(WEB),
        stand.token("spiffe://example.org/proxies"),
    );
    let more = |actor| {
        [
            ("audience", "db"),
            ("actor_token", actor),
            ("actor_token_type", JWT),
        ]
    };
    assert_eq!(
        stand.refused(&subject, &more(&stranger)).await,
        "invalid_request"
    );
    let job = stand.token("spiffe://example.org/jobs/a");
    let proxy = stand.token(PROXY);
    assert_eq!(stand.refused(&job, &more(&proxy)).await, "invalid_request");

    let (web, audiences) = (id(WEB), ["palisade".to_owned()]);
    let mut bound = JwtRequest::new(&web, &audiences);
    let other = json!({ "sub": "spiffe://example.org/proxies/b" });
    bound.claims.insert("may_act".to_owned(), other);
    let bound = stand
        .authority
        .sign_jwt(&bound)
        .expect("a token")
        .document
        .token;
    assert_eq!(
        stand.refused(&bound, &more(&proxy)).await,
        "invalid_request"
    );
    assert_eq!(
        stand.refused(&bound, &[("audience", "db")]).await,
        "invalid_request"
    );
    let named = stand.token("spiffe://example.org/proxies/b");
    assert_eq!(
        stand.exchange(&bound, &more(&named)).await.0,
        StatusCode::OK
    );
}

#[tokio::test]
async fn scopes_only_shrink() {
    let stand = stand().await;
    let shown = stand.token(WEB);
    let (_, answer) = stand.exchange(&shown, &[("scope", "read")]).await;
    assert_eq!(answer["scope"], "read");
    assert_eq!(stand.read(&answer, "db").claims["scope"], "read");
    let (_, answer) = stand.exchange(&shown, &[]).await;
    assert_eq!(answer["scope"], "read write");
    assert_eq!(
        stand.refused(&shown, &[("scope", "read admin")]).await,
        "invalid_scope"
    );

    let (web, audiences) = (id(WEB), ["palisade".to_owned()]);
    let mut narrow = JwtRequest::new(&web, &audiences);
    narrow.claims.insert("scope".to_owned(), "read".into());
    let narrow = stand
        .authority
        .sign_jwt(&narrow)
        .expect("a token")
        .document
        .token;
    assert_eq!(
        stand.refused(&narrow, &[("scope", "write")]).await,
        "invalid_scope"
    );
    let (_, answer) = stand.exchange(&narrow, &[]).await;
    assert_eq!(answer["scope"], "read", "the rule does not widen it");
}

#[tokio::test]
async fn nothing_lasts_longer_than_what_was_shown() {
    let stand = stand().await;
    let shown = stand.token(WEB);
    stand.clock.turn(SignedDuration::from_mins(4));
    let (_, answer) = stand.exchange(&shown, &[("audience", "db")]).await;
    assert_eq!(answer["expires_in"], 60);
    let job = stand.token("spiffe://example.org/jobs/a");
    let (_, answer) = stand.exchange(&job, &[("audience", "db")]).await;
    assert_eq!(answer["expires_in"], 60, "as the rule says");
}

#[tokio::test]
async fn requests_that_are_not_understood_are_told() {
    let stand = stand().await;
    let shown = stand.token(WEB);
    let all = [
        ("grant_type", GRANT),
        ("subject_token", &shown),
        ("subject_token_type", JWT),
    ];
    for missing in 0..3 {
        let mut some = all.to_vec();
        some.remove(missing);
        assert_eq!(stand.post(&some).await.0, StatusCode::BAD_REQUEST);
    }
    let (_, answer) = stand.post(&[("grant_type", "client_credentials")]).await;
    assert_eq!(answer["error"], "unsupported_grant_type");
    let saml = "urn:ietf:params:oauth:token-type:saml2";
    for more in [
        [("requested_token_type", saml)].as_slice(),
        &[("subject_token", "x")],
        &[("actor_token", "x")],
        &[("actor_token_type", JWT)],
        &[("actor_token", "x"), ("actor_token_type", saml)],
        &[("scope", "read"), ("scope", "write")],
        &[("a", "1"); 70],
    ] {
        assert_eq!(
            stand.refused(&shown, more).await,
            "invalid_request",
            "{more:?}"
        );
    }
    for (kind, body) in [
        ("application/json", "{}".to_owned()),
        ("application/x-www-form-urlencoded", "a".repeat(70_000)),
        (
            "application/x-www-form-urlencoded",
            "\u{0}%ff%zz&&==&%".to_owned(),
        ),
    ] {
        let request = Request::post("/token")
            .header(header::CONTENT_TYPE, kind)
            .body(Body::from(body))
            .expect("a request");
        assert_eq!(
            ask(&stand.pages, request).await.0.status(),
            StatusCode::BAD_REQUEST
        );
    }
}

#[tokio::test]
async fn one_identity_does_not_take_all() {
    let stand = stand().await;
    let (web, job) = (stand.token(WEB), stand.token("spiffe://example.org/jobs/a"));
    for _ in 0..100 {
        assert_eq!(stand.exchange(&web, &[]).await.0, StatusCode::OK);
    }
    let (status, answer) = stand.exchange(&web, &[]).await;
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(answer["error"], "slow_down");
    assert_eq!(
        stand.exchange(&job, &[]).await.0,
        StatusCode::OK,
        "others are served"
    );
    stand.clock.turn(-SignedDuration::from_secs(5));
    assert_eq!(
        stand.exchange(&web, &[]).await.0,
        StatusCode::TOO_MANY_REQUESTS
    );
    stand.clock.turn(SignedDuration::from_secs(6));
    assert_eq!(stand.exchange(&web, &[]).await.0, StatusCode::OK);
}
