//! A process connects, forks a child that keeps the socket, and executes a trusted program.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use palisade_identity::endpoint::{Settings, Sign};
use serde_json::Value;

use super::python::{self, Script};
use super::stand::{Bound, Rule, Stand, TestIssuer};

/// `grpc-status` of a refusal.
const PERMISSION_DENIED: i64 = 7;

/// The program that an entry trusts: it never connects anywhere.
pub(super) fn trusted() -> PathBuf {
    Path::new("/bin/sleep")
        .canonicalize()
        .expect("`sleep` is there")
}

pub(super) fn digest_of(program: &Path) -> String {
    let bytes = std::fs::read(program).expect("readable");
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &bytes);
    data_encoding::HEXLOWER.encode(digest.as_ref())
}

fn by_digest(program: &Path) -> Rule {
    ("unix.sha256", digest_of(program), "/trusted")
}

fn settings(challenge: Duration) -> Settings {
    Settings {
        challenge,
        jitter: Duration::ZERO,
        ..Settings::default()
    }
}

/// Does an attack on a socket that is not served until the connected process is the trusted
/// program: whatever is seen of it at accept is what the attacker wants to be seen.
async fn attack(kind: &str, challenge: Duration) -> (Value, Vec<Sign>, u32) {
    let trusted = trusted();
    let bound = Bound::new().await;
    let socket = bound.socket();
    let program = trusted.to_str().expect("a name");
    let mut script = Script::start(
        "attack.py",
        &[kind, socket.to_str().expect("a name"), program],
    );
    assert_eq!(script.next().await["ready"], true);
    let issuer = TestIssuer::new(vec![by_digest(&trusted)]);
    let stand = bound.serve(issuer, settings(challenge));
    script.go_on().await;
    let answer = script.next().await;
    let signs = stand.events().into_iter().map(|event| {
        assert_eq!(event.pid, script.pid());
        event.sign
    });
    (answer, signs.collect(), script.pid())
}

fn assert_refused(answer: &Value, says: &str) {
    assert_eq!(answer["message"], 0, "{answer}");
    assert_eq!(answer["status"], PERMISSION_DENIED, "{answer}");
    let said = answer["said"].as_str().unwrap_or_default();
    assert!(said.contains(says), "{said}");
}

#[tokio::test]
async fn a_child_that_asks_on_an_inherited_socket_gets_nothing() {
    let (answer, signs, pid) = attack("child-asks", Duration::from_mins(1)).await;
    assert_refused(&answer, "used the connection of process");
    let [Sign::Stranger { pid: stranger }] = signs[..] else {
        panic!("{signs:?}");
    };
    assert_ne!(stranger, pid);
}

#[tokio::test]
async fn a_child_that_answers_for_a_process_that_asked_gets_nothing() {
    let (answer, signs, _) = attack("asks-first", Duration::from_mins(1)).await;
    assert_refused(&answer, "used the connection of process");
    assert!(matches!(signs[..], [Sign::Stranger { .. }]), "{signs:?}");
}

#[tokio::test]
async fn a_child_that_keeps_silent_gets_nothing() {
    let (answer, signs, _) = attack("silent", Duration::from_millis(300)).await;
    assert_refused(&answer, "did not answer on its own connection");
    assert_eq!(signs, [Sign::Silent]);
}

#[tokio::test]
async fn a_process_that_becomes_another_program_loses_its_connection() {
    let python = python::programs()
        .join("python3")
        .canonicalize()
        .expect("is there");
    let trusted = trusted();
    // Both programs have an identity; the connection of one must not bring that of the other.
    let issuer = TestIssuer::new(vec![by_digest(&python), by_digest(&trusted)]);
    let bound = Bound::new().await;
    let socket = bound.socket();
    let stand = bound.serve(Arc::clone(&issuer), settings(Duration::from_millis(300)));
    let program = trusted.to_str().expect("a name");
    let arguments = ["after-an-answer", socket.to_str().expect("a name"), program];
    let mut script = Script::start("attack.py", &arguments);
    let first = script.next().await;
    assert!(first["first"]["message"].as_u64() > Some(100), "{first}");
    assert_eq!(script.next().await["ready"], true);
    script.go_on().await;
    let answer = script.next().await;
    assert_refused(&answer, "of process");
    assert_eq!(stand.events().len(), 1);
}

#[tokio::test]
async fn a_connection_does_not_live_on_in_another_program() {
    let python = python::programs()
        .join("python3")
        .canonicalize()
        .expect("is there");
    let folder = tempfile::tempdir().expect("a folder");
    // The same program with another digest.
    let other = folder.path().join("python3");
    let mut bytes = std::fs::read(&python).expect("readable");
    bytes.push(0);
    std::fs::write(&other, bytes).expect("writes");
    let may_run = std::fs::metadata(&python).expect("is there").permissions();
    std::fs::set_permissions(&other, may_run).expect("may be set");
    let stand = Stand::with(TestIssuer::new(vec![by_digest(&other), by_digest(&python)])).await;
    let (socket, other) = (stand.socket(), other.to_str().expect("a name"));
    let arguments = ["becomes-another", socket.to_str().expect("a name"), other];
    let mut script = Script::start("attack.py", &arguments);
    let answer = script.next().await;
    assert_refused(&answer, "has changed its executable");
    let [ref event] = stand.events()[..] else {
        panic!("{:?}", stand.events());
    };
    assert_eq!(event.sign, Sign::Changed { what: "executable" });
}

#[tokio::test]
async fn the_trusted_program_itself_gets_its_identity() {
    let python = python::programs()
        .join("python3")
        .canonicalize()
        .expect("is there");
    let stand = Stand::with(TestIssuer::new(vec![by_digest(&python)])).await;
    let socket = stand.socket();
    let arguments = ["honest", socket.to_str().expect("a name"), "-"];
    let mut script = Script::start("attack.py", &arguments);
    let answer = script.next().await;
    assert!(answer["message"].as_u64() > Some(100), "{answer}");
    assert!(stand.events().is_empty());
}
