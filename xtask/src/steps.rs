//! What `cargo xtask test` runs, in order.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::{install, say, tidy};

/// The folder of the workspace.
pub(crate) fn root() -> PathBuf {
    let manifest = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    manifest
        .parent()
        .map_or_else(|| PathBuf::from("."), std::path::Path::to_path_buf)
}

/// Runs everything that has to hold before a merge.
pub(crate) fn test() -> Result<()> {
    let left_out = install::test_tools()?;
    run("formatter check", "cargo", &["fmt", "--all", "--check"])?;
    run(
        "lints",
        "cargo",
        &[
            "clippy",
            "--workspace",
            "--all-targets",
            "--quiet",
            "--",
            "-D",
            "warnings",
        ],
    )?;
    say("== tidy");
    tidy::run()?;
    let mut tests = vec!["test", "--workspace", "--quiet", "--"];
    for name in left_out {
        tests.extend(["--skip", name]);
    }
    run("tests", "cargo", &tests)?;
    run(
        "the README's first command, on the hardened shop",
        "cargo",
        &["run", "--quiet", "--", "check", "examples/shop-hardened"],
    )?;
    deny()
}

/// Signing of identities against bare cryptography, in a release build of that crate alone.
pub(crate) fn bench_signing() -> Result<()> {
    let arguments = [
        "bench",
        "--quiet",
        "--package",
        "palisade-identity",
        "--bench",
        "signing",
    ];
    run("signing of identities", "cargo", &arguments)
}

/// `cargo deny`: bans, licences and sources always; advisories where their database is reached.
pub(crate) fn deny() -> Result<()> {
    install::cargo_deny()?;
    run(
        "bans, licences, sources",
        "cargo",
        &[
            "deny",
            "--log-level",
            "error",
            "check",
            "bans",
            "licenses",
            "sources",
        ],
    )?;
    say("== advisories");
    let advisories = cargo(&["deny", "--log-level", "error", "check", "advisories"])
        .output()
        .context("cannot start `cargo deny`")?;
    if advisories.status.success() {
        return Ok(());
    }
    let message = String::from_utf8_lossy(&advisories.stderr);
    if message.contains("failed to fetch")
        || message.contains("unable to fetch")
        || message.contains("failed to load advisory database")
    {
        say("advisories were not checked: their database cannot be reached from here");
        return Ok(());
    }
    bail!("advisories:\n{message}")
}

/// Runs every fuzz target for a while, on its seeds.
pub(crate) fn fuzz(seconds: &str) -> Result<()> {
    let seconds: u32 = seconds
        .parse()
        .with_context(|| format!("`{seconds}` is not a number of seconds"))?;
    install::cargo_fuzz()?;
    properties()?;
    let listed = Command::new("cargo")
        .args(["+nightly", "fuzz", "list"])
        .current_dir(root())
        .output()?;
    if !listed.status.success() {
        bail!(
            "cannot list fuzz targets:\n{}",
            String::from_utf8_lossy(&listed.stderr)
        );
    }
    for target in String::from_utf8_lossy(&listed.stdout).lines() {
        let limit = format!("-max_total_time={seconds}");
        let local = format!("fuzz/corpus-local/{target}");
        let seeds = format!("fuzz/seeds/{target}");
        std::fs::create_dir_all(root().join(&local))?;
        let arguments = [
            "+nightly",
            "fuzz",
            "run",
            target,
            &local,
            &seeds,
            "--",
            &limit,
            "-rss_limit_mb=2048",
        ];
        run(&format!("fuzz {target}"), "cargo", &arguments)?;
    }
    Ok(())
}

/// The cheap property tests over many cases that no run has seen before.
fn properties() -> Result<()> {
    for (package, name) in [
        ("palisade-document", "any_text"),
        ("palisade-analysis", "naive"),
    ] {
        say(&format!("== property tests `{name}` from a new seed"));
        let arguments = [
            "test",
            "--quiet",
            "--package",
            package,
            "--test",
            "it",
            name,
        ];
        let status = cargo(&arguments).env("PROPTEST_CASES", "4000").status()?;
        if !status.success() {
            bail!("a property test failed; the line that begins with `cc` above repeats it");
        }
    }
    Ok(())
}

fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new("cargo");
    command.args(arguments).current_dir(root());
    command
}

/// Property tests start from one seed, so that a run can be repeated; a plain `cargo test` draws a new one each time.
fn seed() -> Option<(&'static str, &'static str)> {
    let name = "PROPTEST_RNG_SEED";
    std::env::var_os(name).is_none().then_some((name, "12"))
}

fn run(title: &str, program: &str, arguments: &[&str]) -> Result<()> {
    say(&format!("== {title}"));
    let status = Command::new(program)
        .args(arguments)
        .current_dir(root())
        .envs(seed())
        .status()
        .with_context(|| format!("cannot start `{program}`"))?;
    if !status.success() {
        bail!("{title} failed: `{program} {}`", arguments.join(" "));
    }
    Ok(())
}
