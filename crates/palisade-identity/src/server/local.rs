//! Signs with the authority of this process, and records every document.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use data_encoding::HEXLOWER;
use jiff::{SignedDuration, Timestamp};
use serde_json::Map;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::Ledger;
use crate::authority::{Authority, JwtRequest, Signed, X509Chain, X509Request};
use crate::entries::{Grant, Resolution};
use crate::evidence::{Document, Evidence};
use crate::issuing::{Made, MadeAll, Signer};
use crate::spiffe::JwtSvid;
use crate::{Answer, Attributes, Clock, Refusal, SpiffeId};

/// The authority of this process.
pub(crate) struct Local {
    pub(crate) authority: Arc<Authority>,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Local {
    fn document(&self, caller: &Attributes, grant: &Grant) -> Result<Made, Refusal> {
        self.ledger.admit()?;
        let Signed {
            document: svid,
            authority,
        } = self.authority.sign_x509(&request(grant))?;
        let leaf = svid.chain.first().map_or(&[][..], |leaf| leaf);
        self.record(caller, grant, x509(leaf, svid.not_before, svid.not_after));
        Ok(Made { svid, authority })
    }

    /// A document for a key that an agent made for one of its callers.
    pub(crate) fn document_for(
        &self,
        caller: &Attributes,
        grant: &Grant,
        csr: &[u8],
    ) -> Result<Signed<X509Chain>, Refusal> {
        self.ledger.admit()?;
        let signed = self.authority.sign_csr(csr, &request(grant))?;
        let chain = &signed.document;
        let leaf = chain.chain.first().map_or(&[][..], |leaf| leaf);
        self.record(caller, grant, x509(leaf, chain.not_before, chain.not_after));
        Ok(signed)
    }

    /// A token for each grant.
    pub(crate) fn tokens_for(
        &self,
        caller: &Attributes,
        grants: &[Grant],
        audiences: &[String],
    ) -> Result<Vec<JwtSvid>, Refusal> {
        let sign = |grant: &Grant| {
            self.ledger.admit()?;
            let request = JwtRequest {
                id: &grant.id,
                audiences,
                lifetime: signed(grant.entry.jwt_lifetime),
                claims: Map::new(),
            };
            let mut token = self.authority.sign_jwt(&request)?.document;
            token.hint.clone_from(&grant.entry.hint);
            let document = Document::Jwt {
                jti: jti(&token.token),
                audiences: audiences.to_vec(),
                expires: token.expires,
            };
            self.record(caller, grant, document);
            Ok(token)
        };
        grants.iter().map(sign).collect()
    }

    fn record(&self, caller: &Attributes, grant: &Grant, document: Document) {
        let now = self.clock.now();
        self.ledger
            .record(&Evidence::issued(now, caller, grant, document));
    }
}

impl Local {
    /// Keeps that a caller got nothing, or not the identity that it asked for.
    pub(crate) fn refused_at(
        &self,
        now: Timestamp,
        caller: &Attributes,
        resolution: &Resolution,
        asked: Option<&SpiffeId>,
    ) {
        if let Some(id) = asked {
            let reason = format!("it asked for `{id}`, which none of its entries gives");
            self.ledger
                .refuse(&[Evidence::refused(now, caller, &reason)]);
            return;
        }
        let withheld = resolution.withheld.iter();
        let mut refusals: Vec<Evidence> = withheld
            .map(|(entry, cause)| Evidence::withheld(now, caller, entry, cause))
            .collect();
        if refusals.is_empty() {
            let reason = if resolution.grants.is_empty() {
                "no entry matches what was attested"
            } else {
                "its agent had no entry that matches yet"
            };
            refusals.push(Evidence::refused(now, caller, reason));
        }
        self.ledger.refuse(&refusals);
    }
}

impl Signer for Local {
    fn refused(&self, caller: &Attributes, resolution: &Resolution, asked: Option<&SpiffeId>) {
        self.refused_at(self.clock.now(), caller, resolution, asked);
    }

    fn documents<'a>(&'a self, caller: &'a Attributes, grants: &'a [Grant]) -> MadeAll<'a> {
        let made = grants.iter().map(|grant| self.document(caller, grant));
        Box::pin(std::future::ready(made.collect::<Vec<_>>()))
    }

    fn tokens<'a>(
        &'a self,
        caller: &'a Attributes,
        grants: &'a [Grant],
        audiences: &'a [String],
    ) -> Answer<'a, Vec<JwtSvid>> {
        Box::pin(std::future::ready(
            self.tokens_for(caller, grants, audiences),
        ))
    }
}

fn request(grant: &Grant) -> X509Request<'_> {
    X509Request {
        id: &grant.id,
        dns_names: &grant.dns_names,
        lifetime: signed(grant.entry.x509_lifetime),
    }
}

fn signed(lifetime: Option<std::time::Duration>) -> Option<SignedDuration> {
    lifetime.and_then(|lifetime| SignedDuration::try_from(lifetime).ok())
}

fn x509(leaf: &[u8], not_before: Timestamp, not_after: Timestamp) -> Document {
    let serial = X509Certificate::from_der(leaf)
        .map(|(_, leaf)| HEXLOWER.encode(leaf.raw_serial()))
        .unwrap_or_default();
    Document::X509 {
        serial,
        not_before,
        not_after,
    }
}

/// The `jti` of a token that was just made.
fn jti(token: &str) -> Option<String> {
    let payload = token.split('.').nth(1)?;
    let payload = URL_SAFE_NO_PAD.decode(payload).ok()?;
    let claims: Map<String, serde_json::Value> = serde_json::from_slice(&payload).ok()?;
    Some(claims.get("jti")?.as_str()?.to_owned())
}
