//! A PostgreSQL server of the test's own: a fresh cluster in a temporary folder, Unix socket only.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// The user that the server runs as when the tests run as root, which it refuses to.
const OTHER_USER: &str = "nobody";
const PATIENCE: Duration = Duration::from_mins(2);

static SHARED: Mutex<Weak<Cluster>> = Mutex::new(Weak::new());

/// A cluster that lives as long as a test uses it.
pub(crate) struct Cluster {
    folder: TempDir,
    running: Mutex<Option<Child>>,
    databases: AtomicU32,
}

impl Cluster {
    /// The cluster that all tests of this run share.
    pub(crate) fn shared() -> Arc<Self> {
        let mut shared = SHARED.lock().expect("no test panics while it holds this");
        shared.upgrade().unwrap_or_else(|| {
            let cluster = Arc::new(Self::start());
            *shared = Arc::downgrade(&cluster);
            cluster
        })
    }

    /// A cluster of the caller's own.
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path();
        if is_root() {
            run(Command::new("chown").args([OTHER_USER, text(path)]));
        }
        let data = path.join("data");
        run(as_user(&program("initdb"))
            .args(["--pgdata", text(&data), "--auth=trust", "--no-sync"])
            .args(["--no-locale", "--encoding=UTF8", "--username=palisade"]));
        let cluster = Self {
            folder,
            running: Mutex::new(None),
            databases: AtomicU32::new(0),
        };
        cluster.resume();
        cluster
    }

    /// Starts the server, or starts it again.
    pub(crate) fn resume(&self) {
        let path = self.folder.path();
        // Ends with its standard input, so also with the tests, however they end.
        let script = format!(
            "'{}' -D '{}' -k '{}' -c listen_addresses= -c fsync=off -c max_connections=100 \
             >>'{}' 2>&1 & server=$!; cat >/dev/null; kill -QUIT $server; wait $server",
            program("postgres").display(),
            path.join("data").display(),
            path.display(),
            path.join("log").display(),
        );
        let child = as_user(Path::new("sh"))
            .args(["-c", &script])
            .stdin(Stdio::piped())
            .spawn()
            .expect("a shell");
        *self.running.lock().expect("not poisoned") = Some(child);
        let start = Instant::now();
        while !self.answers() {
            assert!(
                start.elapsed() < PATIENCE,
                "PostgreSQL does not start: {}",
                std::fs::read_to_string(path.join("log")).unwrap_or_default()
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Ends the server as a crash would: nobody is told, nothing is finished.
    pub(crate) fn crash(&self) {
        let running = self.running.lock().expect("not poisoned").take();
        if let Some(mut child) = running {
            drop(child.stdin.take());
            child.wait().expect("it ends");
        }
    }

    /// The address of a new, empty database.
    pub(crate) fn database(&self) -> String {
        let number = self.databases.fetch_add(1, Ordering::Relaxed);
        let name = format!("test{number}");
        run(Command::new(program("createdb"))
            .args(["--host", text(self.folder.path())])
            .args(["--username=palisade", &name]));
        format!(
            "postgres:///{name}?host={}&user=palisade",
            self.folder.path().display()
        )
    }

    fn answers(&self) -> bool {
        Command::new(program("pg_isready"))
            .args(["--quiet", "--host", text(self.folder.path())])
            .status()
            .is_ok_and(|status| status.success())
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.crash();
    }
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0)
}

fn as_user(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("runuser");
    command.args(["-u", OTHER_USER, "--", text(program)]);
    command
}

fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| {
        panic!("cannot start {command:?}: {error}; `cargo xtask test` installs PostgreSQL")
    });
    assert!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// A program of PostgreSQL: Debian keeps them outside the search path.
fn program(name: &str) -> PathBuf {
    let mut versions: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path().join("bin").join(name)))
        .filter(|path| path.exists())
        .collect();
    versions.sort();
    versions.pop().unwrap_or_else(|| PathBuf::from(name))
}

fn text(path: &Path) -> &str {
    path.to_str().expect("temporary folders are UTF-8")
}
