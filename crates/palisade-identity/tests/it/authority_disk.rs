//! Keys on disk, with files that are cut off, readable by others, or behind.

use std::path::Path;
use std::sync::Arc;

use palisade_identity::authority::{
    Authority, AuthorityError, DiskKeys, Keys, KeysError, Kind, Urgency, X509Request,
};
use palisade_identity::spiffe::verify_x509;
use palisade_identity::{Clock as _, ManualClock};

use crate::made::{bundles, id, open, settings, start};

fn store(folder: &Path) -> Arc<DiskKeys> {
    Arc::new(DiskKeys::open(folder.join("keys")).expect("a folder"))
}

async fn refused(keys: &Arc<DiskKeys>) -> String {
    let keys: Arc<dyn Keys> = Arc::clone(keys) as Arc<dyn Keys>;
    let opened = Authority::open(settings(), keys, None, Arc::new(ManualClock::at(start()))).await;
    match opened.expect_err("refused") {
        AuthorityError::Keys(KeysError::Broken(reason)) => reason,
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn keys_survive_their_process() {
    let folder = tempfile::tempdir().expect("a folder");
    let clock = ManualClock::at(start());
    let web = id("spiffe://example.org/web");
    let first = open(&store(folder.path()), &clock).await;
    let signed = first
        .sign_x509(&X509Request::new(&web))
        .expect("a document");
    drop(first);
    let second = open(&store(folder.path()), &clock).await;
    verify_x509(&signed.document.chain, &bundles(&second), clock.now()).expect("still valid");
    let again = second
        .sign_x509(&X509Request::new(&web))
        .expect("a document");
    assert_eq!(again.authority, signed.authority);
}

#[cfg(unix)]
#[tokio::test]
async fn others_cannot_read_the_keys() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().expect("a folder");
    let keys = store(folder.path());
    drop(open(&keys, &ManualClock::at(start())).await);
    let mode = |path: &Path| path.metadata().expect("there").permissions().mode() & 0o777;
    assert_eq!(mode(&keys.file()), 0o600);
    assert_eq!(mode(&folder.path().join("keys")), 0o700);
    std::fs::set_permissions(keys.file(), PermissionsExt::from_mode(0o644)).expect("changed");
    assert!(refused(&keys).await.contains("chmod 600"));
}

#[tokio::test]
async fn a_file_that_is_cut_off_is_told_and_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let keys = store(folder.path());
    drop(open(&keys, &ManualClock::at(start())).await);
    let whole = std::fs::read(keys.file()).expect("a file");
    let lengths = [0, 1, 20, 60, 90, whole.len() / 2, whole.len() - 1];
    for length in lengths {
        std::fs::write(keys.file(), &whole[..length]).expect("written");
        let reason = refused(&keys).await;
        assert!(reason.contains("cut off"), "{length}: {reason}");
        assert_eq!(
            std::fs::read(keys.file()).expect("a file").len(),
            length,
            "left as it is"
        );
    }
    let mut other = whole.clone();
    let middle = other.len() / 2;
    other[middle] ^= 1;
    std::fs::write(keys.file(), &other).expect("written");
    assert!(refused(&keys).await.contains("damaged"));
    std::fs::write(keys.file(), &whole).expect("written");
    drop(open(&keys, &ManualClock::at(start())).await);
}

#[tokio::test]
async fn a_running_authority_outlives_its_store() {
    let folder = tempfile::tempdir().expect("a folder");
    let (keys, clock) = (store(folder.path()), ManualClock::at(start()));
    let authority = open(&keys, &clock).await;
    let web = id("spiffe://example.org/web");
    let before = authority
        .sign_x509(&X509Request::new(&web))
        .expect("a document")
        .authority;
    let whole = std::fs::read(keys.file()).expect("a file");

    let aside = folder.path().join("aside");
    std::fs::rename(keys.file(), &aside).expect("moved away");
    authority
        .rotate(Kind::X509, Urgency::Now)
        .await
        .expect_err("nowhere to store it");
    assert!(!keys.file().exists(), "nothing is made up");
    std::fs::rename(&aside, keys.file()).expect("moved back");
    std::fs::write(keys.file(), &whole[..100]).expect("written");
    authority
        .rotate(Kind::X509, Urgency::Now)
        .await
        .expect_err("damaged");
    let during = authority
        .sign_x509(&X509Request::new(&web))
        .expect("a document")
        .authority;
    assert_eq!(during, before, "a change that is not stored does not count");

    std::fs::write(keys.file(), &whole).expect("written");
    authority
        .rotate(Kind::X509, Urgency::Now)
        .await
        .expect("rotated");
    let after = authority
        .sign_x509(&X509Request::new(&web))
        .expect("a document")
        .authority;
    assert_ne!(after, before);
    std::fs::write(keys.file(), &whole).expect("written");
    let error = authority.tick().await.expect_err("behind");
    assert!(
        error.to_string().contains("put the newer one back"),
        "{error}"
    );
}

#[tokio::test]
async fn keys_of_another_trust_domain_are_not_taken() {
    let folder = tempfile::tempdir().expect("a folder");
    let keys = store(folder.path());
    drop(open(&keys, &ManualClock::at(start())).await);
    let mut other = settings();
    other.trust_domain = "other.org".parse().expect("a name");
    let keys: Arc<dyn Keys> = Arc::clone(&keys) as Arc<dyn Keys>;
    let opened = Authority::open(other, keys, None, Arc::new(ManualClock::at(start()))).await;
    let error = opened.expect_err("refused").to_string();
    assert!(
        error.contains("belong to trust domain `example.org`"),
        "{error}"
    );
}

#[tokio::test]
async fn a_disk_that_takes_nothing_changes_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let (keys, clock) = (store(folder.path()), ManualClock::at(start()));
    let authority = open(&keys, &clock).await;
    let before = std::fs::read(keys.file()).expect("a file");
    // Where the new file would be written stands something that cannot be written.
    let draft = folder.path().join("keys/authority.keys.new");
    std::fs::create_dir(&draft).expect("made");
    let error = authority
        .rotate(Kind::X509, Urgency::Now)
        .await
        .expect_err("not written");
    assert!(error.to_string().contains("cannot be reached"), "{error}");
    assert_eq!(std::fs::read(keys.file()).expect("a file"), before);
    std::fs::remove_dir(&draft).expect("removed");
    authority
        .rotate(Kind::X509, Urgency::Now)
        .await
        .expect("written again");
}
