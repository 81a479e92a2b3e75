//! What an authority tells everybody: its bundle, and which keys changed their stage.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::plan::signs_from;
use super::settings::Settings;
use super::state::{Kind, Public, Record, Stage, State};
use crate::spiffe::{Bundle, JwtAuthority};

/// One key, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthorityInfo {
    /// Its id, which `taint` and `revoke` take.
    pub id: String,
    /// What it signs.
    pub kind: Kind,
    /// Where it stands in its life.
    pub stage: Stage,
    /// When it was made and published.
    pub prepared: jiff::Timestamp,
    /// When it is to sign, if it is prepared for that.
    pub signs_from: Option<jiff::Timestamp>,
    /// When it ends.
    pub expires: jiff::Timestamp,
}

/// A moment of an authority; each is whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// The bundle of the trust domain.
    pub bundle: Arc<Bundle>,
    /// All keys.
    pub authorities: Vec<AuthorityInfo>,
    /// Keys whose documents are to be replaced at once: tainted and revoked ones.
    pub distrusted: BTreeSet<String>,
}

impl Published {
    pub(crate) fn of(state: &State, settings: &Settings) -> Self {
        let mut bundle = Bundle::empty(state.trust_domain.clone());
        bundle.sequence = Some(state.version);
        let hint = u64::try_from(settings.refresh_hint.as_secs()).unwrap_or_default();
        bundle.refresh_hint = Some(Duration::from_secs(hint));
        for record in state.records.iter().filter(|record| record.is_published()) {
            match &record.public {
                Public::X509 { roots, .. } => {
                    for root in roots {
                        let root: Arc<[u8]> = root.0.as_slice().into();
                        if !bundle.x509_authorities.contains(&root) {
                            bundle.x509_authorities.push(root);
                        }
                    }
                }
                Public::Jwt(jwk) => bundle.jwt_authorities.push(JwtAuthority {
                    key_id: record.id.clone(),
                    jwk: jwk.clone(),
                }),
            }
        }
        let info = state.records.iter().map(|record| AuthorityInfo {
            id: record.id.clone(),
            kind: record.kind,
            stage: record.stage,
            prepared: record.prepared,
            signs_from: planned(state, record, settings),
            expires: record.expires,
        });
        let bad = |info: &&AuthorityInfo| matches!(info.stage, Stage::Tainted | Stage::Revoked);
        let authorities: Vec<AuthorityInfo> = info.collect();
        let distrusted = authorities
            .iter()
            .filter(bad)
            .map(|info| info.id.clone())
            .collect();
        Self {
            bundle: Arc::new(bundle),
            authorities,
            distrusted,
        }
    }

    /// Whether what this key signed can still be valid.
    pub(crate) fn is_trusted(&self, id: &str) -> bool {
        let mut known = self.authorities.iter();
        known.any(|info| info.id == id && info.stage != Stage::Revoked)
    }
}

/// When a prepared key is to sign.
fn planned(state: &State, record: &Record, settings: &Settings) -> Option<jiff::Timestamp> {
    let is_before = |known: &&Record| known.kind == record.kind && known.stage == Stage::Active;
    let active = state.records.iter().find(is_before)?;
    (record.stage == Stage::Prepared).then(|| signs_from(active, record, settings))
}
