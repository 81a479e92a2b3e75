//! Records of what was issued and refused.

use std::io::{self, Write};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use palisade_identity::entries::{Condition, Facts, NoFacts, Verdict};
use palisade_identity::evidence::{Document, Event, Evidence, EvidenceLog};

use crate::entries::{caller, entries};

fn now() -> Timestamp {
    Timestamp::UNIX_EPOCH
}

/// Keeps what was written; fails while told so.
#[derive(Clone, Default)]
struct Disk(Arc<Mutex<(Vec<u8>, bool)>>);

impl Disk {
    fn lines(&self) -> Vec<Evidence> {
        let held = self.0.lock().expect("a disk");
        let text = String::from_utf8(held.0.clone()).expect("a text");
        text.lines()
            .map(|line| serde_json::from_str(line).expect("a record"))
            .collect()
    }

    fn fill(&self, full: bool) {
        self.0.lock().expect("a disk").1 = full;
    }
}

impl Write for Disk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut held = self.0.lock().expect("a disk");
        if held.1 {
            return Err(io::Error::from(io::ErrorKind::StorageFull));
        }
        held.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Begins to write, says so, and waits until it may go on.
struct Slow {
    disk: Disk,
    begun: Sender<()>,
    go: Receiver<()>,
}

impl Write for Slow {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.begun.send(()).ok();
        self.go.recv().ok();
        self.disk.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Signed;

impl Facts for Signed {
    fn verdict(&self, _: &Condition, _: &palisade_identity::Attributes) -> Verdict {
        Verdict::Holds
    }
}

#[test]
fn a_record_says_who_what_which_entry_and_until_when() {
    let pay = entries(
        "
owner: team-pay
entries:
  - name: pay
    match: { k8s.namespace: pay }
    id: spiffe://example.org/pay
    requires: image signed by https://github.com/acme/*
",
    );
    let pod = caller(&["k8s.namespace=pay", "k8s.image-digest=sha256:aa"]);
    let resolution = pay.resolve(&pod, &Signed);
    let document = Document::Jwt {
        jti: Some("0a1b".to_owned()),
        audiences: vec!["x".repeat(5000)],
        expires: now(),
    };
    let issued = Evidence::issued(now(), &pod, &resolution.grants[0], document);
    let json = serde_json::to_value(&issued).expect("JSON");
    assert_eq!(json["event"], "issued");
    assert_eq!(json["id"], "spiffe://example.org/pay");
    assert_eq!(json["entry"], "pay");
    assert_eq!(json["owner"], "team-pay");
    assert_eq!(json["images"][0]["digest"], "sha256:aa");
    assert_eq!(json["images"][0]["signature"]["verdict"], "holds");
    assert_eq!(json["document"]["jti"], "0a1b");
    assert_eq!(json["caller"]["k8s.namespace"][0], "pay");
    let audience = json["document"]["audiences"][0].as_str().expect("a text");
    assert_eq!(audience.len(), 2048, "what callers write is cut");

    let (entry, cause) = &pay.resolve(&pod, &NoFacts).withheld[0];
    let refused = Evidence::withheld(now(), &pod, entry, cause);
    assert_eq!(refused.event, Event::Refused);
    assert!(refused.document.is_none());
    assert!(
        refused
            .reason
            .expect("a reason")
            .contains("is not known to hold")
    );
    assert!(matches!(
        refused.images[0].signature,
        Some(Verdict::Unknown(_))
    ));
}

#[test]
fn every_record_that_is_taken_is_written_in_order() {
    let disk = Disk::default();
    let log = EvidenceLog::new(Box::new(disk.clone()), 100).expect("a log");
    for n in 0..50 {
        assert!(log.record(&Evidence::refused(now(), &caller(&[]), &format!("{n}"))));
    }
    log.close();
    let reasons: Vec<String> = disk
        .lines()
        .into_iter()
        .filter_map(|line| line.reason)
        .collect();
    let expected: Vec<String> = (0..50).map(|n| format!("{n}")).collect();
    assert_eq!(reasons, expected);
}

#[test]
fn a_slow_disk_never_makes_an_issuer_wait_and_the_gap_is_told() {
    let disk = Disk::default();
    let (begun, is_writing) = channel();
    let (go_on, go) = channel();
    let slow = Slow {
        disk: disk.clone(),
        begun,
        go,
    };
    let log = EvidenceLog::new(Box::new(slow), 2).expect("a log");
    let record = |reason: &str| log.record(&Evidence::refused(now(), &caller(&[]), reason));
    assert!(record("being written"));
    is_writing.recv().expect("the writer");
    assert!(record("waits"));
    assert!(record("waits too"));
    assert!(!record("lost"));
    assert!(!record("lost too"));
    assert_eq!(log.lost(), 2);
    drop(go_on);
    log.close();
    let told: Vec<(Option<String>, Option<u64>)> = disk
        .lines()
        .into_iter()
        .map(|line| (line.reason, line.lost))
        .collect();
    let reason = |text: &str| (Some(text.to_owned()), None);
    assert_eq!(
        told,
        [
            reason("being written"),
            (None, Some(2)),
            reason("waits"),
            reason("waits too")
        ]
    );
}

#[test]
fn a_full_disk_loses_records_by_number_and_recovers() {
    let disk = Disk::default();
    disk.fill(true);
    let (begun, is_writing) = channel();
    let (go_on, go) = channel();
    let slow = Slow {
        disk: disk.clone(),
        begun,
        go,
    };
    let log = EvidenceLog::new(Box::new(slow), 10).expect("a log");
    let record = |reason: &str| log.record(&Evidence::refused(now(), &caller(&[]), reason));
    assert!(record("lost on the way"));
    is_writing.recv().expect("the writer");
    go_on.send(()).expect("the writer");
    assert!(record("also lost"));
    // The count of one, then the record itself: both fail on a full disk.
    for _ in 0..2 {
        is_writing.recv().expect("the writer");
        go_on.send(()).expect("the writer");
    }
    assert!(record("kept"));
    is_writing.recv().expect("the writer");
    disk.fill(false);
    drop(go_on);
    log.close();
    // The line that broke off is ended first.
    let held = disk.0.lock().expect("a disk").0.clone();
    let text = String::from_utf8(held).expect("a text");
    let lines: Vec<&str> = text.lines().filter(|line| !line.is_empty()).collect();
    assert_eq!(lines.len(), 2, "{text}");
    assert!(lines[0].contains("\"lost\":2"), "{text}");
    assert!(lines[1].contains("kept"), "{text}");
}
