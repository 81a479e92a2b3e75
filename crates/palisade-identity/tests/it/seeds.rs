//! The fuzzers' seeds: each is taken or refused as it should be, and nothing panics.

use std::path::Path;

use jiff::Timestamp;
use palisade_identity::spiffe::{
    Bundle, Bundles, Unverified, bundles_from_json, leaf_identity, verify_jwt,
};
use palisade_identity::web::parse_exchange;
use palisade_identity::{SpiffeId, TrustDomain};

/// The names of the seeds of a target that are taken; the others are refused.
fn taken(target: &str, take: impl Fn(&[u8]) -> bool) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fuzz/seeds")
        .join(target);
    let mut names: Vec<String> = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if take(&std::fs::read(&path).expect("a file")) {
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

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("a text")
}

#[test]
fn ids() {
    let taken = taken("spiffe_id", |seed| text(seed).parse::<SpiffeId>().is_ok());
    assert_eq!(taken, ["characters", "domain", "path"]);
}

#[test]
fn bundles() {
    let name = TrustDomain::new("example.org").expect("a name");
    let whole = |seed: &[u8]| Bundle::from_jwks(&name, seed).is_ok();
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
