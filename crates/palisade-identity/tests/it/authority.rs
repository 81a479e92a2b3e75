//! The life of an authority's keys, and what it signs, under a clock that is turned by hand.

use std::path::Path;
use std::sync::Arc;

use jiff::SignedDuration;
use palisade_identity::authority::{
    Authority, AuthorityInfo, JwtRequest, Keys, Kind, MemoryKeys, Settings, SignError, Stage,
    Upstream, Urgency, X509Request,
};
use palisade_identity::spiffe::{Unverified, verify_jwt, verify_x509};
use palisade_identity::{Clock as _, ManualClock};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, IsCa, KeyPair,
    KeyUsagePurpose, SanType,
};

use crate::made::{authority, bundles, domain, id, open, settings, start};

const HOUR: SignedDuration = SignedDuration::from_hours(1);

fn keys(authority: &Authority, kind: Kind) -> Vec<AuthorityInfo> {
    let published = authority.subscribe().borrow().authorities.clone();
    published
        .into_iter()
        .filter(|info| info.kind == kind)
        .collect()
}

fn stages(authority: &Authority, kind: Kind) -> Vec<Stage> {
    keys(authority, kind)
        .iter()
        .map(|info| info.stage)
        .collect()
}

fn in_stage(authority: &Authority, kind: Kind, stage: Stage) -> String {
    let found = keys(authority, kind)
        .into_iter()
        .find(|info| info.stage == stage);
    found.expect("a key in this stage").id
}

#[tokio::test]
async fn what_it_signs_is_valid() {
    let (authority, clock) = authority().await;
    let web = id("spiffe://example.org/web");
    let signed = authority
        .sign_x509(&X509Request::new(&web))
        .expect("a document");
    let seen = verify_x509(&signed.document.chain, &bundles(&authority), clock.now());
    let seen = seen.expect("valid");
    assert_eq!(seen.id, web);
    assert_eq!(seen.not_after, start() + HOUR);
    assert_eq!(signed.document.not_after, seen.not_after);
    assert_eq!(signed.document.not_before, seen.not_before);

    let audiences = ["db".to_owned()];
    let token = authority
        .sign_jwt(&JwtRequest::new(&web, &audiences))
        .expect("a token");
    let known = bundles(&authority);
    let read = verify_jwt(&token.document.token, &known, &["db"], clock.now()).expect("valid");
    assert_eq!(read.id, web);
    assert_eq!(read.audiences, audiences);
    assert_eq!(read.expires, start() + SignedDuration::from_mins(5));
}

#[tokio::test]
async fn rs256_signs_for_audiences_that_take_nothing_else() {
    let clock = ManualClock::at(start());
    let keys: Arc<dyn Keys> = Arc::new(MemoryKeys::default());
    let authority = Authority::open(Settings::new(domain()), keys, None, Arc::new(clock.clone()))
        .await
        .expect("an authority");
    let web = id("spiffe://example.org/web");
    let audiences = ["api://AzureADTokenExchange".to_owned()];
    let token = authority
        .sign_jwt(&JwtRequest::new(&web, &audiences))
        .expect("a token");
    assert_eq!(
        *token.authority,
        *in_stage(&authority, Kind::Rs256, Stage::Active)
    );
    let known = bundles(&authority);
    verify_jwt(&token.document.token, &known, &[&audiences[0]], clock.now()).expect("valid");

    let keys = Arc::new(MemoryKeys::default());
    let without = open(&keys, &clock).await;
    let error = without
        .sign_jwt(&JwtRequest::new(&web, &audiences))
        .expect_err("no such key");
    assert!(
        error.to_string().contains("takes tokens by RS256 only"),
        "{error}"
    );
}

