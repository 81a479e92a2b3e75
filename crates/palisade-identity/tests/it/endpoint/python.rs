//! Programs in Python: clients and servers that others wrote.

use std::path::PathBuf;
use std::process::Stdio;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

use super::stand::PATIENCE;

/// The folder with programs of the Python environment that `cargo xtask test` installs.
pub(super) fn programs() -> PathBuf {
    let home = std::env::home_dir().expect("a home folder");
    let programs = home.join(".cache/palisade/test-python/bin");
    assert!(
        programs.join("../packages.txt").exists(),
        "the Python packages that this test talks to are missing: run `cargo xtask test`"
    );
    programs
}

/// A running script; it is ended when this is dropped.
pub(super) struct Script {
    child: Child,
    input: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Script {
    /// Starts a script of this folder.
    pub(super) fn start(name: &str, arguments: &[&str]) -> Self {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/endpoint");
        let mut child = Command::new(programs().join("python3"))
            .arg(folder.join(name))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("starts");
        let input = child.stdin.take().expect("an input");
        let output = child.stdout.take().expect("an output");
        Self {
            child,
            input,
            lines: BufReader::new(output).lines(),
        }
    }

    /// The next line, as JSON.
    pub(super) async fn next(&mut self) -> Value {
        let line = timeout(PATIENCE, self.lines.next_line()).await;
        let line = line.expect("in time").expect("readable").expect("a line");
        serde_json::from_str(&line).expect(&line)
    }

    /// Tells the script to go on.
    pub(super) async fn go_on(&mut self) {
        self.input.write_all(b"\n").await.expect("writes");
    }

    /// The number of the process.
    pub(super) fn pid(&self) -> u32 {
        self.child.id().expect("runs")
    }
}
