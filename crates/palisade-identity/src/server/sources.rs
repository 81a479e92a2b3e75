//! Where entries come from: files of this machine and those pushed into the store.

use std::sync::Arc;

use super::ServerError;
use crate::TrustDomain;
use crate::entries::{Entries, EntriesError, Entry, MintRules};
use crate::spiffe::{Bundle, Bundles};
use crate::store::{KeptBundle, KeptEntry};

/// All entries by where they come from.
#[derive(Debug, Clone, Default)]
pub(super) struct Sources {
    pub(super) files: Vec<Arc<Entry>>,
    pub(super) rules: MintRules,
    pub(super) pushed: Vec<Arc<Entry>>,
}

impl Sources {
    /// All together; rules of files hold for what was pushed too.
    pub(super) fn entries(&self, trust_domain: &TrustDomain) -> Result<Entries, EntriesError> {
        let all = self.files.iter().chain(&self.pushed).cloned().collect();
        Entries::new(trust_domain.clone(), all, self.rules.clone())
    }
}

pub(super) fn pushed(kept: &[KeptEntry]) -> Result<Vec<Arc<Entry>>, ServerError> {
    let read = |kept: &KeptEntry| {
        let read = serde_json::from_str(&kept.document);
        read.map(Arc::new).map_err(|error| ServerError::Pushed {
            name: kept.name.clone(),
            reason: error.to_string(),
        })
    };
    kept.iter().map(read).collect()
}

pub(super) fn bundles(kept: &[KeptBundle]) -> Result<Bundles, ServerError> {
    let read = |kept: &KeptBundle| {
        let wrong = |reason: String| ServerError::Bundle {
            trust_domain: kept.trust_domain.clone(),
            reason,
        };
        let name =
            TrustDomain::new(&kept.trust_domain).map_err(|error| wrong(error.to_string()))?;
        let bundle = Bundle::from_jwks(&name, kept.document.as_bytes())
            .map_err(|error| wrong(error.to_string()))?
            .bundle;
        Ok((name, Arc::new(bundle)))
    };
    kept.iter().map(read).collect()
}
