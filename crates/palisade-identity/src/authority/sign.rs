//! What is asked of an authority, what it gives, and why it may not.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use super::state::Kind;
use crate::Refusal;
use crate::spiffe::SpiffeId;

/// Why nothing is signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// What was asked for cannot be signed.
    #[error("{0}")]
    Request(String),
    /// No key is valid now; a new one is on its way.
    #[error("the authority has no {0} key that is valid now; try again in a moment")]
    NotReady(Kind),
    /// The cryptography failed, which it never should.
    #[error("the key cannot be used")]
    Crypto,
}

impl From<SignError> for Refusal {
    fn from(error: SignError) -> Self {
        match error {
            SignError::Request(reason) => Self::Request(reason),
            other => Self::Unavailable(other.to_string()),
        }
    }
}

/// An X509-SVID that is asked for.
#[derive(Debug, Clone)]
pub struct X509Request<'a> {
    /// For whom; with a path, in the trust domain of the authority.
    pub id: &'a SpiffeId,
    /// DNS names that stand beside the id.
    pub dns_names: &'a [String],
    /// How long it lives; the authority's own end comes first where that is sooner.
    pub lifetime: Option<SignedDuration>,
}

impl<'a> X509Request<'a> {
    /// A document for this id with everything else by default.
    pub fn new(id: &'a SpiffeId) -> Self {
        Self {
            id,
            dns_names: &[],
            lifetime: None,
        }
    }
}

/// A JWT-SVID that is asked for.
#[derive(Debug, Clone)]
pub struct JwtRequest<'a> {
    /// For whom; in the trust domain of the authority.
    pub id: &'a SpiffeId,
    /// Who is to take it.
    pub audiences: &'a [String],
    /// How long it lives.
    pub lifetime: Option<SignedDuration>,
    /// Claims beside those that every token has, such as `act`.
    pub claims: Map<String, Value>,
}

impl<'a> JwtRequest<'a> {
    /// A token for this id and these audiences with everything else by default.
    pub fn new(id: &'a SpiffeId, audiences: &'a [String]) -> Self {
        Self {
            id,
            audiences,
            lifetime: None,
            claims: Map::new(),
        }
    }
}

/// Something signed, with the key that signed it: a change of that key asks for another.
#[derive(Debug, Clone)]
pub struct Signed<T> {
    /// What was signed.
    pub document: T,
    /// The id of the key.
    pub authority: Arc<str>,
}

/// A certificate for a key that somebody else holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct X509Chain {
    /// The identity.
    pub id: SpiffeId,
    /// The leaf first, then intermediates; DER.
    pub chain: Vec<Arc<[u8]>>,
    /// From when it is valid.
    pub not_before: Timestamp,
    /// Until when it is valid.
    pub not_after: Timestamp,
}
