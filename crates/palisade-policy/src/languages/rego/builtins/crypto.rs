//! Digests and message authentication codes.

use aws_lc_rs::{constant_time, digest, hmac};
use md5::{Digest, Md5};

use super::super::term::Term;
use super::super::world::{Fault, World};
use super::bytes::hex;
use super::{Builtin, text_argument};

pub(super) const TABLE: &[Builtin] = &[
    Builtin::new("crypto.md5", 1, |arguments, _| {
        Ok(Term::text(hex(&Md5::digest(text_argument(arguments, 0)?))))
    }),
    Builtin::new("crypto.sha1", 1, |arguments, _| {
        sum(&digest::SHA1_FOR_LEGACY_USE_ONLY, arguments)
    }),
    Builtin::new("crypto.sha256", 1, |arguments, _| {
        sum(&digest::SHA256, arguments)
    }),
    Builtin::new("crypto.hmac.md5", 2, hmac_md5),
    Builtin::new("crypto.hmac.sha1", 2, |arguments, _| {
        mac(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, arguments)
    }),
    Builtin::new("crypto.hmac.sha256", 2, |arguments, _| {
        mac(hmac::HMAC_SHA256, arguments)
    }),
    Builtin::new("crypto.hmac.sha512", 2, |arguments, _| {
        mac(hmac::HMAC_SHA512, arguments)
    }),
    Builtin::new("crypto.hmac.equal", 2, |arguments, _| {
        let (left, right) = (text_argument(arguments, 0)?, text_argument(arguments, 1)?);
        let equal = constant_time::verify_slices_are_equal(left.as_bytes(), right.as_bytes());
        Ok(Term::Bool(equal.is_ok()))
    }),
];

fn sum(algorithm: &'static digest::Algorithm, arguments: &[Term]) -> Result<Term, Fault> {
    let text = text_argument(arguments, 0)?;
    Ok(Term::text(hex(
        digest::digest(algorithm, text.as_bytes()).as_ref()
    )))
}

fn mac(algorithm: hmac::Algorithm, arguments: &[Term]) -> Result<Term, Fault> {
    let (text, key) = (text_argument(arguments, 0)?, text_argument(arguments, 1)?);
    let key = hmac::Key::new(algorithm, key.as_bytes());
    Ok(Term::text(hex(hmac::sign(&key, text.as_bytes()).as_ref())))
}

/// RFC 2104 over MD5, which the library has no code for.
fn hmac_md5(arguments: &[Term], _: &mut World) -> Result<Term, Fault> {
    const BLOCK: usize = 64;
    let (text, key) = (text_argument(arguments, 0)?, text_argument(arguments, 1)?);
    let mut block = if key.len() > BLOCK {
        Md5::digest(key).to_vec()
    } else {
        key.as_bytes().to_vec()
    };
    block.resize(BLOCK, 0);
    let padded = |pad: u8| block.iter().map(|byte| byte ^ pad).collect::<Vec<_>>();
    let inner = Md5::new()
        .chain_update(padded(0x36))
        .chain_update(text)
        .finalize();
    let outer = Md5::new()
        .chain_update(padded(0x5c))
        .chain_update(inner)
        .finalize();
    Ok(Term::text(hex(&outer)))
}
