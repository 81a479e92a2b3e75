//! Certificates: their fields, and whether a chain of them holds.

use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::oid_registry;
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate, X509Name};

use super::super::term::{Number, Term};
use super::super::world::{Fault, World};
use super::bytes::{base64, from_base64, pem_blocks};
use super::x509_options::Options;
use super::{Builtin, argument, text_argument, x509_chain};

pub(super) const TABLE: &[Builtin] = &[
    Builtin::new("crypto.x509.parse_certificates", 1, |arguments, _| {
        let ders = ders(text_argument(arguments, 0)?)?;
        let certificates = ders.iter().map(|der| fields(&parsed(der)?));
        Ok(Term::Array(certificates.collect::<Result<_, Fault>>()?))
    }),
    Builtin::new(
        "crypto.x509.parse_and_verify_certificates",
        1,
        |arguments, world| verify(arguments, &Options::default(), world),
    ),
    Builtin::new(
        "crypto.x509.parse_and_verify_certificates_with_options",
        2,
        |arguments, world| {
            let options = Options::read(argument(arguments, 1)?)?;
            verify(arguments, &options, world)
        },
    ),
    Builtin::new("crypto.x509.parse_certificate_request", 1, request),
];

/// Certificates as DER: of PEM, of base64 of PEM, or of base64 of DER in a row.
fn ders(text: &str) -> Result<Vec<Vec<u8>>, Fault> {
    let broken = || Fault::undefined("the text is no certificate in PEM or base64");
    let decoded;
    let text = if text.contains("-----BEGIN") {
        text
    } else {
        let bytes = from_base64(text).ok_or_else(broken)?;
        match String::from_utf8(bytes) {
            Ok(inner) if inner.contains("-----BEGIN") => {
                decoded = inner;
                &decoded
            }
            Ok(inner) => return split(inner.as_bytes()),
            Err(error) => return split(error.as_bytes()),
        }
    };
    let blocks = pem_blocks(text).ok_or_else(broken)?;
    if blocks.iter().any(|(label, _)| label != "CERTIFICATE") {
        return Err(Fault::undefined(
            "PEM-encoded certificate, but another block is in the text",
        ));
    }
    Ok(blocks.into_iter().map(|(_, der)| der).collect())
}

fn split(bytes: &[u8]) -> Result<Vec<Vec<u8>>, Fault> {
    let mut rest = bytes;
    let mut found = Vec::new();
    while !rest.is_empty() {
        let (after, _) = X509Certificate::from_der(rest)
            .map_err(|_| Fault::undefined("the text is no certificate in PEM or base64"))?;
        found.push(rest.get(..rest.len() - after.len()).unwrap_or(&[]).to_vec());
        rest = after;
    }
    Ok(found)
}

/// A request for a certificate: PEM, base64 of PEM, or base64 of DER.
fn request(arguments: &[Term], _: &mut World) -> Result<Term, Fault> {
    let broken = || Fault::undefined("the text is no certificate request in PEM or base64");
    let text = text_argument(arguments, 0)?;
    let pem = |text: &str| pem_blocks(text).and_then(|blocks| blocks.into_iter().next());
    let der = if text.contains("-----BEGIN") {
        pem(text).ok_or_else(broken)?.1
    } else {
        let bytes = from_base64(text).ok_or_else(broken)?;
        let inner = std::str::from_utf8(&bytes).ok().and_then(pem);
        inner.map_or(bytes, |(_, der)| der)
    };
    let (_, found) = X509CertificationRequest::from_der(&der).map_err(|_| broken())?;
    let requested = &found.certification_request_info;
    Ok(Term::object([
        ("Subject", name(&requested.subject)),
        ("Version", Term::int(i64::from(requested.version.0))),
        ("Raw", Term::Text(base64(&der))),
    ]))
}

pub(super) fn parsed(der: &[u8]) -> Result<X509Certificate<'_>, Fault> {
    X509Certificate::from_der(der)
        .map(|(_, certificate)| certificate)
        .map_err(|_| Fault::undefined("a certificate does not parse"))
}

fn texts(items: Vec<String>) -> Term {
    if items.is_empty() {
        return Term::Null;
    }
    Term::Array(items.into_iter().map(Term::Text).collect())
}