#[tokio::test]
async fn the_next_key_is_published_before_it_signs() {
    let (authority, clock) = authority().await;
    let first = in_stage(&authority, Kind::X509, Stage::Active);
    clock.turn(HOUR * 11);
    authority.tick().await.expect("ticks");
    assert_eq!(stages(&authority, Kind::X509), [Stage::Active]);

    clock.turn(HOUR);
    authority.tick().await.expect("ticks");
    assert_eq!(
        stages(&authority, Kind::X509),
        [Stage::Active, Stage::Prepared]
    );
    let second = in_stage(&authority, Kind::X509, Stage::Prepared);
    let before = bundles(&authority);
    assert_eq!(before[&domain()].x509_authorities.len(), 2, "published");

    clock.turn(HOUR * 8);
    authority.tick().await.expect("ticks");
    assert_eq!(in_stage(&authority, Kind::X509, Stage::Active), second);
    assert_eq!(in_stage(&authority, Kind::X509, Stage::Old), first);
    let web = id("spiffe://example.org/web");
    let signed = authority
        .sign_x509(&X509Request::new(&web))
        .expect("a document");
    verify_x509(&signed.document.chain, &before, clock.now()).expect("known beforehand");

    clock.turn(HOUR * 4);
    authority.tick().await.expect("ticks");
    assert!(
        !keys(&authority, Kind::X509)
            .iter()
            .any(|info| info.id == first),
        "ended"
    );
}

#[tokio::test]
async fn a_token_is_read_before_it_is_proven() {
    let (authority, _) = authority().await;
    let web = id("spiffe://example.org/web");
    let audiences = ["db".to_owned()];
    let token = authority
        .sign_jwt(&JwtRequest::new(&web, &audiences))
        .expect("a token");
    let read = Unverified::read(&token.document.token).expect("reads");
    assert_eq!(read.trust_domain(), domain());
}

#[tokio::test]
async fn a_tainted_key_is_replaced_and_a_revoked_one_is_gone() {
    let (authority, clock) = authority().await;
    let web = id("spiffe://example.org/web");
    let mut changes = authority.subscribe();
    changes.mark_unchanged();
    let old = authority
        .sign_x509(&X509Request::new(&web))
        .expect("a document");
    authority
        .revoke(&old.authority)
        .await
        .expect_err("it signs");
    authority.taint(&old.authority).await.expect("tainted");
    assert!(changes.has_changed().expect("there"));
    assert!(
        changes
            .borrow_and_update()
            .distrusted
            .contains(&*old.authority)
    );
    let new = authority
        .sign_x509(&X509Request::new(&web))
        .expect("a document");
    assert_ne!(new.authority, old.authority);
    verify_x509(&old.document.chain, &bundles(&authority), clock.now()).expect("still published");
    authority.revoke(&old.authority).await.expect("revoked");
    verify_x509(&old.document.chain, &bundles(&authority), clock.now()).expect_err("gone");
    verify_x509(&new.document.chain, &bundles(&authority), clock.now()).expect("the new one");
}

#[tokio::test]
async fn a_forced_rotation_waits_for_readers_unless_it_is_urgent() {
    let (authority, clock) = authority().await;
    let first = in_stage(&authority, Kind::Es256, Stage::Active);
    authority
        .rotate(Kind::Es256, Urgency::Published)
        .await
        .expect("prepared");
    assert_eq!(in_stage(&authority, Kind::Es256, Stage::Active), first);
    let second = in_stage(&authority, Kind::Es256, Stage::Prepared);
    clock.turn(SignedDuration::from_mins(15));
    authority.tick().await.expect("ticks");
    assert_eq!(in_stage(&authority, Kind::Es256, Stage::Active), second);
    authority
        .rotate(Kind::Es256, Urgency::Now)
        .await
        .expect("rotated");
    assert_ne!(in_stage(&authority, Kind::Es256, Stage::Active), second);
    assert_eq!(
        stages(&authority, Kind::X509),
        [Stage::Active],
        "the other kind stays"
    );
}

