//! Bytes as texts: hexadecimal, base64 in its spellings, PEM.

use std::sync::LazyLock;

use data_encoding::{BASE64_MIME_PERMISSIVE, BASE64URL_NOPAD, Encoding, HEXLOWER};

/// base64url whose last letter may carry bits that say nothing, as tokens in use have them.
static LENIENT: LazyLock<Encoding> = LazyLock::new(|| {
    let mut specification = BASE64URL_NOPAD.specification();
    specification.check_trailing_bits = false;
    specification.encoding().unwrap_or(BASE64URL_NOPAD)
});

/// Lower-case hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    HEXLOWER.encode(bytes)
}

/// base64url without padding.
pub(super) fn base64url(bytes: &[u8]) -> String {
    BASE64URL_NOPAD.encode(bytes)
}

/// Bytes of base64url, padded or not.
pub(super) fn from_base64url(text: &str) -> Option<Vec<u8>> {
    LENIENT.decode(text.trim_end_matches('=').as_bytes()).ok()
}

/// Bytes of base64, line ends allowed.
pub(super) fn from_base64(text: &str) -> Option<Vec<u8>> {
    BASE64_MIME_PERMISSIVE.decode(text.trim().as_bytes()).ok()
}

/// base64 with padding.
pub(super) fn base64(bytes: &[u8]) -> String {
    data_encoding::BASE64.encode(bytes)
}

/// The blocks of a PEM text: label and bytes; `None` where a block is broken.
pub(super) fn pem_blocks(text: &str) -> Option<Vec<(String, Vec<u8>)>> {
    let mut blocks = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("-----BEGIN ") {
        let (label, after) = after.split_once("-----")?;
        let end = format!("-----END {label}-----");
        let (body, after) = after.split_once(&end)?;
        blocks.push((label.to_owned(), from_base64(body)?));
        rest = after;
    }
    // What stands after the last block belongs to none: the text is not what it seems.
    if !blocks.is_empty() && !rest.trim().is_empty() {
        return None;
    }
    Some(blocks)
}
