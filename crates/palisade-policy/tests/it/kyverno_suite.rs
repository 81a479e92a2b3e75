//! Scores the Kyverno engine on upstream suites, where they are.

use palisade_policy::{Folder, Settings, Verdict, languages};

/// Prints the score of a suite and its failures by cause.
fn score(folder: &str) -> (usize, usize) {
    let language = languages::find("kyverno").unwrap();
    let (_, conform) = language.conformance[0];
    let report = conform(&Folder::new(folder, ".")).unwrap();
    for (cause, names) in &report.failed {
        println!("{:5}  {cause}", names.len());
    }
    for suite in (language.test)(&Folder::new(folder, "."), &Settings::default()).unwrap() {
        for case in suite.cases {
            if let Some(Verdict::Failed(reason) | Verdict::Error(reason)) = &case.strict {
                println!("{}: {}: {reason} {:?}", suite.name, case.name, case.prints);
            }
        }
    }
    for (name, passed, all) in &report.further {
        println!("{name}: {passed} of {all}");
    }
    for (cause, names) in &report.not_applicable {
        println!("not applicable: {} ({cause})", names.len());
    }
    println!(
        "strict: {} passed, {} failed",
        report.passed,
        report.failures()
    );
    (report.passed, report.failures())
}

#[test]
#[ignore = "needs a checkout of kyverno/policies in PALISADE_KYVERNO_POLICIES"]
fn the_upstream_policies_pass_their_tests() {
    #[expect(
        clippy::disallowed_methods,
        reason = "where a suite is, is given at run time"
    )]
    let folder = std::env::var("PALISADE_KYVERNO_POLICIES").unwrap();
    let (passed, failed) = score(&folder);
    assert!(passed >= 4600, "{passed} passed, {failed} failed");
}

#[test]
#[ignore = "needs a checkout of kyverno/kyverno's test/cli in PALISADE_KYVERNO_CLI"]
fn the_upstream_command_line_tests_pass() {
    #[expect(
        clippy::disallowed_methods,
        reason = "where a suite is, is given at run time"
    )]
    let folder = std::env::var("PALISADE_KYVERNO_CLI").unwrap();
    let (passed, failed) = score(&folder);
    assert!(passed >= 420, "{passed} passed, {failed} failed");
}