#[tokio::test]
async fn the_clock_may_jump() {
    let (authority, clock) = authority().await;
    let web = id("spiffe://example.org/web");
    let request = X509Request::new(&web);
    for jump in [HOUR * 24 * 365, -HOUR * 24 * 800, HOUR * 24 * 30] {
        clock.turn(jump);
        let refused = authority.sign_x509(&request).expect_err("nothing is valid");
        assert_eq!(refused, SignError::NotReady(Kind::X509));
        authority.tick().await.expect("ticks");
        let signed = authority.sign_x509(&request).expect("a document");
        verify_x509(&signed.document.chain, &bundles(&authority), clock.now()).expect("valid");
    }
    let first = in_stage(&authority, Kind::X509, Stage::Active);
    clock.turn(-SignedDuration::from_mins(4));
    authority.tick().await.expect("ticks");
    assert_eq!(
        in_stage(&authority, Kind::X509, Stage::Active),
        first,
        "a small step"
    );
}

#[tokio::test]
async fn two_servers_share_their_keys() {
    let clock = ManualClock::at(start());
    let store = Arc::new(MemoryKeys::default());
    let (one, two) = tokio::join!(open(&store, &clock), open(&store, &clock));
    one.tick().await.expect("ticks");
    assert_eq!(keys(&one, Kind::X509), keys(&two, Kind::X509));
    let (left, right) = tokio::join!(
        one.rotate(Kind::X509, Urgency::Now),
        two.rotate(Kind::Es256, Urgency::Now)
    );
    left.expect("rotated");
    right.expect("rotated");
    one.tick().await.expect("ticks");
    two.tick().await.expect("ticks");
    assert_eq!(
        one.subscribe().borrow().bundle,
        two.subscribe().borrow().bundle
    );
    assert_eq!(stages(&one, Kind::Es256), [Stage::Old, Stage::Active]);
}

#[tokio::test]
async fn every_change_of_the_bundle_grows_its_number() {
    let (authority, clock) = authority().await;
    let changes = authority.subscribe();
    let mut last = Arc::clone(&changes.borrow().bundle);
    for step in 0..4 {
        match step {
            0 => clock.turn(HOUR * 12),
            1 => clock.turn(HOUR * 8),
            2 => clock.turn(HOUR * 30),
            _ => authority
                .rotate(Kind::Es256, Urgency::Now)
                .await
                .expect("rotated"),
        }
        authority.tick().await.expect("ticks");
        let next = Arc::clone(&changes.borrow().bundle);
        assert_ne!(next.x509_authorities.len() + next.jwt_authorities.len(), 0);
        let grown = next.sequence > last.sequence;
        assert_eq!(next != last, grown, "step {step}");
        last = next;
    }
    authority.tick().await.expect("ticks");
    assert_eq!(changes.borrow().bundle, last, "nothing was due");
}

#[tokio::test]
async fn nothing_but_other_keys_makes_a_new_bundle() {
    let (authority, _) = authority().await;
    let before = authority.subscribe().borrow().bundle.sequence;
    let web = id("spiffe://example.org/web");
    authority
        .sign_x509(&X509Request::new(&web))
        .expect("a document");
    authority.tick().await.expect("ticks");
    assert_eq!(authority.subscribe().borrow().bundle.sequence, before);
}

/// A root and an intermediate under it, as files; and the root's certificate.
fn upstream_files(folder: &Path) -> [std::path::PathBuf; 3] {
    let params = |name: &str, uri: &str| {
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        params.subject_alt_names = vec![SanType::URI(uri.try_into().expect("ASCII"))];
        params
    };
    let key = KeyPair::generate().expect("a key");
    let root = CertifiedIssuer::self_signed(params("root", "spiffe://example.org"), key);
    let root = root.expect("a certificate");
    let key = KeyPair::generate().expect("a key");
    let pem = key.serialize_pem();
    let middle = params("middle", "spiffe://example.org");
    let middle = middle.signed_by(&key, &root).expect("a certificate").pem();
    [
        ("middle.pem", middle),
        ("middle.key", pem),
        ("root.pem", root.pem()),
    ]
    .map(|(name, text)| {
        let path = folder.join(name);
        std::fs::write(&path, text).expect("written");
        path
    })
}

