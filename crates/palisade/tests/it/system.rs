//! A small system in a directory of its own, and the binary run on it.

use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

/// The day of every test.
pub(crate) const TODAY: &str = "2026-11-24";

/// One namespace and one workload without any network policy: PAL0501 and PAL0502.
pub(crate) const OPEN: &str = "\
apiVersion: v1
kind: Namespace
metadata:
  name: shop
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: cart
  namespace: shop
spec:
  selector: {matchLabels: {app: cart}}
  template:
    metadata: {labels: {app: cart}}
    spec:
      containers:
        - name: app
          image: registry.example.com/cart:1.0
";

/// The same in another namespace.
pub(crate) const OTHER: &str = "\
apiVersion: v1
kind: Namespace
metadata:
  name: bank
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: ledger
  namespace: bank
spec:
  selector: {matchLabels: {app: ledger}}
  template:
    metadata: {labels: {app: ledger}}
    spec:
      containers:
        - name: app
          image: registry.example.com/ledger:1.0
";

/// A directory with files.
pub(crate) struct System {
    folder: TempDir,
}

impl System {
    /// A directory with these files.
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let system = Self {
            folder: tempfile::tempdir().expect("a temporary directory"),
        };
        for (path, text) in files {
            system.write(path, text);
        }
        system
    }

    /// Writes a file.
    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    }

    /// Reads a file.
    pub(crate) fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.path().join(path)).expect("a file")
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The binary, to be run in this directory.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_palisade"));
        command
            .current_dir(self.path())
            .env_clear()
            .env("PALISADE_TODAY", TODAY)
            .args(arguments);
        command
    }

    /// Runs the binary in this directory.
    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        Run::of(self.command(arguments).output().expect("the binary runs"))
    }

    /// Runs `check` on the two checks that these systems break, as JSON.
    pub(crate) fn check(&self) -> serde_json::Value {
        let run = self.run(&["check", "--only", "PAL0501,PAL0502", "--format", "json"]);
        serde_json::from_str(&run.out)
            .unwrap_or_else(|error| panic!("{error}: {}{}", run.out, run.err))
    }
}

/// What came out of a run.
pub(crate) struct Run {
    /// Exit code.
    pub(crate) code: i32,
    /// Standard output.
    pub(crate) out: String,
    /// Standard error.
    pub(crate) err: String,
}

impl Run {
    /// What came out.
    pub(crate) fn of(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).expect("UTF-8"),
            err: String::from_utf8(output.stderr).expect("UTF-8"),
        }
    }
}
