//! The table `[identity]`.

use std::path::PathBuf;
use std::sync::Arc;

use palisade_document::SourceFile;
use palisade_identity::web::{BundleUrl, Federated, Profile};
use palisade_identity::{SpiffeId, TrustDomain};
use serde::Deserialize;
use toml::Spanned;

use super::IdentitySettings;
use super::file::located;
use crate::failure::LocatedError;

/// The most trust domains that are federated with.
const MOST_FEDERATED: usize = 1000;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(super) struct IdentityTable {
    entries: Option<Vec<PathBuf>>,
    mint: Option<PathBuf>,
    trust_domain: Option<Spanned<String>>,
    federation: Vec<FederationTable>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct FederationTable {
    trust_domain: Spanned<String>,
    bundle_endpoint_url: Spanned<String>,
    endpoint_spiffe_id: Option<Spanned<String>>,
}

pub(super) fn identity(
    text: &Arc<SourceFile>,
    table: IdentityTable,
) -> Result<IdentitySettings, LocatedError> {
    let own = table.trust_domain.map(|name| trust_domain(text, &name));
    let own = own.transpose()?;
    let mut federation: Vec<Federated> = Vec::new();
    for table in table.federation {
        let wrong = |message: String| located(text, table.trust_domain.span(), message);
        let one = federated(text, &table)?;
        if own.as_ref() == Some(&one.trust_domain) {
            return Err(wrong(
                "the own trust domain is not federated with: take this table out".to_owned(),
            ));
        }
        if federation
            .iter()
            .any(|known| known.trust_domain == one.trust_domain)
        {
            let name = &one.trust_domain;
            return Err(wrong(format!(
                "`{name}` is written twice: keep one of them"
            )));
        }
        if federation.len() == MOST_FEDERATED {
            return Err(wrong(format!(
                "more than {MOST_FEDERATED} trust domains are federated with"
            )));
        }
        federation.push(one);
    }
    Ok(IdentitySettings {
        entries: table.entries,
        mint: table.mint,
        trust_domain: own,
        federation,
    })
}

fn federated(text: &Arc<SourceFile>, table: &FederationTable) -> Result<Federated, LocatedError> {
    let url = &table.bundle_endpoint_url;
    let id = table.endpoint_spiffe_id.as_ref().map(|id| {
        let parsed: Result<SpiffeId, _> = id.get_ref().parse();
        parsed.map_err(|error| located(text, id.span(), error.to_string()))
    });
    Ok(Federated {
        trust_domain: trust_domain(text, &table.trust_domain)?,
        url: BundleUrl::parse(url.get_ref())
            .map_err(|error| located(text, url.span(), error.to_string()))?,
        profile: match id.transpose()? {
            None => Profile::HttpsWeb,
            Some(server) => Profile::HttpsSpiffe { server },
        },
    })
}

fn trust_domain(
    text: &Arc<SourceFile>,
    name: &Spanned<String>,
) -> Result<TrustDomain, LocatedError> {
    let wrong = |error: palisade_identity::IdError| located(text, name.span(), error.to_string());
    TrustDomain::new(name.get_ref()).map_err(wrong)
}
