//! RSA private keys as JSON Web Keys.

use super::super::term::Term;
use super::super::world::{Fault, World};
use super::bytes::{base64url, from_base64, pem_blocks};
use super::{Builtin, text_argument};

pub(super) const TABLE: &[Builtin] = &[
    Builtin::new("crypto.x509.parse_rsa_private_key", 1, |arguments, _| {
        let keys = keys(text_argument(arguments, 0)?)?;
        keys.into_iter()
            .next()
            .ok_or_else(|| Fault::undefined("the text holds no RSA private key"))
    }),
    Builtin::new("crypto.parse_private_keys", 1, all),
];

/// Names of a key's parts, in the order of PKCS #1 (RFC 8017, A.1.2).
pub(super) const PARTS: [&str; 8] = ["n", "e", "d", "p", "q", "dp", "dq", "qi"];

fn all(arguments: &[Term], _: &mut World) -> Result<Term, Fault> {
    let text = text_argument(arguments, 0)?;
    if text.is_empty() {
        return Ok(Term::Null);
    }
    if !text.contains("-----BEGIN") {
        return Ok(Term::Array(Vec::new()));
    }
    keys(text).map(Term::Array)
}

fn keys(text: &str) -> Result<Vec<Term>, Fault> {
    let broken = || Fault::undefined("the text is no private key in PEM or base64");
    let decoded;
    let text = if text.contains("-----BEGIN") {
        text
    } else {
        let bytes = from_base64(text).ok_or_else(broken)?;
        decoded = String::from_utf8(bytes).map_err(|_| broken())?;
        &decoded
    };
    let blocks = pem_blocks(text).ok_or_else(broken)?;
    blocks
        .iter()
        .map(|(label, der)| {
            if label != "RSA PRIVATE KEY" {
                return Err(Fault::halt(format!(
                    "private keys of the kind `{label}` are not read; convert them to `RSA PRIVATE KEY`"
                )));
            }
            key(der).ok_or_else(broken)
        })
        .collect()
}

/// A key of PKCS #1.
fn key(der: &[u8]) -> Option<Term> {
    let mut entries = vec![("kty", Term::text("RSA"))];
    for (name, number) in PARTS.into_iter().zip(key_numbers(der)?) {
        entries.push((name, Term::Text(base64url(number))));
    }
    Some(Term::object(entries))
}

/// The numbers of a key of PKCS #1, in the order of [`PARTS`], without zeros before them.
pub(super) fn key_numbers(der: &[u8]) -> Option<Vec<&[u8]>> {
    let (body, _) = tagged(der, 0x30)?;
    let (_, mut rest) = tagged(body, 0x02)?;
    let mut numbers = Vec::new();
    for _ in PARTS {
        let (number, after) = tagged(rest, 0x02)?;
        let zeros = number.iter().take_while(|byte| **byte == 0).count();
        numbers.push(number.get(zeros..)?);
        rest = after;
    }
    Some(numbers)
}

/// The value of a tag, and what follows it.
pub(super) fn tagged(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (first, rest) = bytes.split_first()?;
    let (length, rest) = rest.split_first()?;
    if *first != tag {
        return None;
    }
    let (length, rest) = if *length < 0x80 {
        (usize::from(*length), rest)
    } else {
        let count = usize::from(*length & 0x7f);
        let digits = rest.get(..count).filter(|_| count <= 4)?;
        let length = digits
            .iter()
            .fold(0, |sum, digit| sum << 8 | usize::from(*digit));
        (length, rest.get(count..)?)
    };
    Some((rest.get(..length)?, rest.get(length..)?))
}
