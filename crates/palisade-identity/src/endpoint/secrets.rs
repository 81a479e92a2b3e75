//! Turns what a caller holds into Envoy's TLS secrets.
//!
//! A certificate is named by its SPIFFE ID or `default`; a bundle by the id of its trust domain,
//! `ROOTCA` for the own one, or `ALL` for every one, each valid only for its own trust domain.

use prost::Message;
use prost_types::Any;
use tonic::Status;

use super::answers;
use super::proto::envoy::config::core::v3::data_source::Specifier;
use super::proto::envoy::config::core::v3::{DataSource, TypedExtensionConfig};
use super::proto::envoy::extensions::transport_sockets::tls::v3::secret::Type;
use super::proto::envoy::extensions::transport_sockets::tls::v3::spiffe_cert_validator_config::TrustDomain;
use super::proto::envoy::extensions::transport_sockets::tls::v3::{
    CertificateValidationContext, Secret, SpiffeCertValidatorConfig, TlsCertificate,
};
use crate::spiffe::{Bundle, X509Svid};
use crate::{Holdings, SpiffeId};

/// The type of every resource.
pub(crate) const TYPE: &str =
    "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret";
const VALIDATOR_TYPE: &str =
    "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.SPIFFECertValidatorConfig";
const VALIDATOR: &str = "envoy.tls.cert_validator.spiffe";
const DEFAULT: &str = "default";
const OWN_BUNDLE: &str = "ROOTCA";
const ALL_BUNDLES: &str = "ALL";

/// The secrets of these names; without names, one for each document and each bundle.
pub(crate) fn named(holdings: &Holdings, names: &[String]) -> Result<Vec<Any>, Status> {
    let every = every(holdings)?;
    let names = if names.is_empty() { &every } else { names };
    let secret = |name: &String| one(holdings, name)?.ok_or_else(|| denied(name));
    names.iter().map(secret).collect()
}

/// The names of all documents and bundles.
pub(crate) fn every(holdings: &Holdings) -> Result<Vec<String>, Status> {
    let bundles = answers::trusted(holdings)?;
    let ids = holdings.svids.iter().map(|svid| svid.id.to_string());
    let trust_domains = bundles.keys().map(|name| name.id().to_string());
    Ok(ids.chain(trust_domains).collect())
}

/// The secret of a name, if the caller has it.
pub(crate) fn one(holdings: &Holdings, name: &str) -> Result<Option<Any>, Status> {
    let own = holdings.own.as_deref();
    let kind = match name {
        DEFAULT => holdings.svids.first().map(certificate),
        OWN_BUNDLE => own.map(authority),
        ALL_BUNDLES => Some(every_authority(holdings)?),
        id => by_id(holdings, id)?,
    };
    let packed = |kind| {
        let secret = Secret {
            name: name.to_owned(),
            r#type: Some(kind),
        };
        packed(TYPE, &secret)
    };
    Ok(kind.map(packed))
}

/// Why there is no secret of a name.
pub(crate) fn denied(name: &str) -> Status {
    Status::permission_denied(format!(
        "no entry gives this process the secret `{}`: ask for an identity that it has, a trust domain that it federates with, `{DEFAULT}`, `{OWN_BUNDLE}` or `{ALL_BUNDLES}`",
        shown(name)
    ))
}

fn by_id(holdings: &Holdings, id: &str) -> Result<Option<Type>, Status> {
    let id: SpiffeId = id.parse().map_err(|error| {
        Status::invalid_argument(format!("`{}` names no secret: {error}", shown(id)))
    })?;
    if !id.path().is_empty() {
        let svid = holdings.svids.iter().find(|svid| svid.id == id);
        return Ok(svid.map(certificate));
    }
    let trusted = answers::trusted(holdings)?;
    let bundle = trusted.get(&id.trust_domain());
    Ok(bundle.map(|bundle| authority(bundle)))
}

fn certificate(svid: &X509Svid) -> Type {
    let chain = svid.chain.iter().map(|der| pem("CERTIFICATE", der));
    Type::TlsCertificate(TlsCertificate {
        certificate_chain: Some(inline(chain.collect())),
        private_key: Some(inline(pem("PRIVATE KEY", &svid.key))),
    })
}

fn authority(bundle: &Bundle) -> Type {
    Type::ValidationContext(CertificateValidationContext {
        trusted_ca: Some(inline(authorities(bundle))),
        custom_validator_config: None,
    })
}

fn every_authority(holdings: &Holdings) -> Result<Type, Status> {
    let bundles = answers::trusted(holdings)?;
    let trust_domains = bundles.values().map(|bundle| TrustDomain {
        name: bundle.trust_domain.name().to_owned(),
        trust_bundle: Some(inline(authorities(bundle))),
    });
    let validator = SpiffeCertValidatorConfig {
        trust_domains: trust_domains.collect(),
    };
    Ok(Type::ValidationContext(CertificateValidationContext {
        trusted_ca: None,
        custom_validator_config: Some(TypedExtensionConfig {
            name: VALIDATOR.to_owned(),
            typed_config: Some(packed(VALIDATOR_TYPE, &validator)),
        }),
    }))
}

fn authorities(bundle: &Bundle) -> String {
    let authorities = bundle.x509_authorities.iter();
    authorities.map(|der| pem("CERTIFICATE", der)).collect()
}

fn pem(tag: &str, der: &[u8]) -> String {
    let lines = pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF);
    pem::encode_config(&pem::Pem::new(tag, der), lines)
}

fn inline(text: String) -> DataSource {
    DataSource {
        specifier: Some(Specifier::InlineBytes(text.into_bytes())),
    }
}

fn packed(type_url: &str, message: &impl Message) -> Any {
    Any {
        type_url: type_url.to_owned(),
        value: message.encode_to_vec(),
    }
}

/// The beginning of a name, to be shown.
fn shown(name: &str) -> String {
    name.chars().take(80).collect()
}
