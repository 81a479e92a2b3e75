//! What the chain of certificates has to be good for, beyond being signed.

use std::collections::BTreeSet;
use std::net::IpAddr;

use x509_parser::oid_registry::Oid;
use x509_parser::prelude::{GeneralName, X509Certificate};

use super::super::term::Term;
use super::super::world::Fault;
use super::wrong_type;

/// Any purpose (RFC 5280, 4.2.1.12).
const ANY: &str = "2.5.29.37.0";
/// TLS servers, the purpose where none is asked for.
const SERVER: &str = "1.3.6.1.5.5.7.3.1";
/// The purposes that may be asked for, by OPA's names.
const PURPOSES: [(&str, &str); 14] = [
    ("KeyUsageAny", ANY),
    ("KeyUsageServerAuth", SERVER),
    ("KeyUsageClientAuth", "1.3.6.1.5.5.7.3.2"),
    ("KeyUsageCodeSigning", "1.3.6.1.5.5.7.3.3"),
    ("KeyUsageEmailProtection", "1.3.6.1.5.5.7.3.4"),
    ("KeyUsageIPSECEndSystem", "1.3.6.1.5.5.7.3.5"),
    ("KeyUsageIPSECTunnel", "1.3.6.1.5.5.7.3.6"),
    ("KeyUsageIPSECUser", "1.3.6.1.5.5.7.3.7"),
    ("KeyUsageTimeStamping", "1.3.6.1.5.5.7.3.8"),
    ("KeyUsageOCSPSigning", "1.3.6.1.5.5.7.3.9"),
    (
        "KeyUsageMicrosoftServerGatedCrypto",
        "1.3.6.1.4.1.311.10.3.3",
    ),
    ("KeyUsageNetscapeServerGatedCrypto", "2.16.840.1.113730.4.1"),
    (
        "KeyUsageMicrosoftCommercialCodeSigning",
        "1.3.6.1.4.1.311.2.1.22",
    ),
    (
        "KeyUsageMicrosoftKernelCodeSigning",
        "1.3.6.1.4.1.311.61.1.1",
    ),
];

/// What is asked of a chain.
#[derive(Debug, Default)]
pub(super) struct Options {
    /// The name or address of a host; empty for none.
    host: String,
    /// When it is judged, if not now.
    pub(super) now_ns: Option<i64>,
    /// Purposes, of which one is enough; empty for a TLS server's.
    purposes: Vec<&'static str>,
}

impl Options {
    /// Reads OPA's object of options.
    pub(super) fn read(term: &Term) -> Result<Self, Fault> {
        if !matches!(term, Term::Object(_)) {
            return Err(wrong_type(1, "object", term));
        }
        let mut options = Self::default();
        for (key, value) in term.entries() {
            let broken = |wanted: &str| {
                Fault::undefined(format!("the option `{}` must be {wanted}", key.display()))
            };
            match key.as_text() {
                Some("DNSName") => {
                    let host = value.as_text().ok_or_else(|| broken("a string"))?;
                    host.clone_into(&mut options.host);
                }
                Some("CurrentTime") => {
                    options.now_ns = Some(value.as_int().ok_or_else(|| broken("nanoseconds"))?);
                }
                // It bounds the comparisons of constraints on names, which are not judged.
                Some("MaxConstraintComparisons") => {
                    value.as_int().ok_or_else(|| broken("a whole number"))?;
                }
                Some("KeyUsages") => {
                    let names = value.items().ok_or_else(|| broken("an array or set"))?;
                    for name in names.iter().filter_map(Term::as_text) {
                        let known = PURPOSES.iter().find(|(known, _)| *known == name);
                        let (_, purpose) = known.ok_or_else(|| broken("of known key usages"))?;
                        options.purposes.push(purpose);
                    }
                }
                Some(_) => return Err(broken("one that is known")),
                None => {}
            }
        }
        Ok(options)
    }

    /// Whether a purpose is left that all certificates of a chain are for; one without purposes is for all.
    pub(super) fn is_for_usage(&self, chain: &[&X509Certificate<'_>]) -> bool {
        let mut left: BTreeSet<&str> = self.purposes.iter().copied().collect();
        if left.is_empty() {
            left.insert(SERVER);
        }
        if left.contains(ANY) {
            return true;
        }
        for certificate in chain {
            let Some(purposes) = purposes(certificate) else {
                return false;
            };
            if !purposes.is_empty() && !purposes.contains(ANY) {
                left.retain(|purpose| purposes.contains(*purpose));
            }
        }
        !left.is_empty()
    }

    /// Whether a certificate is for the host, if one is asked for.
    pub(super) fn is_for_host(&self, leaf: &X509Certificate<'_>) -> bool {
        if self.host.is_empty() {
            return true;
        }
        let Ok(Some(names)) = leaf.subject_alternative_name() else {
            return false;
        };
        let mut names = names.value.general_names.iter();
        let bare = self
            .host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'));
        let address: Option<IpAddr> = bare.unwrap_or(&self.host).parse().ok();
        match address.map(|address| address.to_canonical()) {
            Some(address) => names.any(|name| match name {
                GeneralName::IPAddress(bytes) => bytes_of(address) == *bytes,
                _ => false,
            }),
            None => names.any(|name| match name {
                GeneralName::DNSName(pattern) => matches(pattern, &self.host),
                _ => false,
            }),
        }
    }
}

fn bytes_of(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    }
}

/// The purposes that a certificate names; nothing if it names them in a way that cannot be read.
fn purposes(certificate: &X509Certificate<'_>) -> Option<BTreeSet<String>> {
    let Some(usage) = certificate.extended_key_usage().ok()? else {
        return Some(BTreeSet::new());
    };
    let usage = usage.value;
    let other = usage.other.iter().map(Oid::to_id_string);
    let mut found: BTreeSet<String> = other.collect();
    for (is_named, name) in [
        (usage.any, "KeyUsageAny"),
        (usage.server_auth, "KeyUsageServerAuth"),
        (usage.client_auth, "KeyUsageClientAuth"),
        (usage.code_signing, "KeyUsageCodeSigning"),
        (usage.email_protection, "KeyUsageEmailProtection"),
        (usage.time_stamping, "KeyUsageTimeStamping"),
        (usage.ocsp_signing, "KeyUsageOCSPSigning"),
    ] {
        let known = PURPOSES
            .iter()
            .find(|(known, _)| is_named && *known == name);
        found.extend(known.map(|(_, oid)| (*oid).to_owned()));
    }
    Some(found)
}

/// Whether a host has the name of a certificate, whose first label may stand for any.
fn matches(pattern: &str, host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    let (left, right): (Vec<&str>, Vec<&str>) =
        (pattern.split('.').collect(), host.split('.').collect());
    let mut labels = left.iter().zip(&right).enumerate();
    left.len() == right.len()
        && labels.all(|(at, (pattern, label))| {
            !label.is_empty() && (at == 0 && *pattern == "*" || pattern.eq_ignore_ascii_case(label))
        })
}
