//! The pages: discovery, keys, bundle, and the exchange of tokens.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};
use tokio::sync::watch;

use super::WebError;
use super::client::BundleUrl;
use super::exchange::{self, ExchangeRecord, ExchangeRules, Refused};
use crate::authority::{Authority, Kind};
use crate::clock::Clock;
use crate::quota::Quotas;
use crate::spiffe::KeyUse;

/// The largest request that is read, in bytes.
const LARGEST_REQUEST: usize = 64 * 1024;

/// Exchanges of one identity that may come at once, and in a second for ever.
const EXCHANGES: f64 = 100.0;
const EXCHANGES_A_SECOND: f64 = 20.0;

/// Everything that the pages are made from.
pub struct Site {
    /// Who signs.
    pub authority: Arc<Authority>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Who may exchange which token, now and at every change; nobody where there are no rules.
    pub rules: watch::Receiver<Arc<ExchangeRules>>,
    /// Whether evidence of another token can be kept; the reason why not.
    pub admit: Box<dyn Fn() -> Result<(), String> + Send + Sync>,
    /// Is told every exchange, granted or refused.
    pub record: Box<dyn Fn(&ExchangeRecord) + Send + Sync>,
}

impl std::fmt::Debug for Site {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Site").finish_non_exhaustive()
    }
}

/// The pages of a site. Discovery and exchange are there where the authority has an issuer.
///
/// # Errors
/// The issuer is not an address that clouds take.
pub fn router(site: Site) -> Result<Router, WebError> {
    let issuer = site.authority.settings().issuer.clone();
    let mut router = Router::new()
        .route("/bundle", get(bundle))
        .route("/keys", get(keys));
    if let Some(issuer) = issuer {
        let known = BundleUrl::parse(&issuer).is_ok();
        if !known || issuer.ends_with('/') || issuer.contains(['?', '#']) {
            return Err(WebError::Issuer(issuer));
        }
        router = router
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/token", post(token));
    }
    let quotas = Quotas::new(EXCHANGES, EXCHANGES_A_SECOND);
    Ok(router.with_state(Arc::new(Served { site, quotas })))
}

/// A site and what is remembered of its callers.
struct Served {
    site: Site,
    quotas: Quotas,
}

type Shared = State<Arc<Served>>;

async fn discovery(State(served): Shared) -> Response {
    let site = &served.site;
    let settings = site.authority.settings();
    let issuer = settings.issuer.clone().unwrap_or_default();
    let kinds = settings.kinds.iter().filter(|kind| **kind != Kind::X509);
    let algorithms: Vec<String> = kinds.map(ToString::to_string).collect();
    let document = json!({
        "issuer": issuer,
        "jwks_uri": format!("{issuer}/keys"),
        "token_endpoint": format!("{issuer}/token"),
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": algorithms,
        "grant_types_supported": [exchange::GRANT],
        "claims_supported": ["iss", "sub", "aud", "exp", "iat", "jti", "act", "scope"],
    });
    page(site, &document)
}

async fn keys(State(served): Shared) -> Response {
    let site = &served.site;
    let bundle = Arc::clone(&site.authority.subscribe().borrow().bundle);
    page(site, &bundle.to_jwt_jwks(KeyUse::Web))
}

async fn bundle(State(served): Shared) -> Response {
    let site = &served.site;
    let bundle = Arc::clone(&site.authority.subscribe().borrow().bundle);
    page(site, &bundle.to_jwks())
}

/// A document that may be kept as long as the refresh hint says.
fn page(site: &Site, document: &Value) -> Response {
    let age = site.authority.settings().refresh_hint.as_secs();
    let keep = HeaderValue::from_str(&format!("public, max-age={age}"));
    let keep = keep.unwrap_or(HeaderValue::from_static("no-store"));
    let mut response = Body::from(document.to_string()).into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    headers.insert(header::CACHE_CONTROL, keep);
    response
}

async fn token(State(served): Shared, headers: HeaderMap, body: Body) -> Response {
    let answer = match form(&headers, body).await {
        Ok(form) => exchange::exchange(&served.site, &served.quotas, &form),
        Err(refused) => Err(refused),
    };
    let (status, document) = match answer {
        Ok(document) => (StatusCode::OK, document),
        Err(refused) => (refused.status(), refused.to_json()),
    };
    let mut response = (status, document.to_string()).into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    // RFC 6749 section 5.1: nobody on the way keeps a token.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    response
}

async fn form(headers: &HeaderMap, body: Body) -> Result<Bytes, Refused> {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok());
    let kind = kind
        .and_then(|kind| kind.split(';').next())
        .unwrap_or_default();
    if !kind
        .trim()
        .eq_ignore_ascii_case("application/x-www-form-urlencoded")
    {
        return Err(Refused::request(
            "send the request as application/x-www-form-urlencoded",
        ));
    }
    let body = axum::body::to_bytes(body, LARGEST_REQUEST).await;
    body.map_err(|_| Refused::request("the request does not read, or has more than 64 KiB"))
}
