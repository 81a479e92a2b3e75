//! `x509_decode`: certificates and certificate requests as Go's JSON shows them, with the fields
//! that policies read. As upstream, only RSA keys are read.

use std::fmt::Write as _;

use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::prelude::FromDer as _;
use x509_parser::public_key::PublicKey;
use x509_parser::x509::{AttributeTypeAndValue, SubjectPublicKeyInfo, X509Name};

use crate::datum::Datum;
use crate::languages::kyverno::scalars::build;
use crate::languages::kyverno::scalars::moment::Moment;

use super::functions::{Function, Given, Kind, failure, text};
use super::interpret::{Argument, Interpreter};

/// The functions.
pub(crate) const FUNCTIONS: &[Function] = &[Function::new("x509_decode", &[&[Kind::Text]], decode)];

/// Largest modulus that is written out, in bytes (16,384 bits).
const MAX_MODULUS: usize = 2048;

fn decode<'a>(interpreter: Interpreter<'_, 'a>, arguments: &[Argument<'_, 'a>]) -> Given<'a> {
    let name = "x509_decode";
    let Ok((_, pem)) = x509_parser::pem::parse_x509_pem(text(arguments, 0).as_bytes()) else {
        return failure(name, "the text holds no PEM block");
    };
    let writer = Writer { interpreter };
    let decoded = match pem.label.as_str() {
        "CERTIFICATE" => match pem.parse_x509() {
            Ok(certificate) => writer.certificate(&certificate),
            Err(error) => return failure(name, error),
        },
        "CERTIFICATE REQUEST" => match X509CertificationRequest::from_der(&pem.contents) {
            Ok((_, request)) => writer.request(&request),
            Err(error) => return failure(name, error),
        },
        label => {
            return failure(
                name,
                format!("`{label}` is neither a certificate nor a request"),
            );
        }
    };
    match decoded {
        Some(decoded) => Ok(decoded),
        None => failure(name, "the key is no RSA key"),
    }
}

struct Writer<'x, 'a> {
    interpreter: Interpreter<'x, 'a>,
}

impl<'a> Writer<'_, 'a> {
    fn text(&self, text: &str) -> Datum<'a> {
        build::text(self.interpreter.context.arena, text)
    }

    fn map(&self, entries: Vec<(&'a str, Datum<'a>)>) -> Datum<'a> {
        build::map(self.interpreter.context.arena, entries)
    }

    fn certificate(
        &self,
        certificate: &x509_parser::certificate::X509Certificate<'_>,
    ) -> Option<Datum<'a>> {
        let key = self.key(certificate.public_key())?;
        let moment = |seconds: i64| {
            let nanoseconds = i128::from(seconds) * 1_000_000_000;
            let moment = Moment {
                nanoseconds,
                offset: 0,
            };
            self.text(&moment.print())
        };
        let validity = certificate.validity();
        let names = certificate.subject_alternative_name().ok().flatten();
        let names = names.iter().flat_map(|found| &found.value.general_names);
        let hosts = names.filter_map(|name| match name {
            x509_parser::extensions::GeneralName::DNSName(host) => Some(self.text(host)),
            _ => None,
        });
        let arena = self.interpreter.context.arena;
        Some(self.map(vec![
            (
                "Version",
                Datum::Int(i64::from(certificate.version().0) + 1),
            ),
            (
                "SerialNumber",
                self.text(&decimal(certificate.raw_serial())),
            ),
            ("Issuer", self.name(certificate.issuer())),
            ("Subject", self.name(certificate.subject())),
            ("NotBefore", moment(validity.not_before.timestamp())),
            ("NotAfter", moment(validity.not_after.timestamp())),
            ("IsCA", Datum::Bool(certificate.is_ca())),
            ("DNSNames", build::list(arena, hosts.collect())),
            ("PublicKeyAlgorithm", Datum::Int(1)),
            ("PublicKey", key),
        ]))
    }

    fn request(&self, request: &X509CertificationRequest<'_>) -> Option<Datum<'a>> {
        let info = &request.certification_request_info;
        let key = self.key(&info.subject_pki)?;
        Some(self.map(vec![
            ("Version", Datum::Int(i64::from(info.version.0))),
            ("Subject", self.name(&info.subject)),
            ("PublicKeyAlgorithm", Datum::Int(1)),
            ("PublicKey", key),
        ]))
    }

    fn key(&self, key: &SubjectPublicKeyInfo<'_>) -> Option<Datum<'a>> {
        let Ok(PublicKey::RSA(key)) = key.parsed() else {
            return None;
        };
        let exponent = key.try_exponent().ok()?;
        Some(self.map(vec![
            ("N", self.text(&decimal(key.modulus))),
            ("E", Datum::Int(i64::try_from(exponent).ok()?)),
        ]))
    }

    fn name(&self, name: &X509Name<'_>) -> Datum<'a> {
        let arena = self.interpreter.context.arena;
        let written = |part: &AttributeTypeAndValue<'_>| {
            let text = part.as_str().unwrap_or("");
            self.text(text)
        };
        let all = |parts: Vec<Datum<'a>>| {
            if parts.is_empty() {
                Datum::Null
            } else {
                build::list(arena, parts)
            }
        };
        let common = name.iter_common_name().next();
        self.map(vec![
            ("Country", all(name.iter_country().map(written).collect())),
            (
                "Organization",
                all(name.iter_organization().map(written).collect()),
            ),
            (
                "OrganizationalUnit",
                all(name.iter_organizational_unit().map(written).collect()),
            ),
            ("Locality", all(name.iter_locality().map(written).collect())),
            (
                "Province",
                all(name.iter_state_or_province().map(written).collect()),
            ),
            ("CommonName", common.map_or(Datum::Text(""), written)),
        ])
    }
}

/// A big-endian number in decimal digits.
fn decimal(bytes: &[u8]) -> String {
    let mut digits: Vec<u32> = vec![0];
    for byte in bytes.iter().take(MAX_MODULUS) {
        let mut carry = u32::from(*byte);
        for digit in &mut digits {
            let value = *digit * 256 + carry;
            *digit = value % 1_000_000;
            carry = value / 1_000_000;
        }
        if carry > 0 {
            digits.push(carry);
        }
    }
    let mut written = String::new();
    for (at, digit) in digits.iter().rev().enumerate() {
        if at == 0 {
            written.push_str(&digit.to_string());
        } else {
            write!(written, "{digit:06}").unwrap_or_default();
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_numbers_are_written_in_decimal() {
        assert_eq!(decimal(&[0]), "0");
        assert_eq!(decimal(&[1, 0, 0, 0]), "16777216");
        assert_eq!(decimal(&[0xff; 16]), u128::MAX.to_string());
    }
}
