//! The file that keeps evidence until the database has it.

use std::os::unix::fs::PermissionsExt as _;

use jiff::SignedDuration;
use palisade_identity::evidence::{Spool, SpoolError};
use palisade_identity::store::{Location, MOST_EVIDENCE, NewEvidence, Seal, Store};

use crate::made::start;
use crate::server::Stand;

fn record(number: i64) -> NewEvidence {
    NewEvidence {
        at: start() + SignedDuration::from_millis(number),
        subject: format!("subject {number}"),
        record: format!("{{\"number\":{number},\"text\":\"one\\ntwo\"}}"),
    }
}

fn line(number: i64) -> String {
    serde_json::to_string(&record(number)).expect("JSON") + "\n"
}

#[tokio::test]
async fn what_a_process_left_is_written_once_and_in_order() {
    for known in 0..4_usize {
        let folder = tempfile::tempdir().expect("a folder");
        let location = Location::Sqlite(folder.path().join("identity.db"));
        let seal = Seal::of(&[5; 32]).expect("a key");
        let store = Store::open(&location, seal).await.expect("a store");
        // What the database had when the process died.
        let had: Vec<NewEvidence> = (0..3).map(record).take(known).collect();
        store.record(&had).await.expect("kept");
        store.close().await;
        drop(store);
        let spool = folder.path().join("evidence.spool");
        let text = line(0) + "what is this\n" + &line(1) + &line(2) + "{\"at\":\"2026-";
        std::fs::write(&spool, text).expect("written");

        let stand = Stand::on(&location, folder).await;
        let store = stand.server.store();
        let kept = store.evidence(None, MOST_EVIDENCE, None).await;
        let kept: Vec<NewEvidence> = kept
            .expect("read")
            .into_iter()
            .map(|kept| kept.evidence)
            .collect();
        assert_eq!(kept.len(), 4, "{known}: {kept:?}");
        for (number, kept) in (0..).zip(&kept[..3]) {
            assert_eq!(kept.record, record(number).record);
            assert_eq!(kept.subject, record(number).subject);
        }
        assert!(kept[3].record.contains("\"lost\":1"), "{kept:?}");
        assert_eq!(std::fs::metadata(&spool).expect("there").len(), 0);
        let mode = std::fs::metadata(&spool).expect("there").permissions();
        assert_eq!(mode.mode() & 0o777, 0o600);
    }
}

#[test]
fn a_spool_is_a_file_of_one_process() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("evidence.spool");
    let first = Spool::open(&path).expect("a spool");
    assert!(matches!(Spool::open(&path), Err(SpoolError::InUse(_))));
    drop(first);
    Spool::open(&path).expect("it is free again");
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(&path, &link).expect("a link");
    assert!(matches!(Spool::open(&link), Err(SpoolError::NotAFile(_))));
}
