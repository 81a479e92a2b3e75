//! What is attested of real processes.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use palisade_identity::attest::{AttestationError, Digests, Process};
use palisade_identity::{Attribute, Attributes};

/// A process that waits to be ended.
struct Waiting(Child);

impl Waiting {
    fn start(program: &Path) -> Self {
        let child = Command::new(program)
            .arg("600")
            .stdin(Stdio::null())
            .spawn()
            .expect("starts");
        let exe = format!("/proc/{}/exe", child.id());
        while std::fs::read_link(&exe).ok().as_deref() != Some(program) {
            std::thread::yield_now();
        }
        Self(child)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

fn sleep() -> std::path::PathBuf {
    Path::new("/bin/sleep").canonicalize().expect("is there")
}

fn values(attributes: &Attributes, name: &str) -> Vec<String> {
    let name = Attribute::new(name).expect("a name");
    attributes
        .get(&name)
        .into_iter()
        .flatten()
        .cloned()
        .collect()
}

#[test]
fn a_process_is_attested_by_what_the_kernel_knows() {
    let program = sleep();
    let waiting = Waiting::start(&program);
    let process = Process::of_number(waiting.0.id()).expect("is there");
    let attributes = process.attest(&Digests::default()).expect("attested");
    let bytes = std::fs::read(&program).expect("readable");
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &bytes);
    for (name, value) in [
        ("unix.uid", nix::unistd::geteuid().to_string()),
        ("unix.gid", nix::unistd::getegid().to_string()),
        ("unix.path", program.display().to_string()),
        (
            "unix.sha256",
            data_encoding::HEXLOWER.encode(digest.as_ref()),
        ),
    ] {
        assert_eq!(values(&attributes, name), [value], "{name}");
    }
    assert!(
        values(&attributes, "unix.cgroup")
            .iter()
            .all(|path| path.starts_with('/'))
    );
    let names: Vec<_> = attributes
        .iter()
        .map(|(name, _)| name.to_string())
        .collect();
    assert!(
        names
            .iter()
            .all(|name| !name.contains("cmdline") && !name.contains("env"))
    );
}

#[test]
fn a_program_that_is_no_longer_at_its_path_has_no_path() {
    let folder = tempfile::tempdir().expect("a folder");
    let copy = folder
        .path()
        .canonicalize()
        .expect("is there")
        .join("sleep");
    std::fs::copy(sleep(), &copy).expect("copies");
    let waiting = Waiting::start(&copy);
    let process = Process::of_number(waiting.0.id()).expect("is there");
    let digests = Digests::default();
    let before = process.attest(&digests).expect("attested");
    assert_eq!(values(&before, "unix.path"), [copy.display().to_string()]);
    // Another file takes its place: the process still executes the first one.
    let other = folder.path().join("other");
    std::fs::write(&other, "something else").expect("writes");
    std::fs::rename(&other, &copy).expect("renames");
    let after = process
        .attest(&digests)
        .expect("an upgrade changes no process that runs");
    assert!(values(&after, "unix.path").is_empty());
    assert_eq!(
        values(&after, "unix.sha256"),
        values(&before, "unix.sha256")
    );
}

#[test]
fn a_process_that_ended_is_not_attested() {
    let waiting = Waiting::start(&sleep());
    let pid = waiting.0.id();
    let process = Process::of_number(pid).expect("is there");
    drop(waiting);
    let error = process
        .attest(&Digests::default())
        .expect_err("it has ended");
    assert!(matches!(error, AttestationError::Ended), "{error}");
    assert!(matches!(
        Process::of_number(0),
        Err(AttestationError::Ended)
    ));
    assert!(matches!(
        Process::of_number(u32::MAX),
        Err(AttestationError::Ended)
    ));
}
