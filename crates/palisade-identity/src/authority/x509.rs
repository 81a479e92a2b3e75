//! Makes X.509 authorities and signs X509-SVIDs.

use std::sync::Arc;
use std::time::Duration;

use data_encoding::HEXLOWER;
use jiff::{SignedDuration, Timestamp};
use rcgen::string::Ia5String;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyUsagePurpose, PublicKeyData, SanType, SerialNumber, SubjectPublicKeyInfo,
};
use rustls::pki_types::CertificateDer;
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::prelude::FromDer as _;

use super::p256::P256;
use super::settings::Settings;
use super::sign::{SignError, X509Chain, X509Request};
use super::state::{Der, Kind, Public, Record, Secret, Stage};
use super::upstream::Upstream;
use crate::clock::{minus, plus};
use crate::spiffe::jwk::VerifyingKey;
use crate::spiffe::{SpiffeId, TrustDomain, X509Svid};

/// How far documents begin before they are made, for readers whose clocks are behind.
const BACKDATE: SignedDuration = SignedDuration::from_secs(30);
/// How far authorities begin before they are made: a clock that is set back less than this goes on
/// with the same key.
pub(crate) const AUTHORITY_BACKDATE: SignedDuration = SignedDuration::from_mins(5);
/// The largest certificate signing request, in bytes.
const LARGEST_REQUEST: usize = 16 * 1024;
/// The most DNS names of one document.
const MOST_DNS_NAMES: usize = 64;

/// A key that signs X509-SVIDs.
pub(crate) struct X509Signer {
    pub(crate) id: Arc<str>,
    trust_domain: TrustDomain,
    issuer: Issuer<'static, P256>,
    chain: Vec<Arc<[u8]>>,
    not_before: Timestamp,
    expires: Timestamp,
}

/// Makes a key with a certificate, signed by itself or by the authority above.
pub(crate) fn new_authority(
    settings: &Settings,
    upstream: Option<&Upstream>,
    now: Timestamp,
) -> Result<Record, SignError> {
    let key = P256::generate()?;
    let serial = random::<16>()?;
    let id = HEXLOWER.encode(&serial);
    let now = whole_seconds(now);
    let not_before = minus(now, AUTHORITY_BACKDATE);
    let mut expires = plus(now, settings.authority_lifetime);
    if let Some(upstream) = upstream {
        expires = expires.min(upstream.expires);
    }
    if expires <= now {
        return Err(SignError::Request(
            "the upstream authority has ended; put a new certificate and key in its files".into(),
        ));
    }
    let mut params = params(not_before, expires, serial);
    let mut name = DistinguishedName::new();
    name.push(DnType::OrganizationName, "Palisade");
    name.push(DnType::CommonName, format!("SPIFFE authority {id}"));
    params.distinguished_name = name;
    params.subject_alt_names = vec![uri(&settings.trust_domain.id())?];
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let (certificate, chain, roots) = match upstream {
        None => {
            let certificate = params.self_signed(&key).map_err(|_| SignError::Crypto)?;
            let der = Der(certificate.der().to_vec());
            (der.clone(), Vec::new(), vec![der])
        }
        Some(upstream) => {
            let certificate = upstream.sign(&params, &key)?;
            let mut chain = vec![certificate.clone()];
            chain.extend(upstream.chain.iter().cloned().map(Der));
            let roots = upstream.roots.iter().cloned().map(Der).collect();
            (certificate, chain, roots)
        }
    };
    Ok(Record {
        id,
        kind: Kind::X509,
        stage: Stage::Prepared,
        prepared: now,
        not_before,
        expires,
        forced: None,
        public: Public::X509 {
            certificate,
            chain,
            roots,
        },
        key: Some(Secret(key.to_pkcs8()?)),
    })
}

impl X509Signer {
    /// The signer of a record, which has its private key.
    pub(crate) fn new(trust_domain: &TrustDomain, record: &Record) -> Result<Self, SignError> {
        let Public::X509 {
            certificate, chain, ..
        } = &record.public
        else {
            return Err(SignError::Crypto);
        };
        let secret = record.key.as_ref().ok_or(SignError::Crypto)?;
        let key = P256::from_pkcs8(&secret.0)?;
        let certificate = CertificateDer::from_slice(&certificate.0);
        let issuer = Issuer::from_ca_cert_der(&certificate, key).map_err(|_| SignError::Crypto)?;
        Ok(Self {
            id: record.id.as_str().into(),
            trust_domain: trust_domain.clone(),
            issuer,
            chain: chain.iter().map(|der| der.0.as_slice().into()).collect(),
            not_before: record.not_before,
            expires: record.expires,
        })
    }

    pub(crate) fn is_valid(&self, now: Timestamp) -> bool {
        self.not_before <= now && now < self.expires
    }

    /// Makes a key and a document for it.
    pub(crate) fn sign(
        &self,
        request: &X509Request<'_>,
        lifetime: SignedDuration,
        now: Timestamp,
    ) -> Result<X509Svid, SignError> {
        let key = P256::generate()?;
        let made = self.certify(&key, request, lifetime, now)?;
        Ok(X509Svid {
            id: made.id,
            chain: made.chain,
            key: Arc::new(key.to_pkcs8()?),
            not_before: made.not_before,
            not_after: made.not_after,
            hint: String::new(),
        })
    }

