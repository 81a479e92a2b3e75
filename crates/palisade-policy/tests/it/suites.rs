//! Scores on upstream suites, run by hand with the suite's folder in the environment.

use palisade_policy::{ConformanceReport, Folder, languages};

fn score(language: &str, suite: &str, variable: &str) -> ConformanceReport {
    #[expect(
        clippy::disallowed_methods,
        reason = "a suite is not part of the repository"
    )]
    let folder = std::env::var(variable).expect("the suite's folder is given");
    let language = languages::find(language).expect("the language is listed");
    let (_, run) = language
        .conformance
        .iter()
        .find(|(name, _)| *name == suite)
        .expect("the suite is listed");
    let report = run(&Folder::new(folder, "")).expect("the suite can be read");
    println!(
        "{suite}: {} passed, {} failed",
        report.passed,
        report.failures()
    );
    for (cause, cases) in &report.failed {
        println!("{:4} {cause}  [{}]", cases.len(), cases.join(" | "));
    }
    report
}

#[test]
#[ignore = "needs the upstream suite: PALISADE_OPA_CASES"]
fn rego_on_the_cases_of_opa() {
    let report = score("rego", "rego", "PALISADE_OPA_CASES");
    assert!(report.passed >= 2_050);
}

#[test]
#[ignore = "needs the upstream suite: PALISADE_GATEKEEPER_LIBRARY"]
fn rego_on_the_gatekeeper_library() {
    let report = score("rego", "gatekeeper", "PALISADE_GATEKEEPER_LIBRARY");
    println!("{:?}", report.further);
    assert!(report.passed >= 940);
    assert!(report.further.iter().all(|(_, passed, all)| passed == all));
}
