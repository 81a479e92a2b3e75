//! What was written to the database is cut away, and what waits never is.

use jiff::Timestamp;

use super::{COMPACT, Spool, SpoolError};
use crate::store::NewEvidence;

fn record(number: usize) -> NewEvidence {
    NewEvidence {
        at: Timestamp::UNIX_EPOCH,
        subject: number.to_string(),
        record: "x".repeat(64 << 10),
    }
}

fn subjects(spool: &Spool) -> Vec<String> {
    let left = spool.left().expect("read");
    assert_eq!(left.unreadable, 0);
    left.records.into_iter().map(|one| one.subject).collect()
}

#[test]
fn a_spool_that_is_never_empty_does_not_grow_for_ever() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("evidence.spool");
    let spool = Spool::open(&path).expect("a spool");
    let length = || std::fs::metadata(&path).expect("there").len();
    let mut count = 0;
    while length() <= COMPACT {
        spool.append(&record(count)).expect("appended");
        count += 1;
    }
    let waiting: Vec<NewEvidence> = (count - 2..count).map(record).collect();
    spool.written(waiting.iter(), false).expect("cut");
    assert!(length() < COMPACT / 4);
    spool.append(&record(count)).expect("appended");
    let expected: Vec<String> = (count - 2..=count).map(|one| one.to_string()).collect();
    assert_eq!(subjects(&spool), expected);
    // It is still this process's own.
    assert!(matches!(Spool::open(&path), Err(SpoolError::InUse(_))));
    spool.written([].iter(), false).expect("cut");
    assert_eq!(length(), 0);
    spool.append(&record(7)).expect("appended");
    assert_eq!(subjects(&spool), ["7"]);
}

#[test]
fn what_is_missing_is_added_once_there_is_room() {
    let folder = tempfile::tempdir().expect("a folder");
    let spool = Spool::open(&folder.path().join("evidence.spool")).expect("a spool");
    spool.append(&record(1)).expect("appended");
    // The second one did not fit when it came.
    let waiting = [record(1), record(2)];
    spool.written(waiting.iter(), true).expect("rewritten");
    assert_eq!(subjects(&spool), ["1", "2"]);
}