    /// A document for the key of a certificate signing request. Nothing else of it counts: who the
    /// document is for is decided here.
    pub(crate) fn sign_csr(
        &self,
        csr: &[u8],
        request: &X509Request<'_>,
        lifetime: SignedDuration,
        now: Timestamp,
    ) -> Result<X509Chain, SignError> {
        let key = key_of_request(csr)?;
        self.certify(&key, request, lifetime, now)
    }

    fn certify(
        &self,
        key: &impl PublicKeyData,
        request: &X509Request<'_>,
        lifetime: SignedDuration,
        now: Timestamp,
    ) -> Result<X509Chain, SignError> {
        let refused = |reason: String| Err(SignError::Request(reason));
        let (id, domain) = (request.id, &self.trust_domain);
        if !id.is_in(domain) {
            return refused(format!("`{id}` is not in trust domain `{domain}`"));
        }
        if id.path().is_empty() {
            return refused(format!(
                "`{id}` has no path; only an authority goes without one"
            ));
        }
        if request.dns_names.len() > MOST_DNS_NAMES {
            return refused(format!("a document has at most {MOST_DNS_NAMES} DNS names"));
        }
        let lifetime = request.lifetime.unwrap_or(lifetime);
        if lifetime < SignedDuration::from_secs(1) {
            return refused("a document lives at least one second".to_owned());
        }
        let now = whole_seconds(now);
        let not_before = minus(now, BACKDATE).max(self.not_before);
        let not_after = plus(now, lifetime).min(self.expires);
        let mut params = params(not_before, not_after, random::<16>()?);
        params.subject_alt_names.push(uri(id)?);
        for name in request.dns_names {
            params.subject_alt_names.push(SanType::DnsName(dns(name)?));
        }
        params.use_authority_key_identifier_extension = true;
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages.push(KeyUsagePurpose::DigitalSignature);
        params.extended_key_usages.extend([
            ExtendedKeyUsagePurpose::ServerAuth,
            ExtendedKeyUsagePurpose::ClientAuth,
        ]);
        let certificate = params.signed_by(key, &self.issuer);
        let certificate = certificate.map_err(|_| SignError::Crypto)?;
        let mut chain: Vec<Arc<[u8]>> = vec![certificate.der().as_ref().into()];
        chain.extend(self.chain.iter().cloned());
        Ok(X509Chain {
            id: id.clone(),
            chain,
            not_before,
            not_after,
        })
    }
}

/// The public key of a request, whose holder signed it.
fn key_of_request(csr: &[u8]) -> Result<SubjectPublicKeyInfo, SignError> {
    let wrong = |what: &str| SignError::Request(format!("the certificate signing request {what}"));
    if csr.len() > LARGEST_REQUEST {
        return Err(wrong("has more than 16 KiB"));
    }
    let Ok(([], request)) = X509CertificationRequest::from_der(csr) else {
        return Err(wrong("does not read as PKCS#10 in DER"));
    };
    request
        .verify_signature()
        .map_err(|_| wrong("is not signed by the key in it"))?;
    let key = &request.certification_request_info.subject_pki;
    if VerifyingKey::from_spki(key).is_none() {
        return Err(wrong(
            "has a key that is not P-256, P-384, P-521 or RSA of 2048 bits or more",
        ));
    }
    SubjectPublicKeyInfo::from_der(key.raw).map_err(|_| wrong("has a key of an unknown kind"))
}

fn params(not_before: Timestamp, not_after: Timestamp, serial: [u8; 16]) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    let since = |time: Timestamp| u64::try_from(time.as_second()).unwrap_or_default();
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    params.not_before = epoch + Duration::from_secs(since(not_before));
    params.not_after = epoch + Duration::from_secs(since(not_after));
    params.serial_number = Some(SerialNumber::from_slice(&serial));
    params
}

fn uri(id: &SpiffeId) -> Result<SanType, SignError> {
    let text = Ia5String::try_from(id.as_str());
    text.map(SanType::URI).map_err(|_| SignError::Crypto)
}

/// A host name of RFC 1123, with `*` for its first label at most.
fn dns(name: &str) -> Result<Ia5String, SignError> {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let rest = name.strip_prefix("*.").unwrap_or(name);
    let text = Ia5String::try_from(name).ok();
    let fits = name.len() <= 253 && rest.split('.').all(label);
    text.filter(|_| fits).ok_or_else(|| {
        let shown: String = name.chars().take(80).collect();
        SignError::Request(format!("`{shown}` is not a DNS name"))
    })
}

/// Bytes of chance; the first bit is 0, so that they are a positive number, and the second 1, so
/// that they have one length.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], SignError> {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| SignError::Crypto)?;
    if let Some(first) = bytes.first_mut() {
        *first = (*first & 0x7f) | 0x40;
    }
    Ok(bytes)
}

pub(crate) fn whole_seconds(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}
