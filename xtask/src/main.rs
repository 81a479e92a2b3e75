//! Tasks of the project: `cargo xtask TASK`.
//!
//! `test` is what the README's second command and CI run; the others are its parts.

mod bench;
mod bench_document;
mod bench_entries;
mod bench_identity;
mod bench_policy;
mod conformance;
mod estate;
mod install;
mod steps;
mod tidy;

use std::process::ExitCode;

const USAGE: &str = "usage: cargo xtask TASK

  test                                     install what the tests need, then run everything below
  install                                  only install what the tests need
  tidy                                     the project's own rules about its code and documents
  deny                                     bans, licences, sources; advisories where they can be reached
  bench document                           time the reading of texts (run it with --release)
  bench reachability [SYSTEM]              time the analysis of large systems (run it with --release)
  bench signing                            compare signing of identities with bare cryptography
  bench check                              time a whole check of a large system in a service mesh
  bench identity                           time issuing and pushing identities (run it with --release)
  bench entries                            time the answers of 10,000 identity entries (run it with --release)
  bench policy [--gatekeeper-library DIR] [--kyverno-policies DIR]
                                           time decisions of policies (run it with --release)
  conformance connectivity --cases DIR     compare reachability with published expectations
  fuzz --seconds N                         run every fuzz target (needs a nightly toolchain)";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["test"] => steps::test(),
        ["install"] => install::test_tools().map(drop),
        ["tidy"] => tidy::run(),
        ["deny"] => steps::deny(),
        ["fuzz", "--seconds", seconds] => steps::fuzz(seconds),
        ["bench", "reachability"] => bench::reachability(),
        ["bench", "entries"] => bench_entries::entries(),
        ["bench", "document"] => bench_document::document(),
        ["bench", "reachability", system] => bench::one(system),
        ["bench", "signing"] => steps::bench_signing(),
        ["bench", "check"] => bench::check(),
        ["bench", "identity", part @ ..] => bench_identity::identity(part),
        ["bench", "policy", further @ ..] => bench_policy::policy(further),
        ["conformance", "connectivity", "--cases", cases] => conformance::connectivity(cases),
        _ => Err(anyhow::anyhow!("{USAGE}")),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("xtask: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// Writes a line to standard error; nothing sensible is left to do when that fails.
pub(crate) fn say(line: &str) {
    use std::io::Write as _;
    drop(writeln!(std::io::stderr(), "{line}"));
}