fn name(name: &X509Name<'_>) -> Term {
    let all = |oid: &oid_registry::Oid<'_>| -> Vec<String> {
        name.iter_by_oid(oid)
            .filter_map(|attribute| attribute.as_str().ok().map(str::to_owned))
            .collect()
    };
    let common = all(&oid_registry::OID_X509_COMMON_NAME)
        .pop()
        .unwrap_or_default();
    let serial = all(&oid_registry::OID_X509_SERIALNUMBER)
        .pop()
        .unwrap_or_default();
    Term::object([
        ("CommonName", Term::Text(common)),
        ("SerialNumber", Term::Text(serial)),
        ("Country", texts(all(&oid_registry::OID_X509_COUNTRY_NAME))),
        (
            "Organization",
            texts(all(&oid_registry::OID_X509_ORGANIZATION_NAME)),
        ),
        (
            "OrganizationalUnit",
            texts(all(&oid_registry::OID_X509_ORGANIZATIONAL_UNIT)),
        ),
        (
            "Locality",
            texts(all(&oid_registry::OID_X509_LOCALITY_NAME)),
        ),
        (
            "Province",
            texts(all(&oid_registry::OID_X509_STATE_OR_PROVINCE_NAME)),
        ),
    ])
}

fn moment(time: &x509_parser::time::ASN1Time) -> Term {
    let time = time.to_datetime();
    Term::Text(format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
        time.year(),
        u8::from(time.month()),
        time.day(),
        time.hour(),
        time.minute(),
        time.second()
    ))
}

fn fields(certificate: &X509Certificate<'_>) -> Result<Term, Fault> {
    let (mut dns, mut mails, mut uris, mut addresses) = (vec![], vec![], vec![], vec![]);
    let names = certificate
        .subject_alternative_name()
        .map_err(|_| Fault::undefined("a certificate's alternative names do not parse"))?;
    for name in names.iter().flat_map(|names| &names.value.general_names) {
        match name {
            GeneralName::DNSName(text) => dns.push((*text).to_owned()),
            GeneralName::RFC822Name(text) => mails.push((*text).to_owned()),
            GeneralName::URI(text) => uris.push((*text).to_owned()),
            GeneralName::IPAddress(bytes) => addresses.extend(address(bytes)),
            _ => {}
        }
    }
    let serial = certificate.raw_serial();
    Ok(Term::object([
        ("Subject", name(certificate.subject())),
        ("Issuer", name(certificate.issuer())),
        ("SerialNumber", Term::Number(decimal(serial))),
        ("NotBefore", moment(&certificate.validity().not_before)),
        ("NotAfter", moment(&certificate.validity().not_after)),
        ("DNSNames", texts(dns)),
        ("EmailAddresses", texts(mails)),
        ("URIStrings", texts(uris)),
        ("IPAddresses", texts(addresses)),
        ("IsCA", Term::Bool(certificate.is_ca())),
        ("Version", Term::int(i64::from(certificate.version().0) + 1)),
        ("Raw", Term::Text(base64(certificate.as_raw()))),
    ]))
}

fn address(bytes: &[u8]) -> Option<String> {
    if let Ok(four) = <[u8; 4]>::try_from(bytes) {
        return Some(std::net::Ipv4Addr::from(four).to_string());
    }
    let six = <[u8; 16]>::try_from(bytes).ok()?;
    Some(std::net::Ipv6Addr::from(six).to_string())
}

/// Big-endian bytes as decimal digits.
pub(super) fn decimal(bytes: &[u8]) -> Number {
    let mut digits = vec![0u8];
    for byte in bytes {
        let mut carry = u32::from(*byte);
        for digit in &mut digits {
            let value = u32::from(*digit) * 256 + carry;
            *digit = u8::try_from(value % 10).unwrap_or(0);
            carry = value / 10;
        }
        while carry > 0 {
            digits.push(u8::try_from(carry % 10).unwrap_or(0));
            carry /= 10;
        }
    }
    let text: String = digits
        .iter()
        .rev()
        .map(|digit| char::from(b'0' + digit))
        .collect();
    Number::parse(&text)
}

/// The first certificate is trusted, the last is judged; those between may be needed.
fn verify(arguments: &[Term], options: &Options, world: &World) -> Result<Term, Fault> {
    let refused = Term::Array(vec![Term::Bool(false), Term::Array(Vec::new())]);
    let Ok(ders) = ders(text_argument(arguments, 0)?) else {
        return Ok(refused);
    };
    let certificates: Result<Vec<_>, Fault> = ders.iter().map(|der| parsed(der)).collect();
    let Ok(certificates) = certificates else {
        return Ok(refused);
    };
    let now = options.now_ns.or(world.now_ns).ok_or_else(|| {
        Fault::halt("certificates are verified, but no time was handed in to this evaluation")
    })?;
    let now = now.div_euclid(1_000_000_000);
    let Some(chain) = x509_chain::find(&certificates, options, now)? else {
        return Ok(refused);
    };
    let leaf_first = chain.into_iter().map(fields).collect::<Result<_, _>>()?;
    Ok(Term::Array(vec![Term::Bool(true), Term::Array(leaf_first)]))
}