#[tokio::test]
async fn an_upstream_signs_the_authority() {
    let folder = tempfile::tempdir().expect("a folder");
    let [certificate, key, root] = upstream_files(folder.path());
    let upstream = Upstream::read(&certificate, &key, Some(&root)).expect("reads");
    let clock = ManualClock::at(start());
    let store: Arc<dyn Keys> = Arc::new(MemoryKeys::default());
    let opened = Authority::open(settings(), store, Some(upstream), Arc::new(clock.clone()));
    let authority = opened.await.expect("an authority");
    let web = id("spiffe://example.org/web");
    let chain = authority
        .sign_x509(&X509Request::new(&web))
        .expect("a document")
        .document
        .chain;
    assert_eq!(chain.len(), 3, "leaf, ours, theirs");
    let known = bundles(&authority);
    assert_eq!(
        known[&domain()].x509_authorities.len(),
        1,
        "their root alone is published"
    );
    let seen = verify_x509(&chain, &known, clock.now()).expect("valid");
    assert_eq!(seen.id, web);
    verify_x509(&chain[..1], &known, clock.now()).expect_err("the way up is missing");

    authority
        .rotate(Kind::X509, Urgency::Now)
        .await
        .expect("rotated");
    let chain = authority
        .sign_x509(&X509Request::new(&web))
        .expect("a document")
        .document
        .chain;
    verify_x509(&chain, &known, clock.now()).expect("readers need no new bundle");

    let other = tempfile::tempdir().expect("a folder");
    let [certificate, key, root] = upstream_files(other.path());
    authority.set_upstream(Upstream::read(&certificate, &key, Some(&root)).expect("reads"));
    authority
        .rotate(Kind::X509, Urgency::Now)
        .await
        .expect("rotated");
    let new = authority
        .sign_x509(&X509Request::new(&web))
        .expect("a document")
        .document
        .chain;
    let both = bundles(&authority);
    assert_eq!(
        both[&domain()].x509_authorities.len(),
        2,
        "the old root and the new one"
    );
    for chain in [&chain, &new] {
        verify_x509(chain, &both, clock.now()).expect("valid");
    }
}

#[test]
fn an_upstream_that_cannot_be_used_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let [certificate, key, root] = upstream_files(folder.path());
    let read = |certificate: &Path, key: &Path, roots: Option<&Path>| {
        Upstream::read(certificate, key, roots)
            .expect_err("refused")
            .to_string()
    };
    assert!(read(&certificate, &key, None).contains("not a root"));
    assert!(read(&root, &key, None).contains("not the key of the certificate"));
    assert!(read(&key, &key, Some(&root)).contains("middle.key"));
    assert!(read(&certificate, &root, Some(&root)).contains("root.pem"));
    let text = std::fs::read_to_string(&certificate).expect("a file");
    std::fs::write(&certificate, &text[..text.len() / 2]).expect("written");
    assert!(read(&certificate, &key, Some(&root)).contains("middle.pem"));
    assert!(read(&folder.path().join("none"), &key, None).contains("none"));
    let other = KeyPair::generate_for(&rcgen::PKCS_ED25519).expect("a key");
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let text = params.self_signed(&other).expect("a certificate").pem();
    std::fs::write(&certificate, text).expect("written");
    std::fs::write(&key, other.serialize_pem()).expect("written");
    assert!(read(&certificate, &key, None).contains("P-256"));
}

#[tokio::test]
async fn keys_are_bounded() {
    let (authority, _) = authority().await;
    let mut made = 0;
    let error = loop {
        match authority.rotate(Kind::Es256, Urgency::Now).await {
            Ok(()) => made += 1,
            Err(error) => break error.to_string(),
        }
    };
    assert_eq!(made, 62, "beside the two that it began with");
    assert!(error.contains("revoke old ones first"), "{error}");
    let old = in_stage(&authority, Kind::Es256, Stage::Old);
    authority.revoke(&old).await.expect("revoked");
    authority
        .rotate(Kind::Es256, Urgency::Now)
        .await
        .expect("there is room");
    assert_eq!(keys(&authority, Kind::X509).len(), 1);
    let error = authority
        .taint("ghost")
        .await
        .expect_err("no such key")
        .to_string();
    assert!(error.contains("palisade identity status"), "{error}");
}
