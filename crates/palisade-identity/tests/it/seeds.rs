//! The fuzzers' seeds: each is taken or refused as it should be, and nothing panics.

use std::path::Path;

use jiff::Timestamp;
use palisade_identity::spiffe::{
    Bundle, Bundles, Unverified, bundles_from_json, leaf_identity, verify_jwt,
};
use palisade_identity::web::parse_exchange;
use palisade_identity::{SpiffeId, TrustDomain};

/// Changes of one seed that are tried.
const CHANGES: u64 = 300;

/// The names of the seeds of a target that are taken; the others are refused. What `take` holds of
/// a seed, it holds of changed ones too: bytes flipped, cut out, doubled.
fn taken(target: &str, take: impl Fn(&[u8]) -> bool) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fuzz/seeds")
        .join(target);
    let mut names: Vec<String> = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let seed = std::fs::read(&path).expect("a file");
        for turn in 0..CHANGES {
            std::hint::black_box(take(&changed(&seed, turn)));
        }
        if take(&seed) {
            names.push(
                path.file_name()
                    .expect("a name")
                    .to_string_lossy()
                    .into_owned(),
            );
        }
    }
    names.sort();
    names
}

/// A seed with a few changes, the same ones in every run.
fn changed(seed: &[u8], turn: u64) -> Vec<u8> {
    let mut state = turn.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % (below.max(1) as u64)).expect("small")
    };
    let mut bytes = seed.to_vec();
    for _ in 0..=next(4) {
        let (at, length) = (next(bytes.len()), next(8));
        let end = (at + length).min(bytes.len());
        match next(4) {
            0 if !bytes.is_empty() => bytes[at] ^= 1 << next(8),
            1 => drop(bytes.drain(at.min(end)..end)),
            2 => {
                let piece = bytes[at.min(end)..end].to_vec();
                bytes.splice(at..at, piece);
            }
            _ => bytes.truncate(at),
        }
    }
    bytes
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or_default()
}

#[test]
fn ids() {
    let taken = taken("spiffe_id", |seed| {
        let Ok(id) = text(seed).parse::<SpiffeId>() else {
            return false;
        };
        assert_eq!(id.as_str(), text(seed), "an id has one spelling");
        assert_eq!(id.trust_domain().with_path(id.path()).as_ref(), Ok(&id));
        true
    });
    assert_eq!(taken, ["characters", "domain", "path"]);
}

#[test]
fn bundles() {
    let name = TrustDomain::new("example.org").expect("a name");
    let whole = |seed: &[u8]| {
        let Ok(read) = Bundle::from_jwks(&name, seed) else {
            return false;
        };
        let written = read.bundle.to_jwks().to_string();
        let again = Bundle::from_jwks(&name, written.as_bytes()).expect("reads");
        assert_eq!(again.bundle, read.bundle, "it is written and read the same");
        true
    };
    let expected = [
        "empty.json",
        "leaf-as-authority.json",
        "unknown.json",
        "whole.json",
    ];
    assert_eq!(taken("spiffe_bundle", whole), expected);
    let used = |seed: &[u8]| {
        let read = Bundle::from_jwks(&name, seed);
        read.is_ok_and(|read| !read.bundle.x509_authorities.is_empty())
    };
    assert_eq!(taken("spiffe_bundle", used), ["whole.json"]);
    let map = |seed: &[u8]| bundles_from_json(seed).is_ok();
    assert_eq!(taken("spiffe_bundle", map), ["map.json"]);
}

#[test]
fn tokens() {
    let read = |seed: &[u8]| Unverified::read(text(seed)).is_ok();
    let expected = [
        "empty-signature",
        "fraction",
        "no-kid",
        "one-audience",
        "plain",
    ];
    assert_eq!(taken("jwt_svid", read), expected);
    let now = Timestamp::UNIX_EPOCH;
    let proven = |seed: &[u8]| verify_jwt(text(seed), &Bundles::new(), &["db"], now).is_ok();
    assert!(taken("jwt_svid", proven).is_empty());
}

#[test]
fn certificates() {
    let leaf = |seed: &[u8]| leaf_identity(seed).is_ok();
    assert_eq!(taken("x509_svid", leaf), ["leaf"]);
}

#[test]
fn exchanges() {
    let read = |seed: &[u8]| parse_exchange(seed).is_ok();
    assert_eq!(
        taken("token_exchange", read),
        ["access-token", "actor", "plain"]
    );
}
