//! What an authority serves over HTTPS, and how it reads the bundles of others.
//!
//! `/.well-known/openid-configuration` and `/keys` for clouds that accept JWT-SVIDs in place of
//! keys, `/bundle` for other trust domains, `/token` for the exchange of tokens (RFC 8693).

mod client;
mod exchange;
mod federation;
mod pages;
mod server;
mod tls;
mod verifier;

pub use client::{BundleUrl, FetchError};
pub use exchange::{
    ExchangeRecord, ExchangeRequest, ExchangeRule, ExchangeRules, Refused, parse_exchange,
};
pub use federation::{Federated, Federation, Profile, accept_bundle, next_look};
pub use pages::{Site, router};
pub use server::serve;
pub use tls::ServerIdentity;

use crate::authority::SignError;

/// Why the server cannot serve.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WebError {
    /// A file does not read as PEM of the right kind.
    #[error(transparent)]
    File(#[from] palisade_http::pem::PemError),
    /// Certificate and key do not fit together.
    #[error("the certificate and key cannot be used: {0}")]
    Unusable(String),
    /// The authority does not sign for the server.
    #[error("the server has no certificate: {0}")]
    Sign(#[from] SignError),
    /// The issuer is not an address that clouds take.
    #[error(
        "the issuer is an address such as `https://identity.example.org` without query and without \
         a slash at its end, not `{0}`"
    )]
    Issuer(String),
}
